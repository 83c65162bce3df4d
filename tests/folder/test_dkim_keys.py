"""DKIM keys: files that only their owner reads, and the record that the DNS needs."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from mailbot.core.refusal import Refusal
from mailbot.folder.dkim_keys import load_signer, make_key, public_key, zone_line
from mailbot.folder.new_folder import make_folder
from tests.dialogs.conversation import run


@pytest.mark.parametrize(("kind", "length"), [("rsa", 392), ("ed25519", 44)])
def test_a_key_is_made_once(tmp_path: Path, kind: str, length: int) -> None:
    """Private from its first byte, never written over; its public half is found again."""
    file = tmp_path / "dkim" / "2026a.key"
    made = make_key(file, "rsa" if kind == "rsa" else "ed25519")
    assert file.stat().st_mode & 0o777 == 0o600
    assert public_key(file) == made
    assert len(made.value) == length
    assert made.record == f"v=DKIM1; k={kind}; p={made.value}"
    with pytest.raises(Refusal, match="exists already; choose another selector"):
        make_key(file, "rsa")


def test_the_record_for_a_zone_file(tmp_path: Path) -> None:
    """Strings of at most 255 octets (RFC 1035), which joined are the record."""
    key = make_key(tmp_path / "k", "rsa")
    line = zone_line("ml.example.jp", "2026a", key)
    strings = re.findall(r'"([^"]*)"', line)
    assert line.startswith("2026a._domainkey.ml.example.jp. IN TXT (")
    assert max(map(len, strings)) <= 255
    assert "".join(strings) == key.record


@pytest.mark.parametrize(
    "content", [None, "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused(tmp_path: Path, content: str | None) -> None:
    """With a sentence that names the file and what makes a key."""
    file = tmp_path / "k"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(Refusal, match=f"dkim: {file} .*`mailbot dkim make` makes one"):
        load_signer(file, "ml.example.jp", "2026a")


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    """DKIM knows RSA and Ed25519 only."""
    file = tmp_path / "k"
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file],
        check=True,
        capture_output=True,
    )
    with pytest.raises(Refusal, match="neither an RSA key of at least 1024 bits nor an Ed25519 key"):
        load_signer(file, "ml.example.jp", "2026a")


def mailbot(config: Path, *command: str) -> tuple[int, str]:
    """Run a command on this configuration; returns its exit status and what it printed."""
    return run([*command, "--config", str(config)], config.parent)


def test_make_and_show(tmp_path: Path) -> None:
    """`dkim make` takes the year's next letter; `dkim show` says which key signs; `check` sees a key that is gone."""
    make_folder(tmp_path / "ml", bytes(range(32)))
    config = tmp_path / "ml" / "config" / "mailbot.yaml"
    first, second = (json.loads(mailbot(config, "dkim", "make", "--json")[1]) for _ in range(2))
    assert re.fullmatch(r"\d{4}a", first["selector"])
    assert second["selector"] == first["selector"][:-1] + "b"
    with config.open("a", encoding="utf-8") as file:
        file.write(f"\ndkim: {{selector: {second['selector']}}}\n")
    shown = json.loads(mailbot(config, "dkim", "show", "--json")[1])
    assert [(row["selector"], row["signs"]) for row in shown] == [
        (first["selector"], False),
        (second["selector"], True),
    ]
    assert shown[1]["record"] == second["zone_line"]
    Path(second["file"]).unlink()
    status, refused = mailbot(config, "check")
    assert status == 1
    assert "dkim.selector: " in refused
    assert mailbot(config, "dkim", "make", "--selector", second["selector"])[0] == 0
    assert mailbot(config, "check")[0] == 0


def test_a_bad_selector_is_refused(tmp_path: Path) -> None:
    """One sentence, no traceback, no file outside data/dkim/."""
    make_folder(tmp_path / "ml", bytes(range(32)))
    refused = mailbot(tmp_path / "ml" / "config" / "mailbot.yaml", "dkim", "make", "--selector", "../../x")
    assert refused == (1, "'../../x' is not a selector such as 2026a: letters, digits and hyphens\n")
