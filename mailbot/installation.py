"""An installation as its configuration has it: the clock, its database, and what flows are told about it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from mailbot.core.mail.envelope import StorageUnavailable
from mailbot.core.refusal import Refusal
from mailbot.core.senders.dkim import Signer
from mailbot.folder.config import Config, secret_key
from mailbot.folder.dkim_keys import load_signer
from mailbot.resources import own_folder, templates_folder
from mailbot.site import Site
from mailbot.store.database import Database

if TYPE_CHECKING:
    from mailbot.core.bulletins.article import Article
    from mailbot.core.calendar import Language
    from mailbot.core.mail.message import Message
    from mailbot.core.reading.answer_form import Sheet
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
        key=secret_key(config),
        renderer=cache(partial(_renderer, config)),
        calendar=config.calendar,
        read_forms=_read_forms,
        write_form=_write_form,
        read_article=_read_article,
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


def _read_article(text: str, language: Language) -> Article:
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
        database.upgrade()
    except StorageUnavailable as away:
        raise Refusal(f"the database cannot be reached: {away}; see `database:` in {config.file}") from away
    return database


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder, so that a second `serve` on it is refused."""
    path = folder / "data" / "serve.lock"
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise Refusal(
                f"{folder}: a service runs on this folder already (process {holder}); stop it, or use another folder"
            ) from None
        try:
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
        except OSError as error:
            raise _unwritable(path, error) from error
        yield


def _opened(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="ascii")
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> Refusal:
    return Refusal(
        f"{path} cannot be written: {error.strerror}; the service needs room, and its user the right to write there"
    )
