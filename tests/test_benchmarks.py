"""The benchmarks run the real service and print their figures; here in their shortest form."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.net.postfix import UNAVAILABLE

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SMTP_SOURCE = shutil.which("smtp-source", path="/usr/sbin:/usr/bin")


def run(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / name), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)


def figures(name: str, *options: str) -> dict[str, Any]:
    done = run(name, *options, "--json")
    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


@pytest.mark.skipif(SMTP_SOURCE is None, reason="needs Postfix's smtp-source (Debian: postfix)")
def test_bare() -> None:
    """`bare` says what share of the goals' machine this one is."""
    shown = figures("bare", "--messages", "200")
    assert shown["messages_per_cpu_s"] > 0
    assert shown["of_the_goals_machine"] == pytest.approx(shown["messages_per_cpu_s"] / 2243, abs=0.01)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_fanout(loop: str) -> None:
    """`fanout` posts to so many members and counts every recipient at the relay, on either event loop."""
    shown = figures("fanout", "--members", "50", "--posts", "1", "--mode", "verp", "--loop", loop)
    assert shown["recipients"] == 50
    assert 0 < shown["time_to_first_s"] < shown["seconds"]
    assert shown["cpu_seconds"] > 0
    assert shown["recipients_per_cpu_s"] == pytest.approx(50 / shown["cpu_seconds"], rel=0.1)
    assert 20 < shown["peak_rss_mib"] < 500


def test_soak() -> None:
    """`soak` lets the service work for a while, and says how its memory and open files went."""
    shown = figures("soak", "--members", "30", "--seconds", "7")
    assert shown["replies"] >= 40
    assert shown["posts"] == 2
    assert shown["files_more"] < 5
    assert {"rss_mib", "rss_mib_per_minute", "cpu_percent"} <= shown.keys()


def test_fanout_with_a_relay_of_ones_own() -> None:
    """`fanout --relay` sends to that server, and reads the first and the last recipient from the outbox."""
    file = BENCHMARKS.parent / "benchmarks" / "sink"
    with subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        port = int(sink.stdout.readline())
        try:
            shown = figures("fanout", "--members", "50", "--posts", "2", "--relay", f"127.0.0.1:{port}")
        finally:
            sink.terminate()
    assert shown["recipients"] == 100
    assert 0 < shown["time_to_first_s"] < shown["seconds"]


@pytest.mark.parametrize("relay", ["nowhere", "127.0.0.1:", "127.0.0.1:smtp", "127.0.0.1:70000", ":25"])
def test_a_relay_that_is_no_address(relay: str) -> None:
    """Said at once, as a usage error, not after two minutes in which nothing arrived."""
    done = run("fanout", "--relay", relay, "--members", "5")
    assert done.returncode == 2
    assert "is not HOST:PORT such as 127.0.0.1:2525" in done.stderr


def test_fanout_over_a_long_line() -> None:
    """`fanout --round-trip` has a relay that is so far away: no recipient is there before the greetings have come and gone."""
    shown = figures("fanout", "--members", "50", "--round-trip", "100")
    assert shown["recipients"] == 50
    assert shown["time_to_first_s"] > 0.3


def test_fanout_of_invitations() -> None:
    """`fanout --mode calendar` measures an event's notice with a calendar part of its own for each body."""
    shown = figures("fanout", "--members", "50", "--mode", "calendar")
    assert shown["mode"] == "calendar"
    assert 0 < shown["recipients"] <= 50
    assert shown["cpu_seconds"] > 0


def test_fanout_signed() -> None:
    """`fanout --mode signed` measures the same with a DKIM signature on each copy."""
    shown = figures("fanout", "--members", "50", "--mode", "signed")
    assert (shown["recipients"], shown["mode"]) == (50, "signed")


def test_fanout_with_everything() -> None:
    """`fanout --with everything` has the archive, one click and DKIM on; `none` has them off."""
    shown = figures("fanout", "--members", "50", "--with", "everything")
    assert (shown["recipients"], shown["with"]) == (50, "archive,one-click,rsa")
    assert figures("fanout", "--members", "50", "--with", "none")["with"] == "none"


def test_fanout_of_identical_copies() -> None:
    """`fanout --mode plain` measures a list with `copies: identical`, and the sink counts its recipients."""
    shown = figures("fanout", "--members", "120", "--posts", "2", "--mode", "plain")
    assert (shown["recipients"], shown["mode"]) == (240, "plain")


def test_ingest() -> None:
    """`ingest` hands in so many mails, and each that was answered 250 is in the inbox."""
    shown = figures("ingest", "--sessions", "2", "--messages", "20")
    assert shown["messages"] == 20
    assert 0 < shown["p50_ms"] <= shown["p99_ms"] < 30_000
    assert shown["cpu_seconds"] >= 0
    assert shown["seconds"] > 0


def test_ingest_on_a_slow_disk() -> None:
    """`ingest --commit` has a disk that takes longer for each commit."""
    shown = figures("ingest", "--sessions", "1", "--messages", "5", "--commit", "100")
    assert shown["p50_ms"] > 100


@pytest.mark.postfix
@pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "runs")
def test_ingest_beside_postfix() -> None:
    """`ingest --beside postfix` hands in the same mails to a Postfix of its own, and compares processor time."""
    shown = figures("ingest", "--sessions", "5", "--messages", "100", "--beside", "postfix", "--rounds", "1")
    assert shown["postfix_messages_per_cpu_s"] > 0
    assert shown["times_postfix"] > 0


def test_replies() -> None:
    """`replies` has every vote counted and acknowledged, from ten different mail programs."""
    shown = figures("replies", "--count", "10")
    assert (shown["replies"], shown["counted"], shown["acknowledged"]) == (10, 10, 10)
    assert shown["replies_per_cpu_s"] > 0
    assert shown["seconds"] > 0


def test_hostile() -> None:
    """`hostile` tells what a shape of a reply costs, and how many cost more than the goal."""
    shown = figures("hostile", "--shape", "figures", "--turns", "1")
    assert shown["shapes"] == 1
    assert shown["worst_ms"] == shown["figures"] > 0
    assert shown["above_50_ms"] == int(shown["worst_ms"] > 50)


def test_archive() -> None:
    """`archive` tells what a search costs, and a post with the archive and without."""
    shown = figures("archive", "--posts", "60", "--searches", "2", "--pairs", "2")
    assert shown["posts"] == 60
    assert shown["search_標準_all"]["shown"] > 0
    assert shown["post_cpu_ms_with"] > 0


def test_schedule() -> None:
    """`schedule` looks at the due-table so often, with so many runs in it, and does none."""
    shown = figures("schedule", "--jobs", "100")
    assert (shown["jobs"], shown["settled"]) == (100, 0)
    assert shown["cpu_ms_a_tick"] > 0


@pytest.mark.mlmmj
@pytest.mark.skipif(
    not Path("/usr/bin/mlmmj-receive").exists(), reason="mlmmj is not installed (Debian: mlmmj)"
)
def test_peers() -> None:
    """`peers` lets mlmmj send the same post to as many members, in turn with ours, and compares processor time."""
    shown = figures("peers", "--members", "30", "--rounds", "1", "--peers", "mlmmj")
    assert set(shown) == {"mailbot", "mlmmj"}
    assert all(row["cpu_seconds_per_1000"] > 0 for row in shown.values())
    assert shown["mailbot"]["times_ours"] == 1


def test_peers_names_whom_it_knows() -> None:
    """A peer that is none is refused, with those that are."""
    refused = run("peers", "--peers", "sympa")
    assert refused.returncode == 2
    assert "none of mlmmj, mailman" in refused.stderr


def test_what_becomes_twice_as_dear_is_found(tmp_path: Path) -> None:
    """`regression` fails with the name of what costs more than twice the recorded, and says what to do."""
    recorded = json.loads((BENCHMARKS / "recorded.json").read_text(encoding="utf-8"))
    (tmp_path / "recorded.json").write_text(json.dumps(recorded | {"ingest": recorded["ingest"] / 10}))
    dear = run("regression", "--rounds", "1", "--most", "4", "--against", str(tmp_path / "recorded.json"))
    assert dear.returncode == 1
    assert dear.stderr.startswith("ingest: more than 4 times what is recorded in recorded.json")


def test_rest() -> None:
    """`rest` looks at a service that has nothing to do."""
    shown = figures("rest", "--members", "20", "--seconds", "1")
    assert 20 < shown["rss_mib"] < 500
    assert shown["cpu_percent"] >= 0
