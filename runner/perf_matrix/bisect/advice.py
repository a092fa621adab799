"""What to try next, where the ends are alike or time was over.  (Pure.)"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from perf_matrix.bisect.model import BisectionState
from perf_matrix.bisect.store import BisectRequest


def advice(state: BisectionState, request: BisectRequest, folder: str) -> list[str]:
    """What to try, the likeliest first; nothing where the culprits were found."""
    if state == "narrowed":
        again = shlex.join(["perf-matrix", "bisect", "--resume", folder])
        return [f"Go on where it stopped, with more time: {again}"]
    return list(_where_alike(request)) if state == "not reproduced" else []


def _where_alike(request: BisectRequest) -> Sequence[str]:
    """What may be different where the slowness was seen: as every guide to bisecting begins."""
    narrower = (
        ["Look at all endpoints: leave out --endpoints and --on."] if request.endpoints or request.on else []
    )
    counts = (
        ["Compare latencies, too: leave out --metrics queries."]
        if set(request.metrics) == {"queries"}
        else []
    )
    return [
        *narrower,
        *counts,
        "Send what your users send: write a workload with your requests and your page sizes (docs/MATRIX.md).",
        (
            "Configure it as where it was slow: callbacks, caches, several workers, environment variables (axes of "
            "the matrix file; --matrix nightly --cell GLOB has some)."
        ),
        "Fill the database as it is there: more keys, users and teams (scale in the matrix file).",
        (
            "Put the distance to the database in: round_trip_ms in the matrix file; on one machine an extra statement "
            "costs next to nothing."
        ),
        "Measure under load and for longer: load and soak in the matrix file show tails, failures and memory.",
        (
            "Check that the ends are right: is the good one really fast where the bad one is slow, with the same "
            "dependencies?"
        ),
    ]
