"""What to tell where the token may not do what was asked: the cause, and the lines to add.  (Pure.)"""

from __future__ import annotations

from perf_matrix.github.errors import RefusedError

COMMENT = "pull-requests: write"
CHECK = "checks: write"


def advice(error: RefusedError, permission: str) -> str:
    """Why it was refused and what to change, as plain text of several lines."""
    return (
        f"{error}\n"
        "The job's token may not do this. In the workflow, add:\n"
        "\n"
        "permissions:\n"
        "  contents: read\n"
        f"  {permission}\n"
        "\n"
        "A pull request from a fork gets a token that only reads, whatever the workflow says: there, publish from a "
        "second workflow with perf-matrix/perf-matrix/publish (docs/ACTION.md, Forks)."
    )
