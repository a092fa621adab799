"""Reads budget files: the only part of this room that touches the disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from perf_matrix.budget.model import Budget
from perf_matrix.matrix.load import parse
from perf_matrix.matrix.read import read_text

_WRITE_ONE = "name another with --budget, or write one with `perf-matrix budget update`"


@dataclass(frozen=True)
class BudgetFile:
    """A budget and the text that says it; ``source`` names the file in messages."""

    source: str
    text: str
    budget: Budget


def read_budget(path: Path) -> BudgetFile:
    """The budget in the file at ``path``.

    Raises InputError for a file that is missing, not regular, larger than 1 MiB or not UTF-8, and for
    whatever parse_budget refuses.
    """
    return parse_budget(read_text(path, _WRITE_ONE), str(path))


def parse_budget(text: str, source: str) -> BudgetFile:
    """The budget that ``text`` describes.

    Raises InputError with a line ``source:line:column: message`` for each thing that is wrong.
    """
    return BudgetFile(source, text, parse(text, source, Budget, lambda _budget, _document: []))
