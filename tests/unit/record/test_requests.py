"""What is sent to a cell: its own requests where it has a data scale of its own, else the run's."""

from __future__ import annotations

from perf_matrix.matrix.model import Cell, Endpoint, MatrixFile, Request
from perf_matrix.record.model import HostInfo, Requests, RunInfo, SubjectInfo


def endpoint(path: str) -> Endpoint:
    return Endpoint(name="users", request=Request(path=path))


OWN = Requests(
    endpoints=[endpoint("/large")], other_pages=[endpoint("/large/10")], grown=[endpoint("/larger")]
)
INFO = RunInfo(
    perf_matrix="0.1.0",
    started_at=0.0,
    seed=1,
    subjects={"head": SubjectInfo(spec="litellm==1.81.0", version="1.81.0")},
    matrix=MatrixFile(version=1, workload="w.yml"),
    endpoints=[endpoint("/small")],
    other_pages=[endpoint("/small/10")],
    grown=[endpoint("/grown")],
    own_requests={"scale=large": OWN},
    cells=[Cell(id="scale=small", variants={}), Cell(id="scale=large", variants={})],
    host=HostInfo(
        system="", machine="", cpu_model="", cpus=2, memory_bytes=0, python="3.11", user_is_root=False
    ),
)


def test_a_cell_with_a_scale_of_its_own_has_its_own_requests() -> None:
    assert INFO.requests_of("scale=large") == OWN


def test_every_other_cell_has_the_runs() -> None:
    assert INFO.requests_of("scale=small") == Requests(
        endpoints=[endpoint("/small")], other_pages=[endpoint("/small/10")], grown=[endpoint("/grown")]
    )


def test_they_are_in_the_file() -> None:
    assert RunInfo.model_validate_json(INFO.model_dump_json()) == INFO


def test_a_run_from_before_there_were_any_is_read() -> None:
    info = RunInfo.model_validate_json(INFO.model_dump_json(exclude={"own_requests"}))
    assert info.requests_of("scale=large").endpoints == [endpoint("/small")]
