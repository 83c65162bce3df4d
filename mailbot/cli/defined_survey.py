"""A survey as its file defines it, for the commands that need none applied."""

from __future__ import annotations

from mailbot.core.refusal import Refusal
from mailbot.core.surveys.survey import Survey
from mailbot.core.written_key import meant_key, near_keys
from mailbot.folder.config import Config
from mailbot.folder.definitions import load_definitions


def find_defined(config: Config, key: str) -> Survey | None:
    """Return the survey as its file defines it, applied or not; None where no file does."""
    written = {survey.key: survey for survey in load_definitions(config).surveys}
    return written.get(meant_key(key, written))


def none_defined(config: Config, key: str) -> Refusal:
    """Return what is said where neither a file nor the database has a survey, with those in files that look like it."""
    near = near_keys(key, {survey.key for survey in load_definitions(config).surveys})
    like = f" ({' or '.join(near)}?)" if near else ""
    return Refusal(
        f"survey {key}: neither applied nor in config/surveys/{like}; `mailbot surveys list` shows them"
    )


def defined(config: Config, key: str) -> Survey:
    """Return the survey as its file defines it, applied or not. Raises Refusal where no file does."""
    found = find_defined(config, key)
    if found is None:
        raise none_defined(config, key)
    return found
