"""The members' corner 会員ページ: whoever was let in by a link in his mail sees what is his, and reads his lists' archives."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mailbot import log
from mailbot.core.lists.list_command import Command, Deliver, On
from mailbot.core.lists.list_sentences import list_sentence
from mailbot.core.lists.mailing_list import MailingList
from mailbot.core.refusal import Refusal
from mailbot.flows.lists.read_archive import (
    MOST_FOUND,
    may_read,
    newest_threads,
    read_file,
    read_thread,
    search_archive,
)
from mailbot.flows.members.enter_pages import Visit, enter_pages, leave_pages, read_link, send_link
from mailbot.flows.members.look_up_own import look_up_own
from mailbot.flows.members.perform_list_command import Writer, perform_list_command
from mailbot.flows.office.know_decider import know_decider
from mailbot.flows.surveys.read_result import read_result
from mailbot.flows.surveys.send_own_ballot import send_own_ballot
from mailbot.store.lists import archive, lists
from mailbot.web.entrance import Entrance, read_number
from mailbot.web.paper import Corner, Paper, file_answer

_ASKED_SECONDS = 0.25  # for every address: to queue a mail takes longer than to find that nobody has it
_SETTINGS: dict[str, Command] = {
    "each": Deliver("each"),
    "digest": Deliver("digest"),
    "notices": Deliver("notices"),
    "none": Deliver("none"),
    "on": On(),
}
_LONGEST_QUERY = 200  # characters


class MembersCorner:
    """The pages behind a link in a mail. Every POST is refused that another site's page has made the browser send."""

    def __init__(self, corner: Corner, paper: Paper, entrance: Entrance) -> None:
        self._corner = corner
        self._entrance = entrance
        self._paper = paper

    def routes(self) -> list[Route]:
        """Return where the pages are."""
        return [
            Route("/", self.own, methods=["GET"]),
            Route("/sign-in", self.ask, methods=["POST"]),
            Route("/s/{token}", self.link, methods=["GET"]),
            Route("/s/{token}", self.enter, methods=["POST"]),
            Route("/sign-out", self.leave, methods=["POST"]),
            Route("/lists/{name}", self.set, methods=["POST"]),
            Route("/ballots/{key}", self.ballot, methods=["POST"]),
            Route("/results/{key}", self.result, methods=["GET"]),
            Route("/a/{name}/", self.archive, methods=["GET"]),
            Route("/a/{name}/m/{stable}", self.post, methods=["GET"]),
            Route("/a/{name}/m/{stable}/files/{place}", self.file, methods=["GET"]),
        ]

    # --- in and out ---------------------------------------------------------------------------------------------

    async def own(self, request: Request) -> Response:
        """Show what is his; to somebody who is not let in yet, show how to be."""
        visit = await self._entrance.visit(request)
        if visit is None:
            return self._door("/")
        return await self._own(visit, "")

    async def ask(self, request: Request) -> Response:
        """Mail the link, if we know the address; what is shown does not say so."""
        form = await self._entrance.form(request)
        address, place = form.get("address", ""), form.get("place", "/")
        corner = self._corner
        sent, _ = await asyncio.gather(
            corner.database.writing(send_link, corner.site, address, place, corner.clock()),
            asyncio.sleep(_ASKED_SECONDS),
        )
        if sent:
            corner.wake_delivery()
        log.event("web.link_asked", sent=sent)
        return self._paper.page("link_sent.html")

    async def link(self, request: Request) -> Response:
        """Show a button: a gateway that follows the link must not use it up."""
        corner = self._corner
        token = request.path_params["token"]
        works = await corner.database.reading(read_link, corner.site, token, corner.clock())
        return self._paper.page("enter.html") if works else self._door("/", spent=True)

    async def enter(self, request: Request) -> Response:
        """Let this browser in."""
        await self._entrance.form(request)
        corner = self._corner
        token = request.path_params["token"]
        entered = await corner.database.writing(enter_pages, corner.site, token, corner.clock())
        if entered is None:
            return self._door("/", spent=True)
        session, place = entered
        log.event("web.entered")
        answer = RedirectResponse(place, 303)
        self._entrance.let_in(answer, session)
        return answer

    async def leave(self, request: Request) -> Response:
        """End the visit."""
        visit, _ = await self._visit_with_form(request)
        await self._corner.database.writing(leave_pages, visit, self._corner.clock())
        answer = RedirectResponse("/", 303)
        self._entrance.let_out(answer)
        return answer

    # --- what he sets --------------------------------------------------------------------------------------------

    async def set(self, request: Request) -> Response:
        """Do as the command by mail does, for one list of his."""
        visit, form = await self._visit_with_form(request)
        command = _SETTINGS.get(form.get("deliver", ""))
        if command is None:
            raise HTTPException(400)
        corner = self._corner
        writer = Writer(visit.address, proved=True, list_name=request.path_params["name"])
        try:
            said = await corner.database.writing(
                perform_list_command, corner.site, writer, command, corner.clock()
            )
        except Refusal as refusal:
            return await self._own(visit, str(refusal))
        return await self._own(visit, said.sentence)

    async def ballot(self, request: Request) -> Response:
        """Send his own ballots in one survey anew."""
        visit, _ = await self._visit_with_form(request)
        corner, key = self._corner, request.path_params["key"]
        sent = await corner.database.writing(send_own_ballot, corner.site, visit.address, key, corner.clock())
        if sent == 0:
            raise HTTPException(404)
        corner.wake_delivery()
        name = "ballot-sent" if sent else "ballot-limit"
        return await self._own(visit, list_sentence(corner.site.language, name, key=key))

    async def result(self, request: Request) -> Response:
        """Show a published result as it was sent to him."""
        visit = await self._entrance.visit(request)
        if visit is None:
            return self._door(request.url.path)
        key = request.path_params["key"]
        found = await self._corner.database.reading(read_result, visit.address, key)
        if found is None:
            raise HTTPException(404)
        return self._paper.page("result.html", found=found)

    # --- archives ------------------------------------------------------------------------------------------------

    async def archive(self, request: Request) -> Response:
        """Show a list's newest threads, or what holds the words that he looks for."""
        value = await self._list_of(request)
        if isinstance(value, Response):
            return value
        corner, words = self._corner, request.query_params.get("q", "")[:_LONGEST_QUERY]
        if words:
            found = await corner.database.reading(search_archive, corner.site, value, words)
            return self._paper.page("found.html", list=value, words=words, found=found, most=MOST_FOUND)
        before = read_number(request.query_params.get("before"))
        lines, more = await corner.database.reading(newest_threads, value, before)
        return self._paper.page("threads.html", list=value, threads=lines, more=more, words="")

    async def post(self, request: Request) -> Response:
        """Show a post in its thread."""
        value = await self._list_of(request)
        if isinstance(value, Response):
            return value
        stable, after = request.path_params["stable"], read_number(request.query_params.get("after")) or 0
        posts, more = await self._corner.database.reading(read_thread, value, stable, after)
        if not posts:
            raise HTTPException(404)
        return self._paper.page("thread.html", list=value, posts=posts, more=more, stable=stable)

    async def file(self, request: Request) -> Response:
        """Hand out a file of a post, to be kept and not shown."""
        value = await self._list_of(request)
        if isinstance(value, Response):
            return value
        place = read_number(request.path_params["place"])
        if place is None:
            raise HTTPException(404)
        stable = request.path_params["stable"]
        return file_answer(await self._corner.database.reading(read_file, value, stable, place))

    async def _list_of(self, request: Request) -> MailingList | Response:
        """Return the list whose archive he may read; else the page that says how to be let in."""
        corner, name = self._corner, request.path_params["name"]
        visit = await self._entrance.visit(request)
        if visit is None:  # who was not let in is not told which lists there are
            return self._door(request.url.path.partition("/files/")[0])
        value = await corner.database.reading(may_read, corner.site, name, visit.address)
        if value is not None:
            return value
        if not await self._has_archive(request):
            raise HTTPException(404)
        return self._paper.page("not_member.html", 403, name=name)

    async def _has_archive(self, request: Request) -> bool:
        """Tell whether there is such an archive, and such a post."""
        name, stable = request.path_params["name"], request.path_params.get("stable")
        value = await self._corner.database.reading(lists.load, name)
        if value is None or not value.archive:
            return False
        return (
            stable is None or await self._corner.database.reading(archive.by_stable, name, stable) is not None
        )

    # --- who is there --------------------------------------------------------------------------------------------

    async def _visit_with_form(self, request: Request) -> tuple[Visit, dict[str, str]]:
        """Return who presses a button of ours, and the form. Raises HTTPException."""
        form = await self._entrance.form(request)
        visit = await self._entrance.visit(request)
        if visit is None:
            raise HTTPException(401)
        return visit, form

    def _door(self, place: str, *, spent: bool = False) -> Response:
        """Show how one is let in, and where to."""
        if not self._corner.site.web_url:
            raise HTTPException(404)  # no link could be made
        return self._paper.page("door.html", place=place, spent=spent)

    async def _own(self, visit: Visit, said: str) -> Response:
        corner = self._corner
        own = await corner.database.reading(look_up_own, corner.site, visit.address, corner.clock())
        decider = await corner.database.reading(know_decider, corner.site, visit.address)
        return self._paper.page(
            "own.html", own=own, address=visit.address, said=said, desk=decider is not None
        )
