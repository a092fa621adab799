"""What is wrong with a file, and where; and how several such problems become one error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perf_matrix.errors import InputError

MAX_SHOWN = 20
MAX_LENGTH = 500


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a text; lines and columns count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong: the message says what to write instead."""

    place: Place
    message: str


class UnreadableError(ValueError):
    """The text cannot be read any further; ``problem`` is the one that stopped it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def input_error(source: str, problems: Iterable[Problem]) -> InputError:
    """One error with a line ``file:line:column: message`` for each problem, in the order of the file."""
    ordered = sorted(set(problems))
    lines = [_line(source, problem) for problem in ordered[:MAX_SHOWN]]
    more = len(ordered) - MAX_SHOWN
    if more > 0:
        lines.append(f"{source}: and {more} more problems; mend these first")
    return InputError("\n".join(lines))


def _line(source: str, problem: Problem) -> str:
    message = problem.message
    if len(message) > MAX_LENGTH:
        message = message[:MAX_LENGTH] + "…"
    return f"{source}:{problem.place.line}:{problem.place.column}: {message}"
