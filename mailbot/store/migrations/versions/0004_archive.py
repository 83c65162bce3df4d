"""The archive: posts, their threads, and what they are found by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0004"
down_revision = "0003"

# SQLite numbers rows itself only for a column that is exactly INTEGER PRIMARY KEY.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SEARCH_INDEX = {
    "sqlite": (
        """CREATE VIRTUAL TABLE IF NOT EXISTS post_index USING fts5
           (words, content = 'post_words', content_rowid = 'post_id', columnsize = 0, tokenize = 'ascii')""",
        """CREATE TRIGGER post_words_found AFTER INSERT ON post_words BEGIN
           INSERT INTO post_index (rowid, words) VALUES (new.post_id, new.words); END""",
        """CREATE TRIGGER post_words_lost AFTER DELETE ON post_words BEGIN
           INSERT INTO post_index (post_index, rowid, words) VALUES ('delete', old.post_id, old.words); END""",
    ),
    "postgresql": ("CREATE INDEX post_index ON post_words USING gin (words)",),
}


def upgrade() -> None:
    op.create_table(
        "post",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("list_name", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("stable", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("thread", sa.Integer, nullable=False),
        sa.Column("parent", sa.Integer),
        sa.Column("answers", sa.Text),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("attachments", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("written_at", sa.BigInteger, nullable=False),
        sa.Column("mail_id", _NUMBER, sa.ForeignKey("mail.id"), nullable=False, index=True),
        sa.Column("inbox_id", _NUMBER, sa.ForeignKey("inbox.id")),
        sa.Column("purged_at", sa.BigInteger),
        sa.Column("purged_why", sa.Text, nullable=False, server_default=""),
        sa.UniqueConstraint("list_name", "number"),
        sa.UniqueConstraint("list_name", "stable"),
    )
    op.create_index("ix_post_thread", "post", ["list_name", "thread"])
    op.create_index("ix_post_answers", "post", ["list_name", "answers"])
    op.create_index("ix_post_topic", "post", ["list_name", "topic", "written_at"])
    op.create_index("ix_post_written_at", "post", ["written_at"])
    op.create_table(
        "post_words",
        sa.Column("post_id", _NUMBER, sa.ForeignKey("post.id"), primary_key=True),
        sa.Column("words", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    )
    for statement in _SEARCH_INDEX[op.get_context().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TABLE post_index")
    op.drop_table("post_words")
    op.drop_table("post")
