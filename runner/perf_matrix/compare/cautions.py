"""What a reader must know beside the verdicts, each with its cure. Nothing here changes a verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import expm1

from perf_matrix.compare import significance
from perf_matrix.compare.carry_over import carry_over, is_more
from perf_matrix.compare.hodges_lehmann import Interval
from perf_matrix.compare.latency import Latency
from perf_matrix.compare.model import CellComparison, EndpointComparison, Errors
from perf_matrix.compare.rounds import rounds
from perf_matrix.compare.unfinished import go_on
from perf_matrix.matrix.model import ARMS, Gate
from perf_matrix.record.model import PairedBlock, RunRecord
from perf_matrix.record.progress import is_finished

NOISY = 0.25
"""A noise floor above this hides what nobody would call small."""


def cautions(record: RunRecord, cells: Sequence[CellComparison], family: Sequence[Latency]) -> list[str]:
    """Every warning of a run, the general ones first."""
    return [
        *_sameness(record),
        *_out_of_reach(family, record.info.matrix.gate),
        *_interruptions(record),
        *_without_load(record),
        *_carried_over(record, cells),
        *(line for cell in cells for endpoint in cell.endpoints for line in _of_endpoint(cell, endpoint)),
        *(record.info.merged.notes if record.info.merged else []),
        *record.notes,
    ]


def _sameness(record: RunRecord) -> Iterator[str]:
    base, head = record.info.subjects["base"], record.info.subjects["head"]
    if (base.spec, base.version) == (head.spec, head.version):
        yield f"base and head are both {base.spec}: whatever is found here is a false alarm"


def _out_of_reach(family: Sequence[Latency], gate: Gate) -> Iterator[str]:
    """Holm's first step is the hardest; where even complete separation would not pass it, say so."""
    short = [one for one in family if significance.smallest_p(len(one.units)) * len(family) > gate.alpha]
    if short:
        fewest = min(len(one.units) for one in short)
        least = significance.smallest_p(fewest)
        needed = significance.units_needed(gate.alpha / len(family))
        yield (
            f"{len(short)} of {len(family)} gated quantiles may be unable to reach significance:"
            f" {fewest} blocks give p >= {least:.2g}, times {len(family)} tests is more than"
            f" {gate.alpha:g}:"
            f" it needs at least {needed} blocks: raise --time, or use fewer endpoints or cells"
        )


def _interruptions(record: RunRecord) -> Iterator[str]:
    for cell in record.cells:
        ended = {epoch.epoch for epoch in cell.epochs_ended}
        cut = sorted({epoch.epoch for epoch in cell.epochs_started} - ended)
        if cut:
            names = ", ".join(map(str, cut))
            done = is_finished(cell, record.info)
            cure = "it was made up for" if done else go_on(record.info)
            yield f"{cell.cell.id}: epoch {names} was not finished; {cure}"
        for fault in cell.faults:
            yield f"{cell.cell.id}: {fault.message}"


def _without_load(record: RunRecord) -> Iterator[str]:
    """Load that was asked for and never came, as where a cell's time was over before."""
    wanted = record.info.load
    for cell in record.cells if wanted else ():
        if not rounds(cell.slots):
            yield f"{cell.cell.id}: nothing was measured under load: raise --time or have fewer load.slots"
        elif wanted and wanted.soak and {slot.arm for slot in cell.soaks} != set(ARMS):
            yield f"{cell.cell.id}: there was no soak: raise --time or make load.soak shorter"


def _carried_over(record: RunRecord, cells: Sequence[CellComparison]) -> Iterator[str]:
    """Endpoints where the request that went before is felt: their ratios may be off."""
    blocks: defaultdict[tuple[str, str], list[PairedBlock]] = defaultdict(list)
    for recorded in record.cells:
        for block in recorded.blocks:
            blocks[recorded.cell.id, block.endpoint].append(block)
    for cell in cells:
        for endpoint in cell.endpoints:
            p50 = endpoint.paired and endpoint.paired.p50
            found = carry_over(blocks[cell.id, endpoint.name]) if p50 else None
            if p50 and found and is_more(found, p50.matters):
                yield f"{cell.id}: {endpoint.name}: {_felt(found)}"


def _felt(found: Interval) -> str:
    disturbing, other = ("head", "base") if found.estimate > 0 else ("base", "head")
    return (
        f"requests right after {disturbing}'s take {expm1(abs(found.estimate)):.0%} longer than those right after"
        f" {other}'s: what {disturbing} does after its answers is in the times of both arms, which may be off by as"
        " much: measure on a machine with more CPUs"
    )


def _of_endpoint(cell: CellComparison, endpoint: EndpointComparison) -> Iterator[str]:
    yield from _stray_failures(f"{cell.id}: {endpoint.name}", endpoint)
    p50 = endpoint.paired and endpoint.paired.p50
    if p50 and p50.noise_floor > NOISY:
        yield (
            f"{cell.id}: {endpoint.name}: equal things differed by {p50.noise_floor:.0%} here;"
            " smaller changes stay unseen: measure on a quieter machine"
        )


def _stray_failures(where: str, endpoint: EndpointComparison) -> Iterator[str]:
    errors = endpoint.errors
    if errors and errors.verdict == "pass" and (errors.base or errors.head or errors.examples):
        example = f" ({errors.examples[0]})" if errors.examples else ""
        yield (
            f"{where}: {_failed(errors)}{example}: too few to decide; see the cell's logs,"
            " and raise --time if they come again"
        )


def _failed(errors: Errors) -> str:
    if errors.base or errors.head:
        return f"of {errors.requests} requests {errors.base} failed on base and {errors.head} on head"
    return "a first request after a start failed"
