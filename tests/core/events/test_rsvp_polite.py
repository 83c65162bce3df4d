"""RSVPs as offices write them: politeness, marks, labels and people around the answer (core/events/rsvp_polite.py, rsvp_words.py)."""

from __future__ import annotations

import pytest

from mailbot.core.events.event import Rsvp, stays_away_with_people
from mailbot.core.surveys.survey import Answer, Answers
from tests.core.events.test_rsvp_words import BALLOT, YAMADA_SUZUKI, said

OUTLOOK = "\n\n-----Original Message-----\nFrom: 事務局\n\n" + BALLOT.replace("> ", "")


@pytest.mark.parametrize("quoted", ["", "\n" + BALLOT, OUTLOOK])
@pytest.mark.parametrize(
    "text",
    [
        *(
            "標記の件、出席いたします。",
            "ご案内の件、出席いたします。",
            "本市は参加します。",
            "私が出席いたします。",
        ),
        *(
            "ぜひ参加させていただきます。",
            "出席いたしますので、よろしくお願いします。",
            "出席する旨回答します。",
        ),
        *(
            "出席○",
            "出席○・欠席×",
            "（○）出席　（　）欠席",
            "[x] 出席  [ ] 欠席",
            "☑出席　□欠席",
            "（出席）・欠席",
        ),
        *("1. 出席 ○\n2. 欠席", "○ 1. 出席\n2. 欠席", "出席とさせてください。"),
        *("出欠：出", "参加可否：可", "【出欠】出席", "欠席から出席に変更をお願いします。", "I will attend."),
    ],
)
def test_a_polite_yes(text: str, quoted: str) -> None:
    """What is clear to a reader counts, above a quoted notice of either kind."""
    assert said(text + quoted) == Rsvp("attending", 1)


@pytest.mark.parametrize("quoted", ["", "\n" + BALLOT, OUTLOOK])
@pytest.mark.parametrize(
    "text",
    [
        *(
            "都合により欠席いたします。",
            "所用のため欠席させていただきます。",
            "当日は議会のため、欠席いたします。",
            "都合により欠席に変更します。",
            "公務のため欠席します。",
            "誠に申し訳ございませんが、欠席いたします。",
        ),
        *("都合により見送ります。", "今回は見送らせていただきます。", "日程が合わず、参加できません。"),
        *(
            "出席・【欠席】",
            "□出席　■欠席",
            "（　）出席　（○）欠席",
            "出席×　欠席○",
            "出席：　欠席：○",
            "欠席：○",
        ),
        *("1. 出席\n2. 欠席 ○", "出席　○欠席", "~~出席~~　・　欠席"),
        *(
            "出席→欠席",
            "欠席いたしますので、資料をお送りください。",
            "欠席します。\n参加者は後日お知らせします。",
        ),
        *(
            "先日参加と回答しましたが、欠席とさせてください",
            "出席と回答しましたが、都合により欠席に変更させてください。",
        ),
        *(
            "出欠：欠",
            "参加可否：不可",
            "欠席に変更します。",
            "出席を取り消します。",
            "出席予定でしたが欠席します。",
        ),
        *(
            "欠席します。\n次回はぜひ参加いたします。",
            *("行けません", "残念ながら伺えません。", "公務のため伺えません。"),
            "先日出席と回答しましたが、都合により欠席します。",
            "Unfortunately I cannot attend.",
        ),
    ],
)
def test_a_polite_no(text: str, quoted: str) -> None:
    """A reason and an apology do not hide an absence, nor do the words for what was answered before turn it round."""
    assert said(text + quoted) == Rsvp("declined", 0)


@pytest.mark.parametrize("quoted", ["", "\n" + BALLOT, OUTLOOK])
@pytest.mark.parametrize(
    ("text", "people", "names"),
    [
        ("出席\n山田太郎\n鈴木花子", 2, YAMADA_SUZUKI),
        ("出席者：山田太郎、鈴木花子", 2, YAMADA_SUZUKI),
        ("参加者：山田太郎\n鈴木花子", 2, YAMADA_SUZUKI),
        ("職員3名が参加予定です。", 3, ()),
        ("出席します。\n・山田太郎\n・鈴木花子\n\n長野市 情報政策課", 2, YAMADA_SUZUKI),
        ("出席します。\n\n出席者\n山田太郎\n鈴木花子", 2, YAMADA_SUZUKI),
        ("出席します。\n長野市情報政策課\n山田太郎", 1, ()),
        (
            "出席でお願いいたします。\n加藤 誠（かとう まこと）\n吉田 恵（よしだ めぐみ）",
            2,
            ("加藤 誠", "吉田 恵"),
        ),
        (
            "出席でお願いいたします。\n\n加藤 誠（かとう まこと）\n吉田 恵（よしだ めぐみ）",
            2,
            ("加藤 誠", "吉田 恵"),
        ),
        ("出席者：情報政策課　主任　渡辺剛　1名", 1, ("情報政策課 主任 渡辺剛",)),
        ("参加: 井上直樹", 1, ("井上直樹",)),
        ("出席：山田太郎、鈴木花子", 2, YAMADA_SUZUKI),
        ("下記の者が出席いたします。\n\n　所属　企画課\n　職名　主査\n　氏名　後藤拓也", 1, ("後藤拓也",)),
        ("下記の者が出席いたします。\n氏名　山田太郎\n氏名　鈴木花子", 2, YAMADA_SUZUKI),
        ("出席：○\n欠席：\n人数：1\n氏名：林由美子", 1, ("林由美子",)),
        ("４名で参加いたします。氏名は追ってご連絡します。", 4, ()),
        ("山田太郎、鈴木花子の２名が出席します。", 2, YAMADA_SUZUKI),
        ("会長 林恵と随行 森修の計2名で出席いたします。", 2, ("会長 林恵", "随行 森修")),
        ("都合がつきましたので出席します。", 1, ()),
        ("５人で伺います。", 5, ()),
        ("出席します。\n架空広域連合\n山田太郎", 1, ()),
        ("出席します。\n\n一人ひとりが輝くまち", 1, ()),
        ("出席\n山田太郎\n鈴木花子\nスミス・ジョン", 3, (*YAMADA_SUZUKI, "スミス・ジョン")),
        ("出席します。\n人数：2名", 2, ()),
        ("出欠：出席\n人数：2名\n氏名：山田太郎、鈴木花子", 2, YAMADA_SUZUKI),
        ("出席　氏名：山田太郎", 1, ("山田太郎",)),
        ("課長と係長の2名で参加します。", 2, ()),
        ("以下の2名が出席します。\n山田太郎\n鈴木花子", 2, YAMADA_SUZUKI),
        ("当市からは2名出席いたします。", 2, ()),
        ("出席します。\n第1名古屋ビルの者です。", 1, ()),
    ],
)
def test_how_many_come(text: str, people: int, names: tuple[str, ...], quoted: str) -> None:
    """A number or names on lines of their own belong to the 「出席」 above; those of a signature do not."""
    assert said(text + quoted) == Rsvp("attending", people, names)


@pytest.mark.parametrize("quoted", ["", "\n" + BALLOT, OUTLOOK])
@pytest.mark.parametrize(
    "text",
    [
        *("出席 0名", "出欠：出席\n人数：0名", "出席します。\n随行1名", "出席します。他1名も参加します。"),
        *("出席者：未定", "出席者：課長のみ", "出席：午後", "参加者：山田太郎\n\n欠席します。"),
        *("欠席しますので、資料の説明は係長にお願いします。", "出席 → 未定"),
        *("1 出席\n2 2名", "下記のとおり出席します。\n\n記\n\n1　山田太郎\n2　鈴木花子"),
        *(
            "出席○・欠席○",
            "出席・欠席",
            "出席 ○ 欠席",
            "（出席・欠席）",
            "懇親会は欠席します。",
            "午後は公務のため欠席します。",
        ),
        *("課長は公務のため欠席します。", "松本市は出席します。", "市長の代理出席", "欠席を取り消します。"),
        *("部長出張のため欠席します。\n課長が出席します。", "欠席します。\n代わりに2名出席します。"),
        *("欠席ではありません。", "会議は公務のため欠席、代理が出席します。", "全員のうち2名が欠席します。"),
    ],
)
def test_what_is_asked_back(text: str, quoted: str) -> None:
    """Neither a number that is not all of them, nor a part of the event or the body, is guessed at."""
    assert said(text + quoted) == ""


@pytest.mark.parametrize(
    ("answer", "people", "before", "both"),
    [
        (("2",), "2名", {}, True),
        (("2",), "2名 山田太郎", {}, True),
        (None, "3名に", {"Q1": ("2",)}, True),
        (("2",), "2名", {"Q1": ("1",), "Q2": "2名"}, False),
        (("2",), "なし", {}, False),
        (("2",), "0名", {}, False),
        (("1",), "2名", {"Q1": ("2",)}, False),
    ],
)
def test_nobody_and_two_at_once(
    answer: tuple[str, ...] | None, people: str, before: dict[str, Answer], both: bool
) -> None:
    """「欠席」 with people is asked back, but not for the people of an answer before."""
    reply: Answers = {"Q2": people} if answer is None else {"Q1": answer, "Q2": people}
    assert stays_away_with_people(reply, before) is both


@pytest.mark.parametrize("answer", ["出席します", "参加いたします。"])
@pytest.mark.parametrize(
    "names", ["\n・山田太郎\n・鈴木花子", "\n山田太郎（やまだ たろう）\n鈴木花子（すずき はなこ）\n\n長野市"]
)
def test_names_below_the_quotation(answer: str, names: str) -> None:
    """Who writes below what he quotes names people there."""
    assert said(f"{BALLOT}\n{answer}{names}") == Rsvp("attending", 2, YAMADA_SUZUKI)


@pytest.mark.parametrize(
    "text",
    [
        "出席します。\n\n山田太郎\n鈴木花子",  # perhaps a signature, perhaps both come
        "出席します。\n\n・山田太郎\n・鈴木花子",
        *(
            "参加：山田太郎\nただし仮申込みです。",
            "出席者：山田太郎\nやはり欠席します。",
            "参加：山田太郎\n変更の可能性があります。",
        ),
        *(
            "参加：本会議",
            "参加：前向きに",
            "出席：済み",
            "出席：山田",
            "出席：了解済",
            "参加: 井上直樹\n参加: 田中太郎",
        ),
        "出席します。\nよろしくお願いします。\n・山田太郎\n・鈴木花子",
        "出席します\n\n・山田太郎\n・鈴木花子（欠席）",
        "出席します\n山田太郎\n鈴木花子（午前のみ）",
        "下記の者が出席いたします。\n氏名　山田太郎\n氏名　鈴木花子（欠席）",
        "出席者：情報政策課　主任　渡辺剛　随行1名",
        *("出席者：渡辺剛 随行 1名", "出席者：渡辺剛と1名", "出席者：検討中", "出席：欠席予定"),
        *(
            "出席：検討中",
            "出席：不可",
            "出席：全員",
            "出席：業務多忙",
            "参加：懇親会",
            "参加：見送り",
            "参加：現地",
        ),
        *("４名で参加いたします。人数は追ってご連絡します。", "出席します。氏名は追ってご連絡します。"),
        "山田太郎、鈴木花子、佐藤一の２名が出席します。",
        *("都合がつきましたら出席します。", "2名で行きますか", "鈴木は行けません。", "課長が伺えません。"),
    ],
)
def test_people_of_whom_it_is_not_clear_that_they_come(text: str) -> None:
    """A name that may be a signature's, a word that is no name, a number that the names do not bear out: asked back."""
    assert said(text) == ""


@pytest.mark.parametrize("things", ["・会場\n・資料", "1. 名札\n2. 資料", "・質問事項\n・交通手段"])
@pytest.mark.parametrize("blank", ["", "\n"])
def test_a_list_of_things_counts_nobody(things: str, blank: str) -> None:
    """It is no list of names."""
    assert said(f"出席します。\n{blank}{things}") in {"", Rsvp("attending", 1)}
