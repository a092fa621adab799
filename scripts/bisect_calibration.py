"""How often the noisy search is right when it says so, and what it takes: the tables in ``docs/BISECT.md``, simulated.

``python -m scripts.bisect_calibration [FILE]`` renews the tables in ``docs/BISECT.md``, or in FILE. It takes a few
minutes on two cores; seeds are fixed. A table stands between two comments:

    <!-- calibration of one change -->
    <!-- end -->

A simulated measurement is what a bisect makes of a short comparison with the good end: 8 blocks whose mean is off by
what their spread says, and what a fresh start adds, together with the standard deviation `NOISE`; the search is not
told the first, but pools it from the blocks. It begins with two measurements of the bad end, which are not counted;
where more of them are needed until its difference is clear, these are, and every version is then measured as often.

Beside it stands plain bisection that repeats every step: the mean of so many measurements is held against half the
difference between the ends, this one measured as often (the first two are not counted, either). The repeats are the
fewest that give the share of right answers that the search had, one wrong answer added to it, so that 150 right ones of
150 are not taken for certainty.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, median

import numpy as np

from perf_matrix.bisect.search.assuming import assumptions_from
from perf_matrix.bisect.search.noisy import believe, next_version
from perf_matrix.bisect.search.variances import (
    BETWEEN_STARTS,
    NoisyReading,
    batched,
    pooled_variances,
    repeats_from,
)

DOCS = Path(__file__).parents[1] / "docs" / "BISECT.md"
COUNTS = (12, 100, 1000)
JUMPS = (1, 2, 4, 8)
CONFIDENCES = (0.9, 0.95, 0.99)
NOISE = 0.03
BLOCKS = 8
LEAST = 0.02
"""The smallest jump that counts: two thirds of the noise."""

HISTORIES = {1: 80, 2: 100, 4: 150, 8: 150}
"""For each jump; small ones take many measurements."""

MOST_MEASUREMENTS = 150
"""For each that is taken as one: see `repeats_from`."""
PLAIN_HISTORIES = 4000
MOST_REPEATS = 100

_SECTION = re.compile(
    r"^<!-- calibration of (?P<changes>one change|two changes) -->\n.*?^<!-- end -->$",
    re.MULTILINE | re.DOTALL,
)
_CHANGES = {"one change": 1, "two changes": 2}


@dataclass(frozen=True)
class Setting:
    """A history to simulate. jump: of each change, in standard deviations of one measurement."""

    count: int
    jump: int
    changes: int


@dataclass(frozen=True)
class Stop:
    """Where a search reached a confidence: after how many measurements, and whether its answer was right."""

    measurements: int
    right: bool


@dataclass(frozen=True)
class Plain:
    """Plain bisection: how often each step is repeated, and the measurements that it took on average."""

    repeats: int
    measurements: float


def history(setting: Setting, seed: int, rng: np.random.Generator) -> tuple[list[int], list[float]]:
    """The culprits, and the level of every version.

    Two changes are up and up; with every second seed up by two jumps and down by one, so that the ends differ.
    """
    culprits = sorted(rng.choice(np.arange(1, setting.count), setting.changes, replace=False).tolist())
    jumps = [2, -1] if setting.changes == 2 and seed % 2 else [1] * setting.changes  # noqa: PLR2004
    levels = np.zeros(setting.count)
    for culprit, jump in zip(culprits, jumps, strict=True):
        levels[culprit:] += jump * setting.jump * NOISE
    return culprits, levels.tolist()


def measured(version: int, levels: Sequence[float], rng: np.random.Generator) -> NoisyReading:
    """One run of a version."""
    block = ((NOISE**2 - BETWEEN_STARTS**2) * BLOCKS) ** 0.5
    blocks = rng.normal(levels[version] + BETWEEN_STARTS * rng.normal(), block, BLOCKS)
    return NoisyReading(version, float(blocks.mean()), float(blocks.var(ddof=1)), BLOCKS)


def search(setting: Setting, seed: int) -> list[Stop]:
    """Search one history: where it reached each of CONFIDENCES, as far as it did."""
    rng = np.random.default_rng([seed, setting.count, setting.jump, setting.changes])
    culprits, levels = history(setting, seed, rng)
    bad = setting.count - 1
    readings = [measured(bad, levels, rng), measured(bad, levels, rng)]
    while (repeats := repeats_from(pooled_variances(readings))) is None:
        readings.append(measured(bad, levels, rng))
    stops: list[Stop] = []
    while len(readings) - 2 <= MOST_MEASUREMENTS * repeats:
        observed = batched(pooled_variances(readings), repeats)
        assumed = assumptions_from([each for each in observed if each.version == bad], LEAST)
        belief = believe(observed, (), setting.count, assumed, rng)
        right = [change.version for change in belief.changes] == culprits
        reached = [each for each in CONFIDENCES[len(stops) :] if belief.confidence >= each]
        stops += [Stop(len(readings) - 2, right)] * len(reached)
        version = next_version([belief])
        if len(stops) == len(CONFIDENCES) or version is None:
            break
        readings += [measured(version, levels, rng) for _ in range(repeats)]
    return stops


def plain_bisections(setting: Setting, repeats: int, rng: np.random.Generator) -> tuple[float, float]:
    """The share of right answers and the mean number of measurements of plain bisection, for one change."""
    noise = NOISE / repeats**0.5
    culprit = rng.integers(1, setting.count, PLAIN_HISTORIES)
    jump = setting.jump * NOISE
    end = jump + NOISE / max(2, repeats) ** 0.5 * rng.normal(size=PLAIN_HISTORIES)
    low, high = np.zeros(PLAIN_HISTORIES, dtype=int), np.full(PLAIN_HISTORIES, setting.count - 1)
    steps = 0
    while (open_ := high - low > 1).any():
        middle = (low + high) // 2
        slow = jump * (middle >= culprit) + noise * rng.normal(size=PLAIN_HISTORIES) > end / 2
        high, low = np.where(open_ & slow, middle, high), np.where(open_ & ~slow, middle, low)
        steps += int(open_.sum())
    besides = max(0, repeats - 2)
    return float((high == culprit).mean()), steps / PLAIN_HISTORIES * repeats + besides


def plain_bisection(setting: Setting, share: float) -> Plain | None:
    """The fewest repeats with which plain bisection is right as often as ``share``; None where no number is enough."""
    rng = np.random.default_rng([setting.count, setting.jump])
    for repeats in range(1, MOST_REPEATS + 1):
        right, measurements = plain_bisections(setting, repeats, rng)
        if right >= share:
            return Plain(repeats, measurements)
    return None


def rows(setting: Setting, searches: Sequence[Sequence[Stop]]) -> Iterator[list[str]]:
    """A row for each confidence."""
    for number, confidence in enumerate(CONFIDENCES):
        stops = [stops[number] for stops in searches if len(stops) > number]
        row = [str(setting.count), str(setting.jump), f"{confidence:.0%}", f"{len(stops)} of {len(searches)}"]
        if not stops:
            yield [*row, *([""] * (3 + 2 * (setting.changes == 1)))]
            continue
        right, used = sum(stop.right for stop in stops), [stop.measurements for stop in stops]
        row += [f"{right / len(stops):.0%}", f"{median(used):.0f}", f"{mean(used):.1f}"]
        if setting.changes == 1:
            plain = plain_bisection(setting, right / (len(stops) + 1))
            row += (
                [str(plain.repeats), f"{plain.measurements:.1f}"] if plain else [f"over {MOST_REPEATS}", ""]
            )
        yield row


def table(changes: int, found: dict[Setting, list[list[Stop]]]) -> str:
    """The table for histories with so many changes."""
    titles = ["versions", "jump", "stated", "reached", "right", "median", "mean"]
    titles += ["plain: repeats", "plain: mean"] if changes == 1 else []
    body = [
        row
        for setting, searches in found.items()
        if setting.changes == changes
        for row in rows(setting, searches)
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [titles, ["---:"] * len(titles), *body])


def renewed(text: str, found: dict[Setting, list[list[Stop]]]) -> str:
    """The documentation with its tables as they have to be."""

    def section(match: re.Match[str]) -> str:
        name = match["changes"]
        return f"<!-- calibration of {name} -->\n{table(_CHANGES[name], found)}\n<!-- end -->"

    return _SECTION.sub(section, text)


def all_searches(processes: int) -> dict[Setting, list[list[Stop]]]:
    """Search every history, giving way to everything else on the machine."""
    # More threads within a process would only get into each other's way.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    settings = [Setting(*each) for each in product(COUNTS, JUMPS, _CHANGES.values())]
    tasks = [(setting, seed) for setting in settings for seed in range(HISTORIES[setting.jump])]
    # What takes longest goes first, so that all processes end together.
    order = sorted(range(len(tasks)), key=lambda at: (tasks[at][0].jump, -tasks[at][0].count))
    with get_context("spawn").Pool(processes, os.nice, (10,)) as pool:
        results = dict(
            zip(order, pool.starmap(search, [tasks[at] for at in order], chunksize=2), strict=True)
        )
    found: dict[Setting, list[list[Stop]]] = {setting: [] for setting in settings}
    for at, (setting, _) in enumerate(tasks):
        found[setting].append(results[at])
    return found


def main(file: Path) -> None:
    """Renew the tables in ``file``."""
    text = file.read_text(encoding="utf-8")
    file.write_text(renewed(text, all_searches(os.cpu_count() or 1)), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
