"""Runs ``perf-matrix`` again and again, each time in a process of its own that need not import it anew.

Reads one command a line from standard input, as JSON ({"arguments", "cwd", "environ", "output"}), and
answers with its exit code. What it prints goes to ``output`` + .out and .err.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from perf_matrix.cli import main


def run(command: dict[str, Any]) -> None:
    """Become the command."""
    os.chdir(command["cwd"])
    os.environ.update(command["environ"])
    for stream, suffix in ((1, "out"), (2, "err")):
        target = os.open(f"{command['output']}.{suffix}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(target, stream)
    sys.argv = ["perf-matrix", *command["arguments"]]
    main()


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(json.loads(line))
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
