"""What every flow is told about the place that it runs in."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mailbot.core.calendar import Language, OfficeCalendar
from mailbot.core.lists.list_host import ListHost
from mailbot.core.mail.address import Route, route, same_address
from mailbot.core.members.trouble import LIMITS, Limits
from mailbot.core.senders.dkim import Signer

if TYPE_CHECKING:
    from mailbot.core.bulletins.article import ReadArticle
    from mailbot.core.mail.message import Message
    from mailbot.core.reading.statements.answer_form import Sheet
    from mailbot.core.surveys.survey import Survey
    from mailbot.render import Renderer


@dataclass(frozen=True)
class Site:
    """One association's installation; made once from the configuration, by installation.py."""

    domain: str  # lists live here
    reply_domain: str  # answer tokens live here
    office: str  # the secretariat's address
    zone: ZoneInfo
    language: Language
    authserv_id: str  # of our own MTA, RFC 8601
    key: bytes  # of the tokens in addresses
    renderer: Callable[[], Renderer]  # always the same; it is loaded when the first mail is written
    calendar: OfficeCalendar  # called with a day, it tells whether it is a holiday
    read_forms: Callable[[Message], tuple[Sheet, ...]]  # the spreadsheets of ours that are attached to a mail
    write_form: Callable[[Survey, Language], bytes]  # a survey's form as .xlsx
    read_article: Callable[[str, Language], ReadArticle]  # a bulletin's Markdown
    witnesses: tuple[str, ...] = ()  # addresses that get the hash of each ledger once a day
    outgoing: tuple[Path, ...] = ()  # Maildirs that keep mail in place of sending it
    # Addresses of the people who may act for the office; none named: the office alone
    desk: tuple[str, ...] = ()
    digest_at: time = time(17)  # local, on business days: when digests go out
    plan_at: time | None = time(8, 30)  # local, when the week's plan goes to the office; None: it does not
    # Local, when the office is told each day that the service works; None: never
    daily_at: time | None = None
    # From which score of our spam filter on a post is held; None: it is not asked
    spam_score: float | None = None
    web_url: str = ""  # where the public reaches our pages, https://ml.example.jp; "": nowhere
    bounce_limits: Limits = LIMITS  # when an address whose mail comes back is asked, and how long is waited

    # Where lists and tokens lived: mail comes in, none of ours names them
    former_domains: tuple[str, ...] = ()
    sealer: Signer | None = None  # seals what we pass on (ARC)
    complaints: bool = False  # posts say where providers send complaints (RFC 9477)

    @property
    def render(self) -> Renderer:
        """What cooks the automatic mails."""
        return self.renderer()

    @property
    def domains(self) -> tuple[str, ...]:
        """Every domain at which mail is ours."""
        return (self.domain, self.reply_domain, *self.former_domains)

    @property
    def list_host(self) -> ListHost:
        """Where the lists live, as their mails say it."""
        complaints_to = f"abuse@{self.domain}" if self.complaints else ""
        return ListHost(self.domain, self.office, self.authserv_id, self.web_url, complaints_to)

    def route(self, address: str, lists: Callable[[str], bool] | Container[str]) -> Route | None:
        """Return what an envelope recipient means here, with these lists, or None when it is nobody."""
        return route(
            address,
            domain=self.domain,
            reply_domain=self.reply_domain,
            lists=lists,
            former=self.former_domains,
        )

    @property
    def people(self) -> tuple[str, ...]:
        """The addresses of those who may act for the office."""
        return self.desk or (self.office,)

    @property
    def of_office(self) -> tuple[str, ...]:
        """The office's own address and those of its people: they may command, and read every archive."""
        return (self.office, *self.people)

    def may_command(self, address: str) -> bool:
        """Tell whether an address is the office's or one of its people's."""
        return any(same_address(address, one) for one in self.of_office)
