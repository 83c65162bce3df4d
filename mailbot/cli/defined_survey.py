"""A survey as its file defines it, for the commands that need none applied."""

from __future__ import annotations

from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Survey
from mailbot.folder.config import Config
from mailbot.folder.definitions import load_definitions


def defined(config: Config, key: str) -> Survey:
    """Return the survey as its file defines it, applied or not."""
    found = [survey for survey in load_definitions(config).surveys if survey.key == key]
    if not found:
        raise Refusal(
            f"survey {key}: neither applied nor in config/surveys/; `mailbot surveys list` shows them"
        )
    return found[0]
