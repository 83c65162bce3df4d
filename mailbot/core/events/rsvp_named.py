"""What a line of an RSVP may begin with that our mail named: the body, 「長野市は」, its person, 「山田が」, the event, 「説明会に」, its day."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailbot.core.events.event import ASCII_FORMS

TITLED = 8  # lines of our mail: who is addressed, and the event's title
_ADDRESSED = re.compile(r"^(?P<body>[^\s]{1,20}[市町村区県都府道合])\s.*?(?P<person>[^\s]{2,20})様\s*$")
_COMES = r"が、?(?=ご?(?:出席|参加)(?:(?:いた|致)?します|させて|(?:する|の)?予定))"  # not: does not come, while another may
_TITLE = re.compile("「([^「」]{4,80})」")
_ON = re.compile(r"^日時\s+[0-9]{4}年([0-9]{1,2})月([0-9]{1,2})日")
_HELD = "(?:セミナー|研修会?|会議|説明会|講演会|会合|会)?"


def named_by_us(known: Sequence[str]) -> re.Pattern[str] | None:
    """Return what a line may begin with that our mail named: the body, 「長野市は」, its person, 「山田が」, the event, 「説明会に」."""
    names: set[str] = set()
    people: set[str] = set()
    titles: set[str] = set()
    days: set[str] = set()
    for text in known:
        for line in text.split("\n", TITLED)[:TITLED]:
            plain = line.translate(ASCII_FORMS)
            if addressed := _ADDRESSED.match(plain):
                names.add(re.escape(addressed["body"]))
                person = addressed["person"]
                people |= {re.escape(person[:end]) for end in range(2, len(person) + 1)}
            titles |= set(map(re.escape, _TITLE.findall(plain)))
            days |= {rf"{on[1]}(?:月|/){on[2]}日?" for on in [_ON.match(plain)] if on}
    leads = (
        [
            rf"(?:{'|'.join(sorted(names))})(?:(?:からは|から|としては|は|、)\s?|\s?:\s?|\s(?=ご?(?:出席|参加|欠席)|不参加))"
        ]
        if names
        else []
    )
    if people:
        leads.append(rf"(?:{'|'.join(sorted(people, reverse=True))}){_COMES}")
    if titles:
        leads.append(
            rf"「?(?:{'|'.join(sorted(titles))})」?(?:の件(?:は|、)?|について(?:は|、)?|につきまして(?:は|、)?|には?|へ|は)[、,]?\s?"
        )
    if days:
        leads.append(
            rf"(?:{'|'.join(sorted(days))})(?:\([日月火水木金土]\))?の?{_HELD}(?:の件)?(?:には?|は|、|につきましては?、?)\s?"
        )
    return re.compile("^(?:" + "|".join(leads) + ")") if leads else None
