"""The service with as few file descriptors as a process may have and still work; nobody may give it more."""

from __future__ import annotations

import resource

from mailbot.cli import main

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
main()
