"""Bounces that others collected: the right address, permanent or temporary, and never an exception.

Where the corpora are not here, there is nothing to read; `test_bounce.py` has forms of our own that always are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from mailbot.core.bounces.bounce import RecipientReport, read_bounce
from mailbot.core.bounces.complaint import read_complaint
from mailbot.core.mail.message import parse

CORPORA = Path(__file__).resolve().parents[4] / "shared" / "corpora"
FILES = sorted(path for path in CORPORA.rglob("*") if path.is_file())
EXPECTED = CORPORA / "bounces" / "expected.json"

_MACHINE_READABLE = re.compile(
    rb"(?i)^(?:original|final)-recipient:\s*rfc822\s*;\s*<?([^\s<>;@?]+@[^\s<>;]+)", re.MULTILINE
)


def read(name: str) -> tuple[RecipientReport, ...]:
    """Return what we read in one file."""
    return read_bounce(parse((CORPORA / name).read_bytes()))


def judged() -> Iterator[tuple[str, bool]]:
    """Yield each expected verdict, and whether ours is the same: an address of flufl, a report of sisimai."""
    expected_of = json.loads(EXPECTED.read_text()) if EXPECTED.is_file() else {}
    for name, expected in expected_of.items():
        reports = read(name)
        if "permanent" in expected:
            ours = {((report.address or "").lower(), report.permanent) for report in reports}
            theirs = {(one.lower(), True) for one in expected["permanent"]}
            theirs |= {(one.lower(), False) for one in expected["temporary"]}
            yield from ((name, one in ours) for one in theirs)
            yield from ((name, False) for one in ours - theirs if not theirs)
        else:
            permanent = [report.permanent for report in reports]
            for status in expected["status"]:
                wanted = status.startswith("5")
                right = wanted in permanent if status[:1] in {"4", "5"} else True not in permanent
                if wanted in permanent:
                    permanent.remove(wanted)
                yield name, right


def test_nineteen_of_twenty_verdicts_are_right() -> None:
    """Permanent or temporary as the expected file says; what it calls permanent though its status is a 4 is none for us."""
    verdicts = list(judged())
    wrong = [name for name, right in verdicts if not right]
    assert len(wrong) <= 0.05 * len(verdicts), wrong


def test_an_address_in_a_machine_readable_part_is_found() -> None:
    """Wherever a report has a field with an address, one of its addresses is what we read."""
    for path in FILES:
        content = path.read_bytes()
        named = {found.decode("latin-1").lower() for found in _MACHINE_READABLE.findall(content)}
        reports = read_bounce(parse(content))
        if reports and named and read_complaint(parse(content)) is None:
            assert {(report.address or "").lower() for report in reports} & named, path.name


def test_a_warning_or_a_status_of_four_is_never_permanent() -> None:
    """Whatever else the mail says."""
    for path in FILES:
        for report in read_bounce(parse(path.read_bytes())):
            if report.action == "delayed" or (report.status or "").startswith("4"):
                assert not report.permanent, path.name


def test_nothing_but_bounces_is_taken_for_one() -> None:
    """Replies, newsletters and malformed mail report no failure; the few bounces among them say so in their subject."""
    bounce = re.compile(r"(?i)deliver|returned mail|undeliver|could not send|banned file")
    for path in FILES:
        if "bounces" not in path.parts:
            message = parse(path.read_bytes())
            assert not read_bounce(message) or bounce.search(message.subject), path.name
