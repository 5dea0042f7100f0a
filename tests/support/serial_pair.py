"""A serial cable: two pseudo terminals joined by socat, one end for the device, one for the till."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path


class SerialPair:
    """`till_end` is the port the till opens; `write` is the device's side, `device_end` its port."""

    def __init__(self, folder: Path) -> None:
        self.till_end = folder / "till"
        self.device_end = folder / "device"
        self._process: subprocess.Popen[bytes] | None = None

    def plug(self) -> SerialPair:
        """Plug the cable in; waits until both ends are there."""
        ends = [f"pty,rawer,link={end}" for end in (self.till_end, self.device_end)]
        self._process = subprocess.Popen(["socat", *ends], stderr=subprocess.DEVNULL)
        for _ in range(500):
            if self.till_end.exists() and self.device_end.exists():
                return self
            time.sleep(0.01)
        raise TimeoutError("socat made no pair of ports")

    def write(self, data: bytes) -> None:
        with self.device_end.open("wb", buffering=0) as port:
            port.write(data)

    def unplug(self) -> None:
        """Both ends vanish, as with a USB plug pulled."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(5)
            self._process = None
