"""Seats of events that are offered to bodies that wait, and who was there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "seat_offer",
        sa.Column(
            "ballot_id", sa.BigInteger, sa.ForeignKey("ballot.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("event_key", sa.Text, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_seat_offer_event", "seat_offer", ["event_key"])
    op.create_table(
        "attendance",
        sa.Column("event_key", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("entered_at", sa.BigInteger, nullable=False),
        sa.Column("entered_by", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("attendance")
    op.drop_table("seat_offer")
