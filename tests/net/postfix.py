"""A private Postfix on 127.0.0.1, in a folder of its own: for tests that speak to it, and to measure beside it."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

# Why what needs it must be skipped; empty: it can run.
UNAVAILABLE = (
    "Postfix is not installed (Debian: postfix)"
    if shutil.which("postfix", path="/usr/sbin:/usr/bin") is None
    else "Postfix needs root to start"
    if os.geteuid() != 0
    else ""
)

_MASTER = ("/usr/share/postfix/master.cf.dist", "/etc/postfix/master.cf")
_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
myhostname = mail.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
disable_dns_lookups = yes
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
"""


def lay_out(folder: Path, options: str, port: int | None = None) -> list[str]:
    """Write what a Postfix with these options of main.cf needs, with nothing in a chroot; returns its command.

    It listens on the port of the loopback, and takes no mail by SMTP where there is none.
    """
    folder.chmod(0o755)
    for part in ("etc", "spool", "data"):
        (folder / part).mkdir()
    shutil.chown(folder / "data", "postfix")
    master = next(path for path in map(Path, _MASTER) if path.exists()).read_text()
    smtpd = "" if port is None else f"127.0.0.1:{port} inet n - n - 200 smtpd"
    master = re.sub(r"(?m)^smtp +inet.*$", smtpd, master)
    master = re.sub(r"(?m)^(\S+ +unix +\S+ +\S+ +)y", r"\1n", master)
    (folder / "etc/master.cf").write_text(master)
    (folder / "etc/main.cf").write_text(_MAIN.format(folder=folder) + options)
    for name in ("postfix-files", "dynamicmaps.cf"):
        if Path("/etc/postfix", name).exists():
            shutil.copy(Path("/etc/postfix", name), folder / "etc")
    return ["/usr/sbin/postfix", "-c", str(folder / "etc")]
