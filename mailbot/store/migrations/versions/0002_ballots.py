"""Surveys whole: what a vote's decision rests on, proxies, acts of two persons, sealed lists, gateways."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# SQLite numbers rows itself only for a column that is exactly INTEGER PRIMARY KEY.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# In the order in which they refer to each other.
_TABLES = ("replaced_token", "sighting", "ledger_head", "sealed_line", "proxy", "act", "desk_word", "gateway")
_SURVEY = ("published_at", "extended_from", "seal_key")
_BALLOT = ("issue", "frozen_at", "absent_until", "receipt_owed", "columns")
_VOTE = (
    "rule",
    "level",
    "decided_by",
    "written_at",
    "texts",
    "remarks",
    "flags",
    "waits_for",
    "commitment",
    "salt",
    "digest",
)


def upgrade() -> None:
    _widen_tables()
    op.execute(
        "INSERT INTO ledger_head (subject, rows, chain) "
        "SELECT subject, (SELECT count(*) FROM vote AS every WHERE every.subject = last.subject), chain "
        "FROM vote AS last WHERE id = (SELECT max(id) FROM vote AS own WHERE own.subject = last.subject)"
    )


def _widen_tables() -> None:
    op.create_table(
        "ledger_head",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("chain", sa.Text, nullable=False),
    )
    op.add_column("survey", sa.Column("published_at", sa.BigInteger))
    op.add_column("survey", sa.Column("extended_from", sa.BigInteger))
    op.add_column("survey", sa.Column("seal_key", sa.LargeBinary))

    op.add_column("ballot", sa.Column("issue", sa.Integer, nullable=False, server_default="1"))
    op.add_column("ballot", sa.Column("frozen_at", sa.BigInteger))
    op.add_column("ballot", sa.Column("absent_until", sa.BigInteger))
    op.add_column(
        "ballot", sa.Column("receipt_owed", sa.Boolean, nullable=False, server_default=sa.text("false"))
    )
    op.add_column("ballot", sa.Column("columns", sa.Integer, nullable=False, server_default="68"))
    op.create_index(
        "ix_ballot_receipt_owed",
        "ballot",
        ["id"],
        sqlite_where=sa.text("receipt_owed"),
        postgresql_where=sa.text("receipt_owed"),
    )

    op.create_table(
        "replaced_token",
        sa.Column("token_hash", sa.Text, primary_key=True),
        sa.Column("ballot_id", _NUMBER, sa.ForeignKey("ballot.id"), nullable=False, index=True),
        sa.Column("replaced_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "sighting",
        sa.Column("ballot_id", _NUMBER, sa.ForeignKey("ballot.id"), primary_key=True),
        sa.Column("domain", sa.Text, primary_key=True),
    )

    for name in ("rule", "level", "decided_by"):
        op.add_column("vote", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("vote", sa.Column("written_at", sa.BigInteger))
    op.add_column("vote", sa.Column("texts", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("vote", sa.Column("remarks", sa.Text, nullable=False, server_default="{}"))
    op.add_column("vote", sa.Column("flags", sa.Text, nullable=False, server_default="{}"))
    for name in ("waits_for", "commitment", "salt", "digest"):
        op.add_column("vote", sa.Column(name, sa.Text, nullable=False, server_default=""))

    op.create_table(
        "sealed_line",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("line", sa.Text, primary_key=True),
        sa.Column("answers", sa.Text, nullable=False),
    )
    op.create_table(
        "proxy",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("code", sa.Text, sa.ForeignKey("body.code"), nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("inbox_id", _NUMBER, sa.ForeignKey("inbox.id")),
        sa.Column("ended_at", sa.BigInteger),
        sa.Index("ix_proxy_subject_code", "subject", "code"),
    )
    op.create_table(
        "act",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False, server_default=""),
        sa.Column("decided_at", sa.BigInteger),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Index("ix_act_subject_act", "subject", "act", "id"),
    )
    op.create_table(
        "desk_word",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("token_hash", sa.Text, unique=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("act_id", _NUMBER, sa.ForeignKey("act.id")),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
    )
    op.create_table(
        "gateway",
        sa.Column("email_key", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("findings", sa.Text, nullable=False),
        sa.Column("columns", sa.Integer, nullable=False),
        sa.Column("probed_at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.drop_index("ix_ballot_receipt_owed", "ballot")
    for table, columns in (("vote", _VOTE), ("ballot", _BALLOT), ("survey", _SURVEY)):
        for column in columns:
            op.drop_column(table, column)
