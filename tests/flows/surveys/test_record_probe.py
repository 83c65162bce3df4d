"""The round-trip probe: sent, returned, and what is done about it (flows/surveys/probe_gateways.py, record_probe.py)."""

from __future__ import annotations

from email.message import EmailMessage

from mailbot.core.surveys.gateway import Layout
from mailbot.flows.surveys.open_survey import make_ballots
from mailbot.flows.surveys.preview_survey import preview_survey
from mailbot.flows.surveys.probe_gateways import Probed, probe_gateways, report_probes
from mailbot.store.surveys import ballots, gateways
from tests.flows.post_office import NAGANO, NOW, SATO, SURVEY, UEDA, YAMADA, Copy, PostOffice

KEY = f"probe:{NOW:%Y-%m-%d}"


def send(office: PostOffice, *to: str, pilot: int = 10) -> dict[str, Copy]:
    """Send the probe; returns the copies by address."""
    with office.database.write() as connection:
        probe_gateways(connection, office.site, office.now, to=to, pilot=pilot)
    return {copy.to: copy for copy in office.copies("probe")}


def report(office: PostOffice) -> dict[str, Probed]:
    with office.database.read() as connection:
        return {one.code: one for one in report_probes(connection)}


def returned(office: PostOffice, copy: Copy, columns: int) -> str:
    """Hand the probe back quoted, each line broken after so many characters; returns the inbox state."""
    quoted = [
        f"> {line[at : at + columns]}"
        for line in copy.text.splitlines()
        for at in range(0, len(line) or 1, columns)
    ]
    to = office.reply_address(copy)
    raw = office.mail(
        copy.to, to, "\n".join(quoted), f"Re: {copy['Subject']}", In_Reply_To=copy["Message-ID"]
    )
    return office.hand_in(raw, to).state


def test_what_a_probe_looks_like(office: PostOffice) -> None:
    """A probe asks for nothing but a reply, and its line of 68 columns is whole."""
    sent = send(office)
    assert len(sent) == 4
    copy = sent[YAMADA]
    assert copy["Subject"] == f"【到達確認】返信のお願い [probe-{NOW:%Y-%m-%d}]"
    assert "そのまま返信してください" in copy.text
    assert any(line.startswith("68桁の行：") and line.endswith("終") for line in copy.text.splitlines())
    assert "   先頭に空白のある行" in copy.text.splitlines()


def test_a_gateway_that_leaves_us_alone(office: PostOffice) -> None:
    """A probe that comes back whole keeps the usual width, and its sender is thanked."""
    copy = send(office, NAGANO)[YAMADA]
    assert office.reply(copy, "届きました").state == "answered"
    thanks = office.only_copy("probe_thanks")
    assert (thanks.to, thanks.mail_from) == (YAMADA, "")
    assert thanks["Auto-Submitted"] == "auto-replied"
    gateway = report(office)[NAGANO].gateway
    assert gateway is not None
    assert gateway.layout == Layout(68)
    assert gateway.findings.mark == "> "
    assert gateway.findings.message_id == "kept"


def test_a_gateway_that_wraps(office: PostOffice) -> None:
    """The layout that a gateway leaves alone is kept for its address, and later ballots are made in it."""
    sent = send(office, NAGANO, UEDA)
    assert returned(office, sent[YAMADA], 26) == "answered"
    with office.database.write() as connection:
        assert gateways.columns_by_address(connection, [SATO]) == {}
        assert list(gateways.columns_by_address(connection, [YAMADA, SATO]).values()) == [50]
        made = make_ballots(connection, office.site, "survey", SURVEY.key, SURVEY.audience)
        assert {ballot.address: ballot.columns for ballot in made}[YAMADA] == 50
        groups = gateways.by_layout(connection, made)
    assert {layout: len(group) for layout, group in groups.items()} == {Layout(68): 3, Layout(50): 1}
    assert report(office)[UEDA].gateway is None


def test_the_newest_reply_counts(office: PostOffice) -> None:
    """A second reply replaces what was known of an address."""
    copy = send(office, NAGANO)[YAMADA]
    returned(office, copy, 20)
    returned(office, copy, 35)
    gateway = report(office)[NAGANO].gateway
    assert gateway is not None
    assert gateway.layout.columns == 68


def test_a_reply_without_a_quotation(office: PostOffice) -> None:
    """Where replies quote nothing, the ballots of that address say only how to answer at the top."""
    copy = send(office, NAGANO)[YAMADA]
    to = office.reply_address(copy)
    assert office.hand_in(office.mail(YAMADA, to, "届きました"), to).state == "answered"
    with office.database.write() as connection:
        made = make_ballots(connection, office.site, "survey", SURVEY.key, SURVEY.audience)
        layouts = {
            one.address: layout
            for layout, group in gateways.by_layout(connection, made).items()
            for one in group
        }
    assert layouts[YAMADA] == Layout(68, quotes=False)
    assert layouts[SATO] == Layout(68)


def test_what_answers_a_reply_without_a_quotation(office: PostOffice) -> None:
    """Its receipt, a fresh ballot and the preview tell no such body to write between brackets that its reply will not bring."""
    copy = send(office, NAGANO)[YAMADA]
    to = office.reply_address(copy)
    office.hand_in(office.mail(YAMADA, to, "届きました"), to)
    invitations = office.open_survey()
    office.copies()
    for address, quotes in ((YAMADA, False), (SATO, True)):
        to = office.reply_address(invitations[address])
        for words in ("Q1 1", "再送"):
            office.hand_in(office.mail(address, to, words), to)
        texts = [one.text for one in office.copies() if one.to == address]
        assert len(texts) == 2
        for text in texts:
            assert ("［　］の" in text) == quotes, text
    with office.database.read() as connection:
        shown = preview_survey(connection, office.site, SURVEY, code=NAGANO)
    assert "［　］の" not in shown.text


def test_machines_teach_nothing(office: PostOffice) -> None:
    """A vacation note says nothing of how a member's reply looks."""
    copy = send(office, NAGANO)[YAMADA]
    to = office.reply_address(copy)
    note = office.mail(YAMADA, to, "不在です。", "自動応答: 【到達確認】")
    assert office.hand_in(note, to).state == "discarded"
    assert report(office)[NAGANO].gateway is None
    assert office.copies() == []


def test_it_is_no_vote(office: PostOffice) -> None:
    """What a member writes into a probe stands in no ledger."""
    office.reply(send(office, NAGANO)[YAMADA], "Q1 2")
    assert office.ledger(KEY) == []
    with office.database.read() as connection:
        assert [ballot.kind for ballot in ballots.of_subject(connection, KEY)] == ["probe"]


def test_any_bytes(office: PostOffice) -> None:
    """A reply of HTML alone is read too."""
    copy = send(office, NAGANO)[YAMADA]
    reply = EmailMessage()
    reply["From"], reply["To"], reply["Subject"] = YAMADA, office.reply_address(copy), "Re: x"
    divs = "".join(f"<div>{line}</div>" for line in copy.text.splitlines())
    reply.set_content(f"<blockquote>{divs}</blockquote>", subtype="html")
    assert office.hand_in(reply.as_bytes(), office.reply_address(copy)).state == "answered"
    gateway = report(office)[NAGANO].gateway
    assert gateway is not None
    assert (gateway.findings.form, gateway.findings.subject_kept, gateway.layout) == (
        "html",
        False,
        Layout(68),
    )
