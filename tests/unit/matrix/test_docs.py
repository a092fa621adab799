"""docs/MATRIX.md: its examples are read, its mistakes are made, its tables have every key."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from perf_matrix.errors import InputError
from perf_matrix.matrix.cells import unfold
from perf_matrix.matrix.checks import MAX_CELLS, MAX_ID
from perf_matrix.matrix.load import parse_matrix, parse_workload
from perf_matrix.matrix.problems import MAX_SHOWN
from perf_matrix.matrix.read import read_matrix
from perf_matrix.matrix.schema import FILES, schema_text
from perf_matrix.matrix.stand_ins import StandInUrls
from perf_matrix.matrix.yaml_tree import MAX_BYTES, MAX_DEPTH, MAX_NODES
from perf_matrix.shipped import shipped

TEXT = (Path(__file__).parents[3] / "docs" / "MATRIX.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
YAML = [body for language, body in BLOCKS if language == "yaml"]
RIGHT = [body for body in YAML if not body.startswith("# wrong")]
MATRICES = [body for body in RIGHT if re.search(r"^workload:", body, re.MULTILINE)]
WORKLOADS = [body for body in RIGHT if re.search(r"^endpoints:", body, re.MULTILINE)]


def test_every_example_is_a_matrix_or_a_workload() -> None:
    assert len(MATRICES) >= 2
    assert WORKLOADS
    assert len(RIGHT) == len(MATRICES) + len(WORKLOADS)


@pytest.mark.parametrize("text", MATRICES)
def test_matrices(text: str) -> None:
    assert unfold(parse_matrix(text, "docs"))


@pytest.mark.parametrize("text", WORKLOADS)
def test_workloads(text: str) -> None:
    assert parse_workload(text, "docs").endpoints


def test_the_cells_that_the_text_names() -> None:
    cells = [cell.id for cell in unfold(parse_matrix(MATRICES[1], "docs"))]
    assert cells == re.findall(r"`(callbacks=\w+,workers=\w+)`", TEXT.split("That makes three cells")[1])[:3]


def test_the_cells_that_include_is_explained_with() -> None:
    (example,) = (body for body in MATRICES if "\ninclude:" in body)
    cells = [cell.id for cell in unfold(parse_matrix(example, "docs"))]
    told = TEXT.split("The cells are ")[1].split(".")[0]
    assert cells == re.findall(r"`([^`]+)`", told)


def test_the_shipped_axes_are_listed() -> None:
    listed = {
        axis: re.findall(r"`([^`]+)`", variants)
        for axis, variants in re.findall(r"^\| `([a-z-]+)` \| ((?:`[^`]+`(?:, )?)+) \|", TEXT, re.MULTILINE)
    }
    nightly = read_matrix(shipped("matrices/nightly.yml"))
    assert {axis: list(variants) for axis, variants in nightly.axes.items()} == {
        axis: listed[axis] for axis in nightly.axes
    }


def test_the_variables_of_a_variant_are_listed() -> None:
    rows = re.findall(
        r"^\| `\$\{(\w+)\}` \|", TEXT.split("### The stand-ins")[1].split("###")[0], re.MULTILINE
    )
    assert rows == [field.name for field in fields(StandInUrls)]


def test_the_mistakes_say_what_the_text_shows() -> None:
    wrong = [body for body in YAML if body.startswith("# wrong")]
    said = [body for language, body in BLOCKS if language == "text"]
    assert len(wrong) == len(said) == 1
    with pytest.raises(InputError) as caught:
        parse_matrix(wrong[0], "perf.yml")
    assert str(caught.value) == said[0].rstrip("\n")


def keys(schema: Any) -> set[str]:
    """Every key that the schema names, at any depth."""
    if isinstance(schema, list):
        return {key for each in schema for key in keys(each)}
    if not isinstance(schema, dict):
        return set()
    below = {key for value in schema.values() for key in keys(value)}
    named = schema.get("properties", {})
    return below | (set(named) if isinstance(named, dict) else set())


@pytest.mark.parametrize("name", FILES)
def test_every_key_has_its_row(name: str) -> None:
    bounds = {"equals", "at_least", "at_most"}
    rows = set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE))
    assert keys(json.loads(schema_text(FILES[name]))) - bounds <= rows


@pytest.mark.parametrize("limit", [MAX_CELLS, MAX_ID, MAX_NODES, MAX_DEPTH, MAX_SHOWN, MAX_BYTES // 2**20])
def test_the_limits_are_the_programs(limit: int) -> None:
    assert re.search(rf"\b{limit:,}\b", TEXT)
