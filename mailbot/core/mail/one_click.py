"""The POST with which a mail program leaves a list for its user (RFC 8058 section 3.2)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from mailbot.core.mail.entity import content_type, split_entity, split_multipart

_NAME, _VALUE = "List-Unsubscribe", "One-Click"


def read_form(kind: str, body: bytes) -> dict[str, str] | None:
    """Return the fields of a form, by its Content-Type: urlencoded or multipart; None when it is neither or broken."""
    media, parameters = content_type([f"Content-Type: {kind}\r\n".encode("ascii", "replace")])
    try:
        if media == "multipart/form-data" and parameters.get("boundary"):
            parts, _ = split_multipart(body, parameters["boundary"])
            return dict(map(_field, parts))
        if media in {"application/x-www-form-urlencoded", "text/plain"}:  # the second: no type stated
            pairs = parse_qsl(
                body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=5
            )
            return dict(pairs)
    except ValueError:
        return None
    return None


def is_one_click(form: dict[str, str] | None) -> bool:
    """Tell whether a form is exactly what the RFC asks for: one field, List-Unsubscribe=One-Click."""
    return form == {_NAME: _VALUE}


def _field(part: bytes) -> tuple[str, str]:
    fields, content = split_entity(part)
    for field in fields:
        name, _, value = field.decode("ascii", "replace").partition(":")
        if name.lower() == "content-disposition":
            kind, parameters = content_type([f"Content-Type: {value}".encode()])
            if kind == "form-data" and "name" in parameters:
                return parameters["name"], content.decode("ascii").removesuffix("\r\n")
    raise ValueError("a part without a name")
