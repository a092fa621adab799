"""``python -m github_api --state PRESET.json --dump DUMP.json``: the local GitHub until it is told to end.

It prints one line of JSON when it listens: the GITHUB_* variables for whoever is to use it. SIGUSR1 writes the dump,
SIGTERM and SIGINT write it and end the process. The exit status is 1 where there were violations.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from .process import announcement, dump_of, read_preset, write_dump
from .server import FakeGitHub

_ENDING = {signal.SIGTERM, signal.SIGINT}


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal; 0, or 1 where something was not as GitHub describes it."""
    options = _parsed(arguments)
    signals = _ENDING | {signal.SIGUSR1}
    # Blocked in every thread, and waited for in this one.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    preset = read_preset(options.state)
    with FakeGitHub(preset.state, preset.tokens, port=options.port) as api:
        for fault in preset.faults:
            api.order(fault)
        sys.stdout.write(f"{announcement(api)}\n")
        sys.stdout.flush()
        while signal.sigwait(signals) not in _ENDING:
            write_dump(dump_of(api), options.dump)
    write_dump(dump_of(api), options.dump)
    return 1 if api.violations else 0


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="github_api", description="A local GitHub that checks what it is asked."
    )
    parser.add_argument("--state", type=Path, required=True, help="JSON to start with: process.Preset")
    parser.add_argument("--dump", type=Path, required=True, help="where to write JSON: process.Dump")
    parser.add_argument("--port", type=int, default=0, help="of the API on 127.0.0.1; any that is free")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
