"""Checking what is to be searched, before anything is measured.  (Pure.)"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import get_args

from perf_matrix.bisect.comparing import DIFFERENCES
from perf_matrix.bisect.laboratory import COUNTING, LOADING, PAIRING
from perf_matrix.bisect.model import Metric
from perf_matrix.bisect.symptom import EXACT
from perf_matrix.compare.blocks import RULES
from perf_matrix.errors import InputError
from perf_matrix.experiment.budget import PAIRS_PER_BLOCK, rounds_per_epoch
from perf_matrix.matrix.model import GatedMetric, MatrixFile
from perf_matrix.matrix.nearest import hint
from perf_matrix.record.model import Instrument

_METRICS: Sequence[str] = get_args(Metric)


def instruments_asked(on: Sequence[str]) -> Sequence[Instrument]:
    """What shows the metrics that were named; everything but the load where one was named without its metric."""
    globs = {text.partition("/")[2] for text in on}
    metrics = {one for one in _METRICS if any(fnmatchcase(one, glob) for glob in globs)}
    if "" not in globs and metrics <= EXACT:
        return COUNTING
    return LOADING if metrics & DIFFERENCES else PAIRING


def check_on(
    on: Sequence[str], endpoints: Sequence[str], metrics: Sequence[GatedMetric], matrix: MatrixFile
) -> None:
    """Raise InputError for an ``--on`` that could never name a symptom.

    ``endpoints``: those that are measured. ``metrics``: what the user gates instead of the matrix file's.
    """
    for text in on:
        endpoint, _, metric = text.partition("/")
        named = [one for one in _METRICS if fnmatchcase(one, metric or "*")]
        if not named:
            raise InputError(f"--on {text}: {metric!r} is not a metric; {hint(metric, _METRICS)}")
        of_the_cell = "memory" in named and fnmatchcase("", endpoint)
        if not of_the_cell and not any(fnmatchcase(each, endpoint) for each in endpoints):
            raise InputError(f"--on {text}: no endpoint is called so; {hint(endpoint, endpoints)}")
        _check_measured(text, metric, named, metrics, matrix)
        _check_decidable(text, named, matrix.epochs)


def _check_decidable(text: str, named: Sequence[str], epochs: int) -> None:
    """The ends are compared as shortly as can be, which is too short for tails: no finding on one could come up."""
    requests = rounds_per_epoch(epochs) * epochs * PAIRS_PER_BLOCK
    needed: dict[str, int] = {name: rule.requests for name, rule in RULES.items()}
    if any(requests >= needed.get(name, 0) for name in named):
        return
    endpoint = text.partition("/")[0]
    raise InputError(
        f"--on {text}: the ends are compared with {requests} requests each, and {named[0]} takes {needed[named[0]]}: "
        f"write {endpoint}/p50"
    )


def _check_measured(
    text: str, metric: str, named: Sequence[str], metrics: Sequence[GatedMetric], matrix: MatrixFile
) -> None:
    """What is asked for by its name has to be measured, too."""
    if not metric:
        return
    if set(metrics) == {"queries"} and EXACT.isdisjoint(named):
        raise InputError(
            f"--on {text}: with --metrics queries nothing but SQL statements is measured: leave it out"
        )
    if set(named) == {"memory"} and (matrix.load is None or matrix.load.soak is None):
        raise InputError(
            f"--on {text}: only a soak shows it, and the matrix file has none: add load: soak: to it"
        )
