"""A member may do without the mail that says that his post has gone out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column(
        "membership", sa.Column("receipts", sa.Boolean, nullable=False, server_default=sa.text("true"))
    )


def downgrade() -> None:
    op.drop_column("membership", "receipts")
