"""`mailbot bulletins`: the mail magazine, from its draft to what became of each copy."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection

from mailbot import show
from mailbot.cli.act_frame import Acting, Deed, acting
from mailbot.cli.frame import JSON, PATH, command, only_try, opened, write_out
from mailbot.cli.root import CONFIG, root
from mailbot.core.office.journal_line import COMMAND_LINE
from mailbot.flows.bulletins.ask_bulletin import ask_bulletin
from mailbot.flows.bulletins.cancel_bulletin import cancel_bulletin
from mailbot.flows.bulletins.choose_readers import Readers, choose_readers
from mailbot.flows.bulletins.compose_bulletin import compose_bulletin
from mailbot.flows.bulletins.send_bulletin import send_bulletin
from mailbot.flows.bulletins.try_bulletin import try_bulletin
from mailbot.installation import clock
from mailbot.store import keys
from mailbot.store.bulletins import bulletins
from mailbot.store.bulletins.bulletins import StoredBulletin
from mailbot.store.keys import meant

_FIRST = 5  # readers that a dry run names
_MOST_COPIES = 100  # that `show --copies` prints
_KEY = click.argument("key")
_DRY_RUN = click.option(
    "--dry-run", is_flag=True, help="Only say what would go, to how many and to whom first."
)


@root.group("bulletins")
@CONFIG
def _bulletins() -> None:
    """The mail magazine and other bulletins."""


@command(_bulletins, "list")
@JSON
def _bulletins_list(path: Path, as_json: bool) -> None:
    """Show the bulletins."""
    with opened(path) as it, it.database.read() as connection:
        rows = [_row(connection, one, it.site.zone) for one in bulletins.every(connection)]
    if not as_json:
        rows = [row | {"copies": _words(row["copies"])} for row in rows]
    show.table(
        rows, as_json=as_json, empty="no bulletins; write one in config/bulletins/ and run `mailbot apply`"
    )


@command(_bulletins, "show")
@_KEY
@click.option("--copies", is_flag=True, help="With what became of each copy, those that failed first.")
@JSON
def _bulletins_show(path: Path, key: str, copies: bool, as_json: bool) -> None:
    """Show where a bulletin stands, to whom it goes or went, and what became of its copies."""
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "bulletin")
        stored = _stored(connection, key)
        shown: dict[str, object] = dict(_row(connection, stored, it.site.zone))
        shown["note"] = stored.note
        if stored.state == "draft":
            shown["readers"] = _readers(choose_readers(connection, stored.bulletin, clock()))
        rows = [asdict(one) for one in bulletins.copies(connection, stored.mailings)] if copies else []
    rows.sort(key=lambda row: str(row["state"]) not in {"failed", "expired"})
    if as_json:
        show.as_json(shown | ({"copies_each": rows} if copies else {}))
        return
    show.facts({name: _words(value) for name, value in shown.items()})
    if copies:
        show.table(rows[:_MOST_COPIES], as_json=False, empty="no copies were made")
        if len(rows) > _MOST_COPIES:
            print(f"{len(rows) - _MOST_COPIES} more; --json shows all")


@command(_bulletins, "preview")
@_KEY
@click.option("--html", is_flag=True, help="The HTML in place of the plain text.")
@click.option(*("-o", "--out", "target"), type=PATH, help="The file to write.")
@JSON
def _bulletins_preview(path: Path, key: str, html: bool, target: Path | None, as_json: bool) -> None:
    """Show a bulletin as it would leave now; of one that went out, as it did."""
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "bulletin")
        stored = _stored(connection, key)
        composed = compose_bulletin(connection, it.site, stored.bulletin, clock())
    if as_json:
        show.as_json({"key": key, "subject": composed.subject, "text": composed.text, "html": composed.html})
        return
    text = composed.html if html else f"Subject: {composed.subject}\n\n{composed.text}"
    if target is None:
        print(text, end="")
        return
    write_out(text.encode(), target)


@acting(_bulletins, "test")
@_KEY
@click.option("--to", "to", multiple=True, metavar="ADDRESS", help="To these in place of the panel `test:`.")
def _bulletins_test(act: Acting, key: str, to: tuple[str, ...]) -> Deed:
    """Send trial copies to the test panel."""
    panel = try_bulletin(act.connection, act.it.site, key, to, act.now, by=COMMAND_LINE)
    words = f"bulletin {key}: trial copies {act.are} in the outbox, to {', '.join(panel)}"
    return Deed(words, {"key": key, "to": list(panel)})


@acting(_bulletins, "approve")
@_KEY
def _bulletins_approve(act: Acting, key: str) -> Deed:
    """Send a draft to those who must approve it; their reply 承認 lets it go out."""
    asked = ask_bulletin(act.connection, act.it.site, key, act.now, by=COMMAND_LINE)
    words = f"bulletin {key}: the draft {act.is_} in the outbox, to {' and '.join(asked)}; it goes out once one replies 承認"
    return Deed(words, {"key": key, "waits_for": list(asked)}, done=False)


@command(_bulletins, "send-now")
@_KEY
@_DRY_RUN
@JSON
def _bulletins_send_now(path: Path, key: str, dry_run: bool, as_json: bool) -> None:
    """Send a bulletin now; its copies wait some minutes in the outbox, in which `cancel` calls it back whole."""
    with opened(path) as it, it.database.write() as connection:
        key = meant(connection, key, "bulletin")
        minutes = _stored(connection, key).bulletin.undo_minutes
        sent = send_bulletin(connection, it.site, key, clock(), by=COMMAND_LINE, undo_minutes=minutes)
        only_try(connection, dry_run)
    first = [one.address for one in sent.readers.readers[:_FIRST]]
    if as_json:
        show.as_json(
            {"dry_run": dry_run, "subject": sent.subject, "number": sent.number, "copies": sent.copies}
            | {
                "first": first,
                **_readers(sent.readers),
                "leaves_at": show.local(sent.leaves_at, it.site.zone),
            }
        )
        return
    what = "would go" if dry_run else "is in the outbox"
    print(f"{sent.subject}\n{what} to {sent.copies}, first to {', '.join(first)}")
    print(_words(_readers(sent.readers)))
    if not dry_run and minutes:
        print(
            f"it leaves at {show.local(sent.leaves_at, it.site.zone)}; until then: mailbot bulletins cancel {key}"
        )


@acting(_bulletins, "cancel")
@_KEY
@click.option("--why", default="", help="For the record.")
def _bulletins_cancel(act: Acting, key: str, why: str) -> Deed:
    """Call a bulletin back: a draft for ever, of one under way whatever has not left."""
    back = cancel_bulletin(act.connection, act.it.site, key, act.now, by=COMMAND_LINE, why=why)
    facts = {"key": key, "state": "cancelled", "withdrawn": back.withdrawn, "out": back.out}
    if back.out:
        words = f"bulletin {key}: {back.withdrawn} copies {act.are} called back; already out: {back.out}"
        return Deed(words, facts)
    return Deed(f"bulletin {key} {act.is_} called back; no copy has left", facts)


def _stored(connection: Connection, key: str) -> StoredBulletin:
    stored = bulletins.load(connection, key)
    if stored is None:
        raise keys.none(connection, "bulletin", key)
    return stored


def _row(connection: Connection, stored: StoredBulletin, zone: ZoneInfo) -> dict[str, object]:
    value = stored.bulletin
    return {
        "key": value.key,
        "state": stored.state,
        "number": stored.number,
        "title": value.title,
        "list": value.list,
        "sends": None if value.sends is None else show.local(value.sends, zone),
        "sent": None if stored.sent_at is None else show.local(stored.sent_at, zone),
        "copies": bulletins.copies_by_state(connection, stored.mailings),
    }


def _readers(readers: Readers) -> dict[str, object]:
    by_list, *by_audience = readers.by_way
    return {
        "by_list": by_list,
        "by_audience": by_audience,
        "once_of_several": readers.doubled,
        "left": readers.left,
    }


def _words(value: object) -> str:
    match value:
        case dict():
            return (
                ", ".join(
                    f"{str(name).replace(chr(95), chr(32))} {_words(each)}" for name, each in value.items()
                )
                or "none"
            )
        case list():
            return "/".join(map(str, value)) or "0"
        case None | "":
            return "-"
    return str(value)
