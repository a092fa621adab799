"""The published JSON Schemas: made from the models, and true of the files that come with perf-matrix."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from perf_matrix.matrix.cells import unfold
from perf_matrix.matrix.read import read_matrix, read_workload
from perf_matrix.matrix.schema import FILES, schema_text
from perf_matrix.shipped import resolve_workload, shipped

MATRICES = shipped("matrices")
SHIPPED_MATRICES = sorted(MATRICES.glob("*.yml"))
SHIPPED_WORKLOADS = sorted((MATRICES / "workloads").glob("*.yml"))


def schema(name: str) -> Any:
    return json.loads((MATRICES / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FILES)
def test_the_committed_schema_is_the_models(name: str) -> None:
    assert (MATRICES / name).read_text(encoding="utf-8") == schema_text(FILES[name])


@pytest.mark.parametrize("name", FILES)
def test_the_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_the_module_writes_the_schemas(tmp_path: Path) -> None:
    (tmp_path / "workloads").mkdir()
    command = [sys.executable, "-m", "perf_matrix.matrix.schema", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in FILES} == {
        name: schema_text(model) for name, model in FILES.items()
    }


@pytest.mark.parametrize("path", SHIPPED_MATRICES + SHIPPED_WORKLOADS, ids=lambda path: path.name)
def test_shipped_files_name_their_schema_and_fit_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    name = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    jsonschema.validate(yaml.safe_load(text), json.loads((path.parent / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SHIPPED_MATRICES, ids=lambda path: path.name)
def test_shipped_matrices_unfold_and_have_their_workload(path: Path) -> None:
    matrix = read_matrix(path)
    assert unfold(matrix)
    assert read_workload(resolve_workload(matrix, path)).endpoints


@pytest.mark.parametrize(
    "matrix",
    [
        {"version": 1},
        {"version": 1, "workload": "w", "zzz": 1},
        {"version": 1, "workload": "w", "axes": {"Bad Name": {"x": {}}}},
        {"version": 1, "workload": "w", "axes": {"a": {}}},
        {"version": 1, "workload": "w", "axes": {"a": {"x": {"env": {"N": 4}}}}},
        {"version": 1, "workload": "w", "time": "6 min"},
        {"version": 1, "workload": "w", "gate": {"min_effect": 5}},
    ],
    ids=json.dumps,
)
def test_editors_refuse_what_the_loader_refuses(matrix: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(matrix, schema("matrix.schema.json"))
