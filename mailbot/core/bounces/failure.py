"""Why a delivery failed, from the words and codes of the server that refused it (RFC 3463, RFC 5321 section 4.2)."""

from __future__ import annotations

import re
from typing import Literal

from mailbot.core.bounces.delivery_status import STATUS

Reason = Literal["unknown", "full", "refused", "unreachable", "other"]
"""unknown: no such address or domain, or closed. full: it exists, its mailbox takes no more. refused: it was this mail or its
sender that was not wanted. unreachable: no answer, or none in time. other: nothing that says which."""

# A reply code, which is no count of something, part of an address or of a number.
_SMTP_CODE = re.compile(
    r"(?<![\w.:/#-])([45][0-5]\d)(?=[ -](?!(?:seconds|minutes|hours|days|bytes|[KM]B|recipients|lines)\b))"
)


def _words(lines: str) -> re.Pattern[str]:
    """Compile a pattern written over several lines; blanks within a line are blanks."""
    return re.compile("".join(line.strip() for line in lines.splitlines()), re.IGNORECASE)


_UNREACHABLE = _words(
    r"""name service error|try again later|timed?[ -]?out|connection (?:refused|reset|lost|dropped|was)|no route to host|network is unreachable|
    can(?:'t|not|\snot) (?:connect|find (?:your|any)|establish)|socket error|not responding|retry time|retry timeout|
    too many hops|looping|loop detected|(?:hop|recipient) count exceed|mail (?:forwarding )?loop|
    expired|(?:been|was) in the queue too long|queue (?:period|lifetime)|unrouteable|did not accept our requests|
    delivery attempts? (?:has |have )?(?:been )?(?:aborted|exceeded)|not (?:be )?deliver(?:ed)? (?:for|within|after)|
    接続できませんでした|接続が拒否|タイムアウト|応答がありません|応答しません|配送期限|期限切れ|一定時間|ループ"""
)
_FULL = _words(
    r"""(?:mailbox|maildir|mail ?box|inbox|mail ?folder|account|storage|user|recipient)(?:'s)?[^.]{0,40}
        (?:\bfull\b|over[ -]?quota|exceed|too large|size limit|out of (?:space|disk))|
    over (?:the |its |his |disk |storage )?(?:quota|allotted)|quota (?:exceed|violation|usage|limit|full)|quotaexceeded|
    exceed(?:ed|s|ing)?[^.]{0,30}(?:quota|mailbox|storage)|disk quota|insufficient (?:system |disk )?storage|
    too much mail stored|full mailbox|maximum allowable storage|not enough (?:disk )?space|no space left|
    mailboxfull|user (?:is )?over\b|
    (?:メールボックス|受信箱|容量|ディスク|スプール)[^。]{0,30}(?:いっぱい|一杯|満杯|超え|超過|オーバー|不足|上限|制限)|容量(?:不足|超過|オーバー)"""
)
_UNKNOWN = _words(
    r"""(?:user|recipient|mailbox|address(?:ee)?|account|alias|destination|local[- ]part|userid|user name|name|domain|host)s?
        (?:\s(?:name|address|id))?\s?[^.;]{0,60}
        (?:unknown|not (?:been )?(?:found|known|exist|recognized|listed|valid|local|here|active|in)|does(?:n't| not) exist|
        no longer|invalid|inactive|disabled|discontinued|is dead|unavailable|suspended|unrouteable|locked|
        been (?:closed|deleted|removed|terminated|suspended|disabled|moved))|
    (?:unknown|no such|invalid|non-?existent|bad|unrecognized|undeliverable|inactive|illegal|incorrect|wrong|disabled|dead|obsolete)\s
        (?:or\s\w+\s)?(?:final\s|delivery\s|local\s|destination\s|recipient\s|virtual\s|email\s|e-mail\s|mail\s)*
        (?:user|recipient|mail ?box|address|account|alias|domain|host|person|name|local|destination|id\b)|
    (?:wasn't|weren't|couldn't be|could not be|was not) found|isn't (?:a |any )?(?:valid|known)|doesn't have an?|no mail ?box|couldn't find (?:any|an|the)|no account|user doesn't|
    not listed in|not a known user|no matches|no valid recipient|name is not recognized|host not found|
    no (?:mx|a record|such domain)|nxdomain|not known here|not our (?:customer|user)|has moved|(?:is )?no longer (?:valid|active|with|in)|
    this account (?:has been|is)|wrong or no longer|not a valid|unrouteable address|domain does not exist|
    all relevant mx records point to non-existent|does not have a final|dns (?:error|lookup)|
    resolver\.adr|recipnotfound|recipient (?:address )?rejected: access denied|mailbox unavailable|
    宛先(?:不明|が(?:存在し|見つかり|あり|間違)|メールアドレスが)|あて先(?:不明|が)|
    (?:ユーザ|ユーザー|アカウント|アドレス|メールボックス|受信者|ドメイン|利用者)[^。]{0,30}
        (?:存在し(?:ま|な)|見つかり|見つから|不明|ありません|誤り|間違|無効|使用できま|使われて)|
    該当する(?:ユーザ|アドレス|宛先)|解約|契約[^。]{0,10}解除|退会|利用[^。]{0,6}(?:停止|いただけません)|unbekannt|nicht bekannt|existiert nicht|inconnu|n'existe pas|
    desconocid|no existe|no exist[ei]|sconosciut|non esiste|onbekend|不存在|用户"""
)
_JUDGED = _words(
    r"""\bspam\b|spam(?:cop|haus|ming)|\bjunk\b|virus|malware|phish|blacklist|blocklist|block list|\bbl\b|dnsbl|\brbl\b|reputation|
    \bdmarc\b|\bdkim\b|\bspf\b|unauthenticated|sender (?:address |verify |domain )?(?:rejected|denied|failed)|reverse dns|
    迷惑メール|ウイルス|受信拒否"""
)
_REFUSED = _words(
    r"""spam|block(?:ed)?\b|policy|authentication (?:required|failed)|not authori[sz]ed|unauthori[sz]ed|
    relay(?:ing)? (?:denied|not|access)|access denied|denied by|content (?:reject|filter)|rejected (?:as|due|for|because|by)|
    message (?:size|too (?:large|big))|size (?:limit|exceed)|too large|rejects? (?:mail|messages?) from|not accepting (?:mail|messages) from|
    \bptr\b|rate limit|too many|restricted|prohibited|permission|forbidden|banned|attachment|
    受信拒否|拒否(?:され|しま)|迷惑メール|ブロック|ウイルス|フィルタ|サイズ"""
)
_OF_SUBJECT: dict[str, Reason] = {"1": "unknown", "4": "unreachable", "6": "refused", "7": "refused"}


def reason_of(status: str | None, words: str) -> Reason:
    """Return why it failed: the server's own words first, since 5.7.1 is written for unknown users, 5.1.1 for spam."""
    said = words[:4_000]
    for reason, pattern in _BY_WORDS:
        if pattern.search(said):
            return reason
    _, subject, detail = (status or "0.0.0").split(".")
    if subject == "2":
        return "full" if detail == "2" else "unknown" if detail == "1" else "other"
    if subject == "1" and detail in {"7", "8"}:  # about the sender's address
        return "refused"
    return _OF_SUBJECT.get(subject, "other")


_BY_WORDS: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    ("refused", _JUDGED),
    ("full", _FULL),
    ("unknown", _UNKNOWN),
    ("refused", _REFUSED),
    ("unreachable", _UNREACHABLE),
)


def code_of(words: str) -> tuple[str | None, str | None]:
    """Return the first enhanced status, and the first class (4 or 5), that a server stated in these words."""
    statuses = [found[1] for found in STATUS.finditer(words) if found[1][0] != "2"]
    code = _SMTP_CODE.search(words)
    said = statuses[0] if statuses else None
    if said is not None and said.endswith(".0.0") and len(statuses) > 1 and statuses[1][0] == said[0]:
        said = statuses[1]  # the general one stands before the exact one
    return said, said[0] if said else code[1][0] if code else None


def says_failure(words: str) -> bool:
    """Tell whether these words tell of some reason at all."""
    return any(pattern.search(words) for _, pattern in _BY_WORDS)
