"""What a file of config/bulletins/ may hold: YAML with the text below `body:`, or Markdown after a head of YAML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from mailbot.core.bulletins.bulletin import EVENTS, POSTS, SURVEYS, Bulletin
from mailbot.core.mail.address import list_name_fault
from mailbot.core.mistake import Mistake, Mistakes
from mailbot.core.recurrence import read_recurrence
from mailbot.folder.config_file import MailAddresses
from mailbot.folder.selector_files import Selection
from mailbot.folder.written_values import Key, LateFile, Lines, Moment
from mailbot.folder.yaml_source import FileModel, Line, Source, file_text, listed, nearest, parse_yaml, said

BULLETIN_KEYS = ("key", "title", "body")  # the least a file must say
_EDGE = "---"


def _section(value: object) -> object:
    """Read `events`, `surveys` and `posts: kaigi`, or the Japanese words for them."""
    if isinstance(value, dict) and list(value) == ["posts"] and isinstance(value["posts"], str):
        name = value["posts"].strip()
        fault = list_name_fault(name)
        if fault is not None:
            raise said(fault)
        return f"{POSTS}{name}"
    known = {"events": EVENTS, "今後の予定": EVENTS, "surveys": SURVEYS, "回答受付中の調査": SURVEYS}
    if isinstance(value, str) and value.strip() in known:
        return known[value.strip()]
    near = nearest(value.strip(), ("events", "surveys")) if isinstance(value, str) else ""
    raise said(f"a section is events, surveys or {{posts: LIST}}, not {value!r}{near}")


def _every(text: str) -> str:
    try:
        read_recurrence(text)
    except ValueError as error:
        raise said(str(error)) from None
    return text


class BulletinFile(FileModel):
    """config/bulletins/KEY.yaml, or the head of KEY.md."""

    key: Key | None = None
    title: Line | None = None
    list: Annotated[str, Field(min_length=1)] | None = None
    audience: Annotated[tuple[Selection, ...], BeforeValidator(listed)] = ()
    send: Moment | None = None
    number: Annotated[int, Field(ge=1)] | None = None
    sections: Annotated[tuple[Annotated[str, BeforeValidator(_section)], ...], BeforeValidator(listed)] = ()
    approval: MailAddresses = ()
    test: MailAddresses = ()
    every: Annotated[Line, AfterValidator(_every)] | None = None
    late: LateFile | None = None
    charset: Literal["utf-8", "iso-2022-jp"] = "utf-8"
    undo_minutes: Annotated[int, Field(ge=0, le=60)] = Bulletin.undo_minutes
    contact: Lines = ""
    body: Annotated[str, AfterValidator(str.rstrip)] | None = None

    @field_validator("sections")
    @classmethod
    def _each_once(cls, sections: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(sections)) < len(sections):
            raise said("names a section twice")
        return sections

    def value(self) -> Bulletin:
        """Return the core value of a file without mistakes."""
        key, title, body = self.key, self.title, self.body
        assert key is not None
        assert title is not None
        assert body is not None
        return Bulletin(
            key=key,
            title=title,
            body=body,
            list=self.list or "",
            audience=tuple(one.selector() for one in self.audience),
            sends=self.send,
            number=self.number,
            sections=self.sections,
            approvers=self.approval,
            test_to=self.test,
            charset=self.charset,
            undo_minutes=self.undo_minutes,
            contact=self.contact,
            every=self.every or "",
            late=self.late.value() if self.late else None,
        )


def read_bulletin(path: Path, shown: str) -> tuple[Source, int]:
    """Read one file, and on which line its text begins. Raises Mistakes when it cannot be read at all."""
    text = file_text(path, shown)
    if path.suffix == ".md":
        return read_front_matter(text, shown)
    source = parse_yaml(text, shown)
    line = source.mistake(("body",), "").line
    return source, line + 1 if "\n" in str(source.plain.get("body", "")) else line


def read_front_matter(text: str, shown: str) -> tuple[Source, int]:
    """Read Markdown after a head of YAML between two lines of ---. Raises Mistakes when there is none."""
    lines = text.split("\n")
    if lines[0].rstrip() != _EDGE:
        sentence = "the file begins with a head of YAML: ---, key: M26-12, title: ..., --- and the text below"
        raise Mistakes([Mistake(shown, 1, 1, "file", sentence)])
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == _EDGE), None)
    if end is None:
        sentence = "the head that begins here has no end; close it with a line of ---"
        raise Mistakes([Mistake(shown, 1, 1, "file", sentence)])
    source = parse_yaml("\n".join(["", *lines[1:end], ""]), shown)
    body = "\n".join(lines[end + 1 :])
    if "body" in source.plain:
        raise Mistakes(
            [source.at_key(("body",), "stands below the head in a file of Markdown; remove it here")]
        )
    return replace(source, plain={**source.plain, "body": body} if body.strip() else source.plain), end + 2
