"""A survey as its file defines it, for the commands that need none applied."""

from __future__ import annotations

from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Survey
from mailbot.folder.config import Config
from mailbot.folder.definitions import load_definitions


def find_defined(config: Config, key: str) -> Survey | None:
    """Return the survey as its file defines it, applied or not; None where no file does."""
    return next((survey for survey in load_definitions(config).surveys if survey.key == key), None)


def none_defined(key: str) -> Refusal:
    """Return what is said where neither a file nor the database has a survey."""
    return Refusal(f"survey {key}: neither applied nor in config/surveys/; `mailbot surveys list` shows them")


def defined(config: Config, key: str) -> Survey:
    """Return the survey as its file defines it, applied or not. Raises Refusal where no file does."""
    found = find_defined(config, key)
    if found is None:
        raise none_defined(key)
    return found
