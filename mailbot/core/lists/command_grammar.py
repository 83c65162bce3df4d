"""The grammar of list commands: which lines of a mail are meant for us, and what each of them says.

A line is a command only as a whole. Letters are folded (NFKC), 「# bye」 in the style of fml is accepted, quoted lines are
passed over, `-- ` and 「終わり」 end the mail.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date

from mailbot.core.lists.list_command import (
    LONGEST_LINE,
    MOST_COMMANDS,
    MOST_INVITED,
    AddAddress,
    Addresses,
    BackNumber,
    ChangeAddress,
    ChooseThread,
    Command,
    Confirm,
    Deliver,
    DropAddress,
    GetPosts,
    HandOver,
    Help,
    Index,
    Invite,
    JoinList,
    LeaveList,
    NotUnderstood,
    Off,
    On,
    OpenList,
    OwnCopies,
    PlainText,
    Receipts,
    SearchArchive,
    Status,
    Topic,
    Who,
)
from mailbot.core.lists.membership import ThreadChoice
from mailbot.core.mail.address import valid_address
from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.understood import Understood
from mailbot.core.surveys.survey import Question

_LONGEST_TITLE = 60  # characters of a list's title


def command_lines(text: str) -> tuple[str, ...]:
    """Return the lines of a mail that are meant for us, as they were written; one more than are done shows that there are more."""
    lines: list[str] = []
    for written in text.splitlines():
        line = _folded(written)
        if written.rstrip("\r") in {"-- ", "--"} or _END.fullmatch(line):
            break
        if (
            line
            and not _QUOTED.match(written)
            and not _RULE.fullmatch(line)
            and not _GREETING.fullmatch(line)
        ):
            lines.append(written.strip())
        if len(lines) > MOST_COMMANDS:
            break
    return tuple(lines)


def read_command(line: str, lists: frozenset[str], *, today: date) -> Command | NotUnderstood:
    """Read one line whole. `lists`: the names that may follow a command; `today` gives a date without a year its year.

    "" stands for a line that is one too many.
    """
    if not line:
        return NotUnderstood("many")
    if len(line) > LONGEST_LINE:
        return NotUnderstood("long")
    words = _POLITE.sub("", _BRACKETS.sub("", _folded(line).removeprefix("#").strip())).strip()
    word, _, rest = _LABELLED.sub(r"\1 ", words).partition(" ")
    reader = _READERS.get(word.casefold().rstrip(":。."))
    rest = rest.strip()
    if reader is None:
        glued = _GLUED.match(words)
        if glued is None:
            return NotUnderstood()
        reader, rest = _READERS[glued["word"].casefold()], glued["rest"].strip()
    if reader in _WITHOUT_LIST or (reader is _search and " " not in rest):
        return reader(rest, "", today)
    name, rest = _list_name(rest, lists)
    return reader(rest, name, today)


_DAY = Question("Q1", "", "date")
_QUOTED = re.compile(r"^\s{0,20}[>＞|｜]")
_RULE = re.compile(r"[^\w#]+")
# A line that greets, names the writer or was added by a telephone: no command, and no fault.
_GREETING = re.compile(
    r"(?:いつも|平素(?:より|は)|日頃(?:より|は)|大変|、)*お(?:世話に(?:なって(?:おり|い)ます|なります)|疲れ(?:様|さま)です)[。、]?(?:[^。@]{1,30}(?:です|と申します|でございます)。?)?"
    r"|[^。@]{0,20}[市町村区県都道府課室係]の?[^。@]{0,12}(?:です|と申します|でございます)。?"
    r"|(?:iPhone|iPad|Android|スマートフォン|携帯電話?)から送信|Sent from my \S.{0,30}"
    r"|(?:以上[、,]?\s?)?(?:どうぞ|何卒)?(?:よろしく|宜しく)お願い(?:(?:いた|致)し|申し上げ|し)?ます。?"
)
_END = re.compile(r"#?\s*(?:end|quit|終わり|終り|おわり|以上)[。.]?", re.IGNORECASE)
_BRACKETS = re.compile(r"^[「『\"](?=[^「」『』\"]*[」』\"]$)|(?<=.)[」』\"]$")
# What may stand behind a command and says nothing more.
_POLITE = re.compile(
    r"(?<=\S)\s?(?:を|と)?(?:お願い(?:いた|致)?します|希望(?:いた|致)?します|(?:いた|致)?します|したい(?:です)?|です|(?:して)?(?:ください|下さい))[。.]?$"
)
_WEEKLY = frozenset({"week", "weekly", "週", "毎週", "週1回", "週一回", "週に1回"})
_DAILY = frozenset({"day", "daily", "日", "毎日", "1日1回", "日に1回"})
_LISTED = frozenset({"list", "show", "一覧"})
_ADDED = frozenset({"add", "追加", "登録"})
_DROPPED = frozenset({"drop", "remove", "off", "削除", "停止", "解除", "取消"})
# What stands between the two days of an absence.
_BETWEEN = re.compile(r"から|より|まで|〜|~|\s[-–—]\s|\s+(?:to|until|till)\s+|\s+", re.IGNORECASE)
_UNTIL = re.compile(r"^(?:until\s|till\s|to\s)|^[^から〜~\s]+まで$", re.IGNORECASE)
# The numbers of posts: 5, 5-9, 5号.
_RANGE = re.compile(r"(?P<first>[0-9]{1,9})(?:\s?[-~〜]\s?(?P<last>[0-9]{1,9}))?(?:号|番)?")
# The newest posts: last 5, 最新5件.
_LAST = re.compile(r"(?:last\s?:?\s?|最新\s?|直近\s?)(?P<count>[0-9]{1,4})(?:件|通)?", re.IGNORECASE)


def _folded(line: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", line).split())


def _list_name(rest: str, lists: frozenset[str]) -> tuple[str, str]:
    """Return the list that stands first or last among the words of a command, and the others."""
    words = rest.split()
    for at in (0, -1):
        if words and words[at].casefold().partition("@")[0] in lists:
            name = words.pop(at).casefold().partition("@")[0]
            return name, " ".join(words)
    return "", rest


_Reader = Callable[[str, str, date], Command | NotUnderstood]


def _alone(make: Callable[[str], Command]) -> _Reader:
    """Return a reader of a command that nothing but the list may follow."""
    return lambda rest, name, _today: NotUnderstood() if rest else make(name)


def _join(_rest: str, name: str, _today: date) -> Command:
    """Read 入会, whatever follows: old list programs wanted the writer's name there."""
    return JoinList(name)


def _off(rest: str, name: str, today: date) -> Command | NotUnderstood:
    if not rest:
        return Off(list=name)
    days: list[date] = []
    for text in filter(None, (part.strip() for part in _BETWEEN.split(rest))):
        read = read_answer(_DAY, text, today=today)
        if not isinstance(read, Understood) or read.remark or not isinstance(read.answer, str):
            kind = getattr(read, "kind", "")
            return NotUnderstood(kind if kind in {"weekday", "no-such-day", "year"} else "date")
        days.append(date.fromisoformat(read.answer))
    first: date | None
    until: date | None
    match days:
        case [last] if _UNTIL.match(rest):
            first, until = None, last
        case [one]:
            first, until = one, None
        case [one, two]:
            first, until = one, two
        case _:
            return NotUnderstood("date")
    if until is not None and until < today:
        return NotUnderstood("past")
    if first is not None and until is not None and until < first:
        return NotUnderstood("order")
    return Off(first, until, name)


def _digest(rest: str, name: str, _today: date) -> Command | NotUnderstood:
    words = rest.casefold().split()
    weekly = any(word in _WEEKLY for word in words)
    match [word for word in words if word not in _WEEKLY | _DAILY]:
        case [] | ["on"]:
            return Deliver("digest", name, weekly)
        case ["plain" | "text" | "本文のみ" | "テキスト"]:
            return Deliver("digest-plain", name, weekly)
        case ["off" | "やめる" | "中止"]:
            return Deliver("each", name)
    return NotUnderstood()


def _notices(rest: str, name: str, _today: date) -> Command | NotUnderstood:
    words = rest.casefold().split()
    if not _WEEKLY.union(_DAILY).issuperset(words):
        return NotUnderstood()
    return Deliver("notices", name, any(word in _WEEKLY for word in words))


def _wanted(make: Callable[[bool, str], Command]) -> _Reader:
    """Return a reader of what is wanted or not: 要, 不要."""

    def read(rest: str, name: str, _today: date) -> Command | NotUnderstood:
        match rest.casefold():
            case "on" | "yes" | "要" | "必要" | "受け取る":
                return make(True, name)
            case "off" | "no" | "不要" | "受け取らない":
                return make(False, name)
        return NotUnderstood()

    return read


def _set(rest: str, name: str, today: date) -> Command | NotUnderstood:
    """Read an option as Mailman and Sympa have it, 「set digest plain」, 「SET security NOMAIL」, as the command for it."""
    option, _, value = rest.casefold().partition(" ")
    match option, value:
        case ("nomail", "" | "on") | ("delivery", "off"):
            return Off(list=name)
        case ("nomail", "off") | ("delivery", "on"):
            return On(name)
        case "digest", "mime":
            value = ""
        case "digestplain", "":
            option, value = "digest", "plain"
    reader = _OPTIONS.get(option)
    return NotUnderstood() if reader is None else reader(value, name, today)


def _plain(rest: str, name: str, _today: date) -> Command | NotUnderstood:
    match rest.casefold():
        case "" | "on" | "yes":
            return PlainText(wanted=True, list=name)
        case "off" | "no" | "解除" | "やめる" | "不要":
            return PlainText(wanted=False, list=name)
    return NotUnderstood()


def _change_address(rest: str, _name: str, _today: date) -> Command | NotUnderstood:
    addresses = [word.strip("<>") for word in re.split(r"から|→|->|\s+", rest) if word.strip("<>")]
    if not 1 <= len(addresses) <= 2 or not all(map(valid_address, addresses)):
        return NotUnderstood("address")
    return ChangeAddress(addresses[0] if len(addresses) == 2 else "", addresses[-1])


def _hand_over(rest: str, _name: str, _today: date) -> Command | NotUnderstood:
    words = rest.split()
    addresses = [word.strip("<>") for word in words if valid_address(word.strip("<>")) and "@" in word]
    if not 1 <= len(addresses) <= 2:
        return NotUnderstood("successor")
    name = " ".join(word for word in words if word.strip("<>") not in addresses).removesuffix("様").strip()
    return HandOver(addresses[-1], name, addresses[0] if len(addresses) == 2 else "")


def _further(rest: str, name: str, today: date) -> Command | NotUnderstood:
    """Read 別アドレス, with 追加 or 削除 after it or in the word itself."""
    word, _, address = rest.partition(" ")
    if not rest or word.casefold() in _LISTED:
        return NotUnderstood("further") if address else Addresses()
    if word.casefold() in _ADDED:
        return _add_address(address.strip(), name, today)
    if word.casefold() in _DROPPED:
        return _drop_address(address.strip(), name, today)
    return NotUnderstood("further")


def _one_address(make: Callable[[str], Command]) -> _Reader:
    """Return a reader of a command that names one address."""

    def read(rest: str, _name: str, _today: date) -> Command | NotUnderstood:
        address = rest.strip("<>")
        return make(address) if "@" in address and valid_address(address) else NotUnderstood("further")

    return read


_add_address = _one_address(AddAddress)
_drop_address = _one_address(DropAddress)


def _open_list(rest: str, _name: str, _today: date) -> Command | NotUnderstood:
    name, _, title = rest.partition(" ")
    title = title.strip(' 「」『』"')  # its closing mark may have gone with the line's
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._-]*", name) or not (
        1 <= len(title) <= _LONGEST_TITLE and title.isprintable()
    ):
        return NotUnderstood("open")
    return OpenList(name.lower(), title)


def _invite(rest: str, name: str, _today: date) -> Command | NotUnderstood:
    addresses = tuple(
        dict.fromkeys(filter(None, (word.strip("<>,、;") for word in re.split(r"[\s,、;]+", rest))))
    )
    if not 1 <= len(addresses) <= MOST_INVITED or not all(
        "@" in one and valid_address(one) for one in addresses
    ):
        return NotUnderstood("invite")
    return Invite(addresses, name)


def _get(rest: str, name: str, _today: date) -> Command | NotUnderstood:
    if newest := _LAST.fullmatch(rest):
        return GetPosts(0, int(newest["count"]), name)
    found = _RANGE.fullmatch(rest)
    if found is None:
        return NotUnderstood("number")
    first, last = int(found["first"]), int(found["last"] or found["first"])
    return GetPosts(min(first, last), max(first, last), name) if min(first, last) else NotUnderstood("number")


def _back_numbers(rest: str, name: str, _today: date) -> Command | NotUnderstood:
    if not rest:
        return Index(name)
    found = re.fullmatch(r"(?:第|no\.?)?\s?(?P<number>[0-9]{1,6})\s?号?", rest, re.IGNORECASE)
    if found is None or not int(found["number"]):
        return NotUnderstood("number")
    return BackNumber(int(found["number"]), name)


def _topic(rest: str, name: str, _today: date) -> Command | NotUnderstood:
    found = _RANGE.fullmatch(rest)
    if found is None or found["last"] or not int(found["first"]):
        return NotUnderstood("number")
    return Topic(int(found["first"]), name)


def _search(rest: str, name: str, _today: date) -> Command | NotUnderstood:
    return SearchArchive(rest, name) if rest else NotUnderstood("search")


def _thread(choice: ThreadChoice) -> _Reader:
    def read(rest: str, name: str, _today: date) -> Command | NotUnderstood:
        if not rest:
            return ChooseThread(choice, 0, name)
        found = _RANGE.fullmatch(rest)
        if found is None or found["last"]:
            return NotUnderstood("number")
        return ChooseThread(choice, int(found["first"]), name)

    return read


def _confirm(rest: str, _name: str, _today: date) -> Command | NotUnderstood:
    return Confirm(rest) if re.fullmatch(r"[0-9A-Za-z]{16,26}", rest) else NotUnderstood("confirm")


_OPTIONS: Mapping[str, _Reader] = {
    "digest": _digest,
    **dict.fromkeys(("notice", "summary"), _notices),
    "myposts": _wanted(OwnCopies),
    "ack": _wanted(Receipts),
}
_SUCCESSOR = ("後任", "後任者", "引継ぎ", "引継", "新担当", "新担当者", "担当変更", "担当者変更")
_READERS: Mapping[str, _Reader] = {
    **dict.fromkeys(("help", "ヘルプ", "へるぷ", "使い方"), _alone(lambda name: Help(list=name))),
    **dict.fromkeys(("guide", "info", "案内", "ご案内"), _alone(lambda name: Help(guide=True, list=name))),
    **dict.fromkeys(("subscribe", "join", "入会", "参加", "登録"), _join),
    **dict.fromkeys(("unsubscribe", "leave", "bye", "退会", "脱退", "解除", "登録解除"), _alone(LeaveList)),
    **dict.fromkeys(("off", "停止", "休止", "配信停止"), _off),
    **dict.fromkeys(("on", "再開", "配信再開"), _alone(On)),
    **dict.fromkeys(("digest", "まとめ送り", "まとめ", "ダイジェスト"), _digest),
    **dict.fromkeys(("notices", "notice", "通知のみ", "通知"), _notices),
    **dict.fromkeys(("each", "normal", "通常", "1通ずつ"), _alone(lambda name: Deliver("each", name))),
    **dict.fromkeys(("own", "自分の投稿", "自分宛"), _wanted(OwnCopies)),
    **dict.fromkeys(("receipts", "receipt", "配信通知", "配信のお知らせ", "投稿の受付"), _wanted(Receipts)),
    "set": _set,
    **dict.fromkeys(("plain", "テキスト", "テキスト形式", "本文のみ"), _plain),
    **dict.fromkeys(("chaddr", "change-address", "アドレス変更", "宛先変更"), _change_address),
    **dict.fromkeys(("successor", *_SUCCESSOR), _hand_over),
    **dict.fromkeys(("addresses", "別アドレス", "別アドレス一覧", "アドレス一覧"), _further),
    **dict.fromkeys(("add-address", "addaddr", "別アドレス追加", "アドレス追加"), _add_address),
    **dict.fromkeys(
        (
            *("drop-address", "remove-address", "dropaddr"),
            *("別アドレス削除", "アドレス削除", "別アドレス停止", "別アドレス取消"),
        ),
        _drop_address,
    ),
    **dict.fromkeys(("open-group", "newgroup", "グループ開設", "開設", "リスト開設"), _open_list),
    **dict.fromkeys(("invite", "招待"), _invite),
    **dict.fromkeys(("index", "summary", "目次", "一覧"), _alone(Index)),
    **dict.fromkeys(("get", "過去記事", "記事"), _get),
    **dict.fromkeys(("バックナンバー", "back-number", "back-numbers"), _back_numbers),
    **dict.fromkeys(("thread", "話題"), _topic),
    **dict.fromkeys(("search", "検索"), _search),
    **dict.fromkeys(("who", "members", "名簿", "会員一覧"), _alone(Who)),
    **dict.fromkeys(("status", "状態", "設定"), _alone(lambda _name: Status())),
    **dict.fromkeys(("mute", "話題停止"), _thread("mute")),
    **dict.fromkeys(("follow", "話題再開", "話題購読"), _thread("follow")),
    **dict.fromkeys(("confirm", "確認"), _confirm),
}
_WITHOUT_LIST = (_change_address, _hand_over, _further, _add_address, _drop_address, _open_list, _confirm)
_LABELLED = re.compile(rf"^({'|'.join(sorted(_SUCCESSOR, key=len, reverse=True))})\s?:\s?")  # 「後任：」
# 「過去記事100-110」「停止7/1から」: Japanese sets no blank before what follows.
_GLUED = re.compile(
    rf"^(?P<word>{'|'.join(word for word in sorted(_READERS, key=len, reverse=True) if not word.isascii())})(?P<rest>[0-9].*)$"
)
