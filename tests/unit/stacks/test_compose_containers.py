"""What the engine says of containers, in samples of the engine's own answers."""

from __future__ import annotations

from typing import Any

import pytest

from perf_matrix.record.model import Usage
from perf_matrix.stacks.compose.building import failed_step
from perf_matrix.stacks.compose.containers import end_of, usage_of

CPU = {"cpu_usage": {"total_usage": 1_500_000_000, "usage_in_kernelmode": 1}, "system_cpu_usage": 9}
CGROUP_1 = {
    "cpu_stats": CPU,
    "memory_stats": {
        "usage": 24_000_000,
        "stats": {
            "cache": 5_000_000,
            "inactive_file": 1,
            "total_inactive_file": 4_000_000,
            "total_rss": 19_000_000,
        },
    },
}
CGROUP_2 = {
    "cpu_stats": CPU,
    "memory_stats": {
        "usage": 24_000_000,
        "stats": {"anon": 19_000_000, "file": 5_000_000, "inactive_file": 3_000_000},
    },
}
# Of a container that ended meanwhile.
ENDED = {"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}}
OLDER = """\
#14 0.549 error: No solution found
#14 ERROR: executor failed running [/bin/sh -c uv pip install]: exit code: 1
------
 > [1.2.3 release 1/2] RUN uv pip install:
0.549 error: No solution found
------
failed to solve: executor failed running [/bin/sh -c uv pip install]: exit code: 1
"""
NEWER = """\
#14 0.549 error: No solution found
#14 ERROR: process "/bin/sh -c uv pip install" did not complete successfully: exit code: 1
------
 > [1.2.3 release 1/2] RUN uv pip install:
0.549 error: No solution found
------
Dockerfile:2

--------------------

   1 |     FROM base

   2 | >>> RUN uv pip install

--------------------

failed to solve: process "/bin/sh -c uv pip install" did not complete successfully: exit code: 1
"""


@pytest.mark.parametrize(
    ("sample", "memory_bytes"),
    [(CGROUP_1, 20_000_000), (CGROUP_2, 21_000_000)],
    ids=["version 1", "version 2"],
)
def test_usage_is_without_the_files_that_the_system_keeps(sample: dict[str, Any], memory_bytes: int) -> None:
    assert usage_of(sample) == Usage(cpu_s=1.5, memory_bytes=memory_bytes)


def test_usage_of_a_container_that_has_ended() -> None:
    assert usage_of(ENDED) == Usage(cpu_s=0, memory_bytes=0)


@pytest.mark.parametrize(
    ("status", "code", "killed_for_memory", "words"),
    [
        ("exited", 0, False, "exited with status 0"),
        ("exited", 3, False, "exited with status 3"),
        ("exited", 137, False, "was killed by SIGKILL"),
        ("exited", 137, True, "was killed, since it used more memory than it may"),
        ("dead", 1, False, "exited with status 1"),
        ("paused", 0, False, "does not run: its container is paused"),
        ("created", 0, False, "does not run: its container is created"),
    ],
)
def test_how_a_container_ended(
    status: str,
    code: int,
    killed_for_memory: bool,  # noqa: FBT001 - as the engine tells it
    words: str,
) -> None:
    assert end_of({"Status": status, "ExitCode": code, "OOMKilled": killed_for_memory}) == words


@pytest.mark.parametrize("said", [OLDER, NEWER])
def test_of_a_failed_build_the_step_that_failed_is_told(said: str) -> None:
    first, second, *rest = failed_step(said)
    assert first == " > [1.2.3 release 1/2] RUN uv pip install:"
    assert second == "0.549 error: No solution found"
    assert rest[-1].startswith("failed to solve: ")


def test_a_build_that_fails_otherwise_is_told_by_its_last_lines() -> None:
    assert failed_step("#1 load\n\n#1 DONE\nfailed to solve: none: not found\n") == [
        "#1 load",
        "#1 DONE",
        "failed to solve: none: not found",
    ]
