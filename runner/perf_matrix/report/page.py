"""What stands on a page, in order and in words; the renderers lay it out and escape it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from perf_matrix.compare.model import CellComparison, Comparison, EndpointComparison, Finding, GateResult
from perf_matrix.report import conditions, control, delay, subjects, telemetry, work
from perf_matrix.report.columns import WORK, Part
from perf_matrix.report.conditions import NAME_LIMIT
from perf_matrix.report.load import UnderLoad, under_load
from perf_matrix.report.metrics import queries_only
from perf_matrix.report.notes import failures
from perf_matrix.report.per_row import Listed, PerRow, per_row
from perf_matrix.report.plain import cleaned, line, shortened
from perf_matrix.report.summaries import headline, next_step
from perf_matrix.report.table import WORST_FIRST, Table, cell_label, table
from perf_matrix.report.work import Shared


@dataclass(frozen=True, slots=True)
class Missing:
    """An endpoint that an arm does not have; it is not compared."""

    cell: str
    endpoint: str
    words: str


@dataclass(frozen=True, slots=True)
class FailedChecks:
    """An endpoint whose answers failed their checks, with examples in the words of the checks."""

    cell: str
    endpoint: str
    words: str
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class BrokenCell:
    """A cell that could not be measured to its end, with the last lines of the log."""

    cell: str
    words: str
    log: Sequence[str]


@dataclass(frozen=True, slots=True)
class DatabaseWork:
    """What the database does for a request: ``table`` is empty where the other tables have its columns."""

    table: Table
    later: Sequence[Shared]
    surroundings: Sequence[str]

    @property
    def shown(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.table.rows or self.later or self.surroundings)


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on a page. Texts are on one line each and hold no control characters; nothing is escaped.

    ``elsewhere`` are the columns that the tables of endpoints leave to the one of the database's work.
    ``delay`` is what the database was delayed by while latencies were taken, empty where it was not.
    ``disturbed`` says where the control moved, so that latencies are invalid.
    """

    headline: str
    step: str
    delay: str
    elsewhere: frozenset[Part]
    changed: Table
    undecided: Table
    unchanged: Table
    per_row: PerRow
    load: Sequence[UnderLoad]
    work: DatabaseWork
    grown: Sequence[Shared]
    missing: Sequence[Missing]
    failed: Sequence[FailedChecks]
    broken: Sequence[BrokenCell]
    disturbed: Sequence[str]
    findings: Sequence[Finding]
    detectable: str
    rules: Sequence[str]
    host: str
    tools: str
    timings: str
    warnings: Sequence[str]
    glossary: Sequence[tuple[str, str]]
    gate: GateResult
    quiet: bool
    reproduce: str
    report: str

    @property
    def load_telling(self) -> bool:
        """Whether there is more to say of the load than that all went well."""
        return any(one.telling for one in self.load)

    @property
    def only_grown(self) -> bool:
        """Whether all that changed are statements that name other columns."""
        return bool(self.grown) and not self.changed.rows and not self.undecided.rows

    def titled(self, title: str) -> str:
        """Return the title of a table of endpoints; beside latencies it says that there was a delay."""
        return f"{title} ({self.delay})" if self.delay else title


def page(comparison: Comparison, *, reproduce: str = "", report: str = "") -> Page:
    """Return the page of a comparison; texts from outside in it are cleaned here, once for all renderers."""
    clean = cleaned(comparison)
    listed = list(_listed(clean))
    labelled = [(one.label, one.endpoint) for one in listed]
    loads = list(under_load(_cells(clean)))
    return Page(
        headline=headline(clean),
        step=next_step(clean),
        delay=delay.beside_latencies(clean),
        elsewhere=frozenset() if queries_only(clean) else WORK,
        changed=table(clean, ("regression", "invalid", "improvement")),
        undecided=table(clean, ("inconclusive",)),
        unchanged=table(clean, ("pass",)),
        per_row=per_row(listed),
        load=loads,
        work=_work(clean, labelled),
        grown=work.grown(labelled),
        missing=list(_missing(clean)),
        failed=list(_failed(clean)),
        broken=[BrokenCell(_name(cell_label(c)), c.fault, c.log_tail) for c in clean.cells if c.fault],
        disturbed=control.moved(_cells(clean)),
        findings=sorted(clean.findings, key=lambda finding: WORST_FIRST.index(finding.verdict)),
        detectable=conditions.detectable(clean),
        rules=[
            *conditions.rules(clean),
            *control.unmoved(_cells(clean)),
            *telemetry.seen(_cells(clean)),
            *subjects.resolved(clean),
        ],
        host=conditions.hosts_words(clean),
        tools=", ".join([*(f"{tool} {version}" for tool, version in clean.tools.items()), *_backend(clean)]),
        timings=conditions.timing_words(clean),
        warnings=clean.warnings,
        glossary=conditions.glossary(clean),
        gate=clean.gate,
        quiet=_is_quiet(clean) and not any(one.telling for one in loads),
        reproduce=line(reproduce),
        report=line(report),
    )


def _backend(comparison: Comparison) -> list[str]:
    """Who ran the services, where that was not this machine itself."""
    return [f"services on {comparison.backend}"] if comparison.backend != "local" else []


def _is_quiet(comparison: Comparison) -> bool:
    """Tell whether there is nothing to read: everything passed, everywhere, without a warning."""
    endpoints = [endpoint for cell in comparison.cells for endpoint in cell.endpoints]
    passed = comparison.verdict == "pass" and all(endpoint.verdict == "pass" for endpoint in endpoints)
    if control.moved(_cells(comparison)):
        return False
    return passed and not comparison.warnings and not any(endpoint.missing_on for endpoint in endpoints)


def _cells(comparison: Comparison) -> Iterator[tuple[str, CellComparison]]:
    """Yield the cells with their names, which are empty where there is but one."""
    for cell in comparison.cells:
        yield _name(cell_label(cell)) if len(comparison.cells) > 1 else "", cell


def _endpoints(comparison: Comparison) -> Iterator[tuple[str, EndpointComparison]]:
    for name, cell in _cells(comparison):
        for endpoint in cell.endpoints:
            yield name, endpoint


def _listed(comparison: Comparison) -> Iterator[Listed]:
    for cell, endpoint in _endpoints(comparison):
        yield Listed(cell, _name(endpoint.name), endpoint)


def _work(comparison: Comparison, labelled: Sequence[tuple[str, EndpointComparison]]) -> DatabaseWork:
    """Return the database's work; what explains a row stands below it in the other tables."""
    counted = table(comparison, () if queries_only(comparison) else WORST_FIRST)
    rows = [replace(row, causes=(), statements=(), notes=()) for row in counted.rows if row.work]
    return DatabaseWork(
        Table(rows, counted.cells), work.later(labelled), list(work.surroundings(_cells(comparison)))
    )


def _missing(comparison: Comparison) -> Iterator[Missing]:
    for cell, endpoint in _endpoints(comparison):
        if endpoint.missing_on:
            note = endpoint.note or "so not compared"
            words = f"missing on {' and '.join(endpoint.missing_on)}; {note}"
            verdict = "" if endpoint.verdict == "pass" else f" ({endpoint.verdict})"
            yield Missing(cell, _name(endpoint.name), words + verdict)


def _failed(comparison: Comparison) -> Iterator[FailedChecks]:
    for cell, endpoint in _endpoints(comparison):
        errors = endpoint.errors
        if errors and errors.base + errors.head:
            words = f"{failures(errors)} ({errors.verdict})"
            yield FailedChecks(cell, _name(endpoint.name), words, errors.examples)


def _name(text: str) -> str:
    return shortened(text, NAME_LIMIT)
