"""The association's own words: a template of the working folder stands in for ours, and never spoils a mail."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from mailbot.core.mail.message import parse
from mailbot.folder.own_templates import check_own_templates
from mailbot.render import Letterhead, Renderer
from mailbot.resources import templates_folder
from tests.flows.post_office import TOKYO

NOW = datetime(2026, 6, 18, 10, 0, tzinfo=TOKYO)
LETTERHEAD = Letterhead("全国協議会", "jimukyoku@example.jp", "kaitou.example.jp", TOKYO)


def write(folder: Path, name: str, text: str) -> None:
    """Put a template of the association in place."""
    file = folder / "templates" / "mail" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def request(folder: Path) -> tuple[str, str]:
    """Return Subject and text of a request to the office, as this working folder words it."""
    render = Renderer(templates_folder(), "ja", LETTERHEAD, folder / "templates")
    mail = parse(render.letter("office_request", now=NOW, answerable=True, request="入会の申し込み"))
    return mail.subject, mail.text


def test_a_template_of_the_folder_stands_in_for_ours(tmp_path: Path) -> None:
    """All others stay the program's."""
    ours = request(tmp_path)
    write(
        tmp_path, "ja/office_request.txt", "【至急】お願い\n\n{{ request }}\n承認か却下とご返信ください。\n"
    )
    assert request(tmp_path) == ("【至急】お願い", "入会の申し込み\n承認か却下とご返信ください。\n")
    assert check_own_templates(tmp_path, templates_folder(), "ja") == []
    (tmp_path / "templates/mail/ja/office_request.txt").unlink()
    assert request(tmp_path) == ours


@pytest.mark.parametrize("body", ["{{ request.nobody.knows }}", "{{ request + 1 }}", "{% if %}"])
def test_what_cannot_be_filled_in_holds_no_mail_up(
    tmp_path: Path, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Ours goes out in its place, and the operator hears of it."""
    ours = request(tmp_path)
    write(tmp_path, "ja/office_request.txt", f"お願い\n\n{body}\n")
    assert request(tmp_path) == ours
    assert "template.unfit" in caplog.text


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("ja/office_request.txt", "題\n\n{{ reqest }}\n", "3:1 template: {{ reqest }} is no word of this mail; it has request"),
        ("ja/office_request.txt", "題\n{% if x %}\n", "2:1 template: Unexpected end of template."),
        ("ja/office_request.txt", "題\n{% include '_x.txt' %}\n", "2:1 template: there is no part _x.txt"),
        ("ja/ofice_request.txt", "題\n", "1:1 file: there is no mail of this name"),
        ("fr/office_request.txt", "題\n", "1:1 file: is no mail of ours"),
        ("ja/_ballot.txt", "投票\n", "1:1 file: answers are read by these lines"),
        ("ja/invitation.txt", "調査 {{ survey.key }}\n", "1:1 template: must print {% include '_ballot.txt' %}"),
        (
            "ja/invitation.txt",
            "調査\n{% include '_ballot.txt' %}\n",
            "1:1 template: the Subject, line 1, must name {{ survey.key }}",
        ),
    ],
)  # fmt: skip
def test_check_says_what_does_not_fit(tmp_path: Path, name: str, text: str, line: str) -> None:
    """With its place, and without what an answer is read by nothing is sent at all."""
    write(tmp_path, name, text)
    found = [str(mistake) for mistake in check_own_templates(tmp_path, templates_folder(), "ja")]
    assert [one for one in found if one.startswith(f"templates/mail/{name}:{line}")] == found[:1]
    assert found


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """One sentence, no traceback."""
    file = tmp_path / "templates/mail/ja/invite.txt"
    file.parent.mkdir(parents=True)
    file.write_bytes("件名\n".encode("cp932"))
    (mistake,) = check_own_templates(tmp_path, templates_folder(), "ja")
    assert "UTF-8" in mistake.sentence


@pytest.mark.parametrize("language", ["ja", "en"])
def test_our_own_templates_fit_as_they_are(tmp_path: Path, language: str) -> None:
    """A copy of each, to begin with, is no mistake."""
    for file in (templates_folder() / "mail" / language).glob("[a-z]*.txt"):
        if file.name != "probe.txt":
            write(tmp_path, f"{language}/{file.name}", file.read_text(encoding="utf-8"))
    assert check_own_templates(tmp_path, templates_folder(), language) == []  # type: ignore[arg-type]
