"""`mailbot held accept|trust|reject|discard`: a person's decision about mail that waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from mailbot.cli.act_frame import AS_JSON, TRY, Acting, Deed, Told, show_told, tell, transaction
from mailbot.cli.frame import NUMBER, Open, command, opened
from mailbot.cli.held_commands import held_group
from mailbot.cli.second_person_frame import request
from mailbot.core.refusal import Refusal
from mailbot.flows.office.settle_held import settle_held
from mailbot.flows.surveys.held_reply import ballot_of_mail
from mailbot.flows.surveys.missed_result import published_at
from mailbot.site import Site
from mailbot.store.lists import held_posts, lists
from mailbot.store.mail import inbox
from mailbot.store.surveys import surveys


def _held_command(decision: str, help_text: str) -> None:
    @command(held_group, decision)
    @click.argument("number", type=NUMBER, nargs=-1, metavar="NUMBER...")
    @click.option(
        "--reason",
        default="",
        help="A sentence for the history, and for the sender of a rejected mail; or the number of a list's reason.",
    )
    @click.option("--all", "every", is_flag=True, help="All held posts of the list that --list names.")
    @click.option("--list", "name", metavar="NAME", help="A list.")
    @TRY
    @AS_JSON
    def settle(
        path: Path,
        number: tuple[int, ...],
        reason: str,
        every: bool,
        name: str | None,
        dry_run: bool,
        as_json: bool,
    ) -> None:
        with opened(path) as it:
            numbers = _numbers(it, number, name if every else None, named=name is not None, every=every)
            told: list[Told] = []
            refused: list[str] = []
            for one in numbers:
                try:
                    # Each mail in a transaction of its own: one that cannot be decided holds none of the others up.
                    with transaction(it, dry_run=dry_run) as act:
                        told.append(tell(act, _settle(act, one, decision, reason)))
                except Refusal as refusal:
                    refused.append(str(refusal))
        if told or as_json:
            show_told(_together(told, refused, decision), dry_run=dry_run, as_json=as_json)
        if refused:
            raise Refusal("; ".join(refused))

    settle.help = help_text


def _numbers(
    it: Open, numbers: tuple[int, ...], name: str | None, *, named: bool, every: bool
) -> tuple[int, ...]:
    """Return which mails are meant: those that were named, or all of one list that wait for a moderator."""
    if named != every or bool(numbers) == every:
        raise click.UsageError("name the mails by their numbers, or write --all --list NAME")
    if name is None:
        return numbers
    with it.database.read() as connection:
        lists.require(connection, name)
        waiting = held_posts.of_list(connection, name)
    return tuple(one.inbox_id for one in waiting if one.waits_for == "moderators")


def _together(told: Sequence[Told], refused: Sequence[str], decision: str) -> Told:
    """Return decisions about several mails as one deed, with why others could not be decided."""
    each = [{**one.deed.facts, "done": one.deed.done, "said": one.deed.words} for one in told]
    copies: Counter[str] = Counter()
    first: dict[str, Any] = {}
    for row in (row for one in told for row in one.mails):
        copies[row["kind"]] += row["copies"]
        first.setdefault(row["kind"], row["leaves_at"])
    words = "\n".join(one.deed.words for one in told)
    facts = {"decision": decision, "mails": each, "refused": list(refused)}
    deed = Deed(words, facts, done=not refused and all(one.deed.done for one in told))
    return Told(deed, [{"kind": kind, "copies": copies[kind], "leaves_at": at} for kind, at in first.items()])


def _settle(act: Acting, number: int, decision: str, reason: str) -> Deed:
    """Decide about one mail."""
    key = _resolution_of(act.connection, act.it.site, number) if decision == "accept" else None
    if key is None:
        said = settle_held(act.connection, act.it.site, number, decision, reason, act.now)
        return Deed(said, {"mail": number})
    out = published_at(act.connection, key)
    zone = act.it.site.zone
    missed = "" if out is None else f"; the result went out {out.astimezone(zone):%Y-%m-%d %H:%M} without it"
    admitted = Deed(f"mail {number}: admitted to {key}{missed}", {"mail": number})
    return request(act, key, "admit", lambda _: admitted, number=str(number))


def _resolution_of(connection: Connection, site: Site, number: int) -> str | None:
    """Return the resolution that a held mail votes on: to admit a vote there needs two persons."""
    received = inbox.load(connection, number)
    ballot = None if received is None else ballot_of_mail(connection, site, received)
    stored = None if ballot is None else surveys.load(connection, ballot.subject)
    return stored.survey.key if stored is not None and stored.survey.resolution is not None else None


_held_command("accept", "Let a held post go out, or a held answer count.")
_held_command("trust", "Let a held post go out, and from now on what its author posts to that list.")
_held_command("reject", "Refuse a held mail and tell its author, or the body's registered address, why.")
_held_command("discard", "Put a held mail aside without a word to its sender.")
