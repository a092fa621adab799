"""Which of a cell's windows belong together: one endpoint, arm, data scale and page size.  (Pure.)"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from perf_matrix.matrix.model import Arm, Endpoint
from perf_matrix.queries.profile import QueryProfile, profile_endpoint
from perf_matrix.record.model import DataScale, QueryWindow

_Key = tuple[DataScale, str | None, int | None]


@dataclass(frozen=True)
class Profiles:
    """What one endpoint makes one arm ask for: as it is, with its other page size, with more data."""

    main: QueryProfile
    other_page: QueryProfile | None = None
    more_data: QueryProfile | None = None


@dataclass(frozen=True)
class ArmWindows:
    """All windows of one arm of a cell, in the order in which they were taken."""

    arm: Arm
    windows: list[QueryWindow]
    _by_point: Mapping[_Key, list[QueryWindow]] = field(repr=False)

    @classmethod
    def of(cls, arm: Arm, windows: Iterable[QueryWindow]) -> ArmWindows:
        """Sort out the windows of ``arm``; those of the other one are left out."""
        own = [window for window in windows if window.arm == arm]
        by_point: defaultdict[_Key, list[QueryWindow]] = defaultdict(list)
        for window in own:
            by_point[window.scale, window.endpoint, window.page_size].append(window)
        return cls(arm, own, by_point)

    def profiles(self, endpoint: Endpoint) -> Profiles | None:
        """Profile an endpoint; None where the arm has no window of it."""
        first, second = endpoint.page_sizes or (None, None)
        main = self._profile("first", endpoint.name, first)
        if main is None:
            return None
        return Profiles(
            main=main,
            other_page=None if second is None else self._profile("first", endpoint.name, second),
            more_data=self._profile("second", endpoint.name, first),
        )

    def paired(self, endpoint: str) -> list[QueryWindow]:
        """The windows taken while an endpoint's latencies were compared, one for each block."""
        return [window for window in self.windows if window.kind == "paired" and window.endpoint == endpoint]

    def most_connections(self) -> int | None:
        """The most connections that were seen open at once."""
        seen = [window.connections for window in self.windows if window.connections is not None]
        return max(seen, default=None)

    def _profile(self, scale: DataScale, endpoint: str, page_size: int | None) -> QueryProfile | None:
        windows = self._by_point.get((scale, endpoint, page_size), [])
        counted = [window for window in windows if window.kind in ("cold", "warm")]
        return profile_endpoint(counted, self._by_point.get((scale, None, None), [])) if counted else None
