"""Every automatic mail, by its subject: `site.render.surveys.invitation(...)`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mailbot.core.calendar import Language
from mailbot.core.mail.enclosure import Enclosed, enclose
from mailbot.core.mail.header import clean, encode_phrase
from mailbot.core.mail.mailing import field
from mailbot.render.event_mails import EventMails
from mailbot.render.office_mails import OfficeMails, cleaned
from mailbot.render.pen import EACH, Letterhead, Pen, Thread
from mailbot.render.result_mails import ResultMails
from mailbot.render.survey_mails import SurveyMails


class Renderer:
    """Cooks each automatic mail from its template, in one language, under one letterhead."""

    def __init__(
        self, templates: Path, language: Language, letterhead: Letterhead, own: Path | None = None
    ) -> None:
        """Read templates from `templates`/mail/`language`; each is read when it is first used.

        `own`: a folder of the same form whose templates stand in for those of the same name (own_templates.py).
        """
        self._pen = Pen(templates, language, letterhead, own)
        self.surveys = SurveyMails(self._pen)
        self.results = ResultMails(self._pen)
        self.events = EventMails(self._pen)
        self.office = OfficeMails(self._pen)

    def letter(
        self,
        template: str,
        *,
        now: datetime,
        thread: Thread | None = None,
        answerable: bool = False,
        enclosed: Sequence[Enclosed] = (),
        as_digest: bool = False,
        own: Sequence[str] = (),
        **words: object,
    ) -> bytes:
        """Cook one of the mails about a list, its members and their wishes; every word of them is cleaned here.

        A reply to an `answerable` one comes to the recipient's own token, a reply to another to the office. Posts that are
        enclosed, as files or as one digest, stay byte for byte. `own`: the names of the fields that each copy fills in.
        """
        domain = self._pen.letterhead.reply_domain
        desk = "受付" if self._pen.language == "ja" else "desk"
        phrase = f"{self._pen.letterhead.association} {desk}".strip()
        given: dict[str, Any] = {name: cleaned(word) for name, word in words.items()}
        given |= {name: field(name) for name in own}
        back = f"Reply-To: {encode_phrase(phrase, f'<{EACH.token}@{domain}>', column=10)}\r\n".encode()
        cooked = self._pen.assemble(
            self._pen.text(template, office=self._pen.office_line(), **given),
            to=EACH.address,
            reply_to=back if answerable else self._pen.office_reply(),
            message_id=f"<{template.replace('_', '-')}.{field('delivery')}@{domain}>",
            now=now,
            thread=thread,
        )
        return enclose(cooked, enclosed, "digest" if as_digest else "files")

    def post_rejected(
        self, list_address: str, subject: str, reason: str, *, to: str, thread: Thread, now: datetime
    ) -> bytes:
        """Cook the sentence with which a post is refused, for its author."""
        body = self._pen.text(
            "post_rejected", list_address=list_address, subject=clean(subject), reason=clean(reason)
        )
        return self._pen.assemble(
            body,
            to=to,
            reply_to=self._pen.office_reply(),
            message_id=f"<rejected.{field('delivery')}@{self._pen.letterhead.reply_domain}>",
            now=now,
            thread=thread,
        )
