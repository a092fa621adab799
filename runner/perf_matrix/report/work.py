"""The database's work beside the counts per request: batches, statements that grew, connections, delays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from perf_matrix.compare.model import CellComparison, DeferredBoth, DeferredStatement, EndpointComparison
from perf_matrix.queries.form import form
from perf_matrix.report import delay, numbers
from perf_matrix.report.statements import StatementLine, grown_line

_ENDPOINTS_NAMED = 4


@dataclass(frozen=True, slots=True)
class Shared:
    """A statement with the endpoints that it was found on: the same one is often found on many."""

    line: StatementLine
    endpoints: Sequence[str]

    @property
    def by(self) -> str:
        """The first few endpoints: 'key-info, user-info and 3 more'."""
        rest = len(self.endpoints) - _ENDPOINTS_NAMED
        named = ", ".join(self.endpoints[:_ENDPOINTS_NAMED])
        return f"{named} and {rest} more" if rest > 0 else named


def later(endpoints: Iterable[tuple[str, EndpointComparison]]) -> list[Shared]:
    """Return what is issued later on behalf of requests, each statement with the endpoints that cause it."""
    return _shared((name, line) for name, e in endpoints if e.queries for line in _later(e.queries.deferred))


def grown(endpoints: Iterable[tuple[str, EndpointComparison]]) -> list[Shared]:
    """Return the statements that name other columns and are the same otherwise, each with its endpoints."""
    return _shared(
        (name, grown_line(statement)) for name, e in endpoints if e.queries for statement in e.queries.grown
    )


def surroundings(cells: Iterable[tuple[str, CellComparison]]) -> Iterator[str]:
    """Yield what is to be known of each cell's database: connections if they differ, the delay if one was made."""
    for name, cell in cells:
        where = f" in {name}" if name else ""
        seen = cell.connections
        if seen.base is not None and seen.head is not None and seen.base != seen.head:
            base, head = (numbers.count(value) for value in (seen.base, seen.head))
            yield f"Database connections{where}, at most: {base} on base, {head} on head."
        yield from delay.described(where, cell)


def _later(deferred: DeferredBoth) -> Iterator[StatementLine]:
    """Yield the deferred statements of both arms, matched by what they do."""
    base, head = ({(form(s.statement).key, s.unit): s for s in arm} for arm in (deferred.base, deferred.head))
    for key in base | head:
        yield _later_line(base.get(key), head.get(key))


def _later_line(base: DeferredStatement | None, head: DeferredStatement | None) -> StatementLine:
    found = [statement for statement in (base, head) if statement]
    counts = list(dict.fromkeys(numbers.per_request(s.per_request) for s in found))
    unit = found[0].unit.removesuffix("s") if counts == ["1.00"] else found[0].unit
    only = "" if base and head else f", proven on {'base' if base else 'head'} only"
    return StatementLine(
        f"later, in batches{only}: {' → '.join(counts)} {unit} per request", found[-1].statement
    )


def _shared(found: Iterable[tuple[str, StatementLine]]) -> list[Shared]:
    """Gather the endpoints of the same line, in the order in which the lines first come."""
    endpoints: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
    lines: dict[tuple[object, ...], StatementLine] = {}
    for name, line in found:
        key = (line.mark, line.statement)
        lines.setdefault(key, line)
        endpoints[key].append(name)
    return [Shared(line, endpoints[key]) for key, line in lines.items()]
