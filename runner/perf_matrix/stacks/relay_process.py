"""The relay itself, a process of its own: forwards connections and holds back what the server answers.

    python -m perf_matrix.stacks.relay_process FOLDER SERVER [LISTEN]

It forwards every connection to SERVER, ``HOST:PORT``. It listens on LISTEN, also ``HOST:PORT``; without that on a
free loopback port, which it writes to ``FOLDER/port``. What a client sends goes on at once. What the server
answers goes on ``FOLDER/delay`` seconds after it came: a delay line, so bytes that come at different times keep
their spacing, as on a long cable.

One thread waits for everything. ``epoll`` can only wait for whole milliseconds, but ``select`` on the
epoll's own descriptor waits for microseconds. A thread per direction would have to fight for Python's lock.
Only the standard library, and little of it, so that it starts quickly.
"""

from __future__ import annotations

import heapq
import mmap
import select
import selectors
import signal
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from selectors import EVENT_READ, EVENT_WRITE

LOOPBACK = "127.0.0.1"
PORT_FILE = "port"
DELAY_FILE = "delay"
# One double in the machine's own form, so that it is read and written as a whole.
DELAY = struct.Struct("d")
# About as much as a default Linux socket lets be on its way; then the sender has to wait, here as there.
BACKLOG_LIMIT = 4 << 20
_CHUNK = 64 << 10
_LISTEN_BACKLOG = 1024
_TIMER_SLACK = Path("/proc/self/timerslack_ns")
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Action = Callable[[], None]


class Schedule:
    """Actions that wait until they are due; those due at the same time keep their order."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Action]] = []
        self._numbers = count()

    def at(self, due: float, action: Action) -> None:
        """Do ``action`` when the monotonic clock says ``due`` (seconds), never earlier."""
        heapq.heappush(self._waiting, (due, next(self._numbers), action))

    def run_due(self) -> None:
        """Do all that is due by now."""
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            heapq.heappop(self._waiting)[2]()

    def wait_s(self) -> float | None:
        """Seconds until the next action is due, 0 where it is overdue; None where there is none."""
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None


class DelayLine:
    """Holds the actions of one direction back; a shorter delay never lets later ones overtake."""

    def __init__(self, schedule: Schedule, delay_s: Callable[[], float]) -> None:
        self._schedule = schedule
        self._delay_s = delay_s
        self._last_due = 0.0

    def __call__(self, action: Action) -> None:
        """Do ``action`` after the delay as it is now."""
        self._last_due = max(self._last_due, time.monotonic() + self._delay_s())
        self._schedule.at(self._last_due, action)
        # Without a delay it is due already, and must not wait for other connections' turns.
        self._schedule.run_due()


def at_once(action: Action) -> None:
    """No delay line: do it now."""
    action()


class Direction:
    """The bytes from one socket to the other. ``pass_on`` decides when what was read is sent.

    Methods raise OSError where the connection is broken.
    """

    def __init__(self, source: socket.socket, sink: socket.socket, pass_on: Callable[[Action], None]) -> None:
        self._source = source
        self._sink = sink
        self._pass_on = pass_on
        # An empty one at the end stands for the end of the stream.
        self._unsent: deque[memoryview] = deque()
        self._backlog = 0
        self._source_ended = False
        self.finished = False

    @property
    def wants_to_read(self) -> bool:
        """Whether there is room for more, and more to come."""
        return not self._source_ended and self._backlog < BACKLOG_LIMIT

    @property
    def wants_to_write(self) -> bool:
        """Whether something is due that the sink had no room for."""
        return bool(self._unsent)

    def read(self) -> None:
        """Read what has come and pass it on: bytes, the end of the stream, or that the connection broke."""
        try:
            data = self._source.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            # Behind the bytes that came before it, and as late as they are.
            self._source_ended = True
            self._pass_on(partial(_raise, error))
            return
        self._backlog += len(data)
        self._source_ended = not data
        self._pass_on(partial(self._send, memoryview(data)))

    def write(self) -> None:
        """Send what is due, as far as the sink has room."""
        with suppress(BlockingIOError):
            while self._unsent:
                self._send_first()

    def _send(self, data: memoryview) -> None:
        self._unsent.append(data)
        self.write()

    def _send_first(self) -> None:
        first = self._unsent[0]
        if not first:
            self._sink.shutdown(socket.SHUT_WR)
            self.finished = True
        sent = self._sink.send(first) if first else 0
        self._backlog -= sent
        if sent == len(first):
            self._unsent.popleft()
        else:
            self._unsent[0] = first[sent:]


class Connection:
    """A client, the server, and both directions between them."""

    def __init__(
        self,
        client: socket.socket,
        server: socket.socket,
        selector: selectors.BaseSelector,
        hold_back: Callable[[Action], None],
    ) -> None:
        self._sockets = (client, server)
        self._selector = selector
        self._closed = False
        self._up = Direction(client, server, at_once)
        self._down = Direction(server, client, lambda action: hold_back(partial(self._do, action)))
        self._settle()

    def _do(self, action: Action) -> None:
        # What was held back, and the second event of one wait, may come after the connection was closed.
        if self._closed:
            return
        try:
            action()
        except OSError:
            self._break_off()
        else:
            self._settle()

    def _handle(self, outgoing: Direction, incoming: Direction, events: int) -> None:
        if events & EVENT_READ:
            self._do(outgoing.read)
        if events & EVENT_WRITE:
            self._do(incoming.write)

    def _settle(self) -> None:
        """Wait for what each socket is wanted for now; close both once both directions have ended."""
        # An answer that was due at once may have broken the connection off within the reading of it.
        if self._closed:
            return
        if self._up.finished and self._down.finished:
            self._close()
            return
        client, server = self._sockets
        self._watch(client, self._up, self._down)
        self._watch(server, self._down, self._up)

    def _watch(self, one: socket.socket, outgoing: Direction, incoming: Direction) -> None:
        wanted = EVENT_READ * outgoing.wants_to_read | EVENT_WRITE * incoming.wants_to_write
        key = self._selector.get_map().get(one)
        if key is None and wanted:
            self._selector.register(one, wanted, partial(self._handle, outgoing, incoming))
        elif key is not None and not wanted:
            # It must not stay registered: epoll reports a hang-up even to those who asked for nothing.
            self._selector.unregister(one)
        elif key is not None and key.events != wanted:
            self._selector.modify(one, wanted, key.data)

    def _break_off(self) -> None:
        """Close both with a reset, as whoever is still there would have seen it without a relay."""
        for one in self._sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._close()

    def _close(self) -> None:
        self._closed = True
        for one in self._sockets:
            if one in self._selector.get_map():
                self._selector.unregister(one)
            one.close()


def serve(listener: socket.socket, server: tuple[str, int], delay_s: Callable[[], float]) -> None:
    """Forward for ever. ``delay_s`` is asked whenever an answer comes. Raises OSError of ``accept``."""
    selector = selectors.DefaultSelector()
    schedule = Schedule()

    def accept(_events: int) -> None:
        try:
            client, _ = listener.accept()
        except (BlockingIOError, ConnectionError):
            # It had gone again by now.
            return
        _prepare(client)
        Connection(client, _connect(server), selector, DelayLine(schedule, delay_s))

    selector.register(listener, EVENT_READ, accept)
    while True:
        schedule.run_due()
        for key, events in _wait(selector, schedule.wait_s()):
            key.data(events)
            schedule.run_due()


def _wait(
    selector: selectors.DefaultSelector, timeout_s: float | None
) -> list[tuple[selectors.SelectorKey, int]]:
    if timeout_s is None:
        return selector.select()
    select.select([selector.fileno()], [], [], timeout_s)
    return selector.select(0)


def _connect(address: tuple[str, int]) -> socket.socket:
    """Begin to connect: until it is done sending waits, and where it is refused reading says so."""
    server = socket.socket()
    _prepare(server)
    server.connect_ex(address)
    return server


def _prepare(one: socket.socket) -> None:
    one.settimeout(0)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _raise(error: OSError) -> None:
    raise error


def write_delay(folder: Path, seconds: float) -> None:
    """Tell the relay of ``folder`` its delay; it holds for what the server answers from now on."""
    with (folder / DELAY_FILE).open("r+b") as file, mmap.mmap(file.fileno(), DELAY.size) as shared:
        DELAY.pack_into(shared, 0, seconds)


def _delay_reader(folder: Path) -> Callable[[], float]:
    with (folder / DELAY_FILE).open("rb") as file:
        shared = memoryview(mmap.mmap(file.fileno(), DELAY.size, access=mmap.ACCESS_READ)).cast("d")
    return partial(shared.__getitem__, 0)


def _tell_port(folder: Path, port: int) -> None:
    """Under another name first: whoever sees the file must see all of it."""
    unfinished = folder / f"{PORT_FILE}.unfinished"
    unfinished.write_text(str(port))
    unfinished.replace(folder / PORT_FILE)


def _sharpen_timers() -> None:
    """Linux wakes a process up to 50 microseconds late unless told; elsewhere there is nothing to tell."""
    with suppress(OSError):
        _TIMER_SLACK.write_text("1")


def _address(text: str) -> tuple[str, int]:
    """``HOST:PORT``, with the name looked up: connecting must not wait for that."""
    host, _, port = text.rpartition(":")
    return socket.gethostbyname(host), int(port)


def main(folder: Path, server: str, listen: str | None = None) -> None:
    """Listen, say where, and forward until a signal ends the process."""
    # A run that is cleared up asks with SIGINT: end at once for that, too, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _sharpen_timers()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, 0) if listen is None else _address(listen))
        listener.listen(_LISTEN_BACKLOG)
        listener.settimeout(0)
        if listen is None:
            _tell_port(folder, listener.getsockname()[1])
        serve(listener, _address(server), _delay_reader(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
