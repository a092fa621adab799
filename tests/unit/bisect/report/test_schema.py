"""The published schema is the model's, and what is written follows it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from perf_matrix.bisect.report.schema import bisection_json_schema, schema_text

from .samples import SAMPLES

SCHEMA = Path(__file__).parents[4] / "docs" / "bisection.schema.json"


def test_the_published_schema_is_current() -> None:
    renew = "python -m perf_matrix.bisect.report.schema > docs/bisection.schema.json"
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), f"renew it: {renew}"


@pytest.mark.parametrize("name", SAMPLES)
def test_every_bisection_follows_the_schema(name: str) -> None:
    jsonschema.validate(json.loads(SAMPLES[name]().model_dump_json()), bisection_json_schema())


def test_an_unknown_key_does_not_follow_it() -> None:
    found = json.loads(SAMPLES["one-step"]().model_dump_json()) | {"typo": 1}
    with pytest.raises(jsonschema.ValidationError, match="typo"):
        jsonschema.validate(found, bisection_json_schema())
