"""An attacker who has the whole data folder after the close, and tries to join voters to choices.

He has the database with its log and free pages, the kept mail, the service's log and its key; of each voter he knows
the code, the address and the reference. Each way of joining is one guess for each voter.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mailbot.core.surveys.seal import line_of, voter_key

Guess = Mapping[str, str]  # code -> answers, as canonical JSON

_FAR = 6_000  # bytes between what tells who it is and what he said
_JSON = re.compile(rb'\{(?:"Q[1-5]": (?:\[(?:"[0-9]+"(?:, )?)*\]|"[a-z0-9]+"|null)(?:, )?)+\}')
_REPLY = re.compile(rb"(?:Q([1-5]) ([0-9,]+|yes|no)(?:\r?\n|$))+")
_REPLY_LINE = re.compile(rb"Q([1-5]) ([0-9,]+|yes|no)")
_SLOT = re.compile("【(Q[1-5])回答】\\[ ([0-9,]+|はい|いいえ)".encode())
_KEY = re.compile(rb"(?<![0-9a-z-])[0-9a-z]{5}(?:-[0-9a-z]{5}){3}(?![0-9a-z-])")


@dataclass(frozen=True)
class Voter:
    """What everybody knows of a voter."""

    code: str
    address: str
    reference: str
    ballot_id: int


@dataclass
class Attack:
    """One copy of a data folder, and what can be made of it."""

    folder: Path
    site_key: bytes
    voters: Sequence[Voter]  # whose votes count
    guesses: dict[str, Guess] = field(default_factory=dict)
    groups: dict[str, frozenset[str]] = field(default_factory=dict)  # voters whose vote may be incomplete
    files: dict[str, bytes] = field(default_factory=dict)
    database: sqlite3.Connection = field(init=False)
    lines: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.files = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }
        self.database = sqlite3.connect(self.folder / "mailbot.db")
        self.lines = self.database.execute("SELECT line, answers FROM sealed_line ORDER BY rowid").fetchall()

    def run(self) -> None:
        """Try every way."""
        orders = dict(self._line_orders())
        for name, codes in self._voter_orders():
            for other, lines in orders.items():
                if len(codes) == len(lines):
                    self.guesses[f"{name} beside {other}"] = dict(zip(codes, lines, strict=True))
        self.guesses["keys"] = dict(self._by_keys())
        for name, content in self.files.items():
            self.guesses[f"carved from {name}"] = dict(self._carved(content))
        self.database.close()

    # --- orders ---

    def _line_orders(self) -> Iterator[tuple[str, list[str]]]:
        answers = [text for _, text in self.lines]
        yield "rowid", answers
        yield "rowid backwards", answers[::-1]
        yield "answers", sorted(answers)
        yield "length", sorted(answers, key=lambda text: (len(text), text))
        whole = self.files["mailbot.db"]
        yield (
            "place in the file",
            [text for line, text in sorted(self.lines, key=lambda one: whole.find(one[0].encode()))],
        )

    def _voter_orders(self) -> Iterator[tuple[str, list[str]]]:
        for name, values in self._values():
            for way, key in (("by", _sortable), ("by length of", _length)):
                ordered = sorted(values, key=lambda code: (key(values[code]), code))
                yield f"{way} {name}", ordered
                yield f"{way} {name} backwards", ordered[::-1]
            sets: dict[object, set[str]] = defaultdict(set)
            for code, value in values.items():
                sets[value].add(code)
                sets["length", _length(value)].add(code)
            for value, codes in sets.items():
                self.groups[f"{name} = {value!r}"[:120]] = frozenset(codes)

    def _values(self) -> Iterator[tuple[str, dict[str, object]]]:
        """Yield, for each column that any row of a voter has, the last and the first value of each voter."""
        known = {voter.code for voter in self.voters}
        whose = self._whose()
        tables = [
            row[0]
            for row in self.database.execute(
                # The index over posts keeps tables without row numbers; they hold terms of posts, nothing of a voter.
                "SELECT name FROM sqlite_master WHERE type='table' AND sql NOT LIKE '%WITHOUT ROWID%'"
            )
        ]
        for table in tables:
            names = [row[1] for row in self.database.execute(f"PRAGMA table_info({table})")]
            rows = self.database.execute(f"SELECT rowid, * FROM {table}").fetchall()
            owned: dict[str, list[tuple[object, ...]]] = defaultdict(list)
            for row in rows:
                code = next(
                    (
                        whose[column, value]
                        for column, value in zip(names, row[1:], strict=True)
                        if (column, value) in whose
                    ),
                    whose.get((f"{table}.rowid", row[0])),
                )
                if code in known:
                    owned[code].append(row)
            if len(owned) == len(known):
                for at, column in enumerate(["rowid", *names]):
                    yield f"first {table}.{column}", {code: own[0][at] for code, own in owned.items()}
                    yield f"last {table}.{column}", {code: own[-1][at] for code, own in owned.items()}
            yield f"rows of {table}", {code: len(owned.get(code, ())) for code in known}

    def _whose(self) -> dict[tuple[str, object], str]:
        """Return what names a voter in any table: code, ballot, address, or the number of a row that does."""
        whose: dict[tuple[str, object], str] = {}
        for voter in self.voters:
            whose["code", voter.code] = voter.code
            whose["ballot_id", voter.ballot_id] = voter.code
            whose["ballot.rowid", voter.ballot_id] = voter.code
            for column in ("address", "email", "sender", "author", "mail_from", "email_key"):
                whose[column, voter.address] = voter.code
        for inbox_id, code, mail_id in self.database.execute(
            "SELECT vote.inbox_id, vote.code, inbox.mail_id FROM vote JOIN inbox ON inbox.id = vote.inbox_id"
        ):
            whose["inbox_id", inbox_id] = code
            whose["inbox.rowid", inbox_id] = code
            whose["mail.rowid", mail_id] = code
        for mailing_id, ballot_id in self.database.execute(
            "SELECT mailing_id, min(ballot_id) FROM delivery GROUP BY mailing_id HAVING count(*) = 1"
        ):
            if ("ballot_id", ballot_id) in whose:
                whose["mailing.rowid", mailing_id] = whose["ballot_id", ballot_id]
        return whose

    # --- keys ---

    def _by_keys(self) -> Iterator[tuple[str, str]]:
        """Compute the line of every voter with every secret and every voter's key that stands anywhere."""
        of_line = dict(self.lines)
        found = {match[0].decode() for content in self.files.values() for match in _KEY.finditer(content)}
        secrets = {self.site_key, *(row[0] for row in self._stored_secrets())}
        for voter in self.voters:
            keys = found | {voter_key(secret, voter.ballot_id) for secret in secrets}
            for key in keys:
                line = line_of(key, voter.reference)
                if line in of_line:
                    yield voter.code, of_line[line]

    def _stored_secrets(self) -> list[tuple[bytes]]:
        return self.database.execute("SELECT seal_key FROM survey WHERE length(seal_key) > 0").fetchall()

    # --- bytes ---

    def _carved(self, content: bytes) -> Iterator[tuple[str, str]]:
        """Find answers in any form, and the voter whose code or address stands nearest before them."""
        names = {voter.code: voter.code for voter in self.voters}
        names |= {voter.address: voter.code for voter in self.voters}
        who = [
            (match.start(), names[match[0].decode()])
            for match in re.finditer(rb"[0-9]{6}|[a-z0-9]+@[a-z0-9.]+", content)
            if match[0].decode() in names
        ]
        at = 0
        for place, answers in sorted([*_json_in(content), *_replies_in(content), *_slots_in(content)]):
            while at + 1 < len(who) and who[at + 1][0] < place:
                at += 1
            if who and who[at][0] < place < who[at][0] + _FAR:
                yield who[at][1], answers

    def words_about_voters(self) -> dict[str, frozenset[str]]:
        """Return the sets of voters of whom the log says the same."""
        said: dict[bytes, set[str]] = defaultdict(set)
        known = {voter.code.encode(): voter.code for voter in self.voters}
        for name, content in self.files.items():
            if not name.endswith(".log"):
                continue
            for line in content.splitlines():
                for match in re.finditer(rb"(?<![0-9])[0-9]{6}(?![0-9])", line):
                    if match[0] in known:
                        said[re.sub(rb"[0-9]+", b"", line)].add(known[match[0]])
        return {f"log {line!r}"[:120]: frozenset(codes) for line, codes in said.items()}


def hits(guess: Guess, truth: Mapping[str, str]) -> int:
    """Return how many voters a guess is right about."""
    return sum(truth.get(code) == answers for code, answers in guess.items())


def chance(truth: Mapping[str, str], tries: int) -> int:
    """Return how many hits may come by chance in the best of so many ways.

    Random guesses hit by a Poisson law; two sigma of one way (2.3 %) are shared out among all.
    """
    expected = sum(count * count for count in Counter(truth.values()).values()) / len(truth)
    return _poisson_limit(expected, tries)


def chance_of_group(size: int, of: int, tries: int) -> int:
    """Return how many of `size` incomplete votes a group of the same size may hold by chance in the best of so many."""
    return _poisson_limit(size * size / of, tries)


def _poisson_limit(expected: float, tries: int) -> int:
    share, limit = 0.0228 / max(tries, 1), 0
    tail = 1.0 - math.exp(-expected)
    while tail > share:
        limit += 1
        tail -= math.exp(-expected) * expected**limit / math.factorial(limit)
    return limit


def _sortable(value: object) -> tuple[str, float, str]:
    if isinstance(value, int | float):
        return ("number", float(value), "")
    return ("text", 0.0, value.hex() if isinstance(value, bytes) else str(value))


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | bytes) else len(str(value))


def _json_in(content: bytes) -> Iterator[tuple[int, str]]:
    for match in _JSON.finditer(content):
        yield match.start(), json.dumps(json.loads(match[0]), sort_keys=True)


def _replies_in(content: bytes) -> Iterator[tuple[int, str]]:
    for match in _REPLY.finditer(content):
        yield match.start(), canonical({q.decode(): a.decode() for q, a in _REPLY_LINE.findall(match[0])})


def _slots_in(content: bytes) -> Iterator[tuple[int, str]]:
    words = {"はい": "yes", "いいえ": "no"}
    found: dict[str, str] = {}
    start = 0
    for match in _SLOT.finditer(content):
        question, answer = match[1].decode()[1:], match[2].decode()
        if question in found or match.start() - start > _FAR:
            if found:
                yield start, canonical(found)
            found = {}
        start = match.start() if not found else start
        found[question] = words.get(answer, answer)
    if found:
        yield start, canonical(found)


def canonical(typed: Mapping[str, str]) -> str:
    """Return what was typed for the questions 1 to 5 as the service writes it down."""
    forms = {"1": list, "2": list, "3": str, "4": str, "5": list}
    answers: dict[str, object] = {}
    for question, answer in typed.items():
        answers[f"Q{question}"] = answer.split(",") if forms[question] is list else answer
    return json.dumps(answers, sort_keys=True)
