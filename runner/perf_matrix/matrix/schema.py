"""The JSON Schemas that editors check matrix and workload files with.

``python -m perf_matrix.matrix.schema`` writes them into ``matrices/`` below the working directory, or into
the folder named as its argument.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perf_matrix.matrix.model import MatrixFile, Strict, Workload

FILES: dict[str, type[Strict]] = {
    "matrix.schema.json": MatrixFile,
    "workloads/workload.schema.json": Workload,
}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text(model: type[Strict]) -> str:
    """The JSON Schema of ``model`` as it is committed: indented, with a newline at its end."""
    schema = {"$schema": _DIALECT, **_closed(model.model_json_schema())}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Writes every schema below ``folder``, which holds ``workloads/`` too; the paths written."""
    paths = [folder / name for name in FILES]
    for path, model in zip(paths, FILES.values(), strict=True):
        path.write_text(schema_text(model), encoding="utf-8")
    return paths


def _closed(schema: Any) -> Any:
    """Pydantic says which keys a pattern allows, but not that no other key is allowed."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    return closed | {"additionalProperties": False} if "patternProperties" in closed else closed


def main(arguments: Sequence[str]) -> int:
    """Writes the schemas and says where; the exit code."""
    for path in write_schemas(Path(arguments[0] if arguments else "matrices")):
        sys.stderr.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
