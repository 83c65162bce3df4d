"""Digests: how often, and up to which post a member has had them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column(
        "membership", sa.Column("weekly", sa.Boolean, nullable=False, server_default=sa.text("false"))
    )
    op.add_column("membership", sa.Column("digested", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("membership") as table:
        table.drop_column("digested")
        table.drop_column("weekly")
