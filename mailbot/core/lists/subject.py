"""The Subject of a list post: one list tag with its number, one Re:, whatever reply tags it came with."""

from __future__ import annotations

import re

_TAG_LIMIT = 1000  # characters of a subject in which tags are looked for

# Re: in the languages of mail programs, counted or not: Re^2:, RE[3]:, 返信:, AW:.
_REPLY_TAG = re.compile(
    r"\s*(?:[rRｒＲ][eEｅＥ]|返信|返|回答|回复|回覆|答复|答覆|[aA][wW]|[aA][nN][tT][wW]|[sS][vV]|[oO][dD][pP])"
    r"\s?(?:[\^*＾]?[0-9０-９]{1,3}|[\[(（［][0-9０-９]{1,3}[\])）］])?\s?[:：]"
)
_FORWARD_TAG = re.compile(r"\s*(?:[fF][wW][dD]?|Ｆ[WＷ][DＤ]?|転送|[wW][gG])\s?[:：]")
_NUMBER = re.compile(r"%(0?[0-9]{0,2})d")


def list_subject(subject: str, prefix: str, number: int) -> str:
    """Return the subject with which post `number` leaves, such as "[room:00123] Re: 件名".

    The list's older tags go wherever they stand, all reply tags become one Re:, forward tags stay as they are. A
    list without a prefix leaves the subject untouched, so that the author's signature may survive.
    """
    if not prefix:
        return subject
    head, rest = subject[:_TAG_LIMIT], subject[_TAG_LIMIT:]
    stem, tags = _split_tags(_old_tag(prefix).sub(" ", head))
    return " ".join(part for part in (list_tag(prefix, number), *tags, stem + rest) if part)


def stem(subject: str, prefix: str) -> tuple[str, bool]:
    """Return the subject without the list's tag and others' tags, and whether it says that it is an answer."""
    head = _old_tag(prefix).sub(" ", subject[:_TAG_LIMIT]) if prefix else subject[:_TAG_LIMIT]
    about, tags = _split_tags(head)
    return about, "Re:" in tags


def untagged(subject: str, prefix: str) -> str:
    """Return the subject without the list's tag, as it stands in a list of posts."""
    return " ".join(_old_tag(prefix).sub(" ", subject[:_TAG_LIMIT]).split()) if prefix else subject


def tag_number(subject: str, prefix: str) -> int | None:
    """Return the number in the list's tag with which a subject begins; None: another one, or none, begins it.

    A tag after Re: is that of the post which was answered.
    """
    before, digits, behind = (re.escape(piece) for piece in _split_prefix(prefix))
    if not digits:
        return None
    found = re.match(rf"\s*{before}0*([0-9]{{1,9}}){behind}", subject[:_TAG_LIMIT], re.IGNORECASE)
    return int(found[1]) if found else None


def _split_prefix(prefix: str) -> tuple[str, str, str]:
    """Return what stands before the number in a prefix, its %d, and what follows; without a number all stands before."""
    found = _NUMBER.search(prefix)
    return (prefix[: found.start()], found[0], prefix[found.end() :]) if found else (prefix, "", "")


def list_tag(prefix: str, number: int) -> str:
    """Return the prefix with the post's number in the place of its %d or %05d."""
    return _NUMBER.sub(lambda found: format(number, f"{found[1]}d"), prefix)


def _old_tag(prefix: str) -> re.Pattern[str]:
    pieces = [re.escape(piece) for piece in _NUMBER.split(prefix)[::2]]
    return re.compile(r"\s?" + r"[0-9]{1,9}".join(pieces) + r"\s?", re.IGNORECASE)


def _split_tags(subject: str) -> tuple[str, list[str]]:
    """Return what the subject is about, and the tags before it: at most one Re:, each forward tag as written."""
    tags: list[str] = []
    place = 0
    while True:
        if found := _REPLY_TAG.match(subject, place):
            if "Re:" not in tags:
                tags.append("Re:")
        elif found := _FORWARD_TAG.match(subject, place):
            tags.append(found[0].strip())
        else:
            return subject[place:].strip(), tags
        place = found.end()
