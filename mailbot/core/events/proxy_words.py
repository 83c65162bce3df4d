"""A proxy to a meeting as members write it, wherever it stands in a reply: 「欠席します。議長に委任します。」, 「欠席（議長一任）」.

Read is what plainly gives the vote to somebody named. Words about a proxy that name nobody are asked about: who stays away and
believes that his vote is given must not be left without it in silence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailbot.core.calendar import Language
from mailbot.core.reading.statements.command import command_of
from mailbot.core.reading.text.known_text import line_key

_PROXY = frozenset({"proxy"})
_LONGEST = 200  # characters of a line
_PIECES = re.compile(r"[。、,，;；（）()]+")
_POLITE = (
    r"(?:(?:いた|致)?します|(?:さ|い)せて(?:いただき|頂き)ます|申し上げます|(?:いた|致)?したく(?:存じます|思います)?"
    r"|(?:で|と)?(?:お願い(?:(?:いた|致)?し|申し上げ)ます|(?:いた|致)?します|させていただきます)|です|する)?"
)
_VOTE = r"(?:(?:当日の|会議の)?(?:議決権|議決|表決権?|決議|権限|議事|一切)(?:の(?:行使|一切|権限|議決権|表決権))?(?:については|につきましては|に関しては|[をは])?)?"
_GIVES = re.compile(
    rf"^(?:つきましては|なお|また|当日は|今回は|欠席につき)?\s*{_VOTE}(?P<to>[^はをがも\s]{{1,40}}?)(?:様|殿)?(?:に|へ|あてに|宛に){_VOTE}"
    rf"(?:委任|一任){_POLITE}$|^(?:欠席(?:につき|のため|ですので|(?:いた|致)?しますので)\s?)?{_VOTE}(?P<chair>議長)(?:への?)?(?:委任|一任){_POLITE}$"
    r"|^(?:私は)?(?P<agent>[^はをがも\s]{1,40}?)(?:様|殿)?を代理人(?:に|と)(?:し(?:て)?|定め(?:て)?|選任し(?:て)?|指定し(?:て)?)$"
    r"|^(?:[0-9０-９]{1,2}[.．)）]?[ \u3000]*)?(?:委任(?:先|する相手|の相手)|受任者)\s*(?:は"
    r"|[:：])?\s*(?P<named>\S{1,40}?)(?:様|殿)?(?:です)?$"
)
_COMES = re.compile(
    r"^\s*(?:私は|本市は|当市は)?(?:ご?出席|ご?参加)(?:と?(?:いた|致)?し|させて|です|予定|\s*$)"
)
_SPEAKS = re.compile(r"委任|一任")
_NONE = re.compile(
    r"(?:委任|一任)(?:状)?(?:の(?:提出|予定))?[はもを]?(?:し(?:ません|ない)|(?:いた|致)しません|(?:提出)?(?:いた|致)?しません|なし|無し|ありません|ございません|不要|なく)"
    r"|^【委任】|お書きください"
)


_MARKS, _EMPTY = "■☑✓✔●", "□☐○"
_OF_A_FORM = re.compile(f"([{_MARKS}{_EMPTY}])([^{_MARKS}{_EMPTY}]+)")


def _marked(line: str) -> str:
    """Return what is marked of the choices of a form, 「■議長に委任する　□委任しない」; any other line as it is."""
    choices = _OF_A_FORM.findall(line)
    if not any(mark in _MARKS for mark, _ in choices):
        return line
    return "、".join(words.strip() for mark, words in choices if mark in _MARKS)


_FILLED = re.compile(r"^[\s>＞|]*【Q[0-9]回答】\s*\[(?P<words>[^\[\]]{2,60})\]\s*$")


def words_in_slots(text: str, sent: str) -> tuple[str, ...]:
    """Return what stands in the slots of our ballot about a proxy: 「【Q2回答】[ 議長に委任 ]」; `sent`: our texts, whose own say nothing."""
    ours = {line_key(line) for line in sent.splitlines()}
    return tuple(
        words
        for line in text.splitlines()
        if len(line) <= _LONGEST
        and (found := _FILLED.match(line))
        and line_key(line.lstrip("> \t|＞")) not in ours
        if _SPEAKS.search(words := found["words"].strip())
    )


def proxy_said(lines: Sequence[str]) -> str | None:
    """Return to whom the writer's own lines give the vote; None when they plainly give it to nobody.

    A whole line comes before a piece of one; a piece counts only where no other says that they come themselves.
    """
    for line in lines:
        if (command := command_of(line, _PROXY)) is not None and command[0] == "proxy":
            return command[1]
    pieces = [
        piece
        for line in map(_marked, lines)
        if len(line) <= _LONGEST
        for each in _PIECES.split(line)
        if (piece := each.strip())
    ]
    named = [
        found["to"] or found["chair"] or found["agent"] or found["named"]
        for piece in pieces
        if (found := _GIVES.match(piece))
    ]
    if len(set(named)) != 1 or any(map(_COMES.match, pieces)):
        return None
    return str(named[0]).strip()


def speaks_of_proxy(lines: Sequence[str], language: Language) -> bool:
    """Tell whether the writer's own lines speak of a proxy, other than to say that there is none."""
    if language != "ja":
        return False
    return any(_SPEAKS.search(line) and not _NONE.search(line) for line in lines)
