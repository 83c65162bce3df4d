"""A word on a bulletin's draft: on 承認 it goes out, now or at its time; on 差戻し it does not; the others hear of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.bulletins.bulletin_sentences import bulletin_sentence
from mailbot.core.calendar import moment_words
from mailbot.core.mail.address import same_address
from mailbot.core.office.desk_sentences import STATES
from mailbot.core.office.journal_line import SCHEDULE
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.two_persons import ACT_LASTS, Word, deciders
from mailbot.flows.bulletins.send_bulletin import bulletin_to_change, send_bulletin, sent_sentences
from mailbot.flows.office.settle_act import Decided, Undecided
from mailbot.flows.office.tell_office import tell_office
from mailbot.site import Site
from mailbot.store.bulletins.bulletins import StoredBulletin
from mailbot.store.office import acts, journal
from mailbot.store.office.acts import StoredAct


def settle_bulletin(
    connection: Connection, site: Site, act_id: int, word: Word, now: datetime
) -> Decided | Undecided:
    """Let a bulletin go out on a second person's word, or send it back to its editor."""
    by = word.by
    one = acts.lock(connection, act_id)
    assert one is not None, "a word names an act that is there"
    stored = bulletin_to_change(connection, one.key)
    if (why := _why_not(site, one, stored, by, now)) is not None:
        return Undecided(one.key, why)
    if not word.approve:
        acts.decide(connection, act_id, "rejected", by=by, note=word.note, now=now)
        journal.add(connection, "act.rejected", now, who=by, about=one.key, detail=f"send: {word.note}")
        _tell(connection, site, one, stored, "rejected", by, word.note, now)
        return Decided(one.key, bulletin_sentence(site.language, "sent-back", key=one.key))
    acts.decide(connection, act_id, "approved", by=by, note=word.note, now=now)
    journal.add(connection, "act.approved", now, who=by, about=one.key, detail="send")
    sends = stored.bulletin.sends
    if sends is not None and now < sends:
        at = moment_words(sends.astimezone(site.zone), site.language)
        said = bulletin_sentence(site.language, "approved", key=one.key, at=at)
    else:
        try:
            with connection.begin_nested():
                minutes = stored.bulletin.undo_minutes
                sent = send_bulletin(connection, site, one.key, now, by=by, undo_minutes=minutes)
        except Refusal as refusal:
            return Undecided(one.key, str(refusal))
        said = "".join(sent_sentences(site, one.key, sent, now))
    _tell(connection, site, one, stored, "approved", by, said, now)
    return Decided(one.key, said)


def expire_bulletin_acts(connection: Connection, site: Site, now: datetime) -> int:
    """Give up the drafts about which nobody said a word in time; returns how many."""
    given_up = 0
    for waiting in acts.waiting(connection):
        if waiting.act != "send" or now - waiting.asked_at <= ACT_LASTS:
            continue
        one, stored = acts.lock(connection, waiting.id), bulletin_to_change(connection, waiting.key)
        if one is None or one.state != "waiting":
            continue
        why = bulletin_sentence(site.language, "lapsed")
        acts.decide(connection, one.id, "expired", by="", note=why, now=now)
        journal.add(connection, "act.expired", now, who=SCHEDULE, about=one.key, detail=f"send: {why}")
        _tell(connection, site, one, stored, "expired", "", why, now)
        given_up += 1
    return given_up


def _why_not(site: Site, one: StoredAct, stored: StoredBulletin, by: str, now: datetime) -> str | None:
    """Return why this person's word does not decide about this draft; None: it does."""
    say = site.language
    if stored.state != "draft":
        return bulletin_sentence(say, "gone" if stored.state == "sent" else "called-back", key=one.key)
    if one.state == "expired":
        return (
            bulletin_sentence(say, "changed") if acts.digest_of(stored.bulletin) != one.digest else one.note
        )
    if one.state != "waiting":
        return bulletin_sentence(say, "decided", state=STATES[say][one.state], by=one.decided_by)
    if now - one.asked_at > ACT_LASTS:
        return bulletin_sentence(say, "lapsed")
    if acts.digest_of(stored.bulletin) != one.digest:
        return bulletin_sentence(say, "changed")
    may = deciders(stored.bulletin.approvers, site.people, asked_by=one.asked_by, office=site.office)
    if any(same_address(by, each) for each in may):
        return None
    return bulletin_sentence(say, "own" if same_address(by, one.asked_by) else "not-asked")


def _tell(
    connection: Connection,
    site: Site,
    one: StoredAct,
    stored: StoredBulletin,
    state: str,
    by: str,
    words: str,
    now: datetime,
) -> None:
    """Tell who asked, and who was asked, what became of the draft; but not the one who is answered anyway."""
    asker = one.asked_by if "@" in one.asked_by else site.office
    may = deciders(stored.bulletin.approvers, site.people, asked_by=one.asked_by, office=site.office)
    to = [each for each in dict.fromkeys((asker, *may)) if not same_address(each, by)]
    cooked = site.render.office.letter(
        "bulletin_settled",
        now=now,
        key=one.key,
        title=stored.bulletin.title,
        state=STATES[site.language][state],
        by=by,
        words=words,
        write_again=bool(stored.written_by) and state == "rejected",
    )
    if to:
        tell_office(connection, site, cooked, now, kind="bulletin_settled", to=to)
