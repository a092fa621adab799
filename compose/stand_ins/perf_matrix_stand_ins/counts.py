"""What the telemetry sink has received since it started."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from perf_matrix_stand_ins.otlp import Items, Unit


@dataclass
class Telemetry:
    """Numbers of spans, of data points of metrics, and of log records."""

    spans: int = 0
    points: int = 0
    records: int = 0

    def add(self, unit: Unit, count: int) -> None:
        """Count ``count`` more of ``unit``."""
        setattr(self, unit, getattr(self, unit) + count)


@dataclass
class Counts(Telemetry):
    """All of it. ``requests`` are all exports that came, ``rejected`` those among them that could not be read.

    ``events`` are those of Langfuse's batches. ``services``: by ``service.name``, where one was given.
    """

    requests: int = 0
    rejected: int = 0
    events: int = 0
    services: dict[str, Telemetry] = field(default_factory=dict)

    def add_items(self, unit: Unit, items: Iterable[Items]) -> None:
        """Count what one export held."""
        for each in items:
            self.add(unit, each.count)
            if each.service is not None:
                self.services.setdefault(each.service, Telemetry()).add(unit, each.count)

    def as_json(self) -> dict[str, Any]:
        """In the form of ``GET /counts``."""
        return asdict(self)
