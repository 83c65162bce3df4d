"""Ask each body's primary contact whether the register is right (名簿確認), and those again who have not answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import date_words, moment_words
from mailbot.core.mail.address import address_key
from mailbot.core.members.audience import Selector
from mailbot.core.members.roll_call import RollCall, reminders
from mailbot.core.office.journal_line import COMMAND_LINE, SCHEDULE
from mailbot.core.office.plan import JobName, occurrence
from mailbot.core.refusal import Refusal
from mailbot.flows.members.ask_confirmation import ConfirmationQuestion, ask_confirmation
from mailbot.flows.surveys.open_survey import first_of_each_body, greeting
from mailbot.site import Site
from mailbot.store.members import members, roll_calls
from mailbot.store.members.confirmations import Confirmation
from mailbot.store.members.members import Person
from mailbot.store.office import journal
from mailbot.store.runs import occurrences
from mailbot.store.runs.occurrences import Occurrence
from mailbot.store.sending import allowances

_YEAR_BEGINS = frozenset({3, 4, 5})  # months in which a roll-call is that of the new fiscal year


def plan_roll_call(
    connection: Connection, site: Site, opens: datetime, closes: datetime, now: datetime
) -> RollCall:
    """Put a roll-call and its reminders into the due-table. Raises Refusal when it cannot be planned so."""
    opens, closes = (moment.astimezone(site.zone) for moment in (opens, closes))
    if closes <= max(opens, now):
        raise Refusal(
            f"the roll-call would close at {closes:%Y-%m-%d %H:%M}, which is not after its opening and now"
        )
    before = roll_calls.newest(connection)
    if before is not None and before.closes > min(opens, now):
        raise Refusal(
            f"the roll-call {before.key} runs until {before.closes.astimezone(site.zone):%Y-%m-%d %H:%M}; "
            "the next can open when it has closed"
        )
    call = RollCall(f"{opens:%Y-%m-%d}", opens, closes)
    if roll_calls.load(connection, call.key) is not None:
        raise Refusal(f"there was a roll-call on {call.key} already; open this one on another day")
    roll_calls.plan(connection, call)
    runs = [(JobName("rollcall", call.key, "open", 0), opens)]
    runs += [
        (JobName("rollcall", call.key, "reminder", number), at)
        for number, at in enumerate(reminders(call, site.calendar), 1)
    ]
    wanted = [Occurrence(str(name), occurrence(at, site.zone), at) for name, at in runs]
    occurrences.plan(connection, f"rollcall:{call.key}:", wanted)
    times = f"{opens:%Y-%m-%d %H:%M} to {closes:%Y-%m-%d %H:%M}"
    journal.add(
        connection, "rollcall.planned", now, who=COMMAND_LINE, about=f"rollcall {call.key}", detail=times
    )
    return call


def call_roll(connection: Connection, site: Site, key: str, now: datetime) -> int:
    """Ask everybody who was not asked yet, and those again who have not answered; returns how many mails."""
    call = roll_calls.load(connection, key)
    if call is None or now >= call.closes:
        raise Refusal(f"the roll-call {key} is closed, or there is none")
    asked = {entry.code: entry for entry in roll_calls.entries(connection, key)}
    everybody = members.selected(connection, Selector(everyone=True))
    first = first_of_each_body(everybody)
    if not asked:
        roll_calls.add(connection, key, [(person.body.code, person.contact.email) for person in first])
        to = first
    else:
        away = roll_calls.unreached(connection, call.opens)
        silent = {
            code
            for code, entry in asked.items()
            if entry.answer == "" and address_key(entry.address) not in away
        }
        to = [_at(person, asked[person.body.code].address) for person in first if person.body.code in silent]
    colleagues: dict[str, list[Person]] = {}
    for person in everybody:
        colleagues.setdefault(person.body.code, []).append(person)
    for person in to:
        _ask(connection, site, call, person, colleagues[person.body.code], now, again=bool(asked))
    what = "rollcall.reminded" if asked else "rollcall.opened"
    journal.add(connection, what, now, who=SCHEDULE, about=f"rollcall {key}", detail=f"{len(to)} asked")
    return len(to)


def ask_again(connection: Connection, site: Site, asked: Confirmation, now: datetime, inbox_id: int) -> None:
    """Ask who sent the roll-call back as it was, in a mail that he can answer, unless one more would be too many."""
    call = roll_calls.load(connection, asked.detail["call"])
    colleagues = members.selected(connection, Selector(codes=(asked.about,)))
    if call is None or not colleagues or not allowances.spend_answer(connection, asked.address, now):
        return
    person = _at(colleagues[0], asked.address)
    _ask(connection, site, call, person, colleagues, now, again=True, untouched=True, inbox_id=inbox_id)


def _at(person: Person, address: str) -> Person:
    """Return the person at the address that was asked: a reminder goes nowhere else."""
    return replace(person, contact=replace(person.contact, email=address))


def _ask(
    connection: Connection,
    site: Site,
    call: RollCall,
    person: Person,
    registered: list[Person],
    now: datetime,
    *,
    again: bool,
    untouched: bool = False,
    inbox_id: int | None = None,
) -> None:
    closes = call.closes.astimezone(site.zone)
    question = ConfirmationQuestion(
        "roll_call",
        person.contact.email,
        "roll_call",
        about=person.body.code,
        detail={"call": call.key},
        by_mail=False,
        lasts=call.closes - now,
        bounces="bounce",
        inbox_id=inbox_id,
    )
    ask_confirmation(
        connection,
        site,
        question,
        now,
        again=again,
        untouched=untouched,
        year_begins=call.opens.astimezone(site.zone).month in _YEAR_BEGINS,
        greeting=greeting(person),
        body=person.body.name,
        contacts=[_contact(one) for one in registered],
        until=date_words(closes.date(), site.language),
        closes=moment_words(closes, site.language),
    )


def _contact(person: Person) -> dict[str, object]:
    contact = person.contact
    name = " ".join(filter(None, (contact.role, contact.name)))
    return {"rank": contact.rank, "name": name, "email": contact.email}
