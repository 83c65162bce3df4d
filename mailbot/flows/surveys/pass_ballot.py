"""A ballot found nobody at its address: the body's next contact gets it, and the office hears of both (ballot.md section 13)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import Language
from mailbot.core.mail.address import address_key
from mailbot.core.members.trouble import Failure, nobody_there
from mailbot.core.surveys.ledger import standings
from mailbot.core.surveys.matter import matter
from mailbot.flows.office.tell_office import tell_office
from mailbot.flows.surveys.open_survey import greeting, queue_ballots
from mailbot.render import ReportItem
from mailbot.site import Site
from mailbot.store.members import bounces, members, troubles
from mailbot.store.members.members import Person
from mailbot.store.sending import outbox
from mailbot.store.surveys import ballots, ledgers, proxies, surveys
from mailbot.store.surveys.ballots import Ballot

_MOST_IN_ONE = 100  # ballots in one mail
_WORDS: dict[Language, dict[str, str]] = {
    "ja": {
        "what": "{key} {body}：{address}に届きません",
        "nobody": "宛先がないと相手のサーバーが答えました（{words}）。",
        "passed": "次のご担当の{next}へ、{matter}のメールをお送りしました。お答えがまだなら、催促もそちらへ届きます。",
        "alone": "ほかにお送りできる方が名簿にないため、お答えをいただけません。",
        "person": "その方ご本人にお尋ねするものですので、ほかの方へはお送りしていません。",
        "please": "電話などで正しいアドレスをご確認のうえ、名簿を直してください。",
    },
    "en": {
        "what": "{key} {body}: {address} cannot be reached",
        "nobody": "The other server says that nobody is there ({words}).",
        "passed": " Its next contact, {next}, has got the mail now, and gets the reminders.",
        "alone": " The register has nobody else of this body, so that no answer will come.",
        "person": " This very person is asked, so that nobody else has got it.",
        "please": " Please find out the right address and correct the register.",
    },
}


def pass_ballot(
    connection: Connection, site: Site, delivery_id: int, failure: Failure, now: datetime
) -> ReportItem | None:
    """Send an unanswered ballot whose address has no user to the body's next contact; once for each address.

    Returns what the office must be told by `tell_unreached`; None where nothing was done.
    """
    ballot_id = bounces.ballot_of(connection, delivery_id)
    if ballot_id is None or not nobody_there(failure):
        return None
    ballot = ballots.by_id(connection, ballot_id)
    assert ballot is not None, "the copy refers to it"
    stored = surveys.load(connection, ballot.subject) if ballot.kind == "survey" else None
    if stored is None or stored.state != "open" or _has_answered(connection, ballot):
        return None
    address = outbox.address_of(connection, delivery_id) or ballot.address
    gone = troubles.nobody_at(connection, ballot.subject, ballot.id).get(ballot.id, [])
    if gone.count(address_key(address)) > 1:
        return None
    survey, people = stored.survey, members.people_of(connection, ballot.code)
    following = next_contact(people, ballot, gone) if survey.unit == "body" else None
    if following is not None:
        to = replace(ballot, address=following.contact.email, greeting=greeting(following))
        queue_ballots(
            connection,
            "invitation",
            [to],
            lambda layout: site.render.surveys.invitation(survey, instead=True, now=now, layout=layout),
            now,
        )
    words = _WORDS[site.language]
    done, named = ("person" if survey.unit == "person" else "alone"), ""
    if following is not None:
        done, named = "passed", f"{following.contact.name} {following.contact.email}".strip()
    body = people[0].body.name if people else ballot.code
    return ReportItem(
        words["what"].format(key=ballot.subject, body=body, address=address),
        words["nobody"].format(words=failure.words or failure.status)
        + words[done].format(next=named, matter=matter(survey, site.language))
        + words["please"],
    )


def tell_unreached(connection: Connection, site: Site, items: Sequence[ReportItem], now: datetime) -> None:
    """Tell the office of the ballots that found nobody: all that were found out at once in one mail."""
    for start in range(0, len(items), _MOST_IN_ONE):
        some = tuple(items[start : start + _MOST_IN_ONE])
        report = site.render.office.report(some, now=now)
        tell_office(connection, site, report, now, kind="office_report", by_others=True)


def next_contact(people: Collection[Person], ballot: Ballot, gone: Collection[str]) -> Person | None:
    """Return the best-ranked contact, other than the ballot's, whose address is not among those where nobody is (`gone`: keys)."""
    passed = {*gone, address_key(ballot.address)}
    return next((person for person in people if address_key(person.contact.email) not in passed), None)


def _has_answered(connection: Connection, ballot: Ballot) -> bool:
    """Tell whether something from its body counts, or waits for a word, or it has given its vote to another."""
    if ballot.code in standings(ledgers.rows(connection, ballot.subject, ballot.code)):
        return True
    return any(proxy.code == ballot.code for proxy in proxies.standing(connection, ballot.subject))
