"""Roll-calls 名簿確認, and what each body has said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "roll_call",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("opens", sa.BigInteger, nullable=False),
        sa.Column("closes", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "roll_entry",
        sa.Column("call_key", sa.Text, sa.ForeignKey("roll_call.key"), primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("answered_at", sa.BigInteger),
    )


def downgrade() -> None:
    op.drop_table("roll_entry")
    op.drop_table("roll_call")
