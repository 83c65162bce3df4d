"""What the ballot prints to choose from, and what each of it stands for (ballot.md section 7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from mailbot.core.reading.text.numeral import OPTION_NUMBER
from mailbot.core.reading.text.tidy import CIRCLES, CROSSES, label_key, tidy, unquoted
from mailbot.core.surveys.survey import Question

YES = "はい ハイ yes y agree 有 有り あり 賛成 サンセイ 可 承認 了承 同意 賛同 異議なし 異議無し 異議ありません 異議はありません 異議ございません 異議はございません 出席 参加"
NO = "いいえ イイエ no n disagree 無 無し なし 反対 ハンタイ 否 不可 不承認 不同意 異議あり 異議有り 欠席 不参加"
ABSTAIN = "棄権 キケン 白票 保留 abstain △"
YESNO: dict[str, str] = {
    **{label_key(word): "yes" for word in YES.split()},
    **{label_key(word): "no" for word in NO.split()},
    **{label_key(word): "abstain" for word in ABSTAIN.split()},
    **dict.fromkeys(CIRCLES, "yes"),
    **dict.fromkeys(CROSSES, "no"),
}
POLITELY = {
    "あります": "yes",
    "有ります": "yes",
    "ありません": "no",
    "有りません": "no",
}  # of what? of what is asked
_YESNO_BY_PLACE = ("yes", "no", "abstain")
_YESNO_LABELS = {"ja": ("はい", "いいえ"), "en": ("yes", "no")}
NONE_WORDS = frozenset(
    map(
        label_key,
        [
            "なし",
            "無し",
            "無",
            "ない",
            "特になし",
            "特に無し",
            "特にない",
            "特にありません",
            "該当なし",
            "該当無し",
            "none",
        ],
    )
)
NOT_CONCERNED = frozenset(
    map(
        label_key,
        "該当なし 該当無し 該当せず 該当しない 該当しません 該当ありません 該当はありません 非該当 対象外 n/a".split(),  # noqa: SIM905  shorter to read
    )
)
NO_DAY = frozenset(
    {
        "未定",
        "未実施",
        "未開催",
        *(
            f"{what}予定{none}"
            for what in ("", "実施", "実施の")
            for none in ("なし", "無し", "はなし", "はない", "はありません")
        ),
    }
)
NO_FIGURE = frozenset(
    "未定 不明 非公表 非公開 未集計 わかりません 分かりません 把握していません 把握しておりません 集計していません".split()  # noqa: SIM905  shorter to read
)
ALL_WORDS = frozenset(
    map(
        label_key, ["すべて", "全て", "全部", "すべて該当", "全て該当", "全部該当", "すべて該当します", "all"]
    )
)


# 「実施していない」, as the last option of several.
_NOT_DONE = re.compile(
    r"(?:特に|何も|いずれも|どれも|まだ)?(?:(?:実施|導入|利用|活用|整備|策定|設置|開催|参加|運用|採用|配置|委託|使用)(?:は|を)?して|行って)(?:い|おり)?(?:ない|ません)"
    r"|(?:上記の?)?(?:いずれ|どれ)に?も(?:該当し(?:ない|ません)|該当なし|ない|なし|ありません)"
)
# 「いずれも都合が悪い」, 「どの日も出席できない」: of all the others.
_NONE_OF_ALL = re.compile(
    r"(?:上記の?)?(?:いずれ|どれ|どの|どちら)[^、。も]{0,8}も(?!.*(?:差し?支え|問題|かまわ|構わ))[^、。]{0,12}(?:な[いし]|ません|悪い|不[一-龠]{1,3}|難しい|困難|無理|欠席)(?:です|である)?"
)

_NOT_SO = re.compile(
    r"(?P<done>[一-龠ァ-ヶー]{2,8})(?:は|を)?して(?:い|おり)?(?:ない|ません)|(?P<doing>[一-龠]{1,2}[いえきけげせっめれ]?)て(?:い|おり)?(?:ない|ません)"
)


def denies_others(question: Question, number: int) -> bool:
    """Say whether an option means none of the others: なし, or 「実施していない」 behind all others but その他."""
    labels = [label_key(label) for label in printed_options(question)]
    label = labels[number - 1] if 1 <= number <= len(labels) else ""
    if label in NONE_WORDS | NOT_CONCERNED:
        return True
    last = all(after.startswith(("その他", "other")) for after in labels[number:])
    denied = _NOT_DONE.fullmatch(label) or _NONE_OF_ALL.fullmatch(label)
    return last and (denied is not None or _denies_what_is_asked(question, label))


def _denies_what_is_asked(question: Question, label: str) -> bool:
    """Say whether a label denies what the question's own words ask about: 「保管していない」 to 「バックアップの保管先」."""
    denied = _NOT_SO.fullmatch(label)
    return denied is not None and (denied["done"] or denied["doing"]) in label_key(question.text)


def printed_options(question: Question, language: str = "ja") -> tuple[str, ...]:
    """Return the labels as the ballot numbers them from 1; yes/no questions have はい and いいえ by default."""
    if question.type == "yesno" and not question.options:
        return _YESNO_LABELS[language]
    return question.options


def choice_count(question: Question) -> int:
    """Return how many numbered choices a single, multi, yesno or rating question has."""
    if question.type == "rating" and not question.options:
        return 5
    return len(printed_options(question))


def every_option(question: Question) -> tuple[str, ...]:
    """Return the numbers that 「すべて」 can mean: of all options but one for none of them, which would deny the others."""
    labels = printed_options(question)
    every = range(1, choice_count(question) + 1)
    return tuple(
        str(number) for number in every if number > len(labels) or not denies_others(question, number)
    )


def yesno_values(question: Question) -> tuple[str, ...]:
    """Return what each printed option of a yes/no question means: by its word, else by its place."""
    labels = printed_options(question)
    named = [YESNO.get(label_key(label)) for label in labels]
    if all(named):
        return tuple(name for name in named if name)
    return _YESNO_BY_PLACE[: len(labels)]


def _labels(question: Question) -> tuple[tuple[str, int], ...]:
    """Return each label with its option number, also as it is said politely; yes/no without options has those of both languages."""
    every = (
        _YESNO_LABELS.values() if question.type == "yesno" and not question.options else (question.options,)
    )
    printed = tuple((label, place) for labels in every for place, label in enumerate(labels, 1))
    keys = {label_key(label) for label, _ in printed}
    said = ((each, place) for label, place in printed for each in _politely(label))
    return printed + tuple((each, place) for each, place in said if label_key(each) not in keys)


# A label in the polite form in which members say it: 「利用していません」 of 利用していない.
_POLITE_ENDINGS = {
    "ていない": ("ていません", "ておりません"),
    "しない": ("しません", "いたしません"),
    "はない": ("はありません", "はございません"),
    "がない": ("がありません", "がございません"),
    "もない": ("もありません", "もございません"),
    "ている": ("ています", "ております"),
    "にある": ("にあります",),
    "がある": ("があります",),
    "はある": ("はあります",),
    "もある": ("もあります",),
    "した": ("しました", "いたしました"),
    "する": ("します", "いたします"),
}


# 「支払える」 and できる, or these denied; verbs whose stem ends so lose る alone.
_VERB_IN_RU = re.compile(r"(?P<stem>[^て](?:[えけげせねべめれ]|でき)|[一-龠]て)(?:(?P<not>ない)|る)$")


def _politely(label: str) -> tuple[str, ...]:
    """Return a label as it is said politely; of one that does not end in a verb nothing."""
    if (verb := _VERB_IN_RU.search(label)) is not None:
        return (f"{label[: verb.end('stem')]}{'ません' if verb['not'] else 'ます'}",)
    endings = (ending for ending in _POLITE_ENDINGS if label.endswith(ending) and label != ending)
    return tuple(
        f"{label.removesuffix(ending)}{said}" for ending in endings for said in _POLITE_ENDINGS[ending]
    )


# 「その他（　　）」, 「その他（具体的に：　）」: room for words, which nobody copies.
_ROOM = re.compile(
    r"\s?[(（](?:具体的(?:に|な内容)?|ご?(?:記[入述]|自由記述)|内容|名称)?\s?[:：]?[\s_＿]*[)）]$"
)


def without_room(label: str) -> str:
    """Return a label without the brackets behind it in which members are to write: その他 of 「その他（　）」."""
    return _ROOM.sub("", label) or label


@lru_cache(maxsize=1024)
def whole_labels(question: Question) -> tuple[tuple[str, int], ...]:
    """Return (label as tidied, option number), the longest first, so that a label is matched whole."""
    forms = ((form, place) for label, place in _labels(question) for form in {label, without_room(label)})
    tidied = ((unquoted(tidy(form)), place) for form, place in forms)
    each = {
        (form, place) for label, place in tidied for form in (label, label.replace(" ", ""))
    }  # Microsoft365
    words = (pair for pair in each if pair[0] and not OPTION_NUMBER.fullmatch(pair[0]))
    return tuple(sorted(words, key=lambda pair: (-len(pair[0]), pair[1])))


@lru_cache(maxsize=1024)
def label_numbers(question: Question) -> Mapping[str, int]:
    """Return the option number of each label, by its key."""
    numbers: dict[str, int] = {}
    for label, place in _labels(question):
        numbers.setdefault(label_key(label), place)
        numbers.setdefault(label_key(without_room(label)), place)
    return numbers


def option_answer(question: Question, number: int) -> tuple[str, ...] | str:
    """Return the answer that printed option `number` stands for."""
    return yesno_values(question)[number - 1] if question.type == "yesno" else (str(number),)
