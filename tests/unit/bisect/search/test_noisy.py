from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perf_matrix.bisect.search.noisy import Belief, believe, next_version
from perf_matrix.bisect.search.posterior import Assumptions, Observation

from .histories import History, searched, skips, values_of

Measure = Callable[[int], Observation]


def assumptions(whole: float) -> Assumptions:
    return Assumptions(matters=abs(whole) / 5, spread=abs(whole), centre=whole / 2)


def measured_with(levels: Sequence[float], sd: float, rng: np.random.Generator) -> Measure:
    return lambda version: Observation(version, levels[version] + sd * rng.normal(), sd**2)


def search(
    levels: Sequence[float],
    sd: float,
    seed: int,
    confidence: float = 0.95,
    skipped: frozenset[int] = frozenset(),
    most: int = 100,
) -> tuple[Belief, list[Observation]]:
    """Both ends first, then wherever most is learned, until it is sure enough."""
    rng = np.random.default_rng(seed)
    measure = measured_with(levels, sd, rng)
    last = len(levels) - 1
    observed = [measure(last), measure(last)]
    while True:
        belief = believe(observed, skipped, len(levels), assumptions(levels[-1]), rng)
        version = next_version([belief])
        if belief.confidence >= confidence or len(observed) == most or version is None:
            return belief, observed
        observed.append(measure(version))


def culprits(belief: Belief) -> list[int]:
    return [change.version for change in belief.changes]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_with_hardly_any_noise_it_finds_what_the_exact_search_finds(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 300))
    skipped = data.draw(skips(count))
    at = data.draw(st.integers(1, count - 1))
    history = History(values_of(count, [(at, 1)]), skipped)
    (change,) = history.scanned()
    belief, _ = search([float(value) for value in history.values], 0.001, 1, skipped=skipped)
    (found,) = belief.changes
    assert (found.parent, found.version, found.suspects) == (change.parent, change.version, change.suspects)
    assert found.jump == pytest.approx(1, abs=0.01)
    assert belief.confidence >= 0.95


def test_with_hardly_any_noise_it_needs_hardly_more_measurements() -> None:
    values = values_of(1000, [(333, 1)])
    belief, observed = search([float(value) for value in values], 0.001, 1)
    assert culprits(belief) == [333]
    assert len(observed) - 2 <= len(searched([History(values, frozenset())])[1]) + 2


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([(40, 1), (70, 3)], id="0, 1, 3"),
        pytest.param([(40, 3), (70, 1)], id="up, then partly down"),
        pytest.param([(20, 1), (21, 2), (60, 4), (90, 3)], id="four, two of them neighbours"),
    ],
)
def test_finds_several_changes(changes: list[tuple[int, int]]) -> None:
    belief, _ = search(values_of(100, changes), 0.1, 2)
    assert culprits(belief) == [version for version, _ in changes]
    for change, (_, value) in zip(belief.changes, changes, strict=True):
        assert change.after == pytest.approx(value, abs=0.3)
        assert change.low <= change.jump <= change.high
        assert change.jump == pytest.approx(change.after - change.before)
        assert change.probability >= belief.confidence - 1e-9


def test_the_level_of_the_good_end_is_0() -> None:
    belief, _ = search(values_of(30, [(10, 1)]), 0.1, 3)
    assert belief.changes[0].before == pytest.approx(0, abs=0.02)
    assert belief.band().low[0] == belief.band().high[0] == 0


def test_shares_right_are_at_least_what_is_said() -> None:
    histories, confidence = 60, 0.8
    rng = np.random.default_rng(4)
    right = 0
    for seed in range(histories):
        first, second = sorted(rng.choice(np.arange(1, 20), 2, replace=False).tolist())
        changes = [(first, 3), (second, 6)] if seed % 2 else [(first, 3)]
        belief, _ = search(values_of(20, changes), 1.0, seed, confidence)
        right += culprits(belief) == [version for version, _ in changes]
    # Two standard errors of a share.
    assert right / histories >= confidence - 2 * (confidence * (1 - confidence) / histories) ** 0.5


OBSERVED = [
    Observation(3, 0.2, 0.5),
    Observation(6, -0.4, 0.5),
    Observation(9, 1.2, 0.5),
    Observation(9, 1.9, 0.5),
]


def scaled_belief(scale: float) -> Belief:
    observed = [
        Observation(each.version, scale * each.estimate, scale**2 * each.variance) for each in OBSERVED
    ]
    assumed = Assumptions(0.2 * abs(scale), abs(scale), 0.5 * scale)
    return believe(observed, (), 10, assumed, np.random.default_rng(1))


@pytest.mark.parametrize("scale", [0.125, 4.0, 1024.0])
def test_the_unit_does_not_matter(scale: float) -> None:
    plain, other = scaled_belief(1.0), scaled_belief(scale)
    assert other.confidence == plain.confidence
    assert [change.version for change in other.changes] == [change.version for change in plain.changes]
    assert other.band().mean == pytest.approx(plain.band().mean * scale)
    assert other.learning == pytest.approx(plain.learning, abs=1e-5)


def test_the_direction_does_not_matter() -> None:
    # The same draws are not mirrored, so that they differ by chance.
    plain, other = scaled_belief(1.0), scaled_belief(-1.0)
    assert other.band().mean == pytest.approx(-plain.band().mean, abs=0.15)
    assert other.learning == pytest.approx(plain.learning, abs=0.03)


def test_the_same_state_of_the_generator_gives_the_same_belief() -> None:
    observed = [Observation(9, 1.0, 0.2), Observation(5, 0.4, 0.2)]
    first, second = (
        believe(observed, (3,), 10, assumptions(1.0), np.random.default_rng(7)) for _ in range(2)
    )
    assert first.changes == second.changes
    assert first.confidence == second.confidence
    assert (first.learning == second.learning).all()


def test_the_order_of_the_measurements_does_not_matter() -> None:
    observed = [Observation(9, 1.0, 0.2), Observation(5, 0.4, 0.2), Observation(5, 0.6, 0.1)]
    first, second = (
        believe(each, (), 10, assumptions(1.0), np.random.default_rng(7))
        for each in (observed, observed[::-1])
    )
    assert first.confidence == pytest.approx(second.confidence)


def test_before_it_is_narrowed_down_every_version_is_a_candidate() -> None:
    belief = believe(
        [Observation(999, 1.0, 0.001)], range(100, 200), 1000, assumptions(1.0), np.random.default_rng(1)
    )
    assert belief.candidates == (*range(1, 100), *range(200, 1000))
    assert belief.confidence < 0.01
    assert (belief.learning[100:200] == 0).all()


def test_in_the_end_only_the_culprit_is_a_candidate() -> None:
    belief, _ = search(values_of(50, [(20, 1)]), 0.05, 1, confidence=0.99)
    assert belief.candidates == (20,)


def test_skipped_neighbours_are_suspects() -> None:
    observed = [Observation(version, float(version > 5), 0.001) for version in (1, 3, 7, 9)]
    (change,) = believe(observed, (4, 5, 6), 10, assumptions(1.0), np.random.default_rng(1)).changes
    assert (change.parent, change.version, change.suspects) == (3, 7, (4, 5, 6))
    assert change.probability > 0.95


def test_nothing_changed_where_all_is_alike() -> None:
    observed = [Observation(version, 0.0, 0.0001) for version in (2, 5, 9)]
    belief = believe(observed, (), 10, Assumptions(0.1, 0.5, 0.0), np.random.default_rng(1))
    assert belief.changes == ()
    assert belief.confidence > 0.8


def test_neighbouring_ends_need_no_search() -> None:
    belief = believe([Observation(1, 1.0, 0.001)], (), 2, assumptions(1.0), np.random.default_rng(1))
    assert culprits(belief) == [1]
    assert belief.confidence == 1
    assert belief.changes[0].probability == 1


def test_a_single_version_has_no_changes() -> None:
    belief = believe([], (), 1, Assumptions(0.1, 1.0, 0.0), np.random.default_rng(1))
    assert (belief.changes, belief.confidence, belief.candidates) == ((), 1.0, ())
    assert next_version([belief]) is None


def test_the_band_follows_the_measurements_and_is_wide_where_nothing_is_known() -> None:
    observed = [Observation(version, float(version > 25), 0.0004) for version in (20, 30, 40)]
    band = believe(observed, (35,), 41, assumptions(1.0), np.random.default_rng(1)).band()
    assert len(band.mean) == len(band.low) == len(band.high) == 41
    assert band.mean[[20, 30, 35, 40]] == pytest.approx([0, 1, 1, 1], abs=0.05)
    assert band.mean[25] == pytest.approx(0.5, abs=0.1)
    width = band.high - band.low
    assert width[25] > 0.9
    assert width[[20, 30, 40]].max() < 0.2


def test_one_measurement_may_serve_two_symptoms() -> None:
    rng = np.random.default_rng(1)
    one = believe([Observation(90, 1.0, 0.001)], (), 91, assumptions(1.0), rng)
    other = believe([Observation(10, 1.0, 0.001), Observation(90, 1.0, 0.001)], (), 91, assumptions(1.0), rng)
    alone = [next_version([belief]) for belief in (one, other)]
    assert alone == [pytest.approx(45, abs=3), pytest.approx(5, abs=1)]
    both = next_version([one, other])
    assert both is not None
    assert 0 < both < 10


def test_a_built_version_is_preferred_to_one_that_teaches_little_more() -> None:
    belief = believe([Observation(100, 1.0, 0.001)], (), 101, assumptions(1.0), np.random.default_rng(1))
    best = next_version([belief])
    assert best == pytest.approx(50, abs=4)
    assert next_version([belief], ready=[10, 40, 100]) == 40
    assert next_version([belief], ready=[3, 100]) == best


def test_nothing_is_left_to_measure_where_all_is_decided() -> None:
    assert next_version([]) is None


@pytest.mark.parametrize(
    "wrong", [Observation(5, 1.0, 0.1), Observation(-1, 1.0, 0.1), Observation(2, 1.0, 0.0)]
)
def test_an_impossible_observation_is_an_error(wrong: Observation) -> None:
    with pytest.raises(ValueError, match=f"an observation of version {wrong.version}"):
        believe([wrong], (), 5, assumptions(1.0), np.random.default_rng(1))


def test_a_jump_that_does_not_matter_at_all_cannot_be_searched_for() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        believe([Observation(4, 1.0, 0.1)], (), 5, Assumptions(0.0, 1.0, 0.5), np.random.default_rng(1))


def test_what_drowns_in_the_noise_is_not_looked_for_and_this_is_said() -> None:
    clear, noisy = (
        believe([Observation(9, 1.0, sd**2)], (), 10, Assumptions(0.05, 1.0, 0.5), np.random.default_rng(1))
        for sd in (0.01, 0.15)
    )
    assert clear.smallest == 0.05
    assert 0.05 < noisy.smallest < 0.5
