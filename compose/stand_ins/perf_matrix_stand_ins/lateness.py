"""Answers that come as late as they are meant to: never earlier, and as little later as the machine allows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]

LATENCY_HEADER = "x-stand-in-latency-ms"
"""How late an answer was meant to be, in ms, on every answer that has a latency."""


class Lateness:
    """How late each answer is to be, one after the other, in ms.

    Without jitter all are the same and nothing is drawn. The same seed gives the same sequence.
    """

    def __init__(self, fixed_ms: float, jitter_ms: float = 0.0, seed: int = 0) -> None:
        self._fixed_ms = fixed_ms
        self._jitter_ms = jitter_ms
        self._random = random.Random(seed)  # noqa: S311 - it has to be repeatable

    def next_ms(self) -> float:
        """How late the next answer is to be."""
        if not self._jitter_ms:
            return self._fixed_ms
        return self._fixed_ms + self._random.uniform(0, self._jitter_ms)


def late(lateness: Lateness, answer: Handler) -> Handler:
    """``answer``, but given only when its time since the arrival of the request has passed."""

    async def answer_late(request: Request) -> Response:
        loop = asyncio.get_running_loop()
        arrived = loop.time()
        latency_ms = lateness.next_ms()
        response = await answer(request)
        response.headers[LATENCY_HEADER] = f"{latency_ms:.3f}"
        # The work of answering is within the latency, not on top of it.
        remaining_s = arrived + latency_ms / 1000 - loop.time()
        if remaining_s > 0:
            await asyncio.sleep(remaining_s)
        return response

    return answer_late
