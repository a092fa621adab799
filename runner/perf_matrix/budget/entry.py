"""One entry of a budget file: what an update makes of it, and the one line that says it."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from perf_matrix.budget.counted import Counted
from perf_matrix.budget.figures import figure, on_one_line
from perf_matrix.budget.model import EndpointBudget
from perf_matrix.matrix.yaml_tree import plain_scalar

INDENT = 2
_COMMENT_COLUMN = 53
_LEAST_GAP = 2
_SLOPE_DECIMALS = 2
_COUNT_DECIMALS = 6
_NO_WRAPPING = 10_000


@dataclass(frozen=True)
class Entry:
    """An endpoint's budget and the comment that a new entry gets behind it."""

    name: str
    budget: EndpointBudget
    comment: str

    @property
    def mapping(self) -> str:
        """The entry without indentation and comment: ``user-list: {statements: 28, per_row: 1}``."""
        parts = [f"statements: {figure(self.budget.statements)}"]
        if self.budget.per_row is not None:
            parts.append(f"per_row: {figure(self.budget.per_row)}")
        if self.budget.note:
            parts.append(f"note: {_quoted(self.budget.note)}")
        return f"{_key(self.name)}: {{{', '.join(parts)}}}"

    def line(self, indent: int = INDENT) -> str:
        """The whole line, without its end."""
        mapping = " " * indent + self.mapping
        return f"{mapping}{gap(len(mapping))}# {self.comment}"


def measured_entry(old: EndpointBudget | None, counted: Counted) -> Entry:
    """The entry that allows just what was counted, exactly; a slope that was not measured stays as it was.

    ValueError where the count is not exact: no entry may make it look so.
    """
    if not counted.exact or counted.per_request is None:
        raise ValueError(f"the count of {counted.endpoint} is not exact")
    budget = _measured(old, counted, counted.per_request)
    return Entry(counted.endpoint, budget, _comment(counted, budget))


def gap(width: int) -> str:
    """The blanks between an entry that ends at column ``width`` and its comment: comments line up."""
    return " " * max(_COMMENT_COLUMN - width, _LEAST_GAP)


def _measured(old: EndpointBudget | None, counted: Counted, per_request: float) -> EndpointBudget:
    values = {
        "statements": round(per_request, _COUNT_DECIMALS),
        "per_row": _slope(old.per_row if old else None, counted.per_row),
        "note": old.note if old else "",
    }
    return EndpointBudget.model_validate({key: value for key, value in values.items() if value is not None})


def _slope(old: float | None, measured: float | None) -> float | None:
    """None where there is nothing to say: a budget without ``per_row`` asks for rows that cost nothing."""
    if measured is None:
        return old
    slope = max(round(measured, _SLOPE_DECIMALS), 0.0)
    return slope if slope or old is not None else None


def _comment(counted: Counted, budget: EndpointBudget) -> str:
    per = f"; per {counted.row}" if counted.row and budget.per_row is not None else ""
    return on_one_line(counted.request + per)


def _key(name: str) -> str:
    """The name as YAML reads it as text: ``"on"`` and ``"404"`` need quotes."""
    return name if isinstance(plain_scalar(name), str) else f'"{name}"'


def _quoted(text: str) -> str:
    """In double quotes, which can say every text on one line."""
    dumped: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=_NO_WRAPPING)
    return dumped.rstrip("\n")
