"""How what is missing is got, in words: a run goes on where it was interrupted, one that was merged does not."""

from __future__ import annotations

from perf_matrix.record.model import RunInfo


def go_on(info: RunInfo) -> str:
    """The end of a sentence that says what a run lacks."""
    if info.merged:
        return "run the job that measures this cell again"
    return "perf-matrix run --resume goes on with it"
