"""The telemetry sink: what OpenTelemetry's own SDK sends arrives and is counted."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from perf_matrix.errors import MeasurementError
from perf_matrix.matrix.model import Sink
from perf_matrix.stacks.ports import free_port
from perf_matrix.stacks.telemetry import Telemetry, TelemetryCounts, read_counts

from .conftest import Start

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json; charset=utf-8"}
DELAY_MS = 400
NOTHING = TelemetryCounts(requests=0, rejected=0, spans=0, points=0, records=0, events=0, services={})
# As OTLP's own examples write them: ids in hexadecimal, numbers of 64 bits as text, a field of the future.
JSON_TRACE: dict[str, Any] = {
    "resourceSpans": [
        {
            "resource": {
                "attributes": [{"key": "service.name", "value": {"stringValue": "written in JSON"}}]
            },
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": "5B8EFFF798038103D269B633813FC60C",
                            "spanId": "EEE19B7EC3C1B174",
                            "parentSpanId": "",
                            "name": "one",
                            "startTimeUnixNano": "1544712660000000000",
                            "kind": 2,
                            "notYetKnown": {"a": 1},
                        }
                    ]
                }
            ],
        }
    ]
}


def counted(**numbers: Any) -> TelemetryCounts:
    return NOTHING.model_copy(update=numbers)


def finished_spans(count: int, service: str | None) -> tuple[ReadableSpan, ...]:
    kept = InMemorySpanExporter()
    # Resource.create would write a service.name of its own where there is none.
    provider = TracerProvider(resource=Resource({} if service is None else {"service.name": service}))
    provider.add_span_processor(SimpleSpanProcessor(kept))
    for number in range(count):
        provider.get_tracer("tests").start_span(f"span {number}").end()
    return kept.get_finished_spans()


def send(
    endpoint: str, count: int, service: str | None = "a service", compression: Compression | None = None
) -> None:
    exporter = OTLPSpanExporter(endpoint, compression=compression, timeout=30)
    assert exporter.export(finished_spans(count, service)) is SpanExportResult.SUCCESS


def test_nothing_has_come_at_first(sink: str) -> None:
    assert read_counts(sink) == NOTHING
    assert requests.get(f"{sink}/health", timeout=30).json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/v1/traces", "/api/public/otel", "/api/public/otel/v1/traces"])
def test_spans_arrive_and_are_counted(sink: str, path: str) -> None:
    send(sink + path, 3)
    send(sink + path, 2)
    services = {"a service": Telemetry(spans=5, points=0, records=0)}
    assert read_counts(sink) == counted(requests=2, spans=5, services=services)


@pytest.mark.parametrize("compression", list(Compression))
def test_spans_arrive_compressed_or_not(sink: str, compression: Compression) -> None:
    send(f"{sink}/v1/traces", 3, compression=compression)
    found = read_counts(sink)
    assert (found.requests, found.rejected, found.spans) == (1, 0, 3)


def test_a_batch_processor_loses_nothing(sink: str) -> None:
    provider = TracerProvider(resource=Resource({"service.name": "batches"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{sink}/v1/traces")))
    for number in range(1000):
        provider.get_tracer("tests").start_span(f"span {number}").end()
    provider.shutdown()
    found = read_counts(sink)
    assert (found.spans, found.rejected) == (1000, 0)
    assert 1 < found.requests < 1000


def test_services_are_told_apart(sink: str) -> None:
    send(f"{sink}/v1/traces", 3, "base")
    send(f"{sink}/v1/traces", 4, "head")
    send(f"{sink}/v1/traces", 5, None)
    found = read_counts(sink)
    assert found.spans == 12
    assert {name: service.spans for name, service in found.services.items()} == {"base": 3, "head": 4}


def test_data_points_of_metrics_are_counted(sink: str) -> None:
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{sink}/v1/metrics"), 3_600_000)
    provider = MeterProvider([reader], resource=Resource({"service.name": "metered"}))
    meter = provider.get_meter("tests")
    meter.create_counter("sums").add(1, {"a": 1})
    meter.create_histogram("histogram").record(1.5)
    gauge = meter.create_gauge("gauges")
    for value in range(3):
        gauge.set(value, {"which": value})
    provider.shutdown()
    services = {"metered": Telemetry(spans=0, points=5, records=0)}
    assert read_counts(sink) == counted(requests=1, points=5, services=services)


def test_log_records_are_counted(sink: str) -> None:
    provider = LoggerProvider(resource=Resource({"service.name": "logged"}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(f"{sink}/v1/logs")))
    for number in range(3):
        provider.get_logger("tests").emit(body=f"line {number}")
    provider.shutdown()
    services = {"logged": Telemetry(spans=0, points=0, records=3)}
    assert read_counts(sink) == counted(requests=3, records=3, services=services)


def test_json_is_taken_and_answered_as_well(sink: str) -> None:
    answer = requests.post(f"{sink}/v1/traces", data=json.dumps(JSON_TRACE), headers=JSON, timeout=30)
    assert (answer.status_code, answer.headers["content-type"], answer.json()) == (
        200,
        "application/json",
        {},
    )
    services = {"written in JSON": Telemetry(spans=1, points=0, records=0)}
    assert read_counts(sink) == counted(requests=1, spans=1, services=services)


def test_protobuf_is_answered_in_protobuf(sink: str) -> None:
    answer = requests.post(f"{sink}/v1/traces", data=b"", headers=PROTOBUF, timeout=30)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
    assert ExportTraceServiceResponse.FromString(answer.content) == ExportTraceServiceResponse()
    assert read_counts(sink) == counted(requests=1)


@pytest.mark.parametrize(
    ("body", "headers", "says"),
    [
        (b"garbage", PROTOBUF, "application/x-protobuf"),
        (ExportTraceServiceRequest().SerializeToString(), {}, "content type"),
        (b"{", JSON, "application/json"),
        (b'{"resourceSpans": 3}', JSON, "application/json"),
        (b"\xff\xfe", JSON, "application/json"),
        (b"[" * 100_000, JSON, "application/json"),
        (b"not compressed", {**PROTOBUF, "content-encoding": "gzip"}, "gzip"),
        (gzip.compress(b"")[:-4], {**PROTOBUF, "content-encoding": "gzip"}, "gzip"),
        (b"", {**PROTOBUF, "content-encoding": "br"}, "content encoding"),
    ],
)
def test_what_cannot_be_read_is_rejected_and_counted(
    sink: str, body: bytes, headers: Mapping[str, str], says: str
) -> None:
    answer = requests.post(f"{sink}/v1/traces", data=body, headers=headers, timeout=30)
    assert answer.status_code == 400
    if headers == JSON:
        message = answer.json()["message"]
    else:
        assert answer.headers["content-type"] == "application/x-protobuf"
        message = Status.FromString(answer.content).message
    assert says in message
    assert read_counts(sink) == counted(requests=1, rejected=1)


def test_another_path_is_not_taken(sink: str) -> None:
    assert requests.post(f"{sink}/v1/profiles", data=b"", headers=PROTOBUF, timeout=30).status_code == 404
    assert read_counts(sink) == NOTHING


# --- Langfuse's batches --------------------------------------------------------------------------


def test_a_batch_of_langfuse_is_counted(sink: str) -> None:
    batch = [{"id": str(number), "type": "trace-create", "body": {}} for number in range(3)]
    answer = requests.post(f"{sink}/api/public/ingestion", json={"batch": batch}, timeout=30)
    assert answer.status_code == 207
    assert answer.json() == {
        "successes": [{"id": str(number), "status": 201} for number in range(3)],
        "errors": [],
    }
    assert read_counts(sink) == counted(requests=1, events=3)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"batch": 3}', b'{"batch": [3]}'])
def test_what_is_no_batch_is_rejected_and_counted(sink: str, body: bytes) -> None:
    assert requests.post(f"{sink}/api/public/ingestion", data=body, timeout=30).status_code == 400
    assert read_counts(sink) == counted(requests=1, rejected=1)


# --- delay ---------------------------------------------------------------------------------------


def taken_ms(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def test_a_slow_sink_answers_exports_late_and_its_counts_at_once(start: Start) -> None:
    url = start(Sink(delay_ms=DELAY_MS)).url
    batch: dict[str, list[object]] = {"batch": []}
    assert taken_ms(lambda: send(f"{url}/v1/traces", 1)) >= DELAY_MS
    assert taken_ms(lambda: requests.post(f"{url}/api/public/ingestion", json=batch, timeout=30)) >= DELAY_MS
    assert min(taken_ms(lambda: read_counts(url)) for _ in range(5)) < DELAY_MS / 4


def test_an_export_that_its_sender_gave_up_on_is_counted(start: Start) -> None:
    url = start(Sink(delay_ms=60_000)).url
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"{url}/v1/traces", json=JSON_TRACE, headers=JSON, timeout=1)
    assert read_counts(url).spans == 1


# --- reading the counts --------------------------------------------------------------------------


def test_a_sink_that_is_not_there() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(MeasurementError, match=rf"the telemetry sink at {url} did not tell its counts: "):
        read_counts(url)


@pytest.mark.parametrize("path", ["/health", "/nothing"])
def test_something_else_than_counts(upstream: str, path: str) -> None:
    with pytest.raises(MeasurementError, match="did not tell its counts"):
        read_counts(f"{upstream}{path}?")
