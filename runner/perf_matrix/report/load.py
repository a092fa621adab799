"""What a cell did under load: one line in words, a table of what it took, latencies, and the soak."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from perf_matrix.compare.model import Both, CellComparison, CellLoad, EndpointLoad, Soak
from perf_matrix.matrix.model import ARMS
from perf_matrix.report import numbers
from perf_matrix.report.notes import counted, failed_under_load
from perf_matrix.report.table import Table, load_table

Write = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: a number for each arm, and how it changed; empty where that says nothing."""

    name: str
    base: str
    head: str
    change: str


@dataclass(frozen=True, slots=True)
class UnderLoad:
    """One cell; its name is empty where there is but one. ``telling``: more than that all went well."""

    cell: str
    telling: bool
    words: Sequence[str]
    figures: Sequence[Figure]
    failing: Sequence[str]
    examples: Sequence[str]
    latencies: Table
    missing: Sequence[str]
    soak: str


def under_load(cells: Iterable[tuple[str, CellComparison]]) -> Iterator[UnderLoad]:
    """Yield what there is on each cell that was measured under load."""
    for name, cell in cells:
        if cell.load or cell.soak:
            yield _under_load(name, cell)


def _under_load(name: str, cell: CellComparison) -> UnderLoad:
    loads = [(endpoint.name, endpoint.load) for endpoint in cell.endpoints if endpoint.load]
    failing = [f"{endpoint}: {failed_under_load(load)}" for endpoint, load in loads if _failed(load)]
    load, soak = cell.load, cell.soak
    return UnderLoad(
        cell=name,
        telling=bool((load and load.note) or (soak and soak.note) or failing),
        words=list(_words(load)) if load else [],
        figures=list(_figures(load)) if load else [],
        failing=failing,
        examples=load.examples if load else [],
        latencies=load_table(cell),
        missing=list(_missing(loads)),
        soak=_soak_words(soak) if soak else "",
    )


def _words(load: CellLoad) -> Iterator[str]:
    slots = "1 slot" if load.rounds == 1 else f"{load.rounds} slots"
    length = f"{numbers.trimmed(load.slot_s)} s"
    yield f"{slots} of {length} at {numbers.trimmed(load.rate)} requests/s to each arm: {load.note or 'both kept up'}."
    if load.invalid_rounds:
        yield f"Latencies leave out {load.invalid_rounds} of {load.rounds} rounds, in which requests were dropped."


def _failed(load: EndpointLoad) -> bool:
    return bool(load.errors.base or load.errors.head) or load.verdict != "pass"


def _figures(load: CellLoad) -> Iterator[Figure]:
    memory = numbers.memory_scale(_values(load.peak_memory_bytes))
    database = numbers.scale_for(_values(load.db_ms_per_1000))
    yield _figure("good answers per s", load.throughput, numbers.significant)
    yield _counts("failed", load.errors, load.requests)
    yield _counts("dropped", load.dropped, load.due)
    for name, both, write in (
        ("CPU s per 1,000 requests", load.cpu_s_per_1000, numbers.significant),
        (f"peak memory {memory.unit}", load.peak_memory_bytes, memory.text),
        (f"database {database.unit} per 1,000 requests", load.db_ms_per_1000, database.text),
    ):
        if _values(both):
            yield _figure(name, both, write)


def _figure(name: str, both: Both, write: Write) -> Figure:
    base, head = (numbers.ABSENT if value is None else write(value) for value in (both.base, both.head))
    change = numbers.percent(both.head / both.base - 1) if both.base and both.head is not None else ""
    return Figure(name, base, head, change)


def _counts(name: str, counts: Both, among: Both) -> Figure:
    base, head = (_part(counts.base, among.base), _part(counts.head, among.head))
    return Figure(name, base, head, "")


def _part(count: float | None, among: float | None) -> str:
    share = f" ({numbers.share(count / among)})" if count and among else ""
    return f"{counted(count)}{share}"


def _values(both: Both) -> list[float]:
    return [value for value in (both.base, both.head) if value is not None]


def _missing(loads: Sequence[tuple[str, EndpointLoad]]) -> Iterator[str]:
    """Yield why quantiles are missing, each reason once, with the endpoints where it does not hold for all."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for endpoint, load in loads:
        if load.missing:
            found[load.missing].append(endpoint)
    for reason, endpoints in found.items():
        whose = "" if len(endpoints) == len(loads) else f" ({', '.join(endpoints)})"
        yield f"Not shown: {reason}{whose}."


def _soak_words(soak: Soak) -> str:
    """Return the soak in one line."""
    words = [f"soak of {numbers.duration(soak.seconds)}: {_memory(soak)}"]
    if soak.growth.base is not None and soak.growth.head is not None:
        base, head = _growth(soak.growth.base, soak.base_ci), _growth(soak.growth.head, soak.head_ci)
        words.append(f"for each 1,000 requests, after the warm-up: {base} on base, {head} on head")
    return ". ".join(f"{part[0].upper()}{part[1:]}" for part in (*words, soak.note) if part) + "."


def _memory(soak: Soak) -> str:
    start, end = _values(soak.start_bytes), _values(soak.end_bytes)
    scale = numbers.memory_scale([*start, *end])
    spans = [f"from {scale.text(s)} to {scale.text(e)} {scale.unit}" for s, e in zip(start, end, strict=True)]
    if len(spans) < len(ARMS):
        return "memory was not measured on both arms"
    return f"memory went {spans[0]} on base, {spans[1]} on head"


def _growth(slope: float, ci: tuple[float, float] | None) -> str:
    interval = f" [{_megabytes(ci[0])}, {_megabytes(ci[1])}]" if ci else ""
    return f"{_megabytes(slope)} MB{interval}"


def _megabytes(size: float) -> str:
    return numbers.signed(size / numbers.MEGABYTE)
