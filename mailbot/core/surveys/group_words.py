"""How groups of bodies are called: kinds, classes of population, prefectures."""

from __future__ import annotations

from typing import Literal

UNKNOWN = ""  # the group of bodies of which the register does not say it
_WORDS: dict[str, dict[str, str]] = {
    "ja": {
        "city": "市",
        "town": "町",
        "village": "村",
        "ward": "区",
        "prefecture": "都道府県",
        "other": "その他・未分類",
        UNKNOWN: "不明",
        "0-": "5万人未満",
        "50000-": "5万人以上10万人未満",
        "100000-": "10万人以上20万人未満",
        "200000-": "20万人以上50万人未満",
        "500000-": "50万人以上",
    },
    "en": {
        "city": "cities",
        "town": "towns",
        "village": "villages",
        "ward": "wards",
        "prefecture": "prefectures",
        "other": "other or unclassified",
        UNKNOWN: "unknown",
        "0-": "below 50,000",
        "50000-": "50,000 to 99,999",
        "100000-": "100,000 to 199,999",
        "200000-": "200,000 to 499,999",
        "500000-": "500,000 and more",
    },
}


def group_words(name: str, language: Literal["ja", "en"] = "ja") -> str:
    """Return a group's name as it is printed: 市, その他・未分類, 5万人未満, 長野県."""
    return _WORDS[language].get(name, name)
