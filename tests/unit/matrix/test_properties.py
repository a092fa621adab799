"""What holds for every matrix and every text, not only for the ones somebody thought of."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perf_matrix.errors import InputError
from perf_matrix.matrix.cells import unfold
from perf_matrix.matrix.load import parse_matrix, parse_workload
from perf_matrix.matrix.model import MatrixFile
from perf_matrix.matrix.schema import schema_text
from perf_matrix.matrix.yaml_tree import read_tree

SCHEMA = json.loads(schema_text(MatrixFile))
LIMITS = settings(deadline=5000, suppress_health_check=[HealthCheck.too_slow])

names = st.from_regex(r"\A[a-z0-9][a-z0-9._-]{0,10}\Z")
# What "${" means in a variant has tests of its own: test_stand_ins.py.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).filter(
    lambda text: "${" not in text
)
numbers = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False, width=32)
values = st.recursive(
    texts | numbers | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def matrices(draw: st.DrawFn) -> dict[str, Any]:
    """A valid matrix as data: each axis patches keys of its own, so that no two clash."""
    axes = {
        axis: {
            variant: {
                "config": {axis: draw(values)},
                "env": {f"X_{axis}": draw(texts)},
                "scale": {axis: draw(st.integers(0, 1_000_000))},
                "sql": draw(st.lists(texts, max_size=2)),
            }
            for variant in draw(st.lists(names, min_size=1, max_size=3, unique=True))
        }
        for axis in draw(st.lists(names, max_size=3, unique=True))
    }
    return {
        "version": 1,
        "workload": "w.yml",
        "scale": draw(st.dictionaries(names, st.integers(0, 1_000_000), max_size=3)),
        "axes": axes,
        "time": draw(st.sampled_from(["90s", "6m", "1h30m", 45, 0.5])),
        "gate": {"min_effect": draw(st.sampled_from(["5%", 0.05, "0.5 %", 0]))},
    }


@given(matrices())
@LIMITS
def test_every_valid_matrix_is_read_as_it_was_written(data: dict[str, Any]) -> None:
    matrix = parse_matrix(yaml.safe_dump(data, allow_unicode=True), "m.yml")
    assert matrix == MatrixFile.model_validate(data)
    assert {name: {v: p.config for v, p in axis.items()} for name, axis in matrix.axes.items()} == {
        name: {v: p["config"] for v, p in axis.items()} for name, axis in data["axes"].items()
    }
    assert {name: {v: (p.scale, p.sql) for v, p in axis.items()} for name, axis in matrix.axes.items()} == {
        name: {v: (p["scale"], p["sql"]) for v, p in axis.items()} for name, axis in data["axes"].items()
    }
    assert MatrixFile.model_validate_json(matrix.model_dump_json()) == matrix


@given(matrices())
@LIMITS
def test_every_valid_matrix_fits_the_published_schema(data: dict[str, Any]) -> None:
    jsonschema.validate(data, SCHEMA)


@given(matrices(), st.data())
@LIMITS
def test_cells_are_the_product_less_what_is_excluded(data: dict[str, Any], draw: st.DataObject) -> None:
    every = [dict(zip(data["axes"], chosen, strict=True)) for chosen in product(*data["axes"].values())]
    partial = {
        axis: draw.draw(st.sampled_from(sorted(variants)))
        for axis, variants in data["axes"].items()
        if draw.draw(st.booleans())
    }
    kept = [one for one in every if not partial or any(one[axis] != partial[axis] for axis in partial)]
    matrix = MatrixFile.model_validate(data | {"exclude": [partial] if partial else []})
    if kept:
        cells = unfold(matrix)
        assert [cell.variants for cell in cells] == kept
        assert len({cell.id for cell in cells}) == len(cells)
    else:
        with pytest.raises(InputError, match="leaves no cells"):
            unfold(matrix)


PIECES = [*"\t\n :-?&*!|>'\"%@`{}[],#<~0\\", "<<: ", "!!x ", "\ud800"]
MUTATIONS = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(PIECES)), min_size=1, max_size=6)
VALID = """version: 1
workload: w.yml
axes:
  a: {x: {config: {k: [1, "two"]}}, y: {env: {N: "1"}}}
  b: {"on": {}, "off": {}}
exclude: [{a: x, b: "on"}]
time: 6m
gate: {metrics: [p50], min_effect: 5%}
"""


def mutated(mutations: list[tuple[int, str]]) -> str:
    text = VALID
    for position, piece in mutations:
        text = text[:position] + piece + text[position + 1 :]
    return text


@pytest.mark.parametrize("parse", [parse_matrix, parse_workload])
@given(text=st.text() | st.text("ab:-?&*!|>'\"%@`{}[],#<~0 \n\t\\Ux") | MUTATIONS.map(mutated))
@settings(LIMITS, max_examples=400)
def test_any_text_ends_in_a_model_or_one_error_with_a_line(
    parse: Callable[[str, str], object], text: str
) -> None:
    said = ""
    try:
        parse(text, "f.yml")
    except InputError as error:
        said = str(error)
    assert all(line.startswith("f.yml:") for line in said.splitlines())


@given(
    st.recursive(
        texts | numbers | st.booleans() | st.none(), lambda s: st.lists(s) | st.dictionaries(texts, s)
    )
)
@LIMITS
def test_every_wrong_shape_ends_in_one_error(data: Any) -> None:
    with pytest.raises(InputError):
        parse_matrix(
            yaml.safe_dump({"version": 1, "workload": "w.yml", "axes": {"a": {"x": [data]}}}), "m.yml"
        )


@given(values)
@LIMITS
def test_plain_data_survives(data: Any) -> None:
    document = read_tree(yaml.safe_dump({"a": data}, allow_unicode=True, sort_keys=False))
    assert document.data == {"a": data}
    assert json.dumps(document.data) == json.dumps({"a": data})
