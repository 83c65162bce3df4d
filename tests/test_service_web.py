"""The service with its pages: they open and close with it, and it keeps its own SIGTERM."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailbot.folder.secret_files import write_secret_key
from tests.ports import free_port


@contextmanager
def serving(folder: Path, roles: str, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run the service on a new folder."""
    (folder / "config").mkdir(parents=True, exist_ok=True)
    if not (folder / "data").exists():
        (folder / "data").mkdir()
        write_secret_key(folder, b"k" * 32)
    config = folder / "config" / "mailbot.yaml"
    config.write_text(
        f"domain: ml.example.jp\noffice: office@example.jp\nweb: 127.0.0.1:{port}\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "mailbot", "serve", "--roles", roles, "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
        try:
            yield service
        finally:
            service.kill()


def ask(port: int, path: str) -> tuple[int, str]:
    """Ask a page, as soon as somebody listens."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as fault:
            with fault:
                return fault.code, fault.read().decode()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("nobody listens")


def test_serve_opens_the_pages_and_stops_on_sigterm(tmp_path: Path) -> None:
    """The role `web` listens; the schedule's tick is seen; SIGTERM drains and ends it with status 0."""
    port = free_port()
    with serving(tmp_path / "site", "web,schedule", port) as service:
        status, body = ask(port, "/readyz")
        assert (status, json.loads(body)["faults"]) == (200, [])
        assert json.loads(body)["last_tick_s"] < 30
        assert ask(port, "/u/nothing")[0] == 404
        service.send_signal(signal.SIGTERM)
        assert service.wait(20) == 0
        assert service.stderr is not None
        log = service.stderr.read()
    assert f"door.open protocol=http address=127.0.0.1:{port}" in log
    assert "service.stopped" in log
    assert "Traceback" not in log


def test_without_the_role_nothing_listens(tmp_path: Path) -> None:
    """A node that has other work opens no page."""
    port = free_port()
    with serving(tmp_path / "site", "schedule", port) as service:
        assert service.stderr is not None
        assert any("service.ready" in line for line in service.stderr)
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_closed_terminal_ends_it_in_good_order(tmp_path: Path) -> None:
    """SIGHUP drains as SIGTERM does, unless it is ignored, as under nohup."""
    with serving(tmp_path / "site", "schedule", free_port()) as service:
        assert service.stderr is not None
        assert any("service.ready" in line for line in service.stderr)
        service.send_signal(signal.SIGHUP)
        assert service.wait(20) == 0
        assert "service.stopped" in service.stderr.read()


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    """In one sentence, with what to do, and nothing else: what has not begun has not stopped either."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with serving(tmp_path / "site", "web", port) as service:
            assert service.wait(30) == 1
            assert service.stderr is not None
            (only,) = service.stderr.read().strip().split("\n")
    why = "Address already in use; end the program that listens there, or choose another port in"
    assert only.startswith(f"web: 127.0.0.1:{port} cannot be listened on: {why} ")
