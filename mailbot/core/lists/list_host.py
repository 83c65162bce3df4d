"""Where lists live."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ListHost:
    """What the mails of lists say of the service that they live in."""

    domain: str  # of their addresses
    office: str  # who is answered where no author can be
    authserv_id: str = ""  # of our own MTA, whose results leave no list
    web_url: str = ""  # where our pages are, https, no slash at its end; "": nowhere
    complaints_to: str = ""  # who hears of those who call a post spam; "": nobody
