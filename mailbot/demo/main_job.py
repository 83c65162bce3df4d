"""The whole main job on real input: a post, a survey and a seminar, by real SMTP, on a folder of its own.

The service is the real one, in a process of its own; the members' replies are made from the mails that reached the
sink. Every figure is counted from the mail that left and from the database, and the two must agree.
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from mailbot import show
from mailbot.core.events.event import Event, Notice
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Body, Contact
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Question, Survey
from mailbot.core.surveys.tally import tally
from mailbot.demo.demo_clients import CLIENTS, post
from mailbot.demo.demo_register import make_register
from mailbot.demo.demo_replies import (
    LATER,
    NOT_ATTENDING,
    PROSE,
    UNCLEAR,
    VACATIONS,
    DemoReply,
    People,
    people_of,
    replies_to_notice,
    replies_to_survey,
    second_replies,
    votes,
)
from mailbot.demo.demo_sink import Arrived
from mailbot.demo.demo_stage import Outgoing, Stage, stage
from mailbot.formats.register_file import write_register

_MEMBERS = 1401
_SURVEY, _EVENT = "DEMO-S1", "DEMO-N1"
_EVERYONE = Selector(everyone=True)
_ASKS_BACK = "確認のお願い"  # in the Subject of a receipt that asks again

_LIST = MailingList(
    name="security",
    title="情報セキュリティ部会",
    preset="closed",
    members=Selector(tags=("security",)),
    subject_prefix="[security:%05d]",
    footer="情報セキュリティ部会\n",
)
_POST_SUBJECT = "返信: 端末の更改と認証の見直しについて"
_POST_DISTRIBUTED = "[security:00001] Re: 端末の更改と認証の見直しについて"
_POST_TEXT = """部会のみなさま

先日の件、当市では来年度に端末の更改を予定しています。
認証の見直しを同じ時期に行うかどうか、検討中です。
すでに済ませた団体がありましたら、ご経験をお聞かせください。
"""


@dataclass(frozen=True)
class _PostFigures:
    recipients: int  # members of the list, in the database
    delivered: int  # copies that left, each to another address
    subject: str  # as it left


@dataclass(frozen=True)
class _SurveyFigures:
    invited: int  # bodies whose invitation left
    replies: int  # mails that the service took
    counted: int  # bodies whose answers are in the tally
    asked_back: int  # receipts that ask again
    held: int  # bodies of which something waits for a person
    tally: Mapping[str, Mapping[str, int]]
    acknowledged: int  # receipts that left, each in the thread of its reply
    corrected: int  # bodies with more than one accepted reply
    automatic: int  # replies that were nobody's answer
    clients: int  # programs that replies were written with
    results: int  # bodies whose result mail left


@dataclass(frozen=True)
class _EventFigures:
    noticed: int  # bodies whose notice left
    attending: int  # people
    attending_bodies: int
    declined: int  # bodies
    later: int  # bodies that answer when the time is known
    acknowledged: int  # receipts that left
    told: int  # bodies that were told the time
    sequence: int  # of the calendar entry


class _Agreement:
    """What must be equal, and was not."""

    def __init__(self) -> None:
        self.broken: list[str] = []

    def equal(self, what: str, found: object, expected: object) -> None:
        """Note it when what was found is not what it must be."""
        if found != expected:
            self.broken.append(f"{what}: {found!r}, but must be {expected!r}")


def demo(*, keep: Path | None, as_json: bool) -> None:
    """Play the demo and print its figures; everything else goes to standard error.

    `keep` is a folder to make and to leave. Raises Refusal when it exists, when the service fails, or when figures
    disagree; these are printed before.
    """
    if keep is not None and (keep.exists() or keep.is_symlink()):
        raise Refusal(f"demo: {keep} exists already; --keep takes a folder that does not exist yet")
    agreement = _Agreement()
    with _folder(keep) as folder, _ended_by_sigterm(), stage(folder) as place:
        place.say(f"the service runs on {folder}, process {place.service.pid}")
        figures = _play(place, agreement)
        agreement.equal("the service's exit status after SIGTERM", place.stop(), 0)
        agreement.equal("faults in the service's log", place.log_errors(), [])
        figures["seconds"] = round(place.seconds, 1)
        if as_json:
            show.as_json(figures)
        else:
            show.table(list(_rows(figures)), as_json=False, empty="")
        if agreement.broken:
            words = "\n  ".join(agreement.broken)
            raise Refusal(f"demo: figures do not agree:\n  {words}{place.log_end()}")
    if keep is not None:
        _say_how_to_look(keep)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="mailbot-demo-") as temporary:
        yield Path(temporary, "demo")


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, so that the service is stopped as well."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _play(place: Stage, agreement: _Agreement) -> dict[str, Any]:
    register = make_register(_MEMBERS)
    people = {contact.email: (contact.name, contact.email, body.name) for body, contact in register}
    dice = random.Random(_MEMBERS)  # noqa: S311  who answers what
    today = datetime.now(place.settings.timezone).replace(hour=9, minute=0, second=0, microsecond=0)
    survey, event = _survey(today), _event(today)
    _set_up(place, register, survey, event)
    posted = _play_post(place, agreement, [contact for _, contact in register if "security" in contact.tags])
    surveyed = _play_survey(place, agreement, survey, people, dice)
    noticed = _play_event(place, agreement, event, people, dice)
    queue = place.settle()
    outbox = dict(queue["outbox"])
    agreement.equal("copies sent, by the database", outbox.pop("sent", 0), len(place.arrived()))
    agreement.equal("copies in any other state", outbox, {})
    agreement.equal("copies that may have gone twice", queue["duplicates_possible"], 0)
    return {
        "members": len(register),
        "post": asdict(posted),
        "survey": asdict(surveyed),
        "event": asdict(noticed),
        "mails": {"received": sum(queue["inbox"].values()), "sent": len(place.arrived())},
    }


# ---- what is set up ----------------------------------------------------------------------------------------------


def _set_up(place: Stage, register: Sequence[tuple[Body, Contact]], survey: Survey, event: Event) -> None:
    file = place.folder / "register.csv"
    file.write_text(write_register(register), encoding="utf-8", newline="")
    place.command("members", "import", str(file))
    for value in (_LIST, survey, event):
        place.define(value)
    place.command("apply")


def _survey(today: datetime) -> Survey:
    used = ("利用している", "利用していない", "検討中")
    reasons = ("費用", "手続き", "必要がない", "その他")
    return Survey(
        key=_SURVEY,
        title="LG.JPドメインの利用について",
        audience=_EVERYONE,
        opens=today + timedelta(days=1),
        closes=today + timedelta(days=15, hours=8),
        questions=(
            Question("Q1", "LG.JPドメインを利用していますか", "single", used, required=True),
            Question("Q2", "利用していない理由", "multi", reasons, when=(("Q1", ("2",)),)),
            Question("Q3", "ご意見", "text"),
        ),
        purpose="会員団体における利用状況を把握し、\n今後の情報提供の参考とするためにお尋ねするものです。\n",
    )


def _event(today: datetime) -> Event:
    return Event(
        key=_EVENT,
        title="第1回トピックスセミナー",
        date=(today + timedelta(days=60)).date(),
        starts=None,
        ends=None,
        place="有明・東京ビッグサイト",
        audience=_EVERYONE,
        notices=(Notice(at=today + timedelta(days=7)), Notice(business_days_before=3, to="attending")),
        rsvp_until=today + timedelta(days=40, hours=8),
        capacity=80,
        programme="基調講演　自治体情報システムの標準化とこれから\n事例報告　会員団体の取組から\n",
    )


# ---- the three parts ---------------------------------------------------------------------------------------------


def _play_post(place: Stage, agreement: _Agreement, members: Sequence[Contact]) -> _PostFigures:
    author = members[0]
    address = f"{_LIST.name}@{place.settings.domain}"
    content = post((author.name, author.email), address, _POST_SUBJECT, _POST_TEXT, "demo.1")
    place.keep("post", content)
    since = len(place.arrived())
    place.say(f"{author.name} posts to {address}: {_POST_SUBJECT}")
    place.send([Outgoing(author.email, address, content)])
    place.wait("copies of the post", lambda: len(place.arrived(since)), len(members))
    place.settle()

    copies = place.arrived(since)
    place.keep("post-copy", copies[0].content)
    shown = next(row for row in place.facts("lists") if row["name"] == _LIST.name)
    figures = _PostFigures(shown["members"], len(_recipients(copies)), copies[0].header("Subject"))
    body = content.partition(b"\r\n\r\n")[2]
    agreement.equal("members who got the post", figures.delivered, figures.recipients)
    agreement.equal("copies of the post", len(copies), figures.recipients)
    agreement.equal("who got the post", _recipients(copies), {member.email for member in members})
    agreement.equal("posts of the list", shown["posts"], 1)
    agreement.equal("Subject of the post", {copy.header("Subject") for copy in copies}, {_POST_DISTRIBUTED})
    agreement.equal(
        "copies with the author's bytes", sum(body in copy.content for copy in copies), len(copies)
    )
    return figures


def _play_survey(
    place: Stage, agreement: _Agreement, survey: Survey, people: People, dice: random.Random
) -> _SurveyFigures:
    before = place.settle()["inbox"]
    invitations = _sent_by(place, "invitations", len(people), "surveys", "open", survey.key)
    place.keep("invitation", invitations[0].content)

    since = len(place.arrived())
    first = replies_to_survey(invitations, people, dice)
    receipts = _exchange(place, agreement, "replies to the survey", first)
    second = second_replies(first, receipts, people, dice)
    receipts |= _exchange(place, agreement, "corrections and answers to what was asked back", second)
    for reply in {reply.kind: reply for reply in (*first, *second)}.values():
        place.keep(f"reply-{reply.kind}", reply.mail.content)
    place.keep("receipt", receipts[second[0].message_id].content)
    to_office = [mail for mail in place.arrived(since) if mail.recipients == (place.settings.office,)]
    agreement.equal(
        "mails to members and to the office", len(place.arrived(since)), len(receipts) + len(to_office)
    )
    agreement.equal("mails that the office is told to look at", len(to_office), PROSE)

    results = _sent_by(place, "result mails", len(people), "surveys", "close", survey.key)
    place.keep("result", results[0].content)
    inbox = place.settle()["inbox"]
    shown = place.facts("surveys", "show", survey.key, "--office")
    figures = _SurveyFigures(
        invited=len(_recipients(invitations)),
        replies=sum(inbox.values()) - sum(before.values()),
        counted=shown["answered"],
        asked_back=sum(_ASKS_BACK in receipt.header("Subject") for receipt in receipts.values()),
        held=shown["held"],
        tally=shown["tally"],
        acknowledged=len(receipts),
        corrected=sum(vote["version"] > 1 for vote in shown["votes"]),
        automatic=inbox.get("discarded", 0) - before.get("discarded", 0),
        clients=len({reply.kind for reply in first} & {client.__name__ for client in CLIENTS}),
        results=len(_recipients(results)),
    )
    replies = [*first, *second]
    meant = votes(replies)
    accepted = sum(reply.accepted for reply in replies)
    agreement.equal("invitations", len(invitations), shown["electorate"])
    agreement.equal("bodies invited", figures.invited, shown["invited"])
    agreement.equal("result mails", len(results), shown["electorate"])
    agreement.equal("bodies that got the result", figures.results, shown["electorate"])
    agreement.equal("replies that the service took", figures.replies, len(replies))
    agreement.equal("replies of machines, put aside", figures.automatic, VACATIONS)
    agreement.equal("replies asked back", figures.asked_back, len(UNCLEAR))
    agreement.equal("replies accepted", sum(vote["version"] for vote in shown["votes"]), accepted)
    agreement.equal("bodies that count", figures.counted, len(meant))
    agreement.equal("tally", figures.tally, tally(survey, meant.values()))
    agreement.equal("state of the survey", shown["state"], "closed")
    return figures


def _play_event(
    place: Stage, agreement: _Agreement, event: Event, people: People, dice: random.Random
) -> _EventFigures:
    notices = _sent_by(place, "notices, the time undecided", len(people), "events", "announce", event.key)
    place.keep("notice", notices[0].content)
    replies = replies_to_notice(notices, people, dice)
    receipts = _exchange(place, agreement, "replies to the notice", replies)
    place.keep("receipt-of-rsvp", receipts[replies[0].message_id].content)

    place.define(replace(event, starts=time(13, 30), ends=time(16, 30)))
    place.say("the time is fixed: 13:30-16:30")
    changes = _sent_by(place, "mails that tell the time", len(people), "apply")
    place.keep("change", changes[0].content)
    shown = place.facts("events", "show", event.key)
    figures = _EventFigures(
        noticed=len(_recipients(notices)),
        attending=shown["attending"],
        attending_bodies=sum(reply["status"] == "attending" for reply in shown["replies"]),
        declined=shown["declined"],
        later=sum(reply["later"] for reply in shown["replies"]),
        acknowledged=len(receipts),
        told=len(_recipients(changes)),
        sequence=shown["sequence"],
    )
    coming = [reply.answers for reply in replies if reply.kind == "attending" and reply.answers is not None]
    undecided = sum("【時間未定】".encode() in notice.content for notice in notices)
    decided = sum("13時30分".encode() in change.content for change in changes)
    agreement.equal("bodies noticed", figures.noticed, shown["noticed"])
    agreement.equal("notices without a time", undecided, len(people))
    agreement.equal("people who come", figures.attending, sum(map(people_of, coming)))
    agreement.equal("bodies that come", figures.attending_bodies, len(coming))
    agreement.equal("bodies that do not come", figures.declined, NOT_ATTENDING)
    agreement.equal("bodies that wait for the time", figures.later, LATER)
    agreement.equal("bodies told the time", figures.told, len(people))
    agreement.equal("mails that tell the time", decided, len(people))
    return figures


# ---- between the members and the service -------------------------------------------------------------------------


def _sent_by(place: Stage, what: str, wanted: int, *command: str) -> list[Arrived]:
    """Run a command and return the mails that it sends, when all have left."""
    since = len(place.arrived())
    place.command(*command)
    place.wait(what, lambda: len(place.arrived(since)), wanted)
    place.settle()
    return place.arrived(since)


def _exchange(
    place: Stage, agreement: _Agreement, what: str, replies: Sequence[DemoReply]
) -> dict[str, Arrived]:
    """Send replies, wait until all are settled, and return the receipts by the reply's Message-ID."""
    since = len(place.arrived())
    wanted = {reply.message_id for reply in replies if reply.by_person}
    place.say(f"{len(replies)} {what} are sent")
    place.send([reply.mail for reply in replies])
    # What the office is sent stands in no thread of a reply.
    place.wait("receipts", lambda: sum(map(_is_receipt, place.arrived(since))), len(wanted))
    place.settle()
    receipts = list(filter(_is_receipt, place.arrived(since)))
    by_reply = {receipt.header("In-Reply-To"): receipt for receipt in receipts}
    agreement.equal(f"receipts for {what}", len(receipts), len(wanted))
    agreement.equal(f"{what} that have their receipt", len(wanted & by_reply.keys()), len(wanted))
    agreement.equal("receipts from a null sender", sum(not r.mail_from for r in receipts), len(receipts))
    return by_reply


def _is_receipt(mail: Arrived) -> bool:
    return mail.header("In-Reply-To") != ""


def _recipients(mails: Sequence[Arrived]) -> set[str]:
    return {address for mail in mails for address in mail.recipients}


# ---- what is shown -----------------------------------------------------------------------------------------------


def _rows(figures: Mapping[str, Any], part: str = "") -> Iterator[show.Row]:
    """Yield one row for each figure; the counts of one question stand together."""
    for name, figure in figures.items():
        what = f"{part} {name}".replace("_", " ").strip()
        if not isinstance(figure, Mapping):
            yield {"what": what, "figure": figure}
        elif part.endswith("tally"):
            yield {
                "what": what,
                "figure": "  ".join(f"{answer}: {count}" for answer, count in figure.items()),
            }
        else:
            yield from _rows(figure, what)


def _say_how_to_look(keep: Path) -> None:
    print(
        f"""
The folder is kept. To look further:
  export MAILBOT_CONFIG={(keep / "config" / "mailbot.yaml").absolute()}
  mailbot surveys show {_SURVEY} --office
  mailbot surveys results {_SURVEY}
  mailbot events attendance {_EVENT}
  mailbot held list
  mailbot queue
  mailbot schedule --days 90
  ls {keep / "mails"}    # one mail of each sort, one reply of each client
  mailbot serve    # from now on outgoing mail is kept in {keep / "data" / "outgoing"}""",
        file=sys.stderr,
    )
