"""Further addresses of a person, from which he may write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "other_address",
        sa.Column("email_key", sa.Text, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("home_key", sa.Text, nullable=False),
    )
    op.create_index("ix_other_address_home_key", "other_address", ["home_key"])


def downgrade() -> None:
    op.drop_table("other_address")
