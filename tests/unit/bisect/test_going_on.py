"""Time that is over, going on later, other machines, and failures: what is kept and what is measured again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perf_matrix.bisect.laboratory import Failed
from perf_matrix.errors import MeasurementError, PartDiedError
from perf_matrix.record.model import HostInfo
from tests.unit.compare.records import HOST

from .world import Made, Simulation, made, result, spec, steps

COUNTS: dict[str, Any] = {"metrics": ["queries"]}
TWO_CULPRITS = made(*[0] * 7, *[1] * 9, *[3] * 8)


def test_time_that_is_over_leaves_a_narrower_stretch(tmp_path: Path) -> None:
    bisection = Simulation(tmp_path / "bisect", TWO_CULPRITS, **COUNTS).run(minutes=3.5)
    found = result(bisection)
    assert (bisection.state, found.state) == ("narrowed", "narrowed")
    assert found.culprits == []
    assert {7, 16} <= set(found.candidates)
    assert 0 < found.confidence < 1
    assert bisection.advice == [
        f"Go on where it stopped, with more time: perf-matrix bisect --resume {tmp_path / 'bisect'}"
    ]


def test_a_measurement_at_a_time(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", TWO_CULPRITS, **COUNTS)
    states = []
    while simulation.run(minutes=0.5).state == "narrowed":
        states.append(len(simulation.laboratory.asked))
    assert states == list(range(1, 1 + len(states)))
    bisection = simulation.run(minutes=0)
    assert steps(result(bisection)) == [(7, 0, 1), (16, 1, 3)]


def test_no_time_at_all(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", TWO_CULPRITS, **COUNTS)
    bisection = simulation.run(minutes=0)
    assert bisection.state == "narrowed"
    assert bisection.symptoms == []
    assert simulation.laboratory.asked == []
    assert {version.state for version in bisection.versions} == {"not needed"}


def test_a_resumed_bisect_goes_on_as_if_it_had_not_been_interrupted(tmp_path: Path) -> None:
    whole = Simulation(tmp_path / "whole", TWO_CULPRITS, **COUNTS)
    told = whole.run()
    parts = Simulation(tmp_path / "parts", TWO_CULPRITS, **COUNTS)
    parts.run(minutes=2.5)
    begun = len(parts.laboratory.asked)
    assert begun == 3
    again = parts.run()
    assert parts.laboratory.pairs() == whole.laboratory.pairs()
    assert again.spent.kept == begun
    assert again.model_copy(update={"spent": told.spent}) == told


def test_a_latency_search_goes_on_alike(tmp_path: Path) -> None:
    slower = [Made({"chat": 1}, {"chat": 1.0 if n < 5 else 1.5}) for n in range(9)]
    simulation = Simulation(tmp_path / "bisect", slower)
    for _ in range(30):
        bisection = simulation.run(minutes=0.5)
        if bisection.state == "found":
            break
    (latency,) = bisection.symptoms
    assert [one.version for one in latency.culprits] == [5]
    assert len(simulation.laboratory.asked) == len(simulation.store().lines)


def test_what_is_finished_is_answered_without_measuring(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", TWO_CULPRITS, **COUNTS)
    first = simulation.run()
    simulation.laboratory.asked.clear()
    again = simulation.run(minutes=0)
    assert simulation.laboratory.asked == []
    assert again.symptoms == first.symptoms
    assert again.state == "found"


def test_what_another_machine_measured_is_not_used(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", TWO_CULPRITS, **COUNTS)
    simulation.run()
    before = len(simulation.laboratory.asked)
    simulation.host = "there"
    elsewhere = simulation.run()
    assert len(simulation.laboratory.asked) == 2 * before
    assert elsewhere.spent.kept == 0
    assert elsewhere.warnings == [f"{before} measurements were made on another machine and are not used"]
    assert steps(result(elsewhere)) == [(7, 0, 1), (16, 1, 3)]


def test_the_host_is_in_the_answer(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", made(0, 1), **COUNTS)
    simulation.laboratory.here = HostInfo(**{**HOST.model_dump(), "cpus": 64})
    assert simulation.run().host.cpus == 64


@pytest.mark.parametrize(("version", "which"), [(0, "good"), (3, "bad")])
def test_an_end_that_cannot_be_measured(tmp_path: Path, version: int, which: str) -> None:
    versions = made(0, 0, 1, 1)
    versions[version] = Made({"chat": 0}, fails="exited with status 3.")
    simulation = Simulation(tmp_path / "bisect", versions, **COUNTS)
    expected = (
        f"the {which} end, {spec(version)}, cannot be measured, so there is nothing to search between: "
        f"the head proxy ({spec(version)}) exited with status 3.\n  | Traceback\n  | boom"
    )
    for _ in range(2):
        # Going on says the same again.
        with pytest.raises(MeasurementError) as told:
            simulation.run()
        assert str(told.value) == expected


def test_an_end_that_can_be_measured_by_now(tmp_path: Path) -> None:
    versions = made(0, 0, 1, 1)
    simulation = Simulation(tmp_path / "bisect", versions, **COUNTS)
    simulation.laboratory.versions[spec(3)] = Made({"chat": 0}, fails="exited with status 3.")
    with pytest.raises(MeasurementError):
        simulation.run()
    simulation.laboratory.versions[spec(3)] = versions[3]
    bisection = simulation.run()
    assert steps(result(bisection)) == [(2, 0, 1)]
    assert bisection.versions[3].state == "measured"
    assert bisection.versions[3].reason == ""


def test_both_ends_that_cannot_be_measured(tmp_path: Path) -> None:
    versions = [Made({"chat": 0}, fails="exited with status 3.")] * 3
    with pytest.raises(MeasurementError, match=r"^the good end"):
        Simulation(tmp_path / "bisect", versions, **COUNTS).run()


def test_a_failure_of_the_machine_is_tried_once_more(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", made(0, 0, 1), **COUNTS)
    simulation.laboratory.troubles = [
        Failed("Postgres was killed by SIGKILL.", ["out of memory"], by_version=False)
    ]
    bisection = simulation.run()
    assert steps(result(bisection)) == [(2, 0, 1)]
    assert {version.state for version in bisection.versions} == {"measured"}


def test_a_failure_of_the_machine_that_stays_ends_the_bisect(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", made(0, 0, 1), **COUNTS)
    trouble = Failed("Postgres was killed by SIGKILL.", ["out of memory"], by_version=False)
    simulation.laboratory.troubles = [trouble] * 3
    with pytest.raises(PartDiedError, match=r"^Postgres was killed by SIGKILL\."):
        simulation.run()
    assert simulation.store().lines == []
    # The cause is gone: it goes on.
    assert simulation.run().state == "found"


def test_a_failure_without_a_log(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", made(0, 0, 1), **COUNTS)
    simulation.laboratory.troubles = [Failed("no space left on the disk", [], by_version=False)] * 3
    with pytest.raises(MeasurementError, match=r"^no space left on the disk$"):
        simulation.run()
