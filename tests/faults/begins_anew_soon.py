"""The service as it is, but for the pauses before a worker that dies again and again begins anew: a fiftieth of ours."""

from __future__ import annotations

from mailbot import workers
from mailbot.cli import main

workers._PAUSES = (0.0, 0.02, 0.1, 0.6)

if __name__ == "__main__":
    main()
