"""The statements of two arms, matched: which are new, gone, issued more or less often, or only grew.

Statements are matched by what they do (`perf_matrix.queries.form`): one that only names more columns than
before is the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isclose

from perf_matrix.compare.diff import ChangedLine
from perf_matrix.compare.model import (
    ChangedStatement,
    Elsewhere,
    GrownStatement,
    Place,
    Statement,
)
from perf_matrix.compare.places import likely_places
from perf_matrix.queries.form import Form, form, grown
from perf_matrix.queries.profile import SAME


@dataclass(frozen=True)
class Issued:
    """A statement on one arm: its text, its form, its calls per request."""

    text: str
    form: Form
    per_request: float


@dataclass(frozen=True)
class StatementDiff:
    """Statements per request, by canonical text; the dearest first."""

    added: list[Statement]
    removed: list[Statement]
    changed: list[ChangedStatement]
    grown: list[GrownStatement]


How = Callable[[str], Elsewhere]


def diff_statements(
    base: Mapping[str, float],
    head: Mapping[str, float],
    how_on_base: How,
    how_on_head: How,
    lines: Sequence[ChangedLine],
) -> StatementDiff:
    """Compare canonical text -> calls per request of two arms.

    ``how_on_base`` and ``how_on_head`` tell how an arm issues a statement that it does not issue on every
    request; ``lines`` are those that the change between the arms touched, to say where a statement may come
    from.
    """
    there, here = by_form(base), by_form(head)
    both = [(there[key], here[key]) for key in sorted(here.keys() & there.keys())]
    return StatementDiff(
        added=_only(here, there, how_on_base, lines),
        # Where a statement that is gone was issued is no place to mend.
        removed=_only(there, here, how_on_head, []),
        changed=_changed(both, lines),
        grown=_all_grown(both),
    )


def by_form(statements: Mapping[str, float]) -> dict[str, Issued]:
    """One statement per form: the first text that has it, and the calls of all of them."""
    found: dict[str, Issued] = {}
    for text in sorted(statements):
        key = form(text).key
        before = found.get(key)
        calls = statements[text] + (before.per_request if before else 0.0)
        found[key] = Issued(before.text if before else text, before.form if before else form(text), calls)
    return found


def is_same(one: float, other: float) -> bool:
    """Whether two counts per request are equal, but for the rounding of floating point."""
    return isclose(one, other, rel_tol=0, abs_tol=SAME)


def _only(
    here: Mapping[str, Issued], there: Mapping[str, Issued], how: How, lines: Sequence[ChangedLine]
) -> list[Statement]:
    alone = [
        Statement(
            statement=one.text,
            per_request=one.per_request,
            tables=list(one.form.tables),
            elsewhere=how(one.text),
            places=_places(one, lines),
        )
        for one in (here[key] for key in here.keys() - there.keys())
    ]
    return sorted(alone, key=lambda one: (-one.per_request, one.statement))


def _changed(both: Sequence[tuple[Issued, Issued]], lines: Sequence[ChangedLine]) -> list[ChangedStatement]:
    changed = [
        ChangedStatement(
            statement=new.text,
            base=old.per_request,
            head=new.per_request,
            tables=list(new.form.tables),
            places=_places(new, lines),
        )
        for old, new in both
        if not is_same(old.per_request, new.per_request)
    ]
    return sorted(changed, key=lambda one: (-abs(one.head - one.base), one.statement))


def _all_grown(both: Sequence[tuple[Issued, Issued]]) -> list[GrownStatement]:
    found = [_grown(old, new) for old, new in both if any(grown(old.form, new.form))]
    return sorted(found, key=lambda one: (-one.per_request, one.statement))


def _grown(old: Issued, new: Issued) -> GrownStatement:
    added, removed = grown(old.form, new.form)
    return GrownStatement(
        statement=new.text,
        per_request=new.per_request,
        columns_added=list(added),
        columns_removed=list(removed),
    )


def _places(one: Issued, lines: Sequence[ChangedLine]) -> list[Place]:
    return likely_places(lines, one.form.verb, one.form.tables)
