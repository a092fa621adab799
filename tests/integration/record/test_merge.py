"""Run folders of several machines as one: what is found, taken and written, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from perf_matrix.compare.compare import compare
from perf_matrix.errors import InputError, MeasurementError
from perf_matrix.record.folder import RunFolder
from perf_matrix.record.layout import CellItem, cell_folder
from perf_matrix.record.merge import BROKE_OFF, NO_RESULT, merge
from perf_matrix.record.merged_folder import write_merged
from perf_matrix.record.model import CellRecord, Fault, RunRecord
from perf_matrix.record.parts import MOST_BYTES, find_runs, read_parts
from perf_matrix.record.read import read_run
from tests.unit.record.runners import FOUR, ONE, OTEL_ONE, cell, measured, run

NOW = 1_764_000_999.0


def everything(record: CellRecord) -> list[CellItem]:
    return [
        *record.epochs_started,
        *record.presence,
        *record.windows,
        *record.blocks,
        *record.epochs_ended,
        *record.faults,
    ]


def write(folder: Path, record: RunRecord) -> Path:
    """The run folder that a runner would have left."""
    with RunFolder.create(folder, record.info) as written:
        for phase in record.phases:
            written.append_phase(phase)
        for each in record.cells:
            for item in everything(each):
                written.append(each.cell.id, item)
            written.logs(each.cell.id).joinpath("proxy.log").write_text("log")
    return folder


def merged(places: list[Path], out: Path, planned: list[str] | None = None) -> RunRecord:
    write_merged(out, merge(read_parts(find_runs(places)), planned), NOW)
    return read_run(out)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def refusal(run_folder: Path) -> str:
    with pytest.raises(InputError) as raised:
        read_parts(find_runs([run_folder]))
    return str(raised.value)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """What two runners left, as artifacts are downloaded."""
    write(tmp_path / "results" / "perf-one", run(measured(ONE)))
    write(tmp_path / "results" / "perf-four", run(measured(FOUR, effect=1.5, statements=5), seconds=90))
    return tmp_path / "results"


def test_runs_of_one_cell_are_what_one_machine_would_have_recorded(two: Path, tmp_path: Path) -> None:
    cells = [measured(ONE), measured(FOUR, effect=1.5, statements=5)]
    whole = read_run(write(tmp_path / "whole", run(*cells)))
    put_together = merged([two], tmp_path / "merged")
    assert put_together.cells == whole.cells
    assert put_together.notes == []
    one, other = compare(whole), compare(put_together)
    assert other.cells == one.cells
    assert (other.verdict, other.findings, other.gate) == (one.verdict, one.findings, one.gate)
    assert other.verdict == "regression"


def test_only_the_correction_for_many_tests_knows_of_the_other_cells(two: Path, tmp_path: Path) -> None:
    together = compare(merged([two], tmp_path / "merged"))
    alone = [compare(read_run(two / name)) for name in ("perf-one", "perf-four")]
    assert together.gate.tests == sum(each.gate.tests for each in alone) == 2
    for found, before in zip(together.cells, (each.cells[0] for each in alone), strict=True):
        assert found.model_copy(update={"endpoints": before.endpoints}) == before
        paired, own = found.endpoints[0].paired, before.endpoints[0].paired
        assert paired
        assert paired.p50
        assert own
        assert own.p50
        assert paired.p50.p_adjusted is not None
        assert own.p50.p_adjusted is not None
        assert paired.p50.p_adjusted >= own.p50.p_adjusted
        same = paired.p50.model_copy(update={"p_adjusted": own.p50.p_adjusted})
        assert (same, found.endpoints[0].queries) == (own.p50, before.endpoints[0].queries)


def test_times_are_those_of_all_runners(two: Path, tmp_path: Path) -> None:
    timings = compare(merged([two], tmp_path / "merged")).timings
    assert (timings.total_s, timings.measuring_s, timings.runners) == (300.0, 150.0, 2)
    assert timings.phases == {"prepare the subjects": 150.0, "measure": 150.0}


def test_a_lost_runner_makes_its_cell_invalid(two: Path, tmp_path: Path) -> None:
    shutil.rmtree(two / "perf-four")
    record = merged([two], tmp_path / "merged", planned=[ONE, FOUR])
    assert record.cells[1] == CellRecord(cell=cell(FOUR), faults=[Fault(at=NOW, message=NO_RESULT)])
    found = compare(record)
    assert (found.verdict, [each.verdict for each in found.cells]) == ("invalid", ["pass", "invalid"])
    assert f"{FOUR}: {NO_RESULT}" in found.warnings
    assert list(found.hosts) == [ONE]
    assert "--resume" not in found.model_dump_json()


def test_a_runner_that_ended_early_makes_its_cell_invalid(two: Path, tmp_path: Path) -> None:
    early = measured(OTEL_ONE)
    early = early.model_copy(update={"epochs_ended": early.epochs_ended[:1]})
    write(two / "perf-otel", run(early))
    # Alone it would have passed, with a warning.
    assert compare(read_run(two / "perf-otel")).verdict == "pass"
    found = compare(merged([two], tmp_path / "merged")).cells
    assert {each.id: each.verdict for each in found}[OTEL_ONE] == "invalid"
    assert found[2].fault == BROKE_OFF


def test_faults_are_kept_and_not_doubled(two: Path, tmp_path: Path) -> None:
    died = Fault(at=5, message="the proxy died", log_tail=["boom"])
    write(two / "perf-otel", run(CellRecord(cell=cell(OTEL_ONE), faults=[died])))
    assert merged([two], tmp_path / "merged").cells[2].faults == [died]


def test_torn_lines_are_dropped_and_that_is_said(two: Path, tmp_path: Path) -> None:
    torn = cell_folder(two / "perf-one", ONE) / "paired" / "blocks.jsonl"
    torn.write_bytes(torn.read_bytes()[:-5])
    phases = two / "perf-one" / "phases.jsonl"
    phases.write_bytes(phases.read_bytes() + b'{"name": "torn')
    faults = cell_folder(two / "perf-four", FOUR) / "faults.jsonl"
    faults.write_bytes(b'{"at": 1')
    ends = faults.with_name("epochs.jsonl")
    ends.write_bytes(ends.read_bytes()[:-1])
    record = merged([two], tmp_path / "merged")
    assert record.notes == []
    assert [fault.message for each in record.cells for fault in each.faults] == [BROKE_OFF]
    assert (len(record.cells[0].blocks), len(record.phases)) == (39, 4)
    warnings = compare(record).warnings
    for file in (torn, phases, faults, ends):
        assert any(line.startswith(f"{file}: the last line was torn") for line in warnings)


@pytest.mark.parametrize("place", ["", "results", "results/perf-one"])
def test_runs_are_found_up_to_two_levels_below(two: Path, place: str) -> None:
    names = [each.name for each in find_runs([two.parent / place])]
    assert names == (["perf-one"] if place.endswith("one") else ["perf-four", "perf-one"])


def test_each_run_is_found_once_and_nothing_is_found_in_what_is_not_there(two: Path) -> None:
    assert find_runs([two, two / "perf-one", two / "missing", two / "perf-one" / "run.json"]) == [
        two / "perf-four",
        two / "perf-one",
    ]
    shutil.move(two, two.parent / "a" / "b" / "c")
    assert find_runs([two.parent]) == []


def test_only_known_files_are_copied(two: Path, tmp_path: Path) -> None:
    for name in ("run.sh", "cells/evil", "comparison.json", "report.md"):
        (two / "perf-one" / name).write_text("#!/bin/sh")
    (cell_folder(two / "perf-one", ONE) / "paired" / "extra.jsonl").write_text("{}")
    merged([two], tmp_path / "merged")
    (one, four) = (f"cells/{cell_folder(Path(), each).name}/" for each in (ONE, FOUR))
    known = ["epochs.jsonl", "paired/blocks.jsonl", "queries/presence.jsonl", "queries/windows.jsonl"]
    assert files(tmp_path / "merged") == {
        "run.json",
        "phases.jsonl",
        *(folder + name for folder in (one, four) for name in known),
    }


@pytest.mark.parametrize(
    "place",
    [
        "run.json",
        "phases.jsonl",
        "cells",
        "cells/CELL",
        "cells/CELL/paired",
        "cells/CELL/paired/blocks.jsonl",
    ],
)
def test_links_are_refused(two: Path, tmp_path: Path, place: str) -> None:
    link = two / "perf-one" / place.replace("CELL", cell_folder(Path(), ONE).name)
    elsewhere = tmp_path / "elsewhere"
    link.rename(elsewhere)
    link.symlink_to(elsewhere)
    assert refusal(two) == (
        f"{link} is a symbolic link, which may lead anywhere. No run has one: leave it out"
    )


def test_links_to_runs_are_refused_and_a_named_one_is_followed(two: Path, tmp_path: Path) -> None:
    link = tmp_path / "links" / "perf-one"
    link.parent.mkdir()
    link.symlink_to(two / "perf-one")
    assert refusal(link.parent).startswith(f"{link} is a symbolic link")
    assert find_runs([link]) == [link]


def test_a_name_that_writes_to_the_log_is_refused(two: Path) -> None:
    (two / "perf-one").rename(two / "x\n::error::y")
    assert refusal(two) == rf"{two}/x\n::error::y has a name that no run has: leave it out"


@pytest.mark.parametrize("name", ["run.json", "phases.jsonl"])
def test_what_is_no_file_is_refused(two: Path, name: str) -> None:
    pipe = two / "perf-one" / name
    pipe.unlink()
    os.mkfifo(pipe)
    assert refusal(two) == f"{pipe} is not a file. No run has that: leave this folder out"


def test_there_is_a_limit_for_all_runs_together(two: Path) -> None:
    runs = find_runs([two])
    size = sum(
        file.stat().st_size for file in two.rglob("*") if file.suffix == ".jsonl" or file.name == "run.json"
    )
    assert len(read_parts(runs, size)) == 2
    with pytest.raises(InputError, match=r"perf-one is larger than any run: [\d,]+ bytes, where [\d,]+ are"):
        read_parts(runs, size - 1)


def test_an_empty_gigabyte_is_not_read(two: Path) -> None:
    os.truncate(cell_folder(two / "perf-one", ONE) / "epochs.jsonl", MOST_BYTES)
    assert "perf-one is larger than any run: 2,147," in refusal(two)
    os.truncate(two / "perf-one" / "run.json", MOST_BYTES - 1)
    assert f"{two}/perf-one is larger than any run: 2,147,483,647 bytes, where 67,108,864 are" in refusal(two)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[" * 200_000, "not a whole JSON document"),
        (b'{"schema_version": 1, "x\\n::stop-commands::\\u001b[2J": 1}', "Field required"),
        (b'{"cells": [{"id": "x", "variants": {}, "y\\n::error::": 1}]}', None),
        (b"\xff\xfe", "not a whole JSON document"),
        (b"null", "should be an object"),
    ],
)
def test_a_damaged_run_file_is_refused_on_one_line(two: Path, content: bytes, words: str | None) -> None:
    (two / "perf-one" / "run.json").write_bytes(content)
    said = refusal(two)
    assert said.startswith(f"{two}/perf-one/run.json: ")
    assert said.isprintable()
    assert words is None or words in said


def test_keys_that_somebody_made_up_are_shown_on_one_line(two: Path) -> None:
    file = two / "perf-one" / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"x\n::error::y\x1b[2J": 1}))
    assert r"run.json: x\n::error::y\x1b[2J: Extra inputs are not permitted" in refusal(two)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_what_is_no_number_is_refused(two: Path, number: str) -> None:
    file = two / "perf-one" / "run.json"
    file.write_text(file.read_text().replace("1764000000.0", number))
    assert "run.json: started_at: " in refusal(two)
    shutil.rmtree(two / "perf-one")
    phases = two / "perf-four" / "phases.jsonl"
    phases.write_text(phases.read_text().replace("90.0", number))
    assert "phases.jsonl:1: seconds: " in refusal(two)


def test_a_damaged_line_is_named(two: Path) -> None:
    file = cell_folder(two / "perf-one", ONE) / "epochs.jsonl"
    file.write_text(file.read_text() + "{}\n")
    assert f"{file}:5: " in refusal(two)


def test_names_that_lead_elsewhere_lead_nowhere(two: Path, tmp_path: Path) -> None:
    file = two / "perf-one" / "run.json"
    file.write_text(file.read_text().replace(ONE, "../../../../elsewhere"))
    with pytest.raises(InputError, match=r"its matrix has no cell ../../../../elsewhere"):
        merged([two], tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_it_is_written_as_a_whole_or_not_at_all(two: Path, tmp_path: Path) -> None:
    whole = merge(read_parts(find_runs([two])), None)
    shutil.rmtree(cell_folder(two / "perf-one", ONE) / "paired")
    (cell_folder(two / "perf-one", ONE) / "paired" / "blocks.jsonl").mkdir(parents=True)
    out = tmp_path / "new" / "merged"
    with pytest.raises(MeasurementError, match=rf"{out}: cannot be written: Is a directory\. The runs them"):
        write_merged(out, whole, NOW)
    assert list(out.parent.iterdir()) == []


def test_an_empty_folder_is_filled_and_another_is_refused(two: Path, tmp_path: Path) -> None:
    out = tmp_path / "merged"
    out.mkdir()
    merged([two], out)
    with pytest.raises(InputError, match="holds a run already"):
        merged([two], out)
