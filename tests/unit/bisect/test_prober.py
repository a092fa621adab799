"""Which version is at fault where a measurement of two fails; what is tried again, kept and skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.laboratory import COUNTING, PAIRING, Failed, Measurement
from perf_matrix.bisect.prober import Prober
from perf_matrix.bisect.store import Skip, Trial, create_store, open_store
from perf_matrix.errors import InputError, MeasurementError, PartDiedError

from .world import Made, SimulatedLaboratory, line_of, made, request, spec

PAIR = Measurement({"base": spec(0), "head": spec(1)}, PAIRING, epochs=1)
MACHINE = Failed("Postgres was killed by SIGKILL.", ["out of memory"], by_version=False)
VERSION = Failed("the base proxy was killed by SIGKILL.", ["boom"], by_version=True)
FAILING = Made({"chat": 0}, fails="exited with status 3.")


class Bench:
    """A prober with its laboratory and its store."""

    def __init__(self, folder: Path, *versions: Made) -> None:
        self.laboratory = SimulatedLaboratory({spec(number): one for number, one in enumerate(versions)})
        self.store = create_store(folder / "bisect", request(line_of(3)))
        self.knowledge = Knowledge()
        self.prober = Prober(self.laboratory, self.store, self.knowledge, "here")

    def lines(self) -> list[Trial | Skip]:
        """What was kept, read anew."""
        return open_store(self.store.path).lines


def test_what_was_measured_is_kept_and_known(tmp_path: Path) -> None:
    bench = Bench(tmp_path, *made(0, 1))
    trial = bench.prober.measure("compare", PAIR)
    assert trial is not None
    assert (trial.run, trial.purpose, trial.host) == ("0001", "compare", "here")
    assert trial.subjects == {"base": spec(0), "head": spec(1)}
    assert bench.lines() == [trial]
    assert bench.knowledge.runs(spec(0)) == 1
    assert bench.prober.trials("compare") == [trial]
    assert bench.prober.trials("count") == []
    assert bench.prober.record(trial).info.subjects["head"].spec == spec(1)


@pytest.mark.parametrize("at", [0, 1])
def test_one_of_two_fails(tmp_path: Path, at: int) -> None:
    versions = made(0, 1)
    versions[at] = FAILING
    bench = Bench(tmp_path, *versions)
    assert bench.prober.measure("compare", PAIR) is None
    assert set(bench.knowledge.skipped) == {spec(at)}
    skips = [line for line in bench.lines() if isinstance(line, Skip)]
    assert [(line.spec, line.log_tail) for line in skips] == [(spec(at), ["Traceback", "boom"])]
    # The other one, where it was tried first, was counted meanwhile; the run that failed is not kept.
    trials = [line for line in bench.lines() if isinstance(line, Trial)]
    assert [(line.run, line.subjects, line.purpose) for line in trials] == (
        [("0001", {"head": spec(0)}, "count")] if at == 1 else []
    )


def test_both_fail(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FAILING, FAILING)
    assert bench.prober.measure("compare", PAIR) is None
    # The second one is found out when it is asked for next.
    assert set(bench.knowledge.skipped) == {spec(0)}


def test_alone_both_can_be_measured(tmp_path: Path) -> None:
    bench = Bench(tmp_path, *made(0, 1))
    bench.laboratory.troubles = [VERSION]
    trial = bench.prober.measure("compare", PAIR)
    assert trial is not None
    assert trial.purpose == "compare"
    assert bench.laboratory.pairs() == [(spec(0), spec(1)), (spec(0),), (spec(1),), (spec(0), spec(1))]
    alone = bench.laboratory.asked[1]
    assert (alone.instruments, alone.epochs) == (COUNTING, 1)
    assert bench.knowledge.skipped == {}


def test_only_together_they_fail(tmp_path: Path) -> None:
    bench = Bench(tmp_path, *made(0, 1))
    bench.laboratory.failing_together = VERSION
    with pytest.raises(PartDiedError, match="the base proxy was killed by SIGKILL"):
        bench.prober.measure("compare", PAIR)
    assert bench.knowledge.skipped == {}
    assert [line.subjects for line in bench.lines() if isinstance(line, Trial)] == [
        {"head": spec(0)},
        {"head": spec(1)},
    ]


def test_what_is_not_the_version_s_fault_is_tried_once_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path, *made(0, 1))
    one = Measurement({"head": spec(1)}, COUNTING, epochs=1)
    bench.laboratory.troubles = [MACHINE]
    assert bench.prober.measure("count", one) is not None
    bench.laboratory.troubles = [MACHINE, MACHINE]
    with pytest.raises(PartDiedError, match="out of memory"):
        bench.prober.measure("count", one)
    assert len(bench.laboratory.asked) == 4
    assert bench.knowledge.skipped == {}


def test_the_second_failure_tells_whose_fault_it_is(tmp_path: Path) -> None:
    bench = Bench(tmp_path, *made(0, 1))
    bench.laboratory.troubles = [MACHINE, VERSION]
    one = Measurement({"head": spec(1)}, COUNTING, epochs=1)
    assert bench.prober.measure("count", one) is None
    assert bench.knowledge.skipped[spec(1)].reason == VERSION.reason


def test_a_failure_without_a_log_is_said_as_it_is(tmp_path: Path) -> None:
    bench = Bench(tmp_path, *made(0))
    bench.laboratory.troubles = [Failed("no space", [], by_version=False)] * 2
    with pytest.raises(MeasurementError) as told:
        bench.prober.measure("count", Measurement({"head": spec(0)}, COUNTING, epochs=1))
    assert str(told.value) == "no space"


def test_what_is_recalled_is_this_machine_s(tmp_path: Path) -> None:
    bench = Bench(tmp_path, *made(0, 1))
    bench.prober.measure("count", PAIR)
    bench.store.keep(Skip(spec=spec(2), reason="it ended", host="there", seconds=1))
    bench.store.keep(Skip(spec=spec(1), reason="it ended", host="here", seconds=1))
    for host, kept, skipped in (("here", 1, {spec(1)}), ("there", 0, {spec(2)}), ("nowhere", 0, set())):
        knowledge = Knowledge()
        prober = Prober(bench.laboratory, open_store(bench.store.path), knowledge, host)
        assert prober.recall() == kept
        assert set(knowledge.skipped) == skipped
        assert knowledge.trials == kept
        assert len(prober.trials("count")) == kept


def test_a_measurement_whose_run_is_gone(tmp_path: Path) -> None:
    bench = Bench(tmp_path, *made(0, 1))
    trial = bench.prober.measure("count", PAIR)
    assert trial is not None
    (bench.store.run_folder(trial) / "run.json").unlink()
    with pytest.raises(InputError, match="runs/0001 is not a run folder"):
        Prober(bench.laboratory, open_store(bench.store.path), Knowledge(), "here").recall()
