"""How a command acts: in one transaction, told in a sentence or with --json, and with --dry-run only tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from mailbot import show
from mailbot.cli.frame import Open, command, only_try, opened
from mailbot.installation import clock
from mailbot.store.keys import Kind, meant
from mailbot.store.sending import sendings

TRY = click.option("--dry-run", is_flag=True, help="Only say what would be done, and change nothing.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON in place of a sentence.")


@dataclass(frozen=True)
class Acting:
    """The transaction that a command acts in."""

    it: Open
    connection: Connection
    now: datetime
    newest_mailing: int  # when it began
    dry_run: bool

    @property
    def is_(self) -> str:
        """The verb of one thing that was done, or would be."""
        return "would be" if self.dry_run else "is"

    @property
    def are(self) -> str:
        """The verb of several."""
        return "would be" if self.dry_run else "are"


@dataclass(frozen=True)
class Deed:
    """What a command did, or would do."""

    words: str  # for people, in one line or several
    facts: Mapping[str, object] = field(default_factory=dict)  # for programs
    runs: Sequence[show.Row] = ()  # what is planned by it: `at`, `job`
    done: bool = True  # False: it waits for somebody
    hint: str = ""  # for people, what may come next: how to take it back, what else is to be done


@dataclass(frozen=True)
class Told:
    """A deed, with the mails that it put into the outbox."""

    deed: Deed
    mails: Sequence[show.Row]


def acting(group: click.Group, name: str) -> Callable[[Callable[..., Deed]], click.Command]:
    """Make a command that acts in one transaction; it takes --dry-run and --json, and the function returns its Deed."""

    def decorate(function: Callable[..., Deed]) -> click.Command:
        @wraps(function)
        def run(path: Path, *, dry_run: bool, as_json: bool, **arguments: Any) -> None:
            def do(act: Acting) -> Deed:
                return function(act, **_as_meant(act.connection, group, arguments))

            act_once(path, do, dry_run=dry_run, as_json=as_json)

        return command(group, name)(TRY(AS_JSON(run)))

    return decorate


_ABOUT: Mapping[str | None, tuple[Kind, ...]] = {
    "surveys": ("survey",),
    "events": ("event",),
    "bulletins": ("bulletin",),
    "meetings": ("meeting",),
    "schedule": ("survey", "event", "bulletin", "meeting", "list"),
}


def _as_meant(connection: Connection, group: click.Group, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with the key that is meant in place of the one that was typed."""
    if "key" not in arguments or group.name not in _ABOUT:
        return arguments
    return arguments | {"key": meant(connection, arguments["key"], *_ABOUT[group.name])}


def act_once(path: Path, do: Callable[[Acting], Deed], *, dry_run: bool, as_json: bool) -> None:
    """Act in one transaction and print what was done, or would be."""
    with opened(path) as it, transaction(it, dry_run=dry_run) as act:
        told = tell(act, do(act))
    show_told(told, dry_run=dry_run, as_json=as_json)


@contextmanager
def transaction(it: Open, *, dry_run: bool) -> Iterator[Acting]:
    """Open a transaction to act in; a trial run (--dry-run) takes it back at the end."""
    with it.database.write() as connection:
        yield Acting(it, connection, clock(), sendings.newest_mailing(connection), dry_run)
        only_try(connection, dry_run)


def tell(act: Acting, deed: Deed) -> Told:
    """Add to a deed what leaves by it: of each kind of mail how many copies, and from when on."""
    zone = act.it.config.timezone
    return Told(
        deed,
        [
            {
                "kind": made.kind,
                "copies": made.copies,
                "leaves_at": made.due_at and show.local(made.due_at, zone),
            }
            for made in sendings.made_after(act.connection, act.newest_mailing, act.now)
        ],
    )


def show_told(told: Told, *, dry_run: bool, as_json: bool) -> None:
    """Print one deed."""
    deed = told.deed
    if as_json:
        done = {"dry_run": dry_run, "done": deed.done and not dry_run}
        planned = {"runs": list(deed.runs)} if deed.runs else {}
        show.as_json(done | dict(deed.facts) | planned | {"outbox": list(told.mails), "said": deed.words})
        return
    print(deed.words)
    if not dry_run:
        if deed.hint:
            print(deed.hint)
        return
    for made in told.mails:
        print(
            f"would leave: {made['kind']} {made['copies']}, from {made['leaves_at'] or 'the end of the stop'}"
        )
    for run in deed.runs:
        print(f"would be planned: {run['at']} {run['job']}")
    print("nothing was changed (--dry-run)")
