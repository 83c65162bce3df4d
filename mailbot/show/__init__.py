"""How the commands print: the same facts as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mailbot.core.mail.header import clean

Row = dict[str, Any]
_WIDE = 240  # columns


def as_json(shown: object) -> None:
    """Print JSON."""
    print(json.dumps(shown, ensure_ascii=False, indent=2))


def table(rows: Sequence[Row], *, as_json: bool, empty: str) -> None:
    """Print rows of the same keys as a table, or as JSON; `empty` is said when there are none."""
    if as_json:
        print(json.dumps(list(rows), ensure_ascii=False, indent=2))
        return
    if not rows:
        print(empty)
        return
    from rich import box  # noqa: PLC0415  slow to import, and JSON does not need it
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(box=box.SIMPLE_HEAD)
    for name in rows[0]:
        drawn.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        # Text takes the words as they are: a member's words are no markup, and hold no terminal escape.
        drawn.add_row(*(Text(clean("" if cell is None else str(cell))) for cell in row.values()))
    # Into a file or a pipe nothing is wrapped to the width of a screen that is not there.
    Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE).print(drawn)


def facts(pairs: Mapping[str, object]) -> None:
    """Print a few facts, one a line."""
    width = max(map(len, pairs), default=0)
    for name, fact in pairs.items():
        print(f"{name.replace('_', ' '):<{width}}  {clean(str(fact))}")


def local(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as people write it in definitions."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
