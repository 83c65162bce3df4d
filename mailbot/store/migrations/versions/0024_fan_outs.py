"""What of a post to a large list is still to be queued, and whose copy of it was queued before its turn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "fan_out",
        sa.Column(
            "mailing_id",
            _ID,
            sa.ForeignKey("mailing.id", name="fk_fan_out_mailing_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("list_name", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text),
        sa.Column("thread", sa.Text, nullable=False),
        sa.Column("digests", sa.Boolean, nullable=False),
        sa.Column("profile", sa.Text),
        sa.Column("target", sa.Text),
    )
    op.create_table(
        "fan_out_done",
        sa.Column("mailing_id", _ID, primary_key=True, autoincrement=False),
        sa.Column("email_key", sa.Text, primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("fan_out_done")
    op.drop_table("fan_out")
