"""Who is at a page, and whether a form is one of ours: the same for the members' corner and the desk."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mailbot.core.mail.one_click import read_form
from mailbot.flows.members.enter_pages import VISIT_LASTS, Visit, visit_of
from mailbot.web.paper import Corner

# A browser takes it from no neighbouring host, and only with TLS (RFC 6265bis 4.1.3.2)
_COOKIE = "__Host-mailbot"
# Sec-Fetch-Site of a form of ours; None: an old browser
_SAME_SITE = frozenset({None, "same-origin", "none"})


class Entrance:
    """Knows visits by their cookie, and refuses every form that another site's page has made the browser send."""

    def __init__(self, corner: Corner) -> None:
        self._corner = corner

    async def visit(self, request: Request) -> Visit | None:
        """Return for whom this browser was let in; None: for nobody."""
        session = request.cookies.get(_COOKIE, "")
        corner = self._corner
        return (
            await corner.database.reading(visit_of, corner.site, session, corner.clock()) if session else None
        )

    async def form(self, request: Request) -> dict[str, str]:
        """Read a form. Raises HTTPException."""
        if request.headers.get("sec-fetch-site") not in _SAME_SITE:
            raise HTTPException(400)
        body = await request.body()
        form = read_form(request.headers.get("content-type", ""), body) if body else {}
        if form is None or any("\0" in value for value in form.values()):
            raise HTTPException(400)
        return form

    @staticmethod
    def let_in(answer: Response, session: str) -> None:
        """Set the cookie that the browser shows from now on."""
        answer.set_cookie(
            _COOKIE,
            session,
            max_age=int(VISIT_LASTS.total_seconds()),
            secure=True,
            httponly=True,
            samesite="lax",  # a link in a mail leads to a post; no other site's form reaches us
        )

    @staticmethod
    def let_out(answer: Response) -> None:
        """Delete the cookie."""
        answer.delete_cookie(_COOKIE, secure=True, httponly=True, samesite="lax")


def read_number(text: str | None) -> int | None:
    """Return a number that stands in an address; None: none, or no such number."""
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 10 else None
