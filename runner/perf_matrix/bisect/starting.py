"""Starting a bisect, or going on with one: everything that it works with is put together here."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import perf_matrix
from perf_matrix.bisect.ahead import Ahead
from perf_matrix.bisect.asked import check_on, instruments_asked
from perf_matrix.bisect.bisecting import Around, Bisecting
from perf_matrix.bisect.closer import Closer, measured_with
from perf_matrix.bisect.confirming import Diffs
from perf_matrix.bisect.diffs import CommitDiffs, InstalledDiffs
from perf_matrix.bisect.ends import Wanted
from perf_matrix.bisect.git_session import Session
from perf_matrix.bisect.history.candidate import SHORT, Candidate, History
from perf_matrix.bisect.history.commits import merged_by
from perf_matrix.bisect.knowledge import Knowledge
from perf_matrix.bisect.laboratory import COUNTING, Laboratory, Measurement, Scene
from perf_matrix.bisect.model import Bisection
from perf_matrix.bisect.prober import Prober
from perf_matrix.bisect.stepping import Judgement, Stepper, StepRequest
from perf_matrix.bisect.store import (
    BisectRequest,
    Store,
    create_store,
    host_key,
    open_store,
    refuse_unless_bisect,
)
from perf_matrix.bisect.tools import Deadline
from perf_matrix.bisect.unchanged import digest_of, noted, refuse_if_changed
from perf_matrix.cache import lease_registry
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.lease import LEASE_VARIABLE, hold_lease
from perf_matrix.matrix.read import read_matrix
from perf_matrix.record.layout import BISECT_FILE
from perf_matrix.record.lock import held
from perf_matrix.shipped import resolve_matrix
from perf_matrix.targets.base import Target
from perf_matrix.targets.registry import find_target


def start_bisect(request: BisectRequest, folder: Path, target: Target, outside: Surroundings) -> Bisection:
    """Search what ``request`` asks for, into the new folder ``folder``.

    Raises InputError where the folder is taken or an end cannot be had, MeasurementError later; what was measured
    until then is kept, and ``resume_bisect`` goes on from there.
    """
    # What was asked wrong is said before a folder is made.
    good, *_, bad = request.history.candidates
    _check(_laboratory(request, outside), good, bad, request)
    store = create_store(folder, noted(request))
    with held(folder):
        return _search(store, target, request.time_s, outside)


def resume_bisect(folder: Path, time_s: float | None, outside: Surroundings) -> Bisection:
    """Go on with an interrupted bisect, or one whose time was over, for ``time_s`` seconds.

    Raises as above; InputError, too, where ``folder`` holds no bisect, another process goes on with it, or what it
    measures has changed since it began.
    """
    refuse_unless_bisect(folder)
    # Read only when nobody else writes: what was measured meanwhile would be missed.
    with held(folder):
        store = open_store(folder)
        for note in store.notes:
            outside.display.note(note)
        refuse_if_changed(store.request)
        target = find_target(read_matrix(resolve_matrix(store.request.matrix)).target)
        return _search(store, target, time_s, outside)


def judge_commit(session: Session, asked: StepRequest, outside: Surroundings) -> Judgement:
    """Judge the commit of a git bisect session.

    Raises InputError for what was asked wrong, MeasurementError where the ends do not differ or the machine fails.
    """
    good, bad, commit = (_commit_candidate(sha) for sha in (session.good, session.bad, session.commit))
    laboratory = _laboratory_of(asked, session.repository, outside)
    _check(laboratory, good, bad, asked)
    store = _step_store(session, asked)
    knowledge = Knowledge()
    prober = Prober(laboratory, store, knowledge, host_key(laboratory.host))
    stepper = Stepper((good, bad), Wanted(asked.on), prober, knowledge, outside.display)
    return stepper.judge(commit, instruments_asked(asked.on))


def _check(
    laboratory: Laboratory, good: Candidate, bad: Candidate, asked: BisectRequest | StepRequest
) -> None:
    order = laboratory.order(Measurement({"base": good.spec, "head": bad.spec}, COUNTING, epochs=1))
    check_on(asked.on, [endpoint.name for endpoint in order.endpoints], asked.metrics, order.matrix)


def _step_store(session: Session, asked: StepRequest) -> Store:
    """What is kept of the session for these options and this workload; made with the first step."""
    workload = digest_of(asked.matrix)
    told = repr((asked, workload, perf_matrix.__version__))
    folder = session.folder / hashlib.sha256(told.encode()).hexdigest()[:12]
    if (folder / BISECT_FILE).exists():
        return open_store(folder)
    request = BisectRequest(
        perf_matrix=perf_matrix.__version__,
        started_at=time.time(),
        seed=0,
        good=session.good,
        bad=session.bad,
        history=History("commits", tuple(_commit_candidate(sha) for sha in (session.good, session.bad))),
        repository=session.repository,
        on=list(asked.on),
        matrix=asked.matrix,
        cells=list(asked.cells),
        endpoints=list(asked.endpoints),
        metrics=list(asked.metrics),
        backend=asked.backend,
        confidence=0.95,
        arguments=[],
        workload=workload,
    )
    return create_store(folder, request)


def _commit_candidate(sha: str) -> Candidate:
    return Candidate(f"git:{sha}", sha[:SHORT])


def _search(store: Store, target: Target, time_s: float | None, outside: Surroundings) -> Bisection:
    request = store.request
    begin = time.monotonic()
    deadline = Deadline(None if time_s is None else begin + time_s)
    laboratory = _laboratory(request, outside)
    with _building_ahead(request, outside) as builder:
        around = Around(
            laboratory=laboratory,
            diffs=_diffs(request, target, outside),
            merged=lambda sha: _merged(request, sha),
            closer=lambda requests: _closer(request, target, requests),
            builder=builder,
            display=outside.display,
            host=host_key(laboratory.host),
        )
        return Bisecting(store, around, deadline).run()


def _laboratory(request: BisectRequest, outside: Surroundings) -> Laboratory:
    return _laboratory_of(request, request.repository or Path(), outside)


def _laboratory_of(asked: BisectRequest | StepRequest, checkout: Path, outside: Surroundings) -> Laboratory:
    scene = Scene(
        matrix=asked.matrix,
        cells=asked.cells,
        # Of what is searched for alone, unless the user says otherwise.
        endpoints=asked.endpoints or [text.partition("/")[0] for text in asked.on],
        metrics=asked.metrics,
        backend=asked.backend,
        checkout=checkout,
        today=datetime.now(UTC).date(),
    )
    return Laboratory(scene, outside)


@contextmanager
def _building_ahead(request: BisectRequest, outside: Surroundings) -> Iterator[Ahead]:
    """What builds ahead; ended on every way out, and by its lease where this process is killed."""
    arguments = ["--matrix", request.matrix, "--backend", request.backend]
    arguments += ["--checkout", str(request.repository)] if request.repository else []
    with hold_lease(lease_registry(outside.cache)) as lease:
        ahead = Ahead(arguments, lease.private, {**outside.environ, LEASE_VARIABLE: lease.id})
        try:
            yield ahead
        finally:
            ahead.stop()


def _diffs(request: BisectRequest, target: Target, outside: Surroundings) -> Diffs:
    if request.repository is not None:
        return CommitDiffs(request.repository)
    return InstalledDiffs(target, request.backend, outside)


def _merged(request: BisectRequest, sha: str) -> Sequence[History]:
    return merged_by(request.repository, sha) if request.repository else []


def _closer(request: BisectRequest, target: Target, requests: Mapping[str, str]) -> Closer:
    kind, asked = request.history.kind, measured_with(request)
    return Closer(kind, target, request.repository, request.all_parents, requests, asked)
