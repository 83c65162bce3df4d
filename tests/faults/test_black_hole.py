"""A domain whose server never answers, behind a real Postfix: the other domains' mail is not late for it (I11, N2)."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.node import new_node, until
from tests.faults.sink import Sink
from tests.net.postfix import UNAVAILABLE, lay_out
from tests.ports import free_port

pytestmark = [
    pytest.mark.fault,
    pytest.mark.postfix,
    pytest.mark.timeout(900),  # a busy machine takes its time, and all rounds
    pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "-"),
]

MEMBERS = 1000
DOMAINS = [f"d{number}.example" for number in range(10)]
HOLE = DOMAINS[0]
LATER = 1.25  # times what it takes without the hole; beside other work 1.13 was seen
ROUNDS = 8  # at most: the best of each counts, as other work makes both slower

_POSTFIX = """
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_host_lookup = native
default_transport = smtp:[127.0.0.1]:{sink}
transport_maps = inline:{{{{{domain} = smtp:[127.0.0.1]:{port}}}}}
in_flow_delay = 0
"""


def test_a_black_hole_delays_no_other_domain(tmp_path: Path) -> None:
    """A post to 1,000 members of ten domains: with one that never answers, the 900 others have it as soon as without."""
    best = {"with": float("inf"), "without": float("inf")}
    with socket.create_server(("127.0.0.1", 0)) as hole:  # it takes connections, and never says a word
        for number in range(ROUNDS):
            for kind, port in (("without", None), ("with", hole.getsockname()[1])):
                took = _seconds_to_the_others(tmp_path / f"{kind}{number}", port)
                best[kind] = min(best[kind], took)
            if best["with"] <= best["without"] * LATER:
                break
    print(f"900 of 1,000: {best['without']:.2f} s without the hole, {best['with']:.2f} s with it")
    assert best["with"] <= best["without"] * LATER


def _seconds_to_the_others(folder: Path, hole: int | None) -> float:
    """Post once; return how long it took until everybody outside of that domain had it."""
    sink = Sink()
    with _postfix(sink.port, hole or sink.port) as relay:
        node = new_node(folder, relay, members=MEMBERS, domains=DOMAINS)
        try:
            node.start()
            began = time.monotonic()
            assert node.post(0)
            others = MEMBERS - MEMBERS // len(DOMAINS)
            until(lambda: _outside(sink) == others, 120, node.log)
            return time.monotonic() - began
        finally:
            node.stop()
            sink.close()


def _outside(sink: Sink) -> int:
    return sum(not recipient.endswith("@" + HOLE) for recipient, _ in list(sink.received))


@contextmanager
def _postfix(sink: int, hole: int) -> Iterator[int]:
    """Run a Postfix that brings everything to the sink, and the one domain to where it never arrives; gives its port."""
    with tempfile.TemporaryDirectory() as name:  # not in pytest's folder, which other users cannot enter
        port = free_port()
        command = lay_out(Path(name), _POSTFIX.format(sink=sink, domain=HOLE, port=hole), port)
        subprocess.run([*command, "start"], check=True, capture_output=True, timeout=30)
        try:
            yield port
        finally:
            subprocess.run([*command, "stop"], check=True, capture_output=True, timeout=60)
