"""The end of a command that compared: the files in the run folder, the report, the exit code."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import click

from perf_matrix.compare.model import Comparison
from perf_matrix.record.lines import cannot_write
from perf_matrix.record.read import read_run
from perf_matrix.report import closing_line, exit_code, render_html, render_markdown, render_terminal

_WIDEST = 160


def conclude(folder: Path, *, as_json: bool) -> None:
    """Compare what is in the run folder, write the files, print the report, exit with what it means."""
    # Statistics take seconds to import, and an error message or a help text should not wait for them.
    from perf_matrix.compare.compare import compare  # noqa: PLC0415

    record = read_run(folder)
    comparison = compare(record)
    reproduce = shlex.join(["perf-matrix", "compare", *record.info.arguments])
    write_whole(folder / "comparison.json", comparison.model_dump_json(indent=2) + "\n")
    write_whole(folder / "report.md", render_markdown(comparison, reproduce=reproduce))
    write_whole(folder / "report.html", render_html(comparison, reproduce=reproduce))
    _print(comparison, reproduce, folder)
    if as_json:
        click.echo(comparison.model_dump_json(indent=2))
    code = exit_code(comparison)
    click.echo(closing_line(comparison, str(folder / "report.html"), code), err=True)
    raise click.exceptions.Exit(code)


def write_whole(file: Path, text: str) -> None:
    """Replace a file as a whole or not at all. Raises MeasurementError where it cannot be written."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        unfinished.write_bytes(text.encode())
        unfinished.replace(file)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise cannot_write(file, error) from error


def width() -> int:
    """How wide a report may be here."""
    return min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)


def _print(comparison: Comparison, reproduce: str, folder: Path) -> None:
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    text = render_terminal(
        comparison, width=width(), colour=colour, reproduce=reproduce, report=str(folder / "report.html")
    )
    click.echo(text, err=True, color=colour)
