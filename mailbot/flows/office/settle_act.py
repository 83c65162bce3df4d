"""A second person's word on an act that waits: done once on 承認, given up on 差戻し, by time, or when it is moot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.calendar import moment_words
from mailbot.core.mail.address import same_address
from mailbot.core.office.desk_sentences import STATES, act_name, sentence
from mailbot.core.office.journal_line import SCHEDULE
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.matter import matter
from mailbot.core.surveys.survey import Survey
from mailbot.core.surveys.two_persons import ACT_LASTS, ActState, Order, Word, may_decide, out_of_place
from mailbot.flows.office.ask_second_person import concerned
from mailbot.flows.office.perform_act import perform_act
from mailbot.flows.office.tell_office import tell_office
from mailbot.site import Site
from mailbot.store.office import acts, journal
from mailbot.store.office.acts import StoredAct
from mailbot.store.surveys import surveys
from mailbot.store.surveys.surveys import StoredSurvey


@dataclass(frozen=True)
class Decided:
    """The word counted: the act is done, or given up."""

    key: str
    sentence: str


@dataclass(frozen=True)
class Undecided:
    """The word did not count, or what it approved could not be done any more."""

    key: str
    sentence: str


def settle_act(
    connection: Connection, site: Site, act_id: int, word: Word, now: datetime
) -> Decided | Undecided:
    """Do an act on the word of a second person, or give it up; the others are told."""
    one = acts.lock(connection, act_id)
    assert one is not None, "a word names an act that is there"
    stored = surveys.lock(connection, one.key)
    if stored is None:  # it was withdrawn before it began, and its acts with it
        return Undecided(one.key, one.note)
    if (why := _why_not(site, one, stored, word.by)) is not None:
        return Undecided(one.key, why)
    if (lapsed := lapse(site, one, stored, now)) is not None:
        _give_up(connection, site, one, stored.survey, lapsed, now, but=word.by)
        return Undecided(one.key, lapsed)
    if not word.approve:
        acts.decide(connection, act_id, "rejected", by=word.by, note=word.note, now=now)
        detail = f"{one.act}: {word.note}"
        journal.add(connection, "act.rejected", now, who=word.by, about=one.key, detail=detail)
        _tell(connection, site, one, stored.survey, "rejected", word.by, word.note, now, but=word.by)
        said = act_name(site.language, one.act, stored.survey)
        return Decided(one.key, sentence(site.language, "sent-back", act=said, key=one.key))
    return _do(connection, site, one, stored, word, now)


def expire_acts(connection: Connection, site: Site, now: datetime) -> int:
    """Give up the acts that nobody approved in time, or that make no sense any more; returns how many."""
    given_up = 0
    for waiting in acts.waiting(connection):
        one = acts.lock(connection, waiting.id)
        stored = surveys.load(connection, waiting.key)
        if one is None or one.state != "waiting" or stored is None:
            continue
        if (lapsed := lapse(site, one, stored, now)) is not None:
            _give_up(connection, site, one, stored.survey, lapsed, now)
            given_up += 1
    return given_up


def give_up_acts(connection: Connection, site: Site, survey: Survey, why: str, now: datetime) -> None:
    """Give up whatever waits for a second person about a survey; who was asked is told why."""
    for one in acts.waiting(connection, survey.key):
        _give_up(connection, site, one, survey, why, now)


def lapse(site: Site, one: StoredAct, stored: StoredSurvey, now: datetime) -> str | None:
    """Return why a waiting act can no longer be approved; None: it can."""
    if now - one.asked_at > ACT_LASTS:
        return sentence(site.language, "lapsed")
    if out_of_place(one.act, stored.state, published=stored.published_at is not None):
        return sentence(site.language, "moot", matter=matter(stored.survey, site.language))
    if acts.digest_of(stored.survey) != one.digest:
        return sentence(site.language, "changed", matter=matter(stored.survey, site.language))
    return None


def _why_not(site: Site, one: StoredAct, stored: StoredSurvey, by: str) -> str | None:
    """Return why this person's word does not decide about this act; None: it does."""
    if one.state == "expired":
        return one.note
    if one.state != "waiting":
        state = STATES[site.language][one.state]
        return sentence(site.language, "decided", state=state, by=one.decided_by)
    if same_address(one.asked_by, by):
        return sentence(site.language, "own-act")
    if not may_decide(stored.survey, one.act, site.people, asked_by=one.asked_by, address=by):
        return sentence(site.language, "not-asked")
    return None


def _do(
    connection: Connection, site: Site, one: StoredAct, stored: StoredSurvey, word: Word, now: datetime
) -> Decided | Undecided:
    survey, by = stored.survey, word.by
    acts.decide(
        connection, one.id, "approved", by=by, note=word.note, now=now
    )  # an opening looks whether it is
    by_plan = one.detail.get("when") == "plan"
    opens = moment_words(survey.opens.astimezone(site.zone), site.language)
    if by_plan and now < survey.opens:
        done = sentence(site.language, "approved-draft", key=one.key, opens=opens)
        journal.add(connection, "act.approved", now, who=by, about=one.key, detail=f"{one.act}, as planned")
    else:
        try:
            with connection.begin_nested():
                order = Order(one.key, one.act, one.detail, f"{one.asked_by}, {by}", word.received_at)
                done = perform_act(connection, site, order, now).sentence
            if by_plan:  # its run was skipped, having nobody's approval, and never comes again
                done += sentence(site.language, "opens-passed", opens=opens)
        except Refusal as refusal:
            if one.act == "destroy":  # approved it stays, and is done as soon as it can be (destroy_due)
                return Decided(one.key, sentence(site.language, "destroy-later", key=one.key))
            why = sentence(site.language, "not-done", why=str(refusal))
            acts.decide(connection, one.id, "expired", by=by, note=why, now=now)
            _tell(connection, site, one, survey, "expired", by, why, now, but=by)
            return Undecided(one.key, why)
    _tell(connection, site, one, survey, "approved", by, done, now, but=by)
    return Decided(one.key, done)


def _give_up(
    connection: Connection,
    site: Site,
    one: StoredAct,
    survey: Survey,
    why: str,
    now: datetime,
    *,
    but: str = "",
) -> None:
    acts.decide(connection, one.id, "expired", by="", note=why, now=now)
    journal.add(connection, "act.expired", now, who=SCHEDULE, about=one.key, detail=f"{one.act}: {why}")
    _tell(connection, site, one, survey, "expired", "", why, now, but=but)


def _tell(
    connection: Connection,
    site: Site,
    one: StoredAct,
    survey: Survey,
    state: ActState,
    by: str,
    words: str,
    now: datetime,
    *,
    but: str,
) -> None:
    """Tell all who asked or were asked what became of an act, but not the one who is answered anyway."""
    to = [address for address in concerned(site, survey, one) if not same_address(address, but)]
    cooked = site.render.office.act_settled(one.act, survey, state=state, by=by, sentence=words, now=now)
    tell_office(connection, site, cooked, now, kind="office_act_settled", to=to)
