"""What is asked of the DNS to judge a sender, and that it may not answer."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Literal, Protocol

Host = IPv4Address | IPv6Address


class NoAnswer(Exception):  # noqa: N818  a state of the world
    """The DNS did not say whether there is such a record; the text says why."""


class Answers(Protocol):
    """The DNS; each question raises NoAnswer where it is left open. An empty answer says that there is nothing."""

    def txt(self, name: str) -> tuple[str, ...]: ...
    def mx(self, name: str) -> tuple[str, ...]: ...
    def addresses(self, name: str, family: Literal[4, 6] | None = None) -> tuple[Host, ...]: ...
    def names(self, address: Host) -> tuple[str, ...]: ...
