"""The definition files below config/ as they are read, each by itself: what it holds, and whether it is sound so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, TypeVar, cast

from mailbot.core.mistake import Mistake, Mistakes
from mailbot.folder.bulletin_files import BULLETIN_KEYS, BulletinFile, read_bulletin
from mailbot.folder.config import Partial
from mailbot.folder.event_files import EVENT_KEYS, EventFile
from mailbot.folder.list_files import LIST_KEYS, ListFile
from mailbot.folder.meeting_files import MEETING_KEYS, MeetingFile
from mailbot.folder.resolution_files import RESOLUTION_KEYS, ResolutionFile
from mailbot.folder.survey_files import SURVEY_KEYS, SurveyFile
from mailbot.folder.yaml_source import FileModel, Source, read_yaml, validate

Kind = Literal["lists", "surveys", "events", "meetings"]
_REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    "lists": LIST_KEYS,
    "surveys": SURVEY_KEYS,
    "events": EVENT_KEYS,
    "meetings": MEETING_KEYS,
}
File = TypeVar("File", bound=FileModel)


@dataclass
class Findings:
    """What reading the files has brought up so far."""

    mistakes: list[Mistake] = field(default_factory=list)
    notes: list[Mistake] = field(default_factory=list)


@dataclass(frozen=True)
class Read(Generic[File]):
    """A definition file that could be read, and whether it is sound so far."""

    source: Source
    found: File
    sound: bool


def _files(known: Partial, kind: str, endings: Sequence[str], findings: Findings) -> list[Path]:
    """Return the files of one folder in the order of their names.

    A folder that nobody lets us look into is a mistake: `glob` passes over it, as if nothing had been defined there.
    """
    folder = known.folder / "config" / kind
    try:
        files = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        words = f"cannot be read: {error.strerror}; it must be a folder that the service's user may look into"
        findings.mistakes.append(Mistake(f"config/{kind}", 1, 1, "folder", words))
        return []
    return [file for file in files if any(map(file.match, endings))]


def _read_all(known: Partial, kind: Kind, model: type[File], findings: Findings) -> list[Read[File]]:
    """Read the files of one folder in the order of their names."""
    read: list[Read[File]] = []
    for path in _files(known, kind, ("*.y*ml",), findings):
        shown = str(path.relative_to(known.folder))
        if path.suffix != ".yaml":
            findings.mistakes.append(Mistake(shown, 1, 1, "file", f"is not read; name it {path.stem}.yaml"))
            continue
        try:
            source = read_yaml(path, shown)
        except Mistakes as broken:
            findings.mistakes += broken.mistakes
            continue
        found, mistakes = _validated(source, kind, model, known)
        findings.mistakes += mistakes
        read.append(Read(source, found, sound=not mistakes))
    return read


def _validated(source: Source, kind: Kind, model: type[File], known: Partial) -> tuple[File, list[Mistake]]:
    """Check one file against its model; `type: resolution` makes another model of a survey's file."""
    context = {"zone": known.timezone, "calendar": known.calendar}
    if kind == "surveys" and source.plain.get("type") == "resolution":
        resolution = cast("type[File]", ResolutionFile)  # a SurveyFile, which is what File is here
        return validate(source, resolution, context, required=RESOLUTION_KEYS)
    found, mistakes = validate(source, model, context, required=_REQUIRED[kind])
    if kind == "surveys":
        mistakes = [_of_a_resolution(source, mistake) for mistake in mistakes]
    return found, mistakes


_ONLY_OF_A_RESOLUTION = frozenset(ResolutionFile.model_fields) - frozenset(SurveyFile.model_fields)


def _of_a_resolution(source: Source, mistake: Mistake) -> Mistake:
    """Say so where an ordinary survey has a key that belongs to a resolution."""
    if mistake.key in _ONLY_OF_A_RESOLUTION and mistake.sentence.startswith("is not a known key"):
        return source.at_key((mistake.key,), "belongs to a resolution; add type: resolution, or remove it")
    return mistake


@dataclass(frozen=True)
class ReadBulletin:
    """A bulletin's file, and where in it the text begins."""

    read: Read[BulletinFile]
    first_line: int


@dataclass(frozen=True)
class Files:
    """All files that could be read, of each kind in the order of their names."""

    lists: Sequence[Read[ListFile]]
    surveys: Sequence[Read[SurveyFile]]
    events: Sequence[Read[EventFile]]
    bulletins: Sequence[ReadBulletin]
    meetings: Sequence[Read[MeetingFile]]


def read_files(known: Partial, findings: Findings) -> Files:
    """Read every definition file, each by itself."""
    return Files(
        _read_all(known, "lists", ListFile, findings),
        _read_all(known, "surveys", SurveyFile, findings),
        _read_all(known, "events", EventFile, findings),
        _read_bulletins(known, findings),
        _read_all(known, "meetings", MeetingFile, findings),
    )


def _read_bulletins(known: Partial, findings: Findings) -> list[ReadBulletin]:
    """Read the bulletins in the order of their names, YAML or Markdown."""
    found: list[ReadBulletin] = []
    for path in _files(known, "bulletins", ("*.y*ml", "*.md", "*.markdown"), findings):
        shown = str(path.relative_to(known.folder))
        if path.suffix not in {".yaml", ".md"}:
            usual = ".md" if path.suffix == ".markdown" else ".yaml"
            findings.mistakes.append(Mistake(shown, 1, 1, "file", f"is not read; name it {path.stem}{usual}"))
            continue
        try:
            source, first_line = read_bulletin(path, shown)
        except Mistakes as broken:
            findings.mistakes += broken.mistakes
            continue
        context = {"zone": known.timezone, "calendar": known.calendar}
        one, mistakes = validate(source, BulletinFile, context, required=BULLETIN_KEYS)
        findings.mistakes += mistakes
        found.append(ReadBulletin(Read(source, one, sound=not mistakes), first_line))
    return found


def files_of(config_folder: Path) -> dict[tuple[str, str], Path]:
    """Return which file below config/ defines what: ("lists", its name), or ("surveys", its key) and so on.

    Whatever a person called the file; a file that cannot be read defines nothing.
    """
    found: dict[tuple[str, str], Path] = {}
    for kind in ("lists", "surveys", "events", "bulletins", "meetings"):
        markdown = (config_folder / kind).glob("*.md") if kind == "bulletins" else ()
        for path in sorted([*(config_folder / kind).glob("*.yaml"), *markdown]):
            try:
                source, _ = read_bulletin(path, str(path))
            except Mistakes:
                continue
            named = source.plain.get("name" if kind == "lists" else "key")
            if isinstance(named, str):
                found.setdefault((kind, named), path)
    return found
