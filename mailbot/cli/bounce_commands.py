"""`mailbot bounces`: the addresses whose mail comes back, and who did not get a post."""

from __future__ import annotations

import re
from dataclasses import replace

import click
from sqlalchemy import Connection

from mailbot import show
from mailbot.cli.act_frame import Acting, Deed, acting
from mailbot.cli.frame import JSON, Open, config_of, opened
from mailbot.cli.root import CONFIG, root
from mailbot.core.mail.address import valid_address
from mailbot.core.members.trouble import Failure, Trouble, score_at
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.core.refusal import Refusal
from mailbot.flows.members.resume_address import resume_address
from mailbot.flows.members.suspend_address import suspend_address
from mailbot.installation import clock
from mailbot.store.lists import lists
from mailbot.store.members import members, troubles

_OFFICE = "the command line"


@root.group("bounces", invoke_without_command=True)
@CONFIG
@click.option(
    "--post",
    metavar="N",
    help="Who did not get one post: its number in `queue` (12), or list and number (security:7).",
)
@JSON
@click.pass_context
def _bounces(context: click.Context, post: str | None, as_json: bool) -> None:
    """Show the addresses whose mail comes back, with the server's last words; or who did not get a post."""
    if context.invoked_subcommand is not None:
        return
    path = config_of(context)
    with opened(path) as it, it.database.read() as connection:
        if post is not None:
            rows = _missed(connection, post)
            show.table(
                rows, as_json=as_json, empty="everybody whom it was sent to has got it, as far as is known"
            )
            return
        rows = [_row(connection, it, one) for one in troubles.every(connection)]
    show.table(rows, as_json=as_json, empty="no mail has come back of late")


@acting(_bounces, "reset")
@click.argument("address")
def _bounces_reset(act: Acting, address: str) -> Deed:
    """Forget what came back from an address, whatever its state."""
    _known(act.connection, address)
    resume_address(act.connection, address, "reset", act.now, by=COMMAND_LINE)
    return Deed(f"{address}: what came back is forgotten; list mail goes to it", {"address": address})


@acting(_bounces, "resume")
@click.argument("address")
def _bounces_resume(act: Acting, address: str) -> Deed:
    """Send list mail to a suspended address again."""
    if _known(act.connection, address).state == "watched":
        raise Refusal(
            f"{address} is not suspended, it only is watched; `mailbot bounces reset {address}` forgets its bounces"
        )
    resume_address(act.connection, address, "resumed", act.now, by=COMMAND_LINE)
    return Deed(f"{address}: list mail goes to it again", {"address": address, "state": "watched"})


@acting(_bounces, "suspend")
@click.argument("address")
def _bounces_suspend(act: Acting, address: str) -> Deed:
    """Stop list mail to an address; it stays a member, and surveys go on."""
    if not valid_address(address):
        raise Refusal(f"{address!r} is not a mail address such as sato@city.example.jp")
    if not troubles.is_ours(act.connection, address):
        raise Refusal(
            f"nobody is registered, or on a list, with {address}; `mailbot members export` shows them"
        )
    one = troubles.load(act.connection, address)
    if one is not None and one.state == "suspended":
        raise Refusal(f"{address} is suspended already; `mailbot bounces` shows since when")
    if one is None:
        nothing = Failure(permanent=False, reason="other", status="", words="")
        one = Trouble(address, act.now, act.now, 0, act.now, None, nothing, summed_at=act.now)
    suspend_address(act.connection, act.it.site, replace(one, address=address), act.now, by=_OFFICE)
    return Deed(
        f"{address}: no list mail goes to it; `mailbot bounces resume {address}` takes that back",
        {"address": address, "state": "suspended"},
    )


def _known(connection: Connection, address: str) -> Trouble:
    one = troubles.load(connection, address)
    if one is None:
        raise Refusal(f"nothing has come back from {address} of late; `mailbot bounces` shows the addresses")
    return one


def _row(connection: Connection, it: Open, one: Trouble) -> show.Row:
    """Return what is shown of one address."""
    zone, now = it.config.timezone, clock()
    return {
        "address": one.address,
        "body": " ".join(
            dict.fromkeys(each.body.name for each in members.people_at(connection, one.address))
        ),
        "state": one.state,
        "since": show.local(one.state_at or one.since, zone),
        "by": one.state_by,
        "score": round(score_at(one, now, it.site.bounce_limits), 2),
        "last": show.local(one.last_at, zone),
        "reason": one.failure.reason,
        "status": one.failure.status,
        "words": one.failure.words,
    }


def _missed(connection: Connection, post: str) -> list[show.Row]:
    """Return who did not get a post, and why."""
    return [
        {"list": name, "address": one.address, "state": one.state, "words": one.words}
        for mailing_id, name, made_at in troubles.mailings_of(connection, _inbox_number(connection, post))
        for one in troubles.missed(connection, mailing_id, name, made_at)
    ]


def _inbox_number(connection: Connection, post: str) -> int:
    """Return the number in the inbox of the post that a person names."""
    name, colon, number = post.rpartition(":")
    if not re.fullmatch(r"[0-9]{1,18}", number):
        raise click.UsageError(f"--post: {post!r} is no number such as 12, or security:7 for a list's own")
    if not colon:
        if not troubles.mailings_of(connection, int(number)):
            raise Refusal(
                f"mail {number} did not go out as a post; `mailbot queue --why {number}` tells its story"
            )
        return int(number)
    lists.require(connection, name)
    found = troubles.received_as(connection, name, int(number))
    if found is None:
        raise Refusal(f"the archive of {name} has no post {number} that was sent from here")
    return found
