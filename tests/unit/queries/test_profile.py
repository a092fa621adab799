from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.matrix.model import Arm
from perf_matrix.queries.profile import (
    MAX_WINDOWS,
    WINDOW_SIZES,
    QueryProfile,
    needs_more,
    profile_endpoint,
)
from perf_matrix.record.model import QueryWindow, StatementCount

AUTH = 'SELECT * FROM "VerificationToken" WHERE token = $1'
MODELS = 'SELECT * FROM "ProxyModel"'
SPEND = 'INSERT INTO "SpendLogs" VALUES ($1)'
PING = "SELECT 1"


def window(
    requests: int,
    calls: dict[str, int],
    *,
    kind: Literal["cold", "warm", "idle"] = "warm",
    epoch: int = 0,
    arm: Arm = "base",
    seconds: float = 0.1,
    evicted: bool = False,
    failed: int = 0,
) -> QueryWindow:
    statements = [
        StatementCount(text=text, calls=count, rows=count, exec_ms=count * 0.25)
        for text, count in calls.items()
    ]
    return QueryWindow(
        epoch=epoch,
        endpoint=None if kind == "idle" else "chat",
        arm=arm,
        kind=kind,
        requests=requests,
        seconds=seconds,
        statements=statements,
        evicted=evicted,
        failed_requests=failed,
    )


def test_a_clean_endpoint() -> None:
    profile = profile_endpoint(
        [
            window(1, {AUTH: 2, MODELS: 3, "BEGIN": 1}, kind="cold"),
            window(4, {AUTH: 8, SPEND: 4, "BEGIN": 4, "COMMIT": 4}),
            window(7, {AUTH: 14, SPEND: 7, "BEGIN": 7, "COMMIT": 7}),
        ]
    )
    assert profile == QueryProfile(
        endpoint="chat",
        arm="base",
        per_request=3.0,
        at_most=3.0,
        stable=True,
        first_request={AUTH: 2, MODELS: 3},
        cold_only=frozenset({MODELS}),
        rows=3.0,
        db_ms=0.75,
        transactions=2.0,
        statements={AUTH: 2.0, SPEND: 1.0},
    )


def test_background_is_told_apart() -> None:
    profile = profile_endpoint(
        [window(4, {AUTH: 4, MODELS: 9}), window(7, {AUTH: 7}), window(4, {AUTH: 4})],
        [window(0, {PING: 3}, kind="idle", seconds=10)],
    )
    assert profile.stable
    assert profile.statements == {AUTH: 1.0}
    assert profile.background == {MODELS: 9, PING: 3}
    assert profile.db_ms == 0.25


def test_an_endpoint_without_statements() -> None:
    profile = profile_endpoint([window(4, {}), window(7, {})])
    assert (profile.per_request, profile.db_ms, profile.transactions, profile.stable) == (0.0, 0.0, 0.0, True)
    assert not profile_endpoint([window(4, {})]).stable


def test_what_disagrees_is_named() -> None:
    profile = profile_endpoint([window(4, {AUTH: 4, SPEND: 4}), window(7, {AUTH: 8, SPEND: 7})])
    assert not profile.stable
    assert profile.unstable_because == f"{AUTH}: 4 calls in 4 requests but 8 calls in 7 requests"
    assert profile.in_doubt == {AUTH}


def test_of_an_unstable_count_there_is_a_lower_and_an_upper_figure() -> None:
    """AUTH may be 2 or 3 for each request, SPEND is 1; a refresh of MODELS could be theirs, too."""
    profile = profile_endpoint(
        [
            window(4, {AUTH: 8, SPEND: 4, MODELS: 4, "BEGIN": 9}),
            window(7, {AUTH: 21, SPEND: 7}),
            window(4, {AUTH: 9, SPEND: 4}),
        ]
    )
    assert not profile.stable
    assert (profile.per_request, profile.at_most) == (2 + 1, 3 + 1 + 1)


def test_what_failed_or_was_evicted_raises_no_upper_figure() -> None:
    good = [window(4, {AUTH: 4}), window(7, {AUTH: 7})]
    bad = [window(4, {AUTH: 40}, failed=1), window(7, {AUTH: 70}, evicted=True)]
    first = window(1, {AUTH: 90}, kind="cold")
    assert profile_endpoint([*bad, first, *good]).at_most == 1
    assert profile_endpoint(bad).at_most is None


def test_three_disagreements_are_named_and_the_rest_is_counted() -> None:
    names = [f"SELECT {letter}" for letter in "abcde"]
    profile = profile_endpoint([window(4, dict.fromkeys(names, 1)), window(7, dict.fromkeys(names, 1))])
    assert profile.unstable_because.count("SELECT") == 3
    assert profile.unstable_because.endswith("; and 2 more")


def test_statements_that_differ_in_writing_only_are_one() -> None:
    """A list of ids is as long as the page; here its length differs from request to request."""
    profile = profile_endpoint(
        [
            window(4, {"SELECT a FROM t WHERE id IN ($1,$2)": 3, "SELECT a FROM t WHERE id IN ($1)": 1}),
            window(7, {"SELECT a FROM t WHERE id IN ($1,$2,$3)": 7}),
        ]
    )
    assert profile.statements == {"SELECT a FROM t WHERE id IN ($1)": 1.0}
    assert profile.stable


def test_savepoints_with_names_of_their_own_are_counted_together() -> None:
    windows = [
        window(size, {AUTH: size, **{f"SAVEPOINT s{number}": 1 for number in range(size)}})
        for size in WINDOW_SIZES
    ]
    profile = profile_endpoint(windows)
    assert (profile.transactions, profile.statements, profile.background) == (1.0, {AUTH: 1.0}, {})


def test_transactions_that_vary_do_not_make_the_statements_doubtful() -> None:
    profile = profile_endpoint([window(4, {AUTH: 4, "BEGIN": 5}), window(7, {AUTH: 7, "BEGIN": 8})])
    assert profile.stable
    assert profile.transactions is None


def test_epochs_that_each_agree_with_themselves_only() -> None:
    profile = profile_endpoint(
        [
            window(size, {AUTH: calls * size}, epoch=epoch)
            for epoch, calls in ((0, 3), (1, 2))
            for size in WINDOW_SIZES
        ]
    )
    assert not profile.stable
    assert profile.unstable_because == f"{AUTH}: 2 per request in some windows and steadily 3 in others"


def test_of_cold_starts_the_fewest_calls_count() -> None:
    starts = [
        window(1, {AUTH: 2, MODELS: 1}, kind="cold"),
        window(1, {AUTH: 1, MODELS: 4, PING: 1}, kind="cold", epoch=1),
    ]
    assert profile_endpoint([*starts, window(4, {}), window(7, {})]).first_request == {AUTH: 1, MODELS: 1}


@pytest.mark.parametrize(
    ("windows", "because"),
    [
        (
            [window(4, {AUTH: 4}, evicted=True)],
            "evicted from pg_stat_statements: raise pg_stat_statements.max",
        ),
        ([window(4, {AUTH: 4}, failed=1), window(7, {}, failed=7)], "some failed their checks"),
        ([window(1, {AUTH: 4}, kind="cold")], "no window of requests was taken"),
        ([window(0, {AUTH: 4})], "no window of requests was taken"),
    ],
)
def test_what_cannot_be_counted(windows: list[QueryWindow], because: str) -> None:
    profile = profile_endpoint(windows)
    assert because in profile.invalid_because
    assert (profile.per_request, profile.db_ms, profile.stable) == (None, None, False)


def test_windows_with_failures_or_evictions_do_not_count() -> None:
    good = [window(4, {AUTH: 4}), window(7, {AUTH: 7})]
    bad = [window(4, {}, failed=4), window(7, {}, evicted=True), window(1, {}, kind="cold", failed=1)]
    assert profile_endpoint([*bad, *good]) == profile_endpoint(good)


def test_windows_that_do_not_belong_together_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="one endpoint and one arm"):
        profile_endpoint([window(4, {}), window(7, {}, arm="head")])
    with pytest.raises(ValueError, match="one endpoint and one arm"):
        profile_endpoint([window(4, {})], [window(0, {}, kind="idle", arm="head")])
    with pytest.raises(ValueError, match="one endpoint and one arm"):
        profile_endpoint([])


def test_windows_are_taken_until_they_agree() -> None:
    windows: list[QueryWindow] = [window(1, {AUTH: 3}, kind="cold")]
    assert needs_more([])
    assert needs_more(windows)
    windows.append(window(4, {AUTH: 4}))
    assert needs_more(windows)
    windows.append(window(7, {AUTH: 8}))
    assert needs_more(windows)
    windows.append(window(4, {AUTH: 4}))
    assert needs_more(windows)
    windows.append(window(7, {AUTH: 7}))
    assert not needs_more(windows)


def test_windows_are_not_taken_for_ever() -> None:
    windows = [window(WINDOW_SIZES[turn % 2], {AUTH: turn + 1}) for turn in range(MAX_WINDOWS)]
    assert needs_more(windows[:-1])
    assert not needs_more(windows)
    assert not needs_more([window(4, {}, failed=1)] * MAX_WINDOWS)


def test_the_sizes_have_no_common_divisor() -> None:
    small, large = WINDOW_SIZES
    assert small < large < 2 * small
    assert all(small % divisor or large % divisor for divisor in range(2, small + 1))


@given(
    work=st.dictionaries(st.sampled_from([AUTH, MODELS, SPEND]), st.integers(1, 9)),
    bursts=st.dictionaries(st.sampled_from([AUTH, MODELS, SPEND, PING]), st.integers(0, 30)),
    when=st.integers(0, 4),
)
def test_work_is_attributed_exactly_beside_bursts(
    work: dict[str, int], bursts: dict[str, int], when: int
) -> None:
    windows = []
    for turn in range(5):
        size = WINDOW_SIZES[turn % 2]
        calls = {name: count * size for name, count in work.items()}
        noise = bursts if turn == when else {}
        windows.append(
            window(size, {name: calls.get(name, 0) + noise.get(name, 0) for name in {*calls, *noise}})
        )
    profile = profile_endpoint(windows)
    assert profile.stable, profile.unstable_because
    assert profile.statements == work
    assert profile.per_request == sum(work.values())
    assert profile.background == {name: count for name, count in bursts.items() if name not in work}
