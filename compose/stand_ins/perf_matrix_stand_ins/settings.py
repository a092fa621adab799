"""What can be set on the command line. Times are in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UpstreamSettings:
    """How late the upstream answers: ``latency_ms``, and up to ``jitter_ms`` on top, drawn from ``seed``."""

    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class SinkSettings:
    """How late the sink answers an export."""

    delay_ms: float = 0.0
