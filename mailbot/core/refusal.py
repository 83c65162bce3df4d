"""What a person asked for and cannot have: one sentence that says what, where and what to do."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818  it is not an error of the program
    """Raised by a flow before it has changed anything; the command line prints its sentence and exits with 1."""
