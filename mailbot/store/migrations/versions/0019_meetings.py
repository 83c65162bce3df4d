"""Meetings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "meeting",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("starts", sa.BigInteger),
    )


def downgrade() -> None:
    op.drop_table("meeting")
