"""Values of many fields that are made for every mail: dataclasses that nobody changes, made as fast as any."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(kind: type[T]) -> type[T]:
    """Make a class what `dataclass(frozen=True)` makes of it, but that mypy alone holds that no field is set again.

    To hold it at run time as well, Python sets each field by a call of its own: 5 us for one with twenty fields, not 1.
    """
    return dataclass(unsafe_hash=True)(kind)
