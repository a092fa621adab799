r"""How often one statement runs per request, from windows in which it was counted.  (Pure.)

The model: in window i, ``n_i`` requests were answered and the statement was called

    c_i = k * n_i + b_i,    b_i >= 0,

where ``k`` is what each request causes and ``b_i`` is whatever else ran it meanwhile: periodic jobs,
refreshes of caches, batches being flushed. Since ``b_i`` never is negative, ``k <= c_i / n_i`` in every
window, and the smallest of these ratios is *equal* to ``k`` as soon as one window was clean. So there
is nothing to average and no tolerance: ratios are exact fractions, and the smallest is believed when
two windows of different size show it. A background that hides in both would have to be proportional to the
number of requests.

The exceptions, each of which ends in doubt rather than in a number that looks exact:

* No calls at all cannot be background, so for ``k = 0`` two windows of any size do.
* If a larger ratio, too, is shown by windows of different size (an epoch with 3.0 and another with 2.0), the
  statement has two steady states, and neither is *the* number.
* A job that runs every second is proportional to the length of a window, hence to the number of its requests.
  Idle windows tell: windows in which one or more idle calls were due are no witnesses.

And two shortcuts, to background:

* A statement that also runs without requests, and in some window ran fewer times than there were requests. No
  request has to have caused it, and not every request did.
* A statement that ran at most once in every window, two of which had seven requests or more: that is not the
  work of a request but of a cache that is refreshed, or of a batch that is flushed so often that hardly a window
  is free of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

_WITNESSES = 2
_SELDOM = 7
"""Requests in a window that is long enough to call a statement that ran once in it no request's own work."""


@dataclass(frozen=True)
class Observation:
    """One window: requests (> 0), calls of the statement, calls that were due without any request."""

    requests: int
    calls: int
    idle_calls: float = 0.0

    @property
    def ratio(self) -> Fraction:
        """Calls per request, exactly."""
        return Fraction(self.calls, self.requests)

    @property
    def figures(self) -> str:
        """The observation in words."""
        calls = "1 call" if self.calls == 1 else f"{self.calls} calls"
        return f"{calls} in {self.requests} requests"


@dataclass(frozen=True)
class Estimate:
    """Calls per request, exact if ``doubt`` is empty; else an upper bound and why it is no more."""

    per_request: Fraction
    doubt: str = ""


def estimate(observations: Sequence[Observation]) -> Estimate:
    """Estimate calls per request from at least one observation (ValueError if there are none)."""
    if not observations:
        raise ValueError("no observations")
    lowest = min(seen.ratio for seen in observations)
    attaining = [seen for seen in observations if seen.ratio == lowest]
    if lowest < 1 and any(seen.idle_calls for seen in observations):
        return Estimate(Fraction(0))
    if _is_seldom(observations):
        return Estimate(Fraction(0))
    if not _witnessed(attaining, observations):
        return Estimate(lowest, _disagreement(observations))
    if lowest and not _witnessed(_unpolluted(attaining), observations):
        return Estimate(lowest, _pollution(attaining))
    return Estimate(lowest, _second_level(lowest, observations))


def _is_seldom(observations: Sequence[Observation]) -> bool:
    """Tell whether it ran at most once in every window, of which several were long."""
    long = [seen for seen in observations if seen.requests >= _SELDOM]
    return len(long) >= _WITNESSES and all(seen.calls <= 1 for seen in observations)


def _witnessed(attaining: Iterable[Observation], observations: Sequence[Observation]) -> bool:
    """Tell whether these windows, all with one ratio, are enough to believe it."""
    witnesses = list(attaining)
    one_size_only = len(_sizes(observations)) == 1
    if one_size_only or all(seen.calls == 0 for seen in witnesses):
        return len(witnesses) >= _WITNESSES
    return len(_sizes(witnesses)) >= _WITNESSES


def _unpolluted(observations: Iterable[Observation]) -> list[Observation]:
    return [seen for seen in observations if seen.idle_calls < 1]


def _pollution(attaining: Iterable[Observation]) -> str:
    worst = max(attaining, key=lambda seen: seen.idle_calls)
    return (
        f"{worst.figures}, but about {worst.idle_calls:.1f} calls were due in that time without any request"
    )


def _second_level(lowest: Fraction, observations: Sequence[Observation]) -> str:
    """Return why ``lowest`` is in doubt although witnessed: another ratio is as steady."""
    for ratio in sorted({seen.ratio for seen in observations} - {lowest}):
        level = [seen for seen in observations if seen.ratio == ratio]
        if len(_sizes(level)) >= _WITNESSES:
            return f"{float(lowest):g} per request in some windows and steadily {float(ratio):g} in others"
    return ""


def _disagreement(observations: Sequence[Observation]) -> str:
    by_ratio = {seen.ratio: seen.figures for seen in observations}
    if len(by_ratio) == 1:
        return f"{observations[0].figures}, seen too seldom to believe it"
    return " but ".join(by_ratio[ratio] for ratio in sorted(by_ratio)[:3])


def _sizes(observations: Iterable[Observation]) -> set[int]:
    return {seen.requests for seen in observations}
