"""Reading OTLP exports: protobuf or JSON, compressed or not, and how many items of which service are in one."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from google.rpc.code_pb2 import INVALID_ARGUMENT  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

if TYPE_CHECKING:
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource

Unit = Literal["spans", "points", "records"]
MessageT = TypeVar("MessageT", bound=Message)

JSON = "application/json"
PROTOBUF = "application/x-protobuf"

_DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}


class UndecodableError(Exception):
    """A body that is not what its headers and its path say; the message says why."""


@dataclass(frozen=True)
class Items:
    """How many items a service exported. ``service`` is its ``service.name``, None where it gave none."""

    service: str | None
    count: int


@dataclass(frozen=True)
class Export:
    """The body of an export, and the two headers that say how to read it."""

    body: bytes
    content_type: str
    content_encoding: str

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    def read_into(self, message: MessageT) -> MessageT:
        """``message``, filled with what the body says. Raises UndecodableError."""
        if self.media_type not in (JSON, PROTOBUF):
            raise UndecodableError(f"the content type is {self.media_type!r}: send {PROTOBUF} or {JSON}")
        body = self._decompressed()
        try:
            if self.media_type == JSON:
                # OTLP writes ids in hexadecimal, which is read as the base64 that it happens to be as well:
                # nobody looks at them here.
                json_format.Parse(body, message, ignore_unknown_fields=True)
            else:
                message.ParseFromString(body)
        except (DecodeError, json_format.ParseError, UnicodeDecodeError, RecursionError) as error:
            raise UndecodableError(f"the body is not {self.media_type}: {error}") from error
        return message

    def _decompressed(self) -> bytes:
        encoding = self.content_encoding.strip().lower()
        if encoding not in _DECOMPRESS:
            raise UndecodableError(f"the content encoding is {encoding!r}: send gzip, deflate or none")
        try:
            return _DECOMPRESS[encoding](self.body)
        except (OSError, EOFError, zlib.error) as error:
            raise UndecodableError(f"the body is not {encoding}: {error}") from error


@dataclass(frozen=True)
class Signal:
    """One kind of telemetry: what its items are, how an export is read, and what it is answered."""

    unit: Unit
    read: Callable[[Export], list[Items]]
    response: type[Message]


def _spans(export: Export) -> list[Items]:
    request = export.read_into(ExportTraceServiceRequest())
    return [
        Items(_service(part.resource), sum(len(scope.spans) for scope in part.scope_spans))
        for part in request.resource_spans
    ]


def _points(export: Export) -> list[Items]:
    request = export.read_into(ExportMetricsServiceRequest())
    return [
        Items(
            _service(part.resource),
            sum(_points_of(metric) for scope in part.scope_metrics for metric in scope.metrics),
        )
        for part in request.resource_metrics
    ]


def _records(export: Export) -> list[Items]:
    request = export.read_into(ExportLogsServiceRequest())
    return [
        Items(_service(part.resource), sum(len(scope.log_records) for scope in part.scope_logs))
        for part in request.resource_logs
    ]


TRACES = Signal("spans", _spans, ExportTraceServiceResponse)
METRICS = Signal("points", _points, ExportMetricsServiceResponse)
LOGS = Signal("records", _records, ExportLogsServiceResponse)


def accepted(signal: Signal, media_type: str) -> bytes:
    """The body that says that all of an export was taken."""
    return _body(signal.response(), media_type)


def rejected(reason: str, media_type: str) -> bytes:
    """The body that says why nothing of an export was taken."""
    return _body(Status(code=INVALID_ARGUMENT, message=reason), media_type)


def answer_type(media_type: str) -> str:
    """What an answer is written in: what the export was written in, protobuf where it was in neither."""
    return JSON if media_type == JSON else PROTOBUF


def _body(message: Message, media_type: str) -> bytes:
    if media_type == JSON:
        return json_format.MessageToJson(message, indent=None).encode()
    return message.SerializeToString()


def _service(resource: Resource) -> str | None:
    named = [each.value.string_value for each in resource.attributes if each.key == "service.name"]
    return named[0] if named else None


def _points_of(metric: Metric) -> int:
    kind = metric.WhichOneof("data")
    return len(getattr(metric, kind).data_points) if kind else 0
