"""Whom something is for, as a definition says it: bodies and contacts of the register, by conditions."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mailbot.core.members.audience import Partners, Selector
from mailbot.core.members.register import KIND_WORDS
from mailbot.core.mistake import Mistakes
from mailbot.folder.config_file import MailAddresses
from mailbot.folder.written_values import BodyCode, Count, Key, ListName, Tag, Words, stated
from mailbot.folder.yaml_source import FileModel, listed, nearest, parse_yaml, said, validate


def _kind(text: str) -> str:
    if text not in KIND_WORDS:
        raise said(f"{text!r} is not a kind of body" + nearest(text, KIND_WORDS))
    return KIND_WORDS[text]


def _population(value: object) -> object:
    """Read 50000-100000, >=50000 and <=100000 as {min: ..., max: ...}."""
    if not isinstance(value, str):
        return value
    text = value.replace(" ", "").replace(",", "")
    for mark, bound in ((">=", "min"), ("<=", "max")):
        if text.startswith(mark):
            return {bound: text.removeprefix(mark)}
    low, dash, high = text.partition("-")
    if not dash:
        raise said(f"{value!r} is not a range such as 50000-100000, '>=50000' or {{min: 50000, max: 100000}}")
    return {"min": low, "max": high}


def _selection(value: object) -> object:
    """Take the word `all` for {all: true}."""
    if value == "all":
        return {"all": "true"}
    if isinstance(value, dict):
        return value
    raise said("must be all, or conditions such as {kind: [city, town]} or {tags: [officer]}")


def _members(value: object) -> object:
    return {"none": "true"} if value == "none" else _selection(value)


class PopulationFile(FileModel):
    """Bounds of the population, both inclusive."""

    min: Count | None = None
    max: Count | None = None

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.min is None and self.max is None:
            raise said("needs min, max or both")
        if self.min is not None and self.max is not None and self.max < self.min:
            raise said(f"max {self.max} is below min {self.min}: this selects nobody")
        return self


class ConditionsFile(FileModel):
    """Conditions on bodies and contacts; every stated one must hold."""

    all: bool = False
    kind: Annotated[tuple[Annotated[str, AfterValidator(_kind)], ...], BeforeValidator(listed)] = ()
    prefecture: Words = ()
    population: Annotated[PopulationFile, BeforeValidator(_population)] | None = None
    tags: Annotated[tuple[Tag, ...], BeforeValidator(listed)] = ()
    codes: Annotated[tuple[BodyCode, ...], BeforeValidator(listed)] = ()
    lists: Annotated[tuple[ListName, ...], BeforeValidator(listed)] = ()
    attended: Annotated[tuple[Key, ...], BeforeValidator(listed)] = ()
    emails: MailAddresses = ()
    partners: Partners = "no"

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if (
            replace(self.selector(), excluded=None) in {Selector(), Selector(partners="yes")}
            and not self._nobody_meant()
        ):
            raise said("selects nobody; write all, or at least one condition")
        return self

    def _nobody_meant(self) -> bool:
        return False

    def selector(self) -> Selector:
        """Return the core value."""
        return Selector(
            everyone=self.all,
            kinds=self.kind,
            prefectures=self.prefecture,
            population_min=self.population.min if self.population else None,
            population_max=self.population.max if self.population else None,
            tags=self.tags,
            codes=self.codes,
            lists=self.lists,
            attended=self.attended,
            emails=self.emails,
            partners=self.partners,
        )


class SelectorFile(ConditionsFile):
    """Whom something is for, and who of them is left out."""

    excluded: Annotated[ConditionsFile, BeforeValidator(_selection)] | None = Field(None, alias="except")

    def selector(self) -> Selector:
        """Return the core value."""
        return replace(super().selector(), excluded=self.excluded.selector() if self.excluded else None)


class MembersFile(SelectorFile):
    """Who belongs to a list; `none`: only who joins or is added."""

    none: bool = False

    def _nobody_meant(self) -> bool:
        return self.none

    @model_validator(mode="after")
    def _none_alone(self) -> Self:
        if self.none and self.selector() != Selector():
            raise said("none stands alone: it means that the list selects nobody by itself")
        return self


Selection = Annotated[SelectorFile, BeforeValidator(_selection)]
Members = Annotated[MembersFile, BeforeValidator(_members)]


class _SelectionFile(FileModel):
    members: Selection | None = None


_BEFORE = "members: "


def read_selector(text: str, shown: str) -> Selector:
    """Read a selector as definitions have it after `members:`, in one line. Raises Mistakes, which name it `shown`."""
    source = parse_yaml(f"{_BEFORE}{text}\n", shown)
    found, mistakes = validate(source, _SelectionFile, {}, required=("members",))
    if mistakes:
        raise Mistakes(replace(one, column=max(1, one.column - len(_BEFORE))) for one in mistakes)
    return stated(found.members).selector()
