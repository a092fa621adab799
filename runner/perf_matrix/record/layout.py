"""Where things lie in a run folder.

::

    run.json                            subjects, matrix, host, tools: written once, first
    phases.jsonl                        what the run was doing when
    cells/SLUG/epochs.jsonl             starts and ends of epochs
    cells/SLUG/queries/windows.jsonl    what the database did, window by window
    cells/SLUG/queries/presence.jsonl   first request of each endpoint to each arm
    cells/SLUG/queries/round-trips.jsonl what the delay before the database was measured to be
    cells/SLUG/paired/blocks.jsonl      blocks of request pairs
    cells/SLUG/paired/undelayed.jsonl   blocks without the delay that the cell has
    cells/SLUG/load/slots.jsonl         slots of load at a constant rate
    cells/SLUG/load/soaks.jsonl         longer ones, for what grows
    cells/SLUG/telemetry.jsonl          what the telemetry sink got
    cells/SLUG/faults.jsonl             why the cell could not be measured to its end
    cells/SLUG/logs/                    the logs of everything that ran
    .lock, .writer                      who is writing it (see `perf_matrix.record.lock`)

A file that has nothing to say does not exist. A merged run has no logs and nobody who is writing it.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from perf_matrix.record.model import (
    EpochEnd,
    EpochStart,
    Fault,
    LoadSlot,
    PairedBlock,
    Presence,
    QueryWindow,
    RoundTripCheck,
    SoakSlot,
    TelemetrySeen,
    UndelayedBlock,
)

RUN_FILE = "run.json"
UNFINISHED_RUN_FILE = "run.json.unfinished"
PHASES_FILE = "phases.jsonl"
# At the top of a bisect's folder, whose measurements are run folders below it.
BISECT_FILE = "bisect.json"

CellItem = (
    EpochStart
    | EpochEnd
    | RoundTripCheck
    | Presence
    | QueryWindow
    | PairedBlock
    | UndelayedBlock
    | LoadSlot
    | SoakSlot
    | TelemetrySeen
    | Fault
)

EPOCHS_FILE = "epochs.jsonl"
WINDOWS_FILE = "queries/windows.jsonl"
PRESENCE_FILE = "queries/presence.jsonl"
ROUND_TRIPS_FILE = "queries/round-trips.jsonl"
BLOCKS_FILE = "paired/blocks.jsonl"
UNDELAYED_FILE = "paired/undelayed.jsonl"
SLOTS_FILE = "load/slots.jsonl"
SOAKS_FILE = "load/soaks.jsonl"
TELEMETRY_FILE = "telemetry.jsonl"
FAULTS_FILE = "faults.jsonl"

_FILE_OF: dict[type[CellItem], str] = {
    EpochStart: EPOCHS_FILE,
    EpochEnd: EPOCHS_FILE,
    QueryWindow: WINDOWS_FILE,
    RoundTripCheck: ROUND_TRIPS_FILE,
    Presence: PRESENCE_FILE,
    PairedBlock: BLOCKS_FILE,
    UndelayedBlock: UNDELAYED_FILE,
    LoadSlot: SLOTS_FILE,
    SoakSlot: SOAKS_FILE,
    TelemetrySeen: TELEMETRY_FILE,
    Fault: FAULTS_FILE,
}

_READABLE = 80


def slug(cell_id: str) -> str:
    """Return a folder name for a cell: safe on any file system, readable, and different for different ids.

    Ids can be longer than the 255 bytes that a file name may have, and replacing characters can make two of
    them equal; so a digest of the id is part of the name.
    """
    readable = re.sub(r"[^a-z0-9.]+", "-", cell_id.lower()).strip("-.")[:_READABLE]
    digest = hashlib.sha256(cell_id.encode()).hexdigest()[:12]
    return f"{readable}-{digest}" if readable else digest


def cell_folder(run: Path, cell_id: str) -> Path:
    """Return the folder of a cell."""
    return run / "cells" / slug(cell_id)


def logs_folder(run: Path, cell_id: str) -> Path:
    """Return the folder for the logs of a cell's services."""
    return cell_folder(run, cell_id) / "logs"


def file_of(run: Path, cell_id: str, item: CellItem) -> Path:
    """Return the file that an item of a cell belongs in."""
    return cell_folder(run, cell_id) / _FILE_OF[type(item)]


def cell_files(run: Path, cell_id: str) -> list[Path]:
    """Return the files of lines that a cell has."""
    files = [cell_folder(run, cell_id) / name for name in sorted(set(_FILE_OF.values()))]
    return [file for file in files if file.exists()]
