"""What follows from time alone, beside the due-table: what is owed, waits too long, or goes out at an hour of the day."""

from __future__ import annotations

from datetime import datetime

from mailbot.flows.bulletins.settle_bulletin import expire_bulletin_acts
from mailbot.flows.lists.expire_held import expire_held
from mailbot.flows.lists.send_digests import digests_due, send_digests
from mailbot.flows.members.watch_addresses import watch_addresses
from mailbot.flows.office.mail_daily import daily_due, mail_daily
from mailbot.flows.office.mail_plan import mail_plan, plan_due
from mailbot.flows.office.settle_act import expire_acts
from mailbot.flows.office.tell_untold import tell_untold, untold_due
from mailbot.flows.surveys.destroy_sealed import destroy_due
from mailbot.flows.surveys.mail_ledger_heads import heads_due, mail_ledger_heads
from mailbot.flows.surveys.pay_receipts import pay_receipts
from mailbot.site import Site
from mailbot.store.database import Database
from mailbot.store.lists import held_posts
from mailbot.store.office import acts
from mailbot.store.surveys import ballots


def keep_up(database: Database, site: Site, now: datetime) -> int:
    """Do what has become due of these, each in its own transaction; returns how many things were done."""
    with database.read() as connection:
        owed = bool(ballots.owed_receipts(connection))
        waits = bool(acts.waiting(connection))
        held = bool(held_posts.due(connection, now) or held_posts.to_remind_of(connection, now))
        heads = bool(heads_due(connection, site, now))
        digests = digests_due(connection, site, now) is not None
        plan = plan_due(connection, site, now)
        daily = daily_due(connection, site, now)
        untold = untold_due(connection, site, now)
    stories = (
        (owed, pay_receipts),
        (waits, expire_acts),
        (waits, expire_bulletin_acts),
        (held, expire_held),
        (heads, mail_ledger_heads),
        (digests, send_digests),
        (plan, mail_plan),
        (daily, mail_daily),
        (untold, tell_untold),
    )
    done = 0
    for due, story in stories:
        if due:
            with database.write() as connection:
                done += story(connection, site, now)
    return done + watch_addresses(database, site, now) + destroy_due(database, site, now)
