"""What a recorded run says of each symptom, on each arm.  (Pure.)

Source of the estimate: the Hodges-Lehmann shift of the log-ratios, as in `perf_matrix.compare.hodges_lehmann`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from perf_matrix.bisect.symptom import Symptom
from perf_matrix.compare.blocks import RULES, FloatArray, LatencyMetric, Stretch, units
from perf_matrix.compare.hodges_lehmann import estimates
from perf_matrix.compare.measured import measure_cell
from perf_matrix.compare.rounds import rounds
from perf_matrix.compare.soak import compare_soaks
from perf_matrix.matrix.model import Arm, Endpoint
from perf_matrix.queries.points import ArmWindows
from perf_matrix.record.model import CellRecord, LoadSlot, PairedBlock, Presence, RunRecord

_DIGITS = 6
_LEAST_UNITS = 4

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
    yield Symptom(cell.cell.id, endpoint.name, "answers"), Counted(answers, _why(probes), {})
    queries = Symptom(cell.cell.id, endpoint.name, "queries")
    yield queries, Counted(None, "", {}) if answers is None else _statements(windows, endpoint)


def _answers(probes: Sequence[Presence]) -> Answer:
    if not any(each.present for each in probes):
        return None
    return 1.0 if any(each.present and not each.failures for each in probes) else 0.0


def _why(probes: Sequence[Presence]) -> str:
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
    found: dict[Symptom, Estimated | None] = {}
    for cell in record.cells:
        measured = measure_cell(cell, record.info, []).endpoints
        for endpoint in record.info.endpoints:
            # Where the control moved, something else than the versions made the times differ.
            moved = measured[endpoint.name].moved is not None
            blocks = [] if moved else [block for block in cell.blocks if block.endpoint == endpoint.name]
            for metric in RULES:
                found[Symptom(cell.cell.id, endpoint.name, metric)] = _latency(blocks, metric)
            found[Symptom(cell.cell.id, endpoint.name, "errors")] = _failures(cell, endpoint.name)
        found[Symptom(cell.cell.id, "", "memory")] = _growth(cell, record)
    return {symptom: one for symptom, one in found.items() if one is not None}


def _latency(blocks: Sequence[Stretch], metric: LatencyMetric) -> Estimated | None:
    compared = units(blocks, metric) if blocks else None
    if compared is None or len(compared) < _LEAST_UNITS:
        return None
    return _of_values(compared.log_ratios)


def _of_values(values: FloatArray) -> Estimated:
    return Estimated(float(estimates(values)), float(np.var(values, ddof=1)), len(values))


def _of_shares(values: FloatArray) -> Estimated:
    """Of shares the mean: where failures are rare, the typical block has none."""
    return Estimated(float(np.mean(values)), float(np.var(values, ddof=1)), len(values))


def _failures(cell: CellRecord, endpoint: str) -> Estimated | None:
    """How much larger the share of failed requests is on head, by rounds of load, or else by blocks of pairs.

    Never by both: what fails under load may well answer one request at a time, and runs differ in how many of
    each they have.
    """
    loaded = [
        each for each in rounds(cell.slots) if _sent(each.base, endpoint) and _sent(each.head, endpoint)
    ]
    shares = [_share_of(each.head, endpoint) - _share_of(each.base, endpoint) for each in loaded]
    if len(shares) < _LEAST_UNITS:
        blocks = [block for block in cell.blocks if block.endpoint == endpoint]
        shares = [_failed_share(block, "head") - _failed_share(block, "base") for block in blocks]
    return _of_shares(np.array(shares)) if len(shares) >= _LEAST_UNITS else None


def _sent(slot: LoadSlot, endpoint: str) -> int:
    return slot.failed.get(endpoint, 0) + len(slot.latencies_ms.get(endpoint, ()))


def _failed_share(block: PairedBlock, arm: Arm) -> float:
    # Pairs in which either arm failed are in no list of times; how many were sent is not said.
    sent = len(block.base_ms) + max(block.failed.values(), default=0)
    return block.failed.get(arm, 0) / sent if sent else 0.0


def _share_of(slot: LoadSlot, endpoint: str) -> float:
    return slot.failed.get(endpoint, 0) / _sent(slot, endpoint)


def _growth(cell: CellRecord, record: RunRecord) -> Estimated | None:
    """How much faster the memory of head grows, by the intervals of the soak."""
    soak = compare_soaks(cell.soaks, record.info.matrix.gate)
    if soak is None or soak.base_ci is None or soak.head_ci is None:
        return None
    half_width = norm.ppf((1 + soak.confidence) / 2)
    widths = [(high - low) / 2 / half_width for low, high in (soak.base_ci, soak.head_ci)]
    more = (soak.growth.head or 0.0) - (soak.growth.base or 0.0)
    return Estimated(more, _LEAST_UNITS * sum(width**2 for width in widths), _LEAST_UNITS)
