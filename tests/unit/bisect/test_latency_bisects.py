"""Whole bisects over latencies, in a simulated world: explained by counts, or with culprits of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.bisect.laboratory import COUNTING, PAIRING

from .world import Made, Simulation, result, spec, steps


def versions(*each: tuple[int, float]) -> list[Made]:
    """By version: statements per request of 'chat', and how many times as long as the first one it takes."""
    return [Made({"chat": count}, {"chat": level}) for count, level in each]


def test_a_latency_that_the_counts_explain(tmp_path: Path) -> None:
    rises = versions(*[(0, 1.0)] * 4, *[(2, 1.5)] * 4)
    simulation = Simulation(tmp_path / "bisect", rises)
    bisection = simulation.run()
    assert bisection.state == "found"
    assert steps(result(bisection)) == [(4, 0, 2)]
    latency = result(bisection, metric="p50")
    assert latency.state == "explained"
    assert latency.culprits == []
    # It is compared where it is confirmed, and nowhere else.
    compared = [one.subjects for one in simulation.laboratory.asked if one.instruments == PAIRING]
    assert compared == [{"base": spec(0), "head": spec(7)}, {"base": spec(3), "head": spec(4)}]
    confirmation = result(bisection).culprits[0].confirmation
    assert confirmation is not None
    assert confirmation.p50 is not None
    assert confirmation.p50.ratio == pytest.approx(1.5, rel=0.05)


def test_a_latency_that_two_counts_explain_together(tmp_path: Path) -> None:
    rises = versions(*[(0, 1.0)] * 3, *[(1, 1.3)] * 3, *[(3, 1.8)] * 3)
    bisection = Simulation(tmp_path / "bisect", rises).run()
    assert steps(result(bisection)) == [(3, 0, 1), (6, 1, 3)]
    assert result(bisection, metric="p50").state == "explained"


def test_a_latency_whose_culprit_is_another_one(tmp_path: Path) -> None:
    rises = versions(*[(0, 1.0)] * 3, *[(1, 1.0)] * 5, *[(1, 1.6)] * 4)
    bisection = Simulation(tmp_path / "bisect", rises).run()
    assert steps(result(bisection)) == [(3, 0, 1)]
    latency = result(bisection, metric="p50")
    assert latency.state == "found"
    (culprit,) = latency.culprits
    assert (culprit.parent, culprit.version, culprit.direction) == (7, 8, "worse")
    assert culprit.after.value == pytest.approx(1.6, rel=0.05)
    assert culprit.after.value is not None
    assert culprit.after.low is not None
    assert culprit.after.high is not None
    assert culprit.after.low < culprit.after.value < culprit.after.high
    assert culprit.confidence >= 0.95
    assert latency.confidence >= 0.95
    assert culprit.confirmation is not None
    assert culprit.confirmation.agreed


def test_a_latency_alone(tmp_path: Path) -> None:
    rises = versions(*[(1, 1.0)] * 9, *[(1, 1.4)] * 7)
    simulation = Simulation(tmp_path / "bisect", rises, noise=0.05)
    bisection = simulation.run()
    (latency,) = bisection.symptoms
    assert (latency.metric, latency.exact) == ("p50", False)
    assert [(one.parent, one.version) for one in latency.culprits] == [(8, 9)]
    # A picture shows what is believed of every version, and what was measured.
    assert [one.version for one in latency.levels] == list(range(16))
    assert latency.points[0].figure.value == 1
    assert latency.points[-1].version == 15
    assert latency.good.value == 1
    assert latency.bad.value == pytest.approx(1.4, rel=0.05)
    # Every comparison is with the good end, side by side.
    searching = [one.subjects for one in simulation.laboratory.asked[2:-1]]
    assert {one["base"] for one in searching} == {spec(0)}


def test_a_latency_that_rises_and_partly_falls(tmp_path: Path) -> None:
    rises = versions(*[(1, 1.0)] * 3, *[(1, 2.0)] * 4, *[(1, 1.4)] * 3)
    (latency,) = Simulation(tmp_path / "bisect", rises).run().symptoms
    assert [(one.version, one.direction) for one in latency.culprits] == [(3, "worse"), (7, "better")]


def test_counts_alone_where_nothing_else_is_asked_for(tmp_path: Path) -> None:
    rises = versions((0, 1.0), (0, 1.0), (1, 1.6))
    simulation = Simulation(tmp_path / "bisect", rises, metrics=["queries"])
    simulation.run()
    assert {tuple(one.instruments) for one in simulation.laboratory.asked} == {tuple(COUNTING)}


def test_a_version_that_cannot_be_compared(tmp_path: Path) -> None:
    rises = versions(*[(1, 1.0)] * 4, *[(1, 1.5)] * 4)
    rises[4] = Made({"chat": 1}, fails="exited with status 1.")
    (latency,) = Simulation(tmp_path / "bisect", rises).run().symptoms
    (culprit,) = latency.culprits
    assert (culprit.parent, culprit.version, culprit.suspects) == (3, 5, [4])


def test_an_improvement_is_searched_where_it_is_asked_for(tmp_path: Path) -> None:
    falls = versions(*[(1, 1.0)] * 3, *[(1, 0.6)] * 3)
    assert Simulation(tmp_path / "all", falls).run().state == "not reproduced"
    (latency,) = Simulation(tmp_path / "asked", falls, on=["chat/p50"]).run().symptoms
    assert [(one.version, one.direction) for one in latency.culprits] == [(3, "better")]


def test_a_difference_that_is_not_there_any_more_is_not_confirmed(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", versions(*[(1, 1.0)] * 6))
    # The second run of the ends is the one that is compared.
    simulation.laboratory.once[spec(5)] = [Made({"chat": 1}), Made({"chat": 1}, {"chat": 1.3})]
    (latency,) = simulation.run().symptoms
    (culprit,) = latency.culprits
    assert culprit.version == 5
    assert culprit.confirmation is not None
    assert not culprit.confirmation.agreed
    assert culprit.confirmation.note == "side by side the two are alike"
    assert "not confirmed" in culprit.summary
