"""One reply judged by itself, from its bytes to the verdict (ballot.md sections 5, 8 and 13)."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

import pytest

from mailbot.core.mail.message import parse
from mailbot.core.reading.judgement import Judged, judge
from tests.mails.standard import STANDARD, TODAY, invitation, quoted

SENT = invitation()
OWN = ("example.or.jp", "kaitou.example.or.jp")
US = "token@kaitou.example.or.jp"


def judged(raw: bytes, *, own_domains: tuple[str, ...] = OWN) -> Judged:
    return judge(
        STANDARD,
        parse(raw),
        (SENT,),
        mail_from="yamada@city.example.lg.jp",
        previous=None,
        today=TODAY,
        late=False,
        own_domains=own_domains,
        language="ja",
    )


def mail(text: str, page: str = "", *, subject: str = "Re: survey", to: str = US, cc: str = "") -> bytes:
    message = EmailMessage()
    message["From"] = "yamada@city.example.lg.jp"
    message["To"] = to
    if cc:
        message["Cc"] = cc
    message["Subject"] = subject
    message.set_content(text)
    if page:
        message.add_alternative(page, subtype="html")
    return message.as_bytes()


# --- Two forms ---


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("Q1 2", "<p>Q1 3</p>"),
        ("Q1 12\n", "<p>Q1 <s>1</s>2</p>"),
        ("Q1 2\nQ2 1", "<p>Q1 2</p><p><s>Q2 1</s></p>"),
    ],
)
def test_forms_that_state_different_answers(text: str, page: str) -> None:
    """A text part and an HTML part that do not say the same count for nothing; the sender is asked."""
    found = judged(mail(text, page))
    assert not found.verdict.answers
    assert found.verdict.status in {"held", "partial"}
    assert found.verdict.ask


@pytest.mark.parametrize("page", ["<p>Q1 2</p>", "<p>Q1：２です。</p>", "<p>ここは別の文です。</p>"])
def test_forms_that_agree(page: str) -> None:
    """Forms that say the same, or of which one says nothing, are one answer."""
    assert judged(mail("Q1 2", page)).verdict.answers == {"Q1": ("2",)}


@pytest.mark.parametrize("page", ["<div>Q1 3</div>" * 7_000, "<p>Q1 2</p>" + "x" * 300_000])
def test_a_form_that_is_too_long_to_compare(page: str) -> None:
    """What its author saw may say something else than the plain text: it counts for nothing, and he is asked."""
    found = judged(mail("Q1 2", page))
    assert (found.verdict.status, found.verdict.rule, found.verdict.ask) == ("held", "8 form-too-long", True)
    assert judged(mail("", page)).verdict.rule != "8 form-too-long"  # nothing to compare it with


# --- Text that no table decodes ---

BROKEN = b"\x80\xff\xfe\x81 \xa0\xfd\n"


def broken(text: str) -> bytes:
    return b"From: a@city.example.lg.jp\nContent-Type: text/plain; charset=utf-8\n\n" + BROKEN + text.encode()


@pytest.mark.parametrize("answer", ["Q1 2", "Q1 利用していない", "Q1 2番"])
def test_figures_and_our_own_labels_survive_a_damaged_mail(answer: str) -> None:
    """ASCII figures, and words that equal what we sent, are read from a mail that is damaged elsewhere."""
    found = judged(broken(answer))
    assert parse(broken(answer)).garbled
    assert found.verdict.answers == {"Q1": ("2",)}


@pytest.mark.parametrize(("question", "answer"), [("Q1", "②"), ("Q3", "要望があります"), ("Q2", "①③")])
def test_other_characters_of_a_damaged_mail_are_asked_back(question: str, answer: str) -> None:
    """What rests on characters that we never sent may be another one: it is asked back as garbled."""
    found = judged(broken(f"{question} {answer}"))
    assert not found.verdict.answers
    assert [(problem.question, problem.kind) for problem in found.reading.problems] == [(question, "garbled")]
    assert found.verdict.ask


# --- Forwards ---


@pytest.mark.parametrize(
    ("subject", "top"),
    [
        ("Fwd: survey", ""),
        ("FW: survey", "佐藤さん、回答をお願いします。"),
        ("[外部] 転送: 調査", "ご対応ください。"),
        ("Re: survey", "佐藤さん、この件お願いします。"),
    ],
)
def test_a_forward_with_us_in_cc_is_ignored(subject: str, top: str) -> None:
    """A ballot handed on to a colleague, without an answer, leaves no vote and asks nobody."""
    raw = mail(f"{top}\n\n{quoted(SENT)}", subject=subject, to="sato@city.example.lg.jp", cc=US)
    verdict = judged(raw).verdict
    assert (verdict.status, verdict.rule, verdict.ask) == ("ignored", "8 forward", False)


def test_a_forward_is_known_by_its_subject_alone() -> None:
    """Where the service's domains are not given, Subject and Cc tell it."""
    raw = mail(quoted(SENT), subject="FW: survey", to="sato@city.example.lg.jp", cc=US)
    assert judged(raw, own_domains=()).verdict.status == "ignored"


@pytest.mark.parametrize(
    ("top", "to", "cc", "status"),
    [
        ("Q1 2", "sato@city.example.lg.jp", US, "counted"),
        ("", US, "sato@city.example.lg.jp", "held"),
        ("", US, "", "held"),
    ],
)
def test_what_is_no_forward(top: str, to: str, cc: str, status: str) -> None:
    """A forward with an answer counts; one that is sent to us is a reply like any other."""
    raw = mail(f"{top}\n\n{quoted(SENT)}", subject="FW: survey", to=to, cc=cc)
    assert judged(raw).verdict.status in {status, "partial"}
    assert judged(raw).verdict.rule != "8 forward"


def test_without_our_ballot_it_is_no_forward() -> None:
    """A sentence to somebody else with us in Cc is prose for the office."""
    raw = mail("回答は来週にします。", to="sato@city.example.lg.jp", cc=US)
    assert judged(raw).verdict.rule == "8 prose"


# --- What a person must look at ---


@pytest.mark.parametrize(
    "subject", ["自動応答: 不在のお知らせ", "【自動返信】休暇中です", "Automatic reply: survey"]
)
def test_an_answer_below_the_subject_of_a_vacation_note(subject: str) -> None:
    """The Subject is a hint: without an answer it is automatic, with a filled slot the office looks at it (section 13)."""
    blank, filled = (
        judged(mail("6月25日まで不在です。", subject=subject)),
        judged(mail("Q1 2", subject=subject)),
    )
    assert (blank.machine, blank.verdict.status) == (True, "ignored")
    assert (filled.machine, filled.verdict.status) == (True, "held")
    assert (filled.verdict.ask, filled.verdict.waits_for) == (False, "office")


def test_a_survey_about_vacations() -> None:
    """Its title stands in the Subject of every reply; that makes none of them automatic."""
    asked = replace(STANDARD, title="夏季休暇の取得状況")
    found = judge(
        asked,
        parse(mail("Q1 2", subject="Re: 【調査】夏季休暇の取得状況（7/2締切）[S26-014]")),
        (invitation(asked),),
        mail_from="yamada@city.example.lg.jp",
        previous=None,
        today=TODAY,
        late=False,
        language="ja",
    )
    assert (found.machine, found.verdict.status) == (False, "counted")


def test_what_a_hazard_holds_a_person_may_admit() -> None:
    """An archive sends the whole reply to the desk; admitted, it counts as it was read (section 14)."""
    message = EmailMessage()
    message["From"] = "yamada@city.example.lg.jp"
    message.set_content("Q1 2")
    message.add_attachment(b"PK", maintype="application", subtype="zip", filename="kaitou.zip")
    found = judged(message.as_bytes())
    assert (found.verdict.status, found.verdict.rule, found.verdict.waits_for) == (
        "held",
        "14 archive",
        "office",
    )
    admitted = judge(
        STANDARD,
        parse(message.as_bytes()),
        (SENT,),
        mail_from="yamada@city.example.lg.jp",
        previous=None,
        today=TODAY,
        late=False,
        admitted=True,
        language="ja",
    )
    assert (admitted.verdict.status, admitted.verdict.answers) == ("counted", {"Q1": ("2",)})
