"""A matrix unfolded: which cells, in which order, with which patch; and the choice of some of them."""

from __future__ import annotations

from typing import Any

import pytest

from perf_matrix.errors import InputError
from perf_matrix.matrix.cells import select, select_endpoints, unfold
from perf_matrix.matrix.merge import merged
from perf_matrix.matrix.model import Cell, MatrixFile, Patch, Sink, Upstream, Workload


def matrix(**keys: Any) -> MatrixFile:
    return MatrixFile.model_validate({"version": 1, "workload": "w.yml", **keys})


AXES: dict[str, Any] = {
    "callbacks": {"none": {}, "otel": {"config": {"settings": {"callbacks": ["otel"]}}}},
    "workers": {"one": {"env": {"N": "1"}}, "four": {"env": {"N": "4"}, "config": {"settings": {"x": 1}}}},
}


def ids(cells: list[Cell]) -> list[str]:
    return [cell.id for cell in cells]


def test_without_axes_there_is_one_cell() -> None:
    assert unfold(matrix()) == [Cell(id="default", variants={}, patch=Patch())]


def test_every_combination_in_the_order_of_the_axes() -> None:
    assert ids(unfold(matrix(axes=AXES))) == [
        "callbacks=none,workers=one",
        "callbacks=none,workers=four",
        "callbacks=otel,workers=one",
        "callbacks=otel,workers=four",
    ]


def test_a_cell_has_the_patches_of_its_variants_merged() -> None:
    cell = unfold(matrix(axes=AXES))[-1]
    assert cell.variants == {"callbacks": "otel", "workers": "four"}
    assert cell.patch == Patch(config={"settings": {"callbacks": ["otel"], "x": 1}}, env={"N": "4"})


def test_exclude_removes_what_it_matches_in_part() -> None:
    assert ids(unfold(matrix(axes=AXES, exclude=[{"callbacks": "otel"}]))) == [
        "callbacks=none,workers=one",
        "callbacks=none,workers=four",
    ]


def test_include_comes_after_what_is_left() -> None:
    cells = unfold(
        matrix(
            axes=AXES,
            exclude=[{"callbacks": "none"}],
            include=[{"workers": "four", "callbacks": "none"}, {"callbacks": "otel", "workers": "one"}],
        )
    )
    assert ids(cells) == [
        "callbacks=otel,workers=one",
        "callbacks=otel,workers=four",
        "callbacks=none,workers=four",
    ]


def test_a_cell_without_an_axis_has_nothing_of_its_variants() -> None:
    (*_, cell) = unfold(matrix(axes=AXES, exclude=[{"workers": "four"}], include=[{"workers": "four"}]))
    assert (cell.id, cell.variants) == ("workers=four", {"workers": "four"})
    assert cell.patch == Patch(config={"settings": {"x": 1}}, env={"N": "4"})


def test_include_outlives_an_exclude_of_everything() -> None:
    kept = [{"callbacks": "none", "workers": "one"}]
    cells = unfold(matrix(axes=AXES, exclude=[{"callbacks": "none"}, {"callbacks": "otel"}], include=kept))
    assert ids(cells) == ["callbacks=none,workers=one"]


def axes_that_set(one: Any, other: Any) -> MatrixFile:
    return matrix(axes={"a": {"x": {"config": one}}, "b": {"y": {"config": other}}})


@pytest.mark.parametrize(
    ("one", "other", "key"),
    [
        ({"k": 1}, {"k": 2}, "config.k"),
        ({"k": 1}, {"k": True}, "config.k"),
        ({"k": None}, {"k": 0}, "config.k"),
        ({"k": [1]}, {"k": [1, 2]}, "config.k"),
        ({"k": {"l": {"m": 1}}}, {"k": {"l": {"m": 2}}}, "config.k.l.m"),
        ({"k": {"l": 1}}, {"k": True}, "config.k"),
    ],
)
def test_axes_that_set_one_key_to_different_values_clash(one: Any, other: Any, key: str) -> None:
    with pytest.raises(InputError) as caught:
        unfold(axes_that_set(one, other))
    assert str(caught.value).startswith(f"b=y sets {key} to another value than a=x does; ")


def one_each(one: dict[str, Any], other: dict[str, Any]) -> MatrixFile:
    return matrix(axes={"a": {"x": one}, "b": {"y": other}})


@pytest.mark.parametrize(
    ("one", "other", "key"),
    [
        ({"scale": {"users": 1}}, {"scale": {"users": 2}}, "scale.users"),
        ({"upstream": {"latency_ms": 1}}, {"upstream": {"latency_ms": 2}}, "upstream.latency_ms"),
        ({"sink": {"delay_ms": 1}}, {"sink": {"delay_ms": 2}}, "sink.delay_ms"),
        ({"database": {"round_trip_ms": 0}}, {"database": {"round_trip_ms": 1}}, "database.round_trip_ms"),
    ],
)
def test_every_part_of_a_patch_can_clash(one: Any, other: Any, key: str) -> None:
    with pytest.raises(InputError) as caught:
        unfold(one_each(one, other))
    assert str(caught.value).startswith(f"b=y sets {key} to another value than a=x does; ")


def test_scales_are_merged_key_by_key() -> None:
    (cell,) = unfold(one_each({"scale": {"users": 1}}, {"scale": {"models": 2}}))
    assert cell.patch.scale == {"users": 1, "models": 2}


def test_sql_is_run_in_the_order_of_the_axes_and_never_clashes() -> None:
    (cell,) = unfold(one_each({"sql": ["SELECT 2", "SELECT 1"]}, {"sql": ["SELECT 3", "SELECT 1"]}))
    assert cell.patch.sql == ["SELECT 2", "SELECT 1", "SELECT 3", "SELECT 1"]


def test_stand_ins_are_merged_field_by_field() -> None:
    (cell,) = unfold(
        one_each(
            {"upstream": {"latency_ms": 0}, "sink": {"delay_ms": 3}},
            {"upstream": {"jitter_ms": 2}, "sink": {}},
        )
    )
    assert cell.patch == Patch(upstream=Upstream(latency_ms=0, jitter_ms=2), sink=Sink(delay_ms=3))


@pytest.mark.parametrize(
    ("said", "round_trip_ms"), [({}, 1), ({"round_trip_ms": 0}, 0), ({"round_trip_ms": 5}, 5)]
)
def test_the_files_database_is_what_a_variant_does_not_say(said: Any, round_trip_ms: float) -> None:
    (cell,) = unfold(matrix(database={"round_trip_ms": 1}, axes={"a": {"x": {"database": said}}}))
    assert cell.patch.database.round_trip_ms == round_trip_ms


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ({"k": [1]}, {"k": [1]}, {"k": [1]}),
        ({"k": {"l": 1}}, {"k": {"m": 2}}, {"k": {"l": 1, "m": 2}}),
        ({"k": {}}, {"k": {"m": 2}}, {"k": {"m": 2}}),
    ],
)
def test_axes_that_agree_do_not_clash(one: Any, other: Any, both: Any) -> None:
    assert unfold(axes_that_set(one, other))[0].patch.config == both


def test_a_clash_in_an_excluded_combination_does_not_matter() -> None:
    axes = {
        "a": {"x": {"config": {"k": 1}}, "plain": {}},
        "b": {"y": {"config": {"k": 2}}, "plain": {}},
    }
    assert len(unfold(matrix(axes=axes, exclude=[{"a": "x", "b": "y"}]))) == 3


def test_a_matrix_made_in_code_is_checked_too() -> None:
    with pytest.raises(InputError, match="there is no axis 'worker'; did you mean 'workers'"):
        unfold(matrix(axes=AXES, exclude=[{"worker": "one"}]))


def many(axes: int, variants: int) -> MatrixFile:
    return matrix(axes={f"a{axis}": {f"v{n}": {} for n in range(variants)} for axis in range(axes)})


def test_at_most_256_cells() -> None:
    assert len(unfold(many(8, 2))) == 256
    with pytest.raises(InputError, match="512 cells, more than 256"):
        unfold(many(9, 2))


def test_a_huge_product_is_refused_without_unfolding_it() -> None:
    with pytest.raises(InputError, match="10000000000000000000000000 combinations, more than 10000"):
        unfold(many(25, 10))


def test_an_id_that_is_too_long_for_a_folder() -> None:
    with pytest.raises(InputError, match="has a name of more than 200 characters; shorten names of variants"):
        unfold(matrix(axes={"a": {"x" * 64: {}}, "b": {"x" * 64: {}}, "c": {"x" * 64: {}}, "d": {"x": {}}}))


CELLS = unfold(matrix(axes=AXES))


@pytest.mark.parametrize(
    ("globs", "positions"),
    [
        ([], [0, 1, 2, 3]),
        (["callbacks=none,workers=one"], [0]),
        (["workers=one"], [0, 2]),
        (["workers=four,callbacks=otel"], [3]),
        (["*otel*"], [2, 3]),
        (["*=four", "callbacks=none,*"], [0, 1, 3]),
    ],
)
def test_select(globs: list[str], positions: list[int]) -> None:
    assert select(CELLS, globs) == [CELLS[position] for position in positions]


def test_select_names_the_nearest_cell() -> None:
    with pytest.raises(InputError) as caught:
        select(CELLS, ["callbacks=none,workers=two"])
    assert str(caught.value) == (
        "no cell matches 'callbacks=none,workers=two'; did you mean 'callbacks=none,workers=one'?"
    )


WORKLOAD = Workload.model_validate(
    {
        "version": 1,
        "endpoints": [
            {"name": name, "request": {"path": "/"}} for name in ("chat-key", "chat-master", "models")
        ],
    }
)


@pytest.mark.parametrize(
    ("globs", "names"),
    [
        ([], ["chat-key", "chat-master", "models"]),
        (["models,chat-key"], ["chat-key", "models"]),
        (["models", "chat-*"], ["chat-key", "chat-master", "models"]),
        ([" chat-* ,"], ["chat-key", "chat-master"]),
    ],
)
def test_select_endpoints(globs: list[str], names: list[str]) -> None:
    assert [endpoint.name for endpoint in select_endpoints(WORKLOAD, globs)] == names


def test_select_endpoints_names_the_nearest() -> None:
    with pytest.raises(InputError, match="no endpoint matches 'model'; did you mean 'models'"):
        select_endpoints(WORKLOAD, ["chat-*,model"])


def test_select_endpoints_lists_them_where_none_is_near() -> None:
    with pytest.raises(InputError, match="no endpoint matches 'zz'; known: chat-key, chat-master, models"):
        select_endpoints(WORKLOAD, ["zz"])


def test_merging_changes_neither_side() -> None:
    base, patch = {"a": {"b": 1}, "l": [1]}, {"a": {"c": None}, "l": [2]}
    assert merged(base, patch) == {"a": {"b": 1, "c": None}, "l": [2]}
    assert (base, patch) == ({"a": {"b": 1}, "l": [1]}, {"a": {"c": None}, "l": [2]})


def test_an_id_stands_for_its_own_cell_only() -> None:
    """The jobs of a workflow each measure one cell by its id: no other may be in two of them."""
    shorter = Cell(id="a=x", variants={"a": "x"}, patch=Patch())
    longer = Cell(id="a=x,b=z", variants={"a": "x", "b": "z"}, patch=Patch())
    assert select([shorter, longer], ["a=x"]) == [shorter]
    assert select([shorter, longer], ["a=*"]) == [shorter, longer]
