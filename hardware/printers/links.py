"""Open wires: network, serial line, device file. Each maps its own errors to `LinkLost`."""

from __future__ import annotations

import os
import select
import socket
import stat
import time
from pathlib import Path
from typing import Any, Final

from hardware.printers.conversation import LinkLost

_READ_BYTES: Final = 4096


class TcpLink:
    """A raw network printer (port 9100)."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        try:
            self._socket = socket.create_connection((host, port), timeout_s)
        except OSError as error:
            raise LinkLost(f"{host}:{port}: {error}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)

    def send(self, data: bytes, timeout_s: float) -> int:
        try:
            _, ready, _ = select.select([], [self._socket], [], timeout_s)
            return self._socket.send(data) if ready else 0
        except OSError as error:
            raise LinkLost(str(error)) from error

    def receive(self, timeout_s: float) -> bytes:
        try:
            ready, _, _ = select.select([self._socket], [], [], timeout_s)
            if not ready:
                return b""
            data = self._socket.recv(_READ_BYTES)
        except OSError as error:
            raise LinkLost(str(error)) from error
        if not data:
            raise LinkLost("closed by the printer")
        return data

    def finish(self, timeout_s: float) -> None:
        """Close our half and wait for the printer's: a reset shows here; silence is only slow."""
        deadline_s = time.monotonic() + timeout_s
        try:
            self._socket.shutdown(socket.SHUT_WR)
            while (left_s := deadline_s - time.monotonic()) > 0:
                ready, _, _ = select.select([self._socket], [], [], left_s)
                if ready and not self._socket.recv(_READ_BYTES):
                    return
        except OSError as error:
            raise LinkLost(str(error)) from error

    def close(self) -> None:
        self._socket.close()


class SerialLink:
    """A serial line; `rtscts` and `xonxoff` as the printer's switches say."""

    def __init__(self, port: str, baud: int, *, rtscts: bool = False, xonxoff: bool = False) -> None:
        import serial  # only tills with a serial printer pay for it

        from hardware.serial_ports import GONE, find_port

        self._gone = GONE
        try:
            self._line: Any = serial.Serial(
                find_port(port),
                baud,
                timeout=0,
                write_timeout=0,
                rtscts=rtscts,
                xonxoff=xonxoff,
                exclusive=True,
            )
        except (*GONE, ValueError) as error:
            raise LinkLost(f"{port}: {error}") from error

    def send(self, data: bytes, timeout_s: float) -> int:
        deadline_s = time.monotonic() + timeout_s
        try:
            if os.name == "posix":
                _, ready, _ = select.select([], [self._line], [], timeout_s)
                return int(self._line.write(data) or 0) if ready else 0
            # Windows takes the whole write at once and drains it behind our back: wait until it is gone.
            taken = int(self._line.write(data) or 0)
            while self._line.out_waiting and time.monotonic() < deadline_s:
                time.sleep(0.005)
            return taken
        except self._gone as error:
            raise LinkLost(str(error)) from error

    def receive(self, timeout_s: float) -> bytes:
        try:
            if os.name == "posix":
                select.select([self._line], [], [], timeout_s)
            else:
                deadline_s = time.monotonic() + timeout_s
                while not self._line.in_waiting and time.monotonic() < deadline_s:
                    time.sleep(0.005)
            return bytes(self._line.read(_READ_BYTES))
        except self._gone as error:
            raise LinkLost(str(error)) from error

    def finish(self, timeout_s: float) -> None:
        """The line keeps no connection that could be finished."""

    def close(self) -> None:
        self._line.close()


class FileLink:
    """A device file (`/dev/usb/lp0`), or a plain file that gathers what would be printed."""

    def __init__(self, path: Path) -> None:
        try:
            self._device = path.exists() and not stat.S_ISREG(path.stat().st_mode)
            wait_never = getattr(os, "O_NONBLOCK", 0)
            flags = os.O_RDWR | wait_never if self._device else os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._file = os.open(path, flags, 0o600)
        except OSError as error:
            raise LinkLost(f"{path}: {error}") from error

    def send(self, data: bytes, timeout_s: float) -> int:
        try:
            if self._device and not select.select([], [self._file], [], timeout_s)[1]:
                return 0
            return os.write(self._file, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise LinkLost(str(error)) from error

    def receive(self, timeout_s: float) -> bytes:
        try:
            ready, _, _ = select.select([self._file], [], [], timeout_s)
            return os.read(self._file, _READ_BYTES) if ready else b""
        except BlockingIOError:
            return b""
        except OSError as error:
            raise LinkLost(str(error)) from error

    def finish(self, timeout_s: float) -> None:
        try:
            if not self._device:
                os.fsync(self._file)
        except OSError as error:
            raise LinkLost(str(error)) from error

    def close(self) -> None:
        os.close(self._file)
