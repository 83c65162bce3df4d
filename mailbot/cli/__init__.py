"""The command line: reads what a person asks for, calls one flow, shows what came of it."""

from __future__ import annotations

import gc
import io
import os
import sys
from typing import NoReturn

import click

from mailbot.cli.root import root
from mailbot.core.mail.header import clean
from mailbot.core.mistake import Mistakes
from mailbot.core.refusal import Refusal
from mailbot.core.transfer.envelope import StorageFull, StorageUnavailable

__all__ = ["main", "root"]


def main() -> NoReturn:
    """Run the command line; whatever a person did wrong ends as one sentence and exit status 1."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal in ASCII or EUC-JP lacks some; in JSON it is \\uXXXX
        sys.stdout.reconfigure(errors="backslashreplace")
    # A command is over soon, and little of what it makes is a cycle: to look for them takes a quarter of an import at Python's
    # own 700, a twelfth at 20,000, and at 500,000 next to nothing. What serves sets its own (service.py).
    gc.set_threshold(500_000, 20, 50)
    # No other package's plugin has a say in how our files are checked; to look for one reads every package's entry points.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        status: int | None = root(prog_name="mailbot", standalone_mode=False)  # what `Exit` was raised with
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (Refusal, Mistakes, ValueError) as refusal:
        print("\n".join(map(clean, str(refusal).split("\n"))), file=sys.stderr)
        sys.exit(1)
    except StorageFull as full:
        print(
            f"the database has no room: {full}; free space on its disk and run the command again",
            file=sys.stderr,
        )
        sys.exit(1)
    except StorageUnavailable as away:
        print(
            f"the database cannot be used now: {away}; see `database:` in the configuration", file=sys.stderr
        )
        sys.exit(1)
    except BrokenPipeError:
        os._exit(1)  # the reader went away (`| head`): nothing is left to say, and nobody to say it to
    gc.freeze()  # else Python looks for cycles in everything once more before it ends: a twentieth of a short command
    sys.exit(status or 0)
