"""When requests that go to neither arm show that the arms disturb each other, and what that makes invalid."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest

from perf_matrix.compare.compare import compare
from perf_matrix.compare.controls import ALPHA, control
from perf_matrix.compare.model import Comparison, Control, EndpointComparison, Quantile
from perf_matrix.matrix.model import Cell, Gate
from perf_matrix.record.model import CellRecord, PairedBlock

from .records import asked, drawn, record

GATE = Gate()
"""5 % matters, and 1 ms: of a control of 1.2 ms, a tenth of that is 8 %."""
LATENCIES: dict[str, Any] = {"metrics": ["queries", "p50", "p95"]}


def controlled(
    blocks: Iterable[PairedBlock], before_base: float = 1.0, *, ms: float = 1.2, seed: int = 1
) -> list[PairedBlock]:
    """Blocks with controls of about ``ms``; ``before_base`` times as long before base's requests."""
    rng = np.random.default_rng(seed)
    return [
        block.model_copy(
            update={
                "control_ms": {
                    "base": (ms * before_base * np.exp(rng.normal(0, 0.1, len(block.base_ms)))).tolist(),
                    "head": (ms * np.exp(rng.normal(0, 0.1, len(block.base_ms)))).tolist(),
                }
            }
        )
        for block in blocks
    ]


def found(blocks: Iterable[PairedBlock], **gate: Any) -> Control:
    measured = control(blocks, Gate(**gate))
    assert measured is not None
    return measured


def only(comparison: Comparison) -> EndpointComparison:
    (endpoint,) = comparison.cells[0].endpoints
    return endpoint


def quantiles(endpoint: EndpointComparison) -> list[Quantile]:
    assert endpoint.paired is not None
    paired = endpoint.paired
    return [one for one in (paired.p50, paired.p95, paired.p99) if one is not None]


# --- the rule ------------------------------------------------------------------------------------


def test_equal_controls_did_not_move() -> None:
    one = found(controlled(drawn(count=40)))
    assert (one.moved, one.note) == (False, "")
    assert (one.blocks, one.requests) == (40, 400)
    assert one.base == pytest.approx(1.2, rel=0.03)
    assert one.head == pytest.approx(1.2, rel=0.03)
    assert one.ci[0] < one.ratio < one.ci[1]
    assert one.confidence >= 1 - ALPHA
    assert one.p_value > ALPHA


def test_a_control_that_is_slow_before_base_moved_and_head_is_named() -> None:
    one = found(controlled(drawn(count=40), 1.5))
    assert one.moved
    assert one.ratio == pytest.approx(1 / 1.5, rel=0.03)
    assert one.p_value < 1e-6
    assert one.note.startswith(
        "the control moved: 1.8 ms before base's requests, 1.19 ms before head's: head slows"
    )


def test_the_other_way_round_base_is_named() -> None:
    one = found(controlled(drawn(count=40), 1 / 1.5))
    assert one.moved
    assert "base slows down what follows it" in one.note


def test_exchanging_the_arms_mirrors_it() -> None:
    blocks = controlled(drawn(count=20), 1.3)
    exchanged = [
        block.model_copy(
            update={"control_ms": {"base": block.control_ms["head"], "head": block.control_ms["base"]}}
        )
        for block in blocks
    ]
    one, other = found(blocks), found(exchanged)
    assert (one.moved, one.p_value) == (other.moved, other.p_value)
    assert one.ratio == pytest.approx(1 / other.ratio)


@pytest.mark.parametrize(
    ("before_base", "min_effect", "min_effect_ms", "moved"),
    [
        (1.20, 0.05, 1.0, True),
        (1.20, 0.30, 1.0, False),  # 20 % does not matter to this gate
        (1.20, 0.05, 5.0, False),  # nor 0.24 ms of a control, where 5 ms of a request matter
        (1.05, 0.05, 0.0, False),  # by as much as matters, not surely by more
        (1.05, 0.01, 0.0, True),
    ],
)
def test_it_moved_where_it_surely_moved_by_what_could_matter(
    before_base: float, min_effect: float, min_effect_ms: float, *, moved: bool
) -> None:
    blocks = controlled(drawn(count=40), before_base)
    assert found(blocks, min_effect=min_effect, min_effect_ms=min_effect_ms).moved == moved


def test_a_tenth_of_the_milliseconds_that_matter_counts() -> None:
    assert found(controlled(drawn(count=40), ms=1.0), min_effect_ms=2).matters == pytest.approx(0.2, rel=0.03)
    assert found(controlled(drawn(count=40), ms=100.0), min_effect_ms=2).matters == 0.05


def test_few_blocks_cannot_show_it_and_say_so() -> None:
    few, enough = (found(controlled(drawn(count=count), 3.0)) for count in (10, 11))
    assert not few.moved
    assert few.note == "10 blocks; at least 11 are needed to see the control move: raise --time"
    assert enough.moved


def test_hundreds_of_blocks_of_many_endpoints_are_one_control() -> None:
    names = [f"endpoint-{number}" for number in range(16)]
    blocks = [one for name in names for one in controlled(drawn(name=name, count=80), 1.3)]
    one = found(blocks)
    assert (one.blocks, one.requests, one.moved) == (1280, 12800, True)


def test_the_order_of_the_blocks_does_not_matter() -> None:
    blocks = [*controlled(drawn(count=30)), *controlled(drawn(name="users", count=30))]
    mixed = list(blocks)
    random.Random(1).shuffle(mixed)  # noqa: S311
    assert control(mixed, GATE) == control(blocks, GATE)


def test_drift_of_both_is_told_and_moves_nothing() -> None:
    blocks = [
        block
        for number, one in enumerate(drawn(count=20))
        for block in controlled([one], ms=1.2 * 1.05**number, seed=number)
    ]
    one = found(blocks)
    assert one.drift == pytest.approx(1.05**16, rel=0.05)
    assert not one.moved


def test_too_few_blocks_have_no_drift() -> None:
    assert found(controlled(drawn(count=4))).drift is None


# --- old records, and what is missing ------------------------------------------------------------


def test_without_a_record_of_controls_there_is_none() -> None:
    assert control(drawn(count=20), GATE) is None
    compared = compare(record(drawn(count=20), gate=LATENCIES))
    assert (compared.cells[0].control, only(compared).control) == (None, None)


def test_blocks_without_controls_are_left_out() -> None:
    old, new = drawn(count=20)[:8], controlled(drawn(count=20)[8:])
    assert found([*old, *new]).blocks == 12


def test_a_block_in_which_every_pair_failed_has_no_control() -> None:
    (empty,) = controlled(drawn(count=2)[:1])
    nothing = empty.model_copy(update={"base_ms": [], "head_ms": [], "control_ms": {"base": [], "head": []}})
    assert control([nothing] * 5, GATE) is None
    assert found([nothing, *controlled(drawn(count=12))]).blocks == 12


# --- what it makes invalid -----------------------------------------------------------------------

SAME = asked("chat", {"SELECT 1": 1}, {"SELECT 1": 1})
MORE = asked("chat", {"SELECT 1": 1}, {"SELECT 1": 2})


def test_latencies_are_invalid_and_counts_are_not() -> None:
    moved = controlled(drawn(count=40, effect=1.5), 1.5)
    compared = compare(record(moved, windows=SAME, gate=LATENCIES))
    endpoint = only(compared)
    assert (compared.verdict, compared.cells[0].verdict, endpoint.verdict) == ("invalid",) * 3
    assert [one.verdict for one in quantiles(endpoint)] == ["invalid"] * 3
    gated, also_gated, shown = (one.note for one in quantiles(endpoint))
    assert compared.cells[0].control is not None
    assert gated == also_gated == compared.cells[0].control.note
    assert shown == "shown, not gated: p99 needs 1000 requests per arm"
    assert endpoint.queries is not None
    assert (endpoint.queries.verdict, endpoint.causes) == ("pass", [])


def test_it_is_one_finding_of_the_cell() -> None:
    blocks = [*controlled(drawn(count=40), 1.5), *controlled(drawn(name="users", count=40), 1.5)]
    compared = compare(record(blocks, endpoints=("chat", "users"), gate={"metrics": ["p95"]}))
    (finding,) = compared.findings
    assert (finding.cell, finding.endpoint, finding.metric, finding.verdict) == (
        "default",
        "",
        "p95",
        "invalid",
    )
    assert finding.summary.startswith("default: the control moved: 1.8 ms before base's requests")


def test_more_statements_stay_a_regression() -> None:
    compared = compare(record(controlled(drawn(count=40), 1.5), windows=MORE, gate=LATENCIES))
    assert compared.verdict == only(compared).verdict == "regression"
    assert [(found.metric, found.verdict) for found in compared.findings] == [
        ("queries", "regression"),
        ("p50", "invalid"),
    ]


def test_where_no_latency_is_gated_nothing_fails() -> None:
    compared = compare(record(controlled(drawn(count=40), 1.5), windows=SAME, gate={"metrics": ["queries"]}))
    assert (compared.verdict, compared.findings) == ("pass", [])
    assert compared.cells[0].control is not None
    assert compared.cells[0].control.moved


def test_a_control_that_did_not_move_changes_nothing() -> None:
    with_control = compare(record(controlled(drawn(count=40, effect=1.5)), gate=LATENCIES))
    without = compare(record(drawn(count=40, effect=1.5), gate=LATENCIES))
    assert with_control.verdict == without.verdict
    assert with_control.findings == without.findings
    assert with_control.gate == without.gate


def several(disturbed: Sequence[str], names: Sequence[str]) -> Comparison:
    """Endpoints of which only some disturb what comes after them."""
    blocks = [
        block
        for seed, name in enumerate(names)
        for block in controlled(
            drawn(name=name, count=24, spread=0.05, seed=seed), 1.6 if name in disturbed else 1.0, seed=seed
        )
    ]
    return compare(record(blocks, endpoints=names, gate={"metrics": ["p50"]}))


def test_an_endpoint_that_alone_disturbs_is_found_by_its_own_blocks() -> None:
    """One of eight does not move the control of the cell, and its own latencies are worth nothing."""
    names = ["chat", *(f"list-{number}" for number in range(7))]
    compared = several(["chat"], names)
    (cell,) = compared.cells
    assert cell.control is not None
    assert not cell.control.moved
    verdicts = {endpoint.name: endpoint.verdict for endpoint in cell.endpoints}
    assert verdicts.pop("chat") == "invalid"
    assert "invalid" not in verdicts.values()
    assert [(found.endpoint, found.metric, found.verdict) for found in compared.findings] == [
        ("chat", "p50", "invalid")
    ]


def test_what_an_invalid_latency_could_have_shown_is_not_told() -> None:
    names = ["chat", *(f"list-{number}" for number in range(7))]
    compared = several(["chat"], names)
    assert "chat/p50" not in compared.gate.detectable
    assert "list-0/p50" in compared.gate.detectable
    assert compared.gate.tests == 8, "how strictly the others are corrected does not hang on it"


def test_one_cells_control_is_no_other_cells() -> None:
    cells = [
        CellRecord(cell=Cell(id=name, variants={"axis": name}), blocks=controlled(drawn(count=40), effect))
        for name, effect in (("a", 1.0), ("b", 1.5))
    ]
    compared = compare(record(cells=cells, gate={"metrics": ["p50"]}))
    assert [cell.verdict == "invalid" for cell in compared.cells] == [False, True]
