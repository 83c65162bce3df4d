"""Which addresses are ours, as the SMTP dialogue asks."""

from __future__ import annotations

import pytest

from mailbot.flows.know_recipient import know_recipient
from tests.flows.post_office import YAMADA, PostOffice


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("security@ml.example.jp", True),
        ("SECURITY@ML.EXAMPLE.JP", True),
        ("security-owner@ml.example.jp", True),
        ("security-bounces+x@ml.example.jp", True),
        ("postmaster@ml.example.jp", True),
        ("nosuch@ml.example.jp", False),
        ("security@other.example", False),
        ("0000000000000000@kaitou.example.jp", False),
        ("", False),
        ("@", False),
        ("security@ml.example.jp\r\nRCPT TO:<x@y>", False),
    ],
)
def test_who_is_ours(office: PostOffice, address: str, known: bool) -> None:
    """Lists, their roles and the site's own names; nobody else."""
    with office.database.read() as connection:
        assert know_recipient(connection, office.site, address) is known


def test_a_token_that_we_gave_out_is_known_in_any_case(office: PostOffice) -> None:
    """A gateway may write it in capitals."""
    address = office.reply_address(office.open_survey()[YAMADA])
    with office.database.read() as connection:
        assert know_recipient(connection, office.site, address)
        assert know_recipient(connection, office.site, address.upper())
