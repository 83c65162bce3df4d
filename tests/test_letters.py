"""The mails about lists and their members, in both languages: they fit, and no line of ours is a word that acts."""

from __future__ import annotations

from datetime import datetime
from email import message_from_bytes, policy
from typing import Any, get_args

import pytest

from mailbot.core.calendar import Language
from mailbot.core.lists.decision import read_decision
from mailbot.core.lists.list_command import WHY_NOT
from mailbot.core.lists.list_sentences import SENTENCES
from mailbot.core.lists.post_sentences import SENTENCES as POST_SENTENCES
from mailbot.core.mail.wrap import columns
from mailbot.core.members.confirmation import read_word
from mailbot.render import CommandLine, Letterhead, Renderer, Thread
from mailbot.resources import templates_folder
from tests.flows.post_office import TOKYO

NOW = datetime(2026, 6, 18, 10, 0, tzinfo=TOKYO)
LINE = CommandLine("停止 7/1から7/20まで", "「電子会議室」の配信を止めます。" * 6, ("一", "二"))
HOSTILE = CommandLine("x\r\nBcc: z@evil.test\0\x1b[2J", "y\r\n", ())
A, B = "a@city.example.jp", "b@city.example.jp"
MOVE = {"old": A, "new": B, "by": A}
LETTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "answer": (
        "member_answer",
        {
            "done": (LINE,),
            "not_done": (LINE, HOSTILE),
            "sentence": "",
            "commands": True,
            "robot": "robot@x.jp",
        },
    ),
    "sentence": (
        "member_answer",
        {
            "done": (),
            "not_done": (),
            "sentence": "元に戻しました。",
            "commands": False,
            "robot": "robot@x.jp",
        },
    ),
    "confirm": ("confirm_commands", {"will": (LINE, HOSTILE), "address": A}),
    "address": ("confirm_address", MOVE | {"name": ""}),
    "successor": ("confirm_address", MOVE | {"name": "鈴木"}),
    "changed": ("address_changed", MOVE | {"name": "鈴木"}),
    "further": ("confirm_further_address", {"new": A, "address": A, "name": "長野市 情報政策課 山田太郎"}),
    "added": ("address_added", {"new": A, "address": A}),
    "request": ("office_request", {"request": "松本市 佐藤 から、「部会」への入会の申し込みがありました。"}),
}
LETTERS |= {
    name: (
        "roll_call",
        {
            "again": again,
            "untouched": untouched,
            "year_begins": not again,
            "greeting": "松本市 佐藤花子様",
            "body": "松本市",
            "contacts": ({"rank": 1, "name": "情報政策課 佐藤花子", "email": A},),
            "until": "2026年7月3日（金）",
            "closes": "2026年7月3日（金）17時",
        },
    )
    for name, again, untouched in (
        ("roll call", False, False),
        ("roll call again", True, False),
        ("roll call untouched", True, True),
    )
}
MODERATED = {
    "title": "情報セキュリティ部会",
    "mail": "U-0012",
    "author": "松本市 佐藤花子 sato@city.example.jp",
    "subject": "却下 " * 40 + "\r\nBcc: z@evil.test",
    "reason": "差出人のアドレスが名簿にありません。",
}
LETTERS |= {
    "moderate": (
        "moderate_post",
        MODERATED
        | {
            "again": False,
            "list_address": "security@ml.example.jp",
            "attachments": ("名簿.xlsx",),
            "lines": ("承認", "approve", "\x1b[2J"),
            "reasons": ("重複のため。", "話題から外れるため。" * 10),
            "until": "7月2日（木）10:00",
            "others": True,
            "claimed_by": "",
            "pages": "https://ml.example.jp/",
        },
    ),
    "moderate again": (
        "moderate_post",
        MODERATED
        | {
            "again": True,
            "list_address": "security@ml.example.jp",
            "attachments": (),
            "lines": (),
            "reasons": ("重複のため。",),
            "until": "7月2日（木）10:00",
            "others": False,
            "claimed_by": A,
            "pages": "",
        },
    ),
    "told": ("moderator_told", {"title": "部会", "sentence": "承認しました。" * 20}),
    "held": ("post_held", MODERATED | {"days": 14}),
    "accepted": ("post_accepted", MODERATED | {"number": 5, "count": 1401, "place": "", "request": ""}),
    "receipt": (
        "post_accepted",
        MODERATED
        | {"number": 5, "count": 1401, "place": "https://ml.example.jp/a/security/m/abcdef"}
        | {"request": "security-request@ml.example.jp"},
    ),
    "ask author": (
        "ask_author",
        MODERATED
        | {"targeted": False, "count": 1401, "lines": ("はい", "取消"), "until": "7月2日（木）10:00"},
    ),
    "waiting": (
        "post_waiting",
        MODERATED | {"count": 1401, "minutes": 5, "hours": "", "until": "7月2日（木）10:00"},
    ),
    "until the morning": (
        "post_waiting",
        MODERATED | {"count": 1401, "minutes": 0, "hours": "8:00から20:00まで", "until": "7月2日（木）8時"},
    ),
    **{
        f"meeting proxy{name}": (
            "meeting_proxy_held",
            {
                "key": "B26-01",
                "title": "役員会",
                "greeting": "松本市 情報政策課 佐藤様",
                "giver": "上田市" * 8,
            }
            | {
                "at": "6月20日（土）10時12分",
                "count": 12,
                "names": "、".join(["上田市"] * 10) + "、ほか2団体",
            }
            | {"attends": attends, "ended": ended, "when": "2026年7月8日（水）14時00分", "place": "本部"},
        )
        for name, attends, ended in (
            ("", False, False),
            (", attending", True, False),
            (", ended", True, True),
        )
    },
    "author told": ("author_told", {"title": "部会", "sentence": "配信を取りやめました。" * 10}),
}
RENDER = {
    language: Renderer(
        templates_folder(),
        language,
        Letterhead("全国協議会", "jimukyoku@example.jp", "kaitou.example.jp", TOKYO),
    )
    for language in get_args(Language)
}


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("name", LETTERS)
def test_a_letter(name: str, language: Language) -> None:
    """It fits 68 columns, holds no header of a stranger's, and copied back without marks it says nothing."""
    template, words = LETTERS[name]
    cooked = RENDER[language].letter(template, now=NOW, thread=Thread("<1@x>"), answerable=True, **words)
    mail = message_from_bytes(cooked.replace(b"\0", b""), policy=policy.default)
    assert mail["Bcc"] is None
    assert (mail["Auto-Submitted"], mail["In-Reply-To"]) == ("auto-replied", "<1@x>")
    text = mail.get_content()
    assert all(columns(line) <= 68 for line in text.splitlines())
    assert "\n\n\n" not in text.replace("\r", "")
    assert not text.startswith("\n")
    assert read_word(text, text)[0] == "untouched"
    assert read_word(text, "")[0] in {"unclear", "untouched"}
    assert read_decision(text, text) is None
    assert read_decision(text, "") is None


def test_both_languages_say_the_same() -> None:
    """Each sentence stands in both, with the same figures."""
    assert SENTENCES["ja"].keys() == SENTENCES["en"].keys()
    assert POST_SENTENCES["ja"].keys() == POST_SENTENCES["en"].keys()
    assert WHY_NOT["ja"].keys() == WHY_NOT["en"].keys()
