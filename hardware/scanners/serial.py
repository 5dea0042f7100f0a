"""A scanner on a serial port (RS-232, or USB in CDC mode) through pyserial.

pyserial and not QtSerialPort: the latter claims to be open after its device is gone.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import serial

from app.lanes import Backoff, Lane, World
from hardware.ports import ScanEvent, ScannerState
from hardware.scanners.framing import TEXT_MAX, unwrap
from hardware.serial_ports import GONE, find_port

_ENDS: Final = re.compile(rb"[\r\n\t]+")


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """`port` is a device ("/dev/ttyACM0", "COM3"), or "usb:VID:PID[:serial number]" in whatever socket it is.

    `source` names the scanner in its events, the port if it is empty. A code ends with CR, LF or Tab, or
    after `silence_s` without one.
    """

    port: str
    baud: int = 9600
    source: str = ""
    prefix: str = ""
    suffix: str = ""
    silence_s: float = 0.1
    backoff: Backoff = field(default_factory=Backoff)


class SerialScanner:
    """The Scanner on a serial port.

    Lane "scanner <source>": reads until `stop` (noticed within `silence_s`), opens the port again after every
    loss with a back-off, and tells each loss and return once.
    """

    def __init__(self, settings: SerialSettings, world: World | None = None) -> None:
        self._settings = settings
        self._source = settings.source or settings.port
        self._world = world
        self._lane: Lane | None = None
        self._connected: bool | None = None
        self._sink: Callable[[ScanEvent], None] = lambda event: None

    def start(self, sink: Callable[[ScanEvent], None]) -> None:
        """Begin to read; `sink` is called on the lane's thread."""
        if self._lane is not None and self._lane.alive:
            raise RuntimeError("the scanner runs already")
        self._sink = sink
        self._connected = None
        self._lane = Lane(
            f"scanner {self._source}",
            loop=self._run,
            on_crash=self._lost,
            backoff=self._settings.backoff,
            world=self._world,
        ).start()

    def stop(self, deadline_s: float = 5.0) -> bool:
        return self._lane is None or self._lane.stop(deadline_s)

    def age_s(self) -> float:
        """Seconds since the lane last beat; infinite before the start."""
        return self._lane.age_s() if self._lane is not None else float("inf")

    def _run(self, lane: Lane) -> None:
        device = find_port(self._settings.port)
        with serial.Serial(
            device, self._settings.baud, timeout=self._settings.silence_s, exclusive=True
        ) as port:
            self._tell(True)
            self._read(lane, port)

    def _read(self, lane: Lane, port: serial.Serial) -> None:
        buffer = b""
        while not lane.stopping.is_set():
            lane.beat()
            # Waits for one byte, then takes what else is there; raises when the device is gone.
            data = port.read(1) + port.read(port.in_waiting)
            buffer += data
            *codes, buffer = _ENDS.split(buffer)
            if buffer and (not data or len(buffer) >= TEXT_MAX):
                codes.append(buffer)
                buffer = b""
            for code in codes:
                self._scanned(code)

    def _scanned(self, code: bytes) -> None:
        if code:
            # What is no UTF-8 becomes replacement characters and with them an unknown code, never an error.
            text = code.decode("utf-8", errors="replace")
            self._sink(unwrap(text, self._source, self._settings.prefix, self._settings.suffix))

    def _lost(self, error: BaseException) -> None:
        if isinstance(error, GONE):
            self._tell(False, str(error))
        else:
            args = (type(error), error, error.__traceback__, threading.current_thread())
            threading.excepthook(threading.ExceptHookArgs(args))

    def _tell(self, connected: bool, detail: str = "") -> None:
        if connected is not self._connected:
            self._connected = connected
            self._sink(ScannerState(self._source, connected, detail))
