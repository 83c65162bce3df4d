"""An installed wheel works without the tree that it was built from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, folder: Path = ROOT) -> str:
    """Run a program that knows nothing of this tree but the pinned versions; returns what it printed."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MAILBOT"))
    }
    environment["PIP_CONSTRAINT"] = str(ROOT / "constraints.txt")
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=90
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def mailbot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a wheel that is installed into an environment of its own; libraries are borrowed from ours."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    venv.create(folder / "venv", symlinks=True, with_pip=False)
    python = folder / "venv/bin/python"
    (wheel,) = folder.glob("mailbot-*.whl")
    run(*pip, "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (own / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "venv/bin/mailbot"


def test_an_installed_wheel_makes_a_folder_and_works_in_it(mailbot: Path, tmp_path: Path) -> None:
    """The example configuration and the templates travel in the wheel: init, check and apply need nothing else."""
    run(mailbot, "init", "site", folder=tmp_path)
    config = tmp_path / "site/config/mailbot.yaml"
    assert "no mistakes" in run(mailbot, "check", "--config", config, folder=tmp_path)
    run(mailbot, "apply", "--config", config, folder=tmp_path)
    lists = json.loads(run(mailbot, "lists", "--json", "--config", config, folder=tmp_path))
    assert {one["name"] for one in lists} == {"kaigi", "news", "security"}


def test_an_installed_wheel_finds_its_templates(mailbot: Path, tmp_path: Path) -> None:
    """Every template of the tree is in the wheel, unchanged."""
    found = "from mailbot import resources; print(resources.templates_folder())"
    installed = Path(run(mailbot.parent / "python", "-c", found, folder=tmp_path).strip())
    assert not installed.is_relative_to(ROOT)
    templates = {path.relative_to(ROOT / "templates") for path in (ROOT / "templates").rglob("*.txt")}
    assert {path.relative_to(installed) for path in installed.rglob("*.txt")} == templates
    assert all(
        (installed / name).read_bytes() == (ROOT / "templates" / name).read_bytes() for name in templates
    )
