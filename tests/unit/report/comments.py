"""Comments in every state that one can be in: invented comparisons in invented circumstances."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from perf_matrix.compare.model import Comparison, EndpointComparison, Statement, Verdict
from perf_matrix.report.comment import (
    LEAST_LIMIT,
    LIMIT,
    Circumstances,
    render_comment,
    render_settled,
)
from perf_matrix.report.marker import Accepted, State

from .builders import (
    HOSTILE,
    STATES,
    TEAM,
    cell,
    comparison,
    endpoint,
    extra_lookup,
    finding,
    listing,
    queries,
    quiet_rows,
    slower_only,
)

BASE = "9f8e7d6" + "b" * 33
HEAD = "0a1b2c3" + "d" * 33
EARLIER = "4c5d6e7" + "f" * 33
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LABELLED = datetime(2026, 1, 2, 9, 30, 0, tzinfo=UTC)
RUN = "https://git.example/acme/litellm/actions/runs/123"
BISECT = (
    "perf-matrix bisect --repo . 9f8e7d6bbbbb 0a1b2c3ddddd --matrix matrices/pr.yml --cell default"
    " --on user-list/queries --on chat-virtual-key/queries --on chat-virtual-key/p50 --on models-list/p50"
)


def state(verdict: Verdict, **more: Any) -> State:
    given: dict[str, Any] = {"sha": HEAD, "run": 123, "attempt": 1, "verdict": verdict, "at": AT}
    return State(**(given | more))


def acceptance(sha: str = HEAD) -> Accepted:
    return Accepted(sha=sha, by="octocat", at=LABELLED)


def told(found: Comparison, **more: Any) -> Circumstances:
    """A comparison's circumstances on a pull request whose check fails on regressions and invalid results."""
    versions = f"git:{BASE[:12]} git:{HEAD[:12]}"
    given: dict[str, Any] = {
        "id": "default",
        "state": state(found.verdict),
        "base": BASE,
        "fails": found.verdict in ("regression", "invalid"),
        "version": "0.1.0",
        "run": RUN,
        "reproduce": f"perf-matrix compare {versions} --matrix matrices/pr.yml",
        "label": "perf-accepted",
        "bisect": BISECT,
    }
    return Circumstances(**(given | more))


def of_commits(found: Comparison) -> Comparison:
    """The comparison as one of two commits, which is what it is on a pull request."""
    subjects = found.subjects
    base = subjects.base.model_copy(update={"spec": f"git:{BASE[:7]}", "commit": BASE})
    head = subjects.head.model_copy(update={"spec": f"git:{HEAD[:7]}", "commit": HEAD})
    return found.model_copy(update={"subjects": subjects.model_copy(update={"base": base, "head": head})})


def regression() -> Comparison:
    """What a pull request that adds two lookups gives: an N+1, a lost cache, one slower endpoint."""
    rows = [extra_lookup(), listing(), slower_only(), *quiet_rows()]
    return of_commits(comparison("regression", cell(*rows, verdict="regression")))


def lost_runner() -> Comparison:
    """Two cells on two runners, one of which gave nothing back."""
    fault = (
        "no result came from its runner: see the log of the job that was to measure it, and run that again"
    )
    lost = cell(verdict="invalid", callbacks="langfuse-otel").model_copy(update={"fault": fault})
    invalid_cell = finding("", "errors", "invalid", f"{lost.id}: {fault}", lost.id)
    fine = cell(*quiet_rows(), callbacks="none")
    return of_commits(comparison("invalid", fine, lost, findings=[invalid_cell]))


def many(more: str = "") -> Comparison:
    """More than a comment holds: 90 endpoints, each with a long statement of its own."""
    rows = [changed(number, f"{TEAM} -- {number}\n{more}{' AND true' * 80}") for number in range(90)]
    return of_commits(comparison("regression", cell(*rows, verdict="regression")))


def changed(number: int, statement: str) -> EndpointComparison:
    added = [Statement(statement=statement, per_request=1.0 + number)]
    return endpoint(
        f"endpoint-{number}", "regression", queries=queries(1, 2 + number, "regression", added=added)
    )


def written(found: Comparison, **more: Any) -> str:
    return render_comment(found, told(found, **more))


def of(name: str) -> Comparison:
    return of_commits(STATES[name]())


def accepted() -> str:
    state_of = state("regression", accepted=acceptance())
    return written(regression(), state=state_of, fails=False)


def not_accepted_any_more() -> str:
    return written(regression(), expired=acceptance(EARLIER))


def settled(verdict: Verdict = "regression") -> str:
    last = state(verdict, sha=EARLIER, run=99)
    return render_settled(of("pass"), told(of("pass")), last)


def hostile_circumstances(limit: int = LIMIT) -> str:
    """Everything that a person may choose is hostile: the comparison, the label, the commands, the addresses."""
    chosen = dict.fromkeys(("base", "version", "run", "reproduce", "bisect", "report"), HOSTILE)
    found = STATES["hostile"]()
    return render_comment(found, told(found, label=f"{HOSTILE}-->", **chosen), limit=limit)


COMMENTS: dict[str, Callable[[], str]] = {
    "regression": lambda: written(regression()),
    "regression-not-failing": lambda: written(regression(), fails=False),
    "accepted": accepted,
    "acceptance-expired": not_accepted_any_more,
    "improvement": lambda: written(of("improvement")),
    "pass": lambda: written(of("missing")),
    "pass-quiet": lambda: written(of("pass")),
    "inconclusive": lambda: written(of("inconclusive")),
    "inconclusive-failing": lambda: written(of("inconclusive"), fails=True),
    "invalid-cell": lambda: written(of("invalid")),
    "control-moved": lambda: written(of("control-moved")),
    "lost-runner": lambda: written(lost_runner()),
    "several-cells": lambda: written(of("several-cells"), report="https://ci.example/runs/7"),
    "failed-checks": lambda: written(of("failed-checks")),
    "load": lambda: written(of("load-head-drops")),
    "queries-only": lambda: written(of("queries-only")),
    "hostile": hostile_circumstances,
    "shortened": lambda: written(many()),
    "shortened-most": lambda: hostile_circumstances(limit=LEAST_LIMIT),
    "settled": settled,
    "settled-undecided": lambda: settled("inconclusive"),
    "settled-invalid": lambda: settled("invalid"),
    "second-id": lambda: written(of("pass"), id="nightly-matrix"),
}
