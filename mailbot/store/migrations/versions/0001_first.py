"""The first tables: the register, definitions, ballots and votes, mail in and out, the schedule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# SQLite numbers rows itself only for a column that is exactly INTEGER PRIMARY KEY.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# In the order in which they refer to each other.
_TABLES = (
    "body",
    "contact",
    "mailing_list",
    "list_member",
    "survey",
    "event",
    "mail",
    "inbox",
    "seen",
    "ballot",
    "vote",
    "mailing",
    "delivery",
    "bounce",
    "history",
    "answered",
    "occurrence",
)


def upgrade() -> None:
    op.create_table(
        "body",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("prefecture", sa.Text, nullable=False),
        sa.Column("population", sa.Integer),
    )

    op.create_table(
        "contact",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("code", sa.Text, sa.ForeignKey("body.code"), nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.UniqueConstraint("code", "email_key"),
    )

    op.create_table(
        "mailing_list",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("last_number", sa.Integer, nullable=False, server_default="0"),
    )

    op.create_table(
        "list_member",
        sa.Column("list_name", sa.Text, sa.ForeignKey("mailing_list.name"), primary_key=True),
        sa.Column("email_key", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("contact_id", _NUMBER, sa.ForeignKey("contact.id", ondelete="SET NULL")),
    )

    op.create_table(
        "survey",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger),
        sa.Column("closed_at", sa.BigInteger),
    )

    op.create_table(
        "event",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False, server_default="0"),
        sa.Column("announced_at", sa.BigInteger),
    )

    op.create_table(
        "mail",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("mail_from", sa.Text, nullable=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("protocol", sa.Text, nullable=False),
        sa.Column("imap_key", sa.Text, unique=True),
        sa.Column("received_at", sa.BigInteger, nullable=False),
    )

    op.create_table(
        "inbox",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("mail_id", _NUMBER, sa.ForeignKey("mail.id"), nullable=False, index=True),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("sender", sa.Text, nullable=False, server_default=""),
        sa.Column("title", sa.Text, nullable=False, server_default=""),
        sa.Index(
            "ix_inbox_received",
            "id",
            sqlite_where=sa.text("state = 'received'"),
            postgresql_where=sa.text("state = 'received'"),
        ),
        sa.Index("ix_inbox_state", "state"),
    )

    op.create_table(
        "seen",
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("inbox_id", _NUMBER, nullable=False),
    )

    op.create_table(
        "ballot",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("code", sa.Text, sa.ForeignKey("body.code"), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("greeting", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, unique=True),
        sa.UniqueConstraint("subject", "code", "address"),
    )

    op.create_table(
        "vote",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("ballot_id", _NUMBER, sa.ForeignKey("ballot.id"), nullable=False, index=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("inbox_id", _NUMBER, sa.ForeignKey("inbox.id")),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("answers", sa.Text, nullable=False),
        sa.Column("problems", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("chain", sa.Text, nullable=False),
        sa.Index("ix_vote_subject_code", "subject", "code", "id"),
        sa.Index("ix_vote_subject_id", "subject", "id"),
    )

    op.create_table(
        "mailing",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False, server_default="", index=True),
        sa.Column("inbox_id", _NUMBER, sa.ForeignKey("inbox.id"), index=True),
        sa.Column("cooked", sa.LargeBinary, nullable=False),
        sa.Column("bounces", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )

    op.create_table(
        "delivery",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("mailing_id", _NUMBER, sa.ForeignKey("mailing.id"), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("ballot_id", _NUMBER, sa.ForeignKey("ballot.id"), index=True),
        sa.Column("fields", sa.Text),
        sa.Column("state", sa.Text, nullable=False, server_default="pending"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("in_flight", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("doubtful", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reply", sa.Text),
        sa.Column("settled_at", sa.BigInteger),
        sa.UniqueConstraint("mailing_id", "address", "ballot_id"),
        sa.Index(
            "ix_delivery_waiting",
            "due_at",
            "id",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
        sa.Index(
            "ix_delivery_leased",
            "lease_owner",
            sqlite_where=sa.text("state = 'sending'"),
            postgresql_where=sa.text("state = 'sending'"),
        ),
        sa.Index("ix_delivery_state", "state"),
    )

    op.create_table(
        "bounce",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("delivery_id", _NUMBER, sa.ForeignKey("delivery.id"), nullable=False, index=True),
        sa.Column("inbox_id", _NUMBER, sa.ForeignKey("inbox.id"), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("permanent", sa.Boolean, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )

    op.create_table(
        "history",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("inbox_id", _NUMBER, index=True),
        sa.Column("delivery_id", _NUMBER, index=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
    )

    op.create_table(
        "answered",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Index("ix_answered_email_key_at", "email_key", "at"),
    )

    op.create_table(
        "occurrence",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("local", sa.Text, primary_key=True),
        sa.Column("due_at", sa.BigInteger, nullable=False, index=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("settled_at", sa.BigInteger),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
    )


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
