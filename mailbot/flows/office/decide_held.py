"""Decide about a held mail from the desk on the web, exactly as a reply by mail does."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.office.desk_command import Decide
from mailbot.core.office.desk_sentences import mail_name, sentence
from mailbot.core.refusal import Refusal
from mailbot.flows.office.know_decider import Decider
from mailbot.flows.office.look_up_held import Decision, is_for, stamp_of
from mailbot.flows.office.obey_command import CommandDone, Desk, obey_command
from mailbot.flows.office.settle_held import settle_held
from mailbot.flows.surveys.held_reply import held_mail
from mailbot.site import Site
from mailbot.store.lists import held_posts
from mailbot.store.mail import inbox


def decide_held(
    connection: Connection,
    site: Site,
    decider: Decider,
    number: int,
    stamp: str,
    decision: Decision,
    reason: str,
    now: datetime,
) -> CommandDone:
    """Do what he decided about a mail as he saw it (`stamp`). Raises Refusal where that cannot be done.

    A form that comes twice decides once, also of a post that waits on after it was approved: it has another stamp then.
    """
    waits = held_posts.load(connection, number)
    if not is_for(decider, waits):
        raise Refusal(sentence(site.language, "no-mail", mail=mail_name(number)))
    held_mail(connection, site, number)
    waits = held_posts.load(connection, number)  # now that nobody else decides
    entry = inbox.entry(connection, number)
    if entry is None or stamp != stamp_of(entry, waits) or not is_for(decider, waits):
        raise Refusal(sentence(site.language, "seen-changed", mail=mail_name(number)))
    if decider.of_office:
        desk = Desk(site, decider.address, now, now)
        return obey_command(connection, desk, Decide(number, decision, reason))
    assert waits is not None, "a moderator has posts alone"
    settle_held(connection, site, number, decision, reason, now, by=decider.acts_as(waits.list_name))
    return CommandDone(sentence(site.language, decision, mail=mail_name(number)))
