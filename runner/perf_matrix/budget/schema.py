"""The JSON Schema that editors check ``perf-budget.yml`` with.

``python -m perf_matrix.budget.schema`` writes it into ``matrices/`` below the working directory, or into
the folder named as its argument.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from perf_matrix.budget.model import Budget
from perf_matrix.matrix.schema import schema_text

FILE = "perf-budget.schema.json"


def main(arguments: Sequence[str]) -> int:
    """Writes the schema and says where; the exit code."""
    path = Path(arguments[0] if arguments else "matrices") / FILE
    path.write_text(schema_text(Budget), encoding="utf-8")
    sys.stderr.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
