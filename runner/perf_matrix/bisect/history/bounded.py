"""A diff as git writes it, up to a limit: it can be of any size."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from perf_matrix.compare.diff import MAX_LINES
from perf_matrix.subjects.git import git_command, git_environment

_NEXT_FILE = "\ndiff --git "
# Of no use for finding a cause, and what would change the text: colours, programs of the user's own, prefixes.
DIFF_OPTIONS = (
    *("--no-color", "--no-ext-diff", "--no-textconv", "--find-renames", "--unified=3"),
    *("--inter-hunk-context=0", "--submodule=short", "--no-indent-heuristic"),
)


@dataclass(frozen=True)
class Limits:
    """When to stop: bytes of text, its lines, seconds."""

    size: int = 20_000_000
    lines: int = MAX_LINES
    seconds: float = 60.0


@dataclass(frozen=True)
class CutDiff:
    """A diff, and whether it is all there is."""

    text: str
    complete: bool = True


def bounded_diff(folder: Path, limits: Limits, *arguments: str) -> CutDiff:
    """What git writes in ``folder``; at a limit it is ended, and what it wrote is cut after its last whole file.

    Bytes that are no UTF-8 become U+FFFD. Raises MissingToolError where there is no git.
    """
    with subprocess.Popen(
        git_command(folder, *arguments),
        env=git_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as git:
        timer = Timer(limits.seconds, git.kill)
        timer.start()
        written = git.stdout.read(limits.size + 1) if git.stdout else b""
        if len(written) > limits.size:
            git.kill()
        git.wait()
        timer.cancel()
    complete = len(written) <= limits.size and git.returncode in (0, 1)
    return cut(written.decode(errors="replace"), limits.lines, complete=complete)


def cut(text: str, lines: int, *, complete: bool) -> CutDiff:
    """``text`` if it is complete and not longer than ``lines``; otherwise its files that are.  (Pure.)"""
    end = _end_of_line(text, lines)
    if complete and end is None:
        return CutDiff(text)
    kept, found, _ = text[:end].rpartition(_NEXT_FILE)
    return CutDiff(kept + "\n" if found else "", complete=False)


def _end_of_line(text: str, number: int) -> int | None:
    """Where the line of this number ends, from 1; None where there is nothing after it."""
    if text.count("\n") <= number:
        return None
    end = -1
    for _ in range(number):
        end = text.index("\n", end + 1)
    return end
