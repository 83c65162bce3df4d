"""The content of a mail as it arrives by SMTP, between 354 and the final dot (RFC 5321 sections 2.3.8 and 4.5.2)."""

from __future__ import annotations

from typing import Literal

_END = b"\r\n.\r\n"

Fault = Literal["too large", "line too long", "input behind the dot"]


class Content:
    """Gathers what is read, however it is cut, and judges it at once: a client that never ends costs no memory."""

    def __init__(self, size: int, line: int) -> None:
        """Take mails of at most `size` bytes, their lines of at most `line` bytes, CRLF included."""
        self._raw = bytearray(b"\r\n")  # so that a dot in the first line is found like any other
        self._size = size
        self._line = line
        self._line_begins = 2  # some line at most `line` bytes before the end
        self._end = -1  # where the CRLF before the final dot begins
        self.taken = 0  # bytes that have arrived

    @property
    def whole(self) -> bool:
        """Whether the final dot has arrived."""
        return self._end >= 0

    def take(self, data: bytes) -> Fault | None:
        """Add what was read; return why this mail can no longer be taken, if so."""
        searched = max(0, len(self._raw) - len(_END) + 1)
        self._raw += data
        self.taken += len(data)
        self._end = self._raw.find(_END, searched)
        # Without an end, the last two bytes may yet turn out to be the dot's line.
        stop = self._end + 2 if self.whole else len(self._raw) - 2
        if stop - 2 > self._size:
            return "too large"
        while stop - self._line_begins > self._line:
            self._line_begins = self._raw.rfind(b"\n", self._line_begins, self._line_begins + self._line) + 1
            if not self._line_begins:
                return "line too long"
        if self.whole and self._end + len(_END) < len(self._raw):
            return "input behind the dot"
        return None

    def hand_over(self, above: bytes) -> bytes:
        """Return these bytes and below them the whole content as it was before the client doubled the dots that begin a line.

        What was gathered is given up with it: of a long mail there are two copies for a moment, and then one.
        """
        raw, self._raw = self._raw, bytearray()
        del raw[self._end + 2 :]
        if b"\r\n." in raw:
            raw = raw.replace(b"\r\n.", b"\r\n")
        del raw[:2]
        return above + raw


class LineEnds:
    """Finds CR, LF and NUL that are no part of a CRLF, which make one mail look like two (promises.md attack 1)."""

    def __init__(self) -> None:
        self._carriage_return = False  # whether the last byte read was one

    def bare(self, data: bytes) -> bool:
        """Tell whether what was read has any; a CR at its end is judged with the next bytes."""
        text = b"\r" + data if self._carriage_return else data
        self._carriage_return = text.endswith(b"\r")
        pairs = text.count(b"\r\n")
        returns = text.count(b"\r") - self._carriage_return
        return text.count(b"\n") != pairs or returns != pairs or b"\0" in text
