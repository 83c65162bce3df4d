"""Held posts: for whom each waits, until when, and who has taken it upon himself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# SQLite numbers rows itself only for a column that is exactly INTEGER PRIMARY KEY.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "held_post",
        sa.Column("inbox_id", _NUMBER, sa.ForeignKey("inbox.id"), primary_key=True, autoincrement=False),
        sa.Column("list_name", sa.Text, nullable=False),
        sa.Column("waits_for", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("author_told", sa.Boolean, nullable=False),
        sa.Column("claimed_by", sa.Text, nullable=False, server_default=""),
        sa.Column("held_at", sa.BigInteger, nullable=False),
        sa.Column("remind_at", sa.BigInteger),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_held_post_until", "held_post", ["until"])


def downgrade() -> None:
    op.drop_table("held_post")
