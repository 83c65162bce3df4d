"""The desk 事務局のページ: the office, and moderators of lists, decide in a browser what they decide by mail, by the same flows.

Whoever is not named for it is answered as if there was no such page. What is done is shown beforehand, and is a form
with a token of the visit; what was decided meanwhile is not decided again.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import Receive, Scope, Send

from mailbot import log
from mailbot.core.office.desk_sentences import mail_name, sentence
from mailbot.core.refusal import Refusal
from mailbot.flows.members.enter_pages import Visit, form_token, is_own_form
from mailbot.flows.office.command_at_desk import command_at_desk, try_command
from mailbot.flows.office.decide_held import decide_held
from mailbot.flows.office.know_decider import Decider, know_decider
from mailbot.flows.office.look_up_course import (
    acts_at_desk,
    course_of_survey,
    standing_of_service,
    surveys_at_desk,
)
from mailbot.flows.office.look_up_held import (
    MOST_LINES,
    Decision,
    file_of_held,
    foresee,
    held_lines,
    show_held,
)
from mailbot.web.entrance import Entrance, read_number
from mailbot.web.paper import Corner, Paper, file_answer

_DECISIONS: tuple[Decision, ...] = get_args(Decision)
_BACK = re.compile(r"/desk/(?:runs/|surveys/(?:[A-Za-z0-9][A-Za-z0-9._-]*)?)?")
_DECIDING_SECONDS = 8.0  # a page has twenty in all: web/guard.py
_LONGEST_REASON = 500  # characters: as many as a form of 8 KiB holds


@dataclass(frozen=True)
class _AtDesk:
    """Who is at the desk."""

    visit: Visit
    decider: Decider


@dataclass(frozen=True)
class _Outcome:
    """What became of one decision."""

    name: str  # U-0231
    sentence: str
    hints: tuple[str, ...] = ()
    done: bool = True


class OfficeDesk:
    """The pages below /desk/, behind one gate."""

    def __init__(self, corner: Corner, paper: Paper, entrance: Entrance) -> None:
        self._corner = corner
        self._paper = paper
        self._entrance = entrance
        self._pages = Router(
            [
                Route("/", self.held, methods=["GET"]),
                Route("/held/{number}", self.mail, methods=["GET"]),
                Route("/held/{number}/files/{place}", self.file, methods=["GET"]),
                Route("/confirm", self.confirm, methods=["GET"]),
                Route("/decide", self.decide, methods=["POST"]),
                Route("/surveys/", self.surveys, methods=["GET"]),
                Route("/surveys/{key}", self.survey, methods=["GET"]),
                Route("/runs/", self.runs, methods=["GET"]),
                Route("/try", self.attempt, methods=["POST"]),
                Route("/do", self.do, methods=["POST"]),
            ],
            redirect_slashes=False,
        )

    def routes(self) -> list[Mount]:
        """Return where the pages are."""
        return [Mount("/desk", app=self._gate)]

    async def _gate(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the office and moderators pass; to everybody else nothing is here, by whatever method."""
        visit = await self._entrance.visit(Request(scope))
        corner = self._corner
        decider = (
            None if visit is None else await corner.database.reading(know_decider, corner.site, visit.address)
        )
        if visit is None or decider is None:
            raise HTTPException(404)
        scope["at_desk"] = _AtDesk(visit, decider)
        await self._pages(scope, receive, send)

    # --- mails that wait -----------------------------------------------------------------------------------------

    async def held(self, request: Request) -> Response:
        """Show what waits."""
        after = read_number(request.query_params.get("after")) or 0
        return await self._held(request, after, ())

    async def mail(self, request: Request) -> Response:
        """Show one mail as it would go out."""
        corner, number = self._corner, _number_in_path(request, "number")
        shown = await corner.database.reading(
            show_held, corner.site, _at(request).decider, number, corner.clock()
        )
        if shown is None:
            raise HTTPException(404)
        return self._page(request, "desk_mail.html", mail=shown)

    async def file(self, request: Request) -> Response:
        """Hand out one of its files, to be kept and not shown."""
        corner = self._corner
        number, place = _number_in_path(request, "number"), _number_in_path(request, "place")
        file = await corner.database.reading(file_of_held, corner.site, _at(request).decider, number, place)
        return file_answer(file)

    async def confirm(self, request: Request) -> Response:
        """Show what a decision would do, before it is done."""
        decision = _decision(request.query_params.get("decision"))
        numbers = _numbers(request.query_params.getlist("mail"))
        if decision is None or len(numbers) > MOST_LINES:
            raise HTTPException(400)
        corner = self._corner
        found = [
            await corner.database.reading(
                foresee, corner.site, _at(request).decider, number, decision, corner.clock()
            )
            for number in numbers
        ]
        foreseen = [one for one in found if one is not None]
        gone = [mail_name(number) for number, one in zip(numbers, found, strict=True) if one is None]
        possible = [one for one in foreseen if one.possible]
        reasons = {one.reasons for one in possible}
        return self._page(
            request,
            "desk_confirm.html",
            decision=decision,
            foreseen=foreseen,
            gone=gone,
            mails=" ".join(f"{one.line.number}:{one.line.stamp}" for one in possible),
            reasons=reasons.pop() if len(reasons) == 1 else (),
            longest=_LONGEST_REASON,
        )

    async def decide(self, request: Request) -> Response:
        """Do it, each mail in a transaction of its own: one that cannot be decided holds none of the others up."""
        form = await self._own_form(request)
        decision = _decision(form.get("decision"))
        mails = [pair.partition(":") for pair in form.get("mails", "").split()]
        numbers = _numbers([number for number, _, _ in mails])
        written = " ".join(form.get("reason", "").split())
        # As it was shown, not by its place: the list may have other reasons meanwhile
        reason = written or form.get("canned", "")
        if (
            decision is None
            or not 0 < len(numbers) == len(mails) <= MOST_LINES
            or len(written) > _LONGEST_REASON
        ):
            raise HTTPException(400)
        outcomes: list[_Outcome] = []
        loop = asyncio.get_running_loop()
        ends = loop.time() + _DECIDING_SECONDS
        for number, (_, _, stamp) in zip(numbers, mails, strict=True):
            if loop.time() < ends:
                outcomes.append(await self._decide(request, number, stamp, decision, reason))
            else:  # a request that is cut off would not say what was done
                name = mail_name(number)
                said = sentence(self._corner.site.language, "time-is-up", mail=name)
                outcomes.append(_Outcome(name, said, done=False))
        self._corner.wake_delivery()
        return await self._held(request, 0, outcomes)

    async def _decide(
        self, request: Request, number: int, stamp: str, decision: Decision, reason: str
    ) -> _Outcome:
        corner, decider = self._corner, _at(request).decider
        try:
            said = await corner.database.writing(
                decide_held, corner.site, decider, number, stamp, decision, reason, corner.clock()
            )
        except Refusal as refusal:
            return _Outcome(mail_name(number), str(refusal), done=False)
        log.event("web.decided", inbox=number, decision=decision)
        return _Outcome(mail_name(number), said.sentence, said.hints)

    async def _held(
        self, request: Request, after: int, outcomes: tuple[_Outcome, ...] | list[_Outcome]
    ) -> Response:
        corner, decider = self._corner, _at(request).decider
        lines, more = await corner.database.reading(held_lines, corner.site, decider, after)
        return self._page(request, "desk_held.html", lines=lines, more=more, after=after, outcomes=outcomes)

    # --- surveys, runs, and whatever is commanded by a line -------------------------------------------------------

    async def surveys(self, request: Request) -> Response:
        """Show the surveys, and what waits for a second person."""
        corner, decider = self._corner, _of_office(request)
        found = await corner.database.reading(surveys_at_desk)
        waiting = await corner.database.reading(acts_at_desk, corner.site, decider)
        return self._page(request, "desk_surveys.html", surveys=found, acts=waiting)

    async def survey(self, request: Request) -> Response:
        """Show how a survey goes."""
        corner, key = self._corner, request.path_params["key"]
        after = read_number(request.query_params.get("after")) or 0
        course = await corner.database.reading(
            course_of_survey, corner.site, _of_office(request), key, after, corner.clock()
        )
        if course is None:
            raise HTTPException(404)
        return self._page(request, "desk_survey.html", course=course)

    async def runs(self, request: Request) -> Response:
        """Show what stands due, and how the service is."""
        _of_office(request)
        corner = self._corner
        found = await corner.database.reading(standing_of_service, corner.site, corner.clock())
        return self._page(request, "desk_runs.html", found=found)

    async def attempt(self, request: Request) -> Response:
        """Show what a line would do, as its trial says."""
        decider, form = _of_office(request), await self._own_form(request)
        line, act, back = _command(form)
        corner = self._corner
        tried = await corner.database.writing(
            try_command, corner.site, decider, _at(request).visit, line, act, corner.clock()
        )
        return self._page(request, "desk_try.html", tried=tried, line=line, act=act, back=back)

    async def do(self, request: Request) -> Response:
        """Do it, once."""
        decider, form = _of_office(request), await self._own_form(request)
        line, act, back = _command(form)
        corner, once = self._corner, form.get("once", "")
        try:
            said = await corner.database.writing(
                command_at_desk, *(corner.site, decider, _at(request).visit, line, act, once, corner.clock())
            )
        except Refusal as refusal:
            outcome = _Outcome("", str(refusal), done=False)
        else:
            log.event("web.commanded", done=not said.failed)
            outcome = _Outcome("", said.sentence, said.hints, done=not said.failed)
        corner.wake_delivery()
        return self._page(request, "desk_done.html", outcome=outcome, back=back)

    # --- all pages -----------------------------------------------------------------------------------------------

    def _page(self, request: Request, template: str, **words: object) -> Response:
        at = _at(request)
        return self._paper.page(
            template,
            200,
            at=at.decider,
            address=at.visit.address,
            token=form_token(self._corner.site, at.visit),
            **words,
        )

    async def _own_form(self, request: Request) -> dict[str, str]:
        """Read a form that was made for this very visit. Raises HTTPException."""
        form = await self._entrance.form(request)
        if not is_own_form(self._corner.site, _at(request).visit, form.get("token", "")):
            raise HTTPException(400)
        return form


def _at(request: Request) -> _AtDesk:
    at = request.scope["at_desk"]
    assert isinstance(at, _AtDesk)
    return at


def _of_office(request: Request) -> Decider:
    """Return who is at the desk for the office; to a moderator its pages are not there. Raises HTTPException."""
    decider = _at(request).decider
    if not decider.of_office:
        raise HTTPException(404)
    return decider


def _command(form: dict[str, str]) -> tuple[str, int, str]:
    """Return the line that a form commands, the act that it approves (0: none), and the page that it stood on."""
    line = " ".join(f"{form.get('line', '')} {form.get('rest', '')}".split())
    back = form.get("back", "")
    if not line or len(line) > _LONGEST_REASON:
        raise HTTPException(400)
    return line, read_number(form.get("act")) or 0, back if _BACK.fullmatch(back) else "/desk/"


def _decision(text: str | None) -> Decision | None:
    return next((one for one in _DECISIONS if one == text), None)


def _number_in_path(request: Request, name: str) -> int:
    number = read_number(request.path_params[name])
    if number is None:
        raise HTTPException(404)
    return number


def _numbers(texts: list[str]) -> list[int]:
    """Return the numbers of mails, each once. Raises HTTPException where one is none."""
    numbers = [read_number(text) for text in dict.fromkeys(texts)]
    if None in numbers:
        raise HTTPException(400)
    return [number for number in numbers if number is not None]
