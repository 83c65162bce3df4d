"""What a planned run is, in words for the secretariat: of a survey, or of a written resolution, which is none to its readers."""

from __future__ import annotations

from sqlalchemy import Connection

from mailbot.core.office.plan import JobName
from mailbot.core.office.run_words import run_words
from mailbot.site import Site
from mailbot.store.surveys import surveys


def words_of_run(connection: Connection, site: Site, name: JobName) -> str:
    """Return what a run is: 「S26-014の調査の開始」, 「K26-02の書面表決の開始」."""
    stored = surveys.load(connection, name.key) if name.subject == "survey" else None
    return run_words(
        name, site.language, resolution=stored is not None and stored.survey.resolution is not None
    )
