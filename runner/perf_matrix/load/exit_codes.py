"""What the exit status of k6 means, as k6 documents it (``errext/exitcodes`` in its source)."""

from __future__ import annotations

import signal

MEANINGS = {
    0: "the script came to its end before it was told to",
    97: "a test in k6's cloud failed",
    98: "k6's cloud did not tell the progress of the test",
    99: "a threshold was crossed",
    100: "setup() took too long",
    101: "teardown() took too long",
    102: "a time limit was exceeded",
    103: "the test was stopped through k6's REST API",
    104: "the options or the configuration of k6 are invalid",
    105: "k6 was interrupted by a signal",
    106: "k6 could not start its REST API",
    107: "the script threw an exception while it was loaded",
    108: "the script aborted the test",
    109: "k6 itself crashed (Go panic)",
    110: "the script marked the test as failed",
}


def meaning(status: int) -> str:
    """Return in words how a process ended whose ``Popen.returncode`` is ``status``."""
    if status < 0:
        return f"killed by {_signal_name(-status)}"
    return f"exit code {status}, {MEANINGS.get(status, 'which k6 does not document')}"


def _signal_name(number: int) -> str:
    known = {each.value: each.name for each in signal.Signals}
    return known.get(number, f"signal {number}")
