"""A survey answered through real mail programs, by real SMTP: mutt itself, and what the others write (ballot.md section 6).

A mail of tests/mails/ keeps its program's shape, character set and encoding to the byte; only who writes to whom, the
date, and the lines of the quoted mail that are not the same in every survey become those of the mail that was received.
"""

from __future__ import annotations

import email
import html
import json
import re
import smtplib
import textwrap
import time
from base64 import encodebytes
from collections.abc import Iterator
from email.header import Header
from email.message import EmailMessage, Message
from email.utils import formatdate
from pathlib import Path
from quopri import encodestring
from typing import Any

import pytest

from mailbot.core.members.register import full_code
from tests import chromium, mutt, roundcube
from tests.dialogs.conversation import PATIENCE, Conversation, conversation, run, steps_of, text_of
from tests.net import dovecot

MAILS = Path(__file__).parent / "mails"
EXPECTED: dict[str, dict[str, Any]] = json.loads((MAILS / "expected.json").read_text(encoding="utf-8"))
KEY = "S26-014"

# One for each way in which programs build a reply: marks, none, HTML, two parts, no quotation; each character set.
_FILES = (
    "thunderbird-html-slots",
    "thunderbird-html-inline",
    "thunderbird-iso-2022-jp-slots",
    "outlook-2019-ja-slots",
    "outlook-2016-html-slots",
    "outlook-365-html-inline",
    "outlook-html-only-top",
    "outlook-web-vertical-bar",
    "gmail-web-top",
    "gmail-slots",
    "gmail-html-only-inline",
    "gmail-android-no-quote",
    "iphone-html-top",
    "iphone-html-slots",
    "docomo-sjis-kanji",
    "docomo-two-lines",
    "softbank-sjis",
    "becky-slots",
    "becky-utf8-top",
    "roundcube-html-slots",
    "yahoo-web-jis-slots",
    "notes-html-slots",
)
_MUTT = ("mutt-slots", "mutt-top")
_WEBMAIL = ("roundcube-top", "roundcube-slots")
_MEMBERS = (*_FILES, *_MUTT, *_WEBMAIL)

_STORY = """Everybody is asked.

Write to members.csv:
{members}
Write to config/surveys/s26-014.yaml:
  key: S26-014
  title: LG.JPドメインの利用
  audience: all
  opens: 2099-06-18 09:00
  closes: 2099-07-02 17:00
  purpose: 利用状況を調べ、今後の要望の資料とします。
  questions:
    - {{id: Q1, text: LG.JPドメインを利用していますか, type: single, options: [利用している, 利用していない, 検討中], required: true}}
    - {{id: Q2, text: 利用していない理由, type: multi, options: [費用, 手続き, 必要がない, その他], when: {{Q1: [2]}}}}
    - {{id: Q3, text: ご意見, type: text}}
$ mailbot members import members.csv
$ mailbot apply
$ mailbot serve &
$ mailbot surveys open S26-014
{arrivals}
"""


def _code(member: str) -> str:
    return full_code(f"{20201 + _MEMBERS.index(member)}")


def _address(member: str) -> str:
    return f"tanto@{member}.lg.jp"


@pytest.fixture(scope="module")
def open_survey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conversation]:
    """An open survey of the running service; each program's user has received the invitation."""
    rows = ["code,body,kind,prefecture,name,role,email,rank"]
    rows += [f"{_code(one)},{one}市,city,長野県,山田太郎,情報政策課,{_address(one)},1" for one in _MEMBERS]
    story = _STORY.format(
        members=textwrap.indent("\n".join(rows), "  "),
        arrivals="\n".join(f"Mail to {_address(one)}:" for one in _MEMBERS),
    )
    with conversation(tmp_path_factory.mktemp("programs") / "site") as spoken:
        for step in steps_of(story):
            spoken.play(step)
        yield spoken


def _answers(spoken: Conversation, member: str) -> dict[str, Any]:
    """Return what counts for a body, as the office sees it, once its reply was read."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        _, shown = run(["surveys", "show", KEY, "--office", "--json"], spoken.folder)
        for vote in json.loads(shown)["votes"]:
            if vote["body"] == _code(member):
                assert vote["status"] == "counted", vote
                return {
                    question: answer for question, answer in vote["answers"].items() if answer is not None
                }
        time.sleep(0.05)
    raise AssertionError(f"no answer of {member} was counted\n{spoken.log()}")


@pytest.mark.parametrize("name", _FILES)
def test_program(open_survey: Conversation, name: str) -> None:
    """A reply as this program builds it, sent by SMTP to the invitation's own address, counts as its user meant it."""
    reply = _rewritten(name, open_survey.newest(_address(name)))
    with smtplib.SMTP("127.0.0.1", open_survey.port, timeout=PATIENCE) as client:
        wire = re.sub(rb"\r?\n", b"\r\n", reply.as_bytes())
        client.sendmail(_address(name), [reply["To"]], wire, ["BODY=8BITMIME"])
    assert _answers(open_survey, name) == EXPECTED[f"{name}.eml"]["answers"]


# --- mails of the folder, as replies to a mail that was received --------------------------------------------------


def _rewritten(name: str, received: EmailMessage) -> Message:
    """Return a mail of the folder as the reply to this invitation."""
    reply = email.message_from_bytes((MAILS / f"{name}.eml").read_bytes())
    (to,) = received["Reply-To"].addresses
    charset = next(
        (part.get_content_charset() for part in reply.walk() if part.get_content_charset()), "utf-8"
    )
    values = {
        "From": _address(name),
        "To": to.addr_spec,
        "Subject": Header(f"Re: {received['Subject']}", _CODECS.get(str(charset), "utf-8")).encode(),
        "Date": formatdate(localtime=True),
        "Message-ID": f"<{name}@program.example>",
        "In-Reply-To": str(received["Message-ID"]),
        "References": str(received["Message-ID"]),
    }
    for field, value in values.items():
        if field in reply:  # phones leave out In-Reply-To, and so must we
            reply.replace_header(field, value)
    for part in reply.walk():
        if part.get_content_maintype() == "text":
            _requote(part, text_of(received).splitlines())
    return reply


_CODECS = {"iso-2022-jp": "iso-2022-jp", "shift_jis": "shift_jis"}


def _requote(part: Message, new: list[str]) -> None:
    """Put the lines of the received mail in the place of those of the mail that the file quotes; the rest is kept."""
    codec = part.get_content_charset() or "us-ascii"
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    if b"S26-014-13201" not in content:
        return  # nothing is quoted
    text = content.decode(codec)
    for old, lines in _pairs(new).items():
        if part.get_content_type() == "text/html":
            text = text.replace(html.escape(old), "<br>\n".join(map(html.escape, lines)))
        else:
            text = re.sub(
                f"^(.*){re.escape(old)}",
                lambda found, lines=lines: "\n".join(found[1] + line for line in lines),  # type: ignore[misc]
                text,
                flags=re.MULTILINE,
            )
    reference = next(line.split()[1] for line in new if line.startswith("受付番号"))
    encoded = text.replace("S26-014-13201", reference).encode(codec)
    transfer = str(part["Content-Transfer-Encoding"] or "7bit").lower()
    wired = {"base64": encodebytes, "quoted-printable": encodestring}.get(transfer, bytes)(encoded)
    part.set_payload(wired.decode("ascii", "surrogateescape"))


def _pairs(new: list[str]) -> dict[str, list[str]]:
    """Say which lines of the received mail stand for which of the quoted one: its greeting, its beginning, its end."""
    how, last = new.index("■ お答えの方法（どちらでもかまいません）"), new.index("★★ 回答欄 ここまで ★★")
    commands = next(at for at, line in enumerate(new) if line.startswith(" 一部だけ変える"))
    closes = max(at for at in range(how) if new[at].startswith("締切"))
    return {
        "○○市 情報政策課 山田様": [new[0]],
        "「LG.JPドメインの利用」についてお尋ねします（3問、約3分）。": new[2:closes],
        "締切　2026年7月2日（木）17時00分 までに当方へ届いたもの": [new[closes]],
        "【調査の趣旨】 利用状況を調べ、今後の要望の資料とします。": new[last + 2 : commands - 1],
        "【結果の公表】 団体名は出しません。5団体未満の区分は伏せます。": [""],
        "【お問い合わせ】 事務局 03-0000-0000": [""],
    }


# --- mutt ---------------------------------------------------------------------------------------------------------

# What the user's hand does in the editor: each number goes between its brackets, or a line goes on top.
_EDITORS = {
    "mutt-slots": "s/【Q1回答】\\[　　\\]/【Q1回答】[ 2 ]/; s/【Q2回答】\\[　　\\]/【Q2回答】[ 1,3 ]/; s/【Q3回答】\\[　　\\]/【Q3回答】[ 特になし ]/",
    "mutt-top": "1i Q1 ２\\nQ2 手続き、費用\\n",
}


@pytest.mark.skipif(bool(mutt.UNAVAILABLE), reason=mutt.UNAVAILABLE or "runs")
@pytest.mark.parametrize(
    ("member", "charset", "expected"),
    [
        ("mutt-slots", "utf-8", {"Q1": ["2"], "Q2": ["1", "3"], "Q3": "特になし"}),
        ("mutt-top", "iso-2022-jp:utf-8", {"Q1": ["2"], "Q2": ["1", "2"]}),
    ],
)
def test_mutt(
    open_survey: Conversation, tmp_path: Path, member: str, charset: str, expected: dict[str, Any]
) -> None:
    """The program mutt, with the invitation in its mailbox: reply, edit, send by its own SMTP; the answers count."""
    user = mutt.Mutt(tmp_path, _address(member), open_survey.port, charset=charset)
    user.reply(open_survey.newest(_address(member)).as_bytes(), _EDITORS[member])
    assert _answers(open_survey, member) == expected


# --- a webmail that writes HTML -------------------------------------------------------------------------------------

_NO_WEBMAIL = roundcube.UNAVAILABLE or chromium.UNAVAILABLE or dovecot.UNAVAILABLE


@pytest.mark.roundcube
@pytest.mark.skipif(bool(_NO_WEBMAIL), reason=_NO_WEBMAIL or "runs")
@pytest.mark.parametrize(
    ("member", "top", "slots", "expected"),
    [
        ("roundcube-top", "Q1 2\nQ2 1,3", {}, {"Q1": ["2"], "Q2": ["1", "3"]}),
        (
            "roundcube-slots",
            "",
            {"Q1": "2", "Q2": "手続き、費用", "Q3": "特になし"},
            {"Q1": ["2"], "Q2": ["1", "2"], "Q3": "特になし"},
        ),
    ],
)
async def test_webmail(
    open_survey: Conversation,
    tmp_path: Path,
    member: str,
    top: str,
    slots: dict[str, str],
    expected: dict[str, Any],
) -> None:
    """The webmail Roundcube in a real browser: Reply is pressed, its editor typed into, the mail sent; the answers count."""
    user = _address(member)
    with (
        dovecot.dovecot() as server,
        roundcube.roundcube(tmp_path / "roundcube", imap=server.port, smtp=open_survey.port) as url,
    ):
        server.deliver(user, open_survey.newest(user).as_bytes())
        async with chromium.Browser(tmp_path) as browser:
            await roundcube.answer(browser, url, user, dovecot.PASSWORD, top=top, slots=slots)
    assert _answers(open_survey, member) == expected
