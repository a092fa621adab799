"""Requests that were due and never sent, since too many were in flight: does head keep up where base does?

An arm that does not keep up drops slot after slot; a stall of the machine costs one slot or two. So the rule
counts rounds: those in which head alone drops. Where base drops, too, the rate was too high
to tell the arms apart, and the instrument is invalid for the cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perf_matrix.compare.model import Verdict
from perf_matrix.compare.rounds import LEAST_ROUNDS, Round, often
from perf_matrix.record.model import LoadSlot

TOO_OFTEN = 0.25
"""When base drops in more than this share of the rounds, the rate is too much for it."""
TOO_MANY = 0.01
"""Head must drop more than this share of what was due."""


@dataclass(frozen=True)
class Drops:
    """The verdict on what was dropped, and what was dropped in words with the cure; no words where nothing was."""

    verdict: Verdict
    note: str


def decide_drops(rounds: Sequence[Round]) -> Drops:
    """The rules, in this order, are those of docs/STATISTICS.md. Needs one round."""
    if all(each.valid for each in rounds):
        return Drops("pass", "")
    found = _dropped(rounds)
    fair = [each for each in rounds if not each.base.dropped]
    if len(rounds) - len(fair) > TOO_OFTEN * len(rounds):
        rate = rounds[0].base.rate
        return Drops(
            "invalid", f"{found}: too much for base, so nothing is compared; set load.rate below {rate:g}"
        )
    on_head = sum(each.head.dropped > 0 for each in fair)
    if _share(each.head for each in fair) <= TOO_MANY:
        return Drops("pass", f"{found}: not enough to count")
    if often(on_head, len(fair)):
        return Drops("regression", found)
    seen = f"in {on_head} of {len(fair)} rounds; it takes {LEAST_ROUNDS} rounds and half of them"
    return Drops("inconclusive", f"{found}, {seen}: more slots (load.slots) would settle it")


def _dropped(rounds: Sequence[Round]) -> str:
    base, head = _share(each.base for each in rounds), _share(each.head for each in rounds)
    if not head:
        return f"base dropped {_percent(base)} of the requests that were due, head none"
    return f"head dropped {_percent(head)} of the requests that were due, base {_percent(base) if base else 'none'}"


def _share(slots: Iterable[LoadSlot]) -> float:
    """Of what was due, the share that was dropped."""
    slots = list(slots)
    return sum(slot.dropped for slot in slots) / max(1, sum(slot.due for slot in slots))


def _percent(share: float) -> str:
    return "all" if share == 1 else f"{min(100 * share, 99):.2g}%"
