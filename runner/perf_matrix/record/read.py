"""Reading a run folder, also one that is being written or that was interrupted anywhere."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from perf_matrix.errors import InputError
from perf_matrix.matrix.model import Cell
from perf_matrix.record.layout import (
    BLOCKS_FILE,
    EPOCHS_FILE,
    FAULTS_FILE,
    PHASES_FILE,
    PRESENCE_FILE,
    ROUND_TRIPS_FILE,
    RUN_FILE,
    SLOTS_FILE,
    SOAKS_FILE,
    TELEMETRY_FILE,
    UNDELAYED_FILE,
    WINDOWS_FILE,
    cell_folder,
)
from perf_matrix.record.lines import cannot_read, read_lines, reason
from perf_matrix.record.model import (
    SCHEMA_VERSION,
    CellRecord,
    EpochEnd,
    EpochStart,
    Fault,
    LoadSlot,
    PairedBlock,
    Phase,
    Presence,
    QueryWindow,
    RoundTripCheck,
    RunInfo,
    RunRecord,
    SoakSlot,
    TelemetrySeen,
    UndelayedBlock,
)

_EPOCH: TypeAdapter[EpochStart | EpochEnd] = TypeAdapter(EpochStart | EpochEnd)
_PRESENCE = TypeAdapter(Presence)
_WINDOW = TypeAdapter(QueryWindow)
_ROUND_TRIP = TypeAdapter(RoundTripCheck)
_BLOCK = TypeAdapter(PairedBlock)
_UNDELAYED = TypeAdapter(UndelayedBlock)
_SLOT = TypeAdapter(LoadSlot)
_SOAK = TypeAdapter(SoakSlot)
_TELEMETRY = TypeAdapter(TelemetrySeen)
_FAULT = TypeAdapter(Fault)
_PHASE = TypeAdapter(Phase)


def read_run(path: Path) -> RunRecord:
    """Read a whole run folder; torn last lines are dropped and said in the record's ``notes``.

    InputError, with file and line, if it is no run folder, is damaged, or was written by a newer version.
    """
    info = read_info(path)
    notes: list[str] = []
    cells = [_read_cell(path, cell, notes) for cell in info.cells]
    phases = read_lines(path / PHASES_FILE, _PHASE, notes)
    # Not validated again: reading did it, line by line.
    return RunRecord.model_construct(info=info, cells=cells, phases=phases, notes=notes)


def read_info(path: Path) -> RunInfo:
    """Read ``run.json``; InputError if there is none, it is damaged, or a newer version wrote it."""
    file = path / RUN_FILE
    try:
        text = file.read_bytes()
        _refuse_newer(file, text)
        return RunInfo.model_validate_json(text)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{path} is not a run folder: there is no {RUN_FILE} in it") from error
    except OSError as error:
        raise cannot_read(file, error) from error
    except ValidationError as error:
        raise InputError(f"{file}: {reason(error)}. The file was damaged or edited: measure again") from error


def _refuse_newer(file: Path, text: bytes) -> None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{file}: not a whole JSON document ({error}). It was damaged: measure again"
        ) from error
    found = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(found, int) and found > SCHEMA_VERSION:
        raise InputError(
            f"{file}: written by a newer perf-matrix (schema version {found}; "
            f"this one reads {SCHEMA_VERSION}). Read it with the version that wrote it, or upgrade this one"
        )


def _read_cell(path: Path, cell: Cell, notes: list[str]) -> CellRecord:
    folder = cell_folder(path, cell.id)
    epochs = read_lines(folder / EPOCHS_FILE, _EPOCH, notes)
    return CellRecord.model_construct(
        cell=cell,
        epochs_started=[line for line in epochs if isinstance(line, EpochStart)],
        epochs_ended=[line for line in epochs if isinstance(line, EpochEnd)],
        round_trips=read_lines(folder / ROUND_TRIPS_FILE, _ROUND_TRIP, notes),
        presence=read_lines(folder / PRESENCE_FILE, _PRESENCE, notes),
        windows=read_lines(folder / WINDOWS_FILE, _WINDOW, notes),
        blocks=read_lines(folder / BLOCKS_FILE, _BLOCK, notes),
        undelayed=read_lines(folder / UNDELAYED_FILE, _UNDELAYED, notes),
        slots=read_lines(folder / SLOTS_FILE, _SLOT, notes),
        soaks=read_lines(folder / SOAKS_FILE, _SOAK, notes),
        telemetry=read_lines(folder / TELEMETRY_FILE, _TELEMETRY, notes),
        faults=read_lines(folder / FAULTS_FILE, _FAULT, notes),
    )
