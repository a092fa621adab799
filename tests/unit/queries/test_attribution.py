"""Any mix of statements of requests and of the background is attributed exactly, or said to be in doubt.

The service is simulated (`.simulation`), so what caused each statement is known. What the method leaves
out, and these tests therefore do not draw:

* Two sources in the background for one statement (or for BEGIN and COMMIT): together they might by chance
  add exactly four calls to a window of four requests and seven to a window of seven.
* A job that begins to run only after the idle window.
* A writer that empties its queue about once for each request: its INSERTs then are one for each request.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perf_matrix.compare.arm_queries import ArmQueries, arm_queries
from perf_matrix.matrix.model import Endpoint, Request
from perf_matrix.queries.canonical import canonical
from perf_matrix.queries.deferred import MIN_FLUSHES, Deferred

from .simulation import BLOCK_REQUESTS, IDLE_S, Job, Mix, OneOff, Recorder, Refresh, Work, Writer

READS = [f"SELECT id FROM {table} WHERE id IN ($1)" for table in "abc"]
UPDATE = "UPDATE users SET seen = $1 WHERE id = $2"
QUEUES = [f"INSERT INTO {table} VALUES ($1)" for table in ("logs", "spend")]
JOBS = ["DELETE FROM sessions WHERE expires < $1", "SELECT count(*) FROM alerts"]
REFRESH = "SELECT * FROM settings"
ONE_OFF = "ALTER TABLE users ADD COLUMN colour text"
NAMES = ["chat", "models", "users"]

# A writer collects the rows of several requests; a window of seven requests is shorter than SLOW_S.
LONGEST_REQUEST_MS = 30
MANY_REQUESTS_MS = 10 * LONGEST_REQUEST_MS
SLOW_MS = 1500


@dataclass(frozen=True)
class Run:
    """How a mix is measured: the order of the endpoints, and how many rounds of blocks each start has."""

    order: Sequence[str]
    rounds: Sequence[int]
    rests: int


def milliseconds(least: int, most: int) -> st.SearchStrategy[float]:
    return st.integers(least, most).map(lambda value: value / 1000)


@st.composite
def works(draw: st.DrawFn, also: Sequence[str] = ()) -> Work:
    return Work(
        calls=draw(st.dictionaries(st.sampled_from([*READS, UPDATE, *also]), st.integers(1, 6))),
        transactions=draw(st.integers(0, 2)),
        queued=draw(st.dictionaries(st.sampled_from(QUEUES), st.integers(1, 4))),
        seconds=draw(milliseconds(2, LONGEST_REQUEST_MS)),
        other_s=draw(milliseconds(2, LONGEST_REQUEST_MS)),
    )


@st.composite
def jobs(draw: st.DrawFn, statement: str, least_ms: int, *, in_transaction: bool = False) -> Job:
    period_ms = draw(st.integers(least_ms, 6000))
    # What is seen in the idle window may be large; what is not might by its size pass for deferred rows.
    calls = draw(st.integers(1, 30 if period_ms <= IDLE_S * 1000 else 3))
    return Job(statement, calls, period_ms / 1000, draw(milliseconds(0, period_ms)), in_transaction)


@st.composite
def writers(
    draw: st.DrawFn, statement: str, least_ms: int, *, in_transaction: bool = False, row_by_row: bool = False
) -> Writer:
    period_ms = draw(st.integers(least_ms, 5000))
    phase_s = draw(milliseconds(0, period_ms))
    return Writer(statement, period_ms / 1000, phase_s, row_by_row, in_transaction)


def refreshes(statement: str) -> st.SearchStrategy[Refresh]:
    return st.builds(Refresh, st.just(statement), st.integers(1, 7), st.integers(8, 60), st.integers(0, 60))


one_offs = st.builds(OneOff, st.just(ONE_OFF), st.integers(1, 30), milliseconds(0, 9000))


@st.composite
def mixes(draw: st.DrawFn) -> Mix:
    """Any: the background may share a statement with the requests, and writers with them, too."""
    in_transaction = draw(st.sampled_from([*JOBS, *QUEUES, ""]))
    own_or_shared = [draw(st.sampled_from([name, read])) for name, read in zip(JOBS, READS, strict=False)]
    refreshed = draw(st.sampled_from([REFRESH, READS[2]]))
    names = NAMES[: draw(st.integers(1, 3))]
    return Mix(
        endpoints={name: draw(works(also=QUEUES)) for name in names},
        jobs=[
            draw(jobs(text, 40, in_transaction=in_transaction == name))
            for name, text in zip(JOBS, own_or_shared, strict=True)
            if draw(st.booleans())
        ],
        refreshes=draw(st.lists(refreshes(refreshed), max_size=1)),
        writers=[
            draw(
                writers(
                    text,
                    MANY_REQUESTS_MS,
                    in_transaction=in_transaction == text,
                    row_by_row=draw(st.booleans()),
                )
            )
            for text in QUEUES
        ],
        one_offs=draw(st.lists(one_offs, max_size=1)),
    )


@st.composite
def solved_mixes(draw: st.DrawFn) -> Mix:
    """Those that have to be solved: the background has statements of its own and leaves windows free."""
    names = NAMES[: draw(st.integers(1, 3))]
    return Mix(
        endpoints={name: draw(works()) for name in names},
        jobs=[draw(jobs(text, SLOW_MS)) for text in JOBS if draw(st.booleans())],
        refreshes=draw(st.lists(refreshes(REFRESH), max_size=1)),
        writers=[draw(writers(text, SLOW_MS)) for text in QUEUES],
        one_offs=draw(st.lists(one_offs, max_size=1)),
    )


@st.composite
def runs(draw: st.DrawFn, mix: Mix) -> Run:
    return Run(
        order=draw(st.permutations(list(mix.endpoints))),
        rounds=draw(st.lists(st.integers(0, 4), min_size=1, max_size=2)),
        rests=draw(st.integers(0, 2)),
    )


def measured(mix: Mix, run: Run) -> ArmQueries:
    """What is concluded from the windows of a run, one start for each number of rounds."""
    recorder = Recorder(mix)
    for start, rounds in enumerate(run.rounds):
        if start:
            recorder.start()
        for name in run.order:
            recorder.take_first(name, run.rests)
        for number in range(rounds):
            for name in run.order if number % 2 else reversed(run.order):
                recorder.take_block(name)
    return concluded(recorder)


def concluded(recorder: Recorder) -> ArmQueries:
    endpoints = [Endpoint(name=name, request=Request(path="/")) for name in recorder.mix.endpoints]
    return arm_queries(recorder.record(), endpoints, "base")


def possible(mix: Mix, work: Work, text: str) -> set[float]:
    """What is right to say of a statement. INSERTs that a request causes later are its own, too, if each is one."""
    calls = work.calls.get(text, 0)
    later = {
        work.queued.get(writer.statement, 0)
        for writer in mix.writers
        if writer.row_by_row and writer.statement == text
    }
    return {calls, *(calls + rows for rows in later)}


def caused_later(mix: Mix) -> set[Deferred]:
    return {
        Deferred(text, name, rows, "calls" if writer.row_by_row else "rows")
        for name, work in mix.endpoints.items()
        for text, rows in work.queued.items()
        for writer in mix.writers
        if writer.statement == text and rows
    }


@settings(deadline=None, max_examples=300)
@given(data=st.data(), mix=mixes())
def test_what_is_said_to_be_exact_is_what_was_injected(data: st.DataObject, mix: Mix) -> None:
    found = measured(mix, data.draw(runs(mix)))
    for name, work in mix.endpoints.items():
        profile = found.profiles[name].main
        for text in {*profile.statements, *work.calls} - profile.in_doubt:
            assert profile.statements.get(text, 0) in possible(mix, work, text)
        assert profile.transactions in (None, 2 * work.transactions)
        assert profile.stable == (not profile.in_doubt)


@settings(deadline=None, max_examples=200)
@given(data=st.data(), mix=mixes())
def test_what_is_in_doubt_lies_between_its_two_figures(data: st.DataObject, mix: Mix) -> None:
    found = measured(mix, data.draw(runs(mix)))
    for name, work in mix.endpoints.items():
        profile = found.profiles[name].main
        assert profile.per_request is not None
        assert profile.at_most is not None
        assert sum(work.calls.values()) <= profile.per_request <= profile.at_most + 1e-9


@settings(deadline=None, max_examples=300)
@given(data=st.data(), mix=solved_mixes())
def test_these_mixes_are_solved(data: st.DataObject, mix: Mix) -> None:
    """Every count is exact, not only never wrong, where the following is true.

    Requests: any endpoints, each with any number of calls of each statement, in transactions or not,
    spelled as before or after they were prepared. Besides, with statements of their own: jobs with a period
    of at least two windows (however many calls), caches that every n-th request refreshes (n >= 8),
    writers that flush rows of many requests in one INSERT, not more often than every second window, and
    one-off statements. The figures then are those injected, of statements, of rows and of both together.
    """
    found = measured(mix, data.draw(runs(mix)))
    for name, work in mix.endpoints.items():
        profile = found.profiles[name].main
        assert profile.stable, profile.unstable_because
        assert profile.statements == work.calls
        assert profile.per_request == profile.rows == sum(work.calls.values())
        assert profile.transactions == 2 * work.transactions
        assert not profile.background.keys() & work.calls.keys()


@settings(deadline=None, max_examples=300)
@given(data=st.data(), mix=mixes())
def test_of_what_is_written_later_only_what_was_injected_is_claimed(data: st.DataObject, mix: Mix) -> None:
    found = measured(mix, data.draw(runs(mix)))
    # An INSERT for each row is one call and one row.
    as_rows = {replace(one, unit="rows") for one in caused_later(mix)}
    assert set(found.deferred) <= caused_later(mix) | as_rows


@settings(deadline=None)
@given(work=works(), blocks=st.floats(1, 5), share=st.floats(0, 1))
def test_of_one_endpoint_all_that_is_written_later_is_claimed(
    work: Work, blocks: float, share: float
) -> None:
    """With eight flushes that are not all as large, some after more requests than a block has."""
    period_s = blocks * BLOCK_REQUESTS * (work.seconds + work.other_s)
    mix = Mix(endpoints={"chat": work}, writers=[Writer(QUEUES[0], period_s, period_s * share)])
    recorder = Recorder(mix)
    recorder.take_first("chat")
    for _ in range(5 * (MIN_FLUSHES + 2)):
        recorder.take_block("chat")
    rows = flushed_rows(recorder)
    assert not work.queued.get(QUEUES[0]) or len(rows) >= MIN_FLUSHES
    assume(not set(rows) <= {min(rows, default=0), 2 * min(rows, default=0)})
    assert set(concluded(recorder).deferred) == caused_later(mix)


@pytest.mark.parametrize("seed", range(10))
def test_of_interleaved_endpoints_all_that_is_written_later_is_claimed(seed: int) -> None:
    """Sixteen endpoints, two starts of 14 rounds, a flush every few blocks."""
    rng = random.Random(seed)  # noqa: S311
    names = [f"endpoint-{number}" for number in range(16)]
    mix = Mix(
        endpoints={
            name: Work(
                calls={},
                queued={text: rng.randint(0, 3) for text in QUEUES},
                seconds=rng.uniform(0.005, 0.03),
                other_s=rng.uniform(0.005, 0.03),
            )
            for name in names
        },
        writers=[
            Writer(QUEUES[0], period_s=0.9, phase_s=0.3),
            Writer(QUEUES[1], period_s=1.3, phase_s=1.0, row_by_row=True),
        ],
    )
    recorder = Recorder(mix)
    for start in range(2):
        if start:
            recorder.start()
        for name in rng.sample(names, len(names)):
            recorder.take_first(name)
        for _ in range(14):
            for name in rng.sample(names, len(names)):
                recorder.take_block(name)
    assert set(concluded(recorder).deferred) == caused_later(mix)


def test_a_job_that_writes_as_much_each_time_is_not_claimed_however_well_it_fits() -> None:
    """Eleven rows every second, and a block of eleven requests takes a second."""
    job = Job(JOBS[0], calls=BLOCK_REQUESTS, period_s=1.1, phase_s=3.3)
    work = Work(calls={}, seconds=0.05, other_s=0.05)
    recorder = Recorder(Mix(endpoints={"chat": work}, jobs=[job]))
    for _ in range(20):
        recorder.take_block("chat")
    assert concluded(recorder).deferred == []


def flushed_rows(recorder: Recorder) -> list[int]:
    """The rows of the first queue that each window wrote, where it wrote any."""
    rows = [
        sum(count.rows for count in window.statements if canonical(count.text) == QUEUES[0])
        for window in recorder.windows
    ]
    return [count for count in rows if count]
