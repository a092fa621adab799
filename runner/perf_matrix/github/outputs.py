"""What a step leaves for the steps after it and for people: outputs, the step summary, workflow commands."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from perf_matrix.errors import MeasurementError

SUMMARY_LIMIT = 1024 * 1024
"""Bytes that GitHub takes of a step's summary; a longer one it drops as a whole."""
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_IN_TEXT = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = {**_IN_TEXT, ":": "%3A", ",": "%2C"}


def write_outputs(file: Path, outputs: Mapping[str, str]) -> None:
    """Append a step's outputs to the file that ``$GITHUB_OUTPUT`` names.

    Values may have several lines: each is written between delimiters that nobody can foresee, so that no value
    can end early and set an output of its own. Raises MeasurementError where the file cannot be written.
    """
    _append(file, "".join(_assigned(name, value) for name, value in outputs.items()))


def write_summary(file: Path, markdown: str) -> None:
    """Append to the file that ``$GITHUB_STEP_SUMMARY`` names. Raises MeasurementError where that fails."""
    _append(file, f"{markdown}\n")


def command(name: str, message: str, **properties: str) -> str:
    """A workflow command on one line: ``::warning file=a.py,line=3::text``. Nothing in it can begin another."""
    told = ",".join(f"{key}={_replaced(value, _IN_PROPERTY)}" for key, value in properties.items() if value)
    return f"::{name}{' ' if told else ''}{told}::{_replaced(message, _IN_TEXT)}"


def _assigned(name: str, value: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of an output")
    delimiter = f"end-{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _replaced(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(character, character) for character in text)


def _append(file: Path, text: str) -> None:
    try:
        with file.open("a", encoding="utf-8", newline="\n") as opened:
            opened.write(text)
    except OSError as error:
        raise MeasurementError(f"{file} cannot be written: {error.strerror}") from error
