"""Do one command of a member: load, decide, save; every refusal is a sentence for him."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mailbot.core.calendar import date_words
from mailbot.core.lists.digest import DIGESTS
from mailbot.core.lists.list_command import (
    AddAddress,
    Addresses,
    BackNumber,
    ChangeAddress,
    ChooseThread,
    Command,
    Confirm,
    Deliver,
    DropAddress,
    GetPosts,
    HandOver,
    Help,
    Index,
    Invite,
    JoinList,
    LeaveList,
    On,
    OpenList,
    Receipts,
    SearchArchive,
    Status,
    Topic,
    Who,
)
from mailbot.core.lists.list_sentences import did_sentence, list_sentence, status_name, until_words
from mailbot.core.lists.mailing_list import MailingList, joining, leaving, viewers
from mailbot.core.lists.membership import CHOSEN, Membership, is_off
from mailbot.core.lists.own_settings import Setting, chosen
from mailbot.core.lists.thread import message_id_hash
from mailbot.core.mail.address import address_key, same_address, split_address
from mailbot.core.office.journal_line import setting_words
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.trust import same_organisation
from mailbot.flows.lists.find_posts import find_posts
from mailbot.flows.lists.send_posts import send_posts
from mailbot.flows.members.add_address import refuse_address
from mailbot.flows.members.ask_confirmation import ConfirmationQuestion, ask_confirmation
from mailbot.flows.members.change_mode import change_mode
from mailbot.flows.members.drop_address import drop_address
from mailbot.flows.members.invite_to_list import invite_to_list
from mailbot.flows.members.join_list import join_list, refuse_newcomer
from mailbot.flows.members.leave_list import leave_list
from mailbot.flows.members.name_list import name_list
from mailbot.flows.members.open_list import open_list
from mailbot.flows.members.resume_address import resume_address
from mailbot.site import Site
from mailbot.store.bulletins import bulletins
from mailbot.store.lists import archive, lists, memberships
from mailbot.store.members import confirmations, members, other_addresses
from mailbot.store.office import journal

_MOST_SHOWN = 300  # members in one answer


@dataclass(frozen=True)
class Writer:
    """Who commands, and from where."""

    address: str  # to which his mail goes: who he is
    proved: bool  # the mail came from him for certain, or he has confirmed it
    list_name: str  # to whose address he wrote; "": the robot's
    thread: str = ""  # the thread that his mail answers, as the Message-ID of its first post
    inbox_id: int | None = None
    wrote_from: str = ""  # a further address of his, where he is answered; "": the same

    @property
    def answered_at(self) -> str:
        """The address at which he reads our answer: the one that he wrote from."""
        return self.wrote_from or self.address


@dataclass(frozen=True)
class ListCommandDone:
    """What one command did."""

    sentence: str
    hints: tuple[str, ...] = ()
    commands: bool = False  # the answer explains all commands
    undo: Mapping[str, str] | None = None  # what a 取消 takes back


def perform_list_command(
    connection: Connection, site: Site, writer: Writer, command: Command, now: datetime
) -> ListCommandDone:
    """Do one command whose writer is believed as far as it needs. Raises Refusal with a sentence for him."""
    match command:
        case Help(guide=False):
            return ListCommandDone(list_sentence(site.language, "help"), commands=True)
        case Status():
            return _status(connection, site, writer, now)
        case ChangeAddress() | HandOver():
            return _ask_new_address(connection, site, writer, command, now)
        case Addresses():
            return _addresses(connection, site, writer)
        case AddAddress(new):
            return _ask_further_address(connection, site, writer, new, now)
        case DropAddress(old):
            drop_address(connection, site, writer.address, old, writer.address, now)
            return ListCommandDone(list_sentence(site.language, "did-drop-address", old=old))
        case SearchArchive():
            return ListCommandDone(
                *find_posts(
                    connection, site, _archives(connection, site, writer, command.list), command.words
                )
            )
        case OpenList(name, title):
            return _open(connection, site, writer, name, title, now)
        case Confirm():
            raise Refusal(list_sentence(site.language, "bad-token"))
    value = list_meant(connection, site, writer, command.list)
    match command:
        case Help():
            return _guide(connection, site, writer, value)
        case Who():
            return _who(connection, site, writer, value)
        case JoinList():
            return ListCommandDone(join_list(connection, site, value, writer.address, now, writer.inbox_id))
        case Invite(addresses):
            return ListCommandDone(
                invite_to_list(connection, site, value, writer.address, addresses, now, writer.inbox_id)
            )
        case LeaveList():
            undo = leave_list(connection, site, value, writer.address, writer.address, now)
            hint = list_sentence(site.language, "undo-leave")
            return ListCommandDone(
                list_sentence(site.language, "did-leave", title=value.title), (hint,), undo=undo
            )
        case ChooseThread():
            return _choose_thread(connection, site, writer, value, command)
        case Index() | GetPosts() | BackNumber() | Topic():
            return _old_posts(connection, site, writer, value, command, now)
    return _change_settings(connection, site, writer, value, command, now)


def list_meant(connection: Connection, site: Site, writer: Writer, name: str) -> MailingList:
    """Return the list that a command is about: the named one, that of the address, or the writer's only one."""
    name = name or writer.list_name
    if not name:
        own = lists.of_address(connection, writer.address)
        if len(own) != 1:
            raise Refusal(list_sentence(site.language, "which-list"))
        name = own[0]
    value = lists.load(connection, name)
    if value is None:
        raise Refusal(list_sentence(site.language, "no-list", list=name))
    return value


def _open(
    connection: Connection, site: Site, writer: Writer, name: str, title: str, now: datetime
) -> ListCommandDone:
    asked = open_list(connection, site, name, title, writer.address, now, writer.inbox_id)
    if asked is not None:
        return ListCommandDone(asked)
    return ListCommandDone(*opened_sentences(site, name, title))


def opened_sentences(site: Site, name: str, title: str) -> tuple[str, tuple[str, ...]]:
    """Return what the opener of a group is told, with the hint how to go on."""
    say = site.language
    opened = list_sentence(say, "did-open", title=title, list=f"{name}@{site.domain}")
    return opened, (list_sentence(say, "open-hint", request=f"{name}-request@{site.domain}"),)


# --- settings -----------------------------------------------------------------------------------------------------


def _change_settings(
    connection: Connection, site: Site, writer: Writer, value: MailingList, command: Setting, now: datetime
) -> ListCommandDone:
    if not isinstance(command, Receipts):  # who may post is told, a member or not
        _member_only(connection, site, writer, value)
    elif not value.receipts:
        raise Refusal(
            list_sentence(
                site.language, "no-receipts", title=name_list(connection, site, value, writer.address)
            )
        )
    before = stored = memberships.load(connection, value.name, writer.address)
    if isinstance(command, Deliver):
        if command.mode in DIGESTS:
            _archive_only(site, value)
        before = change_mode(
            connection, site, value, writer.address, command.mode, now, weekly=command.weekly
        )
    elif isinstance(command, On):
        resume_address(
            connection, writer.address, "he wrote so", now, by=writer.address, inbox_id=writer.inbox_id
        )
    after = replace(chosen(before, command, now, site.zone), changed_by=writer.address, changed_at=now)
    memberships.save(connection, after)
    lists.refresh_every(connection, writer.address)
    detail = setting_words(stored, after, CHOSEN)
    journal.add(
        connection,
        "member.set",
        now,
        who=writer.address,
        about=value.name,
        person=writer.address,
        detail=detail,
    )
    today = now.astimezone(site.zone).date()
    return ListCommandDone(did_sentence(site.language, command, title=value.title, today=today))


def _choose_thread(
    connection: Connection, site: Site, writer: Writer, value: MailingList, command: ChooseThread
) -> ListCommandDone:
    _member_only(connection, site, writer, value)
    thread = (
        _thread_of_post(connection, site, value, command.number)
        if command.number
        else _known_thread(connection, value, writer)
    )
    if not thread:
        raise Refusal(list_sentence(site.language, "which-thread"))
    muted = memberships.thread_choices(connection, value.name, writer.address).get(thread) == "mute"
    choice = None if muted and command.choice == "follow" else command.choice
    memberships.choose_thread(connection, value.name, writer.address, thread, choice)
    return ListCommandDone(list_sentence(site.language, f"did-{command.choice}", title=value.title))


def _member_only(connection: Connection, site: Site, writer: Writer, value: MailingList) -> None:
    if not lists.is_member(connection, value.name, writer.address):
        raise Refusal(
            list_sentence(
                site.language, "not-member", title=name_list(connection, site, value, writer.address)
            )
        )


# --- old posts ---------------------------------------------------------------------------------------------------


def _old_posts(
    connection: Connection,
    site: Site,
    writer: Writer,
    value: MailingList,
    command: Index | GetPosts | BackNumber | Topic,
    now: datetime,
) -> ListCommandDone:
    _member_only(connection, site, writer, value)
    _archive_only(site, value)
    match command:
        case Index():
            return ListCommandDone(*find_posts(connection, site, (value,), ""))
        case GetPosts(0, count):
            asked = f"last:{count}"
            posts = archive.newest(connection, value.name, count)[::-1]
        case GetPosts(first, last):
            asked = str(first) if first == last else f"{first}-{last}"
            posts = archive.between(connection, value.name, first, last)
        case BackNumber(number):
            asked = f"第{number}号" if site.language == "ja" else f"no. {number}"
            issue = bulletins.issue(connection, value.name, number)
            kept = (
                None
                if issue is None or issue.post is None
                else archive.by_number(connection, value.name, issue.post)
            )
            if kept is None or kept.purged_at is not None:
                raise Refusal(list_sentence(site.language, "no-issue", title=value.title, number=number))
            posts = [kept]
        case Topic(number):
            asked = str(number)
            one = archive.by_number(connection, value.name, number)
            posts = [] if one is None else archive.thread(connection, value.name, one.thread)
    if all(one.purged_at is not None for one in posts):
        raise Refusal(list_sentence(site.language, "no-post", title=value.title, numbers=asked))
    # Whom nothing vouches for may be somebody else, who wants to fill this mailbox.
    if not (writer.proved or confirmations.spend_unproved_answer(connection, writer.address, now)):
        raise Refusal(list_sentence(site.language, "too-many"))
    return ListCommandDone(*send_posts(connection, site, value, writer.address, posts, now, writer.inbox_id))


def _archives(connection: Connection, site: Site, writer: Writer, name: str) -> list[MailingList]:
    """Return the lists that he may search: the one that he means, or else all his own that keep their posts."""
    if name or writer.list_name:
        value = list_meant(connection, site, writer, name)
        _member_only(connection, site, writer, value)
        _archive_only(site, value)
        return [value]
    own = lists.of_address(connection, writer.address)
    values = [each for name in own if (each := lists.load(connection, name)) is not None and each.archive]
    if not values:
        raise Refusal(list_sentence(site.language, "which-list"))
    return values


def _archive_only(site: Site, value: MailingList) -> None:
    if not value.archive:
        raise Refusal(list_sentence(site.language, "no-archive", title=value.title))


def _known_thread(connection: Connection, value: MailingList, writer: Writer) -> str:
    """Return the thread that his mail answers as the archive has it, else as his mail says."""
    one = archive.by_stable(connection, value.name, message_id_hash(writer.thread)) if writer.thread else None
    return writer.thread if one is None else archive.thread_key(connection, value.name, one.number)


def _thread_of_post(connection: Connection, site: Site, value: MailingList, number: int) -> str:
    """Return the Message-ID of the first post of the thread that a post belongs to."""
    thread = archive.thread_key(connection, value.name, number)
    if not thread:
        raise Refusal(list_sentence(site.language, "no-post", title=value.title, numbers=number))
    return thread


# --- addresses ----------------------------------------------------------------------------------------------------


def _ask_new_address(
    connection: Connection, site: Site, writer: Writer, command: ChangeAddress | HandOver, now: datetime
) -> ListCommandDone:
    """Ask the new address; the owner needs nobody's leave, a colleague of the same body the office's."""
    say = site.language
    old = other_addresses.home(connection, command.old or writer.address)
    new = command.new
    person = other_addresses.home(connection, new)
    if isinstance(command, HandOver):  # a colleague who takes over keeps the address to which his mail goes
        new = person
    elif not same_address(person, new) and not same_address(person, old):
        raise Refusal(list_sentence(say, "other-person", new=new))
    if same_address(old, new):
        raise Refusal(list_sentence(say, "same-address"))
    ours = lists.names(connection)
    if site.route(new, ours) is not None:
        raise Refusal(list_sentence(say, "own-address", new=new))
    known = bool(members.people_at(connection, old) or lists.of_address(connection, old))
    owner = same_address(old, writer.address)
    # Whoever names an address that is not there learns no more than who names somebody else's.
    if not known or not (owner or _colleague(connection, old, writer.address)):
        raise Refusal(list_sentence(say, "not-yours", old=old))
    name = command.name if isinstance(command, HandOver) else None
    detail = {"old": old, "new": new, "by": writer.address, "approval": "" if owner else "office"}
    question = ConfirmationQuestion(
        "address",
        new,
        "confirm_address",
        about=old,
        detail=detail | ({} if name is None else {"name": name}),
        by_mail=True,
        inbox_id=writer.inbox_id,
    )
    if not ask_confirmation(
        connection, site, question, now, old=old, new=new, name=name or "", by=writer.address
    ):
        raise Refusal(list_sentence(say, "too-many"))
    return ListCommandDone(list_sentence(say, "asked-new", new=new))


def _ask_further_address(
    connection: Connection, site: Site, writer: Writer, new: str, now: datetime
) -> ListCommandDone:
    """Ask the address whether its owner is the writer: nothing is his before it answers."""
    refuse_address(connection, site, writer.address, new)
    people = members.people_at(connection, writer.address)
    question = ConfirmationQuestion(
        "add-address",
        new,
        "confirm_further_address",
        about=writer.address,
        detail={"person": writer.address, "new": new},
        by_mail=True,
        inbox_id=writer.inbox_id,
    )
    name = people[0].names
    if not ask_confirmation(connection, site, question, now, new=new, address=writer.address, name=name):
        raise Refusal(list_sentence(site.language, "too-many"))
    return ListCommandDone(list_sentence(site.language, "asked-further", new=new))


def _addresses(connection: Connection, site: Site, writer: Writer) -> ListCommandDone:
    return ListCommandDone(
        list_sentence(site.language, "addresses", address=writer.address),
        (_others(connection, site, writer) or list_sentence(site.language, "addresses-none"),),
    )


def _others(connection: Connection, site: Site, writer: Writer) -> str:
    """Return a sentence with the writer's further addresses; "": he has none."""
    others = other_addresses.of_person(connection, writer.address)[1:]
    return list_sentence(site.language, "addresses-others", others="  ".join(others)) if others else ""


def _colleague(connection: Connection, old: str, address: str) -> bool:
    """Tell whether an address is of the same body, or of the same organisation's mail domain."""
    bodies = {person.body.code for person in members.people_at(connection, old)}
    if bodies & {person.body.code for person in members.people_at(connection, address)}:
        return True
    one, other = (split_address(address_key(each)) for each in (old, address))
    return one is not None and other is not None and bool(bodies) and same_organisation(one[1], other[1])


# --- how things stand ---------------------------------------------------------------------------------------------


def _guide(connection: Connection, site: Site, writer: Writer, value: MailingList) -> ListCommandDone:
    """Introduce a list to whom it is open, and to whoever could join it."""
    if name_list(connection, site, value, writer.address) != value.title:
        refuse_newcomer(connection, site, value, writer.address)
    names = [
        f"guide-{value.preset}",
        f"guide-join-{joining(value)}",
        "guide-leave" if leaving(value) else "guide-duty",
    ]
    count = lists.count_members(connection, value.name)
    lines = [list_sentence(site.language, name) for name in names]
    lines.insert(1, list_sentence(site.language, "guide-members", count=count))
    about = list_sentence(site.language, "guide", title=value.title, list=f"{value.name}@{site.domain}")
    return ListCommandDone(about, tuple(lines))


def _who(connection: Connection, site: Site, writer: Writer, value: MailingList) -> ListCommandDone:
    """Show bodies and names, never addresses: nobody needs them to write to the list."""
    say, name = site.language, name_list(connection, site, value, writer.address)
    match viewers(value):
        case "nobody":
            raise Refusal(list_sentence(say, "no-who", title=name))
        case "office" if not same_address(writer.address, site.office):
            raise Refusal(list_sentence(say, "office-who", title=name))
        case "members" if not same_address(writer.address, site.office):
            _member_only(connection, site, writer, value)
    shown = []
    addresses = lists.member_addresses(connection, value.name)
    for address in addresses[:_MOST_SHOWN]:
        people = members.people_at(connection, address)
        person = people[0] if people else None
        shown.append(list_sentence(say, "who-outside") if person is None else person.names)
    if len(addresses) > _MOST_SHOWN:
        shown.append(list_sentence(say, "who-more", count=len(addresses) - _MOST_SHOWN))
    return ListCommandDone(list_sentence(say, "who", title=value.title, count=len(addresses)), tuple(shown))


def _status(connection: Connection, site: Site, writer: Writer, now: datetime) -> ListCommandDone:
    say = site.language
    lines = [one.names for one in members.people_at(connection, writer.address)]
    lines += filter(None, [_others(connection, site, writer)])
    own = memberships.of_person(connection, writer.address)
    lines += [line for one in own if (line := status_of(connection, site, writer.address, one, now))]
    if not own:
        lines.append(list_sentence(say, "status-none"))
    return ListCommandDone(list_sentence(say, "status", address=writer.address), tuple(lines))


def status_of(connection: Connection, site: Site, address: str, one: Membership, now: datetime) -> str:
    """Return how a list's posts come to this person, in one line; "": he does not belong to it, and never left it."""
    value = lists.load(connection, one.list_name)
    assert value is not None, "a membership has its list"
    figures = {"title": value.title, "list": f"{value.name}@{site.domain}"}
    if not lists.is_member(connection, value.name, address):
        return list_sentence(site.language, "status-out", **figures) if one.standing == "left" else ""
    resumes = None if one.off_until is None else one.off_until - timedelta(seconds=1)
    last = until_words(site.language, None if resumes is None else resumes.astimezone(site.zone).date())
    if is_off(one, now):
        return list_sentence(site.language, "status-off", **figures, last=last)
    comes = list_sentence(site.language, status_name(one.mode), **figures)
    if one.off_from is None or one.off_from <= now:
        return comes
    first = date_words(one.off_from.astimezone(site.zone).date(), site.language)
    return comes + list_sentence(site.language, "status-will-rest", first=first, last=last)
