"""``perf-matrix bisect``: which release, or which commit, made what slower."""

from __future__ import annotations

import os
import re
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click
from click.core import ParameterSource

import perf_matrix
from perf_matrix.cache import cache_root
from perf_matrix.commands.bisect_step import STOP, say, step
from perf_matrix.commands.concluding import width, write_whole
from perf_matrix.commands.options import BACKEND, CELL, DEFAULT_MATRIX, ENDPOINTS, MATRIX, METRICS, Duration
from perf_matrix.commands.running import RUNS, Interrupted
from perf_matrix.errors import InputError
from perf_matrix.experiment.display import open_display
from perf_matrix.experiment.phases import Phases
from perf_matrix.experiment.request import BackendChoice
from perf_matrix.experiment.surroundings import Surroundings
from perf_matrix.matrix.model import GatedMetric
from perf_matrix.matrix.read import read_matrix
from perf_matrix.shipped import resolve_matrix
from perf_matrix.targets.registry import find_target

if TYPE_CHECKING:
    from perf_matrix.bisect.choosing import Chosen, Range
    from perf_matrix.bisect.model import Bisection
    from perf_matrix.bisect.store import BisectRequest

_UNDECIDED = 4
_WITH_RESUME = ("--resume", "--time", "--json")
_STANDARD_INPUT = "<stdin>"
_MOST_SURE = 99.9


class _Confidence(click.ParamType[float]):
    """95; 95%; 0.95."""

    name = "confidence"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(str(value).removesuffix("%"))
        except ValueError:
            number = 0.0
        percent = number if number > 1 else 100 * number
        if not 50 < percent <= _MOST_SURE:  # noqa: PLR2004 - percent
            self.fail(f"{value!r} is no confidence: write a percentage from 51 to {_MOST_SURE}", param, ctx)
        return percent / 100


class _BisectCommand(click.Command):
    """``perf-matrix bisect GOOD BAD``; and ``perf-matrix bisect step``, which is another command."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """As usual, unless the first word says which command it is."""
        if args[:1] == ["step"]:
            return step.make_context(f"{info_name} step", args[1:], parent, **extra)
        context = super().make_context(info_name, args, parent, **extra)
        if context.params.get("good") == "step":
            # Git would take the exit code of wrong usage for "bad".
            refusal = "perf-matrix: write step right after bisect: perf-matrix bisect step --on …"
            say(lambda: click.echo(refusal, err=True))
            raise click.exceptions.Exit(STOP)
        return context


@dataclass(frozen=True)
class _Asked:
    """What the user asked; the fields are the names of the options."""

    good: str | None
    bad: str | None
    repo: Path | None
    all_parents: bool
    tags: str | None
    listed: TextIO | None
    pre: bool
    exclude: tuple[str, ...]
    on: tuple[str, ...]
    matrix: str
    cells: tuple[str, ...]
    endpoints: tuple[str, ...]
    metrics: tuple[GatedMetric, ...] | None
    backend: BackendChoice
    time_s: float | None
    confidence: float
    scan: bool
    out: Path | None

    def range(self) -> Range:
        """What to choose the versions from. Reads the list."""
        from perf_matrix.bisect.choosing import Range  # noqa: PLC0415 - see _begin
        from perf_matrix.bisect.history.releases import ReleaseChoice  # noqa: PLC0415

        listed = None if self.listed is None else (self.listed.read(), self.listed.name)
        choice = ReleaseChoice(self.pre, self.exclude)
        return Range(self.good, self.bad, self.repo, self.tags, listed, choice, self.all_parents)

    def request(self, chosen: Chosen) -> BisectRequest:
        """The request that a bisect's folder keeps."""
        from perf_matrix.bisect.store import BisectRequest  # noqa: PLC0415 - see _begin

        return BisectRequest(
            perf_matrix=perf_matrix.__version__,
            started_at=time.time(),
            seed=int.from_bytes(os.urandom(4)),
            good=chosen.good,
            bad=chosen.bad,
            history=chosen.history,
            repository=chosen.repository,
            all_parents=self.all_parents,
            scan=self.scan,
            on=list(self.on),
            matrix=self.matrix,
            cells=list(self.cells),
            endpoints=list(self.endpoints),
            metrics=list(self.metrics or ()),
            backend=self.backend,
            confidence=self.confidence,
            time_s=self.time_s,
            arguments=self.arguments(),
        )

    def arguments(self) -> list[str]:
        """What comes after `perf-matrix bisect` to ask for it again."""
        options: list[tuple[str, object]] = [
            ("--repo", self.repo),
            ("--tags", self.tags),
            ("--list", self.listed.name.replace(_STANDARD_INPUT, "-") if self.listed else None),
        ]
        options += [("--exclude", each) for each in self.exclude]
        options += [("--on", each) for each in self.on]
        options += [("--matrix", self.matrix if self.matrix != DEFAULT_MATRIX else None)]
        options += [("--cell", each) for each in self.cells]
        options += [("--endpoints", each) for each in self.endpoints]
        options += [("--metrics", ",".join(self.metrics) if self.metrics else None)]
        options += [("--backend", self.backend if self.backend != "auto" else None)]
        options += [("--confidence", f"{100 * self.confidence:g}%" if self.confidence != _DEFAULT else None)]
        flags = [("--all-parents", self.all_parents), ("--pre", self.pre), ("--scan", self.scan)]
        return [
            *(end for end in (self.good, self.bad) if end is not None),
            *(word for name, value in options if value is not None for word in (name, str(value))),
            *(name for name, given in flags if given),
        ]


_DEFAULT = 0.95


@click.command(cls=_BisectCommand, short_help="Name the release, or the commit, that made what slower.")
@click.argument("good", required=False)
@click.argument("bad", required=False)
@click.option(
    "--repo",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Search the commits of this checkout: GOOD and BAD are branches, tags or hashes.",
)
@click.option(
    "--all-parents",
    is_flag=True,
    help="Open up merge commits that turn out to be culprits: search what they merged, too.",
)
@click.option(
    "--tags", metavar="GLOB", help="With --repo: search the tags that match instead of every commit."
)
@click.option(
    "--list",
    "listed",
    type=click.File(encoding="utf-8", errors="replace"),
    metavar="FILE",
    help="Search the versions in this file, one subject a line, the good end first ('-' for standard input).",
)
@click.option("--pre", is_flag=True, help="Pre-releases are candidates, too.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Pass over these releases. May be repeated.")
@click.option(
    "--on",
    multiple=True,
    metavar="ENDPOINT[/METRIC]",
    help="Search only this: 'chat-*', 'chat-*/queries', '*/p50'. Metrics: queries, answers, p50, p95, p99, errors, "
    "memory. May be repeated.",
)
@MATRIX
@CELL
@ENDPOINTS
@METRICS
@BACKEND
@click.option(
    "--time",
    "time_s",
    type=Duration(),
    metavar="TIME",
    help="Begin no measurement after so long: 20m.",
)
@click.option(
    "--confidence",
    type=_Confidence(),
    default="95%",
    show_default=True,
    metavar="PERCENT",
    help="How sure an answer on latencies has to be. Counts are always certain.",
)
@click.option(
    "--scan", is_flag=True, help="Count on every version: no pair of opposite changes stays unseen."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the bisect. A new one under ./perf-matrix-runs unless told.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Go on with the bisect in DIR; with --time, for so much longer.",
)
@click.option("--json", "as_json", is_flag=True, help="Print bisection.json on standard output.")
def bisect(resume: Path | None, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - a flag of the command line
    """Name the versions between GOOD and BAD that changed what differs between them.

    GOOD and BAD are releases (litellm==1.80.5), container images (image:NAME:TAG), or with --repo commits of a
    checkout. First both ends are measured, twice. Then every finding between them is searched for at once: SQL
    statements are counted, which is exact and takes seconds for each version; latencies are compared with the
    good end as often as it takes to be sure. Every culprit is measured once more beside its parent.

    \b
    Examples:
      perf-matrix bisect litellm==1.80.5 litellm==1.81.3
      perf-matrix bisect litellm==1.80.5 litellm==1.81.3 --on 'chat-*' --time 10m
      perf-matrix bisect --repo ../litellm v1.80.8 v1.80.9 --on chat-virtual-key/queries
      git bisect run perf-matrix bisect step --on chat-virtual-key/queries

    \b
    Exit codes: 0 every culprit is named; 2 wrong input; 3 the measurement failed;
    4 the ends are alike, or time was over before all was found.
    """
    asked = _Asked(**options)
    if resume is None:
        folder = asked.out or _new_folder(asked)
        bisection = _begin(asked, folder)
    else:
        _refuse_besides(click.get_current_context())
        folder = resume
        bisection = _go_on(folder, asked.time_s)
    _conclude(bisection, folder, as_json=as_json)


def _refuse_besides(context: click.Context) -> None:
    """What was asked for then is not changed later: it would be wrong for what was measured already."""
    given = [
        param.opts[0] if isinstance(param, click.Option) else param.human_readable_name
        for param in context.command.params
        if param.name and context.get_parameter_source(param.name) is ParameterSource.COMMANDLINE
    ]
    others = [name for name in given if name not in _WITH_RESUME]
    if others:
        names = " and ".join([", ".join(others[:-1]), others[-1]] if others[1:] else others)
        raise InputError(f"--resume DIR goes on with what was asked for then: leave out {names}")


def _new_folder(asked: _Asked) -> Path:
    """The folder where the user names none."""
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    ends = [
        re.sub(r"[^A-Za-z0-9.]+", "-", end.split("==")[-1])[:20] for end in (asked.good, asked.bad) if end
    ]
    return RUNS / "-".join([moment, "bisect", *ends])


def _begin(asked: _Asked, folder: Path) -> Bisection:
    # Statistics take seconds to import, and an error message or a help text should not wait for them.
    from perf_matrix.bisect.choosing import choose  # noqa: PLC0415
    from perf_matrix.bisect.starting import start_bisect  # noqa: PLC0415
    from perf_matrix.stacks.compose.engine import find_engine  # noqa: PLC0415

    target = find_target(read_matrix(resolve_matrix(asked.matrix)).target)
    chosen = choose(asked.range(), target, lambda: find_engine().client)
    request = asked.request(chosen)
    return _measuring(folder, lambda outside: start_bisect(request, folder, target, outside))


def _go_on(folder: Path, time_s: float | None) -> Bisection:
    from perf_matrix.bisect.starting import resume_bisect  # noqa: PLC0415 - see _begin

    return _measuring(folder, lambda outside: resume_bisect(folder, time_s, outside))


def _measuring(folder: Path, work: Callable[[Surroundings], Bisection]) -> Bisection:
    """Do the work under a display; an interruption is explained before it ends the command."""
    try:
        with open_display(sys.stderr) as display:
            return work(
                Surroundings(cache=cache_root(), environ=os.environ, display=display, phases=Phases())
            )
    except Interrupted:
        again = shlex.join(["perf-matrix", "bisect", "--resume", str(folder)])
        kept = (
            f"what was measured is kept. Go on with: {again}"
            if folder.exists()
            else "nothing was measured yet."
        )
        click.echo(f"Interrupted. Nothing is left running, and {kept}", err=True)
        raise


def _conclude(bisection: Bisection, folder: Path, *, as_json: bool) -> None:
    """Write the files, print the answer, exit with what it means."""
    from perf_matrix.bisect.report import render_html, render_markdown, render_terminal  # noqa: PLC0415 - see _begin

    text = bisection.model_dump_json(indent=2) + "\n"
    write_whole(folder / "bisection.json", text)
    write_whole(folder / "report.md", render_markdown(bisection))
    write_whole(folder / "report.html", render_html(bisection))
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    click.echo(render_terminal(bisection, width=width(), colour=colour), err=True, color=colour)
    click.echo(f"Report: {folder / 'report.html'} (for an issue: {folder / 'report.md'})", err=True)
    if as_json:
        click.echo(text, nl=False)
    raise click.exceptions.Exit(0 if bisection.state == "found" else _UNDECIDED)
