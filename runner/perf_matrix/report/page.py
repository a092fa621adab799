"""What stands on a page, in order and in words; the renderers lay it out and escape it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perf_matrix.compare.model import Comparison, EndpointComparison, Finding, GateResult, Quantile
from perf_matrix.record.model import HostInfo
from perf_matrix.report import numbers
from perf_matrix.report.plain import cleaned, line, shortened
from perf_matrix.report.summaries import headline, next_step
from perf_matrix.report.table import LATENCIES, WORST_FIRST, Latency, Table, cell_label, failures, table

NAME_LIMIT = 80
_NOTES_SHOWN = 3


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
class Page:
    """Everything on a page. Texts are on one line each and hold no control characters; nothing is escaped."""

    headline: str
    step: str
    changed: Table
    undecided: Table
    unchanged: Table
    missing: Sequence[Missing]
    failed: Sequence[FailedChecks]
    broken: Sequence[BrokenCell]
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


def page(comparison: Comparison, *, reproduce: str = "", report: str = "") -> Page:
    """Return the page of a comparison; texts from outside in it are cleaned here, once for all renderers."""
    clean = cleaned(comparison)
    return Page(
        headline=headline(clean),
        step=next_step(clean),
        changed=table(clean, ("regression", "invalid", "improvement")),
        undecided=table(clean, ("inconclusive",)),
        unchanged=table(clean, ("pass",)),
        missing=list(_missing(clean)),
        failed=list(_failed(clean)),
        broken=[BrokenCell(_name(cell_label(c)), c.fault, c.log_tail) for c in clean.cells if c.fault],
        findings=sorted(clean.findings, key=lambda finding: WORST_FIRST.index(finding.verdict)),
        detectable=_detectable(clean.gate),
        rules=list(_rules(clean)),
        host=_host(clean.host),
        tools=", ".join(f"{tool} {version}" for tool, version in clean.tools.items()),
        timings=_timings(clean),
        warnings=clean.warnings,
        glossary=_glossary(clean.gate),
        gate=clean.gate,
        quiet=_is_quiet(clean),
        reproduce=line(reproduce),
        report=line(report),
    )


def _is_quiet(comparison: Comparison) -> bool:
    """Tell whether there is nothing to read: everything passed, everywhere, without a warning."""
    endpoints = [endpoint for cell in comparison.cells for endpoint in cell.endpoints]
    passed = comparison.verdict == "pass" and all(endpoint.verdict == "pass" for endpoint in endpoints)
    return passed and not comparison.warnings and not any(endpoint.missing_on for endpoint in endpoints)


def _endpoints(comparison: Comparison) -> Iterator[tuple[str, EndpointComparison]]:
    for cell in comparison.cells:
        for endpoint in cell.endpoints:
            yield _name(cell_label(cell)) if len(comparison.cells) > 1 else "", endpoint


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


def _detectable(gate: GateResult) -> str:
    """Say what the run could have seen: without it, 'pass' says nothing."""
    words = []
    for metric in LATENCIES:
        found = {
            key.rsplit("/", 1)[0]: value
            for key, value in gate.detectable.items()
            if key.endswith(f"/{metric}")
        }
        if found:
            hardest = max(found, key=lambda name: found[name])
            words.append(f"{_span(list(found.values()))} in {metric} (hardest: {_name(hardest)})")
    return f"This run could have detected a change of {', '.join(words)}." if words else ""


def _rules(comparison: Comparison) -> Iterator[str]:
    gate = comparison.gate
    yield (
        f"A change counts from {numbers.configured(gate.min_effect)} and {gate.min_effect_ms:g} ms,"
        " or from an endpoint's own noise floor where that is higher."
    )
    yield from _noise_floors(comparison)
    for metric in LATENCIES:
        notes = {q.note for q in _quantiles(comparison, metric) if not q.gated and q.note}
        yield from (f"{note[0].upper()}{note[1:]}." for note in sorted(notes)[:_NOTES_SHOWN])


def _noise_floors(comparison: Comparison) -> Iterator[str]:
    floors = {m: [q.noise_floor for q in _quantiles(comparison, m) if q.gated] for m in LATENCIES}
    words = [f"{_span(values)} in {metric}" for metric, values in floors.items() if values]
    if words:
        yield f"Noise floor, between identical requests: {', '.join(words)}."


def _quantiles(comparison: Comparison, metric: Latency) -> Iterator[Quantile]:
    for _, endpoint in _endpoints(comparison):
        quantile = getattr(endpoint.paired, metric, None)
        if quantile:
            yield quantile


def _span(values: Sequence[float]) -> str:
    low, high = numbers.share(min(values)), numbers.share(max(values))
    return low if low == high else f"{low} to {high}"


def _host(host: HostInfo) -> str:
    cpus = f"{host.cpus} CPU" if host.cpus == 1 else f"{host.cpus} CPUs"
    memory = numbers.gibibytes(host.memory_bytes)
    model = host.cpu_model or "CPU not named"
    return f"{host.system} {host.machine}, {model} ({cpus}), {memory}, Python {host.python}"


def _timings(comparison: Comparison) -> str:
    timings = comparison.timings
    if not timings.total_s:
        return ""
    measuring = timings.measuring_s / timings.total_s
    longest = sorted(timings.phases.items(), key=lambda phase: -phase[1])
    phases = ", ".join(f"{name} {numbers.duration(seconds)}" for name, seconds in longest)
    where = f" Where it went: {phases}." if phases else ""
    return (
        f"{numbers.duration(timings.total_s)}, of which {numbers.duration(timings.measuring_s)} measuring;"
        f" {numbers.share(1 - measuring)} was not measuring.{where}"
    )


_COUNTS = (
    "statements sent to the database for one request, counted, not estimated; = the same,"
    " ≠ as many but others, ≈ a count that did not repeat"
)
_TIMES = (
    "half and 95% of the requests were answered within this time; then how much slower (+) or faster (-)"
    " head is; ~ too little to matter, ? undecided, ° shown but not gated"
)
_INTERVAL = "where the true change lies, with that confidence; from - to + means the direction is open"
_PAIRS = "requests sent to both arms back to back / groups of them, which the tests count"


def _glossary(gate: GateResult) -> list[tuple[str, str]]:
    chance = f"how often chance alone would make head look this different, corrected for {gate.tests} tests"
    return [
        ("SQL/request", _COUNTS),
        ("p50, p95", _TIMES),
        (f"{numbers.configured(gate.confidence)} interval", _INTERVAL),
        ("p", f"{chance}; counts from {gate.alpha:g} down"),
        ("pairs/blocks", _PAIRS),
    ]
