"""What Mailman knows of a list: each setting in our words, what has no counterpart by name, and no code ever run."""

from __future__ import annotations

import json
import time

import pytest

from mailbot.core.lists.mailman_settings import is_roster, read_config_list, read_rest_config, read_roster
from mailbot.core.lists.old_list import Aside, OldSettingsError

CONFIG = '''# -*- python -*-
# -*- coding: {charset} -*-
## "bukai" mailing list configuration settings
real_name = 'Bukai'
owner = ['yamada@city.nagano.lg.jp', 'sato@city.matsumoto.lg.jp']
moderator = ['suzuki@city.nagano.lg.jp']
description = "情報セキュリティ部会"
subject_prefix = '[bukai:%05d] '
host_name = 'old.example.jp'
reply_goes_to_list = 1
max_message_size = 500
default_member_moderation = 0
generic_nonmember_action = 2
accept_these_nonmembers = ['jimukyoku@example.jp', '^.*@example[.]jp$']
archive = True
subscribe_policy = 2
unsubscribe_policy = 1
private_roster = 1
max_days_to_hold = 7
msg_footer = """_______________________________________________
%(real_name)s 部会の窓口は事務局です。
%(web_page_url)slistinfo%(cgiext)s/%(_internal_name)s"""
welcome_msg = """ようこそ"""
topics = []
'''


@pytest.mark.parametrize("charset", ["euc-jp", "utf-8", "iso-2022-jp"])
def test_a_list_of_mailman_2(charset: str) -> None:
    """Each setting that we have is taken, in whichever charset; the others are named."""
    old = read_config_list(CONFIG.format(charset=charset).encode(charset))
    value = old.value
    assert (old.program, value.name, value.title) == ("Mailman 2.1", "bukai", "情報セキュリティ部会")
    assert (value.preset, value.reply_to, value.max_size) == ("closed", "list", 512_000)
    assert (value.subject_prefix, value.hold_days, value.archive) == ("[bukai:%05d]", 7, True)
    assert value.footer == "Bukai 部会の窓口は事務局です。"
    assert (value.join, value.leave, value.who) == (None, False, None)  # ask and members: what closed means
    assert value.posters.emails == ("jimukyoku@example.jp",)
    assert value.moderators == (
        "yamada@city.nagano.lg.jp",
        "sato@city.matsumoto.lg.jp",
        "suzuki@city.nagano.lg.jp",
    )
    left = {one.name: one.value for one in old.aside}
    assert left["welcome_msg"] == "ようこそ"
    assert left["accept_these_nonmembers"] == "^.*@example[.]jp$"
    assert left["a line of msg_footer"] == "%(web_page_url)slistinfo%(cgiext)s/%(_internal_name)s"
    assert left["topics"] == ()
    assert "description" not in left


def test_nothing_is_dropped_in_silence() -> None:
    """Every name of the file is either taken or left aside."""
    text = "real_name = 'Bukai'\n" + "".join(f"setting_{number} = {number}\n" for number in range(200))
    assert {one.name for one in read_config_list(text.encode()).aside} == {f"setting_{n}" for n in range(200)}


@pytest.mark.parametrize(
    ("settings", "preset", "moderated"),
    [
        ("generic_nonmember_action = 0", "open", False),
        ("generic_nonmember_action = 3", "closed", False),
        ("default_member_moderation = 1\nmember_moderation_action = 0", "closed", True),
        ("default_member_moderation = 1\nmember_moderation_action = 1", "announce", False),
    ],
)
def test_who_could_post(settings: str, preset: str, moderated: bool) -> None:
    """Members only is closed, anybody is open, nobody but a few is announce, with a moderator is moderated."""
    old = read_config_list(f"real_name = 'Bukai'\n{settings}\n".encode())
    assert (old.value.preset, old.moderated) == (preset, moderated)


def test_text_that_python_2_wrote_as_bytes() -> None:
    r"""'\xbe\xf0\xca\xf3' in a file that states EUC-JP is 情報."""
    text = b"# -*- coding: euc-jp -*-\nreal_name = 'B'\ndescription = '\\xbe\\xf0\\xca\\xf3'\n"
    assert read_config_list(text).value.title == "情報"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("real_name = 'B'\nimport os\n", 2),
        ("real_name = 'B'\nowner = [__import__('os').system('true')]\n", 2),
        ("real_name = 'B'\n\nprint('x')\n", 3),
        ("real_name = open('x').read()\n", 1),
        ("real_name = f'{1}'\n", 1),
        ("real_name = 'B' 'C\n", 1),
        ("a.real_name = 'B'\n", 1),
        ("real_name = 9 ** 9 ** 9\n", 1),
        ("real_name = " + "(" * 5000 + ")" * 5000 + "\n", 1),
        ("real_name = " + "-" * 100_000 + "1\n", 1),
        ("real_name = " + "+".join(["1"] * 50_000) + "\n", 1),
        ("real_name = '\0'\n", 1),
        ("other = 1\n", 1),
        ("", 1),
    ],
)
def test_code_is_refused_with_its_line(text: str, line: int) -> None:
    """Anything but NAME = plain value is refused; however deep, it costs no time and runs nothing."""
    begun = time.process_time()
    with pytest.raises(OldSettingsError) as refused:
        read_config_list(text.encode())
    assert refused.value.line == line
    assert time.process_time() - begun < 2


REST = {
    "fqdn_listname": "bukai@old.example.jp",
    "list_name": "bukai",
    "display_name": "Bukai",
    "description": "情報セキュリティ部会",
    "subject_prefix": "[Bukai:%d] ",
    "default_member_action": "defer",
    "default_nonmember_action": "hold",
    "accept_these_nonmembers": [],
    "reply_goes_to_list": "no_munging",
    "max_message_size": 40,
    "archive_policy": "never",
    "subscription_policy": "confirm",
    "unsubscription_policy": "confirm",
    "member_roster_visibility": "moderators",
    "post_id": 124,
    "administrivia": True,
    "http_etag": '"x"',
}


def test_a_list_of_mailman_3() -> None:
    """Its numbers go on: post_id is the number of the next post."""
    old = read_rest_config(json.dumps(REST).encode())
    value = old.value
    assert (value.name, value.title, value.preset) == ("bukai", "情報セキュリティ部会", "closed")
    assert (value.subject_prefix, value.reply_to, value.max_size) == ("[Bukai:%d]", "author", 40_960)
    assert (value.archive, value.join, value.leave, value.who) == (False, "confirm", None, "office")
    assert old.last_number == 123
    assert Aside("administrivia", value=True) in old.aside
    assert "http_etag" not in {one.name for one in old.aside}


@pytest.mark.parametrize(
    "text", ["{", "{}", "[]", "[" * 100_000, '{"a":' * 100_000, '{"fqdn_listname": ' + "9" * 10_000 + "}"]
)
def test_what_is_no_answer_of_mailman_3(text: str) -> None:
    """It is refused with a sentence, however deep or large."""
    with pytest.raises(OldSettingsError):
        read_rest_config(text.encode())


def test_a_roster_of_mailman_3() -> None:
    """Each member's mode, rest and moderation come over; owners and moderators decide; nonmembers are no members."""
    entries = [
        {"email": "a@example.jp", "role": "member", "delivery_mode": "regular", "display_name": "甲"},
        {
            "email": "b@example.jp",
            "role": "member",
            "delivery_mode": "mime_digests",
            "moderation_action": "hold",
        },
        {"email": "c@example.jp", "role": "member", "delivery_mode": "plaintext_digests"},
        {"email": "d@example.jp", "role": "member", "delivery_status": "by_user"},
        {"email": "e@example.jp", "role": "owner"},
        {"email": "f@example.jp", "role": "nonmember"},
    ]
    content = json.dumps({"start": 0, "total_size": 6, "entries": entries}).encode()
    assert is_roster(content)
    read = [
        (role, one.address, one.name, one.mode, one.off, one.posting)
        for role, one in read_roster(content, "x")
    ]
    assert read == [
        ("member", "a@example.jp", "甲", "each", False, None),
        ("member", "b@example.jp", "", "digest", False, "hold"),
        ("member", "c@example.jp", "", "digest-plain", False, None),
        ("member", "d@example.jp", "", "each", True, None),
        ("moderator", "e@example.jp", "", "each", False, None),
    ]
