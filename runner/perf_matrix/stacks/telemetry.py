"""What the telemetry sink of a stack has received."""

from __future__ import annotations

import requests
from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from perf_matrix.errors import MeasurementError

_ANSWER_LIMIT_S = 5.0


class Telemetry(BaseModel):
    """Numbers of spans, of data points of metrics, and of log records."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spans: NonNegativeInt
    points: NonNegativeInt
    records: NonNegativeInt


class TelemetryCounts(Telemetry):
    """All that the sink has received since it started.

    ``requests`` are all exports that came, ``rejected`` those among them that could not be read; ``events`` are
    those of Langfuse's batches. ``services``: by the ``service.name`` of the sender, where it gave one.
    """

    requests: NonNegativeInt
    rejected: NonNegativeInt
    events: NonNegativeInt
    services: dict[str, Telemetry]


def read_counts(url: str) -> TelemetryCounts:
    """Ask the sink whose origin is ``url``. Raises MeasurementError where it does not answer with its counts."""
    try:
        answer = requests.get(f"{url}/counts", timeout=_ANSWER_LIMIT_S)
        answer.raise_for_status()
        return TelemetryCounts.model_validate_json(answer.content)
    except (requests.RequestException, ValidationError) as error:
        raise MeasurementError(f"the telemetry sink at {url} did not tell its counts: {error}") from error
