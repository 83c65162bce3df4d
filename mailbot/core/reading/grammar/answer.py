"""The grammar of one answer: what a member wrote in a slot or behind "Q1", read whole or not at all (ballot.md 7)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache

from mailbot.core.reading.doubts.undone import undoes
from mailbot.core.reading.grammar.amount import behind_its_name, read_amount, read_date
from mailbot.core.reading.grammar.choice import is_none, read_choice
from mailbot.core.reading.grammar.printed_options import (
    NO_DAY,
    NO_FIGURE,
    NONE_WORDS,
    NOT_CONCERNED,
    denies_others,
    label_numbers,
    option_answer,
    whole_labels,
)
from mailbot.core.reading.grammar.remark import courtesy_end
from mailbot.core.reading.grammar.understood import Blank, Read, Unclear, Understood
from mailbot.core.reading.grammar.yes_or_no import read_yesno
from mailbot.core.reading.text.tidy import is_blank, is_garbled, label_key, tidy, unquoted, without_emphasis
from mailbot.core.surveys.survey import Question

LONGEST_CHOICE = 300  # characters; nobody writes a longer choice, and the patterns below stay cheap
SHORTEST_CUT = 25  # characters; gateways wrap at 40 columns or later
LONGEST_TEXT = 20_000  # characters kept of one free answer
_SHORT = 40  # characters
_DASH = re.compile(r"\s*[-－−‐–—―]{1,3}\s*")  # of a blank on paper; not ー, which may be meant for 一
_POINTS = re.compile(r"(?<=[0-9])\s?点(?!満点)|^(?:評価|評点)(?:は|\s?:)?\s?(?=[0-9])")  # of a rating
_LOOSE = "[]【】〔〕〖〗_ "  # what is left of our brackets when a member types over them
_LEFT_OUT = re.compile(
    r"(?:無回答|未回答|未記入|無記入|(?:ご?回答|記入)(?:なし|不要|は?(?:あり|ござい)ません)|[/／])(?:です)?[。.]?"
)
# 「標記の件、」, 「アンケートについてですが、」
ABOUT_THE_MATTER = (
    r"(?:(?:標記|首記|表題|掲題|件名|質問|お尋ね|ご?照会|ご?依頼|アンケート|調査|書面表決)の?件(?:ですが|に(?:つきまして|ついて|関して)(?:は|ですが)?|は)?[、,:\s]*"
    r"|(?:標記|首記|表題|掲題|本件|ご?照会|ご?依頼|アンケート|調査|(?:書面)?表決)(?:ですが|に(?:つきまして|ついて|関して)(?:は|ですが)?)[、,:\s]*|本件[、,]\s?)"
)
_MARKER = re.compile(
    r"(?:[\[【〔(<](?:(?:ご?回\s?答|お?答え)(?:番号|欄|結果|内容)?|答|answer|ans)[\]】〕)>]\s?[:=→⇒]?|(?:ご?回\s?答|お?答え?|answer|ans)\s?\)"
    r"|(?:(?:ご?回\s?答|お?答え|表決)(?:番号|欄|結果|内容)?|答|answer|ans)(?:\s?[:=→⇒]|\s?は(?!い)|\s)|(?:a|ans)\s?[.:]|[→⇒=☞✅]"
    r"|(?:選択|希望)(?:番号)?(?:\s?[:=→⇒]|\s?は(?!い))|(?:私ども|私共|当方|こちら|うち)(?:と(?:いた)?しまして|として)?は(?!い)[、,]?"
    r"|(?:ご?回答|お?答え)に(?:つきまして|ついて)は[、,]?"
    r"|[当本弊](?:市|町|村|県|府|都|道|区|課|係|室|部|局|団体|組合)(?:(?:と(?:いた)?しまして|として)?は(?!い)[、,]?|(?:の(?:ご?回答|お?答え|表決|賛否|意思))?(?:は|\s?:))"
    rf"|{ABOUT_THE_MATTER}|さて[、,]\s?"
    r"|(?:下記|以下|次)の?(?:とおり|通り)ご?回答(?:(?:いた|致)?します)[。:]"
    r"|(?:i|we)(?:'d| would)? (?:choose|select|prefer|like|opt for|go for)\s"
    r"|(?:our|my|the) (?:answer|choice) is\s|(?:choice|vote)\s?:\s?|(?:i|we) vote for\s"
    r"|上から\s?(?=[0-9]{1,2}\s?[番つ]目))\s*(?=\S)"
)  # 「回答：2」, "A. 2", 「当市は2です」


def read_answer(question: Question, slot: str, *, today: date) -> Read:
    """Read one slot for one question; anything that is not wholly an answer is unclear (ballot.md section 7).

    `today` gives a date without its year the year that is meant, where that is plain.
    """
    # Most members of a survey write one of a few short things: 1, 2, 1,3, or nothing.
    read = _read_short(question, slot, today) if len(slot) <= _SHORT else _read(question, slot, today)
    return replace(read, written=slot) if isinstance(read, Unclear) else read


def _read(question: Question, slot: str, today: date) -> Read:
    if is_blank(slot):
        return Blank()
    if is_garbled(slot):
        return Unclear("garbled")
    if _DASH.fullmatch(slot):
        return Blank()
    if question.type == "text":
        return Understood(slot.strip(" \t\r\n\u3000")[:LONGEST_TEXT])
    if len(slot) > LONGEST_CHOICE:
        return Unclear("unclear")
    if (marked := marked_option(question, slot)) is not None:
        return Understood(marked)
    written = _bare(_without_marker(question, _bare(unquoted(tidy(without_emphasis(slot))))).strip(_LOOSE))
    if not written:
        return Blank()
    if label_key(written) not in label_numbers(question):
        if _LEFT_OUT.fullmatch(written):
            return Blank()
        written = _THAT_IS_ALL.sub("", written).lstrip("・")
    if question.type in {"number", "date"} and (why := _REASON_FIRST.match(written)) and not undoes(why[0]):
        written = written[why.end() :]  # 「最後の業務が児童手当でしたので、令和8年2月16日です」
    match question.type:
        case "number":
            read = read_amount(question, written)
        case "date":
            read = read_date(question, written, today)
        case "yesno":
            read = read_yesno(question, written)
        case "rating":
            read = read_choice(question, _POINTS.sub("", behind_its_name(question, written)), slot)
        case "single" | "multi":
            read = read_choice(question, written, slot)
    if question.type in {"number", "date"} and isinstance(read, Unclear) and _says_none(question, written):
        return Unclear("no-value")
    if isinstance(read, Understood) and read.remark:
        return replace(read, remark=_as_written(slot, read.remark))
    return read


_REASON_FIRST = re.compile(r"[^0-9()「」?。]{4,40}(?:ので|ため)、\s?(?=[0-9令平rh約]|20)")
_SOME_DAY = re.compile("[0-9]|頃|ごろ|[春夏秋冬]|上旬|中旬|下旬|[年月週]")


_SO_FAR = re.compile(r"^(?:現時点で|現在|今のところ|まだ)は?[、,]?\s?")


def _says_none(question: Question, written: str) -> bool:
    """Say whether there is no number, or no day yet: 「未定」, not 「未定（2月ごろ）」."""
    if is_none(written, NOT_CONCERNED) or question.type == "number":
        return is_none(_SO_FAR.sub("", written), NOT_CONCERNED | NONE_WORDS | NO_FIGURE)
    said = _SO_FAR.sub("", written)
    return is_none(said, NONE_WORDS | NO_DAY) and not _SOME_DAY.search(said)


_BOXED = re.compile(r"([■☑✓✔□☐])[ \u3000]*([^■☑✓✔□☐]{1,60})")
_ALL_BOXED = re.compile(r"[ \t\u3000]*(?:[■☑✓✔□☐][ \u3000]*[^■☑✓✔□☐]{1,60}){2,9}")


def marked_option(question: Question, slot: str) -> tuple[str, ...] | str | None:
    """Return the marked one of options written out with a box before each, as on paper: 「□賛成　■反対　□棄権」."""
    if question.type not in {"single", "yesno"} or _ALL_BOXED.fullmatch(slot) is None:
        return None
    boxes = [(mark in "■☑✓✔", label_answer(question, label.strip())) for mark, label in _BOXED.findall(slot)]
    chosen = [answer for is_marked, answer in boxes if is_marked]
    options = {answer for _, answer in boxes}
    return chosen[0] if len(chosen) == 1 and None not in options and len(options) == len(boxes) else None


_read_short = lru_cache(maxsize=4096)(_read)


_THAT_IS_ALL = re.compile(
    r"(?<=[^\s、。,])[、。,]\s?以上(?:です)?[。.]?$"
)  # 「1、以上です。」 of the last answer


_MOST_MARKERS = 3  # 「ご照会の件、当町は2です」
# 「移転の件、賛成です」, where the question's last words are 事務所の移転.
_BY_LAST_WORDS = re.compile(
    r"(?P<named>[^\s、。]{2,20})の件(?:ですが|に(?:ついて|つきまして|関して)は?|は)?[、,]\s?(?=\S)"
)


_SHORTENED = 4  # characters: 「会則改正の件」 of 会則第8条の改正


def _is_named_so(asked: str, named: str) -> bool:
    """Say whether words name a question: its last ones, or some of it in order with others left out."""
    if asked.endswith(named):
        return True
    characters = iter(asked)
    return len(named) >= _SHORTENED and all(character in characters for character in named)


def _without_marker(question: Question, written: str) -> str:
    """Return the answer without the word or arrow that only announces it."""
    named = _BY_LAST_WORDS.match(written)
    if named is not None and _is_named_so(tidy(question.text), named["named"]):
        written = written[named.end() :]
    for _ in range(_MOST_MARKERS):
        marker = _MARKER.match(written)
        if marker is None or label_key(written) in label_numbers(question):
            break
        written = written[marker.end() :]
    return written


_CHARACTERS_MORE = 20  # than its tidied form, that a remark may have as written


def _as_written(slot: str, remark: str) -> str:
    """Return the remark in the member's own characters where it stands in brackets or at the end, else as tidied."""
    inside = re.findall(r"[(（]([^()（）]{1,200})[)）]", slot)
    fewest = max(0, len(slot) - len(remark) - _CHARACTERS_MORE)
    ends = (slot[at:] for at in range(fewest, len(slot)))
    return next((words.strip() for words in (*inside, *ends) if tidy(words) == remark), remark)


def _bare(written: str) -> str:
    """Return the text without one pair of brackets around the whole of it."""
    for opening, closing in ("()", "[]", "【】", "〔〕", "<>", "{}"):
        if written.startswith(opening) and written.endswith(closing) and written.count(opening) == 1:
            return written[1:-1].strip()
    return written


def label_answer(question: Question, line: str) -> tuple[str, ...] | str | None:
    """Return the answer of a line that is one option's whole label with courtesy at most; else None."""
    if question.type not in {"single", "multi", "yesno"} or len(line) > LONGEST_CHOICE:
        return None
    written = _bare(unquoted(tidy(line)))
    for label, place in whole_labels(question):
        if written.startswith(label) and courtesy_end(written, len(label)) == len(written):
            return option_answer(question, place)
    return None


def denies_itself(question: Question, answer: tuple[str, ...] | str) -> bool:
    """Say whether an option such as なし was chosen together with others."""
    if question.type != "multi" or isinstance(answer, str) or len(answer) < 2:
        return False
    return any(denies_others(question, int(number)) for number in answer)


def may_be_cut(line: str, after: str) -> bool:
    """Say whether a number may have been cut in two at the end of a line: "... 10 and 1" and "1 and 12"."""
    return len(line) >= SHORTEST_CUT and line.rstrip()[-1:].isdigit() and after.lstrip()[:1].isdigit()
