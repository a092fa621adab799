"""What is measured for a search, and whose fault a failure is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from perf_matrix.bisect.laboratory import COUNTING, PAIRING, Laboratory, Measurement, Scene, _failed, _Inner
from perf_matrix.bisect.symptom import Symptom
from perf_matrix.errors import InputError
from perf_matrix.experiment.phases import Phases
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.record.model import Fault
from perf_matrix.stacks.database_server import SCRIPT
from perf_matrix.stacks.proxy import proxy_label

from .world import Seen

PAIR = Measurement({"base": "litellm==1.80.5", "head": "litellm==1.81.0"}, PAIRING, epochs=1)


def laboratory(*, cells: tuple[str, ...] = (), endpoints: tuple[str, ...] = ()) -> Laboratory:
    scene = Scene(
        matrix="smoke",
        cells=cells,
        endpoints=endpoints,
        metrics=(),
        backend="local",
        checkout=Path(),
        today=date(2026, 1, 2),
    )
    return Laboratory(scene, Surroundings(cache=Path("none"), environ={}, display=Seen(), phases=Phases()))


@pytest.mark.parametrize(
    ("message", "by_version"),
    [
        (f"{proxy_label('base', 'litellm==1.80.5')} exited with status 3.", True),
        (f"{proxy_label('head', 'litellm==1.81.0')} was not ready after 120 s.", True),
        (f"{SCRIPT} 20250101_add_teams failed on head: syntax error", True),
        # That of another run.
        (f"{proxy_label('head', 'litellm==1.79.0')} exited with status 3.", False),
        ("Postgres was killed by SIGKILL.", False),
        ("the disk is full", False),
        (f"Postgres ended while {SCRIPT} ran", False),
    ],
)
def test_whose_fault_it_is(message: str, by_version: bool) -> None:  # noqa: FBT001 - a parameter
    found = _failed(Fault(at=1.0, message=message, log_tail=["boom"]), PAIR)
    assert (found.reason, found.log_tail, found.by_version) == (message, ["boom"], by_version)


def test_only_what_is_of_interest_is_measured() -> None:
    everything = laboratory().order(PAIR)
    chosen = everything.endpoints[0].name
    of = (Symptom("default", chosen, "queries"), Symptom("default", "", "memory"))
    order = laboratory().order(Measurement({"head": "litellm==1.81.0"}, COUNTING, epochs=1, of=of))
    assert len(everything.endpoints) > 1
    assert [endpoint.name for endpoint in order.endpoints] == [chosen]
    assert order.instruments == list(COUNTING)
    assert set(order.subjects) == {"head"}
    assert order.epochs == 1
    assert order.grown == everything.grown == []


def test_the_choice_of_the_scene_holds_where_nothing_is_named() -> None:
    chosen = laboratory().order(PAIR).endpoints[-1].name
    order = laboratory(endpoints=(chosen,)).order(PAIR)
    assert [endpoint.name for endpoint in order.endpoints] == [chosen]


def test_what_the_scene_has_wrong() -> None:
    with pytest.raises(InputError, match="no endpoint matches 'nothing'"):
        laboratory(endpoints=("nothing",)).order(PAIR)
    with pytest.raises(InputError, match="no cell matches 'nothing'"):
        laboratory(cells=("nothing",)).order(PAIR)


def test_a_measurement_s_stages_are_steps_of_the_bisect() -> None:
    outer = Seen()
    with _Inner(outer) as inner:
        inner.stage("starting")
        inner.step("more")
        inner.expect(100.0)
        inner.note("careful")
    assert outer.steps == ["starting", "more"]
    assert outer.stages == ["careful"]
