"""The journal of settings and decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

# SQLite numbers rows itself only for a column that is exactly INTEGER PRIMARY KEY.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WORDS = ("what", "who", "about", "person", "detail", "salt", "commitment", "renewed", "chain")


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("number", sa.BigInteger, unique=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in _WORDS),
    )
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("chain", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("journal_head")
    op.drop_table("journal")
