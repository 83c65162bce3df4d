"""What `mailbot surveys` shows of where a survey stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailbot.folder.new_folder import make_folder
from mailbot.show.show_results import survey_text
from tests.cli.test_folder_commands import run


def test_nobody_is_missing_before_anybody_was_asked(tmp_path: Path) -> None:
    """It says that the survey was never opened, which is something else than that all have answered."""
    folder = tmp_path / "site"
    make_folder(folder, bytes(32))
    run(folder, "apply")
    assert run(folder, "surveys", "missing", "S26-014").strip() == "survey S26-014 was never opened"


def test_what_is_held_is_shown_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """ballot.md section 8: a case for the desk stands as held with its reason; a counted answer needs none."""
    held = {"body": "203041", "status": "held", "version": 0, "answers": {"Q1": None}, "remarks": {}}
    counted = {
        **held,
        "body": "202011",
        "status": "counted",
        "answers": {"Q1": ["1"]},
        "reason": "数えました",
    }
    unclear = {"problems": [{"question": "Q1", "text": "文字化けがあります"}], "reason": "文章だけがあります"}
    survey_text({"key": "S26-014", "tally": {}, "votes": [{**held, **unclear}, {**counted, "problems": []}]})
    shown = capsys.readouterr().out
    assert "Q1: 文字化けがあります" in shown
    assert "文章だけがあります" in shown
    assert "数えました" not in shown
