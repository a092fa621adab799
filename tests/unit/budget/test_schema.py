"""The published JSON Schema of perf-budget.yml: made from the model, and as strict as the loader."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from perf_matrix.budget.model import Budget
from perf_matrix.budget.schema import FILE
from perf_matrix.budget.write import update
from perf_matrix.matrix.schema import schema_text
from perf_matrix.shipped import shipped

from . import samples

SCHEMA: Any = json.loads(schema_text(Budget))


def test_the_committed_schema_is_the_models() -> None:
    assert shipped(f"matrices/{FILE}").read_text(encoding="utf-8") == schema_text(Budget)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_module_writes_the_schema(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "perf_matrix.budget.schema", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert (tmp_path / FILE).read_text(encoding="utf-8") == schema_text(Budget)


def test_a_written_budget_fits_it() -> None:
    written = yaml.safe_load(update(None, samples.AFTER, "x").text)
    assert written["endpoints"]
    jsonschema.validate(written, SCHEMA)


@pytest.mark.parametrize(
    "entry",
    [
        3,
        {},
        {"statements": -1},
        {"statements": "2"},
        {"statements": 2, "per_row": None},
        {"statements": 2, "per_row": -1},
        {"statements": 2, "note": 1},
        {"statements": 2, "zzz": 1},
    ],
    ids=json.dumps,
)
def test_editors_refuse_what_the_loader_refuses(entry: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"version": 1, "endpoints": {"user-list": entry}}, SCHEMA)


def test_editors_refuse_a_bad_name() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"version": 1, "endpoints": {"User List": {"statements": 1}}}, SCHEMA)
