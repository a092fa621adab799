"""The telemetry sink: takes OTLP over HTTP and Langfuse's batches, and counts what it got.

An export is counted when it has come, before its answer, so one that its sender gave up on counts as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from perf_matrix_stand_ins import otlp
from perf_matrix_stand_ins.counts import Counts
from perf_matrix_stand_ins.lateness import Handler, Lateness, late
from perf_matrix_stand_ins.settings import SinkSettings

if TYPE_CHECKING:
    from starlette.requests import Request

OTLP_PATHS = {
    "/v1/traces": otlp.TRACES,
    "/v1/metrics": otlp.METRICS,
    "/v1/logs": otlp.LOGS,
    # Where Langfuse takes traces. Some exporters are given the first one as it is.
    "/api/public/otel": otlp.TRACES,
    "/api/public/otel/v1/traces": otlp.TRACES,
}


class Event(BaseModel):
    """An event of Langfuse, as far as it is looked at."""

    id: Any = None


class Batch(BaseModel):
    """What Langfuse's own clients send."""

    batch: list[Event]


def sink_app(settings: SinkSettings) -> Starlette:
    """The application: the exporters' paths, ``/counts`` and ``/health``."""
    counts = Counts()
    lateness = Lateness(settings.delay_ms)

    async def tell_counts(_request: Request) -> Response:
        return JSONResponse(counts.as_json())

    async def tell_health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    exports = {path: _otlp(signal, counts) for path, signal in OTLP_PATHS.items()}
    exports["/api/public/ingestion"] = _ingestion(counts)
    return Starlette(
        routes=[
            *(Route(path, late(lateness, take), methods=["POST"]) for path, take in exports.items()),
            Route("/counts", tell_counts),
            Route("/health", tell_health),
        ]
    )


def _otlp(signal: otlp.Signal, counts: Counts) -> Handler:
    async def take(request: Request) -> Response:
        counts.requests += 1
        headers = request.headers
        export = otlp.Export(
            await request.body(), headers.get("content-type", ""), headers.get("content-encoding", "")
        )
        answer_type = otlp.answer_type(export.media_type)
        try:
            counts.add_items(signal.unit, signal.read(export))
        except otlp.UndecodableError as error:
            counts.rejected += 1
            return Response(otlp.rejected(str(error), answer_type), 400, media_type=answer_type)
        return Response(otlp.accepted(signal, answer_type), media_type=answer_type)

    return take


def _ingestion(counts: Counts) -> Handler:
    async def take(request: Request) -> Response:
        counts.requests += 1
        try:
            events = Batch.model_validate_json(await request.body()).batch
        except ValidationError as error:
            counts.rejected += 1
            return JSONResponse({"message": "Invalid request data", "error": str(error)}, 400)
        counts.events += len(events)
        # What Langfuse answers: each event has a status of its own.
        successes = [{"id": event.id, "status": 201} for event in events]
        return JSONResponse({"successes": successes, "errors": []}, 207)

    return take
