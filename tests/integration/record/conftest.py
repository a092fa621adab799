from __future__ import annotations

import pytest

from perf_matrix.matrix.model import Cell, Endpoint, MatrixFile, Request
from perf_matrix.record.model import HostInfo, RunInfo, SubjectInfo


@pytest.fixture(scope="session")
def info() -> RunInfo:
    cells = [Cell(id=f"callbacks={name}", variants={"callbacks": name}) for name in ("none", "langfuse-otel")]
    return RunInfo(
        perf_matrix="0.1.0",
        started_at=1_764_000_000.25,
        seed=7,
        subjects={
            "base": SubjectInfo(spec="service==1.0", version="1.0"),
            "head": SubjectInfo(spec="git:HEAD", version="1.1", packages={"httpx": "0.28"}),
        },
        arguments=["a==1", "a==2"],
        matrix=MatrixFile(version=1, workload="workloads/proxy.yml"),
        endpoints=[
            Endpoint(
                name="chat", request=Request(method="POST", path="/chat", body={"messages": [{"a": "é"}]})
            )
        ],
        cells=cells,
        host=HostInfo(
            system="Linux",
            machine="x86_64",
            cpu_model="?",
            cpus=2,
            memory_bytes=8 << 30,
            python="3.11",
            user_is_root=False,
        ),
    )
