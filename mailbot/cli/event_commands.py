"""`mailbot events`: seminars and meetings, answered by reply mail."""

from __future__ import annotations

from pathlib import Path

import click

from mailbot import show
from mailbot.cli.frame import JSON, command, opened
from mailbot.cli.root import CONFIG, CommandGroup, root
from mailbot.core.events.event_figures import YearFigures, event_figures, year_of
from mailbot.show import show_events
from mailbot.store.keys import meant


@root.group(
    "events",
    cls=CommandGroup,
    files=dict.fromkeys(
        ("announce", "attendance", "attended", "cancel", "withdraw"), "event_course_commands"
    ),
)
@CONFIG
def events_group() -> None:
    """Seminars and meetings, answered by reply mail."""


@command(events_group, "list")
@click.option("--year", type=click.IntRange(1900, 9999), help="Only those of this year.")
@click.option("--fiscal", is_flag=True, help="Years are fiscal years 年度, from April to March.")
@JSON
def _events_list(path: Path, year: int | None, fiscal: bool, as_json: bool) -> None:
    """Show the events, and how many there are in each year: ours, and those held with others."""
    with opened(path) as it, it.database.read() as connection:
        found = show_events.event_rows(connection, it.config.association)
    if year is not None:
        found = [(row, held) for row, held in found if year_of(held.day, fiscal=fiscal) == year]
    rows, figures = [row for row, _ in found], event_figures([held for _, held in found], fiscal=fiscal)
    if as_json and year is not None:
        shown = figures[0] if figures else YearFigures(year, 0, 0, 0, 0, 0, 0)
        show.as_json({**vars(shown), "events": rows})
        return
    none = "no events; define one in config/events/ and run `mailbot apply`"
    show.table(rows, as_json=as_json, empty=none if year is None else f"no events in {year}")
    if not as_json:
        for one in figures:
            show_events.year_text(one, fiscal=fiscal)


@command(events_group, "show")
@click.argument("key")
@JSON
def _events_show(path: Path, key: str, as_json: bool) -> None:
    """Show where an event stands."""
    with opened(path) as it, it.database.read() as connection:
        key = meant(connection, key, "event")
        shown = show_events.event(connection, key)
    if as_json:
        show.as_json(shown)
    else:
        show_events.event_text(shown)
