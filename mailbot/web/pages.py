"""The pages: the way out of a list by its link, the members' corner, the desk, health; Japanese first, English beside it."""

from __future__ import annotations

import base64
import hashlib

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from mailbot import log
from mailbot.core.mail.one_click import is_one_click, read_form
from mailbot.core.refusal import Refusal
from mailbot.core.transfer.envelope import StorageFull, StorageUnavailable
from mailbot.flows.members.obey_link import Link, obey_link, read_link
from mailbot.web.entrance import Entrance
from mailbot.web.guard import Guard
from mailbot.web.health import Health
from mailbot.web.members_corner import MembersCorner
from mailbot.web.office_desk import OfficeDesk
from mailbot.web.paper import Corner, Paper

_REST_DAYS = (14, 30, 90)


def application(corner: Corner) -> ASGIApp:
    """Return the whole application."""
    paper = Paper(corner)
    entrance = Entrance(corner)
    pages = _Pages(corner, paper)
    health = Health(corner.database, corner.clock, corner.last_tick, corner.senders)
    routes: list[BaseRoute] = [
        Route("/u/{token}", pages.way_out, methods=["GET"]),
        Route("/u/{token}", pages.leave, methods=["POST"]),
        *MembersCorner(corner, paper, entrance).routes(),
        *OfficeDesk(corner, paper, entrance).routes(),
        Route("/healthz", health.alive, methods=["GET"]),
        Route("/readyz", health.ready, methods=["GET"]),
        Route("/metrics", health.metrics, methods=["GET"]),
    ]
    faults = (HTTPException, StorageUnavailable, StorageFull)
    inner = Starlette(routes=routes, exception_handlers=dict.fromkeys(faults, pages.fault))
    inner.router.redirect_slashes = False  # it would lead to whatever host the client has named
    digest = base64.b64encode(hashlib.sha256(paper.style.encode()).digest()).decode()
    return Guard(inner, f"sha256-{digest}")


class _Pages:
    def __init__(self, corner: Corner, paper: Paper) -> None:
        self._corner = corner
        self._paper = paper

    async def way_out(self, request: Request) -> Response:
        """Show a button; to look, or to prefetch, changes nothing (RFC 8058 section 1)."""
        link = await self._corner.database.reading(read_link, self._corner.site, request.path_params["token"])
        if link is None:
            raise HTTPException(404)
        return self._paper.page(
            "leave.html" if link.member else "left.html", link=link, masked=_masked, days=_REST_DAYS
        )

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
        return self._paper.page(
            "rests.html" if days and link.member else "left.html", link=link, masked=_masked, number=days
        )

    async def fault(self, _request: Request, error: Exception) -> Response:
        """Show what went wrong, in words."""
        status = error.status_code if isinstance(error, HTTPException) else 503  # the database is away
        page = self._paper.page("fault.html", status, status=status, entrance=bool(self._corner.site.web_url))
        if isinstance(error, HTTPException):
            page.headers.update(error.headers or {})
        return page


def _days(form: dict[str, str] | None) -> int | None:
    """Return for how long the mail shall rest, if a button says so."""
    if form is None or set(form) != {"rest"}:
        return None
    return next((days for days in _REST_DAYS if str(days) == form["rest"]), None)


def _masked(link: Link) -> str:
    """Return the address so that its owner knows it, and who got the copy forwarded does not."""
    local, _, domain = link.address.rpartition("@")
    return f"{local[:2]}…@{domain}"
