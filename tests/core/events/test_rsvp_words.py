"""RSVPs in words of one's own (core/events/rsvp_words.py), read to the end: what they say to the form."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest

from mailbot.core.events.event import Event, Rsvp, rsvp_apart, rsvp_form, rsvp_of
from mailbot.core.events.rsvp_words import own_words
from mailbot.core.members.audience import Selector
from mailbot.core.reading.reply import read_reply
from mailbot.core.surveys.ballot import ballot_lines

EVENT = Event(
    key="N26-07",
    title="第1回トピックスセミナー",
    date=date(2026, 10, 22),
    starts=time(10),
    ends=time(15),
    place="有明",
    audience=Selector(everyone=True),
    notices=(),
)
BALLOT = "".join(f"> {line}\n" for line in ballot_lines(rsvp_form(EVENT), "N26-07-202011", 1))
YAMADA_SUZUKI = ("山田太郎", "鈴木花子")


NOTICE = "長野市 情報政策課 山田太郎様\n\n「第1回トピックスセミナー」を次のとおり開きます。\n\n日時　2026年10月22日（木）10時00分〜15時00分\n"


def said(text: str, event: Event = EVENT) -> Rsvp | str:
    """Return what a reply says: an RSVP, "later", or "" when it is asked back."""
    known = (NOTICE + BALLOT.replace("> ", ""),)
    own = own_words(text, known)
    reading = read_reply(
        rsvp_form(event),
        rsvp_apart(own.text, known),
        known,
        today=date(2026, 9, 1),
        language="ja",
        bare_label_ok=True,
    )
    if own.later and not reading.answers:
        return "later"
    found = rsvp_of(reading.answers)
    return "" if found.status == "unclear" or reading.problems else found


@pytest.mark.parametrize("quoted", ["", "\n" + BALLOT])
@pytest.mark.parametrize(
    ("text", "people", "names"),
    [
        ("参加 2名 山田太郎、鈴木花子", 2, YAMADA_SUZUKI),
        ("出席　２名　山田太郎・鈴木花子", 2, YAMADA_SUZUKI),
        ("参加", 1, ()),
        ("参加します。", 1, ()),
        ("参加いたします。2名です。", 2, ()),
        ("参加させていただきます 1名 髙橋﨑子", 1, ("髙橋﨑子",)),
        ("出席者 2名（山田太郎、鈴木花子）", 2, YAMADA_SUZUKI),
        ("参加いたします\n2名\n山田太郎\n鈴木花子", 2, YAMADA_SUZUKI),
        ("参加 2名\n　山田太郎\n　鈴木花子\n\n長野市 情報政策課", 2, YAMADA_SUZUKI),
        ("参加\n山田太郎、鈴木花子", 2, YAMADA_SUZUKI),
        ("参加します。\n長野市役所\n情報政策課、企画課", 1, ()),
        ("参加\n以上、よしなに", 1, ()),
        ("2名参加いたします。", 2, ()),
        ("以上2名、出席いたします。", 2, ()),
        (
            "出席者名簿\n1 情報課 課長 山田太郎\n2 情報課 主任 鈴木花子\n\n以上2名、出席いたします。",
            2,
            ("情報課 課長 山田太郎", "情報課 主任 鈴木花子"),
        ),
        ("情報課 課長 山田太郎\nです。\n\n以上2名、出席いたします。", 2, ()),
        ("Zoomで2名参加します。", 2, ()),
        ("参加人数：２名　参加者名：山田太郎、鈴木花子", 2, YAMADA_SUZUKI),
        ("標記研修会への参加を希望します。\n所属：情報政策課\n氏名：山田太郎", 1, ("山田太郎",)),
        ("出席します。\n1名増やして2名にしてください。", 2, ()),
        ("三名で出席します\n山田太郎\n鈴木花子\n髙橋﨑子", 3, ("山田太郎", "鈴木花子", "髙橋﨑子")),
        ("出欠：参加 3名", 3, ()),
        ("①", 1, ()),
        ("長野市は出席します。", 1, ()),
        ("長野市、出席です。", 1, ()),
        ("長野市からは2名参加させていただきます。", 2, ()),
        ("第１回トピックスセミナーに参加します。", 1, ()),
        ("「第1回トピックスセミナー」の件、参加いたします。", 1, ()),
        ("出席いたします。参加者は山田太郎と鈴木花子です。", 2, YAMADA_SUZUKI),
        ("出席いたします。\n参加者は山田太郎と鈴木花子の2名です。", 2, YAMADA_SUZUKI),
        ("標記の件、下記のとおり出席いたします。\n\n氏名：山田太郎、鈴木花子", 2, YAMADA_SUZUKI),
        (
            "下記のとおり参加します。\n参加者：情報課 山田太郎\n　　　　情報課 鈴木花子",
            2,
            ("情報課 山田太郎", "情報課 鈴木花子"),
        ),
        ("出席します。\n情報課長　山田太郎\n主査　鈴木花子", 2, ("情報課長 山田太郎", "主査 鈴木花子")),
        ("出席します。\n参加者は以下のとおりです。\n山田太郎\n鈴木花子", 2, YAMADA_SUZUKI),
        ("出席します。\n\n長野市 情報課\n山田太郎", 1, ()),
        ("標記の件、下記のとおり回答いたします。\n\n出席します。", 1, ()),
        ("課長が出席します。", 1, ("課長",)),
        ("当日は情報政策課長の山田が参加いたします。", 1, ("情報政策課長の山田",)),
        ("代理の者が出席いたします。", 1, ("代理の者",)),
        ("山田が参加いたします。", 1, ()),
        ("オンラインで参加します。", 1, ()),
        ("Web会議形式での参加を希望します。", 1, ()),
        ("2名オンラインで参加します。", 2, ()),
        ("会場にて出席いたします。\n山田太郎、鈴木花子", 2, YAMADA_SUZUKI),
        ("1. 出席", 1, ()),
        ("１０月２２日のセミナー、出席いたします。", 1, ()),
        ("第1回トピックスセミナーにつきまして、出席いたしますのでよろしくお願いいたします。", 1, ()),
        ("セミナーには1名（山田太郎）が参加いたします。", 1, ("山田太郎",)),
        ("出席します。1名（鈴木花子）", 1, ("鈴木花子",)),
        ("課長の代理として、鈴木花子が出席いたします。", 1, ("鈴木花子",)),
        ("課長は公務のため、代理として課長補佐の鈴木花子が出席いたします。", 1, ("課長補佐の鈴木花子",)),
        ("欠席の課長に代わり、係長の鈴木花子が出席します。", 1, ("係長の鈴木花子",)),
        ("本市からは鈴木花子が出席いたします。", 1, ("鈴木花子",)),
        ("ｼｭｯｾｷします", 1, ()),
        ("【出席】2名\n1 山田太郎\n2 鈴木花子", 2, YAMADA_SUZUKI),
        ("出席者は次の2名です。\n・山田太郎（課長）\n・鈴木花子（主事）", 2, YAMADA_SUZUKI),
        ("出欠の別：出席\n参加人数：2名\n参加者氏名：山田太郎、鈴木花子", 2, YAMADA_SUZUKI),
        (
            "下記のとおり出席させていただきます。\n\n　情報課長　山田太郎\n　同　主査　鈴木花子\n\nどうぞよろしく",
            2,
            ("情報課長 山田太郎", "同 主査 鈴木花子"),
        ),
        (
            "下記のとおり回答します。\n記\n1　出欠　　出席\n2　出席者　主査　鈴木花子\n以上",
            1,
            ("主査 鈴木花子",),
        ),
        ("出席します。1名 鈴木花子", 1, ("鈴木花子",)),
        ("出席いたします。駐車場はありますでしょうか。\n1名　係長　鈴木花子", 1, ("係長 鈴木花子",)),
        ("標記の件、私1名で参加いたします。", 1, ()),
        ("研修会　→　出席\n参加者　→　主事　鈴木花子", 1, ("主事 鈴木花子",)),
        ("はい、参加します。1名です。", 1, ()),
        ("出席（1名）でお願いします。\n参加者：鈴木花子", 1, ("鈴木花子",)),
        ("課長 山田が出席します。", 1, ("課長 山田",)),
        ("研修会につきまして、1名参加させていただきたく、よろしくお願い申し上げます。", 1, ()),
        ("参加いたしたく存じます。", 1, ()),
        ("出　席　1名　鈴木花子", 1, ("鈴木花子",)),
        ("長野市　出席", 1, ()),
        ("先ほどお電話した件ですが、出席1名（鈴木花子）でお願いいたします。", 1, ("鈴木花子",)),
        ("出席できることになりました。1名 鈴木花子です。", 1, ("鈴木花子",)),
        ("代理出席 1名 副課長 鈴木花子", 1, ("副課長 鈴木花子",)),
        ("課長が都合により欠席のため、代理として係長 鈴木花子が出席いたします。", 1, ("係長 鈴木花子",)),
        (
            "長野市\n出席者　情報課長　山田太郎\n　　　　情報係長　鈴木花子\n以上2名",
            2,
            ("情報課長 山田太郎", "情報係長 鈴木花子"),
        ),
        ("出席で登録願います。人数1名、鈴木花子。", 1, ("鈴木花子",)),
        (
            "下記の者が出席いたします。\n\n　情報課　主査　鈴木花子\n\nどうぞよろしく\n\n情報課 係長 山田太郎",
            1,
            ("情報課 主査 鈴木花子",),
        ),
        ("出席します。\n1名追加し、2名でお願いします。\n山田太郎、鈴木花子", 2, YAMADA_SUZUKI),
        ("出席 1名 山田太郎\n※情報交換会は欠席します。", 1, ("山田太郎",)),
        ("出席 1名 山田太郎\nなお、懇親会には参加できません。", 1, ("山田太郎",)),
    ],
)
def test_who_comes(text: str, people: int, names: tuple[str, ...], quoted: str) -> None:
    """参加 and 出席, with number and names on the line, behind it or under it; characters stay as they were written."""
    assert said(text + quoted) == Rsvp("attending", people, names)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "不参加",
            "欠席します。",
            "辞退いたします",
            "参加できません",
            "出席いたしかねます",
            "参加を取りやめます",
            "今回はご遠慮させていただきます。",
            "けっせきします。",
            "2. 欠席",
            "１　出欠：欠席",
        ),
        *("キャンセルでお願いします", "出席は見送りです", "お休みします"),
        *("申し訳ありませんが、急用のため欠席いたします。", "急用ができたため、欠席とさせていただきます。"),
        *("先約があり出席できません。", "急な公務が入りましたので、欠席に変更をお願いします。"),
        "ご案内いただきました標記セミナーですが、あいにく当日は議会対応のため欠席いたします。",
        *("研修会は欠席させていただきます。", "時間にかかわらず欠席いたします。"),
        *(
            "申し訳ありません、出席できなくなりました。",
            "都合が悪くなり参加できなくなりました。",
            "参加者なし",
            "出席者はおりません。",
        ),
        *("今回は参加者なしとさせていただきます。", "今回は参加を控えさせていただきます。"),
        *(
            "研修会の件、参加いたしません。",
            "都合がつかないため参加を見送らせていただきます。",
            "欠　席",
            "長野市　欠席",
        ),
    ],
)
def test_who_does_not_come(text: str) -> None:
    """The words of those who do not come, and of those who no longer come."""
    assert said(text) == Rsvp("declined", 0)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "時間が決まってから",
            "時間が決まってからお返事します",
            "日時が確定したらご連絡いたします",
            "未定です",
        ),
        *("時間が決まりましたら改めてお返事いたします。", "3. 時間が決まってから返事"),
        "時間が決まり次第、改めて回答いたします。",
        *("検討中", "仮予約でお願いします", "後日返事します", "保留", "tentative"),
    ],
)
@pytest.mark.parametrize("event", [EVENT, replace(EVENT, starts=None, ends=None)])
def test_who_will_answer_later(text: str, event: Event) -> None:
    """No seat is taken, and nobody is asked back for saying so, whether the form offers it or not."""
    assert said(text, event) in {"later", Rsvp("later", 0)}


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("3名に変更します", 3),
        ("2名から3名に変更", 3),
        ("2名→１名", 1),
        ("人数を4名に訂正してください。", 4),
        ("人数：3名→2名", 2),
        ("2名→1名です。", 1),
        ("2名⇒1名 山田太郎", 1),
        ("1名→2名 山田太郎、鈴木花子", 2),
        ("出席 2名→1名", 1),
    ],
)
def test_a_change_of_number(text: str, people: int) -> None:
    """The number alone is changed; what was said about coming stands."""
    own = own_words(text, ())
    reading = read_reply(
        rsvp_form(EVENT), own.text, (), today=date(2026, 9, 1), language="ja", bare_label_ok=True
    )
    assert rsvp_of({"Q1": ("1",), **reading.answers}).people == people


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        ("参加", Rsvp("attending", 1)),
        ("参加　2名", Rsvp("attending", 2)),
        ("不参加", Rsvp("declined", 0)),
        ("○", Rsvp("attending", 1)),
        ("〇", Rsvp("attending", 1)),
        ("×", Rsvp("declined", 0)),
        ("△", ""),
        ("○×", ""),
        ("未定", "later"),
    ],
)
def test_words_in_the_slot(slot: str, expected: Rsvp | str) -> None:
    """The brackets take the same words."""
    assert said(BALLOT.replace("【Q1回答】[　　]", f"【Q1回答】[{slot}]")) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "参加したいのですが、日程の都合がつくか分かりません。",
            "参加か不参加か、上司に確認します",
            "参加費はいくらですか",
        ),
        *("山田は参加、鈴木は欠席です", "2名か3名で参加", "2名参加できません", "2名参加か未定"),
        *(
            "1",
            "2",
            "①か②",
            "松本市は出席します。",
            "第2回トピックスセミナーに参加します。",
            "長野市が出席か確認します。",
            "10月23日のセミナーに出席します。",
            "セミナーは出席、懇親会は欠席",
            "課長の代理として職員が出席します。",
            "本市からは議員が出席します。",
            "1. 出席\n2. 欠席",
            "出席します。\n随行1名（鈴木）",
            "課長 係長が出席します。",
            "参加できなくなりましたら、ご連絡します。",
            "鈴木が参加できなくなりました。",
            "出席します。\n参加者なし",
            "部長 全員が出席します。",
            "出席します。\n1名 鈴木花子\n1名 山田太郎",
            "下記の者が出席いたします。\n\n情報課 係長 鈴木花子\n\n情報課 主事 山田太郎\n\nどうぞよろしく",
            "参加したいと思います。ただ、議会の都合で変更になるかもしれません。",
            "出席します。\n議会のため変更となる場合があります。",
            "出席します。\n1名 遅刻",
            "出席します。\n1名 変更",
            "はい、参加できません。",
            "出席者：課長　係長",
            "出席者　情報課長　山田太郎\n以上2名",
            "下記の者が出席いたします。\n\n情報課 主査 鈴木花子",
            "出席 1名 山田太郎\n研修会は欠席します。",
            "出席 1名 山田太郎\n懇親会は欠席するかもしれません。",
        ),
    ],
)
def test_what_is_not_plain_is_asked_back(text: str) -> None:
    """A sentence that says more than the words is nobody's seat."""
    assert said(text) == ""


def test_what_follows_the_event_is_not_the_event() -> None:
    """Who stays away from the get-together comes to the seminar; where the event is the get-together, he is asked."""
    text = "出席 1名 山田太郎\n交流会は欠席します。"
    assert said(text) == Rsvp("attending", 1, ("山田太郎",))
    party = (NOTICE.replace("トピックスセミナー", "会員交流会"),)
    assert "Q1 出席？" in own_words(text, party).text


def test_what_others_wrote_is_no_answer() -> None:
    """A quoted line is not the member's."""
    assert said("> 参加 5名") == ""


@pytest.mark.parametrize(
    "beside",
    [
        "やはり欠席します。",
        "参加できなくなりました。",
        "仮のお返事です。",
        "ただし仮申込みです。",
        "課長は欠席します。",
        "変更の可能性があります。",
    ],
)
@pytest.mark.parametrize("answer", ["Q1 1", "出席します。", "参加 2名 山田太郎、鈴木花子"])
def test_a_sentence_beside_the_answer_that_takes_it_back(answer: str, beside: str) -> None:
    """Who says that he comes, and beside it that he may not, is asked."""
    assert said(f"{answer}\n{beside}\n\n{BALLOT}") == ""


def test_our_own_sentences_that_al_mail_quotes_count_nobody() -> None:
    """AL-Mail writes the sender's name before each line; one of ours holds a number of people, and two sentences."""
    notice = f"{NOTICE}定員　900名（先着順。満席の後は、空きを待つ方としてお受けします）\n"
    quoted = "".join(f"jimukyoku> {line}\n" for line in notice.splitlines())
    own = own_words(f"標記の件、出席いたします。\n\n{quoted}", (notice,))
    assert "Q2" not in own.text
    assert quoted in own.text


@pytest.mark.parametrize(
    "text",
    [
        "出席 2名\n0名",
        "0名\n出席 2名",
        "出席 2名\n人数：0名",
        "出席\n人数 0名",
        "出席 2名\n人数：3名",
        "下記のとおり参加します。\nよろしくお願いします。",
        "全課長が出席します。",
        "課長と係長が出席します。",
        "課長か係長が出席します。",
        "職員が出席します。",
        "田中が出席します。",
        "山田が出席できません。",
        "オンラインでの参加はできません。",
        "オンラインで参加できますか。",
        "出席します。\n参加者は未定です。",
    ],
)
def test_a_number_that_is_said_otherwise_or_not_at_all_is_asked_for(text: str) -> None:
    """No number is taken where another, or none, stands beside it."""
    assert said(text) == ""


def test_lines_of_ours_run_together() -> None:
    """The hint of a question on one line with its slot is not cut at its full stop; the slot stays whole."""
    known = "○○市 情報政策課 山田様\n\n★★ 回答欄 ここから ★★（この行は残してください）\n受付番号 N26-07-012017 第1版\nQ2 人数と氏名（ご自由に。Q1が1の方のみ）\n【Q2回答】[　　]\n★★ 回答欄 ここまで ★★\n"
    joined = "Q2 人数と氏名（ご自由に。Q1が1の方のみ） 【Q2回答】[ 2名 山田太郎 ] ★★ 回答欄 ここまで ★★"
    assert own_words(joined, (known,)).text.split("\n") == [
        "Q2 人数と氏名（ご自由に。Q1が1の方のみ）",
        "【Q2回答】[ 2名 山田太郎 ]",
        "★★ 回答欄 ここまで ★★",
    ]


def test_how_they_come_is_a_remark() -> None:
    """What our form does not ask is kept for the office, and the slots below a promise hold who comes."""
    known = (NOTICE + BALLOT.replace("> ", ""),)
    assert own_words("オンラインで参加します。", known).how == "オンラインで"
    assert own_words("参加します。", known).how == ""
    filled = BALLOT.replace("【Q1回答】[　　]", "【Q1回答】[ 1 ]").replace(
        "【Q2回答】[　　]", "【Q2回答】[ 2名 山田太郎、鈴木花子 ]"
    )
    assert said(f"下記のとおり出席します。\n\n{filled}") == Rsvp("attending", 2, YAMADA_SUZUKI)
    assert said(f"下記のとおり出席します。\n\n{BALLOT}") == ""


@pytest.mark.parametrize("marked", [" ◎ 1. 出席", " ○ 1. 出席", "   1. 出席 ○"])
@pytest.mark.parametrize("quote", ["> ", ""])
def test_an_option_marked_in_the_form(marked: str, quote: str) -> None:
    """With and without the marks of a quotation the form stays whole, and the ballot reader reads it."""
    form = BALLOT.replace("   1. 出席", marked).replace("> ", quote)
    assert said(f"\n{quote}事務局です。\n{form}") == Rsvp("attending", 1)
