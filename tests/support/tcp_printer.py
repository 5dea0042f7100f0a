"""A network receipt printer on loopback, with the faults that real ones have.

It takes ESC/POS apart as a printer does: real-time questions are answered at once wherever they stand in the
stream, everything else goes through a buffer and is printed in order, at a speed. Faults are attributes that
may be changed while it runs.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Literal

from hardware.ports import PaperState
from hardware.printers.commands import read

_PAPER_BITS = {PaperState.OK: 0x00, PaperState.LOW: 0x0C, PaperState.OUT: 0x6C}
_AUTOMATIC = b"\x14\x00\x00\x0f"
"""Four bytes of automatic status: drawer pin high, paper near its end."""


class TcpPrinter:
    """`with TcpPrinter() as printer:` listens on `printer.address` until the block ends."""

    def __init__(self) -> None:
        self.paper = PaperState.OK
        self.cover_open = False
        self.mute = False
        """Takes everything, answers nothing."""
        self.answers_in_order = True
        self.answer_delay_s = 0.0
        self.commands_per_s: float | None = None
        self.dies_after: int | None = None
        """Bytes of the job after which the connection ends, by `dies_by`; once."""
        self.dies_by: Literal["rst", "fin"] = "rst"
        self.stalls_after: int | None = None
        """Bytes after which it stops reading and answering."""
        self.paper_lasts: int | None = None
        """Lines until the paper is out."""
        self.opens_when_done = False
        """The cover is opened as soon as a job's end was answered; once."""
        self.chatty = False
        """Sends automatic status and flow control unasked."""
        self.printed = bytearray()
        """All that went to paper, whichever connection brought it."""
        self.connections = 0
        self._buffer = bytearray()
        self._inbox = bytearray()
        self._taken = 0
        self._stop = threading.Event()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._port = 0

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self._port}"

    def __enter__(self) -> TcpPrinter:
        self.switch_on()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.switch_off()

    def switch_on(self) -> None:
        """Listen, on the same port as before."""
        self._stop.clear()
        self._listener = socket.create_server(("127.0.0.1", self._port), backlog=1)
        self._port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="tcp-printer", daemon=True)
        self._thread.start()

    def switch_off(self) -> None:
        """Power off: nobody listens, and the buffer is forgotten."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)
            self._thread = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._buffer.clear()

    @property
    def busy(self) -> bool:
        """Whether it holds anything that is not on paper yet."""
        return bool(self._buffer)

    def wait_until_printed(self, size: int, timeout_s: float = 30.0) -> bool:
        """Whether `size` bytes went to paper in time."""
        deadline_s = time.monotonic() + timeout_s
        while len(self.printed) < size and time.monotonic() < deadline_s:
            time.sleep(0.002)
        return len(self.printed) >= size

    # -- the printer's own thread ------------------------------------------------------------------------

    def _run(self) -> None:
        assert self._listener is not None
        while not self._stop.is_set():
            ready, _, _ = select.select([self._listener], [], [], 0.005)
            if ready:
                connection, _ = self._listener.accept()
                self.connections += 1
                with connection, contextlib.suppress(OSError):
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._serve(connection)
            self._print(None)

    def _serve(self, connection: socket.socket) -> None:
        self._inbox.clear()
        self._taken = 0
        if self.chatty:
            connection.sendall(_AUTOMATIC + b"\x11")
        while not self._stop.is_set():
            stalls_after = self.stalls_after  # may change meanwhile
            if stalls_after is not None and self._taken >= stalls_after:
                self._stop.wait(0.005)
                if _closed(connection):
                    return
                continue
            ready, _, _ = select.select([connection], [], [], 0.002)
            if ready:
                room = 4096 if stalls_after is None else min(4096, stalls_after - self._taken)
                data = connection.recv(room)
                if not data:
                    return
                self._take(connection, data)
                if self.dies_after is not None and self._taken >= self.dies_after:
                    self._die(connection)
                    return
            self._print(connection)

    def _take(self, connection: socket.socket, data: bytes) -> None:
        """Answer real-time questions wherever they stand, buffer the rest."""
        self._inbox += data
        self._taken += len(data)
        while (at := self._inbox.find(b"\x10\x04")) >= 0 and at + 2 < len(self._inbox):
            self._buffer += self._inbox[:at]
            self._answer(connection, self._real_time(self._inbox[at + 2]))
            del self._inbox[: at + 3]
        kept = next((n for n in (2, 1) if self._inbox.endswith(b"\x10\x04"[:n])), 0)
        self._buffer += self._inbox[: len(self._inbox) - kept]
        del self._inbox[: len(self._inbox) - kept]

    def _real_time(self, question: int) -> int:
        offline = self.cover_open or self.paper is PaperState.OUT
        return 0x12 | {
            1: 0x08 if offline else 0x00,
            2: (0x04 if self.cover_open else 0x00) | (0x20 if self.paper is PaperState.OUT else 0x00),
            4: _PAPER_BITS[self.paper],
        }.get(question, 0x00)

    def _answer(self, connection: socket.socket, byte: int) -> None:
        if self.mute:
            return
        if self.answer_delay_s:
            self._stop.wait(self.answer_delay_s)
        connection.sendall((_AUTOMATIC + b"\x13" if self.chatty else b"") + bytes([byte]))

    def _print(self, connection: socket.socket | None) -> None:
        """Print from the buffer; stands still without paper or with the cover open."""
        budget = 10_000 if self.commands_per_s is None else max(1, int(self.commands_per_s * 0.002))
        while self._buffer and budget and not self.cover_open and self.paper is not PaperState.OUT:
            command = read(bytes(self._buffer))
            if command is None:
                return
            budget -= 1
            del self._buffer[: len(command.raw)]
            if command.name == "GS r":
                if self.answers_in_order and connection is not None:
                    self._answer(connection, 0x03 if self.paper is PaperState.LOW else 0x00)
                    if self.opens_when_done and self.printed:
                        self.cover_open, self.opens_when_done = True, False
                continue
            self.printed += command.raw
            if command.name == "LF" and self.paper_lasts is not None:
                self.paper_lasts -= 1
                if self.paper_lasts <= 0:
                    self.paper, self.paper_lasts = PaperState.OUT, None
        if self.commands_per_s is not None:
            time.sleep(0.002)

    def _die(self, connection: socket.socket) -> None:
        self.dies_after = None
        self._buffer.clear()
        if self.dies_by == "rst":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        connection.shutdown(socket.SHUT_WR)
        # Unread bytes would turn the FIN into a reset.
        while connection.recv(4096):
            pass


def _closed(connection: socket.socket) -> bool:
    """Whether the other side is gone, without reading what it sent."""
    state = select.poll()
    state.register(connection, select.POLLRDHUP)
    return bool(state.poll(0))
