"""The sentences that come first and last: the verdict in plain words, what to do next, why it exited so."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from perf_matrix.compare.model import Cause, CauseKind, Comparison, EndpointComparison, Queries, Verdict
from perf_matrix.report import numbers
from perf_matrix.report.metrics import queries_only
from perf_matrix.report.plain import line, shortened
from perf_matrix.report.slopes import is_open

SPEC_LIMIT = 80
_CAUSE_LIMIT = 200
_MORE_SLOTS = "give the load more slots (load.slots)"
_WORSE = {
    "p": "is slower",
    "q": "does more work",
    "s": "has slower SQL statements",
    "e": "fails more of its checks",
    "l": "fails more under load",
}
_BETTER = {
    "p": "is faster",
    "q": "does less work",
    "s": "has faster SQL statements",
    "e": "fails fewer of its checks",
    "l": "fails less under load",
}

# The cause that explains most comes first: it is the one that the next step names.
_MOST_TELLING: tuple[CauseKind, ...] = (
    "n-plus-one",
    "cache-lost",
    "made-synchronous",
    "extra-statement",
    "slower-statement",
    "fewer-connections",
    "outside-database",
)


def headline(comparison: Comparison) -> str:
    """Return the verdict in one sentence, in plain words."""
    base, head = _specs(comparison)
    if comparison.verdict == "regression":
        return f"REGRESSION: {head} {' and '.join(_regressed(comparison, base))}."
    if comparison.verdict == "improvement":
        where = _where(comparison)
        return (
            f"IMPROVEMENT: {head} {_reasons(comparison, _BETTER)} than {base} on {where}; nothing got worse."
        )
    if comparison.verdict == "pass":
        better = "does no more work" + ("" if queries_only(comparison) else " and is no slower")
        return f"PASS: {head} {better} than {base} on {_everywhere(comparison)}."
    if comparison.verdict == "inconclusive":
        return (
            f"INCONCLUSIVE: this run cannot tell whether {head} {' or '.join(_regressed(comparison, base))}."
        )
    return f"INVALID: {head} and {base} cannot be compared by this run: {_why_invalid(comparison)}"


def _regressed(comparison: Comparison, base: str) -> Iterator[str]:
    """Yield what got worse, or is undecided: at endpoints, and of a cell as a whole under load."""
    dropping = sum(_drops(comparison))
    if _with_verdict(comparison) or not dropping:
        yield f"{_reasons(comparison, _WORSE)} than {base} on {_where(comparison)}"
    if dropping:
        cells = f" in {dropping} of {len(comparison.cells)} cells" if len(comparison.cells) > 1 else ""
        yield f"drops requests under load at a rate that {base} keeps up with{cells}"


def _drops(comparison: Comparison) -> list[bool]:
    """Tell for each cell whether the requests that were dropped have the verdict of the whole."""
    return [bool(cell.load and cell.load.verdict == comparison.verdict) for cell in comparison.cells]


def next_step(comparison: Comparison) -> str:
    """Return what to do with the verdict."""
    if comparison.verdict == "regression":
        return _after_regression(comparison)
    if comparison.verdict == "inconclusive":
        consequence = "fails" if comparison.gate.inconclusive == "fail" else "does not fail"
        return f"{_to_settle(comparison)} The check {consequence} on this."
    if comparison.verdict == "invalid":
        return _after_invalid(comparison)
    return "nothing to do."


def _after_invalid(comparison: Comparison) -> str:
    controls = [
        control
        for cell in comparison.cells
        for control in (cell.control, *(endpoint.control for endpoint in cell.endpoints))
    ]
    moved = any(control.moved for control in controls if control)
    if moved and not any(cell.fault for cell in comparison.cells):
        return "run the same comparison again on a machine with more CPUs: here the arms disturb each other."
    return "mend the cause named below, then run the same comparison again."


def _to_settle(comparison: Comparison) -> str:
    """Say what would settle the open rows, all kinds of it, each once."""
    gated = comparison.gate.metrics
    steps = [step for _, endpoint in _with_verdict(comparison) for step in _settling(endpoint, gated)]
    steps += [_MORE_SLOTS] if any(_drops(comparison)) else []
    words = " and ".join(dict.fromkeys(steps)) or "see why these endpoints are undecided"
    return f"{words}; what is known stands below{' each row' if _with_verdict(comparison) else ''}."


def _settling(endpoint: EndpointComparison, gated: Collection[str]) -> Iterator[str]:
    """Yield what would settle one endpoint: time where it is a latency, a look where it is a count."""
    if "inconclusive" in _quantile_verdicts(endpoint):
        yield "give the run more time (--time) or a quieter machine"
    if endpoint.load and endpoint.load.verdict == "inconclusive":
        yield _MORE_SLOTS
    if "queries" in gated and endpoint.queries and endpoint.queries.verdict == "inconclusive":
        if not endpoint.queries.stable:
            yield "find out why counts vary from request to request"
        elif any(is_open(slope) for slope in endpoint.queries.slopes):
            yield "find out why lists could not be counted at two sizes"


def closing_line(comparison: Comparison, report_path: str, exit_code: int) -> str:
    """Return the last line of a command: its exit code, the reason and where the report is."""
    return f"compare exited {exit_code} because {_because(comparison)}; the report is at {report_path}"


def _because(comparison: Comparison) -> str:
    undecided = "some endpoints are undecided, and the gate is set to"
    reasons: dict[Verdict, str] = {
        "regression": "it found a regression",
        "invalid": "the measurement is invalid",
        "inconclusive": f"{undecided} {comparison.gate.inconclusive} on that",
        "improvement": "nothing regressed, and something improved",
        "pass": "nothing regressed",
    }
    return reasons[comparison.verdict]


def _after_regression(comparison: Comparison) -> str:
    rows = [endpoint for _, endpoint in _with_verdict(comparison)]
    causes = [(endpoint, cause) for endpoint in rows for cause in endpoint.causes]
    if causes:
        return _look_at(*min(causes, key=_telling))
    reasons = {
        reason for endpoint in rows for reason in _changed(endpoint, "regression", comparison.gate.metrics)
    }
    if not rows:
        return 'compare what a request takes on either arm, under "Under load": CPU, memory, database.'
    if reasons <= {"e", "l"}:
        return "see the endpoints that fail or are missing on head, below; times come after right answers."
    if reasons & {"q", "s"}:
        return "read the SQL below the rows: it is issued on every request."
    return "look at what changed behind the first row below."


def _telling(found: tuple[EndpointComparison, Cause]) -> tuple[int, float]:
    """Order causes: the most telling kind first, of that the one that adds the most statements."""
    endpoint, cause = found
    return _MOST_TELLING.index(cause.kind), -_more(endpoint.queries)


def _look_at(endpoint: EndpointComparison, cause: Cause) -> str:
    name = shortened(line(endpoint.name), SPEC_LIMIT)
    where = f"the N+1 of {name}" if cause.kind == "n-plus-one" else name
    summary = shortened(line(cause.summary).removeprefix("N+1: ").rstrip("."), _CAUSE_LIMIT)
    return f"look at {where}: {summary}."


def _more(queries: Queries | None) -> float:
    """Return how many statements more head sends for a request."""
    return (queries.head or 0.0) - (queries.base or 0.0) if queries else 0.0


def _specs(comparison: Comparison) -> tuple[str, str]:
    subjects = comparison.subjects
    return shortened(line(subjects.base.spec), SPEC_LIMIT), shortened(line(subjects.head.spec), SPEC_LIMIT)


def _names(comparison: Comparison) -> set[str]:
    return {endpoint.name for cell in comparison.cells for endpoint in cell.endpoints}


def _with_verdict(comparison: Comparison) -> list[tuple[str, EndpointComparison]]:
    """Return the endpoints that have the verdict of the whole, with their cells' ids."""
    return [
        (cell.id, endpoint)
        for cell in comparison.cells
        for endpoint in cell.endpoints
        if endpoint.verdict == comparison.verdict
    ]


def _where(comparison: Comparison) -> str:
    rows = _with_verdict(comparison)
    names = {endpoint.name for _, endpoint in rows}
    where = f"{len(names)} of {_endpoints(len(_names(comparison)))}"
    if len(comparison.cells) == 1:
        return where
    return f"{where}, in {len({cell for cell, _ in rows})} of {len(comparison.cells)} cells"


def _everywhere(comparison: Comparison) -> str:
    endpoints = [endpoint for cell in comparison.cells for endpoint in cell.endpoints]
    missing = {endpoint.name for endpoint in endpoints if endpoint.missing_on}
    compared = {endpoint.name for endpoint in endpoints if not endpoint.missing_on}
    return f"all {_endpoints(len(compared))}" + (" that both have" if missing else "")


def _endpoints(count: int) -> str:
    return f"{count} endpoint" if count == 1 else f"{count} endpoints"


def _reasons(comparison: Comparison, words: dict[str, str]) -> str:
    """Join what changed: with 'and' where it holds for every endpoint concerned, else with 'or'."""
    found = [
        set(_changed(endpoint, comparison.verdict, comparison.gate.metrics))
        for _, endpoint in _with_verdict(comparison)
    ]
    union = set().union(*found)
    if not union:
        return "is worse" if words is _WORSE else "is better"
    joint = " and " if all(one == union for one in found) else " or "
    return joint.join(word for key, word in words.items() if key in union)


def _changed(endpoint: EndpointComparison, verdict: Verdict, gated: Collection[str]) -> Iterator[str]:
    """Yield what has the verdict: p(ercentiles), q(ueries), s(tatements' times), e(rrors) or l(oad)."""
    if endpoint.paired and verdict in _quantile_verdicts(endpoint):
        yield "p"
    if "queries" in gated and endpoint.queries and endpoint.queries.verdict == verdict:
        yield "s" if _only_slower(endpoint.queries) else "q"
    if endpoint.errors and endpoint.errors.verdict == verdict:
        yield "e"
    if endpoint.load and endpoint.load.verdict == verdict:
        yield "l"


def _only_slower(queries: Queries) -> bool:
    """Tell whether nothing but the time of statements changed: none more, none steeper."""
    steeper = any(slope.verdict == "regression" for slope in queries.slopes)
    return bool(queries.slower) and not steeper and abs(_more(queries)) <= numbers.EXACT


def _quantile_verdicts(endpoint: EndpointComparison) -> Collection[Verdict]:
    paired = endpoint.paired
    quantiles = (paired.p50, paired.p95, paired.p99) if paired else ()
    return {quantile.verdict for quantile in quantiles if quantile and quantile.gated}


def _why_invalid(comparison: Comparison) -> str:
    faults = [cell.fault for cell in comparison.cells if cell.fault]
    findings = [finding.summary for finding in comparison.findings if finding.verdict == "invalid"]
    reason = next(iter(faults + findings), "see the warnings below")
    return shortened(line(reason).rstrip("."), 2 * SPEC_LIMIT) + "."
