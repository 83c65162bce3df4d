"""What a line of the office means, and what our own mails may not say."""

from __future__ import annotations

from datetime import date, time

import pytest

from mailbot.core.office.desk import harmless, read_line
from mailbot.core.office.desk_command import (
    WHY_NOT,
    Approve,
    Attended,
    Command,
    Decide,
    Enter,
    Extend,
    Give,
    NotUnderstood,
    OfRun,
    OfSending,
    OfSurvey,
    Reissue,
    Resume,
    SendBack,
)

TODAY = date(2026, 6, 20)  # a Saturday
NINTH = date(2026, 7, 9)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("U-0231 = 1,3", Give(231, (("", "1,3"),))),
        ("Ｕ－０２３１　＝　１，３", Give(231, (("", "１，３"),))),
        ("u231 Q2=1, 3", Give(231, (("Q2", "1, 3"),))),
        ("U-231 Q1=2、Q3=「費用が高い」", Give(231, (("Q1", "2"), ("Q3", "費用が高い")))),
        ("U-231 問1=2 Q3:検討 します", Give(231, (("Q1", "2"), ("Q3", "検討 します")))),
        ("U-231 採用", Decide(231, "accept")),
        ("「U-231 採用」", Decide(231, "accept")),
        ("U-231 破棄。", Decide(231, "discard")),
        ("U-231 破棄してください。", Decide(231, "discard")),
        ("U-231 採用します", Decide(231, "accept")),
        ("U-231 返送　会員の方から ご投稿ください", Decide(231, "reject", "会員の方から ご投稿ください")),
        ("U-231 reject please write as a member", Decide(231, "reject", "please write as a member")),
        ("代理 13201 Q1=2 電話 6/20 山田", Enter("", "13201", (("Q1", "2"),), "電話 6/20 山田")),
        (
            "代理　S26-014　132012　Q1=2　Q2=1,3　ＦＡＸ 6/20 山田",
            Enter("S26-014", "132012", (("Q1", "2"), ("Q2", "1,3")), "ＦＡＸ 6/20 山田"),
        ),
        (
            "代理 13201 Q3=「電話 は使わない」 書面 6/20 山田",
            Enter("", "13201", (("Q3", "電話 は使わない"),), "書面 6/20 山田"),
        ),
        (
            "代理 N26-07 13201 出席　2名　山田太郎、鈴木花子　電話 6/20 山田",
            Enter("N26-07", "13201", (("", "出席　2名　山田太郎、鈴木花子"),), "電話 6/20 山田"),
        ),
        (
            "代理 N26-07 13201 「出席 1名 紙谷一郎」 電話 6/20 山田",
            Enter("N26-07", "13201", (("", "出席 1名 紙谷一郎"),), "電話 6/20 山田"),
        ),
        ("代理 N26-07 13201 欠席 FAX 6/20 山田", Enter("N26-07", "13201", (("", "欠席"),), "FAX 6/20 山田")),
        (
            "enter N26-07 13201 not attending phone 6/20 Yamada",
            Enter("N26-07", "13201", (("", "not attending"),), "phone 6/20 Yamada"),
        ),
        (
            "enter 13201 Q1=2 phone 20 June, Yamada",
            Enter("", "13201", (("Q1", "2"),), "phone 20 June, Yamada"),
        ),
        ("延期 S26-014 7/9", Extend("S26-014", NINTH, None)),
        ("延期 S26-014 ７／９ １７：００", Extend("S26-014", NINTH, time(17, 0))),
        ("延期 S26-014 7月9日（木）17時半", Extend("S26-014", NINTH, time(17, 30))),
        ("延期 S26-014 令和8年7月9日 午後5時", Extend("S26-014", NINTH, time(17, 0))),
        ("延期 S26-014 R8.7.9", Extend("S26-014", NINTH, None)),
        ("延期 S26-014 2027/1/9", Extend("S26-014", date(2027, 1, 9), None)),
        ("extend S26-014 2026-07-09 9:30", Extend("S26-014", NINTH, time(9, 30))),
        ("締切 S26-014", OfSurvey("close", "S26-014")),
        ("公表：Ｓ２６－０１４", OfSurvey("publish", "S26-014")),
        ("催促 S26-014", OfSurvey("remind", "S26-014")),
        ("催促 S26-014　もう一度", OfSurvey("remind", "S26-014", again=True)),
        ("remind S26-014 again", OfSurvey("remind", "S26-014", again=True)),
        ("P-0012 見送り", OfRun(12, "skip")),
        ("Ｐ－００１２　延期　７／９　１０時半", OfRun(12, "postpone", date(2026, 7, 9), time(10, 30))),
        ("p-12 postpone 2026-07-09", OfRun(12, "postpone", date(2026, 7, 9))),
        ("予定12 送信。", OfRun(12, "send")),
        ("P-0012 元に戻す", OfRun(12, "undo")),
        ("P-0012 どうしましょう", NotUnderstood("run")),
        ("P-0012 延期", NotUnderstood("date")),
        ("P-0012 延期 7/9（金）", NotUnderstood("weekday")),
        ("P-0012 延期 2/30", NotUnderstood("no-such-day")),
        ("停止 N26-07", OfSending("stop", "N26-07")),
        ("続行 N26-07", OfSending("resume", "N26-07")),
        ("call off N26-07", OfSending("cancel", "N26-07")),
        ("取止め", NotUnderstood("key")),
        ("status s26-014", OfSurvey("status", "s26-014")),
        ("再発行 S26-014 13201", Reissue("S26-014", "13201")),
        ("再開 sato@city.example.jp", Resume("sato@city.example.jp")),
        ("resume <sato@city.example.jp>", Resume("sato@city.example.jp")),
        ("全員出席", Attended("came")),
        ("全員 出席でした。", Attended("came")),
        ("出席　全員", Attended("came")),
        ("全員欠席 N26-07", Attended("absent", key="N26-07")),
        ("all attended n26-07", Attended("came", key="n26-07")),
        ("松本市は欠席でした。", Attended("absent", (("松本市", None),))),
        ("松本市、上田市は欠席しました", Attended("absent", (("松本市", None), ("上田市", None)))),
        ("欠席 松本市、上田市", Attended("absent", (("松本市", None), ("上田市", None)))),
        ("欠席：長野県 松本市 長野市。", Attended("absent", (("長野県松本市", None), ("長野市", None)))),
        ("欠席 Ｎ２６－０７ ２０２０２９", Attended("absent", (("202029", None),), "N26-07")),
        ("出席 長野市", Attended("came", (("長野市", None),))),
        ("出席 長野市（１名）、松本市 2人", Attended("came", (("長野市", 1), ("松本市", 2)))),
        ("当日参加 上田市2名", Attended("joined", (("上田市", 2),))),
        ("joined 202037 2 people", Attended("joined", (("202037", 2),))),
        ("承認", Approve()),
        ("承認します。", Approve()),
        ("approve", Approve()),
        ("差戻し 数字が違います", SendBack("数字が違います")),
        ("return the figures are wrong", SendBack("the figures are wrong")),
    ],
)
def test_a_whole_line_is_a_command(line: str, command: Command) -> None:
    """In either width, with Japanese or English words; free text keeps its own characters."""
    assert read_line(line, today=TODAY) == command


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("山田です", "unknown"),
        ("U-231", "unknown"),
        ("U-231 採用 ではない", "answers"),
        ("U-231 =", "answers"),
        ("U-231 Q1=2 Q1=3", "answers"),
        ("U-231 採用 Q1=2", "answers"),
        ("締切", "key"),
        ("締切 S26-014 7/9", "key"),
        ("締切 S26-014 にしてください", "key"),
        ("公表 123456", "key"),
        ("公表 S26-014 再度", "key"),
        ("催促 S26-014 7/9", "key"),
        ("出席", "attended"),
        ("出席 2名", "attended"),
        ("欠席 松本市 1名", "attended"),
        ("当日参加 上田市", "attended"),
        ("当日参加 全員", "attended"),
        ("出席 全員、松本市", "attended"),
        ("出席 松本市 1名 2名", "attended"),
        ("出席いたします", "unknown"),
        ("全員が出席", "unknown"),
        ("延期 7/9", "key"),
        ("延期 S26-014", "date"),
        ("延期 S26-014 7/9（金）", "weekday"),
        ("延期 S26-014 2/30", "no-such-day"),
        ("延期 S26-014 1/9", "year"),
        ("延期 S26-014 7/9 25:00", "date"),
        ("延期 S26-014 7/9 まで", "date"),
        ("代理 1320 Q1=2 電話 6/20 山田", "code"),
        ("代理 13201 電話 6/20 山田", "answers"),
        ("代理 13201 出席 1名 電話 6/20 山田", "event"),
        ("代理 N26-07 13201 山田が出席 電話 6/20 山田", "answers"),
        ("代理 N26-07 13201 出席 1名", "reason"),
        ("代理 N26-07 13201 出席 1名 紙谷一郎 電話 6/20 山田", "reasons"),
        ("代理 13201 Q1=2", "reason"),
        ("代理 13201 Q1=2 電話", "reason"),
        ("代理 13201 Q1=2 電話 6/20 山田 Q2=1", "reason"),
        ("代理 13201 Q3=今は 電話 がない 電話 6/20 山田", "reasons"),
        ("代理 13201 Q1=2 電話 6/21 山田", "future"),
        ("代理 13201 Q1=2 ＦＡＸ 山田様 令和8年7月2日（木）", "future"),
        ("代理 13201 Q1=2 書面 2027/6/20 山田", "future"),
        ("代理 13201 Q1=2 電話 6/31 山田", "no-such-day"),
        ("代理 13201 Q1=2 電話 6/20（月） 山田", "weekday"),
        ("再発行 S26-014", "code"),
        ("再開", "address"),
        ("再開 sato", "address"),
        ("再開 sato@city.example.jp をお願いします", "address"),
        ("承認しません", "unknown"),
        ("承認 ただし第5条を除く", "unknown"),
        ("承認してよいですか", "unknown"),
        ("差戻し", "send-back"),
        ("「U-231 採用」「U-231 破棄」", "unknown"),
        ("「締切 S26-014」と書くと締め切ります", "unknown"),
        ("状況 " + "S" * 2000, "unknown"),
    ],
)
def test_anything_beside_it_makes_it_no_command(line: str, kind: str) -> None:
    """Nothing is guessed: a line is read whole or not at all, and there is a sentence for why."""
    assert read_line(line, today=TODAY) == NotUnderstood(kind)
    assert all(kind in WHY_NOT[language] for language in ("ja", "en"))


@pytest.mark.parametrize("line", ["締切 S26-014", "　　U-0231 採用", "承認", "「締切 S26-014」"])
def test_no_line_of_ours_is_a_command(line: str) -> None:
    """One that would be gets a mark in front, and keeps its indent."""
    marked = harmless(line)
    assert marked.lstrip("　").startswith("※")
    assert isinstance(read_line(marked, today=TODAY), NotUnderstood)
    assert harmless("　件名　　締切 S26-014") == "　件名　　締切 S26-014"
