"""What every page is written on: the templates of `templates/web/`, what all of them are told; and files that are handed out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import jinja2
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from mailbot.core.mail.attached_file import AttachedFile
from mailbot.site import Site
from mailbot.store.database import Database


@dataclass(frozen=True)
class Corner:
    """What the pages are built on."""

    database: Database
    site: Site
    clock: Callable[[], datetime]
    wake_delivery: Callable[[], None]  # a mail was queued
    last_tick: Callable[[], datetime | None]  # see web/health.py
    templates: Path  # the folder with web/
    senders: Mapping[str, int] | None = None  # see web/health.py


class Paper:
    """Renders pages."""

    def __init__(self, corner: Corner) -> None:
        self._site = corner.site
        folder = corner.templates / "web"
        self.style = (folder / "page.css").read_text(encoding="utf-8")
        self._environment = _environment(folder)

    def page(self, template: str, code: int = 200, **words: object) -> HTMLResponse:
        """Return a page with this status code."""
        site = self._site
        shown = self._environment.get_template(template).render(
            **words, style=self.style, domain=site.domain, office=site.office, local=self._local
        )
        return HTMLResponse(shown, code)

    def _local(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._site.zone):%Y/%m/%d %H:%M}"


@cache  # it keeps the templates that it has read, and nothing of an installation
def _environment(folder: Path) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def file_answer(found: tuple[AttachedFile, bytes] | None) -> Response:
    """Return a file of a mail, to be kept and not shown. Raises HTTPException where there is none."""
    if found is None:
        raise HTTPException(404)
    file, content = found
    # Whatever a stranger says that it is, no browser shall find something to run in it.
    return Response(
        content, media_type="application/octet-stream", headers={"Content-Disposition": file.disposition}
    )
