"""Do what a person's word means, in reply to a question of ours: to him alone it was sent, and it counts once.

A kind of question is one line of the `match` below; `flows/members/ask_confirmation.py` asks it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.mail.address import same_address
from mailbot.core.mail.automatic import automatic, seems_automatic
from mailbot.core.mail.message import Message
from mailbot.core.members.confirmation import Word, read_word
from mailbot.core.refusal import Refusal
from mailbot.core.senders.authentication import read_authentication, verdict
from mailbot.flows.lists.decide_post import decide_post
from mailbot.flows.lists.obey_author import obey_author
from mailbot.flows.members.add_address import add_address
from mailbot.flows.members.answer_member import tell_member
from mailbot.flows.members.answer_roll_call import answer_roll_call
from mailbot.flows.members.ask_confirmation import ConfirmationQuestion, ask_confirmation
from mailbot.flows.members.change_address import MAY_OBJECT, Move, change_address, take_back
from mailbot.flows.members.drop_address import drop_address
from mailbot.flows.members.join_list import admits, join_list, let_in
from mailbot.flows.members.leave_list import come_back
from mailbot.flows.members.obey_member import answer, run_lines, vouched, writer_at
from mailbot.flows.members.open_list import open_for
from mailbot.flows.members.perform_list_command import opened_sentences
from mailbot.flows.members.resume_address import resume_address
from mailbot.flows.question_reply import QuestionReply, text_of_question
from mailbot.flows.settled import Settled
from mailbot.site import Site
from mailbot.store.lists import lists
from mailbot.store.mail import inbox
from mailbot.store.mail.inbox import Received
from mailbot.store.members import confirmations, other_addresses
from mailbot.store.members.confirmations import Confirmation

_OF_POSTS = frozenset({"post-confirm", "post-guard", "post-undo"})  # an author's word about his own post
_OBJECTS = frozenset({"undo-leave", "objection", "undo-address", "invite"})  # an untouched reply does nothing
# A plain word, from nobody but the office for certain
_OF_OFFICE = frozenset({"request-join", "request-address", "request-open"})
_PROSE: dict[Language, str] = {
    "ja": "確認のメールへのお返事ですが、「承認」か「取消」かを読み取れません。",
    "en": "It answers a mail that asks for a yes or a no, and says neither.",
}
_OTHER_HAND: dict[Language, str] = {
    "ja": "名簿確認へのお返事ですが、お願いしたのと別のアドレスから届きました。後任の方かもしれません。",
    "en": "It answers the roll-call from another address than was asked; it may be the successor.",
}
_UNSURE: dict[Language, str] = {
    "ja": "事務局あてのお願いへのお返事ですが、差出人の認証がありません。",
    "en": "It answers a request to the office, and nothing vouches for its author.",
}


def settle_confirmation(
    connection: Connection,
    site: Site,
    received: Received,
    message: Message,
    asked: Confirmation,
    now: datetime,
) -> Settled:
    """Act on a reply to a question, or say why it does not count."""
    reply = QuestionReply(site, received, message, asked, text_of_question(connection, asked), now)
    refused = _refused(connection, reply)
    if refused is not None:
        return refused
    if not inbox.take_once(connection, f"confirm:{asked.id}", received.fingerprint(message), received.id):
        return Settled("discarded", "the same mail was read before")
    if asked.kind == "moderate":  # more words than yes and no, and one of them is not the last
        return decide_post(connection, reply)
    if asked.kind == "roll_call":  # not the last word either
        return answer_roll_call(connection, reply)
    if asked.kind in _OF_POSTS:
        return obey_author(connection, reply)
    if reply.is_late:
        _tell(connection, reply, "spent" if asked.used_at is not None else "expired")
        return Settled(
            "discarded", f"the word that was asked for is {'spent' if asked.used_at else 'too late'}"
        )
    word, _ = read_word(message.text, reply.sent)
    if word == "unclear" and asked.kind == "reachable":
        word = "yes"  # any reply shows that he reads his mail
    if word == "unclear" or (word == "untouched" and asked.kind in _OF_OFFICE | _OBJECTS):
        return Settled("held", _PROSE[site.language])
    if not confirmations.use(connection, asked.id, now):
        return Settled("discarded", "the word that was asked for is spent")
    return _act(connection, reply, word)


def _act(connection: Connection, reply: QuestionReply, word: Word) -> Settled:
    """Do what was asked, or leave it."""
    yes = word in {"yes", "untouched"}
    match reply.asked.kind, yes:
        case "commands", True:
            return _run_commands(connection, reply)
        case "address", True:
            return _move(connection, reply)
        case "add-address", True:
            return _add_address(connection, reply)
        case "undo-address", False:
            return _drop_address(connection, reply)
        case "request-join", _:
            return _decide_join(connection, reply, admitted=yes)
        case "request-open", True:
            return _open(connection, reply)
        case "request-open", False:
            _tell(connection, reply, "office-declined", to=reply.asked.detail["address"])
            return Settled("answered", "the group is not opened: the office said no")
        case "invite", True:
            return _join_invited(connection, reply)
        case "request-address", True:
            return _move_now(connection, reply)
        case "undo-leave", False:
            name = come_back(connection, reply.asked.address, reply.asked.detail, reply.now)
            _tell(connection, reply, "undone")
            return Settled("answered", f"back on {name}")
        case "objection", False:
            return _take_back(connection, reply)
        case "reachable", _:
            return _reached(connection, reply)
        case (("undo-leave" | "objection" | "undo-address"), True):
            return Settled("answered", "nothing to do: he agrees")
    _tell(connection, reply, "declined")
    return Settled("answered", "nothing was done: he said no")


# --- what a yes does ----------------------------------------------------------------------------------------------


def _run_commands(connection: Connection, reply: QuestionReply) -> Settled:
    detail = reply.asked.detail
    writer = writer_at(
        connection, reply.asked.address, True, detail["list"], detail["thread"], reply.received.id
    )
    outcome = run_lines(connection, reply.site, writer, detail["lines"].split("\n"), reply.now)
    answer(connection, reply.site, writer, outcome, reply.now, answered=reply.thread)
    return Settled(
        "answered", f"{len(outcome.done)} commands done after a confirmation, {len(outcome.not_done)} not"
    )


def _move(connection: Connection, reply: QuestionReply) -> Settled:
    """The new address has answered: move at once, or ask the office where a colleague asked for it."""
    detail, site = reply.asked.detail, reply.site
    if not detail["approval"]:
        return _move_now(connection, reply)
    name = f"（{detail['name']}）" if detail.get("name") else ""
    request = reply.say("request-move", who=detail["by"], old=detail["old"], new=detail["new"], name=name)
    question = ConfirmationQuestion(
        "request-address",
        site.office,
        "office_request",
        about=detail["old"],
        detail=detail,
        by_mail=False,
        inbox_id=reply.received.id,
    )
    ask_confirmation(connection, site, question, reply.now, request=request)
    _tell(connection, reply, "asked-office")
    return Settled("answered", "the office is asked about a change of address")


def _move_now(connection: Connection, reply: QuestionReply) -> Settled:
    detail = reply.asked.detail
    move = Move(detail["old"], detail["new"], detail.get("name") or None, detail["by"], "name" in detail)
    taken = not same_address(other_addresses.home(connection, move.new), move.new)
    if taken and not other_addresses.same_person(connection, move.old, move.new):
        _tell(connection, reply, "other-person", new=move.new)
        return Settled("answered", f"{move.new} has become another person's address meanwhile")
    change_address(connection, reply.site, move, reply.now)
    _tell(connection, reply, "moved", to=move.new, old=move.old, new=move.new)
    return Settled("answered", f"{move.old} is now {move.new}")


def _add_address(connection: Connection, reply: QuestionReply) -> Settled:
    """The new address has answered: it is the person's, who hears of it where his mail goes and may object."""
    detail, site = reply.asked.detail, reply.site
    person, new = detail["person"], detail["new"]
    try:
        add_address(connection, site, person, new, person, reply.now)
    except Refusal as refusal:  # somebody else's, or nobody's, meanwhile
        tell_member(connection, reply, str(refusal), new)
        return Settled("answered", f"not done: {refusal}")
    main = other_addresses.home(connection, new)
    question = ConfirmationQuestion(
        "undo-address",
        main,
        "address_added",
        about=main,
        detail={"new": new},
        by_mail=False,
        lasts=MAY_OBJECT,
    )
    ask_confirmation(connection, site, question, reply.now, new=new, address=main)
    _tell(connection, reply, "did-add-address", to=new, new=new, address=main)
    return Settled("answered", f"{new} is a further address of {main}")


def _drop_address(connection: Connection, reply: QuestionReply) -> Settled:
    """The person objects: the address is not his any more."""
    new, address = reply.asked.detail["new"], reply.asked.address
    try:
        drop_address(connection, reply.site, address, new, address, reply.now)
    except Refusal as refusal:
        tell_member(connection, reply, str(refusal), address)
        return Settled("answered", f"not done: {refusal}")
    _tell(connection, reply, "did-drop-address", old=new)
    return Settled("answered", f"{new} is no further address of {address} any more")


def _take_back(connection: Connection, reply: QuestionReply) -> Settled:
    detail = reply.asked.detail
    others = frozenset(filter(None, detail.get("others", "").split("\n")))
    successor = bool(detail.get("successor"))
    move = Move(detail["old"], detail["new"], detail["name"], detail["old"], successor, others)
    take_back(connection, reply.site, move, reply.now)
    _tell(connection, reply, "moved-back", old=move.old)
    return Settled("answered", f"{move.new} is {move.old} again")


def _decide_join(connection: Connection, reply: QuestionReply, *, admitted: bool) -> Settled:
    address, name = reply.asked.detail["address"], reply.asked.about
    value = lists.load(connection, name)
    if value is None:
        return Settled("discarded", f"there is no list {name} any more")
    if lists.is_member(connection, name, address):
        _tell(connection, reply, "request-done", address=address, title=value.title)
        return Settled("answered", f"{address} belongs to {name} already")
    if not admitted:
        _tell(connection, reply, "office-declined", to=address)
        return Settled("answered", f"{address} does not join {name}")
    let_in(connection, value, address, reply.asked.address, reply.now)
    _tell(connection, reply, "did-join", to=address, title=value.title, list=f"{name}@{reply.site.domain}")
    return Settled("answered", f"{address} joins {name}")


def _open(connection: Connection, reply: QuestionReply) -> Settled:
    detail, site = reply.asked.detail, reply.site
    if detail["name"] in lists.names(connection):
        _tell(connection, reply, "list-exists", to=detail["address"], name=detail["name"])
        return Settled("answered", f"the name {detail['name']} is taken by now")
    value = open_for(
        connection, detail["name"], detail["title"], detail["address"], reply.now, by=reply.asked.address
    )
    sentence, hints = opened_sentences(site, value.name, value.title)
    tell_member(connection, reply, "\n".join((sentence, *hints)), detail["address"])
    return Settled("answered", f"the list {value.name} is open")


def _join_invited(connection: Connection, reply: QuestionReply) -> Settled:
    """Let him in, or ask the office where nobody who may let him in has invited him."""
    detail, site = reply.asked.detail, reply.site
    value = lists.load(connection, reply.asked.about)
    if value is None:
        return Settled("discarded", f"there is no list {reply.asked.about} any more")
    try:
        if admits(connection, site, value, detail["by"]):
            let_in(connection, value, detail["address"], detail["by"], reply.now)
            figures = {"title": value.title, "list": f"{value.name}@{site.domain}"}
            sentence = reply.say("did-join", **figures)
        else:
            sentence = join_list(connection, site, value, detail["address"], reply.now, reply.received.id)
    except Refusal as refusal:
        sentence = str(refusal)
    tell_member(connection, reply, sentence, detail["address"])
    return Settled("answered", f"an invitation to {value.name} was taken up")


def _reached(connection: Connection, reply: QuestionReply) -> Settled:
    """He could read the mail that asked, whatever he says of it: list mail goes on."""
    address = reply.asked.address
    stood = resume_address(
        connection, address, "he answered the probe", reply.now, by=address, inbox_id=reply.received.id
    )
    _tell(connection, reply, "reached-again" if stood else "reached")
    return Settled("answered", f"{address} is reached")


# --- whose word, and what it says -----------------------------------------------------------------------------------


def _refused(connection: Connection, reply: QuestionReply) -> Settled | None:
    """Return what becomes of a reply that may not act: a machine's, a colleague's, a forged one."""
    machine = automatic(reply.message, reply.received.mail_from)
    if machine is not None or seems_automatic(reply.message.subject):
        return Settled("discarded", f"an automatic reply to a question ({machine or 'vacation note'})")
    author, site = reply.message.from_address, reply.site
    his = author is not None and other_addresses.same_person(connection, author, reply.asked.address)
    if reply.asked.kind == "roll_call" and author is not None and not his:
        return Settled("held", _OTHER_HAND[site.language])
    if author is None or not his:
        return Settled("rejected", f"only {reply.asked.address} can answer this question")
    if verdict(read_authentication(reply.message.headers, site.authserv_id), author) == "fail":
        return Settled("rejected", "its author's domain disowns this mail (DMARC failed)")
    if reply.asked.kind in _OF_OFFICE and not vouched(site, reply.message, author):
        return Settled("held", _UNSURE[site.language])
    return None


def _tell(
    connection: Connection,
    reply: QuestionReply,
    sentence: str,
    /,
    *,
    to: str | None = None,
    **figures: object,
) -> None:
    """Answer with one of the sentences for members: to the person who replied, or to `to`."""
    tell_member(connection, reply, reply.say(sentence, **figures), to)
