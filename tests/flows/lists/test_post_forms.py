"""Posts in two forms: as they came, and as plain text for those whose gateway takes nothing else."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

from mailbot.flows.members.set_member import set_member
from mailbot.store.lists import lists
from tests.core.lists.test_variant import SHEET, mail
from tests.flows.lists.test_send_posts import attached
from tests.flows.post_office import SATO, SECURITY, SECURITY_REQUEST, SUZUKI, YAMADA, Copy, PostOffice

TO = "security@ml.example.jp"


def post(office: PostOffice) -> dict[str, Copy]:
    """Post a mail with a file; returns the copies by their address."""
    raw = mail(("名簿.xlsx", SHEET)).replace(b"a@city.example.jp", YAMADA.encode())
    assert office.hand_in(raw, TO).state == "posted"
    return {copy.to: copy for copy in office.copies("post")}


def files(copy: Copy) -> list[str]:
    """Return the names of a copy's files."""
    return [part.get_filename() or "" for part in copy.mail.iter_attachments()]


def test_who_wants_plain_text_gets_it(office: PostOffice) -> None:
    """The others get the post as it came; all get the same number and Message-ID, each exactly one copy."""
    office.write(SATO, SECURITY_REQUEST, "テキスト")
    assert "文章だけの形でお届けします。" in office.copies()[-1].said
    copies = post(office)
    assert set(copies) == {YAMADA, SUZUKI, SATO}
    assert files(copies[YAMADA]) == files(copies[SUZUKI]) == ["名簿.xlsx"]
    short = copies[SATO]
    assert short.mail.get_content_type() == "text/plain"
    assert "本文です。" in short.text
    assert "【添付ファイル】名簿.xlsx" in short.text
    assert "部会の窓口は事務局です。" in short.text  # the footer
    assert {copy["Subject"] for copy in copies.values()} == {"[security:00001] 件名"}
    assert len({copy["Message-ID"] for copy in copies.values()}) == 1
    assert "security-leave+" in short["List-Unsubscribe"]
    office.write(SATO, SECURITY_REQUEST, "過去記事 1\nplain off")
    (whole,) = attached(office.copies("old_posts")[0])
    assert [part.get_filename() for part in whole.iter_attachments()] == ["名簿.xlsx"]


def test_without_a_message_id_both_forms_have_the_same(office: PostOffice) -> None:
    """Answers to either find the post."""
    with office.database.write() as connection:
        said = set_member(connection, office.site, "security", SATO, office.now, profile="plain")
    assert said.endswith("as plain text")
    office.post(YAMADA, Message_ID="")
    ids = {copy["Message-ID"] for copy in office.copies("post")}
    assert len(ids) == 1


def test_a_list_that_names_files(office: PostOffice) -> None:
    """`attachments: replace` sends none; the archive keeps them, and gives them out."""
    office.apply(replace(SECURITY, files_above=0))
    copies = post(office)
    assert all(files(copy) in ([], [""]) for copy in copies.values())
    part = list(copies[SATO].mail.iter_parts())[1]
    assert isinstance(part, EmailMessage)
    assert "【添付ファイル】名簿.xlsx" in part.get_content()
    office.write(SATO, SECURITY_REQUEST, "過去記事 1")
    (whole,) = attached(office.copies("old_posts")[0])
    assert [each.get_content() for each in whole.iter_attachments()] == [SHEET]


def test_without_an_archive_files_pass(office: PostOffice) -> None:
    """What would be lost is not left out."""
    office.apply(replace(SECURITY, files_above=0, archive=False))
    assert files(post(office)[SATO]) == ["名簿.xlsx"]


def test_both_are_known_to_the_store(office: PostOffice) -> None:
    """A definition with the policy comes back from the database as it was."""
    value = replace(SECURITY, files_above=2_000_000)
    office.apply(value)
    with office.database.read() as connection:
        assert lists.load(connection, "security") == value
