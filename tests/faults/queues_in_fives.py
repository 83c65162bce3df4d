"""The service as it is, but for the size of a chunk: a list of a hundred is a large one to it."""

from __future__ import annotations

from mailbot.cli import main
from mailbot.store.sending import fan_outs

fan_outs.CHUNK = 5
main()
