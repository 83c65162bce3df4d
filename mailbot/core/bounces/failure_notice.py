"""A bounce that only people were meant to read: whom it names, by the shapes that mail servers have had for thirty years."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailbot.core.bounces.delivery_status import ADDRESS, LINE, RECIPIENTS, bare_address
from mailbot.core.bounces.failure import code_of, says_failure
from mailbot.core.mail.message import Message

_TEXT = 30_000  # characters of a notice that are read: some 600 lines
_REACH = 25  # lines behind an address in which the server's words about it are looked for


@dataclass(frozen=True)
class RecipientNotice:
    """What a notice says of one recipient."""

    address: str | None
    status: str | None  # "5.1.1", where one is stated
    delayed: bool  # it will be tried again
    permanent: bool
    words: str  # what the server said, one line


# Who makes such notices, by the local part or name of their From.
_MAKER = re.compile(
    r"mailer[-_. ]?daemon|mailerdaemon|mail ?daemon|mdaemon|postmaster|mail ?deliver|delivery ?(?:sub)?system|"
    r"mail (?:system|admin|server|router)|mailserver|system administrator|mail administrator|bounce|"
    r"\bimss?\b|interscan|mail ?marshal|microsoft exchange|メール配信|配信エラー|配送",
    re.IGNORECASE,
)
# How their Subjects say that a mail did not arrive, or not yet.
_BOUNCE_SUBJECT = re.compile(
    r"undeliver|non.?deliver|not (?:be )?deliver|delivery (?:fail|status|error|problem|notif|has failed|report|delayed)|"
    r"deliver(?:y|ed)?.{0,12}(?:fail|delay|problem|error)|fail(?:ed|ure)? (?:notice|delivery|mail|permanently|to deliver)|"
    r"returned? (?:mail|message|to sender)|mail (?:failed|failure|error|system error|delivery)|returning (?:mail|message)|"
    r"message (?:delivery|status|delayed|not delivered|could not)|could(?:n't| not) (?:be )?(?:send|sent|deliver)|"
    r"rejected (?:mail|message)|warning: (?:could not|message)|permanent (?:delivery )?(?:error|failure)|processing error|"
    r"(?:error|trouble|problem) (?:in |while |with )?(?:sending|delivering)|"
    r"unzustellbar|non remis|non recapit|no entregado|mancato recapito|retour|"
    r"配信(?:不能|不可|エラー|失敗|できま|に失敗|状態|が遅)|配送(?:不能|エラー|失敗|できま)|送信(?:エラー|失敗|できま)|"
    r"mail error|エラー(?:メール|通知)|宛先不明|あて先不明|届きません|不達|返送|未配信|退信",
    re.IGNORECASE,
)
# It will be tried again: no failure yet.
_DELAYED = re.compile(
    r"delayed|will (?:be re-?tr|continue|keep|try|retry|be attempted)|(?:still|keep) (?:being )?(?:retr|try)|has not yet been|"
    r"have not yet|not yet (?:be |been )?(?:deliver|able)|warning message only|warning: (?:could not send|message)|"
    r"do(?: not|n't) need to re-?send|no action is required|temporary (?:failure|problem|error) report|remains? (?:in|on) the queue|"
    r"attempts? will continue|still (?:in the )?queue|"
    r"再送(?:を(?:試み|行|続)|を繰り返|し(?:ます|て)|され)|再度(?:配送|配信|送信)|配(?:信|送)が遅|遅延|まだ(?:配|届|送)",
    re.IGNORECASE,
)
# It will not be tried again, whatever _DELAYED or _TEMPORARY find beside it.
_GIVEN_UP = re.compile(
    r"permanent(?:ly)? (?:error|fail|fatal)|failed permanently|given up|giving up|could not be delivered for|has been removed from|"
    r"was aborted|will be deleted|不能でした",
    re.IGNORECASE,
)
# The server's own words for a failure that may pass.
_TEMPORARY = re.compile(
    r"temporar|try again later|transient|greylist|graylist|deferred|一時的|しばらく(?:して|経って|時間)",
    re.IGNORECASE,
)
# Words by which a machine says that it failed; says_failure has those that say why.
_FAILED = re.compile(
    r"undeliver|deliver|not? (?:be )?(?:sent|reach)|did not (?:reach|receive|like)|returned|reject|refus|fail|bounced|error|"
    r"unable|could(?:n't| not)|cannot|can't|aborted|address|recipient|配信|配送|送信|届|不達|宛先|あて先|エラー|受信者|受け取",
    re.IGNORECASE,
)
# A challenge: somebody shall click or reply before the mail is let in.
_NOT_NOW = re.compile(
    r"(?:click|reply|confirm|verify|authenticate|whitelist)[^.]{0,80}(?:deliver|reach|release|receive)|challenge|"
    r"(?:deliver|send)[^.]{0,60}(?:once|until|unless) you (?:confirm|verify|reply|click)|承認(?:のため|手続|リクエスト)|本人確認",
    re.IGNORECASE,
)
# It did arrive, or was opened.
_ARRIVED = re.compile(
    r"successful(?:ly)? (?:mail )?(?:deliver|relay)|"
    r"(?:配信|配送|送信)(?:が|に)?(?:成功|完了)|開封",
    re.IGNORECASE,
)
# A line in which an address is whom to ask, who wrote, or a field of the mail: not whom the notice is about.
_HELP = re.compile(
    r"contact|assist|help|question|inquir|complain|report (?:this|it)|please (?:send|mail|forward|refer|visit|see)|e-?mail us|"
    r"お問い?合わせ|連絡先|ご連絡|問合せ|https?:|www\.|originally (?:sent|posted)|(?:envelope-)?from\b|sender|差出人|送信者|返信先|"
    r"received|message-id|mail from|helo|ehlo|xforward",
    re.IGNORECASE,
)
# What stands before an address that the notice is about, with its colon.
_LABEL = re.compile(
    r"[\W_]{0,12}(?:failed |intended |final |original |undeliverable |unknown |invalid |destination |bad |rcpt )?"
    r"(?:(?:could not|cannot|not) be delivered to|not delivered to|undeliverable to|recipients?|address(?:es)?|user|userid|error-for|rcpt|to address|destination|mailbox|delivery failed to|delivery userid|"
    r"宛先|あて先|受信者|送信先|宛先(?:の)?(?:メール)?アドレス|あて先(?:の)?(?:メール)?アドレス|メールアドレス|エラー(?:の)?アドレス|配信先|"
    r"配送先|対象アドレス)[^:：@]{0,30}[:：=]",
    re.IGNORECASE,
)
# What may stand before an address in a list of those that failed.
_ENTRY = re.compile(
    r"[\s>*・●■○\-\[<\"'(|「『【:：]{0,30}(?:smtp:|rfc822;|mailto:|.{0,80}dda:smtp=)?\s{0,3}[<\"']?",
    re.IGNORECASE,
)
_TO = re.compile(r"\s{0,9}(?:to|cc|宛先|あて先)\s?[:：]", re.IGNORECASE)
_TITLE = re.compile(r"\s{0,9}(?:subject|sent|件名|送信日時)\s?[:：]", re.IGNORECASE)
# The address that was written to, behind the one that it was expanded to.
_EXPANDED = re.compile(
    r"\((?:expanded|(?:ultimately )?generated) from:? <?([^\s<>()]{3,254})>?\)", re.IGNORECASE
)
# Where the returned mail begins: nothing below it is the notice's.
_RETURNED = re.compile(
    r"(?<!resend your )original (?:message|mail)(?:\W*$| (?:follows|header|attached|below|is (?:attached|below)))|"
    r"(?<!receive a )(?<!received a )copy of (?:the|your) (?:message|mail|original|e-?mail)|message headers?\b.{0,12}follow|headers? follow|"
    r"returned mail follows|unsent message|message text follows|(?:lines|rest) of the message follow|message header follows|"
    r"message is attached|your message reads|header of the original|undelivered message (?:follows|you sent)|mail follows|"
    r"below is (?:a copy|the)|begin(?:ning)? of (?:returned|original|message)|"
    r"^[\W_]{0,40}(?:元の|オリジナルの?|送信された|返送された)(?:メール|メッセージ)|^[\W_]{0,40}原文|"
    r"以下は[^。]{0,20}(?:メール|ヘッダ)",
    re.IGNORECASE,
)
# The first field of a returned mail that nothing announces.
_HEADER = re.compile(
    r"(?:received|return-path|message-id|mime-version|dkim-signature|date|from|delivered-to|content-type|x-[a-z-]{2,40}):",
    re.IGNORECASE,
)
_ROLES = frozenset(
    {"postmaster", "mailer-daemon", "mailerdaemon", "abuse", "hostmaster", "support", "helpdesk", "no-reply"}
)


def read_notice(message: Message) -> list[RecipientNotice]:
    """Return what a failure notice without a report says; [] for what a person, a vacation or a challenge wrote."""
    by_sender = _made_by_a_server(message)
    if not by_sender and not _BOUNCE_SUBJECT.search(message.subject[:LINE]):
        return []
    lines = _before_the_returned_mail(message.text)
    for end in _headings(lines):
        listed, beside = _named(message, lines[:end])
        if listed or beside:
            lines = lines[:end]
            break
    whole = "\n".join(lines)
    if (_NOT_NOW.search(whole) or _ARRIVED.search(whole)) and not (
        says_failure(whole) or _GIVEN_UP.search(whole)
    ):
        return []
    addresses = _failed_recipients(message) or listed or beside
    coded = code_of(whole)[1] is not None
    if not coded and not (addresses or says_failure(whole)):
        return []
    if not by_sender and not coded and not listed:
        return []  # a person may write of mail that does not arrive
    delayed = _is_delayed(message.subject, whole)
    blocks = _blocks(lines, addresses) if addresses else [(None, whole)]
    return [_notice_of(address, block, whole, delayed=delayed) for address, block in blocks][:RECIPIENTS]


def _made_by_a_server(message: Message) -> bool:
    """Tell whether a mail says by its sender or its form that a mail server wrote it."""
    if _MAKER.search(message.from_header[:LINE]) or message.header("x-failed-recipients"):
        return True
    return message.content_type == "multipart/report"


def _before_the_returned_mail(text: str) -> list[str]:
    """Return the lines up to the head of the mail that was sent back: three header fields in a row."""
    lines = [line[:LINE] for line in text[:_TEXT].splitlines()]
    heads = 0
    for index, line in enumerate(lines):
        if _HEADER.match(line):
            heads += 1
            if heads == 3:
                return lines[: index - 2]
        elif line[:1] not in {" ", "\t"}:
            heads = 0
    return lines


def _headings(lines: list[str]) -> list[int]:
    """Return where the server's own words may end: at what reads like a heading of the returned mail, else at the end."""
    found = [
        index
        for index, line in enumerate(lines)
        if index and _RETURNED.search(line) and not ADDRESS.search(line)
    ]
    return [*found[:3], len(lines)]


def _failed_recipients(message: Message) -> list[str]:
    """Return what Exim, Gmail and others write for machines (X-Failed-Recipients)."""
    value = message.header("x-failed-recipients") or ""
    return _distinct([bare_address(part, wide=True) for part in value[:LINE].split(",")])


def _named(message: Message, lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the addresses that a notice lists, and those that stand in a sentence of failure."""
    ours = {address.lower() for address in message.to} | {(message.from_address or "").lower()}
    listed: list[str | None] = []
    beside: list[str | None] = []
    roles: list[str | None] = []
    to: list[str | None] = []
    for index, line in enumerate([*lines, message.subject[:LINE]]):
        if "@" not in line or _in_head(lines, index):
            continue
        if expanded := _EXPANDED.search(line):
            if original := bare_address(expanded[1]):
                listed[-1:] = [original]
            continue
        found = [
            address
            for address in map(bare_address, ADDRESS.findall(line))
            if address and address.lower() not in ours
        ]
        if not found:
            continue
        if found[0].partition("@")[0].lower() in _ROLES:  # whom to ask; seldom who failed
            roles += found if _FAILED.search(line) and not _HELP.search(line) else []
            continue
        if _is_entry(line):
            listed.append(found[0])
        elif _TO.match(line):
            to += found
        elif _HELP.search(line) and "rcpt to" not in line.lower():
            continue
        elif _FAILED.search(line) or says_failure(line) or code_of(line)[1]:
            beside += found
    return _distinct(listed), _distinct(beside or to or roles)


def _in_head(lines: list[str], index: int) -> bool:
    """Tell whether a line says whom the returned mail was written to, not who failed: its subject stands below it."""
    return _TO.match(lines[index] if index < len(lines) else "") is not None and any(
        _TITLE.match(line) for line in lines[index + 1 : index + 4]
    )


def _is_entry(line: str) -> bool:
    """Tell whether an address begins the line, behind a bullet or a label that says whose it is."""
    label = _LABEL.match(line)
    start = label.end() if label else 0
    opening = _ENTRY.match(line, start)
    if ADDRESS.match(line, opening.end() if opening else start):
        return True
    # "山田 <yamada@example.jp>" behind a label, or in quotes
    return bool(label) and "<" in line[start:]


def _blocks(lines: list[str], addresses: list[str]) -> list[tuple[str | None, str]]:
    """Return with each address the lines about it: from where it is named until the next one is."""
    lowered = [line.lower() for line in lines]
    first: dict[str, int] = {}
    for address in addresses:
        places = [index for index, line in enumerate(lowered) if address.lower() in line]
        entries = [index for index in places if _is_entry(lines[index])]
        if places:
            first[address] = (entries or places)[0]
    starts = sorted(first.values())
    blocks: list[tuple[str | None, str]] = []
    for address in addresses:
        if address not in first:
            blocks.append((address, ""))
            continue
        start = first[address]
        end = next((other for other in starts if other > start), start + _REACH)
        blocks.append((address, "\n".join(lines[start : min(end, start + _REACH)])))
    return blocks


def _is_delayed(subject: str, whole: str) -> bool:
    if re.search(
        r"delay|warning: (?:could|message|mail)|遅延|遅れ", subject, re.IGNORECASE
    ) and not _GIVEN_UP.search(whole):
        return True
    return _DELAYED.search(whole) is not None and _GIVEN_UP.search(whole) is None


def _notice_of(address: str | None, block: str, whole: str, *, delayed: bool) -> RecipientNotice:
    told = block if code_of(block)[1] is not None or says_failure(block) else whole
    status, digit = code_of(told)
    if digit is None and not says_failure(told):
        status, digit = code_of(whole)
    temporary = digit == "4" if digit else bool(_TEMPORARY.search(told)) and not _GIVEN_UP.search(whole)
    return RecipientNotice(address, status, delayed, not delayed and not temporary, _words(told, address))


def _words(block: str, address: str | None) -> str:
    """Return the lines that say why, as one."""
    lines = [" ".join(line.split()) for line in block.splitlines()]
    for index, line in enumerate(lines):
        if code_of(line)[1] is not None or says_failure(line):
            return " ".join(lines[index : index + 3])[:LINE].strip()
    said = [line for line in lines if line and (address is None or address not in line)]
    return " ".join(said[:3])[:LINE]


def _distinct(addresses: list[str | None]) -> list[str]:
    kept: dict[str, str] = {}
    for address in addresses:
        if address:
            kept.setdefault(address.lower(), address)
    return list(kept.values())
