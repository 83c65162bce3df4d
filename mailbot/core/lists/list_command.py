"""The commands of list members by mail, in Japanese and in English, as values; their grammar is command_grammar.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from mailbot.core.calendar import Language
from mailbot.core.lists.membership import Mode, ThreadChoice

MOST_COMMANDS = 100
LONGEST_LINE = 128  # characters
MOST_INVITED = 10  # in one line


@dataclass(frozen=True)
class Help:
    """「ヘルプ」: the commands; 「案内」: what the list is."""

    guide: bool = False
    list: str = ""


@dataclass(frozen=True)
class JoinList:
    """「入会」."""

    list: str = ""  # here and below: "": the list to whose address it was written


@dataclass(frozen=True)
class LeaveList:
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
class GetPosts:
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
class SearchArchive:
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
class ChooseThread:
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
    | JoinList
    | LeaveList
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
    | GetPosts
    | Topic
    | SearchArchive
    | Who
    | Status
    | ChooseThread
    | Confirm
)

# What these do is undone by nobody but their owner, so that they need proof of who asks (rule 9).
CHANGES = (
    JoinList,
    LeaveList,
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
    ChooseThread,
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
