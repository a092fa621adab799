"""A comparison that somebody else's code may have written: read strictly, or refused.

Whoever runs code in the job that measures can write any figure into its artifact. So nothing is taken from there but
what a comparison has: no number of a pull request, no command. Its texts are cut and escaped where they are rendered.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from perf_matrix.compare.model import Comparison
from perf_matrix.errors import InputError
from perf_matrix.github.unpack import take
from perf_matrix.record.lines import reason

COMPARISON = "comparison.json"
COMPARISON_LIMIT = 16 * 1024 * 1024
_REASON_WIDTH = 400


def comparison_in(archive: Path, sha: str) -> Comparison:
    """The comparison in a downloaded artifact, of the commit ``sha``.

    Raises InputError for an archive or a document that is not as it should be, and for one of another commit.
    """
    comparison = _read(take(archive, COMPARISON, COMPARISON_LIMIT))
    commit = comparison.subjects.head.commit
    if commit and commit != sha:
        raise InputError(
            f"the artifact's {COMPARISON} is of the commit {commit[:40]}, and the run was of {sha}"
        )
    return comparison


def _read(document: bytes) -> Comparison:
    try:
        return Comparison.model_validate_json(document)
    except (ValidationError, RecursionError) as error:
        wrong = reason(error) if isinstance(error, ValidationError) else "it is nested too deeply"
        raise InputError(f"the artifact's {COMPARISON} is no comparison: {wrong[:_REASON_WIDTH]}") from error
