"""Filled forms as spreadsheet programs save them, and workbooks that mean harm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import openpyxl
from openpyxl.cell.cell import Cell

from mailbot.core.mail.message import Message, parse
from mailbot.core.surveys.survey import Survey
from mailbot.formats.form_file import write_form

FIRST = 5  # the row of the first question
XLSX = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def filled(survey: Survey, answers: Mapping[str, Any], cells: Mapping[str, Any] | None = None) -> bytes:
    """Return the survey's form with these answers, and with these other cells changed (by name: B5)."""
    book = openpyxl.load_workbook(io.BytesIO(write_form(survey, "ja")))
    sheet = book.active
    assert sheet is not None
    places = {question.id: f"D{FIRST + at}" for at, question in enumerate(survey.questions)}
    for name, value in [
        *((places[number], value) for number, value in answers.items()),
        *(cells or {}).items(),
    ]:
        cell = sheet[name]
        assert isinstance(cell, Cell)
        cell.value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def repacked(content: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """Return a workbook after a change of the files that are packed in it."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    change(files)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return out.getvalue()


def attached(mail: bytes, *files: bytes, name: str = "kaitou.xlsx") -> bytes:
    """Return a plain mail with these workbooks attached."""
    message = message_from_bytes(mail, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    for content in files:
        message.add_attachment(content, maintype="application", subtype=XLSX, filename=name)
    return message.as_bytes()


def with_files(text: str, *files: tuple[str, bytes], subtype: str = XLSX) -> Message:
    """Return a mail with this text and these files attached."""
    mail = EmailMessage()
    mail["From"] = "yamada@city.nagano.lg.jp"
    mail.set_content(text)
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype=subtype, filename=name)
    return parse(mail.as_bytes())
