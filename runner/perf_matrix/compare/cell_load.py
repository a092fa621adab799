"""A cell under load, all endpoints together: what was answered, and what that took."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from perf_matrix.compare.drops import decide_drops
from perf_matrix.compare.model import Both, CellLoad
from perf_matrix.compare.rounds import Round, answered, sent
from perf_matrix.record.model import LoadSlot

EXAMPLES = 5
_THOUSAND = 1_000


def cell_load(rounds: Sequence[Round]) -> CellLoad | None:
    """The rounds of one cell summed up; None where there is none."""
    if not rounds:
        return None
    drops = decide_drops(rounds)
    return CellLoad(
        rate=median(each.base.rate for each in rounds),
        slot_s=median(each.base.seconds for each in rounds),
        rounds=len(rounds),
        invalid_rounds=sum(not each.valid for each in rounds),
        throughput=_both(rounds, _throughput),
        due=_both(rounds, lambda slots: sum(slot.due for slot in slots)),
        requests=_both(rounds, lambda slots: sum(map(sent, slots))),
        errors=_both(rounds, lambda slots: sum(map(sent, slots)) - sum(map(answered, slots))),
        dropped=_both(rounds, lambda slots: sum(slot.dropped for slot in slots)),
        cpu_s_per_1000=_both(rounds, lambda slots: _per_1000(slots, lambda slot: slot.cpu_s)),
        peak_memory_bytes=_both(rounds, _peak_memory),
        db_ms_per_1000=_both(rounds, lambda slots: _per_1000(slots, lambda slot: slot.db_ms)),
        verdict=drops.verdict,
        note=drops.note,
        examples=list(dict.fromkeys(_failures(rounds)))[:EXAMPLES],
    )


def _both(rounds: Sequence[Round], of: Callable[[Sequence[LoadSlot]], float | None]) -> Both:
    return Both(base=of([each.base for each in rounds]), head=of([each.head for each in rounds]))


def _throughput(slots: Sequence[LoadSlot]) -> float:
    return sum(map(answered, slots)) / sum(slot.seconds for slot in slots)


def _per_1000(slots: Sequence[LoadSlot], of: Callable[[LoadSlot], float | None]) -> float | None:
    """What 1,000 requests took, in the slots in which that was measured; None where there are none."""
    measured = [(value, sent(slot)) for slot in slots if (value := of(slot)) is not None]
    requests = sum(count for _, count in measured)
    return _THOUSAND * sum(value for value, _ in measured) / requests if requests else None


def _peak_memory(slots: Sequence[LoadSlot]) -> float | None:
    return max((slot.peak_memory_bytes for slot in slots if slot.peak_memory_bytes is not None), default=None)


def _failures(rounds: Sequence[Round]) -> Iterator[str]:
    for each in rounds:
        for slot in (each.head, each.base):
            yield from (f"{slot.arm}: {words}" for words in slot.failures)
