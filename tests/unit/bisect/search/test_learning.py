from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from perf_matrix.bisect.search.learning import expected_learning
from perf_matrix.bisect.search.material import change_sets
from perf_matrix.bisect.search.posterior import Draws, Floats, Nodes

NOISE = 0.04


def one_change_at(shares: list[float], jump: float, last_gap: int = 1) -> Floats:
    """What is learned at each version if there is one change, in the gap after node i with ``shares[i]``."""
    gap_of = np.repeat(np.arange(len(shares)), np.rint(np.array(shares) * 1000).astype(int))
    changed = gap_of[:, np.newaxis] == np.arange(len(shares))
    levels = np.where(np.arange(len(shares) + 1) > gap_of[:, np.newaxis], jump, 0.0).astype(np.float64)
    starts = np.concatenate((np.ones((len(changed), 1), dtype=np.bool_), changed), axis=1)
    places = np.concatenate((np.arange(len(shares)), [len(shares) - 1 + last_gap]))
    nodes = Nodes(places, places, np.zeros(len(places)), np.zeros(len(places)))
    draws = Draws(starts, levels, levels, np.zeros_like(levels))
    return expected_learning(nodes, draws, change_sets(changed, nodes.gaps), NOISE)


def of_two(share: float, jump: float) -> float:
    """Mutual information of one of two levels, the upper with ``share``, and a measurement of it; integrated."""
    sd = NOISE**0.5

    def surprise(value: float) -> float:
        density = share * norm.pdf(value, jump, sd) + (1 - share) * norm.pdf(value, 0, sd)
        return float(-density * np.log(density))

    entropy, _ = quad(surprise, -6 * sd, jump + 6 * sd, limit=200)
    return float(entropy - norm(0, sd).entropy())


@pytest.mark.parametrize("jump", [0.1, 0.4, 1.0])
def test_is_the_mutual_information_with_the_set_of_changes(jump: float) -> None:
    learned = one_change_at([0.1, 0.4, 0.3, 0.2], jump)
    expected = [of_two(share, jump) for share in (0.1, 0.5, 0.8)]
    assert learned == pytest.approx([0, *expected, 0], abs=2e-3)


def test_a_measurement_teaches_no_more_than_there_is_to_know() -> None:
    assert one_change_at([0.5, 0.5], jump=100).max() == pytest.approx(np.log(2), abs=0.01)


def test_the_middle_of_a_wide_gap_teaches_most() -> None:
    learned = one_change_at([0.0, 1.0], jump=1.0, last_gap=200)
    assert learned.argmax() == pytest.approx(101, abs=7)
    assert len(learned) == 202
    assert learned[0] == learned[-1] == 0
    assert (np.diff(learned[1:90]) > 0).all()


def test_where_the_set_is_known_there_is_nothing_to_learn() -> None:
    assert one_change_at([0.0, 1.0, 0.0], jump=1.0) == pytest.approx(0, abs=1e-6)


def test_levels_are_worth_measuring_only_for_what_they_tell_of_the_set() -> None:
    # The level after the change is uncertain in both; it tells something only if the change itself hangs on it.
    rng = np.random.default_rng(1)
    deviates = rng.normal(0, 0.3, 1000)
    levels = np.stack((np.zeros(1000), 1 + deviates, 1 + deviates), axis=1)
    starts = np.tile([True, True, False], (1000, 1))
    mean = np.tile([0.0, 1.0, 1.0], (1000, 1))
    variance = np.tile([0.0, 0.09, 0.09], (1000, 1))
    places = np.arange(3)
    nodes = Nodes(places, places, np.zeros(3), np.zeros(3))
    for matters, least, most in ((0.01, 0.0, 0.005), (1.0, 0.1, 0.7)):
        changed = (np.diff(levels) != 0) & (np.diff(levels) > matters)
        sets = change_sets(changed, nodes.gaps)
        learned = expected_learning(nodes, Draws(starts, levels, mean, variance), sets, NOISE)
        assert least <= learned[2] <= most
