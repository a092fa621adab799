"""What the record says about the SQL of one arm in one cell: profiles, and what is not issued on every request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from perf_matrix.compare.model import Elsewhere
from perf_matrix.matrix.model import Arm, Endpoint
from perf_matrix.queries.deferred import Deferred, deferred_writes, of_endpoint
from perf_matrix.queries.form import form
from perf_matrix.queries.points import ArmWindows, Profiles
from perf_matrix.queries.profile import QueryProfile
from perf_matrix.record.model import CellRecord, QueryWindow


@dataclass(frozen=True)
class ArmQueries:
    """One arm's statements. Sets hold the keys of forms (`perf_matrix.queries.form`)."""

    arm: Arm
    profiles: Mapping[str, Profiles]
    deferred: Sequence[Deferred]
    first_requests: frozenset[str]
    background: frozenset[str]
    connections: int | None
    _windows: ArmWindows

    def paired(self, endpoint: str) -> list[QueryWindow]:
        """The windows taken while an endpoint's latencies were compared, one for each block."""
        return self._windows.paired(endpoint)

    def deferred_by(self, endpoint: str) -> list[Deferred]:
        """What an endpoint's requests cause later."""
        return of_endpoint(self.deferred, endpoint)

    def cold(self, endpoint: str) -> tuple[float | None, bool]:
        """Statements of the first request to the endpoint after a start, and whether that is exact.

        What the arm also does in the background is not its own. What it wrote beyond what every request
        writes may be a batch that others left, so such a count is a bound.
        """
        main = self.profiles[endpoint].main
        if main.first_request is None:
            return None, True
        own = {
            text: calls
            for text, calls in main.first_request.items()
            if text in main.statements or form(text).key not in self.background
        }
        others = any(form(text).writes and text not in main.statements for text in own)
        return float(sum(own.values())), not others

    def how(self, statement: str, endpoint: str) -> Elsewhere:
        """How the arm issues a statement that it does not issue on every request of the endpoint."""
        wanted = form(statement)
        if wanted.key in _keys(one.statement for one in self.deferred_by(endpoint)):
            return "deferred"
        # A lookup that also runs now and then is a cache being filled; a write is a batch being flushed.
        if wanted.key in self.first_requests and not wanted.writes:
            return "first request"
        return "background" if wanted.key in self.background else ""


def arm_queries(record: CellRecord, endpoints: Sequence[Endpoint], arm: Arm) -> ArmQueries:
    """Gather what ``record`` has on the SQL of one arm; endpoints without a window have no profile."""
    windows = ArmWindows.of(arm, record.windows)
    found = {endpoint.name: windows.profiles(endpoint) for endpoint in endpoints}
    profiles = {name: one for name, one in found.items() if one is not None}
    first_scale = [window for window in windows.windows if window.scale == "first"]
    background = _keys(name for one in profiles.values() for name in one.main.background)
    cold = _keys(name for one in profiles.values() for name in one.main.cold_only)
    return ArmQueries(
        arm=arm,
        profiles=profiles,
        deferred=deferred_writes(
            first_scale, {name: _while_answered(one.main) for name, one in profiles.items()}
        ),
        # What the background does may have hit a first request by chance.
        first_requests=cold - background,
        background=background,
        connections=windows.most_connections(),
        _windows=windows,
    )


def _while_answered(profile: QueryProfile) -> dict[str, float | None]:
    """Canonical text -> calls per request while it is answered; None where that is in doubt.

    What is in doubt but in some window ran less often than there were requests is not issued on every request.
    """
    exact = {text: calls for text, calls in profile.statements.items() if text not in profile.in_doubt}
    doubtful = [text for text in profile.in_doubt if profile.statements.get(text, 0.0) >= 1]
    return {**exact, **dict.fromkeys(doubtful)}


def _keys(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(form(text).key for text in texts)
