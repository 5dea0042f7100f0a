"""A pole display behind a serial cable: takes bytes as its firmware does, in both command sets."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path


class Pole:
    """Twenty columns, two lines. `lines` is what stands on it; bytes that are no command it knows are kept
    in `odd`."""

    COLUMNS = 20

    def __init__(self, port: Path, page: str = "cp852") -> None:
        self._port, self._page = port, page
        self.odd = b""
        self.font = b""
        self._clear()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pole", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)

    def until(self, test: Callable[[Pole], bool], timeout_s: float = 5.0) -> None:
        """Wait until the display shows something; fails with what it shows instead."""
        until_s = time.monotonic() + timeout_s
        while not test(self):
            assert time.monotonic() < until_s, (self.lines, self.odd)
            time.sleep(0.005)

    @property
    def lines(self) -> tuple[str, str]:
        top, bottom = (bytes(row).decode(self._page) for row in self._rows)
        return top, bottom

    def _clear(self) -> None:
        self._rows = [bytearray(b" " * self.COLUMNS) for _ in range(2)]
        self._at = [0, 0]

    def _run(self) -> None:
        buffer = b""
        file = -1
        while not self._stop.is_set():
            try:
                if file < 0:
                    file = os.open(self._port, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
                ready, _, _ = select.select([file], [], [], 0.05)
                if not ready:
                    continue
                data = os.read(file, 4096)
                if not data:
                    raise OSError("hung up")
                buffer = self._take(buffer + data)
            except OSError:
                # The cable is out: a display without power shows nothing.
                if file >= 0:
                    os.close(file)
                file, buffer = -1, b""
                self._clear()
                self._stop.wait(0.05)
        if file >= 0:
            os.close(file)

    def _take(self, data: bytes) -> bytes:
        """Obey whole commands; what is left of a command that is not whole yet."""
        while data:
            size = self._obey(data)
            if size == 0:
                return data
            data = data[size:]
        return data

    def _obey(self, data: bytes) -> int:
        match data[:2]:
            case b"\x1b@":
                self._clear()
                return 2
            case b"\x1bf" | b"\x1bt" if len(data) > 2:
                self.font = data[2:3]
                return 3
            case b"\x1bQ" if b"\r" in data:
                end = data.index(b"\r")
                text = data[3:end]
                if data[2:3] not in (b"A", b"B") or len(text) != self.COLUMNS:
                    self.odd += data[: end + 1]
                self._rows[data[2] - 0x41][:] = text[: self.COLUMNS].ljust(self.COLUMNS)
                return end + 1
            case b"\x1f\x01":
                return 2
            case b"\x1fC" if len(data) > 2:
                return 3
            case b"\x1f$" if len(data) > 3:
                self._at = [data[2] - 1, data[3] - 1]
                return 4
        if data[:1] == b"\x0c":
            self._clear()
            return 1
        if data[:1] in (b"\x1b", b"\x1f"):
            return 0 if len(data) < 64 else self._strange(data)
        if data[0] < 0x20:
            return self._strange(data)
        column, row = self._at
        self._rows[row][column] = data[0]
        self._at = [(column + 1) % self.COLUMNS, row if column + 1 < self.COLUMNS else 1 - row]
        return 1

    def _strange(self, data: bytes) -> int:
        self.odd += data[:1]
        return 1
