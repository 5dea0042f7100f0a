"""A real pcscd of the test's own, with two virtual readers.

A reader may have a serial number and be unplugged: then a driver of the test's own (vpcd_shim.c, made by gcc
when first needed) stands between pcscd and vpcd's.

pcscd runs in the foreground on a listening socket handed to it the way systemd does (LISTEN_FDS), in a
folder of the test's own: it needs no root, and neither meets nor disturbs the machine's own pcscd.
The client library reads PCSCLITE_CSOCK_NAME once a process, so the name is fixed when this module is
imported, before any test runs.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.support.virtual_card import Chip, VirtualCard

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SHIM = Path(__file__).with_name("vpcd_shim.c")
_HOME = Path(tempfile.mkdtemp(prefix="stempel-pcscd-"))
SOCKET = _HOME / "pcscd.comm"
os.environ["PCSCLITE_CSOCK_NAME"] = str(SOCKET)
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)


class Pcscd:
    """pcscd with two readers, "Till" and "Staff"; each driver has a second slot that stays empty.

    `names` calls them otherwise, `serials` gives them serial numbers, "" for a reader that tells none.
    """

    READERS = ("Till 00 00", "Staff 00 00")

    def __init__(
        self, names: Sequence[str] = ("Till", "Staff"), serials: Sequence[str] | None = None
    ) -> None:
        self.names, self.serials = tuple(names), serials
        self.ports = tuple(_free_port() for _ in self.names)
        self.process: subprocess.Popen[bytes] | None = None
        self._cards: list[VirtualCard] = []
        self._conf = Path(tempfile.mkdtemp(prefix="conf-", dir=_HOME))
        self._drivers: list[Path] = []
        for n, (name, port) in enumerate(zip(self.names, self.ports, strict=True)):
            driver = self._driver(n)
            self._drivers.append(driver)
            # pcscd starts readers in the order of these files.
            (self._conf / f"{n}").write_text(
                f'FRIENDLYNAME "{name}"\nDEVICENAME /dev/null:0x{port:04X}\n'
                f"LIBPATH {driver}\nCHANNELID 0x{port:04X}\n"
            )

    def _driver(self, n: int) -> Path:
        # pcscd keeps one state a driver file: two readers on one file would share a lock.
        if self.serials is None:
            driver = _HOME / f"libifdvpcd-{n}.so"
            if not driver.exists():
                shutil.copy(DRIVER, driver)
            return driver
        driver = self._conf.with_name(f"{self._conf.name}-{n}.so")
        shutil.copy(_shim(), driver)
        shutil.copy(DRIVER, f"{driver}.vpcd")
        if self.serials[n]:
            Path(f"{driver}.serial").write_text(self.serials[n])
        return driver

    def unplug(self, n: int) -> None:
        """The driver finds its reader no more. (pcscd itself goes on listing it: only USB readers leave.)"""
        Path(f"{self._drivers[n]}.gone").touch()

    def plug(self, n: int) -> None:
        Path(f"{self._drivers[n]}.gone").unlink()

    def start(self) -> Pcscd:
        """Start and wait until both readers listen for cards."""
        SOCKET.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(SOCKET))
            listening.listen(64)
            # LISTEN_PID must be pcscd's own: the shell sets its own pid and becomes pcscd.
            pcscd = f"exec pcscd --foreground --error -c {self._conf}"
            command = f"LISTEN_PID=$$ LISTEN_FDS=1 {pcscd} 3<&{listening.fileno()}"
            self.process = subprocess.Popen(
                ["bash", "-c", command],
                pass_fds=(listening.fileno(),),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        for port in self.ports:
            _wait_listening(port, self.process)
        return self

    def insert(self, chip: Chip | VirtualCard, slot: int = 0) -> VirtualCard:
        """Put a card on a reader."""
        card = chip if isinstance(chip, VirtualCard) else VirtualCard(chip)
        self._cards.append(card)
        return card.insert(self.ports[slot])

    def freeze(self) -> None:
        """SIGSTOP: alive and silent, the worst of its faults."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM: pcscd ends in good order. Cards stay where they were, on readers that are gone."""
        self._signal(signal.SIGTERM)
        assert self.process is not None
        self.process.wait(10)
        self.process = None

    def kill(self) -> None:
        """Die at once, as by the OOM killer. The cards on it are gone too."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None
        for card in self._cards:
            card.remove()
        self._cards.clear()

    def _signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)


@cache
def _shim() -> Path:
    """The driver in the middle, compiled once a run."""
    made = _HOME / "shim.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", "-I/usr/include/PCSC", "-o", str(made), str(SHIM), "-ldl"],
        check=True,
    )
    return made


def _free_port() -> int:
    """A port p with p + 1 free as well: each vpcd driver listens on two."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            with contextlib.suppress(OSError):
                two.bind(("127.0.0.1", port + 1))
                return port


def _wait_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    """/proc/net/tcp is asked, because connecting would insert a card."""
    wanted = f":{port:04X} "
    for _ in range(500):
        if process.poll() is not None:
            raise RuntimeError(
                f"pcscd ended with {process.returncode}: are pcscd and vsmartcard-vpcd installed?"
            )
        lines = (
            Path("/proc/net/tcp").read_text().splitlines() + Path("/proc/net/tcp6").read_text().splitlines()
        )
        if any(wanted in line[: line.find(" 0A ") + 4 or None] and " 0A " in line for line in lines):
            return
        time.sleep(0.01)
    raise TimeoutError(f"the virtual reader does not listen on port {port}")


@pytest.fixture
def pcscd() -> Iterator[Pcscd]:
    """A running pcscd with two virtual readers, gone after the test."""
    daemon = Pcscd().start()
    yield daemon
    daemon.kill()


@pytest.fixture
def pcscd_stopped() -> Iterator[Pcscd]:
    """A pcscd that the test starts itself."""
    SOCKET.unlink(missing_ok=True)
    daemon = Pcscd()
    yield daemon
    daemon.kill()
