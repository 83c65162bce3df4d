"""The pages: the way out of a list by its link, the place of a post, health; Japanese first, English beside it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import jinja2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mailbot import log
from mailbot.core.mail.envelope import StorageFull, StorageUnavailable
from mailbot.core.mail.one_click import is_one_click, read_form
from mailbot.core.refusal import Refusal
from mailbot.flows.members.obey_link import Link, obey_link, read_link
from mailbot.site import Site
from mailbot.store import archive, lists
from mailbot.store.database import Database
from mailbot.web.guard import Guard
from mailbot.web.health import Health

_REST_DAYS = (14, 30, 90)


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


def application(corner: Corner) -> ASGIApp:
    """Return the whole application."""
    style = (corner.templates / "web" / "page.css").read_text(encoding="utf-8")
    pages = _Pages(corner, style)
    health = Health(corner.database, corner.clock, corner.last_tick, corner.senders)
    routes = [
        Route("/u/{token}", pages.way_out, methods=["GET"]),
        Route("/u/{token}", pages.leave, methods=["POST"]),
        Route("/a/{name}/", pages.archive, methods=["GET"]),
        Route("/a/{name}/m/{stable}", pages.archive, methods=["GET"]),
        Route("/healthz", health.alive, methods=["GET"]),
        Route("/readyz", health.ready, methods=["GET"]),
        Route("/metrics", health.metrics, methods=["GET"]),
    ]
    faults = (HTTPException, StorageUnavailable, StorageFull)
    inner = Starlette(routes=routes, exception_handlers=dict.fromkeys(faults, pages.fault))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return Guard(inner, f"sha256-{digest}")


class _Pages:
    def __init__(self, corner: Corner, style: str) -> None:
        self._corner = corner
        self._style = style
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(corner.templates / "web"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def way_out(self, request: Request) -> Response:
        """Show a button; to look, or to prefetch, changes nothing (RFC 8058 section 1)."""
        link = await self._corner.database.reading(read_link, self._corner.site, request.path_params["token"])
        if link is None:
            raise HTTPException(404)
        return self._page("leave.html" if link.member else "left.html", link=link, days=_REST_DAYS)

    async def leave(self, request: Request) -> Response:
        """Leave by exactly the POST of RFC 8058, from a mail program or our own button; or rest, by the other buttons."""
        form = read_form(request.headers.get("content-type", ""), await request.body())
        days = _days(form)
        if not is_one_click(form) and days is None:
            raise HTTPException(400)
        corner = self._corner
        try:
            link = await corner.database.writing(
                obey_link, corner.site, request.path_params["token"], days, corner.clock()
            )
        except Refusal:
            raise HTTPException(403) from None
        if link is None:
            raise HTTPException(404)
        corner.wake_delivery()
        log.event("web.rests" if days else "web.left", list=link.list.name, was_member=link.member)
        return self._page("rests.html" if days and link.member else "left.html", link=link, number=days)

    async def archive(self, request: Request) -> Response:
        """Show how to get a post by mail: its text is for members only, and nobody can log in here yet."""
        name, stable = request.path_params["name"], request.path_params.get("stable")
        database = self._corner.database
        value = await database.reading(lists.load, name)
        post = None if stable is None else await database.reading(archive.by_stable, name, stable)
        if value is None or not value.archive or (stable is not None and post is None):
            raise HTTPException(404)
        return self._page("archive.html", list=value, number=None if post is None else post.number)

    async def fault(self, _request: Request, error: Exception) -> Response:
        """Show what went wrong, in words."""
        status = error.status_code if isinstance(error, HTTPException) else 503  # the database is away
        page = self._page("fault.html", status=status)
        page.status_code = status
        if isinstance(error, HTTPException):
            page.headers.update(error.headers or {})
        return page

    def _page(self, template: str, **words: object) -> HTMLResponse:
        site = self._corner.site
        shown = self._environment.get_template(template).render(
            **words, style=self._style, domain=site.domain, office=site.office, masked=_masked
        )
        return HTMLResponse(shown)


def _days(form: dict[str, str] | None) -> int | None:
    """Return for how long the mail shall rest, if a button says so."""
    if form is None or set(form) != {"rest"}:
        return None
    return next((days for days in _REST_DAYS if str(days) == form["rest"]), None)


def _masked(link: Link) -> str:
    """Return the address so that its owner knows it, and who got the copy forwarded does not."""
    local, _, domain = link.address.rpartition("@")
    return f"{local[:2]}…@{domain}"
