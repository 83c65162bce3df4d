"""One YAML file that a person wrote, and every mistake in it with its line and column.

Scalars are read as the text that stands in the file, so that none of YAML's own guesses (10:00 as a number, yes as
true, 011002 as octal, 2026-10-22 as a date) can change what the person meant; the pydantic model decides the type.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from mailbot.core.mistake import Mistake, Mistakes
from mailbot.folder.plain_file import read_file

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Trail = tuple[str | int, ...]  # from the top of the file to a value: ("questions", 0, "type")
Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"
Model = TypeVar("Model", bound="FileModel")

_YAML_TAG = "tag:yaml.org,2002:"
_SAID = "said"  # the error type of our own sentences


class FileModel(BaseModel):
    """What a mapping in a file may hold; a key that has no value there takes its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


def said(sentence: str) -> PydanticCustomError:
    """Return the error with which a validator states its own sentence."""
    return PydanticCustomError(_SAID, "{sentence}", {"sentence": sentence})


def listed(value: object) -> object:
    """Take one word, or one mapping, for a list of one."""
    return [value] if isinstance(value, (str, dict)) else value


def _one_line(text: str) -> str:
    if not text.strip():
        raise said("is empty")
    if not text.strip().replace("\u3000", " ").isprintable():
        raise said("must be one line without control characters")
    return text.strip()


Line = Annotated[str, AfterValidator(_one_line)]  # text that may stand in a header or a subject


@dataclass(frozen=True)
class Source:
    """A YAML file that could be read: its plain values and the place of each."""

    file: str  # as mistakes name it
    root: Node
    plain: Mapping[str, Plain]
    faults: tuple[Mistake, ...]  # duplicate keys and the like, which do not hinder reading on

    def mistake(self, path: Trail, sentence: str) -> Mistake:
        """Return a mistake placed at the value of this path, or at the nearest that the file holds."""
        return Mistake(self.file, *self._place(path), _dotted(path), sentence)

    note = mistake  # what it is says the list that it is put into

    def at_key(self, path: Trail, sentence: str) -> Mistake:
        """Return a mistake placed at the key, not at its value."""
        parent = _descend(self.root, path[:-1])[0]
        mark = next((key.start_mark for key, _ in _pairs(parent) if key.value == path[-1]), parent.start_mark)
        return Mistake(self.file, mark.line + 1, mark.column + 1, _dotted(path), sentence)

    def reached(self, path: Trail) -> Trail:
        """Return the part of the path that the file really holds."""
        return path[: _descend(self.root, path)[1]]

    def texts(self) -> list[tuple[Trail, str]]:
        """Return every text of the file with its path."""
        return list(_texts(self.plain, ()))

    def _place(self, path: Trail) -> tuple[int, int]:
        node = _descend(self.root, path)[0]
        if path and node.start_mark.index == node.end_mark.index:  # nothing is written: show the key instead
            node = next(
                (key for key, value in _pairs(_descend(self.root, path[:-1])[0]) if value is node), node
            )
        return node.start_mark.line + 1, node.start_mark.column + 1


def read_yaml(path: Path, shown: str) -> Source:
    """Read one YAML file; mistakes name it `shown`. Raises Mistakes when it cannot be read at all."""
    return parse_yaml(file_text(path, shown), shown)


def parse_yaml(text: str, shown: str) -> Source:
    """Read a text as one YAML file; mistakes name it `shown`. Raises Mistakes when it cannot be read at all."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
        if root is None:
            raise Mistakes([Mistake(shown, 1, 1, "file", "the file is empty")])
        faults: list[Mistake] = []
        plain = _plain(root, (), shown, faults, ())
    except ReaderError as error:
        line, column = _line_column(text, error.position)
        sentence = f"the control character U+{ord(text[error.position]):04X} stands here; remove it"
        raise Mistakes([Mistake(shown, line, column, "yaml", sentence)]) from None
    except MarkedYAMLError as error:
        raise Mistakes([_broken(error, text, shown)]) from None
    except (YAMLError, RecursionError) as error:
        raise Mistakes(
            [Mistake(shown, 1, 1, "yaml", f"this is not YAML that can be read: {error}")]
        ) from None
    if not isinstance(plain, dict):
        mark = root.start_mark
        raise Mistakes(
            [Mistake(shown, mark.line + 1, mark.column + 1, "yaml", "the file must hold keys: 'key: value'")]
        )
    return Source(shown, root, plain, tuple(faults))


def validate(
    source: Source, model: type[Model], context: Mapping[str, object], *, required: Sequence[str] = ()
) -> tuple[Model, list[Mistake]]:
    """Check a file against its model: return what of it is sound, and every mistake.

    A top-level key that has a mistake is left out of what is returned (its field has the default), so that checks
    between the keys can still look at the others. `required` names the keys without which the file says too little.
    """
    mistakes = list(source.faults)
    mistakes += [_missing(source, name) for name in required if source.plain.get(name) is None]
    known = _keys(model)
    sound = {key: value for key, value in source.plain.items() if value is not None or key not in known}
    try:
        return model.model_validate(sound, context=dict(context)), mistakes
    except ValidationError as error:
        details = error.errors(include_url=False)
    mistakes += [_mistake(source, model, detail) for detail in details]
    wrong = {detail["loc"][0] for detail in details if detail["loc"]}
    sound = {key: value for key, value in sound.items() if key not in wrong}
    return model.model_validate(sound, context=dict(context)), mistakes


def nearest(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the known word that is near, else what is known."""
    choices = tuple(known)
    close = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(choices)}"


# -- reading ---------------------------------------------------------------------------------------------------


def file_text(path: Path, shown: str) -> str:
    """Return what stands in a file, as UTF-8; mistakes name it `shown`. Raises Mistakes when it cannot be read."""
    try:
        raw = read_file(path)
    except FileNotFoundError:
        sentence = f"there is no {path}; `mailbot init DIR` makes a working folder with all files"
        raise Mistakes([Mistake(shown, 1, 1, "file", sentence)]) from None
    except OSError as error:
        raise Mistakes([Mistake(shown, 1, 1, "file", f"cannot be read: {error.strerror}")]) from None
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8-sig", "replace")) + 1
        sentence = f"the byte 0x{raw[error.start]:02X} on this line is not UTF-8; save the file as UTF-8"
        raise Mistakes([Mistake(shown, line, column, "yaml", sentence)]) from None


def _line_column(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1


def _plain(node: Node, path: Trail, shown: str, faults: list[Mistake], above: tuple[int, ...]) -> Plain:
    """Return the node's text, list or mapping; note in `faults` what YAML allows and these files do not."""

    def fault(place: Node, at: Trail, sentence: str) -> None:
        mark = place.start_mark
        faults.append(Mistake(shown, mark.line + 1, mark.column + 1, _dotted(at) or "yaml", sentence))

    if id(node) in above:
        fault(node, path, "this value refers to itself")
        return None
    if not str(node.tag).startswith(_YAML_TAG):
        fault(node, path, f"the tag {node.tag} means nothing here; write the plain value")
    within = (*above, id(node))
    if isinstance(node, SequenceNode):
        return [_plain(item, (*path, index), shown, faults, within) for index, item in enumerate(node.value)]
    if isinstance(node, ScalarNode):
        return None if node.tag == f"{_YAML_TAG}null" and node.style is None else str(node.value)
    found: dict[str, Plain] = {}
    first: dict[str, int] = {}
    for key, value in _pairs(node):
        if not isinstance(key, ScalarNode):
            fault(key, path, "a key must be one word, not a list or a mapping")
        elif key.value in found:
            fault(
                key,
                (*path, key.value),
                f"this key stands already on line {first[key.value]}; remove one of them",
            )
        else:
            first[key.value] = key.start_mark.line + 1
            found[key.value] = _plain(value, (*path, key.value), shown, faults, within)
    return found


def _pairs(node: Node) -> Sequence[tuple[Node, Node]]:
    return node.value if isinstance(node, MappingNode) else ()


# Words of PyYAML's problem or context, and why in plain words; the first that is found.
_WHY_BROKEN = (
    (
        "mapping values are not allowed",
        (
            "a colon cannot stand here; put the value in quotes if the colon belongs to it, "
            "else mend the indentation or the line above"
        ),
    ),
    (
        "flow sequence",
        "the [ ... ] that begins on line {opened} is not closed, or lacks a comma before this place",
    ),
    (
        "flow mapping",
        "the {{ ... }} that begins on line {opened} is not closed, or lacks a comma before this place",
    ),
    ("quoted scalar", "the quotation mark of line {opened} is not closed"),
    ("cannot start any token", "a value cannot begin with {mark!r}; put it in quotes"),
    ("undefined alias", "a value that begins with '*' refers to another one in YAML; put it in quotes"),
    ("another document", "a second document begins here ('---'); write one definition per file"),
    ("could not find expected ':'", "this line has no ': ' after its key"),
    ("block end", "this line does not fit the lines above it; mend the indentation or the brackets"),
    ("indentation", "this line does not fit the lines above it; mend the indentation or the brackets"),
)


def _broken(error: MarkedYAMLError, text: str, shown: str) -> Mistake:
    """Say in plain words why the text is not YAML."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.split("\n")
    while line >= len(lines) or (line and not lines[line].strip()):
        # The end of the file says little; the last text says more.
        line, column = line - 1, max(len(lines[line - 1]) - 1, 0)
    row = lines[line]
    indentation = row[: len(row) - len(row.lstrip())]
    if "\t" in indentation:
        column, sentence = row.index("\t"), "a tab stands before the text; indent with blanks"
    else:
        said = f"{error.problem or ''}\n{error.context or ''}"
        why = next((ours for theirs, ours in _WHY_BROKEN if theirs in said), "this is not YAML: {said}")
        opened = error.context_mark.line + 1 if error.context_mark else line + 1
        sentence = why.format(
            opened=opened, mark=row[column : column + 1], said=error.problem or error.context or ""
        )
    return Mistake(shown, line + 1, column + 1, "yaml", sentence)


# -- places ----------------------------------------------------------------------------------------------------


def _descend(node: Node, path: Trail) -> tuple[Node, int]:
    """Return the deepest node on the path that the file has, and how many steps led to it."""
    for depth, step in enumerate(path):
        if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            continue
        below = next((value for key, value in _pairs(node) if key.value == step), None)
        if below is None:
            return node, depth
        node = below
    return node, len(path)


def _texts(plain: object, path: Trail) -> Iterator[tuple[Trail, str]]:
    if isinstance(plain, str):
        yield path, plain
    elif isinstance(plain, list):
        for index, item in enumerate(plain):
            yield from _texts(item, (*path, index))
    elif isinstance(plain, Mapping):
        for key, value in plain.items():
            yield from _texts(value, (*path, key))


def _dotted(path: Trail) -> str:
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in path)


# -- sentences -------------------------------------------------------------------------------------------------


def _missing(source: Source, name: str) -> Mistake:
    if name in source.plain:
        return source.mistake((name,), "has no value")
    return source.at_key((name,), "is missing")


def _mistake(source: Source, model: type[FileModel], detail: ErrorDetails) -> Mistake:
    path: Trail = detail["loc"]
    match detail["type"]:
        case "extra_forbidden":
            return source.at_key(path, "is not a known key" + nearest(str(path[-1]), _known(model, path)))
        case "missing":
            return source.at_key(path, "is missing")
        case _:
            return source.mistake(source.reached(path), _sentence(detail))


def _known(model: type[FileModel], path: Trail) -> list[str]:
    """Return the keys that may stand beside the last one of the path."""
    names: type[FileModel] | None = model
    for step in path[:-1]:
        if isinstance(step, str) and names is not None and step in _keys(names):
            names = _inner(_keys(names)[step].annotation)
    return list(_keys(names)) if names is not None else []


def _keys(model: type[FileModel]) -> dict[str, FieldInfo]:
    """Return the model's fields by the keys that stand in a file: `from` where Python needs another name."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _inner(annotation: Any) -> type[FileModel] | None:
    """Return the model that an annotation such as `tuple[Question, ...] | None` holds."""
    if isinstance(annotation, type) and issubclass(annotation, FileModel):
        return annotation
    return next(filter(None, map(_inner, getattr(annotation, "__args__", ()))), None)


def _kind_of(got: object) -> str:
    """Return what stands there, as a sentence names it."""
    match got:
        case None:
            return "nothing"
        case list():
            return "a list"
        case dict():
            return "keys and values"
        case _:
            return repr(got)


def _sentence(detail: ErrorDetails) -> str:
    """Return our own words for an error of pydantic's."""
    context = detail.get("ctx", {})
    got = detail["input"]
    shown = _kind_of(got)
    match detail["type"]:
        case "literal_error":
            choices = str(context["expected"]).replace("'", "").replace(" or ", ", ")
            near = difflib.get_close_matches(str(got), choices.split(", "), n=1)
            several = "one of " if "," in choices else ""
            return f"must be {several}{choices}, not {shown}" + (
                f"; did you mean {near[0]!r}?" if near else ""
            )
        case "string_type":
            return f"must be text, not {shown}"
        case "int_parsing" | "int_type" | "int_from_float":
            return f"must be a whole number, not {shown}"
        case "float_parsing" | "float_type":
            return f"must be a number, not {shown}"
        case "bool_parsing" | "bool_type":
            return f"must be true or false, not {shown}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}, not {shown}"
        case "greater_than":
            return f"must be more than {context['gt']:g}, not {shown}"
        case "less_than_equal":
            return f"must be at most {context['le']}, not {shown}"
        case "string_too_short":
            return "is empty"
        case "too_long":
            return f"holds {context['actual_length']}; at most {context['max_length']} may stand here"
        case "list_type" | "tuple_type":
            return f"must be a list such as [a, b], not {shown}"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"must be keys with values such as {{key: value}}, not {shown}"
        case _:
            return detail["msg"]
