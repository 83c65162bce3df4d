"""`mailbot serve`, the service itself, and `mailbot demo`, which shows it at work."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import click

from mailbot import log
from mailbot.cli.frame import JSON, PATH, UNUSED_CONFIG, command
from mailbot.cli.root import root
from mailbot.core.mistake import Mistake, Mistakes
from mailbot.folder.config import load_config
from mailbot.service import ROLES, serve, serve_in_workers
from mailbot.workers import MOST


@command(root, "serve")
@click.option("--roles", help=f"Comma-separated, of {','.join(ROLES)}; default all.")
@click.option(
    "--workers",
    type=click.IntRange(1, MOST),
    default=1,
    show_default=True,
    help="In so many processes: with 2, sending has one of its own; with 3, receiving as well.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="What the log leaves out: all below this.",
)
def _serve(path: Path, roles: str | None, workers: int, log_level: str) -> None:
    """Run the service; SIGTERM drains and stops it."""
    chosen = frozenset(ROLES) if roles is None else frozenset(roles.split(","))
    if unknown := sorted(chosen - set(ROLES)):
        raise click.UsageError(f"--roles: {unknown[0]!r} is none of {', '.join(ROLES)}")
    if not _sound(path):
        raise Mistakes(_mistakes(path))
    config = load_config(path)
    log.start(log_level)
    try:
        import uvloop  # noqa: PLC0415  an extra; plain asyncio does the same, slower
    except ImportError:
        run = asyncio.run
    else:
        run = uvloop.run
    if workers == 1:
        run(serve(config, chosen))
    elif status := serve_in_workers(config, chosen, workers, run):
        raise click.exceptions.Exit(status)


def _sound(path: Path) -> bool:
    """Tell whether the folder's files are without a mistake.

    A process of its own looks: what reads and checks files takes 5 MB, which the service would keep for months.
    """
    if looking := os.fork():
        return os.waitpid(looking, 0)[1] == 0
    status = 1  # also where it cannot be looked at: whoever asked looks himself and says why
    try:
        status = int(bool(_mistakes(path)))
    finally:
        os._exit(status)


def _mistakes(path: Path) -> Sequence[Mistake]:
    from mailbot.folder.definitions import check_folder  # noqa: PLC0415  not for the service itself, see above

    return check_folder(path)[0]


@root.command("demo")
@JSON
@click.option("--keep", type=PATH, metavar="DIR", help="Keep the demo's folder here.")
@UNUSED_CONFIG
def _demo(as_json: bool, keep: Path | None) -> None:
    """Do the whole main job on real input: a post, a survey, a seminar, all by real SMTP, within a minute."""
    from mailbot.demo.main_job import demo  # noqa: PLC0415  only the demo needs what it imports

    demo(keep=keep, as_json=as_json)
