"""Since when and until when a body belongs, what it was merged into, and which bodies are partners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_COLUMNS = (
    sa.Column("joined", sa.Date),
    sa.Column("left_on", sa.Date),
    sa.Column("successor", sa.Text, nullable=False, server_default=""),
    sa.Column("category", sa.Text, nullable=False, server_default="regular"),
    sa.Column("belongs", sa.Boolean, nullable=False, server_default=sa.text("true")),
)


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("body", column)


def downgrade() -> None:
    for column in reversed(_COLUMNS):
        op.drop_column("body", column.name)
