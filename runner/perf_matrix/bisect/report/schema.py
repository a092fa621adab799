"""The JSON Schema of ``bisection.json``, from the models that validate it.

``python -m perf_matrix.bisect.report.schema > docs/bisection.schema.json`` renews the published copy.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from perf_matrix.bisect.model import Bisection


def bisection_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) that every ``bisection.json`` of this version follows."""
    schema = Bisection.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    """Return the schema as the committed file has it, final newline included."""
    return json.dumps(bisection_json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
