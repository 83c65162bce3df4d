"""The association's own words: templates of its working folder that stand in for ours, and what is wrong with them.

A template of the same name below templates/mail/ of the working folder is taken in place of the program's. What a reply
is read by stays ours: the parts that print ballots cannot be replaced, and a template must print them where ours does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes

from mailbot.core.calendar import Language
from mailbot.core.mistake import Mistake
from mailbot.folder.plain_file import read_file
from mailbot.resources import own_folder

_READ_BY_US = frozenset({"_ballot.txt", "_paper.txt", "_rsvp.txt", "_seal.txt", "probe.txt"})
_SYNTAX = Environment(autoescape=False)  # noqa: S701  it only parses; mails are plain text


def check_own_templates(folder: Path, ours: Path, language: Language) -> list[Mistake]:
    """Return every mistake in the working folder's templates; `ours` is the folder of the program's.

    A template may use the words and parts that ours uses, and must print the parts that ours prints and name in its
    Subject what ours names there.
    """
    mistakes: list[Mistake] = []
    if own_folder(folder).resolve() == ours.resolve():
        return mistakes  # the program's own folder, with the example configuration in it
    known = ours / "mail" / language
    for path in sorted((own_folder(folder) / "mail").glob("*/*")):
        shown = str(path.relative_to(folder))
        if path.parent.name == language:
            mistakes += _check(path, shown, known)
        elif not (ours / "mail" / path.parent.name / path.name).is_file():
            mistakes.append(Mistake(shown, 1, 1, "file", "is no mail of ours; see docs/operator.md"))
    return mistakes


def _check(path: Path, shown: str, known: Path) -> list[Mistake]:
    example = known / path.name
    if not example.is_file():
        sentence = f"there is no mail of this name; the names are those below templates/mail/{known.name}/"
        return [Mistake(shown, 1, 1, "file", sentence)]
    if path.name in _READ_BY_US:
        return [
            Mistake(
                shown, 1, 1, "file", "answers are read by these lines; they cannot be replaced, remove it"
            )
        ]
    try:
        text = read_file(path).decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        return [Mistake(shown, 1, 1, "file", f"cannot be read as UTF-8 text: {error}")]
    try:
        written = _SYNTAX.parse(text)
    except TemplateSyntaxError as error:
        return [Mistake(shown, error.lineno, 1, "template", error.message or "is no template")]
    return list(_differences(text, written, example.read_text(encoding="utf-8"), shown, known))


def _differences(
    text: str, written: nodes.Template, example: str, shown: str, known: Path
) -> Iterator[Mistake]:
    parsed = _SYNTAX.parse(example)
    may_use, may_print = _words(parsed, known), {path.name for path in known.iterdir()}
    for name, line in _names(written):
        if name not in may_use:
            sentence = f"{{{{ {name} }}}} is no word of this mail; it has {', '.join(sorted(may_use))}"
            yield Mistake(shown, line, 1, "template", sentence)
    printed = dict(_includes(written))
    for name, line in printed.items():
        if name not in may_print:
            yield Mistake(shown, line, 1, "template", f"there is no part {name}")
    for name, _ in _includes(parsed):
        if name in _READ_BY_US and name not in printed:
            sentence = f"must print {{% include {name!r} %}}: answers are read by it"
            yield Mistake(shown, 1, 1, "template", sentence)
    if shown.rpartition("/")[2].startswith("_"):
        return
    subject = {name for name, _ in _attributes(_SYNTAX.parse(text.partition("\n")[0] + "\n"))}
    for name, _ in _attributes(_SYNTAX.parse(example.partition("\n")[0] + "\n")):
        if name.endswith(".key") and name not in subject:
            sentence = f"the Subject, line 1, must name {{{{ {name} }}}}: replies are told apart by it"
            yield Mistake(shown, 1, 1, "template", sentence)


def _words(template: nodes.Template, known: Path) -> set[str]:
    """Return the words that a mail of ours is given, as far as it or a part that it prints uses them."""
    found = {name for name, _ in _names(template)}
    for part, _ in _includes(template):
        found |= _words(_SYNTAX.parse((known / part).read_text(encoding="utf-8")), known)
    return found


def _names(template: nodes.Template) -> Iterator[tuple[str, int]]:
    """Yield each word that a template takes from outside, and its line."""
    names = list(template.find_all(nodes.Name))
    own = {node.name for node in names if node.ctx == "store"} | {"loop"}
    yield from ((node.name, node.lineno) for node in names if node.ctx == "load" and node.name not in own)


def _includes(template: nodes.Template) -> Iterator[tuple[str, int]]:
    for node in template.find_all(nodes.Include):
        if isinstance(node.template, nodes.Const):
            yield str(node.template.value), node.lineno


def _attributes(template: nodes.Template) -> Iterator[tuple[str, int]]:
    for node in template.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name):
            yield f"{node.node.name}.{node.attr}", node.lineno
