"""What a reply says: its lines aligned with the texts that we sent, the rest read as answers (ballot.md section 6)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from mailbot.core.answer import (
    CIRCLED,
    EXPLANATIONS,
    Blank,
    Read,
    Unclear,
    Understood,
    choice_count,
    is_blank,
    label_answer,
    mentions_choice,
    option_answer,
    printed_options,
    read_answer,
    tidy,
    whole_labels,
)
from mailbot.core.japanese import fold
from mailbot.core.survey import Answer, Command, Problem, Question, Reading, Survey

# A longer mail is read so far and then kept for the office: nobody's answer needs more.
LONGEST_REPLY = 64_000  # characters
MOST_LINES = 1_500
LONGEST_LINE = 1_000  # characters; patterns never see more
DEEPEST_QUOTE = 50
MOST_PIECES = 10  # lines into which a gateway may have wrapped one of ours
MOST_COMPARED = 40  # lines of a reply that are compared with ours by their likeness
MOST_STATEMENTS = 20  # different answers to one question; two already disagree

HOLDS: Mapping[str, str] = {
    "differ": "本文の先頭と回答欄など、2か所のお答えが違います",
    "bare-number": "番号だけが書かれていて、どの問いへのお答えか分かりません",
    "untouched": "お答えが見当たりません",
    "prose": "回答欄が空欄で、文章だけがあります",
    "contact-change": "担当者の異動の知らせのようです",
    "quoted-only": "引用の中にだけお答えがあります",
    "other-ballot": "別の調査または別の団体の回答票が使われています",
    "too-long": "本文が長すぎて全体を読めません",
    "correction": "お答えのほかに、訂正と思われる文があります",
    "command-and-answers": "取下げ（または回答しない）とお答えの両方が書かれています",
}

# ---- lines -------------------------------------------------------------------------------------------------------

_QUOTE_MARKS = frozenset(">＞|｜")
_NAMED_QUOTE = re.compile(r"^(?P<name>[^\s>＞]{1,20})[>＞]\s?(?P<rest>.*)$")
_STRUCK = re.compile(r"~~[^~]{1,500}~~")
_OPENING = "【[［〔〖(（「『<＜〈{｛"
_CLOSING = {
    **dict.fromkeys("【[［〔〖", "】]］〕〗"),
    **dict.fromkeys("(（", ")）"),
    "「": "」",
    "『": "』",
    **dict.fromkeys("<＜〈", ">＞〉"),
    **dict.fromkeys("{｛", "}｝"),
}
_EMPTY_BRACKETS = re.compile(r"[\[［【〔][\s_]*[\]］】〕]\s*$")
_QUESTION_MARK = r"(?:[QqＱｑ]|設問|質問|問|議案)"
_ANSWER_LINE = re.compile(
    rf"^[\s・●■◆◇*]*(?:(?P<open>[【\[［〔〖(（「])\s*)?(?:{_QUESTION_MARK}\s?(?P<number>[0-9０-９]{{1,3}})|第(?P<motion>[0-9０-９]{{1,3}})号議案)"
    r"(?P<inner>\s*(?:の\s*)?(?:回\s*答|[Aa]nswer|ANSWER))?(?:\s*(?P<close>[】\]］〕〗)）」]))?"
    r"(?P<outer>\s*(?:の\s*)?(?:回\s*答|[Aa]nswer|ANSWER))?(?P<rest>.*)$"
)
_ANSWER_SEPARATOR = re.compile(r"^\s*[:：.．,，、)）→=＝\-－−‐]\s*|^は(?!い(?!いえ))\s*|^\s+は\s+|^\s+")
_YES_OR_NO = re.compile(r"^(?:はい|いいえ)")
_BEGINS_LIKE_OURS = re.compile("[q0-9?〓\ufffd.★*\\[]")  # ours, or damaged; not a sentence of the member's
_ARROW = re.compile("[→⇒:：=＝]")
_FURTHER_ANSWER = re.compile(
    rf"(?<=[\s、,，/／;；。．])(?={_QUESTION_MARK}\s?[0-9０-９]{{1,3}}[\s:：.．=＝→は)）])"
)
_REFERENCE = re.compile(
    r"(?:受付番号|\bRef)\s*(?P<reference>[A-Za-z0-9][A-Za-z0-9-]{2,40})\s*(?:第\s*[0-9]{1,4}\s*版|v[0-9]{1,4})"
)
_NUMBERED_OPTION = re.compile(r"^\s*(?P<number>[0-9]{1,3})\.\s")

_MARKS = frozenset("○◎✓✔✅レ☑■●")
_EMPTY_BOXES = "□☐"
_MARK_BEFORE = re.compile(r"^[\[(<]?(?P<mark>[○◎✓✔✅レ☑■●])[\])>]?(?P<rest>.+)$")
_MARK_BETWEEN = re.compile(r"^(?P<number>[0-9]{1,3}\.)[\[(]?[○◎✓✔✅レ☑■●][\])]?(?P<rest>.+)$")
_MARK_AFTER = re.compile(r"[\[(<←]?[○◎✓✔✅レ☑■●][\])>]?$")


@lru_cache(maxsize=8192)
def _short_key(line: str) -> str:
    return "".join(fold(line).casefold().split())


def line_key(line: str) -> str:
    """Return a line folded and without blanks, for comparison with ours (ballot.md section 5)."""
    return _short_key(line) if len(line) <= 120 else "".join(fold(line).casefold().split())


class Role(NamedTuple):
    """What a line of ours is."""

    kind: Literal["start", "end", "reference", "question", "option", "more", "slot-more", "outside"]
    question: str = ""
    option: int = 0  # 0: not an option


class _Filled(NamedTuple):
    """A slot as we sent it, as keys."""

    content: str
    tail: str


@dataclass(frozen=True)
class _KnownText:
    """One text that we sent, by lines."""

    roles: Mapping[str, tuple[Role, ...]]
    slots: Mapping[str, _Filled]
    edition: str  # the key of its 受付番号 line
    reference: str
    confirms: tuple[tuple[str, tuple[str, ...]], ...]  # question and options that はい would confirm
    joined: str
    likenesses: tuple[tuple[str, Role], ...]  # each line of the ballot


# The confirmation that `ballot.confirmation` composes, as a key.
_CONFIRMS = re.compile(
    r"「はい」とだけ返信されると、(?P<ja>q[0-9]{1,3})を(?P<ja_options>[0-9,]{1,200})と数えます"
    r"|only\"yes\"inreplycounts(?P<en_options>[0-9,]{1,200})for(?P<en>q[0-9]{1,3})\."
)


@lru_cache(maxsize=256)
def _known_text(text: str) -> _KnownText:
    """Return the roles of the lines of one text of ours, and its slots."""
    roles: dict[str, list[Role]] = {}
    slots: dict[str, list[str]] = {}
    edition = reference = question = ""
    option, inside, in_slot = 0, False, False
    keys = []
    likenesses = []
    for line in text.splitlines():
        key = line_key(line)
        keys.append(key)
        role: Role
        if not key:
            in_slot = False
            continue
        slot = _slot_line(line)
        found = _REFERENCE.search(line)
        if found:
            edition, reference = key, found["reference"].casefold()
        if _is_start(key):
            inside, question = True, ""
            role = Role("start")
        elif _is_end(key):
            inside = in_slot = False
            role = Role("end")
        elif not inside:
            role = Role("outside")
        elif slot and not in_slot:
            question, in_slot = slot[0], True
            slots[question] = [slot[1]]
            likenesses.append((key, Role("slot-more", question)))
            continue
        elif in_slot:
            slots[question].append(line)
            role = Role("slot-more", question)
        elif found:
            role = Role("reference")
        elif number := _question_number(line):
            question, option = number, 0
            role = Role("question", question)
        elif (numbered := _NUMBERED_OPTION.match(line)) and int(numbered["number"]) == option + 1:
            option += 1
            role = Role("option", question, option)
        else:
            role = Role("more", question, option)
        roles.setdefault(key, []).append(role)
        if role.kind != "outside":
            likenesses.append((key, role))
    joined = "".join(keys)
    return _KnownText(
        {key: tuple(found) for key, found in roles.items()},
        {question: _filled(lines) for question, lines in slots.items()},
        edition,
        reference,
        _confirms(joined),
        joined,
        tuple(likenesses),
    )


def _confirms(joined: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = []
    for match in _CONFIRMS.finditer(joined):
        question, options = match["ja"] or match["en"], match["ja_options"] or match["en_options"]
        found.append((question.upper(), tuple(options.split(","))))
    return tuple(found)


def _is_start(key: str) -> bool:
    return key.startswith(("★★回答欄ここから★★", "**answersstart**"))


def _is_end(key: str) -> bool:
    return key.startswith(("★★回答欄ここまで★★", "**answersend**"))


def _question_number(line: str) -> str | None:
    match = re.match(r"^Q([0-9]{1,3})\s", line)
    return f"Q{match[1]}" if match else None


def _filled(lines: list[str]) -> _Filled:
    content, tail, _ = _slot_parts("\n".join(lines), last=True)
    return _Filled(line_key(content), line_key(tail))


@dataclass(frozen=True)
class _Known:
    """Everything that we sent to this address for this survey."""

    texts: tuple[_KnownText, ...]  # newest first
    roles: Mapping[str, tuple[Role, ...]]
    keys: tuple[str, ...]  # all of them, sorted
    likenesses: tuple[tuple[str, Role], ...]

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

    def holds_most(self, key: str, question: str) -> bool:
        """Say whether a line is mostly a piece of this question's own line, wrapped and damaged on the way."""
        pairs = _pairs(key[:150])
        return bool(pairs) and any(
            2 * len(pairs & _pairs(ours)) >= len(pairs)
            for ours, role in self.likenesses
            if role.question == question and role.kind in {"question", "more"} and not role.option
        )

    def slots(self, edition: str, question: str) -> list[_Filled]:
        """Return how this slot stood in the edition that a reply quotes; in every edition when it names none."""
        return [
            text.slots[question]
            for text in self.texts
            if question in text.slots and edition in {"", text.edition}
        ]


@lru_cache(maxsize=256)
def _known(texts: tuple[str, ...]) -> _Known:
    parsed = tuple(_known_text(text) for text in texts)
    if len(parsed) == 1:
        return _Known(parsed, parsed[0].roles, tuple(sorted(parsed[0].roles)), parsed[0].likenesses)
    roles: dict[str, tuple[Role, ...]] = {}
    for text in parsed:
        for key, found in text.roles.items():
            roles[key] = tuple(dict.fromkeys(roles.get(key, ()) + found))
    likenesses = dict.fromkeys(likeness for text in parsed for likeness in text.likenesses)
    return _Known(parsed, roles, tuple(sorted(roles)), tuple(likenesses))


@lru_cache(maxsize=2048)
def _pairs(key: str) -> frozenset[str]:
    return frozenset(map("".join, pairwise(key)))


def _slot_line(line: str) -> tuple[str, str] | None:
    """Return the question and what follows its mark when the line is a slot: 【Q1回答】..."""
    match = _ANSWER_LINE.match(line)
    if match is None or not (match["open"] and match["inner"] and match["close"] and match["number"]):
        return None
    return f"Q{int(match['number'])}", match["rest"]


def _slot_parts(rest: str, *, last: bool) -> tuple[str, str, bool]:
    """Return what stands between the brackets, what stands behind them, and whether they were closed.

    `last`: the slot ends at the last closing bracket (free text may hold brackets itself).
    """
    rest = rest.strip()
    rest = rest.removeprefix(":").removeprefix("：").lstrip()
    if not rest or rest[0] not in _OPENING:
        return _EMPTY_BRACKETS.sub("", rest[-LONGEST_LINE:] if len(rest) > LONGEST_LINE else rest), "", True
    closing = _CLOSING[rest[0]]
    places = [rest.rfind(mark) if last else rest.find(mark) for mark in closing]
    found = [place for place in places if place > 0]
    if not found:
        return rest[1:], "", False
    end = max(found) if last else min(found)
    return rest[1:end], rest[end + 1 :].strip(), True


class _Line(NamedTuple):
    """One line of a reply, its quote marks taken off."""

    depth: int
    text: str
    key: str
    roles: tuple[Role, ...]


def _unquoted(line: str) -> tuple[int, str]:
    """Return how deep a line is quoted, and the line without its quote marks."""
    depth = at = 0
    for place, mark in enumerate(line):
        if mark in _QUOTE_MARKS:
            depth, at = depth + 1, place + 1
            if depth == DEEPEST_QUOTE:
                break
        elif not mark.isspace():
            break
    return depth, line[at:] if depth else line


def _rejoined(pieces: list[tuple[int, str, str]], at: int, known: _Known) -> tuple[str, int]:
    """Return the line of ours that begins here and was wrapped on the way, and over how many lines it runs."""
    depth, _, first = pieces[at]
    whole = first
    for count in range(2, MOST_PIECES + 1):
        place = bisect_left(known.keys, whole)
        if place == len(known.keys) or not known.keys[place].startswith(whole):
            break
        if at + count > len(pieces) or pieces[at + count - 1][0] != depth or not pieces[at + count - 1][2]:
            break
        whole += pieces[at + count - 1][2]
        if whole in known.roles:
            return whole, count
    return first, 1


def _is_ours(rest: str, known: _Known) -> bool:
    return line_key(rest) in known.roles or _slot_line(rest) is not None


def _lines(text: str, known: _Known) -> list[_Line]:
    """Return the lines of a reply, each with what it is if it is ours; re-wrapped ones as one."""
    pieces = []
    names: set[str] = set()  # what stands in front of > where a client writes the sender's name there
    for raw in text.split("\n", MOST_LINES)[:MOST_LINES]:
        line = raw.rstrip("\r")[:LONGEST_LINE]
        if "~~" in line:
            line = _STRUCK.sub("", line)
        depth, body = _unquoted(line)
        key = line_key(body)
        if key not in known.roles and ">" in body[:22].replace("＞", ">"):
            named = _NAMED_QUOTE.match(body)
            if named and (named["name"] in names or _is_ours(named["rest"], known)):
                names.add(named["name"])
                depth, body = depth + 1, named["rest"]
                key = line_key(body)
        pieces.append((depth, body, key))
    lines = []
    at = 0
    while at < len(pieces):
        depth, body, key = pieces[at]
        roles = known.roles.get(key, ())
        taken = 1
        if key and not roles and _slot_line(body) is None:
            key, taken = _rejoined(pieces, at, known)
            roles = known.roles.get(key, ())
        lines.append(_Line(depth, body, key, roles))
        at += taken
    return lines


# ---- statements --------------------------------------------------------------------------------------------------


@dataclass
class _Slot:
    """One slot of one quoted ballot, and what stands around it."""

    place: tuple[int, int]  # (quote depth, which ballot in the mail): the smallest is the member's own
    edition: str = ""
    foreign: bool = False
    value: str | None = None  # None: as we sent it
    emptied: bool = False  # it was filled when we sent it and is blank now
    present: bool = False  # the slot's own line is there
    question_line: bool = False
    bounded: bool = False  # a line of ours follows
    options: list[int] = field(default_factory=list)  # the option lines that still stand
    marks: list[int] = field(default_factory=list)
    damaged: bool = False  # a line among the options is neither ours nor an answer
    among: list[str] = field(default_factory=list)  # lines before the last option that are not ours
    under: list[str] = field(default_factory=list)
    unbounded: list[str] = field(default_factory=list)  # written under the slot, no line of ours after it yet
    gap: bool = False  # a blank line stands among the unbounded ones


@dataclass
class _Statements:
    """Everything that a reply states, by question, before it is weighed."""

    explicit: dict[str, list[str]] = field(default_factory=dict)  # written as "Q1 2"
    slots: dict[str, list[_Slot]] = field(default_factory=dict)
    top: list[str] = field(default_factory=list)  # the member's lines above everything of ours
    asides: list[str] = field(
        default_factory=list
    )  # the member's lines that answer nothing, wherever they stand
    command: Command | None = None
    detail: str = ""
    foreign: bool = False
    quoted: bool = False  # an answer stands in a quotation of somebody else's mail
    unknown: list[str] = field(default_factory=list)  # answers to questions that do not exist


_COMMANDS: Mapping[str, Command] = {
    **dict.fromkeys(("取下げ", "取下", "取り下げ", "取り下げます", "取下げます", "withdraw"), "withdraw"),
    **dict.fromkeys(
        ("再送", "再送希望", "再送してください", "再送お願いします", "再送をお願いします", "resend"), "resend"
    ),
    **dict.fromkeys(("回答しない", "回答しません", "decline"), "decline"),
    **dict.fromkeys(("ヘルプ", "help"), "help"),
}
_CONTACT = re.compile(r"^\s*[「『]?(?:担当変更|担当者変更|[Cc]ontact)(?:\s+|[:：]\s*)(?P<detail>\S.{0,300})$")


def command_of(line: str) -> tuple[Command, str] | None:
    """Return the command that stands alone on this line, and what follows it (only 担当変更 has something)."""
    if len(line) > 320:
        return None
    contact = _CONTACT.match(line)
    if contact:
        return "contact", contact["detail"].strip()
    command = _COMMANDS.get(line_key(line).strip("「」『』\"'。.!します").strip()) or _COMMANDS.get(
        line_key(line).strip("「」『』\"'。.!")
    )
    return (command, "") if command else None


def explicit_answers(survey: Survey, line: str) -> list[tuple[str, str]]:
    """Return (question, what is written) when a line names questions itself: "Q1 2", "問2：1,3", "Q1 2、Q2 3"."""
    match = _ANSWER_LINE.match(line)
    if match is None:
        return []
    if bool(match["open"]) != bool(match["close"]) and match["close"] not in {")", "）"}:
        return []
    number = f"Q{int(match['number'] or match['motion'])}"
    rest = match["rest"]
    question = _question(survey, number)
    separated = _separated(rest, match["close"], question)
    if separated is None:
        return []
    value = _slot_value(separated, question)
    if question is not None and question.type != "text" and (cut := _FURTHER_ANSWER.search(value)):
        first = value[: cut.start()].rstrip(" 　、,，/／;；。．")
        return [(number, first), *explicit_answers(survey, value[cut.start() :])]
    return [(number, value)]


def _separated(rest: str, closed: str | None, question: Question | None) -> str | None:
    """Return what follows the separator of an answer line; None: the line only begins like one."""
    if not rest.strip():
        return ""
    separator = _ANSWER_SEPARATOR.match(rest)
    if separator is None and question is not None and question.type == "yesno" and _YES_OR_NO.match(rest):
        return rest
    if separator is None:
        return rest if closed or rest[0] in _OPENING else None
    if question is not None and question.type == "number" and re.match(r"\s+[-－−‐][0-9０-９]", rest):
        return rest.strip()
    return rest[separator.end() :].strip()


def _slot_value(rest: str, question: Question | None) -> str:
    """Return the value of 【Q1回答】[　　]2 and the like; other text as it stands."""
    if not rest or rest[0] not in "[［【〔":
        return _EMPTY_BRACKETS.sub("", rest) if len(rest) <= LONGEST_LINE else rest
    content, tail, closed = _slot_parts(rest, last=question is not None and question.type == "text")
    if not closed:
        return rest
    if is_blank(content):
        return tail
    return f"{content.strip()} {tail}".strip()


def _question(survey: Survey, number: str) -> Question | None:
    return next((question for question in survey.questions if question.id == number), None)


_RULE = re.compile(r"^[\s\-_=*─━＿－ー―~]{2,}$|^--\s?$")
_NOT_PROSE = re.compile(
    r"@|https?:|^\s*(?:tel|fax|e-?mail|電話|〒|内線)|wrote:$|さんは書きました|のメール:|^\s*-{2,}"
    r"|^\s*(?:差出人|送信者|宛先|件名|送信日時|日時|cc|from|to|subject|date|sent)\s*[:：]|iphone|から送信|outlook for",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"お世話|いつも|よろしく|宜しく|お疲れ|失礼|ありがとう|有難う|有り難う|拝啓|敬具|以上$|以上です|次のとおり|下記|以下のとおり"
    r"|回答します|回答いたします|返信します|ご回答|送付|回答を?提出|御中|了解|承知|確認(?:いた)?しました|様[、。]?$|担当[:：]|課$|係$|部$|^.{1,25}(?:の|課|係|市|町|村).{1,8}です。?$|申します。?$"
    r"|thank|regards|sincerely|dear|hello|^hi\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(?:ます|ません|した|です|ない|ください|ありました|思う|いる|ある|でしょうか)[。.!！?？]?$|。|[?？]$"
)
_CORRECTION = re.compile(r"間違い|まちがい|訂正|やはり|やっぱり|ではなく|じゃなく|撤回")
_CHOICE_IN_PROSE = re.compile(
    r"(?:[qQＱｑ]|問|議案)\s?[0-9０-９]|[0-9０-９]\s?(?:番|です|でし|でお願い|に|が正|へ|$)"
)
_CONTACT_CHANGE = re.compile(
    r"異動(?:しま|とな|にな|のため)|担当(?:者)?(?:が|は)?(?:代わ|替わ|変わ|変更)|後任"
)


# Free answers that nobody goes on with; the next line is a name.
_COMPLETE = frozenset(
    {
        "なし",
        "無し",
        "特になし",
        "特に無し",
        "特にありません",
        "特になしです",
        "ありません",
        "none",
        "nothing",
    }
)


def _ends_text(line: str) -> bool:
    """Say whether a free answer written at the top ends before this line."""
    return (
        _RULE.match(line) is not None
        or _NOT_PROSE.search(line) is not None
        or line_key(line).startswith(("よろしく", "宜しく", "どうぞよろしく", "以上"))
    )


class _Reader:
    """Walks the lines of one reply once, in order, and notes what each states."""

    def __init__(self, survey: Survey, known: _Known) -> None:
        self.survey = survey
        self.known = known
        self.places = {question.id: place for place, question in enumerate(survey.questions)}
        self.references = {text.reference for text in known.texts if text.reference}
        self.stated = _Statements()
        self.ballots = 0
        self.open = False  # inside a ballot of ours
        self.current: _Slot | None = None
        self.current_id = ""
        self.edition = ""
        self.foreign = False
        self.seen_ours = False
        self.compared = 0
        self.pending = ""  # a question named at the top whose answer follows on the next lines
        self.slot_text: list[str] | None = None  # a slot whose bracket is not closed yet

    def read(self, lines: Sequence[_Line]) -> _Statements:
        for line in lines:
            if self.slot_text is not None and not self._continue_slot(line):
                continue
            self._line(line)
        if self.slot_text is not None:
            self._close_slot(ended=False)
        return self.stated

    def _line(self, line: _Line) -> None:
        if not line.key:
            self.pending = ""
            if self.current is not None and self.current.unbounded:
                self.current.gap = True
            return
        slot = _slot_line(line.text)
        if slot and slot[0] in self.places and (self.open or line.depth):
            self._slot(line, *slot)
        elif line.roles and self._ours(line):
            self.seen_ours = True
            self.pending = ""
        elif not self._marked(line):
            self._new(line)

    # Lines of ours

    def _ours(self, line: _Line) -> bool:
        """Follow a line that equals one of ours; say no when it stands where ours does not."""
        kinds = {role.kind for role in line.roles}
        if "option" in kinds or ("more" in kinds and any(role.option for role in line.roles)):
            return self._option(line)
        if "start" in kinds:
            self._bound()
            self._begin("")
            self._edition(line)
        elif "reference" in kinds:
            if not self.open:
                self._begin("")
            self._edition(line)
        elif "question" in kinds:
            question = next(role.question for role in line.roles if role.kind == "question")
            if question in self.places:
                self._enter(question, line.depth)
                assert self.current is not None
                self.current.question_line = True
        elif "end" in kinds or "outside" in kinds:
            self._bound()
            self.current, self.current_id, self.open = None, "", False
        elif "slot-more" in kinds:
            return self.current is not None and self.current.present and not self.current.unbounded
        return True

    def _begin(self, edition: str) -> None:
        self.ballots += 1
        self.open, self.current, self.current_id = True, None, ""
        self.edition, self.foreign = edition, False

    def _edition(self, line: _Line) -> None:
        if any(text.edition == line.key for text in self.known.texts):
            self.edition = line.key

    def _bound(self) -> None:
        """A line of ours follows: what was written before it stands between our lines."""
        if self.current is not None:
            self.current.bounded = True
            self.current.under += self.current.unbounded
            self.current.unbounded = []

    def _enter(self, question: str, depth: int) -> None:
        """Begin this question's part, in a new ballot when it does not come after the one before."""
        self._bound()
        before = self.places.get(self.current_id, -1)
        if (
            not self.open
            or self.places[question] <= before
            or (self.current is not None and self.current.place[0] != depth)
        ):
            forward = self.open and self.places[question] > before
            edition, foreign = (self.edition, self.foreign) if forward else ("", False)
            self._begin(edition)
            self.foreign = foreign
        self.current = _Slot((depth, self.ballots), self.edition, self.foreign)
        self.current_id = question
        self.stated.slots.setdefault(question, []).append(self.current)

    def _option(self, line: _Line) -> bool:
        """Follow an option line in its own order; out of order the member has typed or copied it."""
        slot = self.current
        if slot is not None and not slot.present and slot.place[0] == line.depth:
            for role in line.roles:
                after = role.option > max(slot.options, default=0)
                if role.kind == "option" and role.question == self.current_id and after:
                    slot.options.append(role.option)
                    if any(mark in CIRCLED for mark in line.text):
                        slot.marks.append(role.option)
                    return True
                if role.kind == "more" and role.question == self.current_id:
                    return True
        own = slot is not None and any(role.question == self.current_id for role in line.roles)
        return (line.depth > 0 or slot is not None) and not own

    def _marked(self, line: _Line) -> bool:
        """Note an option line of ours that bears a mark."""
        slot = self.current
        if slot is None or slot.present or slot.place[0] != line.depth:
            return False
        for key, marked in _without_mark(line.key):
            for role in self.known.roles.get(key, ()):
                if role.question == self.current_id and role.kind in {"option", "more"} and role.option:
                    if role.kind == "option":
                        slot.options.append(role.option)
                    if marked:
                        slot.marks.append(role.option)
                    return True
        return False

    # Slots

    def _slot(self, line: _Line, question: str, rest: str) -> None:
        slot = self.current
        if slot is None or self.current_id != question or slot.present or slot.place[0] != line.depth:
            self._enter(question, line.depth)
        self._bound()
        self.seen_ours = True
        self.pending = ""
        assert self.current is not None
        self.current.present = True
        self.slot_text = [rest]
        if _slot_parts(rest, last=False)[2] and not self._may_continue():
            self._close_slot(ended=True)

    def _may_continue(self) -> bool:
        """Say whether our own words about this slot's answer run on to further lines."""
        return any(
            role.kind == "slot-more" and role.question == self.current_id
            for text in self.known.texts
            for roles in text.roles.values()
            for role in roles
        )

    def _continue_slot(self, line: _Line) -> bool:
        """Take a line into the open slot; return True when the line has to be read on its own."""
        assert self.slot_text is not None
        assert self.current is not None
        closed = _slot_parts("\n".join(self.slot_text), last=False)[2]
        more = any(role.kind == "slot-more" and role.question == self.current_id for role in line.roles)
        other = line.roles and not more
        if other or _slot_line(line.text) or line.depth > self.current.place[0] or (closed and not more):
            self._close_slot(ended=True)
            return True
        self.slot_text.append(line.text)
        if len(self.slot_text) > 400:
            self._close_slot(ended=True)
        return False

    def _close_slot(self, *, ended: bool) -> None:
        """Compare the slot with how we sent it."""
        assert self.slot_text is not None
        assert self.current is not None
        slot, lines = self.current, self.slot_text
        self.slot_text = None
        question = self.survey.question(self.current_id)
        content, tail, closed = _slot_parts("\n".join(lines), last=question.type == "text")
        if not closed and not ended and len(lines) > 1:
            content = (
                lines[0].strip()[1:] if question.type != "text" else "\ufffd"
            )  # it runs into what follows
        sent = self.known.slots(slot.edition, self.current_id)
        content_key, tail_key = line_key(content), line_key(tail)
        own_tail = not tail_key or any(tail_key == filled.tail for filled in sent)
        if any(content_key == filled.content and tail_key == filled.tail for filled in sent):
            return
        if is_blank(content) and own_tail:
            slot.emptied = slot.edition != "" and any(filled.content for filled in sent)
            return
        if is_blank(content):
            slot.value = tail
        elif own_tail:
            slot.value = content
        else:
            slot.value = f"{content.strip()} {tail}"
        if question.type == "text" and not line_key(slot.value).strip("[]()"):
            slot.value = "\ufffd"  # a bracket is all that is left of the slot
        elif question.type != "text":
            slot.value = slot.value.strip(" 　→←⇒⇐:：=＝")

    # The member's own lines

    def _new(self, line: _Line) -> None:
        reference = _REFERENCE.search(fold(line.text)) if "-" in line.key else None
        if reference and reference["reference"].casefold() not in self.references and self.references:
            if not self.open:
                self._begin("")
            self.foreign = True
            return
        if self.pending and _ends_text(line.text):
            self.pending = ""
        within = self.open and self.current is not None
        stated = explicit_answers(self.survey, line.text)
        if stated and self._is_question_line(line, stated):
            return
        if stated and (line.depth == 0 or within):
            self._explicit(stated)
        elif stated:
            self.stated.quoted = True
        elif line.depth == 0 and not within and (command := command_of(line.text)):
            self.stated.command, self.stated.detail = command
        elif self.pending and line.depth == 0:
            self._continue_explicit(line.text)
        elif within and self._damaged(line):
            self.seen_ours = True
        elif within:
            self._under(line)
        elif line.depth == 0:
            self.stated.asides.append(line.text)
            if not self.seen_ours:
                self.stated.top.append(line.text)

    def _damaged(self, line: _Line) -> bool:
        """Follow a line of ours that was damaged on the way, so that what follows is not read for another question."""
        slot = self.current
        assert slot is not None
        if self.compared >= MOST_COMPARED or not self.known.texts:
            return False
        self.compared += 1
        question = self.survey.question(self.current_id)
        if slot.present and question.type != "text" and _is_answer(question, line.text):
            return False
        if any(mark in line.key for mark in ("答]", "answer]", "][")):
            slot.damaged = True
            if not line.key.endswith(("[]", "]")) or not _EMPTY_BRACKETS.search(line.text):
                slot.unbounded.append("\ufffd")  # somebody's answer, to a question that we cannot tell
            return True
        role = self.known.like(line.key) if _BEGINS_LIKE_OURS.match(line.key) else None
        if role is None or role.question not in self.places:
            return role is not None and role.kind in {"start", "end", "reference"}
        if role.kind == "question" and role.question != self.current_id:
            self._enter(role.question, line.depth)
            assert self.current is not None
            self.current.damaged = True
            return True
        if role.question == self.current_id and (slot.present or role.kind in {"option", "more"}):
            return False
        slot.damaged = True
        return True

    def _is_question_line(self, line: _Line, stated: list[tuple[str, str]]) -> bool:
        """Say whether this is our own question line, damaged or cut, and enter its part."""
        number, value = stated[0]
        question = _question(self.survey, number)
        if question is None:
            return False
        asked, written = line_key(question.text), line_key(value)
        cut = len(written) >= 4 and asked.startswith(written)
        whole = written.startswith(asked) and written[len(asked) :][:1] in {"", "("}
        if question.type == "text" and not whole and self.open and self.compared < MOST_COMPARED:
            self.compared += 1
            like = self.known.like(line.key)
            whole = like is not None and like.kind == "question" and like.question == number
        if len(stated) > 1 or not asked or not (cut or whole) or label_answer(question, value):
            return False
        behind = _asked_removed(question, value)
        merged = not _ARROW.search(value) and any(label in behind for label, _ in whole_labels(question))
        if question.type != "text" and not merged and _is_answer(question, behind):
            return False  # the member copied the question and answered behind it
        self._enter(number, line.depth)
        assert self.current is not None
        self.current.damaged = True
        self.seen_ours = True
        return True

    def _explicit(self, stated: list[tuple[str, str]]) -> None:
        self.pending = ""
        self.stated.foreign = self.stated.foreign or (self.open and self.foreign)
        for number, value in stated:
            question = _question(self.survey, number)
            if question is None:
                self.stated.unknown.append(number)
                continue
            if question.type == "text" and line_key(value).startswith(line_key(question.text) + "("):
                continue  # our own line, run together with another
            values = self.stated.explicit.setdefault(number, [])
            if value:
                values.append(value)
            if not value or (question.type == "text" and line_key(value).rstrip("。.") not in _COMPLETE):
                self.pending = number

    def _continue_explicit(self, text: str) -> None:
        """Add the next line to a free answer, or take it as the answer of a question that stood alone."""
        values = self.stated.explicit[self.pending]
        if self.survey.question(self.pending).type != "text":
            values.append(text.strip())
            self.pending = ""
        elif values:
            values[-1] = f"{values[-1]}\n{text.strip()}"
        else:
            values.append(text.strip())

    def _under(self, line: _Line) -> None:
        slot = self.current
        assert slot is not None
        if line.depth > slot.place[0]:
            return
        if not slot.present:
            slot.damaged = True
            count = len(printed_options(self.survey.question(self.current_id)))
            if len(set(slot.options)) < count:
                slot.among.append(line.text)  # it may be one of our own option lines, damaged
                return
            if self.known.holds_most(line.key, self.current_id):
                return
        slot.unbounded.append(line.text)


def _is_answer(question: Question, text: str) -> bool:
    return isinstance(read_answer(question, text, today=date.min), Understood)


def _without_mark(key: str) -> Iterable[tuple[str, bool]]:
    """Yield the keys that a line has without a mark before, after or between, and whether there was one."""
    if key[0] in _EMPTY_BOXES:
        yield key.lstrip(_EMPTY_BOXES), False
    if key[-1] in _EMPTY_BOXES:
        yield key.rstrip(_EMPTY_BOXES), False
    if not _MARKS.intersection(key):
        return
    bare = key.strip(_EMPTY_BOXES)
    if before := _MARK_BEFORE.match(bare):
        yield before["rest"], True
    if between := _MARK_BETWEEN.match(bare):
        yield between["number"] + between["rest"], True
    yield _MARK_AFTER.sub("", bare), True


# ---- what it all says --------------------------------------------------------------------------------------------


def read_reply(
    survey: Survey,
    text: str,
    known: Sequence[str],
    *,
    today: date,
    language: Literal["ja", "en"] = "ja",
    bare_label_ok: bool = False,
) -> Reading:
    """Read a reply by aligning it with every text that we sent to this address for this survey (ballot.md 6 to 8).

    `known`: those texts, newest first. `bare_label_ok` (events): a whole label alone on a line at the top answers the
    first question that has it. Nothing is guessed; what is not wholly understood becomes a problem or a hold.
    """
    ours = _known(tuple(known))
    whole = len(text) <= LONGEST_REPLY and text.count("\n") < MOST_LINES
    stated = _Reader(survey, ours).read(_lines(text[:LONGEST_REPLY], ours))
    confirmed = _confirmed(ours, stated)
    found = _Outcome(survey, language)
    for question in survey.questions:
        values = tuple(dict.fromkeys(stated.explicit.get(question.id, [])))[:MOST_STATEMENTS]
        heads = [_read_head(question, value, today) for value in values]
        if bare_label_ok:
            heads += _labels_at_top(survey, question, stated.top)
        if question.id in confirmed:
            heads.append(Understood(confirmed[question.id]))
        found.add(question, heads, _in_ballot(question, stated, ours, today))
    if not found.any and not stated.command:
        _read_top(survey, stated, found, today)
    if found.answers and found.hold is None and any(_corrects(line) for line in stated.asides):
        found.hold, found.ask = "correction", True
    return found.reading(stated, whole=whole)


def _corrects(line: str) -> bool:
    """Say whether a sentence beside the answers seems to take one of them back: 「やはりQ1は3です」."""
    return _CORRECTION.search(line) is not None and _CHOICE_IN_PROSE.search(line) is not None


def _read_head(question: Question, value: str, today: date) -> Read:
    """Read what stands behind a question's number, where some members repeat the question first."""
    read = read_answer(question, value, today=today)
    if isinstance(read, Unclear) and (behind := _asked_removed(question, value)) != value:
        return read_answer(question, behind, today=today)
    return read


def _asked_removed(question: Question, value: str) -> str:
    """Return the value without our own question in front of it, which some members copy."""
    if question.type == "text" or len(value) > LONGEST_LINE:
        return value
    asked, written = tidy(question.text), tidy(value)
    if not asked or not written.startswith(asked) or written == asked:
        return value
    rest = written[len(asked) :].lstrip()
    hint = re.match(r"\([^()]{1,60}\)", rest)
    if hint is None and rest[:1] not in {"→", ":", "=", "⇒"}:
        return value  # our own line, cut or damaged, may go on like this
    return rest[hint.end() if hint else 0 :].lstrip(" :.,、→⇒=-") or value


def _confirmed(known: _Known, stated: _Statements) -> dict[str, tuple[str, ...]]:
    """Return what a lone はい confirms: the proposal that our newest mail made."""
    if not known.texts or not known.texts[0].confirms or stated.explicit:
        return {}
    if not any(
        line_key(line).strip("。.!「」") in {"はい", "はいです", "yes", "ok"} for line in stated.top[:5]
    ):
        return {}
    return dict(known.texts[0].confirms)


def _labels_at_top(survey: Survey, question: Question, top: list[str]) -> list[Read]:
    """Return the answers that lines at the top give by a whole label, to the first question that has it."""
    reads: list[Read] = []
    for line in top:
        first = next((other for other in survey.questions if label_answer(other, line) is not None), None)
        if first is not None and first.id == question.id:
            answer = label_answer(question, line)
            assert answer is not None
            reads.append(Understood(answer))
    return reads


def _in_ballot(question: Question, stated: _Statements, known: _Known, today: date) -> Read | None:
    """Return what the member's own copy of the ballot says to this question; None: it stands as we sent it."""
    slots = stated.slots.get(question.id, [])
    if not slots:
        return None
    shallowest = min(slot.place[0] for slot in slots)
    slot = next(
        (slot for slot in slots if slot.present and slot.place[0] == shallowest), min(slots, key=_place)
    )
    if slot.foreign:
        stated.foreign = stated.foreign or slot.value is not None or bool(slot.under or slot.marks)
        return None
    value = read_answer(question, slot.value, today=today) if slot.value is not None else None
    if question.type == "text" and slot.value and _holds_ours(slot.value, known):
        value = Unclear("unclear")
    under = _under_read(question, slot, value, known, today)
    marks = _marks_read(question, slot)
    if (
        value is None
        and under is None
        and marks is None
        and any(_is_bare_choice(line) for line in slot.among)
    ):
        return Unclear("unclear")
    reads = [read for read in (value, under, marks) if read is not None and not isinstance(read, Blank)]
    if not reads:
        if slot.emptied:
            return Blank()
        return _left_standing(question, slot)
    unclear = next((read for read in reads if isinstance(read, Unclear)), None)
    if unclear:
        return unclear
    understood = [read for read in reads if isinstance(read, Understood)]
    if question.type == "text":
        return Understood("\n".join(str(read.answer) for read in understood))
    if len({read.answer for read in understood}) > 1:
        return Unclear("two-choices" if question.type in {"single", "rating", "yesno"} else "differ")
    return next((read for read in understood if read.remark), understood[0])


def _is_bare_choice(line: str) -> bool:
    return re.fullmatch(r"[→\s]*[0-9]{1,3}(?:[番\s,、]+[0-9]{0,3})*", tidy(line)[:40]) is not None


def _place(slot: _Slot) -> tuple[int, int]:
    return slot.place


def _under_read(
    question: Question, slot: _Slot, value: Read | None, known: _Known, today: date
) -> Read | None:
    """Read what was typed under a slot: each line is an answer, or a remark on the answer in the slot."""
    lines = [
        line
        for line in slot.under
        if not _is_fragment(line, known) or label_answer(question, line) is not None
    ]
    if question.type == "text":
        if slot.unbounded and not slot.gap and not slot.bounded and slot.present:
            return Unclear("unclear")
        own = [line for line in lines if line_key(line) not in known.roles and line_key(line).strip("[]()")]
        text = "\n".join(line.strip() for line in own)
        if text and slot.damaged and value is None:
            return Unclear("garbled")  # it may as well be a piece of our own text
        return read_answer(question, text, today=today) if text else None
    if not slot.bounded and slot.present and slot.unbounded:
        lines += slot.unbounded[:1]
    reads = [read_answer(question, line.strip(" 　・*→"), today=today) for line in lines]
    if not slot.bounded:
        reads = [read for read in reads if not isinstance(read, Unclear)]
    unclear = next((read for read in reads if isinstance(read, Unclear)), None)
    answered = isinstance(value, Understood)
    if unclear and answered and not any(mentions_choice(question, line) for line in lines):
        return None
    if unclear:
        return unclear
    understood = [read for read in reads if isinstance(read, Understood)]
    if question.type == "multi" and understood:
        chosen = sorted({int(number) for read in understood for number in read.answer})
        if len(understood) > 1 and len(chosen) == choice_count(question):
            return Unclear("all", tuple(str(number) for number in chosen))
        return Understood(tuple(str(number) for number in chosen))
    if len({read.answer for read in understood}) > 1:
        return Unclear("two-choices")
    return understood[0] if understood else None


def _is_fragment(line: str, known: _Known) -> bool:
    """Say whether a line is a piece of a longer line of ours that was wrapped beyond recognition."""
    key = line_key(line)
    long_enough = len(key) >= 8 or (len(key) >= 2 and key.endswith(")"))
    return long_enough and key not in known.roles and any(key in text.joined for text in known.texts)


def _holds_ours(value: str, known: _Known) -> bool:
    """Say whether a free answer has swallowed a line of our ballot that stands behind it."""
    key = line_key(value[:2_000])
    return any(
        ours in key
        for ours, roles in known.roles.items()
        if len(ours) >= 8 and any(role.kind in {"start", "end", "question", "reference"} for role in roles)
    )


def _marks_read(question: Question, slot: _Slot) -> Read | None:
    """Read the marks on option lines."""
    marks = sorted(set(slot.marks))
    if not marks:
        return None
    if question.type == "multi":
        if len(marks) == choice_count(question) and len(marks) > 1:
            return Unclear("all", tuple(str(number) for number in marks))
        return Understood(tuple(str(number) for number in marks))
    return Unclear("two-choices") if len(marks) > 1 else Understood(option_answer(question, marks[0]))


def _left_standing(question: Question, slot: _Slot) -> Read | None:
    """Read the one option line that was left when the others were deleted, unless the quotation was merely cut."""
    count = choice_count(question)
    if not slot.options or len(slot.options) == count or slot.damaged:
        return None
    if len(slot.options) > 1:
        cut = not slot.bounded or not slot.question_line
        return None if cut or question.type not in {"single", "multi", "yesno"} else Unclear("lines-left")
    left = slot.options[0]
    deleted_before = slot.question_line and left > 1
    deleted_after = (slot.present or slot.bounded) and left < count
    if deleted_before or deleted_after:
        return Understood(option_answer(question, left), "", ("read",))
    return None


class _Outcome:
    """Collects the answers and problems of one reply."""

    def __init__(self, survey: Survey, language: Literal["ja", "en"]) -> None:
        self.survey = survey
        self.language = language
        self.answers: dict[str, Answer] = {}
        self.remarks: dict[str, str] = {}
        self.flags: dict[str, tuple[str, ...]] = {}
        self.problems: list[Problem] = []
        self.hold: str | None = None
        self.ask = False

    @property
    def any(self) -> bool:
        return bool(self.answers or self.problems)

    def add(self, question: Question, heads: list[Read], placed: Read | None) -> None:
        """Weigh what the head says against what the ballot says (ballot.md section 8)."""
        head = [read for read in heads if not isinstance(read, Blank)]
        reads = head + ([placed] if placed is not None and not (head and isinstance(placed, Blank)) else [])
        if not reads:
            return
        unclear = next((read for read in reads if isinstance(read, Unclear)), None)
        understood = [read for read in reads if isinstance(read, Understood)]
        if unclear:
            self.unclear(question, unclear)
        elif not understood:
            self.answers[question.id] = None
        elif len({_comparable(read.answer) for read in understood}) > 1:
            both = "、".join(_shown(read.answer) for read in understood)
            between = "／" if self.language == "ja" else " / "
            text = f"{EXPLANATIONS[self.language]['differ']}（{both.replace('、', between)}）"
            self.problems.append(Problem(question.id, "differ", text))
            self.hold, self.ask = "differ", True
        else:
            self.accept(question, next((read for read in understood if read.remark), understood[0]))

    def accept(self, question: Question, read: Understood) -> None:
        self.answers[question.id] = read.answer
        if read.remark:
            self.remarks[question.id] = read.remark
        if read.flags:
            self.flags[question.id] = read.flags

    def unclear(self, question: Question, read: Unclear) -> None:
        text = EXPLANATIONS[self.language][read.kind]
        if read.kind == "joined" and self.language == "ja":
            text = f"「{'と'.join(read.suggested)}」ですか。{text}"
        self.problems.append(Problem(question.id, read.kind, text, read.suggested))

    def reading(self, stated: _Statements, *, whole: bool) -> Reading:
        """Return the reading; whatever forbids counting without a person stands in `hold`."""
        hold, ask = self.hold, self.ask
        if stated.foreign:
            hold, ask = "other-ballot", False
        elif not whole:
            hold, ask = "too-long", False
        elif stated.command in {"withdraw", "decline"} and self.any:
            hold, ask = "command-and-answers", True
        elif hold is None and not self.any and stated.command is None:
            hold, ask = _silence(stated)
        return Reading(
            answers=self.answers,
            remarks=self.remarks,
            flags=self.flags,
            problems=tuple(self.problems),
            command=stated.command,
            detail=stated.detail,
            hold=hold,
            ask=ask,
        )


def _comparable(answer: tuple[str, ...] | str) -> tuple[str, ...] | str:
    return answer if isinstance(answer, tuple) else line_key(answer)


def _shown(answer: tuple[str, ...] | str) -> str:
    return ",".join(answer) if isinstance(answer, tuple) else answer[:40]


def _silence(stated: _Statements) -> tuple[str, bool]:
    """Return why a reply without any answer is held, and whether its sender is asked again."""
    if stated.unknown:
        return "bare-number", True
    if any(_CONTACT_CHANGE.search(line) for line in stated.top):
        return "contact-change", False
    if any(_is_prose(line) for line in stated.top):
        return "prose", False
    if stated.quoted:
        return "quoted-only", False
    return "untouched", True


def _is_prose(line: str) -> bool:
    """Say whether a line at the top says something: more than a greeting, a signature or a mail header."""
    if _NOT_PROSE.search(line) or _RULE.match(line):
        return False
    sentences = [sentence.strip() for sentence in re.split(r"(?<=[。!！?？])", line)]
    return any(
        len(sentence) >= 5
        and not _GREETING.search(sentence)
        and (_SENTENCE.search(sentence) is not None or (sentence.isascii() and sentence.count(" ") >= 4))
        for sentence in sentences
    )


def _read_top(survey: Survey, stated: _Statements, found: _Outcome, today: date) -> None:
    """Read a bare number at the top: an answer when there is one question, else a reason to ask."""
    bare = []
    for line in stated.top:
        for question in survey.questions:
            if question.type in {"text", "date"}:
                continue
            read = read_answer(question, line, today=today)
            if isinstance(read, Understood) or (isinstance(read, Unclear) and read.kind != "unclear"):
                bare.append((question, read))
                break
    if len(survey.questions) == 1:
        answers = {_comparable(read.answer) for _, read in bare if isinstance(read, Understood)}
        if len(answers) > 1:
            found.hold, found.ask = "differ", True
        else:
            found.add(survey.questions[0], [read for _, read in bare], None)
    elif bare:
        found.hold, found.ask = "bare-number", True
