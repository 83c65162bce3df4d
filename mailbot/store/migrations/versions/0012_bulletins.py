"""Bulletins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "bulletin",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("written_by", sa.Text, nullable=False),
        sa.Column("list_name", sa.Text, nullable=False, index=True),
        sa.Column("number", sa.Integer),
        sa.Column("post", sa.Integer),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("mailings", sa.Text, nullable=False, server_default=""),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_table("bulletin")
