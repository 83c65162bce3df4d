"""`mailbot demo`: the whole main job at once, its figures, and what it leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MAILBOT = [sys.executable, "-m", "mailbot"]
ROOT = Path(__file__).parents[1]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MAILBOT, *words], check=False, cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def gone(process: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, 0)
        return False
    return True


@pytest.mark.timeout(180)
def test_figures(tmp_path: Path) -> None:
    """Everybody gets everything once, every answer counts as it was meant, within a minute; the folder stays."""
    kept = tmp_path / "kept"
    done = run("demo", "--json", "--keep", str(kept))
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["members"] == 1401
    assert (shown["post"]["recipients"], shown["post"]["delivered"]) == (120, 120)
    survey = shown["survey"]
    assert survey["invited"] == survey["results"] == 1401
    assert survey["replies"] >= 300
    assert survey["clients"] >= 12
    assert 300 <= survey["counted"] == sum(survey["tally"]["Q1"].values())
    assert survey["acknowledged"] == survey["replies"] - survey["automatic"]
    assert survey["asked_back"] > 0
    assert survey["held"] > 0
    assert survey["corrected"] >= 20
    assert shown["event"]["noticed"] == 1401
    assert shown["event"]["attending"] >= shown["event"]["attending_bodies"] > 0
    assert shown["event"]["acknowledged"] == 40
    assert shown["event"]["told"] == 1401
    assert shown["seconds"] < 60
    assert f"MAILBOT_CONFIG={kept / 'config' / 'mailbot.yaml'}" in done.stderr
    process = re.search(r"process ([0-9]+)", done.stderr)
    assert process is not None
    assert gone(int(process[1]))
    looked = run("surveys", "show", "DEMO-S1", "--json", "--config", str(kept / "config" / "mailbot.yaml"))
    assert json.loads(looked.stdout)["tally"] == survey["tally"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_stopped_half_way(number: signal.Signals, status: int, tmp_path: Path) -> None:
    """Ended from outside, it stops the service that it started, and says nothing of a traceback."""
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen([*MAILBOT, "demo"], cwd=ROOT, stdout=output, stderr=output) as demo,
    ):
        last = time.monotonic() + 30
        while b" posts to " not in log.read_bytes():  # bytes: its end may be half a character yet
            assert time.monotonic() < last
            time.sleep(0.05)
        demo.send_signal(number)
        assert demo.wait(30) == status
    text = log.read_text(encoding="utf-8")
    assert "Traceback" not in text
    process = re.search(r"process ([0-9]+)", text)
    assert process is not None
    assert gone(int(process[1]))


def test_service_that_ends(tmp_path: Path) -> None:
    """When the service is killed, one sentence says so, with the end of its log."""
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen([*MAILBOT, "demo"], cwd=ROOT, stdout=output, stderr=output) as demo,
    ):
        last = time.monotonic() + 30
        while (process := re.search(rb"process ([0-9]+)", log.read_bytes())) is None:
            assert time.monotonic() < last
            time.sleep(0.05)
        os.kill(int(process[1]), signal.SIGKILL)
        assert demo.wait(60) == 1
    text = log.read_text(encoding="utf-8")
    assert "Traceback" not in text
    assert "door.open" in text  # the first line that is in the log when the demo sees the service


def test_folder_that_exists(tmp_path: Path) -> None:
    """--keep refuses a folder that is there already."""
    done = run("demo", "--keep", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr.strip()
        == f"demo: {tmp_path} exists already; --keep takes a folder that does not exist yet"
    )
