"""Whole bisects over counts, in a simulated world: what is found, confirmed, skipped, and not looked into."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.bisect.model import SymptomResult

from .world import Made, Simulation, made, result, spec, steps

COUNTS: dict[str, Any] = {"metrics": ["queries"]}


def searched(folder: Path, *counts: int | None, **more: Any) -> SymptomResult:
    """What is found of 'chat', whose versions issue so many statements."""
    return result(Simulation(folder / "bisect", made(*counts), **{**COUNTS, **more}).run())


def test_a_count_that_rises_twice_has_two_culprits(tmp_path: Path) -> None:
    bisection = Simulation(tmp_path / "bisect", made(0, 0, 0, 1, 1, 1, 3, 3), **COUNTS).run()
    found = result(bisection)
    assert (bisection.state, found.state, found.confidence) == ("found", "found", 1)
    assert steps(found) == [(3, 0, 1), (6, 1, 3)]
    assert [one.direction for one in found.culprits] == ["worse", "worse"]
    assert [one.parent for one in found.culprits] == [2, 5]
    assert (found.good.value, found.bad.value) == (0, 3)
    assert found.request == "GET /chat"
    assert bisection.advice == []


def test_a_partial_fix_is_shown_as_such(tmp_path: Path) -> None:
    found = searched(tmp_path, 0, 0, 3, 3, 3, 3, 3, 1)
    assert steps(found) == [(2, 0, 3), (7, 3, 1)]
    assert [one.direction for one in found.culprits] == ["worse", "better"]


def test_fewer_statements_are_found_too(tmp_path: Path) -> None:
    (culprit,) = searched(tmp_path, 3, 3, 1, 1).culprits
    assert (culprit.version, culprit.direction) == (2, "better")


def test_every_culprit_is_confirmed_beside_its_parent(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", made(0, 0, 1, 1, 3, 3), **COUNTS)
    found = result(simulation.run())
    confirming = [pair for pair in simulation.laboratory.pairs() if len(pair) == 2][-2:]
    assert confirming == [(spec(1), spec(2)), (spec(3), spec(4))]
    first, second = found.culprits
    assert first.confirmation is not None
    assert first.confirmation.agreed
    assert first.confirmation.before.value == 0
    assert first.confirmation.after.value == 1
    assert [one.per_request for one in first.added] == [1.0]
    assert [one.statement for one in first.added] == ['SELECT * FROM "chat_0" WHERE id = $1']
    assert len(second.added) == 2
    assert first.confidence == second.confidence == 1


def test_neighbours_of_what_cannot_be_started(tmp_path: Path) -> None:
    versions = made(0, 0, 0, 0, 1, 1)
    for number in (2, 3):
        versions[number] = Made({"chat": 0}, fails="exited with status 3.")
    bisection = Simulation(tmp_path / "bisect", versions, **COUNTS).run()
    (culprit,) = result(bisection).culprits
    assert (culprit.parent, culprit.version, culprit.suspects) == (1, 4, [2, 3])
    assert result(bisection).state == "found"
    assert [one.state for one in bisection.versions[2:4]] == ["skipped", "skipped"]
    assert bisection.versions[2].reason == f"the head proxy ({spec(2)}) exited with status 3."
    assert bisection.versions[2].log_tail == ["Traceback", "boom"]
    assert culprit.confirmation is not None


def test_a_skipped_version_is_not_measured_again(tmp_path: Path) -> None:
    versions = made(*[0] * 8, *[1] * 8)
    versions[7] = Made({"chat": 0}, fails="exited with status 3.")
    simulation = Simulation(tmp_path / "bisect", versions, **COUNTS)
    simulation.run()
    # At most once with another one, and once alone.
    assert simulation.laboratory.measured[spec(7)] <= 2


def test_stretches_with_alike_ends_are_said_not_to_be_looked_into(tmp_path: Path) -> None:
    found = searched(tmp_path, 0, 1, 0, 0, 0, 0, 0, 2)
    assert steps(found) == [(7, 0, 2)]
    assert found.unseen[0].first == 0
    inside = {version for one in found.unseen for version in range(one.first + 1, one.last)}
    measured = {point.version for point in found.points}
    assert inside == set(range(8)) - measured
    assert 1 in inside


def test_a_scan_measures_every_version(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", made(0, 1, 0, 0, 0, 2), scan=True, **COUNTS)
    bisection = simulation.run()
    assert steps(result(bisection)) == [(1, 0, 1), (2, 1, 0), (5, 0, 2)]
    assert result(bisection).unseen == []
    assert [one.state for one in bisection.versions] == ["measured"] * 6


def test_measurements_are_shared_between_symptoms(tmp_path: Path) -> None:
    versions = [Made({"chat": int(n >= 5), "users": 2 * int(n >= 5)}) for n in range(16)]
    alone = [Made({"chat": int(n >= 5)}) for n in range(16)]
    both = Simulation(tmp_path / "both", versions, **COUNTS)
    bisection = both.run()
    assert steps(result(bisection)) == [(5, 0, 1)]
    assert steps(result(bisection, "users")) == [(5, 0, 2)]
    one = Simulation(tmp_path / "one", alone, **COUNTS)
    one.run()
    assert len(both.laboratory.asked) == len(one.laboratory.asked)


def test_an_endpoint_that_is_gone(tmp_path: Path) -> None:
    found = Simulation(tmp_path / "bisect", made(2, 2, 2, None, None), **COUNTS).run()
    (one,) = found.symptoms
    assert (one.endpoint, one.metric) == ("chat", "answers")
    assert steps(one) == [(3, 1, None)]
    assert one.culprits[0].direction == "worse"
    assert one.bad.note == "the endpoint is not there"


def test_an_endpoint_that_does_not_answer_any_more(tmp_path: Path) -> None:
    versions = [Made({"chat": 1}, broken=frozenset(["chat"] if n >= 2 else [])) for n in range(4)]
    found = Simulation(tmp_path / "bisect", versions, **COUNTS).run()
    assert steps(result(found, "chat", "answers")) == [(2, 1, 0)]


def test_an_endpoint_that_appears_is_searched_where_it_is_asked_for(tmp_path: Path) -> None:
    versions = made(None, None, 1, 2, 2)
    assert Simulation(tmp_path / "all", versions, **COUNTS).run().state == "not reproduced"
    found = Simulation(tmp_path / "asked", versions, on=["chat/queries"], **COUNTS).run()
    assert steps(result(found)) == [(2, None, 1), (3, 1, 2)]


def test_a_count_that_confirming_contradicts_is_searched_again(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", made(0, 0, 1, 1), **COUNTS)
    # When it is first counted, it looks as the good end does.
    simulation.laboratory.once[spec(2)] = [Made({"chat": 0})]
    found = result(simulation.run())
    assert steps(found) == [(2, 0, 1)]
    assert found.culprits[0].confirmation is not None
    assert found.state == "unstable"
    assert found.note == "the count was not the same every time at 1.0.2"


def test_ends_that_are_alike(tmp_path: Path) -> None:
    bisection = Simulation(tmp_path / "bisect", made(1, 2, 1), **COUNTS).run()
    assert bisection.state == "not reproduced"
    assert bisection.symptoms == []
    assert bisection.advice[0].startswith("Compare latencies, too: leave out --metrics queries")
    assert any("Send what your users send" in line for line in bisection.advice)
    asked = Simulation(tmp_path / "asked", made(1, 2, 1), on=["chat"], **COUNTS).run()
    assert [(one.metric, one.state) for one in asked.symptoms] == [
        ("answers", "not reproduced"),
        ("queries", "not reproduced"),
    ]
    # It says where nobody looked, and what looks there.
    (queries,) = (one for one in asked.symptoms if one.metric == "queries")
    assert [(one.first, one.last) for one in queries.unseen] == [(0, 2)]
    assert asked.advice[0] == "Look at all endpoints: leave out --endpoints and --on."


def test_a_count_that_is_not_the_same_twice_at_an_end(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", made(0, 0, 1), on=["chat/queries"], **COUNTS)
    simulation.laboratory.once[spec(2)] = [Made({"chat": 2})]
    found = result(simulation.run())
    assert found.state == "unstable"
    assert found.note == "the two runs of the ends did not agree"
    assert found.culprits == []


UNCLEAR = Made({"chat": 0}, unclear=frozenset(["chat"]))


def test_a_count_that_is_not_exact_at_first_is_taken_again(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", made(0, 0, 1, 1, 1), **COUNTS)
    simulation.laboratory.once[spec(2)] = [UNCLEAR]
    (culprit,) = result(simulation.run()).culprits
    assert (culprit.parent, culprit.version, culprit.suspects) == (1, 2, [])


def test_a_version_whose_count_is_never_exact_is_passed_over(tmp_path: Path) -> None:
    versions = made(0, 0, 1, 1, 1)
    versions[2] = UNCLEAR
    bisection = Simulation(tmp_path / "bisect", versions, **COUNTS).run()
    (culprit,) = result(bisection).culprits
    assert (culprit.parent, culprit.version, culprit.suspects) == (1, 3, [2])
    assert bisection.versions[2].state == "measured"


def test_an_end_whose_count_is_never_exact(tmp_path: Path) -> None:
    versions = made(0, 0, 1)
    versions[2] = UNCLEAR
    bisection = Simulation(tmp_path / "bisect", versions, on=["chat/queries"], **COUNTS).run()
    found = result(bisection)
    assert found.state == "unstable"
    assert "evicted" in found.note


def test_a_scan_looks_between_ends_that_are_alike(tmp_path: Path) -> None:
    found = result(Simulation(tmp_path / "bisect", made(1, 5, 1, 1), scan=True, **COUNTS).run())
    assert steps(found) == [(1, 1, 5), (2, 5, 1)]
    assert (found.state, found.unseen) == ("found", [])


def test_neighbours_need_no_search(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", made(0, 1), **COUNTS)
    assert steps(result(simulation.run())) == [(1, 0, 1)]
    assert len(simulation.laboratory.asked) == 3


def test_what_it_took(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", made(0, 0, 0, 1, 1, 1), **COUNTS)
    spent = simulation.run().spent
    asked = simulation.laboratory.asked
    assert spent.runs == len(asked)
    assert spent.starts == sum(len(one.subjects) for one in asked)
    assert spent.versions == len(simulation.laboratory.measured)
    assert spent.kept == 0


def test_what_may_be_next_is_built_ahead(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path / "bisect", made(*[0] * 10, *[1] * 10), **COUNTS)
    simulation.run()
    assert simulation.builder.asked
    later = [name for pair in simulation.laboratory.pairs()[2:] for name in pair]
    # One of the two possible next versions is asked for indeed.
    assert set(simulation.builder.asked) & set(later)


@st.composite
def histories(draw: st.DrawFn) -> list[int]:
    """1 to 3 changes, the ends different."""
    count = draw(st.integers(2, 24))
    values = [draw(st.integers(0, 3))] * count
    changes = draw(st.lists(st.integers(1, count - 1), min_size=1, max_size=3, unique=True))
    for version in sorted(changes):
        value = draw(st.sampled_from([other for other in range(4) if other != values[-1]]))
        values[version:] = [value] * (count - version)
    return values


@settings(max_examples=25, deadline=None)
@given(histories(), st.sets(st.integers(1, 22), max_size=4))
def test_it_is_answered_like_a_full_scan(counts: list[int], failing: set[int]) -> None:
    versions = made(*counts)
    for number in failing:
        if number < len(counts) - 1:
            versions[number] = Made({"chat": 9}, fails="exited with status 1.")
    with tempfile.TemporaryDirectory() as folder:
        plain = Simulation(Path(folder) / "plain", versions, **COUNTS).run()
        full = Simulation(Path(folder) / "full", versions, scan=True, **COUNTS).run()
    assert (plain.state == "not reproduced") == (counts[0] == counts[-1])
    if plain.state == "not reproduced":
        # Alike ends are not looked between, but by a scan.
        return
    for one, other in zip(plain.symptoms, full.symptoms, strict=True):
        hidden = [range(stretch.first + 1, stretch.last + 1) for stretch in one.unseen]
        seen = [each for each in other.culprits if not any(each.version in each_ for each_ in hidden)]
        assert [(each.parent, each.version) for each in one.culprits] == [
            (each.parent, each.version) for each in seen
        ]
        assert steps(one) == [(each.version, each.before.value, each.after.value) for each in seen]
