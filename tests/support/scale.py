"""A scale at the end of a serial cable, as its maker's manual says it speaks."""

from __future__ import annotations

import os
import select
import threading
from pathlib import Path


class Pan:
    """What lies on it and how it says so. `dialect` is toledo, and, cas (A&D's format with CAS's flag) or
    stream; `mute` keeps it from answering, `garbage` is sent in place of an answer."""

    def __init__(self, port: Path, dialect: str) -> None:
        self.port, self.dialect = port, dialect
        self.weight_milli, self.stable, self.code = 0, True, ""
        self.mute = False
        self.garbage = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pan", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)

    def _run(self) -> None:
        file = -1
        while not self._stop.is_set():
            try:
                if file < 0:
                    file = os.open(self.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
                if self.dialect == "stream":
                    os.write(file, self._says())
                    self._stop.wait(0.02)
                    continue
                ready, _, _ = select.select([file], [], [], 0.05)
                asked = os.read(file, 64) if ready else b""
                if ready and not asked:
                    raise OSError("hung up")
                if asked and not self.mute and asked.endswith(b"W" if self.dialect == "toledo" else b"Q\r\n"):
                    os.write(file, self._says())
            except BlockingIOError:
                self._stop.wait(0.02)
            except OSError:
                if file >= 0:
                    os.close(file)
                file = -1
                self._stop.wait(0.05)
        if file >= 0:
            os.close(file)

    def _says(self) -> bytes:
        if self.garbage:
            return self.garbage
        kilos = f"{self.weight_milli // 1000:02}.{self.weight_milli % 1000:03}"
        if self.dialect == "toledo":
            bits = {"overload": 0x02, "below_zero": 0x04}.get(self.code, 0x01)
            shows = self.stable and not self.code
            return b"\x02" + (kilos.encode() if shows else b"?" + bytes([0x20 | bits])) + b"\r"
        if self.code:
            sign = "-" if self.code == "below_zero" else "+"
            return f"OL,{sign}99999.99 kg\r\n".encode()
        flag = "GS," if self.dialect == "cas" else ""
        return f"{'ST' if self.stable else 'US'},{flag}+{kilos.rjust(8, '0')} kg\r\n".encode()
