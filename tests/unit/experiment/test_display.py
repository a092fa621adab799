"""What the user sees, with a clock that stands still until it is moved."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import threading
import time

import pytest
from rich.console import Console

from perf_matrix.experiment.display import PlainDisplay, TerminalDisplay, open_display


class Clock:
    """Tells the time that it was set to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Lines(io.StringIO):
    """A stream that one can wait for lines on."""

    def wait_for(self, count: int) -> list[str]:
        deadline = time.monotonic() + 5
        while len(lines := self.getvalue().splitlines()) < count:
            assert time.monotonic() < deadline, lines
            time.sleep(0.005)
        return lines


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stream() -> Lines:
    return Lines()


def test_plain_lines_come_at_once(clock: Clock, stream: Lines) -> None:
    with PlainDisplay(stream, clock) as display:
        display.stage("looking for the tools")
        clock.now += 7.4
        display.stage("starting Postgres")
        clock.now += 60
        display.note("the cell is broken")
        clock.now += 3600
        display.note("done")
    assert stream.getvalue().splitlines() == [
        "[    0s] looking for the tools",
        "[    7s] starting Postgres",
        "[ 1m07s] the cell is broken",
        "[61m07s] done",
    ]


def test_a_step_is_not_worth_a_plain_line(clock: Clock, stream: Lines) -> None:
    with PlainDisplay(stream, clock) as display:
        for number in range(1000):
            display.step(f"endpoint {number}")
    assert stream.getvalue() == ""


def test_the_heartbeat_says_stage_step_and_the_time_left(clock: Clock, stream: Lines) -> None:
    display = PlainDisplay(stream, clock, heartbeat_s=0.02)
    display.expect(150)
    display.stage("counting SQL statements")
    display.step("endpoint 5 of 16 (models)")
    clock.now += 30
    with display:
        lines = stream.wait_for(3)
    assert lines[0] == "[    0s] counting SQL statements"
    assert set(lines[1:]) == {"[   30s] counting SQL statements; endpoint 5 of 16 (models); about 2m00s left"}


@pytest.mark.parametrize(
    ("seconds", "words"), [(100, "; about 1m40s left"), (59.4, "; about 59s left"), (0.5, "; nearly done")]
)
def test_the_time_left_in_words(clock: Clock, stream: Lines, seconds: float, words: str) -> None:
    display = PlainDisplay(stream, clock, heartbeat_s=0.01)
    display.expect(seconds)
    with display:
        assert stream.wait_for(1)[0] == f"[    0s] starting{words}"


def test_longer_than_expected_is_nearly_done_and_never_negative(clock: Clock, stream: Lines) -> None:
    display = PlainDisplay(stream, clock, heartbeat_s=0.01)
    display.expect(10)
    clock.now += 100
    with display:
        assert stream.wait_for(1)[0] == "[ 1m40s] starting; nearly done"


def test_a_new_stage_forgets_the_step_of_the_last(clock: Clock, stream: Lines) -> None:
    display = PlainDisplay(stream, clock, heartbeat_s=0.01)
    display.step("endpoint 16 of 16")
    display.stage("comparing latencies")
    with display:
        assert stream.wait_for(2)[1] == "[    0s] comparing latencies"


def test_the_heart_stops_at_the_end(clock: Clock, stream: Lines) -> None:
    with PlainDisplay(stream, clock, heartbeat_s=0.01):
        stream.wait_for(1)
    before = stream.getvalue()
    time.sleep(0.05)
    assert stream.getvalue() == before
    assert "heartbeat" not in [thread.name for thread in threading.enumerate()]


def on_terminal(clock: Clock, width: int = 100) -> tuple[io.StringIO, TerminalDisplay]:
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, width=width, color_system=None, _environ={"TERM": "xterm"}
    )
    return stream, TerminalDisplay(console, clock)


def shown(stream: io.StringIO) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())


def wait_until_shown(stream: io.StringIO, text: str) -> None:
    deadline = time.monotonic() + 5
    while text not in shown(stream):
        assert time.monotonic() < deadline, shown(stream)
        time.sleep(0.01)


def test_a_terminal_shows_stage_step_bar_and_the_time_left(clock: Clock) -> None:
    stream, display = on_terminal(clock)
    with display:
        display.expect(120)
        display.stage("epoch 1 of 2: comparing latencies")
        display.step("block 3 of at least 64 (models)")
        clock.now += 60
        wait_until_shown(
            stream,
            " about 1m00s left epoch 1 of 2: comparing latencies; block 3 of at least",
        )
    assert "━" in shown(stream)


def test_a_terminal_prints_notes_above_the_line_as_they_are(clock: Clock) -> None:
    stream, display = on_terminal(clock)
    with display:
        display.note("cell [workers=one]: [red]failed[/red]")
    assert "cell [workers=one]: [red]failed[/red]" in shown(stream)


def test_a_terminal_is_left_as_it_was(clock: Clock) -> None:
    stream, display = on_terminal(clock)
    with pytest.raises(KeyboardInterrupt), display:
        raise KeyboardInterrupt
    # The cursor that was hidden is shown again.
    assert stream.getvalue().rfind("\x1b[?25h") > stream.getvalue().rfind("\x1b[?25l") >= 0


def test_a_stage_is_shown_as_it_is(clock: Clock) -> None:
    stream, display = on_terminal(clock)
    with display:
        display.stage("cell [bold]callbacks=none[/bold], epoch 1 of 2")
        wait_until_shown(stream, "cell [bold]callbacks=none[/bold], epoch 1 of 2")


def test_a_narrow_terminal_is_not_overrun(clock: Clock) -> None:
    stream, display = on_terminal(clock, width=40)
    with display:
        display.expect(600)
        display.stage("a stage " * 30)
        wait_until_shown(stream, "about 10m00s left a sta")
        assert "\n" not in shown(stream)


def test_a_file_gets_plain_lines(stream: Lines) -> None:
    assert isinstance(open_display(stream), PlainDisplay)


@pytest.mark.parametrize(
    ("term", "display"), [("xterm", "TerminalDisplay"), ("dumb", "PlainDisplay"), ("unknown", "PlainDisplay")]
)
def test_a_terminal_gets_a_moving_line_where_it_can_move(term: str, display: str) -> None:
    code = (
        "import sys; from perf_matrix.experiment.display import open_display;"
        "print(type(open_display(sys.stderr)).__name__)"
    )
    near, far = pty.openpty()
    with os.fdopen(near), os.fdopen(far, "w") as terminal:
        printed = subprocess.check_output(
            [sys.executable, "-c", code], env={**os.environ, "TERM": term}, stderr=terminal, text=True
        )
    assert printed.strip() == display
