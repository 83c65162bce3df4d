"""Replies as members' mail programs write them: each function is one program, and makes the bytes of one reply.

What they have to go by is only the mail that arrived: its text, its header fields, and the answers that the member
has in mind. Charsets and their labels are as the programs really send them, right or wrong (ballot.md section 5).
"""

from __future__ import annotations

import base64
import html
import quopri
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mailbot.core.mail.message import parse
from mailbot.core.surveys.survey import Answer, Answers

_WIDE = str.maketrans("0123456789Q,", "０１２３４５６７８９Ｑ，")
_CIRCLED = str.maketrans("123456789", "①②③④⑤⑥⑦⑧⑨")
_KANJI = str.maketrans("123456789", "一二三四五六七八九")
_SLOT = re.compile(r"【(Q[0-9]+)回答】\[")


@dataclass(frozen=True)
class Original:
    """The mail that a member answers, as his program shows it."""

    text: str
    subject: str
    sender: str  # as printed in front of a quotation
    reply_to: str  # the address that Reply takes
    return_path: str  # the address to which only machines answer
    message_id: str
    member_name: str
    member_address: str
    body: str  # the member's municipality

    @property
    def identity(self) -> str:
        """The reply's own part of its Message-ID: a member answers a mail once."""
        return self.message_id.strip("<>").partition("@")[0]


def original(raw: bytes, return_path: str, member: tuple[str, str, str]) -> Original:
    """Return a mail that arrived for this member (name, address, municipality)."""
    message = parse(raw)
    reply_to = message.header("Reply-To") or message.from_header
    return Original(
        text=message.text,
        subject=message.subject,
        sender=f"{message.from_name} <{message.from_address}>",
        reply_to=reply_to.rpartition("<")[2].rstrip("> "),
        return_path=return_path,
        message_id=message.message_id,
        member_name=member[0],
        member_address=member[1],
        body=member[2],
    )


Client = Callable[[Original, Answers], bytes]
_Digits = Callable[[str], str]


# ---- what the member writes --------------------------------------------------------------------------------------


def _plain(digits: str) -> str:
    return digits


def _wide(digits: str) -> str:
    return digits.translate(_WIDE)


def _circled(digits: str) -> str:
    return digits.translate(_CIRCLED).replace(",", "")


def _words(answer: Answer, digits: _Digits = _plain) -> str:
    """Return an answer as the member types it."""
    if answer is None:
        return ""
    return digits(",".join(answer)) if isinstance(answer, tuple) else answer


def _lines(answers: Answers, shape: str = "{question} {answer}", digits: _Digits = _plain) -> list[str]:
    """Return one line for each answer, to stand at the top."""
    return [
        shape.format(question=question, answer=_words(answer, digits))
        for question, answer in answers.items()
        if answer is not None
    ]


def _fill(text: str, answers: Answers, shape: str = "[ {answer} ]", digits: _Digits = _plain) -> str:
    """Write the answers into the brackets of the quoted ballot, over what stands there."""
    lines = []
    for line in text.split("\n"):
        slot = _SLOT.match(line)
        if slot is not None and answers.get(slot[1]) is not None:
            behind = line[slot.end() :].partition("]")[2]
            written = shape.format(answer=_words(answers[slot[1]], digits))
            line = f"【{slot[1]}回答】{written}{behind}"  # noqa: PLW2901  the line as it comes back
        lines.append(line)
    return "\n".join(lines)


def _quoted(text: str, mark: str = "> ") -> str:
    return "\n".join((mark + line).rstrip(" ") for line in text.split("\n"))


def _signature(mail: Original) -> str:
    return f"--\n{mail.body}\n{mail.member_name}\nTEL 0000-00-0000\n{mail.member_address}"


# ---- how it becomes bytes ----------------------------------------------------------------------------------------


def _jis(text: str) -> bytes:
    """Encode as Windows programs do under the label ISO-2022-JP: vendor characters such as ② by their CP932 place."""
    stretches = bytearray()
    two_bytes = False
    for mark in text:
        code = mark.encode("ascii", "ignore") or _jis_code(mark)
        if (len(code) == 2) != two_bytes:
            two_bytes = len(code) == 2
            stretches += b"\x1b$B" if two_bytes else b"\x1b(B"
        stretches += code
    return bytes(stretches + (b"\x1b(B" if two_bytes else b""))


def _jis_code(mark: str) -> bytes:
    try:
        return mark.encode("iso2022_jp")[3:5]
    except UnicodeEncodeError:
        first, second = mark.encode("cp932")
    row = (first - (0x81 if first < 0xA0 else 0xC1)) * 2 + 0x21
    if second >= 0x9F:
        return bytes((row + 1, second - 0x7E))
    return bytes((row, second - (0x1F if second < 0x7F else 0x20)))


def _windows(text: str) -> bytes:
    return text.replace("〜", "～").encode("cp932")


_CODECS: Mapping[str, Callable[[str], bytes]] = {
    "UTF-8": str.encode,
    "ISO-2022-JP": _jis,
    "Shift_JIS": _windows,
    "EUC-JP": lambda text: text.encode("euc_jp"),
}


def _word(text: str, charset: str) -> str:
    """Encode for a header field, in words of at most some 60 octets, each whole in itself (RFC 2047)."""
    if text.isascii():
        return text
    words = [text[at : at + 10] for at in range(0, len(text), 10)]
    return "\r\n ".join(
        f"=?{charset}?B?{base64.b64encode(_CODECS[charset](word)).decode('ascii')}?=" for word in words
    )


def _head(mail: Original, charset: str, *fields: str, tag: str = "Re: ", name: str = "reply") -> list[str]:
    author = f"{_word(mail.member_name, charset)} <{mail.member_address}>"
    return [
        f"From: {author}",
        f"To: <{mail.reply_to}>",
        f"Subject: {_word(tag + mail.subject, charset)}",
        f"Message-ID: <{name}.{mail.identity}@{mail.member_address.partition('@')[2]}>",
        f"In-Reply-To: {mail.message_id}",
        f"References: {mail.message_id}",
        "MIME-Version: 1.0",
        *fields,
    ]


def _mail(head: list[str], content: bytes) -> bytes:
    return "\r\n".join(head).encode("ascii") + b"\r\n\r\n" + content.replace(b"\n", b"\r\n")


def _text(mail: Original, text: str, charset: str, *fields: str, tag: str = "Re: ") -> bytes:
    """Return a reply of one plain text part, as it is."""
    encoding = "7bit" if charset == "ISO-2022-JP" else "8bit"
    kind = f'Content-Type: text/plain; charset="{charset}"'
    head = _head(mail, charset, *fields, kind, f"Content-Transfer-Encoding: {encoding}", tag=tag)
    return _mail(head, _CODECS[charset](text + "\n"))


def _printable(mail: Original, text: str, kind: str, *fields: str) -> bytes:
    """Return a reply of one part in UTF-8, quoted-printable."""
    content = f"Content-Type: {kind}; charset=utf-8"
    head = _head(mail, "UTF-8", *fields, content, "Content-Transfer-Encoding: quoted-printable")
    return _mail(head, quopri.encodestring(text.encode() + b"\n"))


def _alternative(mail: Original, text: str, markup: str, *fields: str) -> bytes:
    """Return a reply in plain text and HTML, both UTF-8 in base64."""
    parts = []
    for kind, content in (("plain", text), ("html", markup)):
        parts += [
            "--=_two",
            f'Content-Type: text/{kind}; charset="utf-8"',
            "Content-Transfer-Encoding: base64",
            "",
            base64.encodebytes(content.replace("\n", "\r\n").encode()).decode("ascii"),
        ]
    head = _head(mail, "UTF-8", *fields, 'Content-Type: multipart/alternative; boundary="=_two"')
    return _mail(head, "\n".join([*parts, "--=_two--", ""]).encode("ascii"))


def _divs(text: str) -> str:
    return "".join(f"<div>{html.escape(line) or '<br>'}</div>\n" for line in text.split("\n"))


def _paragraphs(text: str) -> str:
    """Return lines as Outlook writes them."""
    blank = "&nbsp;"
    return "".join(
        f'<p class="MsoNormal">{html.escape(line) or blank}<o:p></o:p></p>\n' for line in text.split("\n")
    )


# ---- the programs ------------------------------------------------------------------------------------------------


def outlook_top_posted(mail: Original, answers: Answers) -> bytes:
    """Outlook in plain text: the answers above, -----Original Message----- and the ballot unquoted below."""
    text = "\n".join(
        [
            "事務局 御中",
            "",
            f"お世話になっております。{mail.body}の{mail.member_name}です。",
            "次のとおり回答します。",
            "",
            *_lines(answers),
            "",
            _signature(mail),
            "",
            "-----Original Message-----",
            f"From: {mail.sender}",
            f"Subject: {mail.subject}",
            "",
            mail.text,
        ]
    )
    return _text(mail, text, "UTF-8", "X-Mailer: Microsoft Outlook 16.0", tag="RE: ")


def outlook_sender_block(mail: Original, answers: Answers) -> bytes:
    """Outlook of Microsoft 365 in Japanese: a line, then 差出人, 送信日時, 宛先, 件名; plain text and HTML."""
    top = "\n".join(
        ["お世話になっております。", *_lines(answers, "{question}：{answer}"), "", _signature(mail)]
    )
    block = f"差出人: {mail.sender}\n送信日時: 9:00\n宛先: {mail.member_name}\n件名: {mail.subject}"
    text = f"{top}\n{'_' * 32}\n{block}\n\n{mail.text}"
    bold = re.sub(r"(?m)^(\S+:)", r"<b>\1</b>", html.escape(block)).replace("\n", "<br>\n")
    markup = (
        f'<html><body>{_divs(top)}<hr><div id="divRplyFwdMsg">{bold}</div>{_divs(mail.text)}</body></html>\n'
    )
    return _alternative(mail, text, markup, "X-MS-Has-Attach: ")


def outlook_html_only(mail: Original, answers: Answers) -> bytes:
    """Outlook with HTML alone: the answers in the brackets, below the block with the line on top."""
    block = f"<b>差出人:</b> {html.escape(mail.sender)}<br>\n<b>件名:</b> {html.escape(mail.subject)}"
    markup = (
        '<html><body lang="JA"><div class="WordSection1">'
        + _paragraphs("よろしくお願いします。")
        + '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0mm 0mm 0mm">\n'
        + f'<p class="MsoNormal">{block}<o:p></o:p></p></div>\n'
        + _paragraphs(_fill(mail.text, answers))
        + "</div></body></html>\n"
    )
    return _printable(mail, markup, "text/html", "X-Mailer: Microsoft Outlook 16.0")


def thunderbird_slots(mail: Original, answers: Answers) -> bytes:
    """Thunderbird: the answers in the brackets of the quotation."""
    text = f"On 2026/06/18 9:00, {mail.sender} wrote:\n{_quoted(_fill(mail.text, answers))}\n"
    return _text(mail, text, "UTF-8", "User-Agent: Mozilla Thunderbird")


def thunderbird_iso_2022_jp(mail: Original, answers: Answers) -> bytes:
    """Thunderbird set to ISO-2022-JP, full-width digits in the brackets."""
    filled = _fill(mail.text, answers, "［{answer}］", _wide)
    return _text(
        mail, f"{mail.sender} wrote:\n{_quoted(filled)}\n", "ISO-2022-JP", "User-Agent: Mozilla Thunderbird"
    )


def becky_circled(mail: Original, answers: Answers) -> bytes:
    """Becky!: circled digits at the top under the label ISO-2022-JP, which has none."""
    text = "\n".join([f"{mail.member_name}です。", *_lines(answers, digits=_circled), "", _quoted(mail.text)])
    return _text(mail, text, "ISO-2022-JP", "X-Mailer: Becky! ver. 2.81.05 [ja]")


def hidemaru_cp932(mail: Original, answers: Answers) -> bytes:
    """Hidemaru Mail: Shift_JIS with the bytes of CP932, circled digits in the brackets."""
    filled = _fill(mail.text, answers, "[{answer}]", _circled)
    return _text(mail, _quoted(filled, ">") + "\n", "Shift_JIS", "X-Mailer: Hidemaru Mail 7.10", tag="返信: ")


def gmail_top_posted(mail: Original, answers: Answers) -> bytes:
    """Gmail on the web: plain text and HTML, the quotation in gmail_quote."""
    top = "\n".join(["お世話になっております。", *_lines(answers)])
    said = f"2026年6月18日(木) 9:00 {mail.sender}:"
    markup = (
        f'<div dir="ltr">{_divs(top)}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f'{html.escape(said)}<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex">'
        + html.escape(mail.text).replace("\n", "<br>\n")
        + "</blockquote></div>\n"
    )
    return _alternative(mail, f"{top}\n\n{said}\n\n{_quoted(mail.text)}\n", markup)


def iphone(mail: Original, answers: Answers) -> bytes:
    """iPhone: two lines at the top, iPhoneから送信, the quotation below."""
    said = f"2026/06/18 9:00、{mail.sender}のメール:"
    text = "\n".join([*_lines(answers), "", "iPhoneから送信", "", said, "", _quoted(mail.text)])
    return _printable(mail, text, "text/plain", "X-Mailer: iPhone Mail (22A3354)")


def apple_mail_html(mail: Original, answers: Answers) -> bytes:
    """Apple Mail in HTML alone: Q1は2です above a blockquote."""
    polite: dict[str, Answer] = {
        question: f" {answer}" if isinstance(answer, str) else f"は{_words(answer)}です。"
        for question, answer in answers.items()
        if answer is not None
    }
    top = "<br>".join(html.escape(line) for line in _lines(polite, "{question}{answer}"))
    markup = (
        f'<html><body>{top}<br><br><blockquote type="cite">{_divs(mail.text)}</blockquote></body></html>\n'
    )
    return _printable(mail, markup, "text/html", "X-Mailer: Apple Mail (2.3774)")


def al_mail_name_prefix(mail: Original, answers: Answers) -> bytes:
    """AL-Mail: the sender's name in front of each quoted line, the answers in the brackets."""
    name = mail.sender.rpartition("<")[2].partition("@")[0]
    text = f"{mail.member_name}です。\n\n{_quoted(_fill(mail.text, answers), f'{name}> ')}\n"
    return _text(mail, text, "ISO-2022-JP", "X-Mailer: AL-Mail32 Version 1.13")


def mutt_euc_jp(mail: Original, answers: Answers) -> bytes:
    """Mutt in an EUC-JP terminal: the answers under their brackets."""
    lines = []
    for line in mail.text.split("\n"):
        lines.append(f"> {line}".rstrip(" "))
        slot = _SLOT.match(line)
        if slot is not None and answers.get(slot[1]) is not None:
            lines += [_words(answers[slot[1]])]
    return _text(
        mail, "\n".join([f"{mail.sender} さんは書きました:", *lines]), "EUC-JP", "User-Agent: Mutt/1.5.21"
    )


def garoon_full_width(mail: Original, answers: Answers) -> bytes:
    """Garoon: everything that the member types is full-width."""
    written = [line.translate(_WIDE).replace(" ", "　") for line in _lines(answers)]
    text = "\n".join(["ご担当者様", "", *written, "", _signature(mail), "", _quoted(mail.text)])
    return _text(mail, text, "UTF-8", "X-Mailer: Cybozu Garoon 5")


def mobile_kanji_numbers(mail: Original, answers: Answers) -> bytes:
    """A mobile phone: 問1は二番 and no quotation at all, in CP932."""
    text = "\n".join(
        f"問{question.removeprefix('Q')}　{line}"
        for question, answer in answers.items()
        if (line := _words(answer, lambda digits: digits.translate(_KANJI).replace(",", "、")))
    )
    return _text(mail, text, "Shift_JIS")


def no_label_utf_8(mail: Original, answers: Answers) -> bytes:
    """A groupware of a town hall: UTF-8 without any label."""
    text = "\n".join([*_lines(answers, "【{question}回答】{answer}"), "", _quoted(mail.text)])
    return _mail(_head(mail, "UTF-8"), text.encode())


def no_label_iso_2022_jp(mail: Original, answers: Answers) -> bytes:
    """An old gateway: ISO-2022-JP without any label, the answers in the brackets."""
    return _mail(_head(mail, "ISO-2022-JP"), _jis(_quoted(_fill(mail.text, answers), "| ")))


def lotus_notes_marks(mail: Original, answers: Answers) -> bytes:
    """Notes: a ○ before the option lines; words in their brackets."""
    written: dict[str, Answer] = {}
    lines = []
    question = ""
    for line in mail.text.split("\n"):
        asked = re.match(r"(Q[0-9]+) ", line)
        question = asked[1] if asked else question
        option = re.match(r" {3}([0-9]+)\. ", line)
        answer = answers.get(question)
        if isinstance(answer, str):
            written[question] = answer
        chosen = option is not None and isinstance(answer, tuple) and option[1] in answer
        lines.append(f"○ {line.strip()}" if chosen else line)
    return _text(
        mail,
        "\n".join(_fill(line, written) for line in lines),
        "UTF-8",
        "X-Mailer: Lotus Notes Release 8.5.3",
    )


CLIENTS: tuple[Client, ...] = (
    outlook_top_posted,
    outlook_sender_block,
    outlook_html_only,
    thunderbird_slots,
    thunderbird_iso_2022_jp,
    becky_circled,
    hidemaru_cp932,
    gmail_top_posted,
    iphone,
    apple_mail_html,
    al_mail_name_prefix,
    mutt_euc_jp,
    garoon_full_width,
    mobile_kanji_numbers,
    no_label_utf_8,
    no_label_iso_2022_jp,
    lotus_notes_marks,
)


# ---- what is no plain answer -------------------------------------------------------------------------------------


def exchange_vacation(mail: Original) -> bytes:
    """Exchange while its owner is away: automatic, and nobody's answer."""
    head = _head(
        mail,
        "ISO-2022-JP",
        'Content-Type: text/plain; charset="ISO-2022-JP"',
        tag="自動応答: ",
        name="vacation",
    )
    head += [
        "Auto-Submitted: auto-replied",
        "X-Auto-Response-Suppress: All",
        "Content-Transfer-Encoding: 7bit",
    ]
    return _mail(head, _jis(f"{mail.member_name}は不在にしております。\n戻りましたらお返事いたします。\n"))


def words_at_the_top(mail: Original, words: str) -> bytes:
    """Outlook on the web with these words at the top: a correction, something unclear, 欠席 alone."""
    text = f"{words}\n\n{'_' * 32}\n差出人: {mail.sender}\n件名: {mail.subject}\n\n{mail.text}"
    return _text(mail, text, "UTF-8", "X-Mailer: Microsoft Outlook on the web")


def post(author: tuple[str, str], to: str, subject: str, text: str, identity: str) -> bytes:
    """A post to a list from a program that writes ISO-2022-JP, subject and all."""
    name, address = author
    head = [
        f"From: {_word(name, 'ISO-2022-JP')} <{address}>",
        f"To: <{to}>",
        f"Subject: {_word(subject, 'ISO-2022-JP')}",
        f"Message-ID: <{identity}@{address.partition('@')[2]}>",
        "MIME-Version: 1.0",
        "X-Mailer: Becky! ver. 2.81.05 [ja]",
        'Content-Type: text/plain; charset="ISO-2022-JP"',
        "Content-Transfer-Encoding: 7bit",
    ]
    return _mail(head, _jis(text))
