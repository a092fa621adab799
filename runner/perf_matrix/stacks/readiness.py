"""Waiting until a proxy is ready, and is the version that it should be."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

import requests
from packaging.version import InvalidVersion, Version

from perf_matrix.errors import InputError, PartDiedError
from perf_matrix.matrix.quantities import seconds
from perf_matrix.targets.base import Target

READY_LIMIT_VARIABLE = "PERF_MATRIX_READY_LIMIT"
READY_LIMIT_S = 240.0
_POLL_S = 0.2
_ANSWER_LIMIT_S = 5.0


class Started(Protocol):
    """A proxy that was started, whoever runs it. ``started_at`` is on the monotonic clock."""

    @property
    def label(self) -> str:
        """What messages call it."""

    @property
    def url(self) -> str:
        """Its origin."""

    @property
    def started_at(self) -> float:
        """When it was started."""

    def check_port(self) -> None:
        """Raise where it is something else that listens on its port."""

    def check_alive(self) -> None:
        """Raise PartDiedError, with its last log lines, where it has ended."""

    def log_tail(self) -> list[str]:
        """The last lines that it wrote."""


def ready_limit_s(environ: Mapping[str, str]) -> float:
    """How long a proxy may take until it is ready: $PERF_MATRIX_READY_LIMIT (5m), else ``READY_LIMIT_S``.

    Raises InputError where that is no duration.
    """
    chosen = environ.get(READY_LIMIT_VARIABLE)
    if not chosen:
        return READY_LIMIT_S
    try:
        return float(seconds(chosen))
    except ValueError as error:
        raise InputError(f"{READY_LIMIT_VARIABLE}: {error}") from error


def wait_until_ready(
    proxy: Started,
    target: Target,
    version: str,
    *,
    waiting: Callable[[], None],
    limit_s: float = READY_LIMIT_S,
) -> float:
    """Wait until the proxy answers with ``version``; returns the seconds that it took since its start.

    ``waiting`` is called several times a second. Raises PartDiedError where it ends, takes longer than
    ``limit_s`` or says another version, and what ``check_port`` raises.
    """
    deadline = proxy.started_at + limit_s
    while time.monotonic() < deadline:
        # Before asking whether it lives: one that finds its port taken may end for that.
        proxy.check_port()
        proxy.check_alive()
        waiting()
        found = _ask_version(proxy, target)
        if found is not None:
            proxy.check_port()
            _check_version(proxy, found, version)
            return time.monotonic() - proxy.started_at
        time.sleep(_POLL_S)
    raise PartDiedError(f"{proxy.label} was not ready after {limit_s:.0f} s.", proxy.log_tail())


def _ask_version(proxy: Started, target: Target) -> str | None:
    try:
        answer = requests.get(proxy.url + target.ready_path, timeout=_ANSWER_LIMIT_S)
    except requests.RequestException:
        return None
    return target.ready_version(answer.text) if answer.ok else None


def _check_version(proxy: Started, found: str, version: str) -> None:
    if not _same_version(found, version):
        raise PartDiedError(
            f"{proxy.label} says that it is version {found}, not {version}.", proxy.log_tail()
        )


def _same_version(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other
