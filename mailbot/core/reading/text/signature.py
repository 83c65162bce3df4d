"""A member's signature: where it stands, and which of its lines speak of the answers all the same (ballot.md section 8)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import filterfalse, groupby, islice, takewhile

from mailbot.core.reading.text.prose import RULE, sentences
from mailbot.core.reading.text.reply_lines import Line

# 「(1)」, 「1/1」, 「No.2」, 「- 2 -」 at the end of a mail.
_PAGE_NUMBER = re.compile(
    r"^\s*(?:[(（\-–－]\s*[0-9０-９]{1,3}\s*[)）\-–－]|[0-9]{1,3}\s?/\s?[0-9]{1,3}|no\.?\s?[0-9]{1,3})\s*$",
    re.IGNORECASE,
)


def before_signature(lines: list[str]) -> list[str]:
    """Return the lines below our mail that are the member's: no signature, and no number of a page."""
    return [line for line in lines[: signed(lines)] if not _PAGE_NUMBER.match(line)]


def signed(lines: list[str]) -> int:
    """Return where the signature begins, with its rule."""
    return next((at for at, line in enumerate(lines) if RULE.match(line)), len(lines))


_LONGEST_SIGNATURE = 12  # lines
_ACROSS = re.compile(r"^[\s\-_=*─━＿－ー―~＝+＋＊◆◇■□☆★○●・.…〜/|:;#]{4,}$")  # as signatures begin and end
_ADDRESS = re.compile(
    r"(?!.*(?:wrote|書きました|のメール)[:：])(?:.*@|.*https?:|\s*(?:tel|fax|e-?mail|電話|〒|内線))",
    re.IGNORECASE,
)


def unsigned(lines: list[str]) -> list[str]:
    """Return the lines at the top without those of a signature, whose slogan may be a sentence: 「申請はお済みですか？」.

    A signature stands below a line across, with lines of addresses; its slogan also right below such lines.
    """
    return [line for at, line in enumerate(lines) if not _is_signature(lines, at)]


def _is_signature(lines: list[str], at: int) -> bool:
    above = lines[max(at - _LONGEST_SIGNATURE, 0) : at]
    below = list(takewhile(_goes_on, lines[at : at + _LONGEST_SIGNATURE]))
    across = [place for place, line in enumerate(above) if line.strip() and _ACROSS.match(line)]
    if across:
        return any(map(_ADDRESS.match, [*above[across[-1] + 1 :], *below]))
    blank = [place for place, line in enumerate(above) if not line.strip()]
    beside = above[blank[-1] + 1 if blank else 0 :]
    return lines[at].rstrip().endswith(("?", "？", "!", "！")) and any(map(_ADDRESS.match, beside))


def _goes_on(line: str) -> bool:
    return line.strip() != "" and not _ACROSS.match(line)


_MOST_IN_SIGNATURE = 24  # lines, an office's notice below the address with them
_MOST_SIGNATURES = 20  # of one reply; nobody writes more lines across but to cost time
_DELIMITER = "--"  # RFC 3676 section 4.3, its blank taken off
_TELEPHONE = re.compile(
    r"(?<![0-9０-９])[0-9０-９]{2,5}[-－ー―(（][0-9０-９]{1,4}[-－ー―)）][0-9０-９]{3,4}(?![0-9０-９])"
)
_OF_THE_ANSWERS = re.compile(
    r"回答|答え|返信(?!され|の?際|する|先|は)|表決|投票(?!所|日)|賛[成否同]|反対|棄権|議案|[QqＱｑ問]\s?[0-9０-９]|番号|[上前下]記|[上下前]の|先ほど|先程|さっき|記入|追伸|\bp\.?\s?s\b|訂正|撤回|取り?下げ|委任",
    re.IGNORECASE,
)
_THROWS_AWAY = re.compile(
    r"無視|破棄|削除|捨て|間違|誤り|取り?消|ignore|disregard|wrong|mistake|not (?:final|approved)",
    re.IGNORECASE,
)
_TO_STRANGERS = re.compile(
    r"[方合]は|場合|心当|名?[宛あ]て?[先名人]|万一|受信|受け取|[はへ]、?[^。]{1,20}(?:まで|へ)[。.]?$|if you|recipient|in error",
    re.IGNORECASE,
)


def in_signatures(lines: Sequence[Line]) -> frozenset[str]:
    """Return the lines of signatures that say nothing of the answers: slogans, office hours, notices of confidentiality.

    A signature stands below "--" alone, or between lines across with an address among them, and ends where a line of
    ours or of another depth follows. What names the answers, or throws a mail away and speaks to no stranger, is not
    returned: somebody adds a postscript below his name.
    """
    said: set[str] = set()
    for at in islice(_begin(lines), _MOST_SIGNATURES):
        delimited = lines[at].text.strip() == _DELIMITER
        block = _block(lines, at, closed=not delimited)
        if delimited or any(_ADDRESS.match(each) or _TELEPHONE.search(each) for each in block):
            said.update(*filterfalse(_may_concern_the_answers, _paragraphs(block)))
    return frozenset(said)


def _begin(lines: Sequence[Line]) -> Iterator[int]:
    """Yield where a signature may begin."""
    for at, line in enumerate(lines):
        text = line.text.strip()
        if not line.roles and text and (text == _DELIMITER or _ACROSS.match(text)):
            yield at


def _block(lines: Sequence[Line], at: int, *, closed: bool) -> list[str]:
    """Return the lines below one across, up to the next of its kind where it is `closed` by one."""
    block: list[str] = []
    for line in lines[at + 1 : at + 1 + _MOST_IN_SIGNATURE]:
        if line.roles or line.depth != lines[at].depth or (closed and _ACROSS.match(line.text.strip())):
            break
        block.append(line.text)
    return block


def _paragraphs(block: Sequence[str]) -> list[list[str]]:
    """Return the lines between blank ones: a notice is wrapped, and its second line says less than the whole."""
    return [list(lines) for said, lines in groupby(block, lambda line: line.strip() != "") if said]


def _may_concern_the_answers(paragraph: Sequence[str]) -> bool:
    whole = "".join(line.strip() for line in paragraph)
    return _OF_THE_ANSWERS.search(whole) is not None or any(
        _THROWS_AWAY.search(sentence) and not _TO_STRANGERS.search(sentence) for sentence in sentences(whole)
    )
