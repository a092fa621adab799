"""The hidden marker: it comes back as it was written, and nothing in it can end the HTML comment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from perf_matrix.compare.model import Verdict
from perf_matrix.report.marker import (
    Accepted,
    State,
    has_marker,
    is_id,
    marker_start,
    read_marker,
    write_marker,
)

SHA = "0a1b2c3d" * 5
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WRITTEN = (
    f'<!-- perf-matrix:default {{"v":1,"sha":"{SHA}","run":123,"attempt":1,"verdict":"regression",'
    '"at":"2026-01-02T03:04:05Z","accepted":null} -->'
)

IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,38}", fullmatch=True)
SHAS = st.from_regex(r"[0-9a-f]{40}|[0-9a-f]{64}", fullmatch=True)
TIMES = st.datetimes(datetime(2000, 1, 2), datetime(2999, 12, 30), timezones=st.timezones())  # noqa: DTZ001
LOGINS = st.from_regex(r"[A-Za-z0-9_-]{1,100}(\[bot\])?", fullmatch=True)
ACCEPTED = st.builds(Accepted, sha=SHAS, by=LOGINS, at=TIMES)
VERDICTS: list[Verdict] = ["regression", "improvement", "pass", "inconclusive", "invalid"]
STATES = st.builds(
    State,
    sha=SHAS,
    run=st.integers(0, 2**53),
    attempt=st.integers(1, 2**53),
    verdict=st.sampled_from(VERDICTS),
    at=TIMES,
    accepted=st.none() | ACCEPTED,
)


def state(**more: Any) -> State:
    given_state: dict[str, Any] = {"sha": SHA, "run": 123, "attempt": 1, "verdict": "regression", "at": AT}
    return State(**(given_state | more))


def test_the_marker_is_one_line_of_json_in_a_comment() -> None:
    assert write_marker("default", state()) == WRITTEN


@given(IDS, STATES, st.text())
def test_what_was_written_is_read_again(id_: str, found: State, below: str) -> None:
    marker = write_marker(id_, found)
    assert read_marker(f"{marker}\n{below}", id_) == found
    assert read_marker(f"{marker}\r\n{below}", id_) == found
    assert read_marker(marker, id_) == found


@given(IDS, IDS, STATES)
@example("default", "default-2", state())
def test_a_comment_begins_as_those_of_its_id_and_as_no_others(id_: str, other: str, found: State) -> None:
    assert is_id(id_)
    marker = write_marker(id_, found)
    assert marker.startswith(marker_start(id_))
    assert marker.startswith(marker_start(other)) == (id_ == other)


@given(IDS, STATES)
def test_no_value_ends_the_comment(id_: str, found: State) -> None:
    marker = write_marker(id_, found)
    assert "\n" not in marker
    assert [match.start() for match in re.finditer(r">|--!>|<!--", marker)] == [0, len(marker) - 1]


@given(st.text())
def test_any_body_can_be_read(body: str) -> None:
    assert read_marker(body, "default") is None
    assert read_marker(f"<!-- perf-matrix:default {body} -->", "default") is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        f" {WRITTEN}",
        f"\n{WRITTEN}",
        f"Hello\n{WRITTEN}",
        f"> {WRITTEN}",
        WRITTEN.replace("-->", ""),
        f"{WRITTEN} -->",
        f"{WRITTEN} and more",
        WRITTEN.replace('"v":1', '"v":2'),
        WRITTEN.replace('"run":123', '"run":"123"'),
        WRITTEN.replace('"run":123', '"run":-1'),
        WRITTEN.replace('"attempt":1', '"attempt":0'),
        WRITTEN.replace('"attempt":1', f'"attempt":{"9" * 5000}'),
        WRITTEN.replace("regression", "fine"),
        WRITTEN.replace(SHA, SHA[:7]),
        WRITTEN.replace(SHA, SHA.upper()),
        WRITTEN.replace("05Z", "05"),
        WRITTEN.replace("2026-01-02T03:04:05Z", "0001-01-01T00:00:00+23:59"),
        WRITTEN.replace("2026-01-02T03:04:05Z", "9999-12-31T23:59:59-23:59"),
        WRITTEN.replace('"2026-01-02T03:04:05Z"', "1767323045"),
        WRITTEN.replace("null", "true"),
        WRITTEN.replace('"accepted":null', '"accepted":null,"more":1'),
        WRITTEN.replace("{", "[" * 2000),
    ],
)
def test_a_marker_elsewhere_or_damaged_is_none(body: str) -> None:
    assert read_marker(body, "default") is None


def test_a_damaged_marker_still_tells_whose_comment_it_is() -> None:
    assert has_marker("<!-- perf-matrix:default {damaged -->", "default")
    assert not has_marker(f"Hello\n{WRITTEN}", "default")


def test_another_id_is_another_comment() -> None:
    assert read_marker(WRITTEN, "default-2") is None
    assert not has_marker(WRITTEN, "default-2")
    assert not has_marker(write_marker("default-2", state()), "default")


@pytest.mark.parametrize("id_", ["", "-a", "A", "a" * 40, "a b", "a\n", "-->", "ä"])
def test_what_is_no_id_is_refused(id_: str) -> None:
    assert not is_id(id_)
    for call in (
        lambda: write_marker(id_, state()),
        lambda: has_marker("", id_),
        lambda: read_marker("", id_),
        lambda: marker_start(id_),
    ):
        with pytest.raises(ValueError, match="is no id of a comment"):
            call()


@pytest.mark.parametrize("by", ["", "-->", "a b", "@a", "a[bot]x", "a\n", "x" * 101])
def test_what_is_no_login_is_refused(by: str) -> None:
    with pytest.raises(ValidationError):
        Accepted(sha=SHA, by=by, at=AT)


def test_times_are_whole_seconds_of_utc() -> None:
    there = datetime(2026, 1, 2, 5, 4, 5, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert state(at=there).at == AT
    assert state(at=there).at.tzinfo == UTC
    with pytest.raises(ValidationError):
        state(at=AT.replace(tzinfo=None))
