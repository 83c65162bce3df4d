"""What is wrong, or may not be meant, in a file that a person wrote: where it stands, and a sentence about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Mistake:
    """What a person must mend before the file can be used; among notes, what holds as written and he may not have meant."""

    file: str  # relative to the working folder
    line: int  # from 1
    column: int  # from 1
    key: str  # questions.2.type, list entries counted from 1; "yaml" or "file" for the file as such
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column} {self.key}: {self.sentence}"


class Mistakes(Exception):  # noqa: N818  named for what it holds
    """Every mistake of one or more files, in the order of the files and their lines."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(map(str, self.mistakes)))
