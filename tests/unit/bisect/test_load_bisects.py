"""Whole bisects over what only the load shows: requests that fail, memory that grows."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.bisect.laboratory import LOADING

from .world import Made, Simulation, result


def test_requests_that_fail_under_load(tmp_path: Path) -> None:
    versions = [Made({"chat": 1}, failing={"chat": 0 if number < 4 else 20}) for number in range(8)]
    simulation = Simulation(tmp_path / "bisect", versions)
    bisection = simulation.run()
    found = result(bisection, "chat", "errors")
    assert [(one.parent, one.version, one.direction) for one in found.culprits] == [(3, 4, "worse")]
    assert found.good.value == 0
    assert found.bad.value == pytest.approx(0.5)
    assert {tuple(one.instruments) for one in simulation.laboratory.asked[1:]} == {tuple(LOADING)}


def test_requests_that_fail_now_and_then(tmp_path: Path) -> None:
    """Four of 80 may be chance: the ends are compared for longer, once, and only the endpoint that they concern."""
    counts = {"chat": 1, "keys": 1}
    rarely = [{"chat": 20} if number >= 3 else {} for number in range(6)]
    simulation = Simulation(tmp_path / "bisect", [Made(counts, rarely=each) for each in rarely])
    bisection = simulation.run()
    (found,) = bisection.symptoms
    assert (found.endpoint, found.metric) == ("chat", "errors")
    assert [(one.parent, one.version, one.direction) for one in found.culprits] == [(2, 3, "worse")]
    assert bisection.warnings == []
    (longer,) = (one for one in simulation.laboratory.asked if one.time_s is None)
    assert [one.endpoint for one in longer.of] == ["chat"]
    assert simulation.laboratory.asked.index(longer) == 2
    asked = len(simulation.laboratory.asked)
    again = simulation.run()
    assert len(simulation.laboratory.asked) == asked
    assert again.symptoms == bisection.symptoms


def test_no_time_to_look_for_longer(tmp_path: Path) -> None:
    versions = [Made({"chat": 1}, rarely={"chat": 20} if number else {}) for number in range(3)]
    bisection = Simulation(tmp_path / "bisect", versions).run(minutes=3)
    assert (bisection.state, bisection.symptoms) == ("not reproduced", [])
    assert "not decided at the ends, and so not searched for: chat/errors" in bisection.warnings[-1]


def test_memory_that_grows(tmp_path: Path) -> None:
    versions = [Made({"chat": 1}, growth=0 if number < 3 else 30) for number in range(8)]
    bisection = Simulation(tmp_path / "bisect", versions).run()
    (found,) = bisection.symptoms
    assert (found.metric, found.endpoint, found.request) == ("memory", "", "")
    assert [(one.parent, one.version) for one in found.culprits] == [(2, 3)]
    assert found.bad.value == pytest.approx(30e6, rel=0.05)
    confirmation = found.culprits[0].confirmation
    assert confirmation is not None
    assert confirmation.agreed
