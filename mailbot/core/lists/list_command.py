"""The commands of list members by mail, one a line, in Japanese and in English.

A line is a command only as a whole. Letters are folded (NFKC), 「# bye」 in the style of fml is accepted, quoted lines are
passed over, `-- ` and 「終わり」 end the mail.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from mailbot.core.calendar import Language
from mailbot.core.lists.membership import Mode, ThreadChoice
from mailbot.core.mail.address import valid_address
from mailbot.core.reading.grammar.answer import read_answer
from mailbot.core.reading.grammar.understood import Understood
from mailbot.core.surveys.survey import Question

MOST_COMMANDS = 100
LONGEST_LINE = 128  # characters
MOST_INVITED = 10  # in one line
_LONGEST_TITLE = 60  # characters of a list's title


@dataclass(frozen=True)
class Help:
    """「ヘルプ」: the commands; 「案内」: what the list is."""

    guide: bool = False
    list: str = ""


@dataclass(frozen=True)
class Join:
    """「入会」."""

    list: str = ""  # here and below: "": the list to whose address it was written


@dataclass(frozen=True)
class Leave:
    """「退会」."""

    list: str = ""


@dataclass(frozen=True)
class Off:
    """「停止 7/1から7/20まで」: no mail of the list, from a day to a day, both included."""

    first: date | None = None  # None: from now on
    last: date | None = None  # None: until he says 再開
    list: str = ""


@dataclass(frozen=True)
class On:
    """「再開」."""

    list: str = ""


@dataclass(frozen=True)
class Deliver:
    """「通常」「まとめ送り」「まとめ送り 毎週」「通知のみ」: how posts come."""

    mode: Mode
    list: str = ""
    weekly: bool = False  # digests and notices once a week, not every business day


@dataclass(frozen=True)
class OwnCopies:
    """「自分の投稿 不要」: whether one's own posts come back."""

    wanted: bool
    list: str = ""


@dataclass(frozen=True)
class Receipts:
    """「配信通知 不要」: whether he hears that his own post has gone out."""

    wanted: bool
    list: str = ""


@dataclass(frozen=True)
class PlainText:
    """「テキスト」「テキスト 解除」: posts as plain text in narrow lines, for gateways that take nothing else."""

    wanted: bool
    list: str = ""


@dataclass(frozen=True)
class ChangeAddress:
    """「アドレス変更 OLD NEW」: the same person at a new address."""

    old: str  # "": the one that writes
    new: str


@dataclass(frozen=True)
class HandOver:
    """「後任 NEW 氏名」: another person takes the post over."""

    new: str
    name: str = ""
    old: str = ""  # "": the one that writes; a colleague names it


@dataclass(frozen=True)
class Addresses:
    """「別アドレス」: the writer's own addresses."""


@dataclass(frozen=True)
class AddAddress:
    """「別アドレス追加 NEW」: he will write from this one too; his mail goes where it went."""

    new: str


@dataclass(frozen=True)
class DropAddress:
    """「別アドレス削除 OLD」."""

    old: str


@dataclass(frozen=True)
class OpenList:
    """「グループ開設 NAME 題名」: a new closed group, whose first member is the writer."""

    name: str  # as it was written; core/mail/address.py: list_name_fault
    title: str


@dataclass(frozen=True)
class Invite:
    """「招待 a@x b@y」: registered contacts are asked whether they join."""

    addresses: tuple[str, ...]
    list: str = ""


@dataclass(frozen=True)
class Index:
    """「目次」: the newest posts."""

    list: str = ""


@dataclass(frozen=True)
class Get:
    """「過去記事 100-110」「過去記事 last:10」: posts by their numbers."""

    first: int  # 0: the newest
    last: int  # number of the last one; of the newest: how many
    list: str = ""


@dataclass(frozen=True)
class BackNumber:
    """「バックナンバー 12」: an issue of a magazine by its own number."""

    number: int
    list: str = ""


@dataclass(frozen=True)
class Topic:
    """「話題 123」: every post of the thread that a post belongs to."""

    number: int
    list: str = ""


@dataclass(frozen=True)
class Search:
    """「検索 語」."""

    words: str
    list: str = ""


@dataclass(frozen=True)
class Who:
    """「名簿」: the members."""

    list: str = ""


@dataclass(frozen=True)
class Status:
    """「状態」: the writer's own lists and settings."""


@dataclass(frozen=True)
class Thread:
    """「話題停止 123」「話題再開 123」: less, or more, of the thread that a post belongs to."""

    choice: ThreadChoice
    number: int  # 0: the thread that this mail answers
    list: str = ""


@dataclass(frozen=True)
class Confirm:
    """「確認 TOKEN」: the word that a mail of ours asked for, where its address cannot be answered."""

    token: str


@dataclass(frozen=True)
class NotUnderstood:
    """The line is no command; why stands in WHY_NOT."""

    kind: str = "unknown"


Command = (
    Help
    | Join
    | Leave
    | Off
    | On
    | Deliver
    | OwnCopies
    | Receipts
    | PlainText
    | ChangeAddress
    | HandOver
    | Addresses
    | AddAddress
    | DropAddress
    | OpenList
    | Invite
    | Index
    | BackNumber
    | Get
    | Topic
    | Search
    | Who
    | Status
    | Thread
    | Confirm
)

# What these do is undone by nobody but their owner, so that they need proof of who asks (rule 9).
CHANGES = (
    Join,
    Leave,
    Off,
    On,
    Deliver,
    OwnCopies,
    Receipts,
    PlainText,
    ChangeAddress,
    HandOver,
    AddAddress,
    DropAddress,
    OpenList,
    Invite,
    Thread,
)

WHY_NOT: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "unknown": "指示として読み取れませんでした",
        "long": f"1行は{LONGEST_LINE}文字までです",
        "many": f"1通で行えるのは{MOST_COMMANDS}行までです",
        "date": "日付を読み取れませんでした。「停止 7/1から7/20まで」のようにお書きください",
        "weekday": "日付と曜日が合いません",
        "no-such-day": "その日付はありません",
        "year": "何年の日付か分かるように、「2027/7/1」のようにお書きください",
        "order": "終わりの日が、始まりの日より前です",
        "past": "終わりの日が、もう過ぎています",
        "address": "「アドレス変更 いまのアドレス 新しいアドレス」のようにお書きください",
        "successor": "「後任 新しい方のアドレス お名前」のようにお書きください",
        "successors": "「後任」の行が2つあります。後任の方はお一人だけを、1行でお書きください",
        "further": "「別アドレス追加 アドレス」「別アドレス削除 アドレス」のように、アドレスを1つお書きください",
        "open": "「グループ開設 anzen 情報安全部会」のように、英数字の名前（アドレスになります）と題名をお書きください",
        "invite": f"「招待 アドレス アドレス」のように、アドレスを{MOST_INVITED}件までお書きください",
        "number": "「過去記事 123」「過去記事 100-110」のように、番号をお書きください",
        "search": "「検索」の後に、探す言葉をお書きください",
        "confirm": "「確認」の後に、当方のメールにある記号をお書きください",
    },
    "en": {
        "unknown": "this is no command",
        "long": f"a line has at most {LONGEST_LINE} characters",
        "many": f"one mail has at most {MOST_COMMANDS} commands",
        "date": 'the date cannot be read; please write "off 2026-07-01 2026-07-20"',
        "weekday": "the day of the week does not fit the date",
        "no-such-day": "there is no such day",
        "year": "please write the year as well, as in 2027-07-01",
        "order": "the last day is before the first",
        "past": "the last day is over",
        "address": 'please write "chaddr OLD-ADDRESS NEW-ADDRESS"',
        "successor": 'please write "successor NEW-ADDRESS name"',
        "successors": "two successors are named; please name one of them, in one line",
        "further": 'please write one address, as in "add-address ADDRESS" or "drop-address ADDRESS"',
        "open": 'please write a name of letters and digits (it becomes the address) and a title, as in "open-group safety Safety"',
        "invite": f'please write up to {MOST_INVITED} addresses, as in "invite ADDRESS ADDRESS"',
        "number": 'please write the number, as in "get 123" or "get 100-110"',
        "search": 'please write after "search" what to look for',
        "confirm": 'please write the token of our mail after "confirm"',
    },
}


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


# ---- words -------------------------------------------------------------------------------------------------------

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


# ---- one command each --------------------------------------------------------------------------------------------

_Reader = Callable[[str, str, date], Command | NotUnderstood]


def _alone(make: Callable[[str], Command]) -> _Reader:
    """Return a reader of a command that nothing but the list may follow."""
    return lambda rest, name, _today: NotUnderstood() if rest else make(name)


def _join(_rest: str, name: str, _today: date) -> Command:
    """Read 入会, whatever follows: old list programs wanted the writer's name there."""
    return Join(name)


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


def _further(rest: str, _name: str, _today: date) -> Command | NotUnderstood:
    """Read 別アドレス, with 追加 or 削除 after it or in the word itself."""
    word, _, address = rest.partition(" ")
    if not rest or word.casefold() in _LISTED:
        return NotUnderstood("further") if address else Addresses()
    if word.casefold() in _ADDED:
        return _add_address(address.strip(), "", _today)
    if word.casefold() in _DROPPED:
        return _drop_address(address.strip(), "", _today)
    return NotUnderstood("further")


def _add_address(rest: str, _name: str, _today: date) -> Command | NotUnderstood:
    address = rest.strip("<>")
    return AddAddress(address) if "@" in address and valid_address(address) else NotUnderstood("further")


def _drop_address(rest: str, _name: str, _today: date) -> Command | NotUnderstood:
    address = rest.strip("<>")
    return DropAddress(address) if "@" in address and valid_address(address) else NotUnderstood("further")


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
        return Get(0, int(newest["count"]), name)
    found = _RANGE.fullmatch(rest)
    if found is None:
        return NotUnderstood("number")
    first, last = int(found["first"]), int(found["last"] or found["first"])
    return Get(min(first, last), max(first, last), name) if min(first, last) else NotUnderstood("number")


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
    return Search(rest, name) if rest else NotUnderstood("search")


def _thread(choice: ThreadChoice) -> _Reader:
    def read(rest: str, name: str, _today: date) -> Command | NotUnderstood:
        if not rest:
            return Thread(choice, 0, name)
        found = _RANGE.fullmatch(rest)
        if found is None or found["last"]:
            return NotUnderstood("number")
        return Thread(choice, int(found["first"]), name)

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
    **dict.fromkeys(("unsubscribe", "leave", "bye", "退会", "脱退", "解除", "登録解除"), _alone(Leave)),
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
