"""A port for a server of a test's own, below those that the system hands to anyone who names none.

A port that was free when it was looked for can be given away before the server of the test takes it: to another
test's client, or to another server, where several tests run at once. From a range of our own, nobody is given one.
"""

from __future__ import annotations

import random
import socket

_RANGE = range(20_000, 32_000)  # Linux gives away 32768 and above: net.ipv4.ip_local_port_range
_chance = random.SystemRandom()  # the tests' seed is the same in each process, and its ports must not be
_taken: set[int] = set()


def free_port() -> int:
    """Return a port on which nobody listens, neither by TCP nor by UDP, and that was not returned before."""
    while True:
        port = _chance.choice(_RANGE)
        if port in _taken:
            continue
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
        _taken.add(port)
        return port
