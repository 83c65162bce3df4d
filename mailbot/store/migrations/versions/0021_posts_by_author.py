"""The posts of an author on a list by an index: a list with `moderated: new` asks for each post whether it is his first."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_index("ix_post_author", "post", ["list_name", "author"])


def downgrade() -> None:
    op.drop_index("ix_post_author", "post")
