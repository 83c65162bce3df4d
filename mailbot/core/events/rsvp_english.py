"""An RSVP in an English sentence: 「We will attend, 2 people.」, "I am sorry, but we cannot attend", as the form's own words."""

from __future__ import annotations

import re
from typing import NamedTuple

_NUMBERS = {
    word: number
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 1
    )
}
_MANY = rf"(?P<many>[0-9]{{1,3}}|{'|'.join(_NUMBERS)})\s(?:people|persons?|of us)"
# What may stand in front of an answer and says nothing of it.
_COURTESY = re.compile(
    r"^(?:(?:thank you|thanks)[^.!]{0,60}[.!]\s*|(?:sorry|unfortunately|regretfully|regrettably)[,.]?\s+(?:but\s+)?"
    r"|(?:i|we)(?:'m| am|'re| are) (?:sorry|afraid)[,.]?\s+(?:but\s+|that\s+)?|(?:i|we) regret (?:to say )?that\s+"
    r"|with regret[,.]?\s+|yes[,.]\s+(?=i\b|we\b|[0-9a-z]+ (?:people|persons?|of us))|no[,.]\s+(?=i\b|we\b))",
    re.IGNORECASE,
)
_ATTEND = r"(?:attend|participate|come|join(?: you)?|be there|be attending|be coming|make it)"
_YES = re.compile(
    rf"^(?:(?:i|we)(?:(?:'ll| will| shall| can)(?: gladly)? {_ATTEND}|(?:'d| would) (?:like|love) to {_ATTEND}"
    rf"|(?:'m|'re| am| are) (?:attending|participating|coming|joining)| (?:plan|wish|intend) to {_ATTEND}|(?:'m| am|'re| are) able to {_ATTEND})"
    r"|attend(?:ing)?)(?:[\s,.:;(-]+(?P<people>(?:a total of )?(?:[0-9]{1,3}|[a-z]+) (?:people|persons?)\b.*|[0-9]{1,3}\)?))?[.!]?$",
    re.IGNORECASE,
)
_SO_MANY = re.compile(
    rf"^(?:{_MANY}|(?P<both>both) of us)(?P<come> (?:will {_ATTEND}|(?:are |is )?(?:attending|coming)))?[.!]?$",
    re.IGNORECASE,
)
_NO = re.compile(
    rf"^(?:(?:i|we)(?: (?:cannot|can not|can't|will not|won't|shall not|do not|don't)|(?:'ll| will) (?:not be able|be unable) to| won't be able to"
    rf"|(?:'m| am|'re| are) (?:not able|unable) to) {_ATTEND}|(?:i|we)(?:'m| am|'re| are) not (?:attending|coming)"
    rf"|(?:i|we) (?:must|have to) decline|(?:not able|unable|cannot) (?:to )?{_ATTEND}|not attending|decline[sd]?)[.!]?$",
    re.IGNORECASE,
)
_SAYS_YES, _SAYS_NO = re.compile(r"\byes\b"), re.compile(r"\bno\b|sorry|fortunately|regret|afraid")


class English(NamedTuple):
    """What an English sentence says."""

    comes: bool
    people: str = ""  # how many, and who: 2 people: Taro Yamada, Hanako Suzuki


STAYS = English(comes=False)


def english_answer(line: str) -> English | None:
    """Read one line, in ASCII forms, whole; None: it is no answer."""
    short = line.replace("’", "'").strip()
    leads = ""
    while lead := _COURTESY.match(short):
        leads += lead[0].lower()
        short = short[lead.end() :]
    if _NO.match(short):
        return None if _SAYS_YES.search(leads) else STAYS
    if _SAYS_NO.search(leads):  # 「No, I will attend」
        return None
    if found := _YES.match(short):
        return English(comes=True, people=_in_digits((found["people"] or "").rstrip(".!() ")))
    if (found := _SO_MANY.match(short)) and (found["come"] or _SAYS_YES.search(leads)):
        return English(comes=True, people=_in_digits(f"{found['many'] or 'two'} people"))
    return None


def _in_digits(people: str) -> str:
    """Return 「Two people」 as 「2 people」."""
    word, _, rest = people.removeprefix("a total of ").partition(" ")
    number = _NUMBERS.get(word.lower())
    return people if number is None else f"{number} {rest}"
