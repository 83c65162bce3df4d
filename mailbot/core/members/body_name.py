"""Which body of the register a person means who writes its name or its code."""

from __future__ import annotations

from collections.abc import Iterable

from mailbot.core.mail.fold import fold
from mailbot.core.members.register import Body

_RESPECT = ("殿", "様", "御中")


def bodies_called(text: str, bodies: Iterable[Body]) -> list[Body]:
    """Return the bodies that may be meant: none, one, or several of one name, which the prefecture before it tells apart."""
    wanted = name_key(text)
    return [body for body in bodies if wanted in _names(body)]


def name_key(text: str) -> str:
    """Return a name as names are compared: folded, without blanks, marks and 様."""
    wanted = "".join(fold(text).casefold().split()).strip("「」『』\"'。.")
    for ending in _RESPECT:
        wanted = wanted.removesuffix(ending)
    return wanted


def _names(body: Body) -> frozenset[str]:
    """Return what a body may be called: its code, its name with or without the prefecture, and its mayor 市長."""
    names = [name_key(body.name), name_key(body.prefecture + body.name)]
    return frozenset({body.code, body.code[:5], *names, *(name + "長" for name in names)})
