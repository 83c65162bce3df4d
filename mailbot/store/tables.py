"""Every table of the service; the same on SQLite and PostgreSQL, made by the migrations beside this file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.event import listen
from sqlalchemy.types import UserDefinedType

if TYPE_CHECKING:
    from sqlalchemy import Connection, Dialect

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Return an aware datetime as microseconds since 1970 UTC, the form in which both databases keep times."""
    return (moment - _EPOCH) // _MICROSECOND


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 UTC: exact, sortable and the same on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else _EPOCH + value * _MICROSECOND


class TsVector(UserDefinedType[str]):
    """PostgreSQL's tsvector, by name: SQLAlchemy's own class brings that database's drivers along, on SQLite too."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the name of the type."""
        return "TSVECTOR"


class TsQuery(UserDefinedType[str]):
    """PostgreSQL's tsquery, see TsVector."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the name of the type."""
        return "TSQUERY"


# SQLite numbers rows itself only for a column that is exactly INTEGER PRIMARY KEY.
_Id = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Conditions of partial indexes, for queries: such an index serves only a query that has its condition word for word.
DATED = "joined IS NOT NULL OR left_on IS NOT NULL OR NOT belongs"  # bodies that do not simply belong
OWN_PROFILE = "profile <> ''"  # members whose mail system wants their mail in a way of its own
NOT_EACH = "mode <> 'each'"  # members who do not get each post
DOUBTFUL = "doubtful > 0"  # copies that may have gone more than once

# --- the register ---------------------------------------------------------------------------------------------

body = Table(
    "body",
    metadata,
    Column("code", Text, primary_key=True),  # six digits
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("prefecture", Text, nullable=False),
    Column("population", Integer),
    Column("joined", Date),  # its first day
    Column("left_on", Date),  # the first day on which it is no member any more
    Column("successor", Text, nullable=False, server_default=""),  # code of the body that it was merged into
    Column("category", Text, nullable=False, server_default="regular"),  # regular | partner
    # Whether it belongs today, kept by flows/members/keep_standing.py: audiences ask for it often, it changes seldom.
    Column("belongs", Boolean, nullable=False, server_default=text("true")),
    Index("ix_body_dated", "code", sqlite_where=text(DATED)),  # few are
)

contact = Table(
    "contact",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("code", Text, ForeignKey("body.code"), nullable=False),
    Column("email", Text, nullable=False),  # as registered
    Column("email_key", Text, nullable=False, index=True),  # for comparison, see core/mail/address.py
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("tags", Text, nullable=False),  # " officer security ", blanks around each
    UniqueConstraint("code", "email_key"),
)

other_address = Table(  # 別アドレス: from where a person writes too; his mail goes to contact.email
    "other_address",
    metadata,
    Column("email_key", Text, primary_key=True),
    Column("email", Text, nullable=False),  # as registered
    Column("home_key", Text, nullable=False, index=True),  # the email_key of his contacts
)

register_import = Table(  # what brought rows of the register to what they are: a file, or the undo of one
    "register_import",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("made_at", Moment, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("source", Text, nullable=False),  # the file's name
    Column("sha256", Text, nullable=False),  # of the file; "" where there was none
    Column("undoes", _Id, ForeignKey("register_import.id")),
)

register_change = Table(  # each row of the register as it was and as it became
    "register_change",
    metadata,
    Column("import_id", _Id, ForeignKey("register_import.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("contact_id", _Id),  # of a contact that went, which decides its place among those of equal rank
    Column("old", Text),  # JSON; null: it was not there
    Column("new", Text),  # JSON; null: it went
)

roll_call = Table(  # 名簿確認
    "roll_call",
    metadata,
    Column("key", Text, primary_key=True),  # the day on which it opens
    Column("opens", Moment, nullable=False),
    Column("closes", Moment, nullable=False),
)

roll_entry = Table(  # one body that was asked
    "roll_entry",
    metadata,
    Column("call_key", Text, ForeignKey("roll_call.key"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("address", Text, nullable=False),  # where it was asked
    Column("email_key", Text, nullable=False),
    Column("answer", Text, nullable=False),  # "" | confirmed | named | other
    Column("answered_at", Moment),
)

# --- definitions ----------------------------------------------------------------------------------------------

mailing_list = Table(
    "mailing_list",
    metadata,
    Column("name", Text, primary_key=True),
    Column("definition", Text, nullable=False),  # JSON, see definitions.py
    Column("last_number", Integer, nullable=False, server_default="0"),  # of the newest post
)

list_member = Table(
    "list_member",
    metadata,
    Column("list_name", Text, ForeignKey("mailing_list.name"), primary_key=True),
    Column("email_key", Text, primary_key=True),
    Column("address", Text, nullable=False),
    # null: an address outside the register
    Column("contact_id", _Id, ForeignKey("contact.id", ondelete="SET NULL")),
    # What the fan-out needs of the member's settings, copied from `membership` with every change.
    Column("mode", Text, nullable=False, server_default="each"),
    Column("off_from", BigInteger),  # microseconds, as Moment; read in bulk
    Column("off_until", BigInteger),
    Column("copies_own", Boolean, nullable=False, server_default=text("true")),
    Column("profile", Text, nullable=False, server_default=""),
    Index("ix_list_member_email_key", "email_key"),
    Index("ix_list_member_profile", "list_name", "profile", sqlite_where=text(OWN_PROFILE)),
    Index("ix_list_member_not_each", "list_name", sqlite_where=text(NOT_EACH)),
)

membership = Table(  # what a member chose, or was decided for him: core/lists/membership.py
    "membership",
    metadata,
    Column("list_name", Text, ForeignKey("mailing_list.name"), primary_key=True),
    Column("email_key", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("standing", Text, nullable=False, server_default=""),  # "" | joined | left | added | removed
    Column("mode", Text, nullable=False, server_default="each"),
    Column("off_from", Moment),
    Column("off_until", Moment),
    Column("copies_own", Boolean, nullable=False, server_default=text("true")),
    Column("posting", Text),  # accept | hold | reject | discard; null: the list's rules say
    Column("profile", Text, nullable=False, server_default=""),
    Column("changed_by", Text, nullable=False, server_default=""),
    Column("changed_at", Moment),
    Column("weekly", Boolean, nullable=False, server_default=text("false")),  # digests and notices
    Column("receipts", Boolean, nullable=False, server_default=text("true")),  # 配信通知 of his own posts
    Column("digested", Integer, nullable=False, server_default="0"),  # number of the last post he had in one
    Index("ix_membership_email_key", "email_key"),
)

thread_choice = Table(  # the threads of a list that a member wants less, or more, of
    "thread_choice",
    metadata,
    Column("list_name", Text, ForeignKey("mailing_list.name"), primary_key=True),
    Column("thread", Text, primary_key=True),  # Message-ID of its first post
    Column("email_key", Text, primary_key=True),
    Column("choice", Text, nullable=False),  # mute | follow
)

survey = Table(
    "survey",
    metadata,
    Column("key", Text, primary_key=True),
    Column("definition", Text, nullable=False),
    Column("state", Text, nullable=False),  # planned | open | closed
    Column("opened_at", Moment),
    Column("closed_at", Moment),
    Column("published_at", Moment),  # the switch that every result obeys
    Column("extended_from", Moment),  # the close in the definition file, when it was put off since
    # Sealed surveys: of the lines in the published list; gone after the close
    Column("seal_key", LargeBinary),
)

event = Table(
    "event",
    metadata,
    Column("key", Text, primary_key=True),
    Column("definition", Text, nullable=False),
    Column("state", Text, nullable=False),  # planned | announced
    Column("sequence", Integer, nullable=False, server_default="0"),  # of its calendar entry (RFC 5545)
    Column("announced_at", Moment),
)

seat_offer = Table(  # of a seat that became free, to a body that waits for one
    "seat_offer",
    metadata,
    Column("ballot_id", BigInteger, ForeignKey("ballot.id"), primary_key=True, autoincrement=False),
    Column("event_key", Text, nullable=False),
    Column("people", Integer, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("ix_seat_offer_event", "event_key"),
)

attendance = Table(  # who was there, as the office entered it
    "attendance",
    metadata,
    Column("event_key", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("people", Integer, nullable=False),  # 0: nobody came
    Column("entered_at", Moment, nullable=False),
    Column("entered_by", Text, nullable=False),
)

# --- what a member is asked, and what it answered --------------------------------------------------------------

ballot = Table(
    "ballot",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),  # key of the survey or event
    Column("kind", Text, nullable=False),  # survey | event
    Column("code", Text, ForeignKey("body.code"), nullable=False),
    Column("address", Text, nullable=False),  # where it is sent
    Column("greeting", Text, nullable=False),  # ○○市 情報政策課 山田様
    Column("reference", Text, nullable=False),  # 受付番号
    # Of the reply address; null for the moment before the id is known
    Column("token_hash", Text, unique=True),
    Column("issue", Integer, nullable=False, server_default="1"),  # of the token: re-issuing raises it
    Column("frozen_at", Moment),  # its token was seen from too many domains (ballot.md section 12)
    Column("absent_until", Moment),  # 不在, as an automatic reply said; reminders go to the deputy
    Column("receipt_owed", Boolean, nullable=False, server_default=text("false")),  # held back by the limit
    Column("columns", Integer, nullable=False, server_default="68"),  # width that its gateway leaves alone
    UniqueConstraint("subject", "code", "address"),
    Index("ix_ballot_receipt_owed", "id", sqlite_where=text("receipt_owed")),
)

replaced_token = Table(  # a ballot's earlier tokens: what comes with one does not count any more
    "replaced_token",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("ballot_id", _Id, ForeignKey("ballot.id"), nullable=False, index=True),
    Column("replaced_at", Moment, nullable=False),
)

sighting = Table(  # the From domains that a ballot's token came from, other than its own address's
    "sighting",
    metadata,
    Column("ballot_id", _Id, ForeignKey("ballot.id"), primary_key=True),
    Column("domain", Text, primary_key=True),
)

vote = Table(  # append-only; one row for each reply and what was decided about it
    "vote",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),
    Column("ballot_id", _Id, ForeignKey("ballot.id"), nullable=False, index=True),
    Column("code", Text, nullable=False),
    Column("inbox_id", _Id, ForeignKey("inbox.id")),
    Column("received_at", Moment, nullable=False),
    Column("author", Text, nullable=False),  # From address
    # counted | partial | held | late | withdrawn | declined | ignored
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),  # accepted replies of this body so far
    Column("answers", Text, nullable=False),  # JSON: the body's answers after this reply
    Column("problems", Text, nullable=False),  # JSON
    Column("reason", Text, nullable=False),
    # See core/surveys/ledger.py for this and what follows
    Column("rule", Text, nullable=False, server_default=""),
    Column("level", Text, nullable=False, server_default=""),
    Column("decided_by", Text, nullable=False, server_default=""),
    Column("written_at", Moment),
    Column("texts", BigInteger, nullable=False, server_default="0"),
    Column("remarks", Text, nullable=False, server_default="{}"),  # JSON
    Column("flags", Text, nullable=False, server_default="{}"),  # JSON
    Column("waits_for", Text, nullable=False, server_default=""),
    Column("commitment", Text, nullable=False, server_default=""),
    Column("salt", Text, nullable=False, server_default=""),  # of the commitment; destroyed at the close
    Column("digest", Text, nullable=False, server_default=""),
    Column("chain", Text, nullable=False),  # sha256 over the row before and this one
    Index("ix_vote_subject_code", "subject", "code", "id"),
    Index("ix_vote_subject_id", "subject", "id"),  # the newest row, to which the next is chained
)

ledger_head = Table(  # where each ledger ends, so that a missing last row is found too
    "ledger_head",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("chain", Text, nullable=False),
)

sealed_line = Table(  # the votes of a closed sealed survey, without body, time or order
    "sealed_line",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("line", Text, primary_key=True),  # HMAC-SHA256 of the reference; only its voter knows the key
    Column("answers", Text, nullable=False),  # JSON
)

proxy = Table(  # 委任状: who votes for whom in a resolution
    "proxy",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),
    Column("code", Text, ForeignKey("body.code"), nullable=False),  # the body that gives its vote away
    Column("holder", Text, nullable=False),  # code of the body that holds it; "": the chair 議長
    Column("words", Text, nullable=False),  # to whom, as it was written
    Column("recorded_at", Moment, nullable=False),
    Column("recorded_by", Text, nullable=False),  # From address, or "office"
    Column("inbox_id", _Id, ForeignKey("inbox.id")),
    Column("ended_at", Moment),
    Index("ix_proxy_subject_code", "subject", "code"),
)

# --- acts that need a second person, and the words with which the office commands by mail ---------------------

act = Table(
    "act",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),  # key of the survey
    Column("act", Text, nullable=False),  # open | close | extend | admit | publish | destroy
    Column("detail", Text, nullable=False),  # JSON: what it needs to be done
    Column("digest", Text, nullable=False),  # of the text that was shown; a changed survey needs a new act
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("state", Text, nullable=False),  # waiting | approved | rejected | expired
    Column("decided_by", Text, nullable=False, server_default=""),
    Column("decided_at", Moment),
    Column("note", Text, nullable=False, server_default=""),
    Index("ix_act_subject_act", "subject", "act", "id"),
)

desk_word = Table(  # the one-time tokens in mails to the office
    "desk_word",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("token_hash", Text, unique=True),  # null for the moment before the id is known
    Column("address", Text, nullable=False),  # to whom it was sent; nobody else may use it
    Column("act_id", _Id, ForeignKey("act.id")),  # null: a desk command
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

confirmation = Table(  # the one-time tokens in mails that ask one person for a word
    "confirmation",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("token_hash", Text, unique=True),  # null for the moment before the id is known
    Column("kind", Text, nullable=False),  # what a yes does, see flows/members/settle_confirmation.py
    Column("about", Text, nullable=False),  # the list, the mail, ...: what it is about
    Column("address", Text, nullable=False),  # to whom it was sent; nobody else may use it
    Column("email_key", Text, nullable=False),
    Column("detail", Text, nullable=False),  # JSON: what is needed to do it
    Column("by_mail", Boolean, nullable=False),  # a mail caused it, which anyone can send: limited (I30)
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Index("ix_confirmation_email_key_made_at", "email_key", "made_at"),
    Index("ix_confirmation_made_at", "made_at"),
)

gateway = Table(  # what a round-trip probe found out about one address's mail system
    "gateway",
    metadata,
    Column("email_key", Text, primary_key=True),
    Column("code", Text, nullable=False),
    Column("findings", Text, nullable=False),  # JSON
    Column("columns", Integer, nullable=False),  # the width of our lines that it leaves alone
    Column("probed_at", Moment, nullable=False),
)

# --- mail in ----------------------------------------------------------------------------------------------------

mail = Table(
    "mail",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("content", LargeBinary, nullable=False),  # raw bytes: the truth
    Column("mail_from", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("protocol", Text, nullable=False),
    Column("imap_key", Text, unique=True),  # account, folder, UIDVALIDITY, UID; null unless fetched by IMAP
    Column("received_at", Moment, nullable=False),
    Column("helo", Text, nullable=False, server_default=""),  # by which name the client greeted
    Column("check_due", Moment),  # when its sender is looked at; null: it was, or nobody does
    Column("checks", Integer, nullable=False, server_default="0"),  # how often that began
    Column("results", Text),  # what we found out, as Authentication-Results has it; null: its header counts
    Index("ix_mail_check_due", "check_due", sqlite_where=text("check_due IS NOT NULL")),
)

inbox = Table(  # one row for each recipient of a received mail
    "inbox",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("mail_id", _Id, ForeignKey("mail.id"), nullable=False, index=True),
    Column("recipient", Text, nullable=False),
    Column("state", Text, nullable=False),  # see architecture: received -> posted | voted | ...
    Column("reason", Text, nullable=False, server_default=""),
    Column("sender", Text, nullable=False, server_default=""),  # From, for people who look
    Column("title", Text, nullable=False, server_default=""),  # Subject, likewise
    Index("ix_inbox_received", "id", sqlite_where=text("state = 'received'")),
    Index("ix_inbox_state", "state"),
)

seen = Table(  # what one place has already taken, so that the same mail acts there once
    "seen",
    metadata,
    Column("place", Text, primary_key=True),  # list:security, ballot:17, people
    Column("fingerprint", Text, primary_key=True),
    Column("inbox_id", _Id, nullable=False),
)

held_post = Table(  # a post that waits: for whom, and until when
    "held_post",
    metadata,
    Column("inbox_id", _Id, ForeignKey("inbox.id"), primary_key=True, autoincrement=False),
    Column("list_name", Text, nullable=False),
    Column("waits_for", Text, nullable=False),  # moderators | author | clock: see store/lists/held_posts.py
    Column("rule", Text, nullable=False),  # of core/lists/moderation.py
    Column("author_told", Boolean, nullable=False),  # so that he hears of its end, too
    Column("claimed_by", Text, nullable=False, server_default=""),  # the moderator who will decide
    Column("held_at", Moment, nullable=False),
    Column("remind_at", Moment),  # null: the moderators were reminded, or need not be
    Column("until", Moment, nullable=False, index=True),
)

# --- the archive ------------------------------------------------------------------------------------------------

post = Table(  # one row for each post of a list; the post itself is the raw mail
    "post",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("list_name", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("stable", Text, nullable=False),  # its address for ever: the hash of its Message-ID
    Column("message_id", Text, nullable=False),
    Column("thread", Integer, nullable=False),  # number of the post that began it
    Column("parent", Integer),  # number of the post that it answers
    Column("answers", Text),  # hash of the Message-ID that it answers, there or not
    Column("topic", Text, nullable=False),  # its subject, as it is compared; "": it names no thread
    Column("code", Text),  # the author's body; null: outside the register
    Column("author_name", Text, nullable=False),
    Column("author", Text, nullable=False),  # address
    Column("subject", Text, nullable=False),
    Column("attachments", Text, nullable=False),  # JSON: names
    Column("size", Integer, nullable=False),  # octets of the raw mail
    Column("written_at", Moment, nullable=False),  # received; of an imported mail, what its Date says
    Column("mail_id", _Id, ForeignKey("mail.id"), nullable=False, index=True),
    Column("inbox_id", _Id, ForeignKey("inbox.id")),  # null: imported
    Column("purged_at", Moment),  # since then nothing is left but its number and place
    Column("purged_why", Text, nullable=False, server_default=""),
    UniqueConstraint("list_name", "number"),
    UniqueConstraint("list_name", "stable"),
    Index("ix_post_thread", "list_name", "thread"),
    Index("ix_post_answers", "list_name", "answers"),
    Index("ix_post_topic", "list_name", "topic", "written_at"),
    Index("ix_post_written_at", "written_at"),
    Index("ix_post_newest", "list_name", "written_at"),
    Index("ix_post_author", "list_name", "author"),  # has he posted before?
)

post_words = Table(  # what a post is found by, see core/lists/bigram.py; the index over it is post_index
    "post_words",
    metadata,
    Column("post_id", _Id, ForeignKey("post.id"), primary_key=True),
    Column("words", Text().with_variant(TsVector(), "postgresql"), nullable=False),
)

# Each database indexes words in its own way. FTS5 is handed what core/lists/bigram.py has folded: it must not fold again.
SEARCH_INDEX = {
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


def _make_search_index(_table: Table, connection: Connection, **_: object) -> None:
    for statement in SEARCH_INDEX[connection.dialect.name]:
        connection.exec_driver_sql(statement)


listen(post_words, "after_create", _make_search_index)


def _leave_the_same_rows_out(created: MetaData, connection: Connection, **_: object) -> None:
    """Make the partial indexes partial on PostgreSQL, too: to say so above would load its drivers, also on SQLite."""
    if connection.dialect.name == "postgresql":
        for index in (index for table in created.tables.values() for index in table.indexes):
            index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]


listen(metadata, "before_create", _leave_the_same_rows_out)

# --- mail out ---------------------------------------------------------------------------------------------------

mailing = Table(
    "mailing",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),  # post, invitation, receipt, notice, ... = the template's name
    # List name, or key of the survey or event
    Column("subject", Text, nullable=False, server_default="", index=True),
    Column("inbox_id", _Id, ForeignKey("inbox.id"), index=True),  # the mail that caused it
    Column("cooked", LargeBinary, nullable=False),  # with the fields of core/mail/mailing.py
    Column("bounces", Text),  # local part that takes its bounces, before "+token"; null: null sender
    Column("created_at", Moment, nullable=False),
    Column("identical", Boolean, nullable=False, server_default=text("false")),  # one content for all
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("mailing_id", _Id, ForeignKey("mailing.id"), nullable=False),
    Column("address", Text, nullable=False),
    Column("ballot_id", _Id, ForeignKey("ballot.id"), index=True),
    Column("fields", Text),  # JSON: this recipient's own text, where the mailing has such fields
    Column("state", Text, nullable=False, server_default="pending"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", BigInteger, nullable=False),  # microseconds, as Moment; read in bulk
    Column("lease_owner", Text),
    Column("lease_until", BigInteger),
    Column("in_flight", Boolean, nullable=False, server_default=text("false")),  # its final dot may have left
    # Times that a dot may have been repeated
    Column("doubtful", Integer, nullable=False, server_default="0"),
    Column("reply", Text),  # the server's last words
    Column("settled_at", BigInteger),
    UniqueConstraint("mailing_id", "address", "ballot_id"),  # two bodies may share one mailbox
    Index("ix_delivery_waiting", "due_at", "id", sqlite_where=text("state = 'pending'")),
    Index("ix_delivery_leased", "lease_owner", sqlite_where=text("state = 'sending'")),
    Index("ix_delivery_doubtful", "doubtful", sqlite_where=text(DOUBTFUL)),
    Index("ix_delivery_refused", "settled_at", sqlite_where=text("state IN ('failed', 'expired')")),
)

# Up to a hundred identical copies that have not left, in place of rows: store/sending/bundles.py
bundle = Table(
    "bundle",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("mailing_id", _Id, ForeignKey("mailing.id"), nullable=False, index=True),
    Column("copies", Integer, nullable=False),
    # This and what follows: as in `delivery`
    Column("state", Text, nullable=False, server_default="pending"),
    Column("due_at", BigInteger, nullable=False),
    Column("lease_owner", Text),
    Column("lease_until", BigInteger),
    Column("in_flight", Boolean, nullable=False, server_default=text("false")),
    Column("addresses", Text, nullable=False),  # JSON
    Index("ix_bundle_waiting", "due_at", "id", sqlite_where=text("state = 'pending'")),
    Index("ix_bundle_leased", "lease_owner", sqlite_where=text("state = 'sending'")),
    sqlite_autoincrement=True,  # a sender knows it by its id, which must never be another's
)

fan_out = Table(  # a post to a large list, not queued to all its members yet: store/sending/fan_outs.py
    "fan_out",
    metadata,
    Column("mailing_id", _Id, ForeignKey("mailing.id"), primary_key=True, autoincrement=False),
    Column("list_name", Text, nullable=False),
    Column("after", Text, nullable=False),  # email_key of the last member that was looked at
    Column("due_at", BigInteger, nullable=False),  # of the copies to come, as in `delivery`
    Column("made_at", Moment, nullable=False),  # the moment of the post: who is away then gets none
    Column("author", Text),
    Column("thread", Text, nullable=False),  # this and what follows: see fan_outs.wanted_by
    Column("digests", Boolean, nullable=False),
    Column("profile", Text),  # null: whatever the members' is
    Column("target", Text),  # JSON: a selector
)

fan_out_done = Table(  # members who are passed by: queued before their turn, or served by another list
    "fan_out_done",
    metadata,
    Column("mailing_id", _Id, primary_key=True, autoincrement=False),
    Column("email_key", Text, primary_key=True),
)

bounce = Table(
    "bounce",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("delivery_id", _Id, ForeignKey("delivery.id"), nullable=False, index=True),
    Column("inbox_id", _Id, ForeignKey("inbox.id"), nullable=False),
    Column("status", Text, nullable=False),  # 5.1.1
    Column("permanent", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
)

failure = Table(  # one row for each copy that did not arrive, however we heard of it; it counts once
    "failure",
    metadata,
    Column("delivery_id", _Id, ForeignKey("delivery.id"), primary_key=True, autoincrement=False),
    Column("email_key", Text, nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("permanent", Boolean, nullable=False),
    Column("reason", Text, nullable=False),  # unknown | full | refused | unreachable | other
    Column("words", Text, nullable=False),  # the server's
    Column("at", Moment, nullable=False),
)

trouble = Table(  # the addresses whose mail comes back: core/members/trouble.py
    "trouble",
    metadata,
    Column("email_key", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("score", Integer, nullable=False),  # thousandths, as it was at scored_at
    Column("scored_at", Moment, nullable=False),
    Column("counted_on", Text),  # 2026-06-22, local
    Column("permanent", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("state", Text, nullable=False),  # watched | probing | suspended
    Column("state_at", Moment),
    Column("state_by", Text, nullable=False, server_default=""),
    Column("summed_at", Moment),
    Index("ix_trouble_state", "state"),
)

history = Table(  # what happened to one mail, for `queue --why`
    "history",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("inbox_id", _Id, index=True),
    Column("delivery_id", _Id, index=True),
    Column("at", Moment, nullable=False),
    Column("what", Text, nullable=False),
)

answered = Table(  # automatic answers by address, for the limit of promises.md I14
    "answered",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("email_key", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_answered_email_key_at", "email_key", "at"),
)

# --- the journal ------------------------------------------------------------------------------------------------

journal = Table(  # settings and decisions: append-only, see core/office/journal_line.py
    "journal",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("number", BigInteger, unique=True),  # its place in the chain; null until just before the commit
    Column("at", Moment, nullable=False),
    Column("what", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("salt", Text, nullable=False),  # of the words as they stand now
    Column("commitment", Text, nullable=False),  # to the words as they were at first
    # JSON: the lines that an erasure changed, with what holds them now
    Column("renewed", Text, nullable=False),
    Column("chain", Text, nullable=False),  # "" until just before the commit
)

journal_head = Table(  # one row: where the journal ends, so that a missing last line is found too
    "journal_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("rows", Integer, nullable=False),
    Column("chain", Text, nullable=False),
)

# --- bulletins --------------------------------------------------------------------------------------------------

bulletin = Table(
    "bulletin",
    metadata,
    Column("key", Text, primary_key=True),
    Column("definition", Text, nullable=False),  # JSON of core/bulletins/bulletin.py
    Column("state", Text, nullable=False),  # draft | sent | cancelled
    Column("written_by", Text, nullable=False),  # "": a file; else the address that mailed it in
    Column("list_name", Text, nullable=False, index=True),  # "": none
    Column("number", Integer),  # of the issue; null until it is sent
    Column("post", Integer),  # its number in the list's archive
    Column("sent_at", Moment),
    Column("mailings", Text, nullable=False, server_default=""),  # ids, with blanks between them
    Column("note", Text, nullable=False, server_default=""),  # why it was called back
)

# --- meetings ---------------------------------------------------------------------------------------------------

meeting = Table(
    "meeting",
    metadata,
    Column("key", Text, primary_key=True),
    Column("definition", Text, nullable=False),  # JSON of core/events/meeting.py
    Column("starts", Moment),  # null until it is fixed
)

# --- the schedule -----------------------------------------------------------------------------------------------

occurrence = Table(  # a run of a job; one row for ever, unique by its local time
    "occurrence",
    metadata,
    Column("number", _Id, primary_key=True, autoincrement=True),  # P-0012
    Column("job", Text, nullable=False),  # survey:S26-014:close
    Column("local", Text, nullable=False),  # 2026-07-02T17:00:00 in the configured zone
    Column("due_at", Moment, nullable=False),
    Column("state", Text, nullable=False),  # waiting | asked | done | late | skipped | withdrawn
    Column("settled_at", Moment),
    Column("note", Text, nullable=False, server_default=""),
    Column("planned_at", Moment),  # by its definition, once a person has changed the run; null: nobody has
    Column("late_since", Moment),  # when it should have run, once the office was asked about it
    UniqueConstraint("job", "local", name="uq_occurrence_job_local"),
    Index("ix_occurrence_state_due_at", "state", "due_at"),
)

pulse = Table(  # one row: when the service, whichever node, last worked
    "pulse",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
)
