"""Indexes for what is asked often and looked through whole tables: its cost grew with what is there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_PARTS = {  # table, columns, condition
    "ix_body_dated": ("body", ["code"], "joined IS NOT NULL OR left_on IS NOT NULL OR NOT belongs"),
    "ix_list_member_not_each": ("list_member", ["list_name"], "mode <> 'each'"),
    "ix_list_member_profile": ("list_member", ["list_name", "profile"], "profile <> ''"),
    "ix_delivery_doubtful": ("delivery", ["doubtful"], "doubtful > 0"),
}


def upgrade() -> None:
    op.create_index("ix_list_member_email_key", "list_member", ["email_key"])
    for name, (table, columns, part) in _PARTS.items():
        condition = sa.text(part)
        op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    for name, (table, *_) in _PARTS.items():
        op.drop_index(name, table)
    op.drop_index("ix_list_member_email_key", "list_member")
