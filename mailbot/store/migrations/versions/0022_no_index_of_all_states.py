"""No index of every copy's state: each change of it cost two pages of it, and all who asked ask the indexes of some rows."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.drop_index("ix_delivery_state", "delivery")


def downgrade() -> None:
    op.create_index("ix_delivery_state", "delivery", ["state"])
