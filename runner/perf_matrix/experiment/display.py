"""What the user sees while a run goes on: one display for all of it, with the time that is left.

On a terminal a line that moves; elsewhere (a CI log) a plain line for each new stage and one every 15
seconds, so that nobody wonders whether it hangs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

HEARTBEAT_S = 15.0
_REFRESHES_PER_S = 4
_BAR_WIDTH = 24
_NARROWEST_WITH_BAR = 80


@dataclass(frozen=True)
class State:
    """What is going on: a stage in words, and when everything is expected to be over (by the clock given)."""

    stage: str
    ends_at: float | None = None


class Display(Protocol):
    """Shows the progress of a run; a context manager."""

    def stage(self, text: str) -> None:
        """A new stage has begun, such as 'starting Postgres'."""

    def step(self, text: str) -> None:
        """A step within the stage; shown when there is occasion to."""

    def expect(self, seconds: float) -> None:
        """From now on it will take about ``seconds`` until the end of the run."""

    def note(self, text: str) -> None:
        """Something worth a line of its own."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show no more."""


def open_display(stream: TextIO, clock: Callable[[], float] = time.monotonic) -> Display:
    """The display that fits where ``stream`` leads to."""
    console = Console(file=stream, highlight=False)
    can_move = console.is_terminal and not console.is_dumb_terminal
    return TerminalDisplay(console, clock) if can_move else PlainDisplay(stream, clock)


class PlainDisplay:
    """Plain lines, each with the seconds since the start."""

    def __init__(self, stream: TextIO, clock: Callable[[], float], heartbeat_s: float = HEARTBEAT_S) -> None:
        self._stream = stream
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._started = clock()
        self._state = State("starting")
        self._step = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def stage(self, text: str) -> None:
        """Print the stage at once."""
        self._state = replace(self._state, stage=text)
        self._step = ""
        self.note(text)

    def step(self, text: str) -> None:
        """Keep the step for the next heartbeat."""
        self._step = text

    def expect(self, seconds: float) -> None:
        """Keep the expected end for the next heartbeat."""
        self._state = replace(self._state, ends_at=self._clock() + seconds)

    def note(self, text: str) -> None:
        """Print a line."""
        print(f"[{_duration(self._clock() - self._started):>6}] {text}", file=self._stream, flush=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stopped.wait(self._heartbeat_s):
            self.note(_sentence(self._state, self._step, self._clock()))


class TerminalDisplay:
    """One moving line: stage, step, a bar and the time left."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console = console
        self._clock = clock
        self._started = clock()
        self._state = State("starting")
        self._step = ""
        self._live = Live(
            console=console, refresh_per_second=_REFRESHES_PER_S, transient=True, get_renderable=self._line
        )

    def stage(self, text: str) -> None:
        """Show the stage."""
        self._state = replace(self._state, stage=text)
        self._step = ""

    def step(self, text: str) -> None:
        """Show the step beside the stage."""
        self._step = text

    def expect(self, seconds: float) -> None:
        """Move the bar by this end from now on."""
        self._state = replace(self._state, ends_at=self._clock() + seconds)

    def note(self, text: str) -> None:
        """Print a line above the moving one."""
        self._console.print(text, markup=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def _line(self) -> Table:
        now = self._clock()
        elapsed = now - self._started
        total = None if self._state.ends_at is None else max(self._state.ends_at - self._started, elapsed + 1)
        # What does not fit is cut off at the end of the line: the time left comes before it.
        line = Table.grid(padding=(0, 1), expand=True)
        bar = ProgressBar(total=total, completed=elapsed, width=_BAR_WIDTH, pulse=total is None)
        bars = [bar] if self._console.width >= _NARROWEST_WITH_BAR else []
        for ratio in (*(None for _ in bars), None, 1):
            line.add_column(no_wrap=True, overflow="ellipsis", ratio=ratio)
        line.add_row(*bars, _left(self._state, now), Text(_joined(self._state.stage, self._step)))
        return line


def _sentence(state: State, step: str, now: float) -> str:
    return _joined(state.stage, step, _left(state, now))


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _left(state: State, now: float) -> str:
    if state.ends_at is None:
        return ""
    left = state.ends_at - now
    return f"about {_duration(left)} left" if left > 1 else "nearly done"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}m{whole % 60:02d}s" if whole >= 60 else f"{whole}s"  # noqa: PLR2004 - a minute
