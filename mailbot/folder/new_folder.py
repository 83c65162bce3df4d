"""A new working folder, as `mailbot init DIR` makes it: it runs as it is."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from mailbot.folder.secret_files import write_secret_key
from mailbot.resources import example_config_folder


def make_folder(target: Path, key: bytes) -> list[Path]:
    """Make the folder with the example configuration and this secret key; return the files made, in order.

    The folder appears whole or not at all. Raises ValueError, with a sentence, when the path exists already or
    cannot be written.
    """
    if target.exists() or target.is_symlink():
        raise ValueError(f"{target} exists already; `mailbot init` takes a folder that does not exist yet")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as hidden:
            folder = Path(hidden, "folder")
            _fill(folder, key)
            folder.rename(target)
    except OSError as error:
        raise ValueError(f"{target} cannot be made: {error.strerror}") from None
    return sorted(path for path in target.rglob("*") if path.is_file())


def _fill(folder: Path, key: bytes) -> None:
    examples = example_config_folder()
    for example in sorted(path for path in examples.rglob("*") if path.suffix in {".yaml", ".md"}):
        copy = folder / "config" / example.relative_to(examples)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(example, copy)
    (folder / "data").mkdir(mode=0o700)
    write_secret_key(folder, key)
