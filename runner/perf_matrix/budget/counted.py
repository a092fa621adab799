"""What endpoints were seen to ask of the database, and what that is over several cells.  (Pure.)"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Counted:
    """What one endpoint was seen to ask of the database in one cell; ``request`` is 'GET /user/list'.

    ``per_request`` is exact if ``stable``, else an upper bound or, where nothing could be counted, None;
    ``because`` says why. ``per_row`` is the slope in statements per ``row`` ('user'), None where there is none;
    ``no_slope`` says in words what about its rows could not be told. ``cell`` is empty where there is only one.
    """

    endpoint: str
    request: str
    per_request: float | None
    stable: bool = True
    because: str = ""
    per_row: float | None = None
    row: str = ""
    no_slope: tuple[str, ...] = ()
    statements: Mapping[str, float] = field(default_factory=dict)  # canonical text -> calls per request
    cell: str = ""

    @property
    def exact(self) -> bool:
        """Whether ``per_request`` is the count and not only a bound of it."""
        return self.stable and self.per_request is not None


def by_endpoint(counted: Iterable[Counted]) -> dict[str, list[Counted]]:
    """What was counted of each endpoint, in one cell after another."""
    found: defaultdict[str, list[Counted]] = defaultdict(list)
    for each in counted:
        found[each.endpoint].append(each)
    return dict(found)


def heaviest(cells: Iterable[Counted]) -> Counted:
    """The cell in which an endpoint asks for most; one where it could not be counted may hide any number."""
    return max(cells, key=lambda each: (each.per_request is None, each.per_request or 0.0, each.exact))


def needed(cells: Sequence[Counted]) -> Counted:
    """What a budget has to allow an endpoint so that it keeps to it in every one of these cells."""
    slopes = [each.per_row for each in cells if each.per_row is not None]
    unknown = dict.fromkeys(why for each in cells for why in each.no_slope)
    return replace(heaviest(cells), per_row=max(slopes, default=None), no_slope=tuple(unknown))
