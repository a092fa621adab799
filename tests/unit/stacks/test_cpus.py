from __future__ import annotations

import pytest

from perf_matrix.stacks.cpus import CpuSets, share_out, written


@pytest.mark.parametrize("cpus", [[], [0], [0, 1], [0, 1, 2]])
def test_too_few_are_not_shared_out(cpus: list[int]) -> None:
    assert share_out(cpus) is None


@pytest.mark.parametrize(
    ("cpus", "sets"),
    [
        (range(4), CpuSets(load=(0,), database=(1,), proxies=(2, 3))),
        (range(7), CpuSets(load=(0,), database=(1,), proxies=(2, 3, 4, 5, 6))),
        (range(8), CpuSets(load=(0, 1), database=(2, 3), proxies=(4, 5, 6, 7))),
        ([9, 3, 12, 5], CpuSets(load=(3,), database=(5,), proxies=(9, 12))),
    ],
)
def test_a_quarter_each_and_the_rest_for_the_proxies(cpus: list[int], sets: CpuSets) -> None:
    assert share_out(list(cpus)) == sets


@pytest.mark.parametrize("count", range(4, 70))
def test_every_processor_has_one_use(count: int) -> None:
    sets = share_out(range(count))
    assert sets is not None
    assert sorted([*sets.load, *sets.database, *sets.proxies]) == list(range(count))
    assert len(sets.proxies) >= len(sets.load) + len(sets.database)


def test_as_the_engine_reads_them() -> None:
    assert written((2,)) == "2"
    assert written((0, 1, 12)) == "0,1,12"
