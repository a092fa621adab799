"""What a recorded run says of each symptom, on each arm.  (Pure.)

Source of the estimate: the Hodges-Lehmann shift of the log-ratios, as in `perf_matrix.compare.hodges_lehmann`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from perf_matrix.bisect.symptom import Symptom
from perf_matrix.compare.blocks import RULES, FloatArray, LatencyMetric, Stretch, units
from perf_matrix.compare.hodges_lehmann import estimates
from perf_matrix.compare.rounds import rounds
from perf_matrix.compare.soak import compare_soaks
from perf_matrix.matrix.model import Arm, Endpoint
from perf_matrix.queries.points import ArmWindows
from perf_matrix.record.model import CellRecord, Presence, RunRecord

_DIGITS = 6
_LEAST_UNITS = 4
# Half a standard normal's 98 % interval, the one that the soak is compared with.
_HALF_WIDTH = 2.326

Answer = float | None
"""What an exact symptom shows: statements per request; 1 or 0 for answering; None for an endpoint that is not there."""


@dataclass(frozen=True)
class Counted:
    """An exact reading, or ``because`` why there is none. ``statements``: canonical text -> calls per request."""

    value: Answer
    because: str
    statements: Mapping[str, float]


@dataclass(frozen=True)
class Estimated:
    """How head differs from base: a log-ratio or a difference, its variance between ``blocks`` blocks."""

    estimate: float
    block_variance: float
    blocks: int


def counted(record: RunRecord, arm: Arm) -> dict[Symptom, Counted]:
    """Every exact symptom of one arm of a run."""
    return {
        symptom: one
        for cell in record.cells
        for windows in [ArmWindows.of(arm, cell.windows)]
        for endpoint in record.info.endpoints
        for symptom, one in _of_endpoint(cell, windows, endpoint)
    }


def _of_endpoint(
    cell: CellRecord, windows: ArmWindows, endpoint: Endpoint
) -> Iterator[tuple[Symptom, Counted]]:
    probes = [each for each in cell.presence if (each.endpoint, each.arm) == (endpoint.name, windows.arm)]
    if not probes:
        return
    answers = _answers(probes)
    yield Symptom(cell.cell.id, endpoint.name, "answers"), Counted(answers, _failures(probes), {})
    queries = Symptom(cell.cell.id, endpoint.name, "queries")
    yield queries, Counted(None, "", {}) if answers is None else _statements(windows, endpoint)


def _answers(probes: Sequence[Presence]) -> Answer:
    if not any(each.present for each in probes):
        return None
    return 1.0 if any(each.present and not each.failures for each in probes) else 0.0


def _failures(probes: Sequence[Presence]) -> str:
    return "; ".join(dict.fromkeys(words for each in probes for words in each.failures))


def _statements(windows: ArmWindows, endpoint: Endpoint) -> Counted:
    profiles = windows.profiles(endpoint)
    if profiles is None:
        return Counted(None, "no request to it was counted", {})
    main = profiles.main
    if main.per_request is None or not main.stable:
        return Counted(None, main.invalid_because or main.unstable_because or "not counted", {})
    return Counted(round(main.per_request, _DIGITS), "", main.statements)


def is_reading(one: Counted, symptom: Symptom) -> bool:
    """Whether it tells the symptom's value: what is not exact does not."""
    return symptom.metric == "answers" or not one.because


def estimated(record: RunRecord) -> dict[Symptom, Estimated]:
    """Every noisy symptom of a run of both arms: how head differs from base."""
    found = {}
    for cell in record.cells:
        for endpoint in record.info.endpoints:
            blocks = [block for block in cell.blocks if block.endpoint == endpoint.name]
            for metric in RULES:
                one = _latency(blocks, metric)
                if one is not None:
                    found[Symptom(cell.cell.id, endpoint.name, metric)] = one
        found.update(_under_load(cell, record))
    return found


def _latency(blocks: Sequence[Stretch], metric: LatencyMetric) -> Estimated | None:
    compared = units(blocks, metric) if blocks else None
    if compared is None or len(compared) < _LEAST_UNITS:
        return None
    return _of_values(compared.log_ratios)


def _of_values(values: FloatArray) -> Estimated:
    return Estimated(float(estimates(values)), float(np.var(values, ddof=1)), len(values))


def _under_load(cell: CellRecord, record: RunRecord) -> Iterator[tuple[Symptom, Estimated]]:
    pairs = rounds(cell.slots)
    for endpoint in record.info.endpoints:
        shares = [
            _share(pair.head.failed, pair.head.latencies_ms, endpoint.name)
            - _share(pair.base.failed, pair.base.latencies_ms, endpoint.name)
            for pair in pairs
        ]
        if len(shares) >= _LEAST_UNITS:
            yield Symptom(cell.cell.id, endpoint.name, "errors"), _of_values(np.array(shares))
    soak = compare_soaks(cell.soaks, record.info.matrix.gate)
    if (
        soak
        and soak.base_ci
        and soak.head_ci
        and soak.growth.base is not None
        and soak.growth.head is not None
    ):
        widths = [(high - low) / 2 / _HALF_WIDTH for low, high in (soak.base_ci, soak.head_ci)]
        more = soak.growth.head - soak.growth.base
        yield (
            Symptom(cell.cell.id, "", "memory"),
            Estimated(more, _LEAST_UNITS * sum(width**2 for width in widths), _LEAST_UNITS),
        )


def _share(failed: Mapping[str, int], good: Mapping[str, Sequence[float]], name: str) -> float:
    wrong, right = failed.get(name, 0), len(good.get(name, ()))
    return wrong / (wrong + right) if wrong + right else 0.0
