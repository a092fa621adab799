"""What is asked again, when, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_matrix.github.retries import ALL_WAITS_S, ONE_WAIT_S, Answer, GiveUp, Lost, Wait, decide

NOW = 1_767_323_045.0  # 2026-01-02T03:04:05Z
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def decided(
    outcome: Answer | Lost, *, repeatable: bool = True, failures: int = 0, waited_s: float = 0
) -> Wait | GiveUp:
    return decide(outcome, repeatable=repeatable, failures=failures, waited_s=waited_s, now=NOW)


def waited(outcome: Answer | Lost, failures: int = 0) -> float:
    decision = decided(outcome, failures=failures)
    assert isinstance(decision, Wait)
    return decision.seconds


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_errors_of_the_server_are_tried_again_ever_later(status: int) -> None:
    waits = [waited(Answer(status, {}), failures) for failures in range(9)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize("repeatable", [True, False])
def test_errors_of_the_server_are_tried_again_for_any_method(repeatable: bool) -> None:  # noqa: FBT001
    assert isinstance(decided(Answer(502, {}), repeatable=repeatable), Wait)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(429, {"retry-after": "7"}), 7),
        (Answer(403, {"retry-after": "7"}), 7),
        (Answer(503, {"retry-after": "7"}), 7),
        # More than one wait of ours may take: GitHub has asked for it.
        (Answer(403, {"retry-after": "90"}, SECONDARY), 90),
        (Answer(429, {"retry-after": "Fri, 02 Jan 2026 03:04:35 GMT"}), 30),
        (Answer(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 40)}), 41),
        (Answer(429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 40)}), 41),
        # What it asks for goes before what can be worked out.
        (
            Answer(
                403,
                {"retry-after": "3", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 40)},
            ),
            3,
        ),
        # It does not say how long: a minute, by its documentation.
        (Answer(403, {}, SECONDARY), 60),
        (
            Answer(403, {"x-ratelimit-remaining": "4321", "x-ratelimit-reset": str(int(NOW) + 9)}, SECONDARY),
            60,
        ),
        (Answer(429, {}), 60),
        (Answer(403, {}, "You have triggered an abuse detection mechanism."), 60),
        # Nonsense is no answer to "how long".
        (Answer(429, {"retry-after": "soon"}), 60),
        (Answer(429, {"retry-after": "1e9"}), 60),
        (Answer(429, {"retry-after": "٣"}), 60),
        (Answer(429, {"retry-after": "9" * 5000}), 60),
        (Answer(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "later"}), 60),
        (Answer(503, {"retry-after": "soon"}), 1),
    ],
)
def test_how_long(answer: Answer, seconds: float) -> None:
    assert waited(answer) == seconds


@pytest.mark.parametrize(
    "answer",
    [
        Answer(429, {"retry-after": "0"}),
        Answer(429, {"retry-after": "Thu, 01 Jan 2026 00:00:00 GMT"}),
        Answer(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) - 40)}),
        Answer(503, {"retry-after": "0"}),
    ],
)
def test_at_once_again_and_again_ends(answer: Answer) -> None:
    assert [waited(answer, failures) for failures in range(4)] == [1, 2, 4, 8]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 415, 422, 304, 100])
def test_what_waiting_does_not_help(status: int) -> None:
    headers = {"x-ratelimit-remaining": "4999", "x-ratelimit-reset": str(int(NOW) + 9)}
    assert decided(Answer(status, headers, "Resource not accessible by integration")) == GiveUp()


def test_a_limit_of_which_the_end_is_too_far() -> None:
    answer = Answer(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 1800)})
    assert decided(answer, waited_s=100) == GiveUp(
        "the token's rate limit is used up: it would take 1801 s more, and 200 s are left to wait"
    )


def test_all_waits_together_have_a_limit() -> None:
    assert decided(Answer(502, {}), failures=6, waited_s=ALL_WAITS_S - ONE_WAIT_S) == Wait(
        60, "GitHub answered 502"
    )
    assert isinstance(decided(Answer(502, {}), failures=6, waited_s=ALL_WAITS_S - ONE_WAIT_S + 1), GiveUp)


@pytest.mark.parametrize(
    ("sent", "repeatable", "again"),
    [(True, True, True), (False, True, True), (False, False, True), (True, False, False)],
)
def test_what_may_have_been_done_is_not_asked_for_twice(sent: bool, repeatable: bool, again: bool) -> None:  # noqa: FBT001
    decision = decided(Lost("the connection failed", sent), repeatable=repeatable)
    if again:
        assert decision == Wait(1, "the connection failed")
    else:
        assert decision == GiveUp("the connection failed; whether GitHub has done it is not known")


headers = st.dictionaries(
    st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"]),
    st.one_of(st.integers(-10, 4_000_000_000).map(str), st.text("0129 ,:-+eGMTFriJan٣", max_size=30)),
)
outcomes = st.one_of(
    st.builds(Answer, st.integers(300, 599), headers, st.sampled_from(["", SECONDARY])),
    st.builds(Lost, st.just("it broke"), st.booleans()),
)


@given(outcome=outcomes, repeatable=st.booleans())
def test_it_always_ends_within_the_limit(outcome: Answer | Lost, repeatable: bool) -> None:  # noqa: FBT001
    waited_s, failures = 0.0, 0
    while isinstance(
        decision := decided(outcome, repeatable=repeatable, failures=failures, waited_s=waited_s), Wait
    ):
        assert decision.seconds >= 1
        waited_s, failures = waited_s + decision.seconds, failures + 1
    assert waited_s <= ALL_WAITS_S
    assert failures <= 12
