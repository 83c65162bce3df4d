"""Every conversation in tests/dialogs/, against the real service on a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialogs.conversation import conversation, steps_of

_DIALOGS = sorted((Path(__file__).parent / "dialogs").glob("*.txt"))


@pytest.mark.parametrize("file", _DIALOGS, ids=lambda file: file.stem)
def test_dialog(file: Path, tmp_path: Path) -> None:
    """What the file says happens, line by line."""
    steps = steps_of(file.read_text(encoding="utf-8"))
    with conversation(tmp_path / "site") as spoken:
        for step in steps:
            try:
                spoken.play(step)
            except AssertionError as wrong:
                pytest.fail(f"{file.name}:{step.line}: {step.what}\n{wrong}", pytrace=False)
