"""What a survey is to whoever reads of it: a survey 調査, the poll for a meeting's date 日程調整, or a written resolution 書面表決."""

from __future__ import annotations

from mailbot.core.calendar import Language
from mailbot.core.events.meeting import is_poll
from mailbot.core.surveys.survey import Survey


def matter(survey: Survey, language: Language) -> str:
    """Return the word for it that begins a Subject."""
    if survey.resolution is not None:
        return "書面表決" if language == "ja" else "Written vote"
    if is_poll(survey):
        return "日程調整" if language == "ja" else "Poll"
    return "調査" if language == "ja" else "Survey"
