"""An installation as its configuration has it: the clock, its database, and what flows are told about it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.core.refusal import Refusal
from mailbot.core.senders.dkim import Signer
from mailbot.core.transfer.envelope import StorageUnavailable
from mailbot.folder.config import Config
from mailbot.folder.dkim_keys import load_signer
from mailbot.folder.secret_files import secret_key
from mailbot.folder.serve_lock import running
from mailbot.resources import own_folder, templates_folder
from mailbot.site import Site
from mailbot.store.database import SCHEMA, Database

if TYPE_CHECKING:
    from mailbot.core.bulletins.article import ReadArticle
    from mailbot.core.calendar import Language
    from mailbot.core.mail.message import Message
    from mailbot.core.reading.statements.answer_form import Sheet
    from mailbot.core.surveys.survey import Survey
    from mailbot.render import Renderer


def clock() -> datetime:
    """Return the time; the only clock that the flows ever see."""
    return datetime.now(UTC)


def make_site(config: Config) -> Site:
    """Return what the flows are told about this installation."""
    return Site(
        domain=config.domain,
        reply_domain=config.reply_domain,
        office=config.office,
        zone=config.timezone,
        language=config.language,
        authserv_id=config.authserv_id,
        key=secret_key(config.folder, config.database),
        renderer=cache(partial(_renderer, config)),
        calendar=config.calendar,
        read_forms=_read_forms,
        write_form=_write_form,
        read_article=_read_article,
        former_domains=config.former_domains,
        outgoing=tuple(relay.path for relay in config.relay if relay.path is not None),
        witnesses=config.witnesses,
        digest_at=config.digest_at,
        plan_at=config.plan_at,
        daily_at=config.daily_at,
        desk=config.desk,
        web_url=config.web_url,
        bounce_limits=config.bounces,
        spam_score=config.spam_score,
        sealer=_sealer(config),
        complaints=config.dkim is not None and config.dkim.complaints,
    )


def _renderer(config: Config) -> Renderer:
    from mailbot.render import Letterhead, Renderer  # noqa: PLC0415  half of core, and most commands write no mail

    letterhead = Letterhead(config.association, config.office, config.reply_domain, config.timezone)
    return Renderer(templates_folder(), config.language, letterhead, own_folder(config.folder))


def _read_forms(message: Message) -> tuple[Sheet, ...]:
    if not any(part.filename or not part.content_type.startswith("text/") for part in message.parts):
        return ()  # as in nearly all replies: to import what is loaded already takes 10 us as well
    from mailbot.formats.form_file import read_forms  # noqa: PLC0415  as _renderer

    return read_forms(message)


def _write_form(survey: Survey, language: Language) -> bytes:
    from mailbot.formats.form_file import write_form  # noqa: PLC0415  as _renderer

    return write_form(survey, language)


def _read_article(text: str, language: Language) -> ReadArticle:
    from mailbot.formats.markdown import read_markdown  # noqa: PLC0415  as _renderer

    return read_markdown(text, language)


def _sealer(config: Config) -> Signer | None:
    """Return what seals posts (ARC); None where none is to. Raises Refusal when no key can."""
    if config.dkim is None or not config.dkim.arc:
        return None
    for key in config.dkim.keys:
        signer = load_signer(key.file, config.dkim.domain, key.selector)
        if signer.algorithm == "rsa-sha256":  # the one that RFC 8617 knows
            return signer
    raise Refusal(
        f"dkim.arc: a seal needs an RSA key, and {config.file} names none; `mailbot dkim make` makes one"
    )


def open_database(config: Config, *, serves: bool = False) -> Database:
    """Open the configured database, as `Database` does, and bring its tables up to date."""
    if config.database.startswith("sqlite"):
        folder = Path(config.database.removeprefix("sqlite:///")).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refusal(
                f"the folder of the database, {folder}, cannot be made: {error.strerror}; see `database:` in {config.file}"
            ) from error
    database = Database(config.database, serves=serves)
    try:
        database.upgrade(partial(_allow_upgrade, config, serves=serves))
    except StorageUnavailable as away:
        raise Refusal(f"the database cannot be reached: {away}; see `database:` in {config.file}") from away
    except Refusal:
        database.close()
        raise
    return database


def _allow_upgrade(config: Config, found: str, *, serves: bool) -> None:
    """Refuse to change tables that a newer version made, or that a service of an older one is at work on."""
    if found > SCHEMA:
        raise Refusal(
            f"the database has the tables of a newer version ({found}, this one knows {SCHEMA}); run the newer mailbot, "
            "or restore a backup from before the upgrade"
        )
    if not serves and (holder := running(config.folder)) is not None:
        raise Refusal(
            f"the database has the tables of an older version ({found}, now {SCHEMA}), and a service runs on this folder "
            f"(process {holder}); stop it and make a backup, then start the service, which brings them up to date"
        )
