"""``${upstream}``, ``${mcp}`` and ``${sink}`` in what a variant changes."""

from __future__ import annotations

import pytest

from perf_matrix.errors import InputError
from perf_matrix.matrix.model import Patch, Sink, Upstream
from perf_matrix.matrix.stand_ins import StandInUrls, fill_patch, unfillable

URLS = StandInUrls(upstream="http://up:1", mcp="http://up:1/mcp", sink="http://sink:2")


def test_they_are_filled_in_at_any_depth() -> None:
    patch = Patch(
        config={"a": {"b": ["${upstream}/v1", {"c": "${sink}"}]}, "n": 1, "t": True, "z": None},
        env={"HOST": "${sink}", "BOTH": "${upstream},${mcp}"},
        sql=["UPDATE t SET url = '${mcp}'", "SELECT 1"],
    )
    assert fill_patch(patch, URLS) == Patch(
        config={"a": {"b": ["http://up:1/v1", {"c": "http://sink:2"}]}, "n": 1, "t": True, "z": None},
        env={"HOST": "http://sink:2", "BOTH": "http://up:1,http://up:1/mcp"},
        sql=["UPDATE t SET url = 'http://up:1/mcp'", "SELECT 1"],
    )


def test_the_rest_of_the_patch_stays() -> None:
    patch = Patch(scale={"users": 3}, upstream=Upstream(latency_ms=5), sink=Sink(delay_ms=6))
    assert fill_patch(patch, URLS) == patch


def test_two_dollars_are_a_literal() -> None:
    patch = Patch(
        config={"$${sink}": "$${sink}"}, env={"X": "$${sink} ${sink}"}, sql=["SELECT '$${mcp}', $1"]
    )
    filled = fill_patch(patch, URLS)
    assert filled.config == {"$${sink}": "${sink}"}
    assert filled.env == {"X": "${sink} http://sink:2"}
    assert filled.sql == ["SELECT '${mcp}', $1"]
    assert list(unfillable(patch)) == []


@pytest.mark.parametrize(
    ("patch", "path", "said"),
    [
        (
            Patch(config={"a": [0, {"b": "${upstraem}"}]}),
            ("config", "a", 1, "b"),
            "there is no variable ${upstraem}; did you mean 'upstream'?",
        ),
        (
            Patch(env={"X": "${master_key}"}),
            ("env", "X"),
            "there is no variable ${master_key}; known: upstream, mcp, sink",
        ),
        (
            Patch(sql=["SELECT 1", "SELECT '${}'"]),
            ("sql", 1),
            "'${}' is not a variable; write ${name}, or $${ for a literal ${",
        ),
    ],
)
def test_what_is_no_stand_in_is_found_with_its_place(
    patch: Patch, path: tuple[str | int, ...], said: str
) -> None:
    assert list(unfillable(patch)) == [(path, said)]
    with pytest.raises(InputError) as caught:
        fill_patch(patch, URLS)
    assert str(caught.value) == said


def test_every_text_is_looked_at() -> None:
    patch = Patch(config={"a": "${x}"}, env={"B": "${x}"}, sql=["${x}", "${x}"])
    paths = [path for path, _ in unfillable(patch)]
    assert paths == [("config", "a"), ("env", "B"), ("sql", 0), ("sql", 1)]
