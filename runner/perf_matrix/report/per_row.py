"""The section 'Statements per row': every list's slope, N+1 queries in full, flat lists in a line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from perf_matrix.compare.model import EndpointComparison, Slope
from perf_matrix.report import slopes
from perf_matrix.report.slopes import NPlusOne
from perf_matrix.report.table import WORST_FIRST

TITLE = "Statements per row"
_LISTS_NAMED = 10


@dataclass(frozen=True, slots=True)
class Listed:
    """An endpoint: the name of its cell, empty where there is but one, and its own."""

    cell: str
    name: str
    endpoint: EndpointComparison

    @property
    def label(self) -> str:
        """Both names in words."""
        return f"{self.name} in {self.cell}" if self.cell else self.name

    @property
    def slopes(self) -> Sequence[Slope]:
        """Its slopes: several where it was counted with other pages and with more data."""
        return self.endpoint.queries.slopes if self.endpoint.queries else ()

    @property
    def doubt(self) -> str:
        """Why its count is in doubt; empty where it is exact."""
        return self.endpoint.queries.unstable_because if self.endpoint.queries else ""


@dataclass(frozen=True, slots=True)
class Flat:
    """The lists that issue the same statements however many rows they have, on both arms."""

    over: str
    names: Sequence[str]

    @property
    def whole(self) -> str:
        """The lists, all by name."""
        return f"{self._many}: {', '.join(self.names)}"

    @property
    def brief(self) -> str:
        """The lists, the first few by name."""
        rest = len(self.names) - _LISTS_NAMED
        more = f" and {rest} more" if rest > 0 else ""
        return f"{self._many}: {', '.join(self.names[:_LISTS_NAMED])}{more}"

    @property
    def _many(self) -> str:
        count = len(self.names)
        lists = (
            "1 list does not grow with its rows"
            if count == 1
            else f"{count} lists do not grow with their rows"
        )
        return f"{lists}, over the {self.over}"


@dataclass(frozen=True, slots=True)
class PerRow:
    """The section: ``no_line`` says where an N+1 may be hidden, ``gentle`` lists grow too little for one."""

    n_plus_one: Sequence[NPlusOne]
    no_line: Sequence[str]
    gentle: Sequence[str]
    flat: Sequence[Flat]
    title: str = TITLE

    @property
    def shown(self) -> bool:
        """Whether any list was counted with several numbers of rows."""
        return self.telling or bool(self.flat)

    @property
    def telling(self) -> bool:
        """Whether a list grows, or may do so."""
        return bool(self.n_plus_one or self.no_line or self.gentle)


def per_row(endpoints: Sequence[Listed]) -> PerRow:
    """Return the section; N+1 queries worst first, everything else in the order of the endpoints."""
    found = [(one, slope) for one in endpoints for slope in one.slopes]
    steep = [pair for pair in found if slopes.is_n_plus_one(pair[1])]
    others = [pair for pair in found if not slopes.is_n_plus_one(pair[1])]
    lines = [(one.label, slope) for one, slope in others if not slopes.has_no_line(slope)]
    return PerRow(
        n_plus_one=_worst_first(slopes.n_plus_one(o.cell, o.name, slope, o.doubt) for o, slope in steep),
        no_line=[slopes.without_line(o.label, s, o.doubt) for o, s in others if slopes.has_no_line(s)],
        gentle=[slopes.gentle(name, slope) for name, slope in lines if slopes.grows(slope)],
        flat=list(_flat(lines)),
    )


def _worst_first(found: Iterable[NPlusOne]) -> list[NPlusOne]:
    return sorted(found, key=lambda one: WORST_FIRST.index(one.verdict))


def _flat(lines: Sequence[tuple[str, Slope]]) -> Iterator[Flat]:
    """Yield the flat lists, those over the same thing together."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name, slope in lines:
        if not slopes.grows(slope):
            names[slope.over].append(name)
    for over, found in names.items():
        yield Flat(over, found)
