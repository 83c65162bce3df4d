"""The members' corner over a real socket: who is let in, what he sees, and what nobody else gets."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import select

from mailbot.core.mail.token import visit_token
from mailbot.flows.lists.purge_posts import purge_posts
from mailbot.flows.members.erase_person import erase_person
from mailbot.flows.surveys.close_survey import close_survey
from mailbot.store.database import Database
from mailbot.store.members import members, other_addresses
from mailbot.store.tables import mailing
from mailbot.web import members_corner
from tests.databases import database, database_url, sqlite
from tests.flows.post_office import (
    BODIES,
    CONTACTS,
    KAIGI,
    OFFICE,
    SATO,
    SECURITY,
    STRANGER,
    SURVEY,
    SUZUKI,
    TANAKA,
    UEDA,
    YAMADA,
    Copy,
    open_post_office,
)
from tests.web.test_pages import Answer, Site, read, running_site, site

__all__ = ["database", "database_url", "site", "sqlite"]


@dataclass
class Browser:
    """One that keeps the cookie it gets."""

    site: Site
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str) -> Answer:
        """Look at a page."""
        return await self._ask("GET", path, "")

    async def post(self, path: str, **form: str) -> Answer:
        """Press a button."""
        return await self._ask("POST", path, urlencode(form))

    async def _ask(self, method: str, path: str, body: str) -> Answer:
        lines = [f"{method} {path} HTTP/1.1", "Host: ml.example.jp"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.cookie:
            lines.append(f"Cookie: {self.cookie}")
        if method == "POST":
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        answer = read(await self.site.say(("\r\n".join(lines) + "\r\n\r\n" + body).encode()))
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    async def link(self, address: str, place: str = "/") -> str:
        """Ask for a link; returns its path, as it stands in the mail."""
        assert (await self.post("/sign-in", address=address, place=place)).status == 200
        mail = links(self.site)[-1]
        found = re.search(r"https://ml\.example\.jp(/s/\S+)", mail.text)
        assert found is not None
        return found[1]


def links(site: Site) -> list[Copy]:
    """Return the mails with links."""
    return [copy for copy in site.office.all_copies() if copy.kind == "visit_link"]


async def entered(site: Site, address: str) -> Browser:
    """Return a browser in which this person was let in."""
    browser = Browser(site)
    answer = await browser.post(await browser.link(address))
    assert (answer.status, answer.headers["location"]) == (303, "/")
    return browser


async def test_a_link_in_his_mail_lets_him_in(site: Site) -> None:
    """It goes to the registered address alone; to follow it does nothing, its button lets in that browser, once."""
    browser = Browser(site)
    assert "リンクを受け取る" in (await browser.get("/")).body
    path = await browser.link(f" {YAMADA.upper()} ")
    (mail,) = links(site)
    assert (mail.to, mail.mail_from, site.woken) == (YAMADA, "", 1)
    with site.office.database.read() as connection:  # what is stored opens nothing (promises.md I31)
        stored = connection.execute(
            select(mailing.c.cooked).where(mailing.c.kind == "visit_link")
        ).scalar_one()
    assert path.rpartition("/")[2].encode() not in stored
    for _ in range(3):  # a gateway looks at every link
        assert "会員ページを開く" in (await browser.get(path)).body
    assert browser.cookie == ""
    answer = await browser.post(path)
    assert browser.cookie.startswith("__Host-"), "no neighbouring host can have set it"
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(answer.headers["set-cookie"].split("; "))
    page = await browser.get("/")
    assert "長野市 山田太郎 様" in page.body
    assert YAMADA in page.body
    for answer in (await Browser(site).get(path), await Browser(site).post(path)):
        assert "もうお使いになれません" in answer.body
        assert "set-cookie" not in answer.headers


async def test_what_is_shown_does_not_say_who_is_registered(site: Site) -> None:
    """A stranger gets no mail, and the same page."""
    browser = Browser(site)
    known = await browser.post("/sign-in", address=YAMADA)
    for address in (STRANGER, "", "x" * 2_000, "山田@例え.jp", "a@b\r\nBcc: c@d"):
        answer = await browser.post("/sign-in", address=address)
        assert (answer.status, answer.body) == (known.status, known.body)
    assert (await browser.post("/sign-in", address=f"{YAMADA}\0")).status == 400
    assert [mail.to for mail in links(site)] == [YAMADA]


async def test_neither_does_the_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """To queue a mail takes twice as long as to find nobody: all are answered when the same time is over."""
    monkeypatch.setattr(members_corner, "_ASKED_SECONDS", 0.2)
    for address in (YAMADA, STRANGER):
        begun = time.monotonic()
        await Browser(site).post("/sign-in", address=address)
        assert time.monotonic() - begun >= 0.2


async def test_a_cookie_of_somebody_erased_lets_nobody_in(site: Site) -> None:
    """Neither does his link: the next visit, which is another's, has not their number."""
    office, browser = site.office, await entered(site, TANAKA)
    path = await browser.link(TANAKA)
    with office.database.write() as connection:
        erase_person(connection, office.site, TANAKA, office.now)
    others = [await entered(site, YAMADA), await entered(site, SATO)]
    assert all(["様" in (await other.get("/")).body for other in others])
    assert "リンクを受け取る" in (await browser.get("/")).body
    await Browser(site).link(SUZUKI)
    assert "もうお使いになれません" in (await Browser(site).post(path)).body


async def test_a_visit_follows_his_address(site: Site) -> None:
    """Where his mail goes to another address of his meanwhile, the page is still his."""
    browser, new = await entered(site, TANAKA), "tanaka.jiro@city.ueda.lg.jp"
    with site.office.database.write() as connection:
        members.change_email(connection, TANAKA, new, None, successor=False)
        other_addresses.add(connection, new, TANAKA)
    page = (await browser.get("/")).body
    assert "上田市 田中次郎 様" in page
    assert new in page


async def test_nothing_leads_to_a_host_that_the_client_names(site: Site) -> None:
    """An address with a slash too few or too many is none."""
    for path in ("/a/kaigi", "/sign-in/", "/u/x/"):
        answer = read(await site.say(f"GET {path} HTTP/1.1\r\nHost: evil.test\r\n\r\n".encode()))
        assert (answer.status, "location" in answer.headers) == (404, False)


async def test_no_address_holds_nul(database: Database) -> None:
    """PostgreSQL takes none in a text; it is no fault of ours."""
    office = open_post_office(database)
    async with running_site(office) as site:
        browser = await entered(site, YAMADA)
        for path in ("/a/%00/", "/a/kaigi/m/a%00b", "/results/%00", "/s/%00", "/u/%00"):
            assert (await browser.get(path)).status == 404
        for path in ("/ballots/a%00b", "/lists/%00", "/s/%00"):
            assert (await browser.post(path, deliver="none")).status == 404
        assert (await browser.get("/a/kaigi/?q=a%00b")).status == 200
        assert (await browser.post("/sign-in", address="a\0@example.jp")).status == 400


async def test_many_buttons_at_once(database: Database) -> None:
    """One link lets one of twelve browsers in; settings that are pressed together are all done."""
    async with running_site(open_post_office(database)) as site:
        path = await Browser(site).link(YAMADA)
        browsers = [Browser(site) for _ in range(12)]
        entries = await asyncio.gather(*(one.post(path) for one in browsers))
        assert sorted(one.status for one in entries) == [200] * 11 + [303]
        (browser,) = [one for one in browsers if one.cookie]
        for _ in range(3):
            wishes = ["none", "on", "digest", "each"] * 4
            answers = await asyncio.gather(*(browser.post("/lists/kaigi", deliver=one) for one in wishes))
            assert {one.status for one in answers} == {200}


async def test_what_others_wrote_is_text(site: Site) -> None:
    """Of a title, a subject, a text, the words of a search, a path: no markup and no way out of an attribute."""
    markup = "<script>x</script>\"'><img src=x>"
    site.office.apply(replace(KAIGI, title=f"T{markup}"))
    site.office.post(
        YAMADA, to="kaigi@ml.example.jp", subject=f"S{markup}", text=f"B{markup}", Message_ID="<\"'><img>@x>"
    )
    browser = await entered(site, TANAKA)
    contents = await browser.get("/a/kaigi/")
    (post,) = re.findall(r'href="(/a/kaigi/m/[^"]+)"', contents.body)
    said = await browser.post("/lists/" + quote("<script>"), deliver="none")
    set_ = await browser.post("/lists/kaigi", deliver="none")
    words = "/a/kaigi/?" + urlencode({"q": f"S{markup}"})
    pages = [contents, said, set_, *[await browser.get(path) for path in ("/", post, words)]]
    pages.append(await Browser(site).get("/results/" + quote("<script>")))
    for page in pages:
        assert "<script" not in page.body
        assert "<img" not in page.body
    assert sum("&lt;script&gt;" in page.body for page in pages) == 7


async def test_nobody_is_bombed_with_links(site: Site) -> None:
    """Three a day to one address (promises.md I30)."""
    browser = Browser(site)
    for _ in range(5):
        await browser.post("/sign-in", address=SATO)
    assert len(links(site)) == 3
    site.office.now += timedelta(days=1, minutes=1)
    await browser.post("/sign-in", address=SATO)
    assert len(links(site)) == 4


async def test_nobody_is_kept_out_by_who_asks_for_his_links(site: Site) -> None:
    """While no more mail goes out, a link that did still works; who enters by his link may enter as often as he likes."""
    for _ in range(5):
        await Browser(site).post("/sign-in", address=SATO)
    mails = links(site)
    site.office.now += timedelta(hours=23, minutes=59)
    assert "どれでもお開きください" in (await Browser(site).post("/sign-in", address=SATO)).body
    assert len(links(site)) == len(mails) == 3
    for mail in mails:
        found = re.search(r"/s/\S+", mail.text)
        assert found is not None
        assert (await Browser(site).post(found[0])).status == 303
    for _ in range(9):  # each was asked for by himself
        await entered(site, SATO)
    for _ in range(5):
        await Browser(site).post("/sign-in", address=SATO)
    assert len(links(site)) == 3 + 9 + 3


async def test_links_and_visits_end(site: Site) -> None:
    """A link after half an hour, a visit after half a day, when he signs out, or is nobody here any more."""
    browser = Browser(site)
    path = await browser.link(YAMADA)
    site.office.now += timedelta(hours=25)
    assert "もうお使いになれません" in (await browser.post(path)).body
    browser = await entered(site, YAMADA)
    site.office.now += timedelta(hours=11)
    assert "山田太郎" in (await browser.get("/")).body
    site.office.now += timedelta(hours=2)
    assert "リンクを受け取る" in (await browser.get("/")).body

    browser = await entered(site, SATO)
    copied = Browser(site, browser.cookie)
    gone = await browser.post("/sign-out")
    assert gone.status == 303
    assert "Secure" in gone.headers["set-cookie"].split("; "), "else a browser keeps a cookie of this name"
    assert "リンクを受け取る" in (await copied.get("/")).body

    browser = await entered(site, TANAKA)
    site.office.register(
        BODIES, [replace(one, email="arai@city.ueda.lg.jp") if one.code == UEDA else one for one in CONTACTS]
    )
    assert "リンクを受け取る" in (await browser.get("/")).body


async def test_made_up_tokens_let_nobody_in(site: Site) -> None:
    """Of another key, of the other stage, of another kind of question, or cut."""
    path = await Browser(site).link(YAMADA)
    own, key = path.removeprefix("/s/"), site.office.site.key
    session = visit_token(key, "session", 1)
    for token in (visit_token(b"x" * 32, "link", 1), session, own[:-1], own + "0", "x", "%00", "..%2f"):
        assert "set-cookie" not in (await Browser(site).post(f"/s/{token}")).headers
    for cookie in (own, session, visit_token(b"x" * 32, "session", 1), "", "\x7f", "a" * 4_000):
        assert "リンクを受け取る" in (await Browser(site, f"__Host-mailbot={cookie}").get("/")).body


async def test_no_other_site_presses_a_button(site: Site) -> None:
    """A page elsewhere can make a browser send a form, which says where it came from; the cookie is not sent with it."""
    browser = await entered(site, YAMADA)
    for place in ("cross-site", "same-site"):
        browser.headers = {"Sec-Fetch-Site": place}
        for path in ("/sign-out", "/lists/kaigi", f"/ballots/{SURVEY.key}", "/sign-in", "/s/x"):
            assert (await browser.post(path, deliver="none", address=YAMADA)).status == 400
    browser.headers = {"Sec-Fetch-Site": "same-origin"}
    assert (await browser.post("/lists/kaigi", deliver="digest")).status == 200
    for path in ("/sign-out", "/lists/kaigi", f"/ballots/{SURVEY.key}"):
        assert (await Browser(site).post(path, deliver="none")).status == 401
        assert (await browser.get(path)).status == 405


async def test_he_sets_how_posts_come(site: Site) -> None:
    """As by the command by mail; on a list that is not his it is refused in a sentence."""
    browser = await entered(site, YAMADA)
    answer = await browser.post("/lists/kaigi", deliver="digest")
    assert "まとめ" in answer.body
    assert "電子会議室（kaigi@ml.example.jp）　まとめ送り" in answer.body
    tanaka = await entered(site, TANAKA)
    answer = await tanaka.post("/lists/security", deliver="none")
    assert answer.status == 200
    assert 'class="said"' in answer.body
    assert SECURITY.title not in answer.body, "what a closed group is about is its members' business"
    assert "security" not in (await tanaka.get("/")).body
    assert (await tanaka.post("/lists/kaigi", deliver="x")).status == 400
    assert (await tanaka.post("/lists/%3Cscript%3E", deliver="none")).body.count("<script>") == 0


async def test_he_has_his_ballot_sent_again(site: Site) -> None:
    """It goes to his own address with a new token; a colleague's stays, and it is bounded."""
    site.office.open_survey()
    browser = await entered(site, YAMADA)
    assert "まだお答えをいただいておりません" in (await browser.get("/")).body
    before = len(site.office.all_copies())
    answer = await browser.post(f"/ballots/{SURVEY.key}")
    assert "お送りしました" in answer.body
    (fresh,) = site.office.all_copies()[before:]
    assert fresh.to == YAMADA
    for _ in range(8):
        answer = await browser.post(f"/ballots/{SURVEY.key}")
    assert "何度もお送りしています" in answer.body
    assert len(site.office.all_copies()) - before == 6
    suzuki = await entered(site, SUZUKI)
    assert (await suzuki.post("/ballots/S26-999")).status == 404


async def test_what_he_answered_is_shown(site: Site) -> None:
    """As a version, not as answers: the page may be open on a shared machine."""
    invitations = site.office.open_survey()
    site.office.reply(invitations[YAMADA], "Q1 2")
    page = (await (await entered(site, YAMADA)).get("/")).body
    assert "回答済み（第1版）" in page


async def test_he_reads_the_results_that_he_was_sent(site: Site) -> None:
    """As the mail says it, his body's own answer in it; nobody else's, and none before it is published."""
    invitations = site.office.open_survey()
    site.office.reply(invitations[YAMADA], "Q1 2")
    yamada = await entered(site, YAMADA)
    assert "公表された結果" not in (await yamada.get("/")).body
    assert (await yamada.get(f"/results/{SURVEY.key}")).status == 404
    site.office.now = SURVEY.closes + timedelta(hours=1)
    with site.office.database.write() as connection:
        close_survey(connection, site.office.site, SURVEY.key, SURVEY.closes, site.office.now)
    yamada = await entered(site, YAMADA)
    place = f"/results/{SURVEY.key}"
    assert f'href="{place}"' in (await yamada.get("/")).body
    page = unescape((await yamada.get(place)).body)
    (sent,) = [copy for copy in site.office.all_copies() if (copy.kind, copy.to) == ("result", YAMADA)]
    text = sent.text.replace("\r\n", "\n").strip()
    assert text in page
    stranger = Browser(site)
    assert "リンクを受け取る" in (await stranger.get(place)).body
    assert (await stranger.post(await stranger.link(TANAKA, place))).headers["location"] == place
    assert text not in unescape((await stranger.get(place)).body), "each has his own part"
    assert (await (await entered(site, OFFICE)).get(place)).status == 404


async def test_members_read_the_archive(site: Site) -> None:
    """By thread, newest first; a thread whole, with what each wrote; found by words; markup is text."""
    site.office.post(
        YAMADA,
        to="kaigi@ml.example.jp",
        subject="移行の時期",
        text="<b>いつ</b>ですか。",
        Message_ID="<one@x>",
    )
    site.office.post(
        SATO, to="kaigi@ml.example.jp", subject="別の話", text="懇親会の件です。", Message_ID="<two@x>"
    )
    site.office.post(
        TANAKA,
        to="kaigi@ml.example.jp",
        subject="Re: 移行の時期",
        text="来年度です。",
        Message_ID="<three@x>",
        In_Reply_To="<one@x>",
    )
    browser = await entered(site, TANAKA)
    page = (await browser.get("/a/kaigi/")).body
    assert re.findall(r">([^<]+)</a></h3>", page) == ["移行の時期", "別の話"]
    assert "2件" in page
    (place,) = re.findall(r'href="(/a/kaigi/m/[^"]+)">移行の時期', page)
    thread = (await browser.get(place)).body
    assert "&lt;b&gt;いつ&lt;/b&gt;ですか。" in thread
    assert "来年度です。" in thread
    assert "懇親会" not in thread
    assert YAMADA not in thread, "no address that a machine could collect"
    found = (await browser.get("/a/kaigi/?" + urlencode({"q": "懇親会"}))).body
    assert "別の話" in found
    assert "移行" not in found
    for words in ("。", "<script>", "%", "'; DROP TABLE post"):
        assert (await browser.get("/a/kaigi/?" + urlencode({"q": words}))).status == 200


async def test_members_take_a_posts_files(site: Site) -> None:
    """Each as octets to be kept; for members of the list alone, and for nobody once the post is purged."""
    text = "--b\nContent-Type: text/plain; charset=UTF-8\n\n送ります。\n" + "".join(
        f'--b\nContent-Type: {kind}\nContent-Disposition: attachment; filename="{name}"\n\n{content}\n'
        for name, kind, content in (("a.csv", "text/csv", "a,b"), ("../x.html", "text/html", "<script>"))
    )
    site.office.post(YAMADA, subject="資料", text=f"{text}--b--", Content_Type="multipart/mixed; boundary=b")
    copy = site.office.copies("post")[0]
    place = copy["Archived-At"].removeprefix("<https://ml.example.jp").removesuffix(">")
    browser = await entered(site, SATO)
    page = (await browser.get(place)).body
    assert re.findall(r'<a href="([^"]+)" download>([^<]+)</a>', page) == [
        (f"{place}/files/1", "a.csv"),
        (f"{place}/files/2", "x.html"),
    ]
    answer = await browser.get(f"{place}/files/2")
    assert (answer.status, answer.body) == (200, "<script>")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith('attachment; filename="x.html"')
    for number in ("0", "3", "x", "-1", "1/", "9" * 12):
        assert (await browser.get(f"{place}/files/{number}")).status == 404
    assert (await browser.get("/a/security/m/x/files/1")).status == 404
    stranger = Browser(site)
    assert "リンクを受け取る" in (await stranger.get(f"{place}/files/1")).body
    assert f'value="{place}"' in (await stranger.get(f"{place}/files/1")).body, "he comes back to the post"
    tanaka = await entered(site, TANAKA)
    assert (await tanaka.get(f"{place}/files/1")).status == 403
    assert (await tanaka.get(f"{place.replace('security', 'kaigi')}/files/1")).status == 404
    with site.office.database.write() as connection:
        purge_posts(connection, site.office.site, "security", [1], site.office.now)
    assert (await browser.get(f"{place}/files/1")).status == 404
    assert "/files/" not in (await browser.get(place)).body


async def test_nobody_else_reads_it(site: Site) -> None:
    """A stranger sees how he is let in, and comes back to the post then; a member of other lists is told whom to ask."""
    site.office.post(YAMADA, subject="内密の件", text="内密です。")
    place = (
        site.office.copies("post")[0]["Archived-At"].removeprefix("<https://ml.example.jp").removesuffix(">")
    )
    stranger = Browser(site)
    for path in (
        place,
        "/a/security/",
        "/a/nothing/",
        "/a/kaigi/m/X",
        "/a/security/?q=" + urlencode({"": "内密"})[1:],
    ):
        page = await stranger.get(path)
        assert page.status == 200
        assert "リンクを受け取る" in page.body
        assert "内密" not in page.body
    tanaka = await entered(site, TANAKA)
    for path in (place, "/a/security/", "/a/security/?before=99"):
        refused = await tanaka.get(path)
        assert (refused.status, "内密" in refused.body) == (403, False)
    for path in ("/a/security/m/x", "/a/nothing/", "/a/SECURITY/"):
        assert (await tanaka.get(path)).status == 404
    answer = await stranger.post(await stranger.link(YAMADA, place))
    assert answer.headers["location"] == place
    assert "内密です。" in (await stranger.get(place)).body
    for elsewhere in ("https://evil.test/", "//evil.test/", "/a/x/../..//evil.test", "/\\evil.test"):
        site.office.now += timedelta(days=2)
        assert (await stranger.post(await stranger.link(YAMADA, elsewhere))).headers["location"] == "/"


async def test_the_office_reads_all_lists(site: Site) -> None:
    """The secretariat is in no register, and answers for every list."""
    site.office.post(YAMADA, text="部会の話です。")
    browser = await entered(site, OFFICE)
    assert "情報セキュリティ部会" in (await browser.get("/")).body
    assert (await browser.get("/a/security/")).status == 200


async def test_long_archives_come_by_pages(site: Site) -> None:
    """Thirty threads, and twenty posts of a thread; the page of a post is the one on which it is."""
    for number in range(33):
        site.office.post(
            YAMADA, to="kaigi@ml.example.jp", subject=f"話題{number:02}", Message_ID=f"<{number}@x>"
        )
    for number in range(25):
        site.office.post(
            SATO,
            to="kaigi@ml.example.jp",
            subject="Re: 話題00",
            text=f"返事{number:02}",
            Message_ID=f"<r{number}@x>",
            In_Reply_To="<0@x>",
        )
    browser = await entered(site, TANAKA)
    first = (await browser.get("/a/kaigi/")).body
    (older,) = re.findall(r'href="(/a/kaigi/\?before=\d+)"', first)
    second = (await browser.get(older)).body
    topics = [topic for page in (first, second) for topic in re.findall(r">(話題\d+)</a></h3>", page)]
    assert topics == ["話題00", *(f"話題{number:02}" for number in range(32, 0, -1))]
    (newest,) = re.findall(r'href="(/a/kaigi/m/[^"]+)">話題00', first)
    assert re.findall(r"返事\d+", (await browser.get(newest)).body) == [
        f"返事{number:02}" for number in range(19, 25)
    ]
    with_number = (await browser.get(f"{newest}?after=1")).body
    assert len(re.findall(r"返事\d+", with_number)) == 20
    assert "?after=" in with_number


async def test_a_list_without_an_archive_has_no_page(site: Site) -> None:
    """Its members are told nothing else."""
    site.office.apply(replace(KAIGI, archive=False))
    browser = await entered(site, YAMADA)
    assert (await browser.get("/a/kaigi/")).status == 404
    assert 'href="/a/kaigi/"' not in (await browser.get("/")).body


@pytest.mark.parametrize("path", ["/", "/a/kaigi/"])
async def test_where_no_link_could_be_made_there_is_no_door(site: Site, path: str) -> None:
    """Without `web_url` nobody can be let in."""
    object.__setattr__(site.office.site, "web_url", "")
    assert (await Browser(site).get(path)).status == 404
