"""`mailbot surveys`: which there are; the files beside it have all that is done with one."""

from __future__ import annotations

from pathlib import Path

from mailbot import show
from mailbot.cli.frame import JSON, command, opened
from mailbot.cli.root import CONFIG, CommandGroup, root
from mailbot.show import show_surveys


@root.group(
    "surveys",
    cls=CommandGroup,
    files={
        **dict.fromkeys(("acts", "close", "extend", "follow-up", "form"), "survey_course_commands"),
        **dict.fromkeys(
            ("open", "proxy", "publish", "reissue", "remind", "withdraw"), "survey_course_commands"
        ),
        **dict.fromkeys(("draft", "preview", "trial"), "preparation_commands"),
        **dict.fromkeys(
            ("destroy", "forget", "lines", "minutes", "missing", "recount", "results", "show"),
            "result_commands",
        ),
    },
)
@CONFIG
def surveys_group() -> None:
    """Surveys, answered by reply mail."""


@command(surveys_group, "list")
@JSON
def _surveys_list(path: Path, as_json: bool) -> None:
    """Show the surveys."""
    with opened(path) as it, it.database.read() as connection:
        rows = show_surveys.survey_rows(connection, it.config.timezone)
    show.table(
        rows, as_json=as_json, empty="no surveys; define one in config/surveys/ and run `mailbot apply`"
    )
