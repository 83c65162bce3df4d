"""A post office that stands still in time: hand in mail, look at what became of it and at the copies that it caused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache, cached_property
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Executable, insert, select, text

from mailbot.core.bulletins.bulletin import Bulletin
from mailbot.core.calendar import Language
from mailbot.core.events.event import Event, Notice, rsvp_of
from mailbot.core.events.meeting import Meeting
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.lists.membership import Membership
from mailbot.core.mail.address import Reply
from mailbot.core.mail.mailing import fill, template
from mailbot.core.mail.token import bounce_token
from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Body, Contact
from mailbot.core.surveys.ledger import LedgerRow, Standing, standings
from mailbot.core.surveys.survey import Question, Reminder, Survey
from mailbot.core.transfer.envelope import Envelope
from mailbot.flows.apply_definitions import apply_definitions
from mailbot.flows.members.import_members import Incoming, import_members
from mailbot.flows.read_mail import read_mail
from mailbot.flows.runs.run_due import run_due
from mailbot.flows.sending.make_copies import own_values
from mailbot.flows.surveys.open_survey import open_survey
from mailbot.folder.definitions import Definitions
from mailbot.folder.holidays import is_holiday
from mailbot.formats.form_file import read_forms, write_form
from mailbot.formats.markdown import read_markdown
from mailbot.render import Letterhead, Renderer
from mailbot.resources import templates_folder
from mailbot.site import Site
from mailbot.store.database import Database
from mailbot.store.lists import lists, memberships
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import InboxEntry
from mailbot.store.sending import bundles
from mailbot.store.sending.leases import Claimed
from mailbot.store.surveys import ledgers
from mailbot.store.tables import body, delivery, mailing, metadata
from mailbot.store.tables import inbox as inbox_table

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 6, 18, 10, 0, tzinfo=TOKYO)  # a Thursday, an hour after S26-014 was to open
OFFICE = "jimukyoku@example.jp"
YAMADA, SUZUKI = "yamada@city.nagano.lg.jp", "suzuki@city.nagano.lg.jp"
SATO, TANAKA, TAKAHASHI = (
    "sato@city.matsumoto.lg.jp",
    "tanaka@city.ueda.lg.jp",
    "takahashi@town.karuizawa.lg.jp",
)
STRANGER = "eve@evil.test"
KAIGI_REQUEST, SECURITY_REQUEST = "kaigi-request@ml.example.jp", "security-request@ml.example.jp"
NAGANO, MATSUMOTO, UEDA, KARUIZAWA = "202011", "202029", "202037", "203211"

BODIES = (
    Body(NAGANO, "長野市", "city", "長野県", 370_000),
    Body(MATSUMOTO, "松本市", "city", "長野県", 240_000),
    Body(UEDA, "上田市", "city", "長野県", 150_000),
    Body(KARUIZAWA, "軽井沢町", "town", "長野県", 20_000),
)
CONTACTS = (
    Contact(NAGANO, YAMADA, "山田太郎", "情報政策課", 1, frozenset({"security", "officer"})),
    Contact(NAGANO, SUZUKI, "鈴木一郎", "情報政策課", 2, frozenset({"security"})),
    Contact(MATSUMOTO, SATO, "佐藤花子", "", 1, frozenset({"security"})),
    Contact(UEDA, TANAKA, "田中次郎", "", 1),
    Contact(KARUIZAWA, TAKAHASHI, "", "", 1),
)
SECURITY = MailingList(
    "security",
    "情報セキュリティ部会",
    "closed",
    Selector(tags=("security",)),
    "[security:%05d]",
    footer="部会の窓口は事務局です。\n",
    max_size=20_000,
)
KAIGI = MailingList("kaigi", "電子会議室", "open", Selector(everyone=True), "[kaigi:%05d]", reply_to="author")
NEWS = MailingList(
    "news",
    "お知らせ",
    "announce",
    Selector(everyone=True),
    reply_to="author",
    posters=Selector(emails=(YAMADA,)),
)
SURVEY = Survey(
    key="S26-014",
    title="LG.JPドメインの利用について",
    audience=Selector(everyone=True),
    opens=datetime(2026, 6, 18, 9, 0, tzinfo=TOKYO),
    closes=datetime(2026, 7, 2, 17, 0, tzinfo=TOKYO),
    questions=(
        Question(
            "Q1", "利用していますか", "single", ("利用している", "利用していない", "検討中"), required=True
        ),
        Question("Q2", "利用しない理由", "multi", ("費用", "手続き", "必要がない"), when=(("Q1", ("2",)),)),
        Question("Q3", "ご意見", "text"),
    ),
    reminders=(Reminder(business_days_before_close=3),),
)
EVENT = Event(
    key="N26-07",
    title="第1回トピックスセミナー",
    date=date(2026, 10, 22),
    starts=None,
    ends=None,
    place="有明・東京ビッグサイト",
    audience=Selector(everyone=True),
    notices=(
        Notice(at=datetime(2026, 9, 1, 10, 0, tzinfo=TOKYO)),
        Notice(business_days_before=3, to="attending"),
    ),
    rsvp_until=datetime(2026, 10, 9, 17, 0, tzinfo=TOKYO),
    capacity=3,
)


class _Remembering(policy.EmailPolicy):
    """Python's own way to read fields, which takes a tenth of a millisecond for each: what was read is kept."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        """Return the field, parsed."""
        return _field(name, value)


@cache
def _field(name: str, value: str) -> str:
    field: str = policy.default.header_fetch_parse(name, value)
    return field


_READS = _Remembering()


@dataclass(frozen=True)
class Copy:
    """One copy in the outbox, as it would leave."""

    id: int
    kind: str
    to: str
    mail_from: str  # the local part before "+token"; "" is the null sender
    state: str
    raw: bytes

    @cached_property
    def mail(self) -> EmailMessage:
        """It, parsed when it is first looked at: of most copies a test counts no more than the address."""
        mail = message_from_bytes(self.raw, policy=_READS)
        assert isinstance(mail, EmailMessage)
        return mail

    @cached_property
    def text(self) -> str:
        """Its plain text."""
        part = self.mail.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    @cached_property
    def said(self) -> str:
        """Its plain text without blanks and line ends: where a long line is folded does not matter."""
        return "".join(self.text.split())

    def says(self, words: str) -> bool:
        """Tell whether it has these words, wherever its lines are folded."""
        return "".join(words.split()) in self.said

    def __getitem__(self, name: str) -> str:
        """Return a header field; "" if there is none."""
        return str(self.mail[name] or "")


@dataclass
class PostOffice:
    """One installation with its register; what a test needs to say of it in one line."""

    database: Database
    site: Site
    now: datetime = NOW
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _seen: int = 0  # the newest copy that `copies` has shown

    # --- mail in ---

    def hand_in(self, raw: bytes, to: str, *, mail_from: str | None = None) -> InboxEntry:
        """Store a mail as the SMTP door does, read it, and return what became of it."""
        number = self.store(raw, to, mail_from=mail_from)
        read_mail(self.database, self.site, number, self.now)
        with self.database.read() as connection:
            entry = inbox.entry(connection, number)
        assert entry is not None
        return entry

    def store(self, raw: bytes, to: str, *, mail_from: str | None = None) -> int:
        """Store a mail and leave it unread; returns its number."""
        if mail_from is None:
            found = re.search(rb"^From:.*?<?([^<>\s]+@[^<>\s]+)>?\r?$", raw, re.MULTILINE)
            mail_from = found[1].decode() if found else STRANGER
        with self.database.write() as connection:
            inbox.add(connection, [(raw, Envelope(mail_from, (to,), "127.0.0.1", "smtp"))], lambda: self.now)
            newest = select(inbox_table.c.id).order_by(inbox_table.c.id.desc()).limit(1)
            number: int = connection.execute(newest).scalar_one()
        return number

    def post(self, author: str, to: str = "security@ml.example.jp", **own: str) -> InboxEntry:
        """Hand in a post; see `mail` for what can be said of it."""
        return self.hand_in(self.mail(author, to, **own), to)

    def mail(
        self, author: str, to: str, text: str = "本文です。", subject: str = "点検のお願い", **fields: str
    ) -> bytes:
        """Return a mail as a person writes it; an underscore in a field's name is a hyphen."""
        number = next(self._numbers)  # two mails are not written in one second
        head = {
            "From": author,
            "To": to,
            "Subject": subject,
            "Message-ID": f"<{number}@member.example>",
            "Date": (self.now + timedelta(seconds=number)).strftime("%a, %d %b %Y %H:%M:%S +0900"),
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
        } | {name.replace("_", "-"): value for name, value in fields.items()}
        lines = [f"{name}: {value}" for name, value in head.items() if value] + ["", text]
        return "\n".join(lines).replace("\n", "\r\n").encode() + b"\r\n"

    def write(
        self, author: str, to: str, text: str, *, proved: bool = True, subject: str = "", **fields: str
    ) -> InboxEntry:
        """Hand in a mail of commands, vouched for by our own mail exchanger unless it is not."""
        mail = self.mail(author, to, text, subject or "お願い", **fields)
        if proved:
            domain = author.partition("@")[2]
            stated = f"Authentication-Results: {self.site.authserv_id}; dmarc=pass header.from={domain}\r\n"
            mail = stated.encode() + mail
        return self.hand_in(mail, to)

    def reply(
        self, copy: Copy, text: str, author: str | None = None, *, slots: dict[str, str] | None = None
    ) -> InboxEntry:
        """Answer a mail of ours: the text at the top, the mail quoted beneath with these slots filled in."""
        return self.hand_in(self.reply_mail(copy, text, author, slots=slots), self.reply_address(copy))

    def reply_mail(
        self, copy: Copy, text: str, author: str | None = None, *, slots: dict[str, str] | None = None
    ) -> bytes:
        """Return the reply that `reply` hands in."""
        quoted = copy.text
        for question, answer in (slots or {}).items():
            before, slot, behind = quoted.partition(f"【{question}回答】[")
            assert slot
            quoted = f"{before}{slot} {answer} ]{behind.partition(']')[2]}"
        quoted = "".join(f"> {line}\n" for line in quoted.splitlines())
        return self.mail(
            author or copy.to,
            self.reply_address(copy),
            f"{text}\n\n事務局 さんは書きました:\n{quoted}",
            f"Re: {copy['Subject']}",
            In_Reply_To=copy["Message-ID"],
            References=copy["Message-ID"],
        )

    def command(self, copy: Copy, text: str, author: str | None = None) -> InboxEntry:
        """Answer a mail to the office, vouched for by our own mail exchanger."""
        author = author or copy.to
        domain = author.partition("@")[2]
        stated = f"Authentication-Results: {self.site.authserv_id}; dmarc=pass header.from={domain}\r\n"
        return self.hand_in(stated.encode() + self.reply_mail(copy, text, author), self.reply_address(copy))

    def reply_address(self, copy: Copy) -> str:
        """Return where the answer to a mail of ours goes."""
        found = re.search(r"<([^>]+)>", copy["Reply-To"])
        assert found is not None
        address = found[1]
        assert isinstance(self.site.route(address, frozenset()), Reply)
        return address

    def return_path(self, copy: Copy) -> str:
        """Return the copy's own return path."""
        return f"{copy.mail_from}+{bounce_token(self.site.key, copy.id)}@{self.site.domain}"

    # --- mail out ---

    def copies(self, kind: str | None = None) -> list[Copy]:
        """Return the copies that were queued since this was last asked, of one kind or all."""
        made = self.all_copies(after=self._seen)
        self._seen = max([self._seen, *(copy.id for copy in made)])
        return [copy for copy in made if kind in {None, copy.kind}]

    def only_copy(self, kind: str) -> Copy:
        """Return the one copy that was queued since this was last asked."""
        (copy,) = self.copies()
        assert copy.kind == kind
        return copy

    def all_copies(self, after: int = 0) -> list[Copy]:
        """Return every copy, in order; those in bundles are taken out of them."""
        with self.database.write() as connection:
            bundles.open_all(connection)
            rows = connection.execute(
                select(
                    *(delivery.c.id, delivery.c.mailing_id, delivery.c.address, delivery.c.ballot_id),
                    *(delivery.c.fields, delivery.c.attempts, delivery.c.state),
                    *(mailing.c.kind, mailing.c.subject, mailing.c.bounces, mailing.c.cooked),
                )
                .join_from(delivery, mailing)
                .where(delivery.c.id > after)
                .order_by(delivery.c.id)
            ).all()
        return [self._copy(Claimed(*row[:6]), *row[6:]) for row in rows]

    def _copy(
        self, row: Claimed, state: str, kind: str, subject: str, bounces: str | None, cooked: bytes
    ) -> Copy:
        pieces = template(cooked)
        names = frozenset(piece for piece in pieces if isinstance(piece, str))
        raw = fill(pieces, own_values(names, self.site.key, subject, row))
        return Copy(row.id, kind, row.address, bounces or "", state, raw)

    # --- what is stored ---

    def state(self, number: int) -> str:
        """Return the state of a received mail."""
        with self.database.read() as connection:
            entry = inbox.entry(connection, number)
        assert entry is not None
        return entry.state

    def belongs(self, name: str, address: str) -> bool:
        """Tell whether an address is a member of a list."""
        with self.database.read() as connection:
            return lists.is_member(connection, name, address)

    def settings(self, name: str, address: str) -> Membership:
        """Return a member's settings, without who changed them when."""
        with self.database.read() as connection:
            found = memberships.load(connection, name, address)
        return replace(found, changed_by="", changed_at=None)

    # --- surveys and events ---

    def open_survey(self, survey: Survey = SURVEY) -> dict[str, Copy]:
        """Apply and open a survey; returns each body's invitation by its address."""
        self.apply(survey)
        with self.database.write() as connection:
            open_survey(connection, self.site, survey.key, self.now)
        return {copy.to: copy for copy in self.copies("invitation")}

    def register(self, bodies: Sequence[Body], contacts: Sequence[Contact]) -> None:
        """Import these bodies with these contacts."""
        with self.database.write() as connection:
            import_members(connection, self.site, Incoming(bodies, contacts), self.now, sure=True)

    def apply(self, *values: MailingList | Survey | Event | Bulletin | Meeting) -> tuple[str, ...]:
        """Apply these definitions; returns the lines that `mailbot apply` prints."""
        definitions = Definitions(
            lists=tuple(value for value in values if isinstance(value, MailingList)),
            surveys=tuple(value for value in values if isinstance(value, Survey)),
            events=tuple(value for value in values if isinstance(value, Event)),
            notes=(),
            bulletins=tuple(value for value in values if isinstance(value, Bulletin)),
            meetings=tuple(value for value in values if isinstance(value, Meeting)),
        )
        with self.database.write() as connection:
            return apply_definitions(connection, self.site, definitions, self.now)

    def ledger(self, key: str = SURVEY.key, code: str | None = None) -> list[LedgerRow]:
        """Return the ledger's rows."""
        with self.database.read() as connection:
            return ledgers.rows(connection, key, code)

    def stands(self, key: str = SURVEY.key) -> dict[str, Standing]:
        """Return what counts for each body."""
        return standings(self.ledger(key))

    def look(self, moment: datetime | None = None) -> int:
        """Do what is due, at once or at this moment, which it then is; returns how much."""
        self.now = moment or self.now
        return run_due(self.database, self.site, self.now)

    def go_on(self, moment: datetime) -> list[Copy]:
        """Let it become this moment, with all that is due by then; returns what goes out."""
        while self.look(moment):
            pass
        return self.copies()

    def seats(self, key: str = EVENT.key) -> dict[str, tuple[str, int]]:
        """Return where each body stands with an event, and with how many people."""
        stands = self.stands(key).items()
        return {code: (one.row.status, rsvp_of(one.row.answers).people) for code, one in stands}

    def pass_time(self, span: timedelta) -> None:
        """Let time go by."""
        self.now += span


_DSN = """\
From: MAILER-DAEMON@mx.example.jp
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn{status}@mx.example.jp>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

The mail could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.jp

Final-Recipient: rfc822; yamada@city.nagano.lg.jp
Action: {action}
Status: {status}
--b--
"""


def dsn(status: str = "5.1.1", action: str = "failed") -> bytes:
    """Return a delivery status notification (RFC 3464)."""
    return _DSN.format(status=status, action=action).replace("\n", "\r\n").encode()


def find(copies: list[Copy], kind: str) -> Copy:
    """Return the one copy of a kind."""
    (copy,) = (copy for copy in copies if copy.kind == kind)
    return copy


@cache  # it keeps the templates that it has read, and nothing else
def renderer(language: Language, association: str) -> Renderer:
    """Return what cooks the mails of an association."""
    return Renderer(templates_folder(), language, Letterhead(association, OFFICE, "kaitou.example.jp", TOKYO))


def open_post_office(database: Database) -> PostOffice:
    """Return an installation with the register and the lists above."""
    render = renderer("ja", "全国協議会")
    site = Site(
        domain="ml.example.jp",
        reply_domain="kaitou.example.jp",
        office=OFFICE,
        zone=TOKYO,
        language="ja",
        authserv_id="mx.example.jp",
        key=b"k" * 32,
        renderer=lambda: render,
        calendar=is_holiday,
        read_forms=read_forms,
        write_form=write_form,
        read_article=read_markdown,
    )
    office = PostOffice(database, site)
    kind = database._engine.dialect.name
    with database.write() as connection:
        empty = connection.execute(select(body.c.code).limit(1)).first() is None
        for statement, rows in _KEPT.get(kind, ()) if empty else ():
            connection.execute(statement, rows)
    if not empty or kind not in _KEPT:
        office.register(BODIES, CONTACTS)
        office.apply(SECURITY, KAIGI, NEWS)
    if empty and kind not in _KEPT:
        with database.read() as connection:
            _KEPT[kind] = _as_it_is(connection)
    return office


# What makes an empty database the office's, by dialect: to run the flows again takes a quarter of the time of a test.
_KEPT: dict[str, list[tuple[Executable, list[dict[str, Any]]]]] = {}


def _as_it_is(connection: Connection) -> list[tuple[Executable, list[dict[str, Any]]]]:
    """Return the statements, with their rows, that bring an empty database to where this one is."""
    every = [
        (insert(table), [dict(row) for row in connection.execute(select(table)).mappings()])
        for table in metadata.sorted_tables
    ]
    found: list[tuple[Executable, list[dict[str, Any]]]] = [(add, rows) for add, rows in every if rows]
    if connection.dialect.name == "postgresql":
        used = text("SELECT sequencename AS name, last_value FROM pg_sequences WHERE last_value IS NOT NULL")
        numbers = [dict(row) for row in connection.execute(used).mappings()]
        found += [(text("SELECT setval(CAST(:name AS regclass), :last_value)"), [row]) for row in numbers]
    return found


def in_english(office: PostOffice) -> PostOffice:
    """Return the same installation, with English mail."""
    render = renderer("en", "Association")
    return PostOffice(
        office.database, replace(office.site, language="en", renderer=lambda: render), office.now
    )
