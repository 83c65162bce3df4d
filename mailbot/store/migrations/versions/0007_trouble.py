"""Copies that did not arrive, and the addresses whose mail comes back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# SQLite numbers rows itself only for a column that is exactly INTEGER PRIMARY KEY.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "failure",
        sa.Column(
            "delivery_id", _NUMBER, sa.ForeignKey("delivery.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("email_key", sa.Text, nullable=False, index=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("permanent", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "trouble",
        sa.Column("email_key", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("scored_at", sa.BigInteger, nullable=False),
        sa.Column("counted_on", sa.Text),
        sa.Column("permanent", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("state_at", sa.BigInteger),
        sa.Column("state_by", sa.Text, nullable=False, server_default=""),
        sa.Column("summed_at", sa.BigInteger),
    )
    op.create_index("ix_trouble_state", "trouble", ["state"])
    op.create_index(
        "ix_delivery_refused",
        "delivery",
        ["settled_at"],
        sqlite_where=sa.text("state IN ('failed', 'expired')"),
        postgresql_where=sa.text("state IN ('failed', 'expired')"),
    )


def downgrade() -> None:
    op.drop_index("ix_delivery_refused", "delivery")
    op.drop_table("trouble")
    op.drop_table("failure")
