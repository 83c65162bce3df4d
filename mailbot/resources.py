"""Where the templates and the example configuration are, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def templates_folder() -> Path:
    """Return the folder with mail/ and web/ templates."""
    return _folder("templates")


def example_config_folder() -> Path:
    """Return the folder that `mailbot init` copies: mailbot.yaml, lists/, surveys/, events/."""
    return _folder("config")


def _folder(name: str) -> Path:
    """A wheel carries the folder inside the package with a leading underscore (pyproject.toml, force-include)."""
    installed = _PACKAGE / f"_{name}"
    return installed if installed.is_dir() else _PACKAGE.parent / name


def own_folder(folder: Path) -> Path:
    """Return where a working folder keeps templates of its own (own_templates.py)."""
    return folder / "templates"
