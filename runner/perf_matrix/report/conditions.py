"""What a run could see, by which rules, where it ran, and what the words of a report mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perf_matrix.compare.model import Comparison, GateResult, Quantile
from perf_matrix.record.model import HostInfo
from perf_matrix.report import numbers
from perf_matrix.report.metrics import LATENCIES, Latency, queries_only
from perf_matrix.report.plain import shortened

NAME_LIMIT = 80
_NOTES_SHOWN = 3
_SEVERAL = 2
_HOSTS_SHOWN = 4
_CELLS_SHOWN = 2


def detectable(comparison: Comparison) -> str:
    """Say what the run could have seen of latencies: without it, 'pass' says nothing."""
    if queries_only(comparison):
        return ""
    found = [words for metric in LATENCIES for words in _detectable(comparison.gate, metric)]
    return f"This run could have detected a change of {', '.join(found)}." if found else ""


def _detectable(gate: GateResult, metric: Latency) -> Iterator[str]:
    found = {
        key.rsplit("/", 1)[0]: value for key, value in gate.detectable.items() if key.endswith(f"/{metric}")
    }
    if found:
        hardest = max(found, key=lambda name: found[name])
        yield f"{_span(list(found.values()))} in {metric} (hardest: {shortened(hardest, NAME_LIMIT)})"


def rules(comparison: Comparison) -> Iterator[str]:
    """Yield the rules that were applied, as sentences."""
    if queries_only(comparison):
        yield "Statements were counted, not sampled: every difference of a count that repeats is real."
        return
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
    for cell in comparison.cells:
        for endpoint in cell.endpoints:
            quantile = getattr(endpoint.paired, metric, None)
            if quantile:
                yield quantile


def _span(values: Sequence[float]) -> str:
    low, high = numbers.share(min(values)), numbers.share(max(values))
    return low if low == high else f"{low} to {high}"


def host_words(host: HostInfo) -> str:
    """Return the machine in one line."""
    cpus = f"{host.cpus} CPU" if host.cpus == 1 else f"{host.cpus} CPUs"
    memory = numbers.gibibytes(host.memory_bytes)
    model = host.cpu_model or "CPU not named"
    return f"{host.system} {host.machine}, {model} ({cpus}), {memory}, Python {host.python}"


def hosts_words(comparison: Comparison) -> str:
    """Return the machines in one line: each kind with its cells, where cells ran on different ones."""
    cells: dict[str, list[str]] = {}
    for cell, host in comparison.hosts.items():
        cells.setdefault(host_words(host), []).append(cell)
    if len(cells) < _SEVERAL:
        return host_words(next(iter(comparison.hosts.values()), comparison.host))
    kinds = [f"{host}, for {_named(names)}" for host, names in cells.items()]
    more = f"; and {len(kinds) - _HOSTS_SHOWN} more" if len(kinds) > _HOSTS_SHOWN else ""
    return f"{len(kinds)} kinds of machine: {'; '.join(kinds[:_HOSTS_SHOWN])}{more}"


def _named(cells: Sequence[str]) -> str:
    """Return the cells by name, or how many they are where those would be too many."""
    if len(cells) > _CELLS_SHOWN:
        return f"{len(cells)} cells"
    return " and ".join(shortened(cell, NAME_LIMIT) for cell in cells)


def timing_words(comparison: Comparison) -> str:
    """Return how long it took, how much of that was measuring, and where the rest went."""
    timings = comparison.timings
    if not timings.total_s:
        return ""
    measuring = timings.measuring_s / timings.total_s
    longest = sorted(timings.phases.items(), key=lambda phase: -phase[1])
    phases = ", ".join(f"{name} {numbers.duration(seconds)}" for name, seconds in longest)
    where = f" Where it went: {phases}." if phases else ""
    runners = f" on {timings.runners} runners together" if timings.runners > 1 else ""
    return (
        f"{numbers.duration(timings.total_s)}{runners}, of which {numbers.duration(timings.measuring_s)} measuring;"
        f" {numbers.share(1 - measuring)} was not measuring.{where}"
    )


_COUNTS = (
    "statements sent to the database for one request, counted, not estimated; = the same,"
    " ≠ as many but others, ≈ a count that did not repeat"
)
_WORK = (
    ("SQL cold", "statements of the first request to the endpoint after a start, background left out"),
    ("rows", "rows that these statements read or wrote, for one request"),
    ("DB ms (or µs), DB share", "time in the database for one request; its part of the request's whole time"),
    ("N+1", "a statement for each row of the answer: 1 + 1.00 per user is 51 statements for 50 users"),
)
_TIMES = (
    "half and 95% of the requests were answered within this time; then how much slower (+) or faster (-)"
    " head is; ~ too little to matter, ? undecided, ° shown but not gated"
)
_INTERVAL = "where the true change lies, with that confidence; from - to + means the direction is open"
_PAIRS = "requests sent to both arms back to back / groups of them, which the tests count"

_SLOTS = (
    "stretches of load to one arm and then the other: requests come at a fixed rate, answered or not;"
    " dropped: never sent, since too many were unanswered"
)


def glossary(comparison: Comparison) -> list[tuple[str, str]]:
    """Return the words of the report with their meanings; those of latencies only where they were measured."""
    counted = [("SQL/request", _COUNTS), *_WORK]
    if queries_only(comparison):
        return counted
    gate, loaded = comparison.gate, any(cell.load for cell in comparison.cells)
    chance = f"how often chance alone would make head look this different, corrected for {gate.tests} tests"
    return [
        *counted,
        ("p50, p95", _TIMES),
        (f"{numbers.configured(gate.confidence)} interval", _INTERVAL),
        ("p", f"{chance}; counts from {gate.alpha:g} down"),
        ("pairs/blocks", _PAIRS),
        *([("slots", _SLOTS)] if loaded else []),
    ]
