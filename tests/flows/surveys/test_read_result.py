"""Published results on our pages: to each what he was sent."""

from __future__ import annotations

from datetime import timedelta

from mailbot.flows.surveys.close_survey import close_survey
from mailbot.flows.surveys.read_result import own_results, read_result
from tests.flows.post_office import STRANGER, SURVEY, TANAKA, YAMADA, PostOffice


def test_each_reads_his_own(office: PostOffice) -> None:
    """The mail that he was sent, by whichever spelling of his address; nothing before the close, nor of another's."""
    invitations = office.open_survey()
    office.reply(invitations[YAMADA], "Q1 2")
    with office.database.read() as connection:
        assert own_results(connection, YAMADA) == []
    office.now = SURVEY.closes + timedelta(hours=1)
    with office.database.write() as connection:
        close_survey(connection, office.site, SURVEY.key, SURVEY.closes, office.now)
    sent = {copy.to: copy.text.replace("\r\n", "\n") for copy in office.copies("result")}
    with office.database.read() as connection:
        (result,) = own_results(connection, YAMADA.upper())
        assert (result.key, result.title, result.published_at) == (SURVEY.key, SURVEY.title, office.now)
        for address in (YAMADA, TANAKA):
            found = read_result(connection, address, SURVEY.key)
            assert found is not None
            assert found.text == sent[address]
        assert sent[YAMADA] != sent[TANAKA]
        assert read_result(connection, YAMADA, "S26-999") is None
        assert read_result(connection, STRANGER, SURVEY.key) is None
