"""Which key of a survey, event, bulletin, meeting or list a person means who types it: case and width never matter."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from difflib import get_close_matches

_MOST_NEAR = 3
_HYPHENS = str.maketrans(dict.fromkeys("‐‑‒–—―−ー", "-"))  # what a Japanese keyboard makes of one


def meant_key(written: str, keys: Collection[str]) -> str:
    """Return the key that is written, if need be in another case or width; as it is written when none or several fit."""
    if written in keys:
        return written
    fits = [key for key in keys if _fold(key) == _fold(written)]
    return fits[0] if len(fits) == 1 else written


def near_keys(written: str, keys: Collection[str]) -> tuple[str, ...]:
    """Return the keys that look most like what is written, the nearest first; none where none does."""
    by_fold: dict[str, list[str]] = {}
    for key in sorted(keys):
        by_fold.setdefault(_fold(key), []).append(key)
    near = get_close_matches(_fold(written), by_fold, n=_MOST_NEAR, cutoff=0.8)
    return tuple(key for fold in near for key in by_fold[fold])[:_MOST_NEAR]


def _fold(key: str) -> str:
    return unicodedata.normalize("NFKC", key).translate(_HYPHENS).strip().casefold()
