"""How often the rules of ``compare`` are wrong, by simulation: the tables of docs/STATISTICS.md.

    python benchmarks/error_rates.py              # every table, about ten minutes on two cores
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
from math import log
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import numpy as np
from scipy.stats import mannwhitneyu
from tabulate import tabulate

from perf_matrix.compare import mann_whitney, signed_rank
from perf_matrix.compare.blocks import MIN_UNITS, RULES, FloatArray, LatencyMetric
from perf_matrix.compare.holm import PValues, holm_each_way
from perf_matrix.compare.latency import Latency, confidence, decide, measure
from perf_matrix.compare.model import Verdict
from perf_matrix.compare.power import detectable
from perf_matrix.matrix.model import Gate
from perf_matrix.record.model import PairedBlock

RECORDED = Path(__file__).parents[1] / "tests" / "data" / "paired-requests.csv.gz"
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
