"""The newest posts of each list by an index: a search looks at them first."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_index("ix_post_newest", "post", ["list_name", "written_at"])


def downgrade() -> None:
    op.drop_index("ix_post_newest", "post")
