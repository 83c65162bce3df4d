"""The command `mailbot` itself; a file of this folder is loaded when a command that it defines is called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from mailbot import __version__

NAMED = "mailbot.config"  # in click's `meta`, which a command shares with the groups before it


def _named(context: click.Context, _: click.Parameter, path: str | None) -> None:
    if path is not None:
        context.meta[NAMED] = path


CONFIG = click.option(
    "--config",
    metavar="FILE",
    expose_value=False,
    callback=_named,
    help="The configuration; default config/mailbot.yaml.",
)


class CommandGroup(click.Group):
    """A group that loads the file of a command only when it is called: loading all would take a second each time."""

    def __init__(self, *arguments: Any, files: Mapping[str, str], **more: Any) -> None:
        """Take what click's own group takes, and `files`: command -> file; all others come with the group itself."""
        super().__init__(*arguments, **more)
        self.files = files

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of all commands, those that are not loaded among them."""
        return sorted({*super().list_commands(context), *self.files})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return a command from its file; an unknown name loads all files, since click looks for similar names."""
        found = super().get_command(context, name)
        if found is None:
            for file in [self.files[name]] if name in self.files else self.files.values():
                import_module(f"mailbot.cli.{file}")
            found = super().get_command(context, name)
        return found


@click.group(
    cls=CommandGroup,
    files={
        "apply": "definition_commands",
        "archive": "archive_commands",
        "backup": "backup_commands",
        "bounces": "bounce_commands",
        "bulletins": "bulletin_commands",
        "check": "folder_commands",
        "demo": "serve_commands",
        "dkim": "dkim_commands",
        "doctor": "doctor_commands",
        "erase": "person_commands",
        "events": "event_commands",
        "export": "definition_commands",
        "export-person": "person_commands",
        "held": "held_commands",
        "init": "folder_commands",
        "journal": "journal_commands",
        "lists": "list_commands",
        "meetings": "meeting_commands",
        "members": "member_commands",
        "probe": "preparation_commands",
        "queue": "queue_commands",
        "rehearse": "rehearse_commands",
        "restore": "backup_commands",
        "resume": "backup_commands",
        "schedule": "schedule_commands",
        "serve": "serve_commands",
        "surveys": "survey_commands",
    },
)
@click.version_option(__version__)
@CONFIG
def root() -> None:
    """Mailing lists, surveys answered by plain reply mail, and seminar notices on schedule."""
