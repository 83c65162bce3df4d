"""The service, or the mutant that TRACED names, with what it writes and says noted by strace in the file `trace` of its folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CALLS = "openat,pwrite64,ftruncate,fdatasync,fsync,unlink,sendto,sendmsg,write,writev,accept4"

if __name__ == "__main__":
    trace = Path(os.environ["MAILBOT_CONFIG"]).parents[1] / "trace"
    program = [os.environ["TRACED"]] if "TRACED" in os.environ else ["-m", "mailbot"]
    # -D: the service stays the process that was started, so that it can be killed; -yy: sockets with their ends.
    os.execvp(
        "strace",
        [
            *("strace", "-D", "-f", "-yy", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", "-o", str(trace)),
            *(sys.executable, *program, *sys.argv[1:]),
        ],
    )
