"""How often the rules of ``compare`` are wrong, by simulation: the tables of docs/STATISTICS.md.

    python benchmarks/error_rates.py              # every table, half an hour on two cores
    python benchmarks/error_rates.py --runs 50    # a quick look

Seeds are fixed: the same numbers come out again. Every arm's latencies are made by a noise model, or
drawn in blocks from recorded requests, then go through the functions that a real run goes through.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from math import exp, log
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import numpy as np
from scipy.stats import mannwhitneyu
from tabulate import tabulate

from perf_matrix.compare import mann_whitney, signed_rank
from perf_matrix.compare.blocks import MIN_UNITS, RULES, FloatArray, LatencyMetric
from perf_matrix.compare.carry_over import carry_over, is_more
from perf_matrix.compare.controls import control
from perf_matrix.compare.drops import decide_drops
from perf_matrix.compare.holm import PValues, holm_each_way
from perf_matrix.compare.latency import Latency, confidence, decide, measure
from perf_matrix.compare.load import compare_loads, measure_load
from perf_matrix.compare.model import Control, EndpointLoad, Verdict
from perf_matrix.compare.power import detectable
from perf_matrix.compare.rounds import Round
from perf_matrix.compare.soak import compare_soaks
from perf_matrix.matrix.model import Arm, Gate
from perf_matrix.record.model import LoadSlot, MemorySample, PairedBlock, SoakSlot

DATA = Path(__file__).parents[1] / "tests" / "data"
RECORDED = DATA / "paired-requests.csv.gz"
RECORDED_LOAD = DATA / "load-slots.csv.gz"
ENDPOINTS = 16
PAIRS = 10
EPOCHS = 2
GATE = Gate(metrics=["p50", "p95"], alpha=0.01, min_effect=0.05, min_effect_ms=0)
T = TypeVar("T")
Rng = np.random.Generator
Arms = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Noise:
    """Draws equal arms: so many blocks -> (blocks, pairs) of ms, for both."""

    draw: Callable[[Rng, int], Arms]
    epochs: int = EPOCHS


# --- noise models: equal arms, 20 ms -------------------------------------------------------------


def _lognormal(rng: Rng, blocks: int, spread: float = 0.15) -> Arms:
    base, head = 20 * np.exp(rng.normal(0, spread, (2, blocks, PAIRS)))
    return base, head


def _heavy_tails(rng: Rng, blocks: int) -> Arms:
    """One request in twenty waits for something: three times as long or (Pareto) much longer."""
    base, head = _lognormal(rng, blocks)
    slow = rng.random((2, blocks, PAIRS)) < 0.05
    factor = np.where(slow, 3 * (1 + rng.pareto(1.5, slow.shape)), 1)
    return base * factor[0], head * factor[1]


def _drift(rng: Rng, blocks: int) -> Arms:
    """Both arms wander together by 10 % from block to block, and slow down by 30 % over the run."""
    base, head = _lognormal(rng, blocks)
    level = np.exp(np.cumsum(rng.normal(0, 0.10, blocks)) + np.linspace(0, log(1.3), blocks))[:, None]
    return base * level, head * level


def _bursts(rng: Rng, blocks: int) -> Arms:
    """For 6 of every 35 pairs everything takes twice as long."""
    base, head = _lognormal(rng, blocks)
    burst = (np.arange(blocks * PAIRS) + rng.integers(35)) % 35 < 6
    factor = np.where(burst, 2.0, 1.0).reshape(blocks, PAIRS)
    return base * factor, head * factor


def _autocorrelated(rng: Rng, blocks: int) -> Arms:
    """Each arm by itself wanders slowly: AR(1) over its requests, coefficient 0.9, spread 15 %."""
    return _wander(rng, blocks), _wander(rng, blocks)


def _wander(rng: Rng, blocks: int) -> FloatArray:
    steps = rng.normal(0, 0.15 * np.sqrt(1 - 0.9**2), blocks * PAIRS)
    state, states = rng.normal(0, 0.15), []
    for step in steps:
        state = 0.9 * state + step
        states.append(state)
    latencies: FloatArray = 20 * np.exp(np.array(states)).reshape(blocks, PAIRS)
    return latencies


def _start_luck(rng: Rng, blocks: int, spread: float, epochs: int = EPOCHS) -> Arms:
    """Every start of an arm makes it faster or slower by chance, for the whole epoch."""
    base, head = _lognormal(rng, blocks)
    luck = np.exp(rng.normal(0, spread, (2, epochs)))[:, np.arange(blocks) * epochs // blocks, None]
    return base * luck[0], head * luck[1]


@cache
def _recorded() -> dict[str, Arms]:
    """Endpoint -> (145 or more pairs of ms) of two processes of one version."""
    rows: defaultdict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(RECORDED, "rt") as file:
        for row in sorted(csv.DictReader(file), key=lambda row: int(row["pair"])):
            rows[row["endpoint"]][row["arm"]].append(float(row["latency_ms"]))
    return {name: (np.array(arms["A"]), np.array(arms["A2"])) for name, arms in rows.items()}


def _resampled(rng: Rng, blocks: int, swapped: float, endpoint: str = "") -> Arms:
    """Blocks of consecutive recorded pairs; the arms of a block are exchanged with chance ``swapped``.

    Without an ``endpoint``, one is drawn.
    """
    base, head = _recorded()[endpoint or str(rng.choice(sorted(_recorded())))]
    chosen = rng.integers(0, len(base) - PAIRS + 1, blocks)[:, None] + np.arange(PAIRS)
    swap = rng.random((blocks, 1)) < swapped
    return np.where(swap, head[chosen], base[chosen]), np.where(swap, base[chosen], head[chosen])


NOISES = {
    "lognormal": Noise(_lognormal),
    "heavy tails": Noise(_heavy_tails),
    "drift": Noise(_drift),
    "bursts": Noise(_bursts),
    "autocorrelated arms": Noise(_autocorrelated),
    "start luck 2 %": Noise(partial(_start_luck, spread=0.02)),
    "start luck 5 %": Noise(partial(_start_luck, spread=0.05)),
    "start luck 5 %, 4 epochs": Noise(partial(_start_luck, spread=0.05, epochs=4), epochs=4),
    "recorded, as they are": Noise(partial(_resampled, swapped=0.0)),
    "recorded, arms exchanged": Noise(partial(_resampled, swapped=0.5)),
}
ONE_RECORDED = {
    f"recorded {name}, arms exchanged": Noise(partial(_resampled, swapped=0.5, endpoint=name))
    for name in ("chat", "models", "user_list")
}


# --- a run ---------------------------------------------------------------------------------------


def _blocks(noise: Noise, rng: Rng, blocks: int, effect: float = 1.0) -> list[PairedBlock]:
    base, head = noise.draw(rng, blocks)
    return [
        PairedBlock.model_construct(
            epoch=number * noise.epochs // blocks,
            endpoint="simulated",
            block=number,
            started_at=0.0,
            base_ms=base[number].tolist(),
            head_ms=(head[number] * effect).tolist(),
            head_first=[],
        )
        for number in range(blocks)
    ]


def _measured(blocks: Sequence[PairedBlock]) -> list[Latency]:
    found = (measure(blocks, metric, GATE) for metric in ("p50", "p95"))
    return [latency for latency in found if latency and latency.gated]


def _quiet_run(noise: Noise, blocks: int, seed: int) -> list[tuple[LatencyMetric, Verdict]]:
    """Equal arms at 16 endpoints, corrected together: the verdict of every gated quantile."""
    rng = np.random.default_rng(seed)
    family = [one for _ in range(ENDPOINTS) for one in _measured(_blocks(noise, rng, blocks))]
    adjusted = holm_each_way([one.p for one in family])
    return [(one.metric, decide(one, p, GATE)) for one, p in zip(family, adjusted, strict=True)]


def _changed_endpoint(
    noise: Noise, metric: LatencyMetric, blocks: int, effect: float, seed: int
) -> tuple[Verdict, bool]:
    """One known effect among 32 tests, at Holm's hardest step; and whether the interval has it."""
    rng = np.random.default_rng(seed)
    found = measure(_blocks(noise, rng, blocks, effect), metric, GATE)
    assert found
    tests = 2 * ENDPOINTS
    verdict = decide(found, PValues(worse=found.p.worse * tests, better=found.p.better * tests), GATE)
    return verdict, found.interval.low <= log(effect) <= found.interval.high


def _promise_kept(noise: Noise, blocks: int, seed: int) -> bool:
    """What one run says it could have detected, put into the next run: is it found there?"""
    rng = np.random.default_rng(seed)
    told = measure(_blocks(noise, rng, blocks), "p50", GATE)
    assert told
    alpha = GATE.alpha / (2 * ENDPOINTS)
    effect = detectable(told.units, told.matters, alpha, confidence(GATE))
    assert effect is not None
    verdict, _ = _changed_endpoint(noise, "p50", blocks, 1 + effect, int(rng.integers(2**31)))
    return verdict == "regression"


# --- one arm disturbs what follows ---------------------------------------------------------------

CONTROL_MS = 1.2
CONTROL_GATE = Gate()


def _wanders_alone(rng: Rng, blocks: int) -> Arms:
    """The stand-in wanders slowly: AR(1) over all requests to it, coefficient 0.9, spread 15 %."""
    requests = _wander(rng, 2 * blocks).reshape(blocks, PAIRS, 2)
    return requests[..., 0], requests[..., 1]


CONTROL_NOISES = {name: NOISES[name] for name in ("lognormal", "heavy tails", "drift", "bursts")} | {
    "autocorrelated": Noise(_wanders_alone)
}


def _after_each_other(rng: Rng, noise: Noise, disturbs: FloatArray) -> tuple[Arms, FloatArray]:
    """Pairs in random orders, and the orders; after head's request one takes ``disturbs[block]`` times as long.

    What the noise draws for the arms is the first and the second request of each pair here.
    """
    first, second = noise.draw(rng, len(disturbs))
    head_first = rng.permuted(np.tile(np.arange(PAIRS) < PAIRS // 2, (len(disturbs), 1)), axis=1)
    # Before a block's pairs goes one more, in the order of the first of them.
    before = np.concatenate([head_first[:, :1], head_first[:, :-1]], axis=1)
    first = first * np.where(before, 1, disturbs[:, None])
    second = second * np.where(head_first, disturbs[:, None], 1)
    arms = np.where(head_first, second, first), np.where(head_first, first, second)
    return arms, head_first


def _controlled_run(
    noise: Noise, blocks: int, disturbing: int, factor: float, seed: int
) -> tuple[Control, list[Control]]:
    """The cell's control, and each endpoint's, in ``blocks`` rounds of 16 endpoints.

    After head's request to one of the first ``disturbing`` endpoints, a control takes ``factor`` times as long.
    """
    rng = np.random.default_rng(seed)
    count = blocks * ENDPOINTS
    endpoint = np.concatenate([rng.permutation(ENDPOINTS) for _ in range(blocks)])
    arms, _ = _after_each_other(rng, noise, np.where(endpoint < disturbing, factor, 1.0))
    base, head = (CONTROL_MS / 20 * arm for arm in arms)
    found = [
        PairedBlock.model_construct(
            epoch=number * noise.epochs // count,
            endpoint=str(endpoint[number]),
            block=number,
            started_at=float(number),
            base_ms=[],
            head_ms=[],
            head_first=[],
            control_ms={"base": base[number].tolist(), "head": head[number].tolist()},
        )
        for number in range(count)
    ]
    own = [[one for one in found if one.endpoint == str(name)] for name in range(ENDPOINTS)]
    return _control(found), [_control(each) for each in own]


def _carried_over(noise: Noise, blocks: int, factor: float, seed: int) -> tuple[bool, float]:
    """One endpoint, equal arms but for what follows head: is there a warning, and what is the ratio?"""
    rng = np.random.default_rng(seed)
    (base, head), head_first = _after_each_other(rng, noise, np.full(blocks, factor))
    found = [
        PairedBlock.model_construct(
            epoch=number * noise.epochs // blocks,
            endpoint="simulated",
            block=number,
            started_at=0.0,
            base_ms=base[number].tolist(),
            head_ms=head[number].tolist(),
            head_first=head_first[number].tolist(),
        )
        for number in range(blocks)
    ]
    carried, latency = carry_over(found), measure(found, "p50", GATE)
    assert carried
    assert latency
    return is_more(carried, latency.matters), exp(latency.interval.estimate)


def _control(blocks: Sequence[PairedBlock]) -> Control:
    found = control(blocks, CONTROL_GATE)
    assert found
    return found


# --- the tables ----------------------------------------------------------------------------------


def _repeat(pool: ProcessPoolExecutor, task: Callable[..., T], runs: int) -> list[T]:
    return list(pool.map(task, range(runs), chunksize=max(1, runs // 8)))


def false_alarms(pool: ProcessPoolExecutor, runs: int) -> None:
    """Equal arms: how many runs have any regression, any improvement; what becomes of each quantile."""
    rows = []
    for name, noise in NOISES.items():
        for blocks in (8, 24):
            results = _repeat(pool, partial(_quiet_run, noise, blocks), runs)
            rows.append([name, blocks, runs, *_alarms(results)])
    headers = ["noise", "blocks", "runs", "with a regression", "with an improvement", "p50 pass", "p95 pass"]
    _print(f"False alarms: {ENDPOINTS} endpoints, p50 and (from 200 pairs) p95, alpha 1 %", headers, rows)


def _alarms(results: Sequence[list[tuple[LatencyMetric, Verdict]]]) -> list[str]:
    def runs_with(verdict: Verdict) -> str:
        return _share(any(found == verdict for _, found in run) for run in results)

    def passing(metric: LatencyMetric) -> str:
        return _share(found == "pass" for run in results for name, found in run if name == metric)

    return [runs_with("regression"), runs_with("improvement"), passing("p50"), passing("p95")]


def replication(pool: ProcessPoolExecutor, runs: int) -> None:
    """Why requests are not the unit: one endpoint, equal arms, each test by itself at 5 %."""
    rows = []
    for name, noise in NOISES.items():
        results = _repeat(pool, partial(_each_test, noise), 5 * runs)
        rows.append([name, *(_share(test) for test in zip(*results, strict=True))])
    headers = ["noise", "U on requests", "U on blocks", "signed-rank on blocks"]
    _print("Equal arms called different at alpha 5 %, 24 blocks of 10 pairs", headers, rows)


def _each_test(noise: Noise, seed: int) -> tuple[bool, bool, bool]:
    base, head = noise.draw(np.random.default_rng(seed), 24)
    low, high = np.median(base, axis=1), np.median(head, axis=1)
    return (
        bool(mannwhitneyu(head.ravel(), base.ravel(), alternative="greater").pvalue <= 0.05),
        mann_whitney.p_greater(high, low) <= 0.05,
        signed_rank.p_greater(np.log(high) - np.log(low)) <= 0.05,
    )


def power(pool: ProcessPoolExecutor, runs: int) -> None:
    """A known effect on head's latencies: how often it is called a regression, how often it passes."""
    rows = [
        [name, blocks, *_found(pool, runs, NOISES[name], blocks)]
        for name in ("lognormal", "drift", "recorded, arms exchanged")
        for blocks in (8, 14, 20, 40)
    ]
    _print("Power, p50: called a regression (called a pass)", ["noise", "blocks", *_EFFECT_NAMES], rows)


_EFFECTS = (1.05, 1.10, 1.15, 1.20, 1.30, 1.75)
_EFFECT_NAMES = [f"+{100 * (effect - 1):.0f} %" for effect in _EFFECTS]


def _found(pool: ProcessPoolExecutor, runs: int, noise: Noise, blocks: int) -> list[str]:
    cells = []
    for effect in _EFFECTS:
        results = _repeat(pool, partial(_changed_endpoint, noise, "p50", blocks, effect), runs)
        slower = _share(verdict == "regression" for verdict, _ in results)
        cells.append(f"{slower} ({_share(verdict == 'pass' for verdict, _ in results)})")
    return cells


def tails(pool: ProcessPoolExecutor, runs: int) -> None:
    """How many pairs a unit should hold for p95: more slow requests on head, by the size of the unit."""
    rows = [
        [f"{base:.0%} -> {head:.0%}, {factor} times as long", blocks, pairs, _share(results)]
        for base, head, factor in ((0.02, 0.08, 3), (0.02, 0.15, 2), (0.03, 0.10, 5), (0.05, 0.05, 3))
        for blocks in (20, 40)
        for pairs in (10, 20, 40)
        if blocks * PAIRS // pairs >= MIN_UNITS
        for results in [_repeat(pool, partial(_tail, base, head, factor, blocks, pairs), runs)]
    ]
    headers = ["slow requests, base -> head", "blocks", "pairs per unit", "p95 called a regression"]
    _print("Power, p95, by the size of the unit", headers, rows)


def _tail(base: float, head: float, factor: float, blocks: int, pairs: int, seed: int) -> bool:
    def draw(rng: Rng, count: int) -> Arms:
        arms = _lognormal(rng, count)
        slow = rng.random((2, count, PAIRS)) < np.array([base, head])[:, None, None]
        return arms[0] * np.where(slow[0], factor, 1), arms[1] * np.where(slow[1], factor, 1)

    with patch.dict(RULES, p95=replace(RULES["p95"], unit_pairs=pairs)):
        return _changed_endpoint(Noise(draw), "p95", blocks, 1.0, seed)[0] == "regression"


def promises(pool: ProcessPoolExecutor, runs: int) -> None:
    """Do intervals hold the truth as often as they say, and is what is called detectable detected?"""
    rows = []
    drawn = {name: noise for name, noise in NOISES.items() if not name.startswith("recorded")}
    for name, noise in (drawn | ONE_RECORDED).items():
        for blocks in (8, 20):
            truths = _repeat(pool, partial(_changed_endpoint, noise, "p50", blocks, 1.1), runs)
            kept = _repeat(pool, partial(_promise_kept, noise, blocks), runs)
            rows.append([name, blocks, _share(covered for _, covered in truths), _share(kept)])
    headers = ["noise", "blocks", "98 % interval has the truth", "'95 % power' effect found"]
    _print("What the report promises", headers, rows)


def false_controls(pool: ProcessPoolExecutor, runs: int) -> None:
    """Equal controls: how often one is said to have moved, and how often its interval is beside 1 at all."""
    rows = []
    for name, noise in CONTROL_NOISES.items():
        for blocks in (11, 24):
            task = partial(_controlled_run, noise, blocks, 0, 1.0)
            results = _repeat(pool, task, 5 * runs)
            cells, endpoints = [cell for cell, _ in results], [one for _, each in results for one in each]
            moved = _share(any(one.moved for one in (cell, *each)) for cell, each in results)
            beside = [
                _share(low > 1 or high < 1 for low, high in _intervals(of)) for of in (cells, endpoints)
            ]
            rows.append([name, blocks, 5 * runs, moved, *beside])
    headers = [
        "noise",
        "blocks per endpoint",
        "runs",
        "moved anywhere",
        "cell's interval beside 1",
        "endpoints'",
    ]
    _print(f"Equal controls at {ENDPOINTS} endpoints, about {CONTROL_MS:g} ms", headers, rows)


def _intervals(controls: Iterable[Control]) -> list[tuple[float, float]]:
    return [one.ci for one in controls]


def moved_controls(pool: ProcessPoolExecutor, runs: int) -> None:
    """Head disturbs what follows: how often the cell's control moved, and latencies that are invalid by it."""
    rows = [
        [name, blocks, f"{disturbing} of {ENDPOINTS}", *_disturbed(pool, runs, noise, blocks, disturbing)]
        for name, noise in CONTROL_NOISES.items()
        for blocks in (14, 24)
        for disturbing in (ENDPOINTS, 4)
    ]
    names = [f"+{100 * (factor - 1):.0f} %" for factor in _DISTURBANCES]
    headers = ["noise", "blocks per endpoint", "disturbing endpoints", *names]
    _print("The cell's control moved (disturbed endpoints found)", headers, rows)


_DISTURBANCES = (1.1, 1.2, 1.5, 2.0)


def warned(pool: ProcessPoolExecutor, runs: int) -> None:
    """Head disturbs what follows: how often that is a warning, and how much faster than it is head looks."""
    rows = [
        [name, blocks, *_warned(pool, runs, noise, blocks)]
        for name, noise in CONTROL_NOISES.items()
        for blocks in (14, 24, 40)
    ]
    headers = ["noise", "blocks", "+0 %", *(f"+{100 * (factor - 1):.0f} %" for factor in _DISTURBANCES)]
    _print("Warned of carry-over (median ratio of arms that are equal)", headers, rows)


def _warned(pool: ProcessPoolExecutor, runs: int, noise: Noise, blocks: int) -> Iterable[str]:
    for factor in (1.0, *_DISTURBANCES):
        results = _repeat(
            pool, partial(_carried_over, noise, blocks, factor), 5 * runs if factor == 1 else runs
        )
        ratio = float(np.median([found for _, found in results]))
        yield f"{_share(told for told, _ in results)} ({100 * (ratio - 1):+.0f} %)"


def _disturbed(
    pool: ProcessPoolExecutor, runs: int, noise: Noise, blocks: int, disturbing: int
) -> Iterable[str]:
    for factor in _DISTURBANCES:
        results = _repeat(pool, partial(_controlled_run, noise, blocks, disturbing, factor), runs // 4)
        cell = _share(cell.moved for cell, _ in results)
        found = _share(cell.moved or one.moved for cell, each in results for one in each[:disturbing])
        yield f"{cell} ({found})"


# --- load ----------------------------------------------------------------------------------------

SLOT_S = 8.0
RATE = 14.0
DUE = round(SLOT_S * RATE)
SAMPLES = 100
SAMPLE_S = 3.0
MANY = 5
"""What is cheap to repeat is repeated so many times as often."""

Latencies = dict[str, list[float]]


@cache
def _recorded_rounds() -> list[tuple[Latencies, Latencies]]:
    """24 rounds of two processes of one version: latencies in ms by endpoint."""
    slots: defaultdict[tuple[int, str], Latencies] = defaultdict(lambda: defaultdict(list))
    with gzip.open(RECORDED_LOAD, "rt") as file:
        for row in csv.DictReader(file):
            slots[int(row["round"]), row["arm"]][row["endpoint"]].append(float(row["latency_ms"]))
    return [(slots[number, "A"], slots[number, "A2"]) for number in range(24)]


def _round(number: int, count: int, base: LoadSlot, head: LoadSlot) -> Round:
    """A round of so many, half of them in each epoch."""
    place = {"epoch": number * EPOCHS // count, "round": number}
    return Round(base.model_copy(update=place), head.model_copy(update=place))


def _slot(latencies: Latencies, *, dropped: int = 0, failed: dict[str, int] | None = None) -> LoadSlot:
    return LoadSlot.model_construct(
        epoch=0,
        round=0,
        arm="base",
        started_at=0.0,
        seconds=SLOT_S,
        rate=RATE,
        due=DUE,
        dropped=dropped,
        latencies_ms=latencies,
        failed=failed or {},
    )


def _under_load(rounds: Sequence[Round], names: Iterable[str]) -> list[EndpointLoad]:
    measured = {name: measure_load(name, rounds, GATE) for name in names}
    return list(compare_loads({name: one for name, one in measured.items() if one}, GATE).values())


def load_latencies(pool: ProcessPoolExecutor, runs: int) -> None:
    """Equal arms under load: what is shown of them, though it decides nothing."""
    rows = []
    for name, swapped in (("recorded, as they are", 0.0), ("recorded, arms exchanged", 0.5)):
        for count in (8, 24):
            results = _repeat(pool, partial(_loaded_run, swapped, count), runs)
            slower, faster = (_share(word in verdicts for verdicts, _ in results) for word in CHANGED)
            covered = _share(one for _, intervals in results for one in intervals)
            rows.append([name, count, runs, slower, faster, covered])
    headers = [
        "noise",
        "rounds",
        "runs",
        "shows a slower head",
        "shows a faster head",
        "98 % intervals with 1",
    ]
    _print("Latencies under load: equal arms, 8 endpoints, p50 and p95", headers, rows)


CHANGED: tuple[Verdict, Verdict] = ("regression", "improvement")


def _loaded_run(swapped: float, count: int, seed: int) -> tuple[set[Verdict], list[bool]]:
    """The verdicts shown of equal arms, and whether each interval has 1.

    Recorded rounds are drawn anew; the arms of a round are exchanged with chance ``swapped``.
    """
    rng = np.random.default_rng(seed)
    rounds = []
    for number in range(count):
        arms = _recorded_rounds()[rng.integers(len(_recorded_rounds()))]
        there, here = arms[::-1] if rng.random() < swapped else arms
        rounds.append(_round(number, count, _slot(there), _slot(here)))
    found = _under_load(rounds, sorted(_recorded_rounds()[0][0]))
    shown = [quantile for one in found for quantile in (one.p50, one.p95) if quantile]
    return {one.verdict for one in shown}, [one.ci[0] <= 1 <= one.ci[1] for one in shown]


def load_drops(pool: ProcessPoolExecutor, runs: int) -> None:
    """Slots that drop 5 % of their requests, each by its own chance."""
    runs, rows = MANY * runs, []
    equal = [(chance, chance) for chance in (0.02, 0.1, 0.2, 0.3, 0.5)]
    for base, head in (*equal, (0.0, 0.5), (0.0, 0.8), (0.0, 1.0)):
        for count in (6, 8, 24):
            found = _repeat(pool, partial(_dropping_run, base, head, count), runs)
            told = (
                _share(one == word for one in found) for word in ("regression", "inconclusive", "invalid")
            )
            rows.append([f"{100 * base:.0f} %", f"{100 * head:.0f} %", count, runs, *told])
    headers = [
        "slots of base that drop",
        "of head",
        "rounds",
        "runs",
        "regression",
        "inconclusive",
        "invalid",
    ]
    _print("Dropped requests, 5 % of a slot's", headers, rows)


def _dropping_run(base: float, head: float, count: int, seed: int) -> Verdict:
    rng = np.random.default_rng(seed)
    dropped = np.where(rng.random((count, 2)) < (base, head), round(0.05 * DUE), 0).tolist()
    rounds = [
        _round(number, count, _slot({}, dropped=there), _slot({}, dropped=here))
        for number, (there, here) in enumerate(dropped)
    ]
    return decide_drops(rounds).verdict


def load_failures(pool: ProcessPoolExecutor, runs: int) -> None:
    """Requests that fail by themselves, and stalls in which a third of a slot's fail."""
    runs, rows = MANY * runs, []
    for name, base, head, stalls in (
        ("1 % on both arms", 0.01, 0.01, 0.0),
        ("a third, in each tenth slot of both", 0.0, 0.0, 0.1),
        ("3 % on head", 0.0, 0.03, 0.0),
        ("5 % on head", 0.0, 0.05, 0.0),
        ("10 % on head", 0.0, 0.10, 0.0),
    ):
        for count in (8, 24):
            results = _repeat(pool, partial(_failing_run, base, head, stalls, count), runs)
            rows.append([name, count, runs, *(_share(told) for told in zip(*results, strict=True))])
    headers = ["requests that fail", "rounds", "runs", "by Fisher's test alone", "regression", "inconclusive"]
    _print("Failed requests: 8 endpoints, 14 requests to each in a slot", headers, rows)


def _failing_run(base: float, head: float, stalls: float, count: int, seed: int) -> tuple[bool, bool, bool]:
    """Is any endpoint a regression by its requests alone, and by the rule; is any left open?"""
    rng = np.random.default_rng(seed)
    names = [f"endpoint-{number}" for number in range(8)]
    rounds = [
        _round(number, count, *(_failing_slot(rng, rate, stalls, names) for rate in (base, head)))
        for number in range(count)
    ]
    verdicts = {one.verdict for one in _under_load(rounds, names)}
    regression, inconclusive = "regression" in verdicts, "inconclusive" in verdicts
    return regression or inconclusive, regression, inconclusive


def _failing_slot(rng: Rng, rate: float, stalls: float, names: Sequence[str]) -> LoadSlot:
    share, sent = 1 / 3 if rng.random() < stalls else rate, DUE // len(names)
    failed = {name: int(rng.binomial(sent, share)) for name in names}
    return _slot({name: [20.0] * (sent - failed[name]) for name in names}, failed=failed)


def soak(pool: ProcessPoolExecutor, runs: int) -> None:
    """Five minutes, with samples of the memory as a run takes them."""
    runs *= MANY
    memories = {"noise of 1 MB": _noisy, "collected now and then": _sawtooth, "wandering": _wandering}
    rows = [
        [name, f"{leak:g}", runs, _share(_repeat(pool, partial(_soaked, memory, leak), runs))]
        for name, memory in memories.items()
        for leak in (0.0, 1.0, 10.0)
    ]
    headers = ["memory of both arms", "leak on head, MB for 1,000 requests", "runs", "head is said to grow"]
    _print("Soak: 5 minutes at 14 requests/s", headers, rows)


def _noisy(rng: Rng) -> FloatArray:
    return rng.normal(0, 1, SAMPLES)


def _sawtooth(rng: Rng) -> FloatArray:
    """Up by 10 MB, then down at once, every minute or two."""
    period = rng.integers(20, 40)
    teeth: FloatArray = 10 * ((np.arange(SAMPLES) + rng.integers(period)) % period) / period
    return teeth + rng.normal(0, 0.3, SAMPLES)


def _wandering(rng: Rng) -> FloatArray:
    """A random walk: what is allocated stays for a while."""
    return np.cumsum(rng.normal(0, 0.3, SAMPLES))


def _soaked(memory: Callable[[Rng], FloatArray], leak: float, seed: int) -> bool:
    rng = np.random.default_rng(seed)
    found = compare_soaks([_soak("base", memory(rng)), _soak("head", memory(rng), leak)], GATE)
    assert found
    return bool(found.note)


def _soak(arm: Arm, megabytes: FloatArray, leak: float = 0.0) -> SoakSlot:
    at_s = SAMPLE_S * np.arange(SAMPLES)
    sizes = 1e6 * (500 + megabytes + leak * RATE * at_s / 1000)
    samples = [
        MemorySample(at_s=at, requests=RATE * at, memory_bytes=round(size))
        for at, size in zip(at_s.tolist(), sizes.tolist(), strict=True)
    ]
    slot = _slot({}).model_copy(update={"arm": arm, "seconds": SAMPLE_S * SAMPLES})
    return SoakSlot.model_construct(**dict(slot), memory=samples)


def _share(hits: Iterable[bool]) -> str:
    counted = list(hits)
    return f"{100 * sum(counted) / len(counted):.1f} %" if counted else "-"


def _print(title: str, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    print(f"\n{title}\n", flush=True)
    print(tabulate(rows, headers, tablefmt="github", disable_numparse=True), flush=True)


TABLES = {
    "replication": replication,
    "false-alarms": false_alarms,
    "power": power,
    "tails": tails,
    "promises": promises,
    "load-latencies": load_latencies,
    "load-drops": load_drops,
    "load-failures": load_failures,
    "soak": soak,
    "false-controls": false_controls,
    "moved-controls": moved_controls,
    "carry-over": warned,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("tables", nargs="*", choices=[*TABLES, []], help="Which tables; all unless told.")
    parser.add_argument("--runs", type=int, default=200, help="Repeats for each figure.")
    arguments = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        for name in arguments.tables or TABLES:
            TABLES[name](pool, arguments.runs)


if __name__ == "__main__":
    main()
