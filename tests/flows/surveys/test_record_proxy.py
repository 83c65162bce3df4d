"""Proxies in a resolution, its outcome and its draft minutes (ballot.md sections 3, 11 and 15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from mailbot.core.members.audience import Selector
from mailbot.core.members.register import Body, Contact
from mailbot.core.refusal import Refusal
from mailbot.core.surveys.ledger import LedgerRow
from mailbot.core.surveys.survey import Answers, Article, Question, Resolution, Share, Survey
from mailbot.flows.surveys.count_resolution import Counted, count_resolution
from mailbot.flows.surveys.draft_minutes import draft_minutes
from mailbot.flows.surveys.publish_resolution import resolution_copies
from mailbot.flows.surveys.record_for_body import OfficeEntry, record_for_body
from mailbot.flows.surveys.record_proxy import end_proxy, record_proxy
from mailbot.store.surveys import ballots, ledgers, proxies, surveys
from mailbot.store.tables import proxy as proxy_table
from tests.flows.post_office import (
    KARUIZAWA,
    MATSUMOTO,
    NAGANO,
    OFFICE,
    SATO,
    SURVEY,
    TANAKA,
    UEDA,
    YAMADA,
    PostOffice,
    in_english,
)

KEY = "K26-02"
RESOLUTION = Survey(
    key=KEY,
    title="規約の一部改正",
    audience=Selector(everyone=True),
    opens=SURVEY.opens,
    closes=SURVEY.closes,
    questions=(Question("Q1", "規約第5条の改正", "yesno", ("賛成", "反対", "棄権"), required=True),),
    mode="named",
    resolution=Resolution(
        base_date=date(2026, 6, 1),
        by_law="規約第18条（書面による表決）",
        quorum=Share(1, 2, "electorate", more_than=True),
        thresholds=(Share(2, 3, "votes", more_than=False),),
        comparison=(Article("第5条（役員）", "理事 10名以内", "理事 15名以内"),),
        chair=NAGANO,
    ),
)
HOUR = timedelta(hours=1)


def opened(office: PostOffice, **changes: object) -> PostOffice:
    assert RESOLUTION.resolution is not None
    survey = replace(RESOLUTION, resolution=replace(RESOLUTION.resolution, **changes))  # type: ignore[arg-type]
    office.open_survey(survey)
    return office


def give(office: PostOffice, giver: str, to: str, *, at: datetime | None = None) -> str:
    with office.database.write() as connection:
        return record_proxy(
            connection, office.site, KEY, giver, to, by="a@example.jp", inbox_id=None, now=at or office.now
        )


def vote(office: PostOffice, code: str, answer: str | None, status: str = "counted") -> None:
    """Put a decided reply into the ledger, as record_vote does."""
    answers: Answers = {"Q1": answer}
    with office.database.write() as connection:
        (own,) = [one for one in ballots.of_subject(connection, KEY) if one.code == code]
        row = LedgerRow(own.id, code, None, office.now, own.address, status, 1, answers, (), "")
        ledgers.append(connection, KEY, row)


def counted(office: PostOffice) -> Counted:
    with office.database.read() as connection:
        return count_resolution(connection, KEY)


def shut(office: PostOffice) -> None:
    with office.database.write() as connection:
        surveys.set_closed(connection, KEY, office.now)


@pytest.mark.parametrize(
    ("to", "holder"),
    [
        ("議長", ""),
        ("議長 殿", ""),
        ("chair", ""),
        ("松本市", MATSUMOTO),
        ("松本市 様", MATSUMOTO),
        ("長野県松本市", MATSUMOTO),
        ("長野県 松本市長", MATSUMOTO),
        ("「松本市」", MATSUMOTO),
        (MATSUMOTO, MATSUMOTO),
        ("２０２０２９", MATSUMOTO),
        ("20202", MATSUMOTO),
    ],
)
def test_to_whom(office: PostOffice, to: str, holder: str) -> None:
    """A proxy goes to the chair, or to a member by its name (also with its prefecture, or its mayor) or its code."""
    opened(office)
    give(office, UEDA, to)
    with office.database.read() as connection:
        (proxy,) = proxies.standing(connection, KEY)
    assert (proxy.code, proxy.holder, proxy.words, proxy.by) == (UEDA, holder, to, "a@example.jp")


def test_the_sentences(office: PostOffice) -> None:
    """What is said of a recorded proxy names giver and holder; the same one again changes nothing."""
    opened(office)
    assert give(office, UEDA, "議長") == "K26-02: 上田市から議長への委任を記録しました。"
    assert give(office, UEDA, "議長") == "K26-02: 上田市から議長への委任は、既に記録しています。"
    assert give(office, UEDA, "松本市") == "K26-02: 上田市から松本市への委任を記録しました。"
    with office.database.read() as connection:
        assert [proxy.holder for proxy in proxies.standing(connection, KEY)] == [MATSUMOTO]
        ends = connection.execute(select(proxy_table.c.ended_at).order_by(proxy_table.c.id)).scalars()
        assert [ended is None for ended in ends] == [False, True]
    english = in_english(office)
    assert give(english, KARUIZAWA, "chair") == "K26-02: the proxy of 軽井沢町 to the chair is recorded."


@pytest.mark.parametrize(
    ("giver", "to", "words"),
    [
        (UEDA, "東京都", "見当たりません"),
        (UEDA, "山田太郎", "見当たりません"),
        (UEDA, "軽井沢", "見当たりません"),
        (UEDA, "上田市", "ご自身の団体"),
        (NAGANO, "議長", "ご自身の団体"),
        ("131016", "議長", "表決権がありません"),
    ],
)
def test_refused_proxies(office: PostOffice, giver: str, to: str, words: str) -> None:
    """A proxy to nobody entitled, to oneself, or of a body without a vote is refused and not recorded."""
    opened(office)
    with pytest.raises(Refusal, match=words):
        give(office, giver, to)
    with office.database.read() as connection:
        assert proxies.standing(connection, KEY) == []


def test_two_bodies_of_one_name(office: PostOffice) -> None:
    """A name that two members bear is not guessed; with the prefecture it is clear."""
    bodies = [Body("132063", "府中市", "city", "東京都"), Body("342084", "府中市", "city", "広島県")]
    office.register(bodies, [Contact(body.code, f"a@{body.code}.example.jp", "", "", 1) for body in bodies])
    opened(office)
    with pytest.raises(Refusal, match="2つ以上"):
        give(office, UEDA, "府中市")
    assert "府中市への委任を記録" in give(office, UEDA, "広島県府中市")


def test_no_chains_and_no_circles(office: PostOffice) -> None:
    """Who gave a proxy holds none, and who holds one gives none; the chair holds those to 議長."""
    opened(office)
    give(office, UEDA, "松本市")
    with pytest.raises(Refusal, match="受けた委任をさらに"):
        give(office, MATSUMOTO, "長野市")
    with pytest.raises(Refusal, match="既に表決を委任"):
        give(office, KARUIZAWA, "上田市")
    give(office, KARUIZAWA, "議長")
    with pytest.raises(Refusal, match="受けた委任をさらに"):
        give(office, NAGANO, "松本市")


def test_a_chair_that_gave_its_vote_away_takes_no_proxies(office: PostOffice) -> None:
    """議長一任 is refused once the chair's body has given its own vote away."""
    opened(office)
    give(office, NAGANO, "松本市")
    with pytest.raises(Refusal, match="議長の団体は既に"):
        give(office, UEDA, "議長")


def test_who_has_voted_gives_no_proxy(office: PostOffice) -> None:
    """A vote stands until it is withdrawn; after that a proxy is taken."""
    opened(office)
    vote(office, UEDA, "yes")
    with pytest.raises(Refusal, match="取下げ"):
        give(office, UEDA, "議長")
    vote(office, UEDA, None, "withdrawn")
    assert "記録しました" in give(office, UEDA, "議長")


def test_only_while_it_is_open(office: PostOffice) -> None:
    """A proxy that comes before the opening, from the close on, or to a survey is not recorded."""
    office.apply(RESOLUTION)
    with pytest.raises(Refusal, match="受付中ではありません"):
        give(office, UEDA, "議長")
    opened(office)
    with pytest.raises(Refusal, match="受付中ではありません"):
        give(office, UEDA, "議長", at=RESOLUTION.closes)
    assert give(office, UEDA, "議長", at=RESOLUTION.closes - timedelta(seconds=1))
    office.open_survey()
    with office.database.write() as connection, pytest.raises(Refusal, match="調査です"):
        record_proxy(connection, office.site, SURVEY.key, UEDA, "議長", by="x", inbox_id=None, now=office.now)


def test_a_secret_vote_knows_no_proxies(office: PostOffice) -> None:
    """With a proxy the count would show how its holder voted."""
    office.open_survey(replace(RESOLUTION, mode="sealed"))
    with pytest.raises(Refusal, match="無記名"):
        give(office, UEDA, "議長")


def test_the_count(office: PostOffice) -> None:
    """Direct votes, proxies to a member and to the chair, and silence come together as the store holds them."""
    opened(office)
    give(office, UEDA, "議長")
    give(office, KARUIZAWA, "松本市")
    office.pass_time(HOUR)
    vote(office, NAGANO, "yes")
    vote(office, MATSUMOTO, "no")
    found = counted(office).outcome
    (motion,) = found.motions
    assert (found.direct, found.by_proxy, found.to_chair, found.silent) == (2, 1, 1, ())
    assert (motion.yes.chair, motion.no.proxy, motion.carried) == (1, 1, False)


def test_a_proxy_after_its_holders_vote(office: PostOffice) -> None:
    """Such a proxy is there for the quorum; the giver is told that it votes once the holder votes again."""
    opened(office)
    vote(office, MATSUMOTO, "yes")
    office.pass_time(HOUR)
    assert "もう一度表決されたとき" in give(office, KARUIZAWA, "松本市")
    (motion,) = counted(office).outcome.motions
    assert (motion.yes.total, motion.idle) == (1, 1)
    office.pass_time(HOUR)
    vote(office, MATSUMOTO, "yes")
    (motion,) = counted(office).outcome.motions
    assert (motion.yes.total, motion.idle) == (2, 0)


def test_an_own_vote_ends_the_proxy(office: PostOffice) -> None:
    """A giver that votes itself is counted directly, whether or not its proxy was ended in the store."""
    opened(office)
    give(office, UEDA, "議長")
    vote(office, NAGANO, "yes")
    vote(office, UEDA, "no")
    assert counted(office).outcome.to_chair == 0
    assert counted(office).proxies == ()
    with office.database.write() as connection:
        ended = partial(end_proxy, connection, office.site, KEY, UEDA, office.now, office.now, inbox_id=None)
        assert ended()
        assert not ended()
    assert counted(office).outcome.motions[0].no.direct == 1


def test_held_and_declined_bodies_do_not_consent(office: PostOffice) -> None:
    """Where silence is consent, a body whose reply is held, or that declined, is not silent."""
    opened(office, deemed="規約第19条")
    vote(office, NAGANO, "yes")
    vote(office, MATSUMOTO, None, "held")
    vote(office, UEDA, None, "declined")
    found = counted(office)
    assert (found.outcome.deemed, found.outcome.motions[0].yes.deemed, found.held) == (1, 1, 1)
    assert found.outcome.silent == (MATSUMOTO, UEDA)


def test_the_result_mail(office: PostOffice) -> None:
    """Everybody who was entitled gets the outcome; the office alone where the definition says so."""
    opened(office)
    vote(office, NAGANO, "yes")
    with office.database.read() as connection:
        cooked, to = resolution_copies(connection, office.site, RESOLUTION, office.now)
        office_only = replace(RESOLUTION, publish_to="office")
        _, at_office = resolution_copies(connection, office.site, office_only, office.now)
        nobody = replace(RESOLUTION, publish_to="nobody")
        assert resolution_copies(connection, office.site, nobody, office.now)[1] == []
    assert len(to) == 4
    assert [one.address for one in at_office] == [OFFICE]
    text = cooked.decode()
    assert "不成立（定足数に達しないため）" in text
    assert "1／4、必要な数 3以上　→ 満たしません" in text


def test_what_stands_beside_a_vote_is_for_the_chair(office: PostOffice) -> None:
    """A remark behind the vote and a sentence beside it stand in the draft of the minutes."""
    invitations = office.open_survey(RESOLUTION)
    office.reply(invitations[SATO], "議案1 賛成（早期の施行を望みます）")
    office.reply(invitations[YAMADA], "議案1 反対\n\n部内で長く話し合いました。")
    shut(office)
    with office.database.read() as connection:
        text = draft_minutes(connection, office.site, KEY)
    assert "　　長野市　部内で長く話し合いました。\n　　松本市　早期の施行を望みます\n" in text


def test_minutes(office: PostOffice) -> None:
    """The draft says what a secretariat puts into minutes, and where the ledger ends."""
    opened(office)
    give(office, UEDA, "議長")
    vote(office, NAGANO, "yes")
    vote(office, MATSUMOTO, "yes")
    with office.database.read() as connection, pytest.raises(Refusal, match="is open"):
        draft_minutes(connection, office.site, KEY)
    shut(office)
    with office.database.read() as connection:
        text = draft_minutes(connection, office.site, KEY)
        chain = ledgers.head(connection, KEY).chain
    assert text.startswith("書面表決 議事録（案）\n")
    for words in (
        "規約第18条（書面による表決）",
        "基準日　2026年6月1日（月）",
        "議長の団体　長野市",
        "議案第1号　規約第5条の改正",
        "【改正】理事 15名以内",
        "結果　可決",
        "賛成　3（本人 2、委任 0、議長への委任 1）",
        "3／4、必要な数 3以上　→ 満たします",
        "1　上田市　→　議長（2026年6月18日（木）10時00分 記録）",
        "10 表決のなかった団体\n　　軽井沢町",
        "（議長に供する。残すかどうかは議長による）\n　　なし",
        "表決の台帳　2行",
        f"照合値　{chain[:32]}",
        f"照合値　{chain[32:]}",
        "議事録作成者",
    ):
        assert words in text, words
    assert "みなし" not in text
    with office.database.read() as connection:
        english = draft_minutes(connection, in_english(office).site, KEY)
    assert "Result: carried" in english


def test_minutes_of_what_is_none(office: PostOffice) -> None:
    """A survey has no minutes, nor has what does not exist."""
    office.open_survey()
    with office.database.read() as connection:
        for key, words in ((SURVEY.key, "is no resolution"), ("K99", "there is none")):
            with pytest.raises(Refusal, match=words):
                draft_minutes(connection, office.site, key)


@pytest.mark.parametrize(
    ("words", "says"),
    [("取下げ", "貴団体の委任を取り下げました"), ("Q1 1", "先にいただいた委任は終わりました")],
)
def test_the_receipt_says_that_the_proxy_has_ended(office: PostOffice, words: str, says: str) -> None:
    """A body that had only given a proxy has no vote to withdraw; what it ended is named."""
    invited = office.open_survey(RESOLUTION)
    office.reply(invited[YAMADA], "委任 松本市")
    assert office.copies("proxy_receipt")
    office.reply(invited[YAMADA], words)
    text = office.copies("vote_receipt")[0].text
    assert says in text
    assert "貴団体の表決を取り下げました" not in text
    assert counted(office).proxies == ()


def test_a_withdrawn_vote_is_no_withdrawn_proxy(office: PostOffice) -> None:
    """Without a proxy the receipt speaks of the vote."""
    invited = office.open_survey(RESOLUTION)
    office.reply(invited[YAMADA], "Q1 1")
    office.copies()
    office.reply(invited[YAMADA], "取下げ")
    assert "貴団体の表決を取り下げました" in office.copies("vote_receipt")[0].text


def test_a_proxy_of_somebody_else_waits_with_a_reason_in_the_office_s_language(office: PostOffice) -> None:
    """A colleague gives nobody's vote away; the office reads why it waits."""
    invited = office.open_survey(RESOLUTION)
    assert office.reply(invited[YAMADA], "委任 議長", "x@city.nagano.lg.jp").state == "held"
    (told,) = office.copies("office_held")
    assert "表決する方としてご登録の方以外から届きました" in "".join(told.text.split())


def held(office: PostOffice) -> list[tuple[str, str]]:
    """Return to whom a word about a proxy that he holds went, and the word."""
    return [(copy.to, "".join(copy.text.split())) for copy in office.copies("proxy_held")]


def test_who_holds_a_proxy_hears_of_it(office: PostOffice) -> None:
    """From whom, how many he carries, and how it ends; once for each change, and at its end. The chair hears of none."""
    invited = office.open_survey(RESOLUTION)
    office.reply(invited[TANAKA], "委任 松本市")
    ((to, text),) = held(office)
    assert to == SATO
    for words in (
        "上田市から貴団体への委任を、",
        "貴団体がこのあと表決なさると、上田市の分も同じ表決として数えます",
        "上田市がご自身で表決するか、「取下げ」と返信するか、ほかへ委任なさると、この委任は終わります",
        "いま1団体の分です。（上田市）",
        "【Q1回答】[",
    ):
        assert words in text
    office.reply(invited[TANAKA], "委任 松本市")
    assert held(office) == []
    give(office, KARUIZAWA, "松本市")  # as the office has it on paper
    ((to, text),) = held(office)
    assert "いま2団体の分です。（上田市、軽井沢町）" in text
    give(office, KARUIZAWA, "議長")
    ((to, text),) = held(office)
    assert (to, "【Q1回答】[" in text) == (SATO, False)
    assert "軽井沢町から貴団体への委任は、" in text
    assert "終わりました" in text
    assert "いま1団体の分です。（上田市）" in text
    office.reply(invited[TANAKA], "Q1 1")
    ((to, text),) = held(office)
    assert "上田市の分は、貴団体の表決には入りません" in text
    assert "いまありません" in text
    office.reply(invited[TANAKA], "取下げ")
    assert held(office) == []


def test_a_holder_who_has_voted_votes_again_by_reply(office: PostOffice) -> None:
    """His vote from before the proxy does not count for its giver: he is asked for it again, the same number will do."""
    invited = office.open_survey(RESOLUTION)
    office.reply(invited[SATO], "Q1 1")
    office.pass_time(HOUR)
    office.reply(invited[TANAKA], "委任 松本市")
    (told,) = office.copies("proxy_held")
    assert "委任より前の表決は、" in told.text
    assert counted(office).outcome.motions[0].idle == 1
    office.pass_time(HOUR)
    assert office.reply(told, "").state == "discarded"
    assert counted(office).outcome.motions[0].idle == 1
    assert office.reply(told, "", slots={"Q1": "1"}).state == "voted"
    (motion,) = counted(office).outcome.motions
    assert (motion.yes.total, motion.yes.proxy, motion.idle) == (2, 1, 0)


def test_what_the_office_enters_ends_a_proxy_too(office: PostOffice) -> None:
    """Its holder hears of it, as of a reply."""
    invited = office.open_survey(RESOLUTION)
    office.reply(invited[TANAKA], "委任 松本市")
    office.copies()
    with office.database.write() as connection:
        entry = OfficeEntry([("Q1", "1")], "電話 6/20 上田様", OFFICE, office.now)
        record_for_body(connection, office.site, KEY, UEDA, entry, office.now)
    assert [to for to, _ in held(office)] == [SATO]


def test_who_gives_and_takes_back_without_end_floods_nobody(office: PostOffice) -> None:
    """At most thirty an hour reach the holder; what is recorded stays right."""
    invited = office.open_survey(RESOLUTION)
    with office.database.write() as connection:
        for _ in range(40):
            record_proxy(connection, office.site, KEY, UEDA, "松本市", by="x", inbox_id=None, now=office.now)
            end_proxy(connection, office.site, KEY, UEDA, office.now, office.now, inbox_id=None)
    assert invited
    assert len(office.copies("proxy_held")) == 30
    assert counted(office).proxies == ()


def test_a_holder_hears_of_it_in_english(office: PostOffice) -> None:
    """The same facts in the other language."""
    office.open_survey(RESOLUTION)
    english = in_english(office)
    give(english, UEDA, "松本市")
    (told,) = english.copies("proxy_held")
    assert told["Subject"].startswith("You hold a proxy")
    assert "A proxy of 上田市 to your body was recorded" in told.text
    assert "Proxies that your body holds now: 1" in told.text
