"""What was found out about the sender of a mail, and when that is to be done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_COLUMNS = (
    sa.Column("helo", sa.Text, nullable=False, server_default=""),
    sa.Column("check_due", sa.BigInteger),
    sa.Column("checks", sa.Integer, nullable=False, server_default="0"),
    sa.Column("results", sa.Text),
)


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("mail", column)
    due = sa.text("check_due IS NOT NULL")
    op.create_index("ix_mail_check_due", "mail", ["check_due"], sqlite_where=due, postgresql_where=due)


def downgrade() -> None:
    op.drop_index("ix_mail_check_due", "mail")
    for column in reversed(_COLUMNS):
        op.drop_column("mail", column.name)
