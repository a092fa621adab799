from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from perf_matrix.bisect.search.posterior import (
    Assumptions,
    Bools,
    Floats,
    Observation,
    draw,
    gather,
    measurable_versions,
)

DRAWS = 4000
ASSUMPTIONS = Assumptions(matters=0.1, spread=0.5, centre=0.3, changes=1.5)

observations = st.builds(
    Observation,
    version=st.integers(0, 5),
    estimate=st.floats(-1, 1),
    variance=st.floats(0.001, 0.5),
)


def enumerated(
    observed: Sequence[Observation], count: int, assumed: Assumptions
) -> Iterator[tuple[float, Bools, Floats]]:
    """Every way to divide the versions into parts: its weight, where changes are, and the mean level of each version.

    Straight from the model: observations are jointly normal, those in one part sharing its level.
    """
    p = min(0.5, assumed.changes / (count - 1))
    for chosen in product([False, True], repeat=count - 1):
        part = np.concatenate(([0], np.cumsum(chosen)))
        mean = np.where(part == 0, 0.0, assumed.centre)
        shared = (part[:, np.newaxis] == part) & (part > 0)
        cov = shared * assumed.spread**2
        at = [each.version for each in observed]
        noise = np.diag([each.variance for each in observed])
        values = np.array([each.estimate for each in observed])
        within = cov[np.ix_(at, at)] + noise
        likelihood = multivariate_normal(mean[at], within).pdf(values)
        prior = p ** sum(chosen) * (1 - p) ** (count - 1 - sum(chosen))
        levels = mean + cov[:, at] @ np.linalg.solve(within, values - mean[at])
        yield prior * float(likelihood), np.array(chosen), levels


@settings(max_examples=25, deadline=None)
@given(st.lists(observations, min_size=1, max_size=6), st.integers(0, 1000))
def test_draws_agree_with_the_enumeration_of_all_divisions(observed: list[Observation], seed: int) -> None:
    count = 6
    weights, changes, levels = zip(*enumerated(observed, count, ASSUMPTIONS), strict=True)
    weight = np.array(weights) / sum(weights)
    nodes = gather(observed, measurable_versions((), (), count), ASSUMPTIONS.centre)
    draws = draw(nodes, ASSUMPTIONS, DRAWS, np.random.default_rng(seed))
    # A new part begins at a node if there is a change at any boundary since the node before.
    changed = np.array([np.logical_or.reduceat(each, nodes.places[:-1]) for each in changes])
    expected = weight @ changed
    assert draws.starts[:, 1:].mean(axis=0) == pytest.approx(expected, abs=5 * 0.5 / DRAWS**0.5)
    means = (weight @ np.array(levels))[nodes.versions]
    assert draws.levels.mean(axis=0) == pytest.approx(means, abs=5 * ASSUMPTIONS.spread / DRAWS**0.5)


def test_the_whole_set_of_changes_has_the_enumerated_probability() -> None:
    observed = [Observation(version, 0.4 * (version > 2), 0.02) for version in range(6)]
    truth = np.arange(5) == 2
    weights, changes, _ = zip(*enumerated(observed, 6, ASSUMPTIONS), strict=True)
    expected = sum(w for w, each in zip(weights, changes, strict=True) if (each == truth).all()) / sum(
        weights
    )
    nodes = gather(observed, measurable_versions((), (), 6), ASSUMPTIONS.centre)
    draws = draw(nodes, ASSUMPTIONS, 20_000, np.random.default_rng(1))
    share = (draws.starts[:, 1:] == truth).all(axis=1).mean()
    assert 0.2 < expected < 0.8
    assert share == pytest.approx(expected, abs=0.015)


def test_the_good_end_has_level_0_whatever_was_measured_there() -> None:
    observed = [Observation(0, 0.2, 0.01), Observation(3, 0.5, 0.01)]
    nodes = gather(observed, measurable_versions((), (), 4), 0.25)
    draws = draw(nodes, ASSUMPTIONS, 100, np.random.default_rng(2))
    assert (draws.levels[:, 0] == 0).all()


def test_what_was_measured_twice_counts_twice() -> None:
    twice = [Observation(2, 0.4, 0.02), Observation(2, 0.6, 0.02)]
    once = [Observation(2, 0.5, 0.01)]
    measurable = measurable_versions((), (), 4)
    drawn = [
        draw(gather(each, measurable, 0.3), ASSUMPTIONS, 50, np.random.default_rng(3))
        for each in (twice, once)
    ]
    np.testing.assert_allclose(drawn[0].levels, drawn[1].levels)


def test_both_ends_are_there_even_if_nothing_was_measured() -> None:
    nodes = gather([], measurable_versions((), (1,), 4), 0.3)
    assert nodes.versions.tolist() == [0, 3]
    assert nodes.gaps.tolist() == [2]
    draws = draw(nodes, ASSUMPTIONS, DRAWS, np.random.default_rng(4))
    unchanged = (1 - 0.5) ** 2
    assert draws.starts[:, 1].mean() == pytest.approx(1 - unchanged, abs=0.04)


def test_what_was_measured_can_be_measured() -> None:
    assert measurable_versions([2], [0, 1, 2, 4], 5).tolist() == [0, 2, 3, 4]


def test_the_same_state_of_the_generator_gives_the_same_draws() -> None:
    nodes = gather([Observation(3, 0.5, 0.1)], measurable_versions((), (), 10), 0.3)
    first, second = (draw(nodes, ASSUMPTIONS, 20, np.random.default_rng(5)) for _ in range(2))
    assert (first.levels == second.levels).all()
