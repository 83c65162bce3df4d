"""What looks at the senders of mail in the DNS, as the configuration has it."""

from __future__ import annotations

from functools import partial

from mailbot.flows.check_senders import SenderCheck
from mailbot.folder.config import Config
from mailbot.folder.dkim_keys import verify

_DNS_SECONDS, _DNS_EACH = 8.0, 2.5  # for all questions about one mail, and for one of them
_DNS_QUESTIONS = 100  # about one mail: SPF takes 22 at most, each signature and each step of a walk one


def make_sender_check(config: Config) -> SenderCheck | None:
    """Return what looks at the senders of mail; None where our own mail exchanger does."""
    if not config.authenticate.check:
        return None
    # Only where senders are looked at: its library takes 7 MB and a tenth of a second.
    from mailbot.net.dns_client import DnsClient  # noqa: PLC0415

    cache = DnsClient.new_cache()
    return SenderCheck(
        config.authserv_id,
        config.authenticate.mta,
        config.authenticate.sealers,
        partial(
            DnsClient,
            seconds=_DNS_SECONDS,
            each=_DNS_EACH,
            most=_DNS_QUESTIONS,
            nameserver=config.authenticate.resolver,
            cache=cache,
        ),
        verify,
    )
