"""The records that our domains need in the DNS, exactly as they are to be published, and whether they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Publication = Literal["published", "missing", "different", "unknown"]

_STRING = 255  # octets of one character-string in a TXT record (RFC 1035 section 3.3)


@dataclass(frozen=True)
class DnsRecord:
    """One record to publish."""

    name: str  # without the last dot
    type: str  # MX | TXT
    value: str  # a TXT record's text in one piece
    publication: Publication
    why: str  # what it is for

    @property
    def zone_line(self) -> str:
        """The record as a zone file has it; a long text is cut into the strings that a TXT record can hold."""
        if self.type != "TXT":
            return f"{self.name}. IN {self.type} {self.value}"
        strings = [self.value[start : start + _STRING] for start in range(0, len(self.value), _STRING)]
        quoted = " ".join(f'"{string}"' for string in strings)
        return f"{self.name}. IN TXT {quoted if len(strings) == 1 else f'( {quoted} )'}"


def dkim_tags(text: str) -> dict[str, str]:
    """Return the tags of a DKIM key record; blanks inside a value mean nothing (RFC 6376 section 3.2)."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): "".join(value.split()) for name, equals, value in pairs if equals}
