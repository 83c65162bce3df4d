"""Send trial ballots 練習投票 of a survey to a few bodies; nothing of what comes back counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from mailbot.core.refusal import Refusal
from mailbot.core.surveys.trial import TrialReport, trial_report
from mailbot.flows.surveys.choose_bodies import ballots_for, choose_bodies
from mailbot.flows.surveys.open_survey import ballot_copy
from mailbot.site import Site
from mailbot.store.sending import outbox
from mailbot.store.surveys import ballots, gateways, ledgers, surveys
from mailbot.store.surveys.ballots import Ballot

# A trial's ballots and ledger stand under it and the survey's key, outside of the electorate
SUBJECT = "trial:"
_WORD = {"ja": "練習", "en": "TRIAL"}


def send_trial(
    connection: Connection, site: Site, key: str, now: datetime, *, to: Sequence[str] = (), pilot: int
) -> list[Ballot]:
    """Queue trial ballots to these codes and addresses, or else to `pilot` bodies of the audience; returns them.

    Raises Refusal when the survey is not there or is closed already.
    """
    stored = surveys.load(connection, key)
    if stored is None:
        raise Refusal(f"survey {key}: there is none with this key; run `mailbot apply` first")
    if stored.state == "closed":
        raise Refusal(f"survey {key} is closed; a trial helps before it is opened")
    people = choose_bodies(connection, stored.survey.audience, to=to, pilot=pilot)
    prefix = f"{_WORD[site.language]}-{key}"
    asked = ballots_for(connection, site, "trial", SUBJECT + key, people, prefix)
    for layout, group in gateways.by_layout(connection, asked).items():
        mailing_id = outbox.add_mailing(
            connection,
            kind="trial",
            subject=SUBJECT + key,
            cooked=site.render.surveys.trial(stored.survey, now=now, layout=layout),
            bounces="bounce",
            now=now,
        )
        outbox.queue(connection, mailing_id, [ballot_copy(ballot) for ballot in group], now)
    return asked


def report_trial(connection: Connection, key: str) -> TrialReport:
    """Return how the trial of a survey went. Raises Refusal when there was none."""
    sent = ballots.count(connection, SUBJECT + key)
    if not sent:
        raise Refusal(
            f"survey {key}: no trial ballots were sent; `mailbot surveys trial {key} --pilot` sends ten"
        )
    return trial_report(sent, ledgers.rows(connection, SUBJECT + key))
