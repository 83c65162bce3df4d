"""What a person asked for and cannot have: one sentence that says what, where and what to do."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818  it is not an error of the program
    """Raised by a flow before it has changed anything; the command line prints its sentence and exits with 1.

    `told`: the same for a mail to the office, in its language, where a planned run can be refused so.
    """

    def __init__(self, sentence: str, *, told: str = "") -> None:
        super().__init__(sentence)
        self.told = told or sentence
