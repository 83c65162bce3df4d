"""Membership: what a member chose on a list, and the one-time tokens of mails that ask one person for a word."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# SQLite numbers rows itself only for a column that is exactly INTEGER PRIMARY KEY.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("list_member", sa.Column("mode", sa.Text, nullable=False, server_default="each"))
    op.add_column("list_member", sa.Column("off_from", sa.BigInteger))
    op.add_column("list_member", sa.Column("off_until", sa.BigInteger))
    op.add_column(
        "list_member", sa.Column("copies_own", sa.Boolean, nullable=False, server_default=sa.text("true"))
    )
    op.add_column("list_member", sa.Column("profile", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "membership",
        sa.Column("list_name", sa.Text, sa.ForeignKey("mailing_list.name"), primary_key=True),
        sa.Column("email_key", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("standing", sa.Text, nullable=False, server_default=""),
        sa.Column("mode", sa.Text, nullable=False, server_default="each"),
        sa.Column("off_from", sa.BigInteger),
        sa.Column("off_until", sa.BigInteger),
        sa.Column("copies_own", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.Column("posting", sa.Text),
        sa.Column("profile", sa.Text, nullable=False, server_default=""),
        sa.Column("changed_by", sa.Text, nullable=False, server_default=""),
        sa.Column("changed_at", sa.BigInteger),
        sa.Index("ix_membership_email_key", "email_key"),
    )
    op.create_table(
        "thread_choice",
        sa.Column("list_name", sa.Text, sa.ForeignKey("mailing_list.name"), primary_key=True),
        sa.Column("thread", sa.Text, primary_key=True),
        sa.Column("email_key", sa.Text, primary_key=True),
        sa.Column("choice", sa.Text, nullable=False),
    )
    op.create_table(
        "confirmation",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("token_hash", sa.Text, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("by_mail", sa.Boolean, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
        sa.Index("ix_confirmation_email_key_made_at", "email_key", "made_at"),
        sa.Index("ix_confirmation_made_at", "made_at"),
    )


def downgrade() -> None:
    for table in ("confirmation", "thread_choice", "membership"):
        op.drop_table(table)
    for column in ("profile", "copies_own", "off_until", "off_from", "mode"):
        op.drop_column("list_member", column)
