"""The texts that we sent for one survey, and what each of their lines is (ballot.md sections 2 to 4, 6)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from mailbot.core.frozen import frozen
from mailbot.core.mail.fold import fold
from mailbot.core.reading.text.numeral import KANJI_DIGITS, kanji_number

LONGEST_LINE = 1_000  # characters; patterns never see more
SHORT_LINE = 120  # characters; what is found out of one by itself is kept, since most stand in many replies

OPENING = "【[［〔〖(（「『<＜〈{｛"
_CLOSING = {
    **dict.fromkeys("【[［〔〖", "】]］〕〗"),
    **dict.fromkeys("(（", ")）"),
    "「": "」",
    "『": "』",
    **dict.fromkeys("<＜〈", ">＞〉"),
    **dict.fromkeys("{｛", "}｝"),
}
EMPTY_BRACKETS = re.compile(r"[\[［【〔][\s_]*[\]］】〕]\s*$")
# What members put in front of "Q1 2"; ※ is left out: it marks words of theirs that we print back (ballot.md 4).
LEADING_MARKS = "・●■◆◇*＊○〇◯◎□☐☆▪▫◦‣▶▼–—•→⇒-"
_BEFORE_A_SLOT = LEADING_MARKS + " \t\u3000\xa0"
QUESTION_MARK = r"(?:[Qq]uestion|[QqＱｑ]|設問|質問|問い?|議案)"
_ANSWERED = r"\s*(?:(?:の|への|に対する)\s*)?(?:ご?回\s*答|答え?(?=\s*(?:[:：」】\])）]|は(?!い))|[ \u3000]+[0-9０-９①-⑳])|[Aa]nswer|ANSWER)"
_INT = "[0-9０-９]{1,3}"
_KANJI_INT = "[一二三四五六七八九十]{1,3}"
_UNSEEN = "\u200b-\u200f\u2060\ufeff\u00ad"  # pasted along with other text
# "Answer to Q1", 「回答：Q1」, 「【回答】Q1」, 「表決：Q1」, and the figure of a list: 「1. Q1」, 「1　議案1」.
_LED_IN = (
    r"(?:[Aa]nswer (?:to|for) |(?:[(（]?[0-9０-９]{1,2}(?:[.．)）]\s{0,3}|[ \u3000]{1,3})|[①-⑳]\s{0,3})?"
    r"(?:[【\[［＜<〈(（]?(?:ご?回答|(?:書面)?表決)[】\]］＞>〉)）]?(?:[:：\s]{0,3}|は))?)"
)
ANSWER_LINE = re.compile(
    rf"^[\s{_UNSEEN}{LEADING_MARKS}]*{_LED_IN}(?:(?P<open>[【\[［〔〖(（「<＜〈《])\s*)?"
    rf"(?:{QUESTION_MARK}[\s.．\-－−‐{_UNSEEN}]?(?P<number>{_INT})"
    rf"|(?:{QUESTION_MARK}|第)\s?(?P<circled>[①-⑳])(?=(?:号議案|問目?)?[\s:：.．，)）」】\]］→⇒=＝は])(?:号議案|問目?)?"
    rf"|(?:設問|問|議案)\s?(?P<kanji>{_KANJI_INT})(?=[\s:：.．、，)）」】\]］→⇒=＝は])"
    rf"|第?(?P<motion>{_INT}|{_KANJI_INT})号議案|第?(?P<issue>{_INT})号(?=\s?[:：\s]\s?[賛反棄○〇◯×])|議案第(?P<bill>{_INT}|{_KANJI_INT})号?|(?P<nth>{_INT})問目|第(?P<ordinal>{_INT})問(?=[\s:：.．、，)）」】\]］→⇒=＝は]))"
    rf"(?P<inner>{_ANSWERED})?(?:\s*(?P<close>[】\]］〕〗)）」>＞〉》]))?(?P<outer>{_ANSWERED})?[{_UNSEEN}]*(?P<rest>.*)$"
)
_NUMBER_GROUPS = ("number", "circled", "kanji", "motion", "issue", "bill", "nth", "ordinal")


def named_question(match: re.Match[str]) -> str:
    """Return the id of the question that a line names, Q0 for none that can be."""
    written = next(written for group in _NUMBER_GROUPS if (written := match[group]))
    if written[0] in KANJI_DIGITS:
        return f"Q{kanji_number(written) or 0}"
    return f"Q{int(fold(written))}"  # 「議案①」


REFERENCE = re.compile(
    r"(?:受付番号|\bRef)\s*(?P<reference>(?:練習-)?[A-Za-z0-9][A-Za-z0-9-]{2,40})\s*(?:第\s*[0-9]{1,4}\s*版|v[0-9]{1,4})"
)
SIGNATURE = re.compile(
    r"^\s*(?:[【\[［〔]\s*(?:表決者氏名|表決者|[Nn]ame of voter)\s*[】\]］〕]|(?:表決者氏名|表決者|[Nn]ame of voter)\s*[:：])(?P<rest>.*)$"
)
_NUMBERED_OPTION = re.compile(r"^\s*(?P<number>[0-9]{1,3})\.\s")


@lru_cache(maxsize=8192)
def _short_key(line: str) -> str:
    return "".join(fold(line).casefold().split())


_long_key = lru_cache(maxsize=512)(_short_key.__wrapped__)  # a line of a reply is looked at several times


def line_key(line: str) -> str:
    """Return a line folded and without blanks, for comparison with ours (ballot.md section 5)."""
    if len(line) <= SHORT_LINE:
        return _short_key(line)
    return _long_key(line) if len(line) <= LONGEST_LINE else "".join(fold(line).casefold().split())


class Role(NamedTuple):
    """What a line of ours is."""

    kind: Literal[
        "start", "end", "reference", "question", "option", "more", "slot-more", "signature", "outside"
    ]
    question: str = ""
    option: int = 0  # 0: not an option


class Filled(NamedTuple):
    """A slot as we sent it, as keys."""

    content: str
    tail: str


class KnownText(NamedTuple):
    """One text that we sent, by lines."""

    roles: Mapping[str, tuple[Role, ...]]
    slots: Mapping[str, Filled]
    edition: str  # the key of its 受付番号 line
    reference: str
    confirms: tuple[tuple[str, tuple[str, ...]], ...]  # question and options that はい would confirm
    joined: str
    likenesses: tuple[tuple[str, Role], ...]  # each line of the ballot
    order: tuple[str, ...]  # the keys of all lines that are not blank
    question_at: Mapping[str, int]  # where in `order` each question begins
    slot_at: Mapping[str, range]  # which lines of `order` are its slot
    running_on: frozenset[str]  # questions of whose slots our words run on to a further line
    beginnings: frozenset[str]  # the first two characters of each line


# The confirmation that `ballot.confirmation` composes, as a key.
_CONFIRMS = re.compile(
    r"「はい」とだけ返信されると、(?P<ja>q[0-9]{1,3})を(?P<ja_options>[0-9,]{1,200})と数えます"
    r"|only\"yes\"inreplycounts(?P<en_options>[0-9,]{1,200})for(?P<en>q[0-9]{1,3})\."
)


class _Shape(NamedTuple):
    """What one line says by itself, wherever it stands."""

    key: str
    slot: tuple[str, str] | None  # question, and what follows its mark
    reference: str  # 受付番号, folded; "": it names none
    kind: Literal["start", "end", "signature", ""]
    question: str  # the one that begins here; "": none does
    option: int  # 0: it is none


@lru_cache(maxsize=4096)
def _shape(line: str) -> _Shape:
    """Return what a line of ours says by itself; all but two or three lines are the same for all bodies."""
    key = line_key(line)
    found, option = REFERENCE.search(line), _NUMBERED_OPTION.match(line)
    kind: Literal["start", "end", "signature", ""] = ""
    if key.startswith(("★★回答欄ここから★★", "**answersstart**")):
        kind = "start"
    elif key.startswith(("★★回答欄ここまで★★", "**answersend**")):
        kind = "end"
    elif SIGNATURE.match(line):
        kind = "signature"
    return _Shape(
        key,
        slot_line(line),
        found["reference"].casefold() if found else "",
        kind,
        _question_number(line) or "",
        int(option["number"]) if option else 0,
    )


_ANYBODY, _NO_REFERENCE = "(anybody)", "X-000-000000"  # stand for what is each body's own
_ANYBODYS_KEY = line_key(_ANYBODY)
_REFERENCE_WORDS = ("受付番号", "Ref")


@lru_cache(maxsize=256)
def _known_text(text: str) -> KnownText:
    """Return the roles of the lines of one text of ours, and its slots.

    All bodies of a survey have the same text but for two lines, the first, which greets them, and the one with
    their 受付番号: the others are read once for all.
    """
    first, _, rest = text.partition("\n")
    at = next((found for word in _REFERENCE_WORDS if (found := rest.find(word)) >= 0), -1)
    reference = REFERENCE.search(rest, at) if at >= 0 else None
    if (
        reference is None
        or not first.strip()
        or len(first.splitlines()) != 1
        or _shape(first)[1:5] != _SAYS_NOTHING
    ):
        return _read(text)
    begin, end = reference.span("reference")
    frame = _frame(f"{_ANYBODY}\n{rest[:begin]}{_NO_REFERENCE}{rest[end:]}")
    line = rest[rest.rfind("\n", 0, begin) + 1 :].partition("\n")[0]
    greeted, named = line_key(first), line_key(line)
    if frame is None or greeted == named or greeted in frame.text.roles or named in frame.text.roles:
        return _read(text)
    anybody = frame.text
    roles = dict(anybody.roles)
    roles[greeted], roles[named] = roles.pop(_ANYBODYS_KEY), roles.pop(anybody.edition)
    order, likenesses = list(anybody.order), list(anybody.likenesses)
    order[0] = greeted
    for at in frame.named_at:
        order[at] = named
    for at in frame.likened_at:
        likenesses[at] = named, likenesses[at][1]
    return KnownText(
        roles,
        anybody.slots,
        named,
        reference["reference"].casefold(),
        anybody.confirms,
        "".join(order),
        tuple(likenesses),
        tuple(order),
        anybody.question_at,
        anybody.slot_at,
        anybody.running_on,
        anybody.beginnings | {greeted[:2], named[:2]},
    )


class _Frame(NamedTuple):
    """What a text of ours is for anybody: its two own lines hold what stands for each body's."""

    text: KnownText
    named_at: tuple[int, ...]  # where in its `order` the line with the 受付番号 stands
    likened_at: tuple[int, ...]  # where in its `likenesses`


@lru_cache(maxsize=64)
def _frame(text: str) -> _Frame | None:
    """Return such a text taken apart; None: it is read as a whole for each body."""
    read = _read(text)
    if (
        read.reference != _NO_REFERENCE.casefold()
        or read.roles.get(_ANYBODYS_KEY) != (Role("outside"),)
        or len(read.roles[read.edition]) != 1
    ):
        return None
    return _Frame(
        read,
        tuple(at for at, key in enumerate(read.order) if key == read.edition),
        tuple(at for at, (key, _) in enumerate(read.likenesses) if key == read.edition),
    )


_SAYS_NOTHING = (None, "", "", "")  # no slot, reference, mark or question


def _read(text: str) -> KnownText:
    """Return the roles of the lines of one text of ours, read line by line."""
    walk = _Walk()
    for line in text.splitlines():
        walk.take(line)
    joined = "".join(walk.keys)
    return KnownText(
        {key: tuple(found) for key, found in walk.roles.items()},
        {question: _filled(lines) for question, lines in walk.slots.items()},
        walk.edition,
        walk.reference,
        _confirms(joined),
        joined,
        tuple(walk.likenesses),
        tuple(walk.keys),
        walk.question_at,
        walk.slot_at,
        frozenset(walk.running_on),
        frozenset(key[:2] for key in walk.roles),
    )


class _Walk:
    """Follows the lines of one text of ours in order and notes what each of them is."""

    def __init__(self) -> None:
        self.roles: dict[str, list[Role]] = {}
        self.slots: dict[str, list[str]] = {}
        self.keys: list[str] = []
        self.likenesses: list[tuple[str, Role]] = []
        self.edition = self.reference = ""
        self.question_at: dict[str, int] = {}
        self.slot_at: dict[str, range] = {}
        self.running_on: set[str] = set()  # questions whose slot has more than one line of ours
        self.question, self.option = "", 0
        self.inside = self.in_slot = self.signature = False

    def take(self, line: str) -> None:
        """Note one line; a blank one ends what stands behind a slot."""
        shape = _shape(line)
        if not shape.key:
            self.in_slot = False
            return
        self.keys.append(shape.key)
        if shape.reference:
            self.edition, self.reference = shape.key, shape.reference
        if self.inside and not self.in_slot and shape.slot and shape.kind not in {"start", "end"}:
            self._slot(shape.key, *shape.slot)
            return
        role = self._role(shape, line)
        self.roles.setdefault(shape.key, []).append(role)
        if role.kind != "outside":
            self.likenesses.append((shape.key, role))

    def _slot(self, key: str, question: str, content: str) -> None:
        self.question, self.in_slot = question, True
        at = len(self.keys) - 1
        self.slots[question] = [content]
        self.slot_at[question] = range(at, at + 1)
        self.question_at.setdefault(question, at)
        self.likenesses.append((key, Role("slot-more", question)))

    def _role(self, shape: _Shape, line: str) -> Role:
        if shape.kind == "start":
            self.inside, self.question = True, ""
            return Role("start")
        if shape.kind == "end":
            self.inside = self.in_slot = self.signature = False
            return Role("end")
        if not self.inside:
            return Role("outside")
        if self.signature or shape.kind == "signature":
            self.in_slot, self.signature = False, True
            return Role("signature")
        if self.in_slot:
            self.slots[self.question].append(line)
            self.slot_at[self.question] = range(self.slot_at[self.question].start, len(self.keys))
            self.running_on.add(self.question)
            return Role("slot-more", self.question)
        if shape.reference:
            return Role("reference")
        if shape.question:
            self.question, self.option = shape.question, 0
            self.question_at[self.question] = len(self.keys) - 1
            return Role("question", self.question)
        if shape.option == self.option + 1:
            self.option += 1
            return Role("option", self.question, self.option)
        return Role("more", self.question, self.option)


def _confirms(joined: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = []
    for match in _CONFIRMS.finditer(joined):
        question, options = match["ja"] or match["en"], match["ja_options"] or match["en_options"]
        found.append((question.upper(), tuple(options.split(","))))
    return tuple(found)


def _question_number(line: str) -> str | None:
    match = re.match(r"^(?:Q|議案)([0-9]{1,3})\s", line)
    return f"Q{int(match[1])}" if match else None


def _filled(lines: list[str]) -> Filled:
    content, tail, _ = slot_parts("\n".join(lines), last=True)
    return Filled(line_key(content), line_key(tail))


class Neighbours(NamedTuple):
    """What of ours still stands around one slot of a reply."""

    edition: str
    question: str
    question_line: bool  # its own question line is there
    slot_line: bool
    next_key: str  # the line of ours that follows; "": none
    next_question: str  # the question that begins there, if its line was damaged
    next_slot: str  # the question whose slot follows


@frozen
class Known:
    """Everything that we sent to this address for this survey."""

    texts: tuple[KnownText, ...]  # newest first
    roles: Mapping[str, tuple[Role, ...]]
    likenesses: tuple[tuple[str, Role], ...]
    running_on: frozenset[str]  # questions of whose slots our words run on to a further line
    beginnings: frozenset[str]  # the first two characters of each line

    @cached_property
    def keys(self) -> Sequence[str]:
        """All keys, sorted."""
        return sorted(self.roles)

    @cached_property
    def lengths(self) -> frozenset[int]:
        """Of how many characters the keys are."""
        return frozenset(map(len, self.roles))

    def begins(self, key: str) -> bool:
        """Say whether a line of ours begins so."""
        if len(key) > 1 and key[:2] not in self.beginnings:
            return False  # as nearly every line of a member's: nothing need be sorted, 14 us less for a reply
        place = bisect_left(self.keys, key)
        return place < len(self.keys) and self.keys[place].startswith(key)

    def like(self, key: str) -> Role | None:
        """Return what a damaged line of a ballot of ours was: it has most of that line's letters in their order."""
        if not 4 <= len(key) <= 150:
            return None
        pairs = _pairs(key)
        best, found = 0.6, None
        for ours, role in self.likenesses:
            other = _pairs(ours)
            likeness = 2 * len(pairs & other) / (len(pairs) + len(other) or 1)
            if likeness >= best:
                best, found = likeness, role
        return found

    def holds(self, key: str) -> bool:
        """Say whether these words, as `line_key` has them, stand together anywhere in a text of ours."""
        return any(key in text.joined for text in self.texts)

    def holds_most(self, key: str, question: str) -> bool:
        """Say whether a line is mostly a piece of this question's own line, wrapped and damaged on the way."""
        pairs = _pairs(key[:150])
        return bool(pairs) and any(
            2 * len(pairs & _pairs(ours)) >= len(pairs)
            for ours, role in self.likenesses
            if role.question == question and role.kind in {"question", "more"} and not role.option
        )

    def asked_mostly(self, question: str, key: str) -> bool:
        """Say whether a text is our own question rather than an answer to it: more than half of it stands there."""
        asked = (
            "".join(text.order[text.question_at[question] : text.slot_at[question].start])
            for text in self.texts
            if question in text.slot_at
        )
        return any(share(key, ours) > 0.5 for ours in asked)

    def is_whole(
        self, edition: str, stands: AbstractSet[str], options: Mapping[str, AbstractSet[int]]
    ) -> bool:
        """Say whether the whole ballot of an edition stands in a reply, but for options taken away on purpose.

        `stands`: the keys of our lines there. `options`: which options stand of each question whose slot is there; a
        member chooses by taking the others away.
        """
        text = next((text for text in self.texts if edition in {"", text.edition}), None)
        if text is None or not text.slots.keys() <= options.keys():
            return False
        slots = {at for lines in text.slot_at.values() for at in lines}
        printed: dict[str, set[int]] = {}
        for at, key in enumerate(text.order):
            for role in text.roles.get(key, ()):
                if role.kind == "option":
                    printed.setdefault(role.question, set()).add(role.option)
                elif role.kind != "outside" and not role.option and at not in slots and key not in stands:
                    return False
        return all(
            options[question] == all_ or is_taken_away(len(all_), len(options[question]))
            for question, all_ in printed.items()
        )

    def missing(self, place: Neighbours) -> str:
        """Return the keys of our lines that should stand around a slot and do not, as one string."""
        text = next(
            (
                text
                for text in self.texts
                if place.edition in {"", text.edition} and place.question in text.slot_at
            ),
            None,
        )
        if text is None:
            return ""
        own = text.slot_at[place.question]
        begin = text.question_at[place.question] + place.question_line
        if place.next_slot:
            end = text.slot_at[place.next_slot].start if place.next_slot in text.slot_at else len(text.order)
        elif place.next_question:
            end = text.question_at.get(place.next_question, len(text.order))
        elif place.next_key in text.order[own.stop :]:
            end = text.order.index(place.next_key, own.stop)
        else:
            end = len(text.order)
        return "".join(
            key for at, key in enumerate(text.order[begin:end], begin) if not (place.slot_line and at in own)
        )

    def slots(self, edition: str, question: str) -> list[Filled]:
        """Return how this slot stood in the edition that a reply quotes; in every edition when it names none."""
        return [
            text.slots[question]
            for text in self.texts
            if question in text.slots and edition in {"", text.edition}
        ]


@lru_cache(maxsize=256)
def known_texts(texts: tuple[str, ...]) -> Known:
    """Return everything that we sent to one address for one survey, newest first, ready for comparison."""
    parsed = tuple(_known_text(text) for text in texts)
    if len(parsed) == 1:
        roles = parsed[0].roles
        return Known(parsed, roles, parsed[0].likenesses, parsed[0].running_on, parsed[0].beginnings)
    merged: dict[str, tuple[Role, ...]] = {}
    for text in parsed:
        for key, found in text.roles.items():
            merged[key] = tuple(dict.fromkeys(merged.get(key, ()) + found))
    likenesses = dict.fromkeys(likeness for text in parsed for likeness in text.likenesses)
    running_on = frozenset(question for text in parsed for question in text.running_on)
    beginnings = frozenset(beginning for text in parsed for beginning in text.beginnings)
    return Known(parsed, merged, tuple(likenesses), running_on, beginnings)


_LOST = re.compile("[?〓\ufffd]")


def is_taken_away(printed: int, left: int) -> bool:
    """Say whether a member took so many options away to choose what is left; a single line may have been lost on the way."""
    return left == 1 < printed or 1 < left < printed - 1


def is_piece(key: str, ours: str) -> bool:
    """Say whether a line is a piece of our text, where a lost character may be any."""
    if key in ours:
        return True
    if len(key) > 150 or not _LOST.search(key):
        return False
    return re.search(_LOST.sub(".", re.escape(_LOST.sub("\ufffd", key))), ours) is not None


def is_damaged_copy(key: str, ours: str, *, cut: bool) -> bool:
    """Say whether this is our text with characters lost on the way, or (`cut`) without its end."""
    if cut and ours.startswith(key) and key:
        return True
    lost = _LOST.search(key) is not None and len(key) == len(ours) <= LONGEST_LINE
    return lost and all(mark == own or _LOST.match(mark) for mark, own in zip(key, ours, strict=True))


def share(key: str, ours: str) -> float:
    """Return how much of a line, by its pairs of characters, stands in our text too; 0 to 1."""
    pairs = [pair for pair in _pairs(key[:150]) if not _LOST.search(pair)]
    return sum(pair in ours for pair in pairs) / len(pairs) if pairs else 0.0


@lru_cache(maxsize=2048)
def _pairs(key: str) -> frozenset[str]:
    return frozenset(map("".join, pairwise(key)))


def slot_line(line: str) -> tuple[str, str] | None:
    """Return the question and what follows its mark when the line is a slot: 【Q1回答】..."""
    return _short_slot_line(line) if len(line) <= SHORT_LINE else _slot_line(line)


def _slot_line(line: str) -> tuple[str, str] | None:
    if line.lstrip().lstrip(_BEFORE_A_SLOT)[:1] not in OPENING:
        return None
    match = ANSWER_LINE.match(line)
    if match is None or not (match["open"] and match["inner"] and match["close"] and match["number"]):
        return None
    return named_question(match), match["rest"]


_short_slot_line = lru_cache(maxsize=8192)(_slot_line)


def slot_parts(rest: str, *, last: bool) -> tuple[str, str, bool]:
    """Return what stands between the brackets, what stands behind them, and whether they were closed.

    `last`: the slot ends at the last closing bracket (free text may hold brackets itself).
    """
    return _short_slot_parts(rest, last) if len(rest) <= 40 else _slot_parts(rest, last)


def _slot_parts(rest: str, last: bool) -> tuple[str, str, bool]:
    rest = rest.strip()
    rest = rest.removeprefix(":").removeprefix("：").lstrip()
    if not rest or rest[0] not in OPENING:
        return EMPTY_BRACKETS.sub("", rest[-LONGEST_LINE:] if len(rest) > LONGEST_LINE else rest), "", True
    closing = _CLOSING[rest[0]]
    places = [rest.rfind(mark) if last else rest.find(mark) for mark in closing]
    found = [place for place in places if place > 0]
    if not found:
        return rest[1:], "", False
    end = max(found) if last else min(found)
    return rest[1:end], rest[end + 1 :].strip(), True


# Most members leave a slot as it was or write one of a few short things: 11 us less for a reply of three slots.
_short_slot_parts = lru_cache(maxsize=2048)(_slot_parts)
