"""Who answers what in the demo: each reply is made from the mail that arrived, with what it is meant to come to."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailbot.core.surveys.survey import Answer, Answers
from mailbot.demo.demo_clients import (
    CLIENTS,
    Original,
    exchange_vacation,
    hidemaru_cp932,
    no_label_iso_2022_jp,
    original,
    outlook_html_only,
    thunderbird_iso_2022_jp,
    thunderbird_slots,
    words_at_the_top,
)
from mailbot.demo.demo_sink import Arrived
from mailbot.demo.demo_stage import Outgoing

# So many bodies answer in each way; the rest stay silent.
ANSWERS_PER_CLIENT = 18
CORRECTIONS = 20
VACATIONS = 8
PROSE = 3
DECLINES = 2
ATTENDING, ONE_WORD, NOT_ATTENDING, LATER = 24, 3, 8, 5

_CORRECTING = (
    thunderbird_slots,
    outlook_html_only,
    thunderbird_iso_2022_jp,
    hidemaru_cp932,
    no_label_iso_2022_jp,
)
_OPINIONS = (
    "特になし",
    "国の補助があれば進めたいと考えています。",
    "移行の手順を知りたいです。",
    "他団体の事例を共有してください。",
)

People = Mapping[str, tuple[str, str, str]]  # by address: name, address, municipality


@dataclass(frozen=True)
class Unclear:
    """What somebody writes who is not understood, and what he writes when he is asked."""

    words: str
    counts: Answers | None  # what of it counts at once; None: nothing does
    then: str = ""  # "": he does not answer again
    means: Answers | None = None  # what that changes


UNCLEAR = (
    Unclear("Q1 4", {}, "Q1 3", {"Q1": ("3",)}),
    Unclear("Q1 1 利用していない", {}, "Q1 2", {"Q1": ("2",)}),
    Unclear("Q1 1,2", {}),
    Unclear("Q1 2\nQ2 13", {"Q1": ("2",)}, "はい", {"Q2": ("1", "3")}),
    Unclear("Q1 2\nQ2 すべて", {"Q1": ("2",)}),
    Unclear("2", None, "Q1 2", {"Q1": ("2",)}),
    Unclear("Q1 1\nQ1 3", None),
)


@dataclass(frozen=True)
class DemoReply:
    """One reply that a member, or his machine, sends."""

    kind: str  # the client's name, or what is special about it
    member: str  # address
    mail: Outgoing
    message_id: str
    answers: Answers | None = None  # what it changes of the body's answers; None: nothing
    accepted: bool = True  # it gets a version number

    @property
    def by_person(self) -> bool:
        """A person's mail is answered with a receipt."""
        return self.mail.mail_from != ""


def replies_to_survey(invitations: Sequence[Arrived], people: People, dice: random.Random) -> list[DemoReply]:
    """Return the replies to the invitations, in the order in which they come in."""
    ballots = (_shown(ballot, people) for ballot in dice.sample(invitations, k=len(invitations)))
    replies = []
    for client in CLIENTS:
        for mail in itertools.islice(ballots, ANSWERS_PER_CLIENT):
            answers = _opinion(dice)
            replies.append(_reply(client.__name__, mail, client(mail, answers), answers))
    for unclear, mail in zip(UNCLEAR, ballots, strict=False):  # the ballots go on
        content = words_at_the_top(mail, unclear.words)
        replies.append(_reply(f"unclear {unclear.words}", mail, content, unclear.counts))
    special = [("prose", "来月になったら改めてお返事したいと思います。")] * PROSE
    special += [("declined", "回答しない")] * DECLINES
    for (kind, words), mail in zip(special, ballots, strict=False):
        content = words_at_the_top(mail, words)
        replies.append(_reply(kind, mail, content, accepted=kind == "declined"))
    for number, mail in enumerate(itertools.islice(ballots, VACATIONS)):
        # RFC 3834 sends it to the return path; not every server has read it.
        to = mail.return_path if number % 2 else mail.reply_to
        replies.append(_reply("vacation", mail, exchange_vacation(mail), to=to, mail_from=""))
    dice.shuffle(replies)
    return replies


def second_replies(
    first: Sequence[DemoReply], receipts: Mapping[str, Arrived], people: People, dice: random.Random
) -> list[DemoReply]:
    """Return corrections of one answer in the quoted receipt, and answers to what was asked back."""
    clients = {client.__name__ for client in CLIENTS}
    voters = [reply for reply in first if reply.kind in clients and not _says(reply.answers, "2")]
    writers = itertools.cycle(_CORRECTING)
    replies = []
    for reply in dice.sample(voters, k=CORRECTIONS):
        mail = _shown(receipts[reply.message_id], people)
        changed: Answers = {"Q1": ("3",) if _says(reply.answers, "1") else ("1",)}
        replies.append(_reply("correction", mail, next(writers)(mail, changed), changed))
    by_kind = {reply.kind: reply for reply in first}
    for unclear in UNCLEAR:
        if unclear.then:
            asked_back = receipts[by_kind[f"unclear {unclear.words}"].message_id]
            mail = _shown(asked_back, people)
            replies.append(_reply("clarified", mail, words_at_the_top(mail, unclear.then), unclear.means))
    return replies


def replies_to_notice(notices: Sequence[Arrived], people: People, dice: random.Random) -> list[DemoReply]:
    """Return the RSVPs: who comes and with whom, who does not, who waits for the time."""
    count = ATTENDING + ONE_WORD + NOT_ATTENDING + LATER
    forms = (_shown(notice, people) for notice in dice.sample(notices, k=count))
    writers = itertools.cycle(CLIENTS)
    replies = []
    for mail in itertools.islice(forms, ATTENDING):
        names = [mail.member_name.replace(" ", ""), "山田太郎"][: dice.randint(1, 2)]
        answers: Answers = {"Q1": ("1",), "Q2": f"{len(names)}名 {'、'.join(names)}"}
        replies.append(_reply("attending", mail, next(writers)(mail, answers), answers))
    replies += [
        _reply("attending", mail, words_at_the_top(mail, "出席します。"), {"Q1": ("1",)})
        for mail in itertools.islice(forms, ONE_WORD)
    ]
    for choice, kind, many in (("2", "declined", NOT_ATTENDING), ("3", "later", LATER)):
        for mail in itertools.islice(forms, many):
            answers = {"Q1": (choice,)}
            replies.append(_reply(kind, mail, next(writers)(mail, answers), answers))
    return replies


def votes(replies: Sequence[DemoReply]) -> dict[str, Answers]:
    """Return what the members meant: each one's answers, a later reply changing only what it names."""
    meant: dict[str, Answers] = {}
    for reply in replies:
        if reply.answers is not None:
            meant[reply.member] = {**meant.get(reply.member, {}), **reply.answers}
    return meant


def people_of(answers: Answers) -> int:
    """Return how many come, by an RSVP that says yes."""
    words = answers.get("Q2")
    return int(words[0]) if isinstance(words, str) else 1


def _opinion(dice: random.Random) -> Answers:
    choice = dice.choices("123", weights=(5, 3, 2))[0]
    answers: dict[str, Answer] = {"Q1": (choice,)}
    if choice == "2":
        answers["Q2"] = tuple(sorted(dice.sample("1234", k=dice.randint(1, 3))))
    if dice.random() < 0.3:
        answers["Q3"] = dice.choice(_OPINIONS)
    return answers


def _says(answers: Answers | None, choice: str) -> bool:
    return answers is not None and answers.get("Q1") == (choice,)


def _shown(mail: Arrived, people: People) -> Original:
    return original(mail.content, mail.mail_from, people[mail.recipients[0]])


def _reply(
    kind: str,
    mail: Original,
    content: bytes,
    answers: Answers | None = None,
    *,
    accepted: bool | None = None,
    to: str | None = None,
    mail_from: str | None = None,
) -> DemoReply:
    sender = mail.member_address if mail_from is None else mail_from
    return DemoReply(
        kind=kind,
        member=mail.member_address,
        mail=Outgoing(sender, to or mail.reply_to, content),
        message_id=Arrived("", (), content).header("Message-ID"),
        answers=answers,
        accepted=answers is not None if accepted is None else accepted,
    )
