"""The service, or the mutant that TRACED names, with every so many-th of its system calls failing, as FAILING says to strace.

They are noted in the file `trace` of its folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    trace = Path(os.environ["MAILBOT_CONFIG"]).parents[1] / "trace"
    program = [os.environ["TRACED"]] if "TRACED" in os.environ else ["-m", "mailbot"]
    call = os.environ["FAILING"].partition(":")[0]
    os.execvp(
        "strace",
        [
            *("strace", "-D", "-f", "-qq", "-e", f"trace={call}", "-e", f"inject={os.environ['FAILING']}"),
            *("-o", str(trace), sys.executable, *program, *sys.argv[1:]),
        ],
    )
