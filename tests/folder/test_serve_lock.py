"""The name of a node: the same when its service starts again, another for whatever else runs (promises.md I24)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mailbot.folder import serve_lock
from mailbot.folder.serve_lock import node_name


def test_a_service_that_starts_again_has_its_name(tmp_path: Path) -> None:
    """Whatever was written into its folder meanwhile."""
    (tmp_path / "data").mkdir()
    before = node_name(tmp_path)
    (tmp_path / "data" / "mailbot.db").write_bytes(b"written meanwhile")
    assert node_name(tmp_path) == before


def test_a_copy_that_is_seen_at_the_same_path_has_another(tmp_path: Path) -> None:
    """As in two containers of one image: host name and path are the same."""
    folder, copy = tmp_path / "mailbot", tmp_path / "copy"
    (folder / "data").mkdir(parents=True)
    of_the_first = node_name(folder)
    shutil.copytree(folder, copy)
    folder.rename(tmp_path / "elsewhere")
    copy.rename(folder)
    assert node_name(folder) != of_the_first


def test_a_cloned_machine_has_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its disk is the same to the last number, but no two kernels that run have one boot id."""
    (tmp_path / "data").mkdir()
    here = node_name(tmp_path)
    boot = tmp_path / "boot_id"
    boot.write_text("00000000-0000-0000-0000-000000000000\n", "ascii")
    monkeypatch.setattr(serve_lock, "_BOOT", boot)
    assert node_name(tmp_path) != here
