"""What a survey is to whoever reads of it: a survey 調査, or a written resolution 書面表決."""

from __future__ import annotations

from mailbot.core.calendar import Language
from mailbot.core.surveys.survey import Survey


def matter(survey: Survey, language: Language) -> str:
    """Return the word for it that begins a Subject."""
    if language == "ja":
        return "調査" if survey.resolution is None else "書面表決"
    return "Survey" if survey.resolution is None else "Written vote"
