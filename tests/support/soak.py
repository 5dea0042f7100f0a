"""A till that sells sale after sale in one process, its window offscreen: what grows, what slows down.

Real store, real lanes, the simulated desk's reader and printer; two of three sales belong to one of the
crowd's members, tapped by card. Not a real year: there is no pause between customers.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import NamedTuple

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from app.config import load
from app.demo import SimulatedDesk
from app.main import Windowed
from app.screens import views

WAIT_S = 60.0


class Sample(NamedTuple):
    """How the process stands after `sales`; a scan is from its intent to the end of its paint."""

    sales: int
    memory_kib: int
    """Its own memory, without files mapped."""
    nones: int
    """References to None; flat unless calls lose or leak some."""
    p50_ms: float
    p99_ms: float
    """Of this thread's processor time for a scan, since the sample before."""


class Soak:
    """Use as a context manager: `sell(n)`, then `sample()`, as often as wanted."""

    def __init__(self, folder: Path, codes: list[str], uids: list[str], seed: int = 1) -> None:
        self._random, self._codes, self._uids = Random(seed), codes, uids
        self._desk = SimulatedDesk()
        self._ready = False
        self.sales = 0
        self.warnings: list[str] = []
        self._took_ms: list[float] = []
        self._before = qInstallMessageHandler(self._hear)
        self.windowed = Windowed(folder, load(folder), self._desk.devices, on_ready=self._on_ready)
        self.windowed.start()

    def __enter__(self) -> Soak:
        self._until(lambda: self._ready and self.till.shift is not None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.windowed.stop()
        self.windowed.window.close()
        QApplication.processEvents()
        qInstallMessageHandler(self._before)

    def _on_ready(self, _: Windowed) -> None:
        self._ready = True

    def _hear(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        if kind != QtMsgType.QtDebugMsg and "propagateSizeHints" not in message:
            self.warnings.append(message)

    @property
    def till(self):
        assert self.windowed.rig is not None
        return self.windowed.rig.till

    def _until(self, done: Callable[[], bool]) -> None:
        end_s = time.monotonic() + WAIT_S
        while True:
            QApplication.processEvents()
            if done():
                return
            time.sleep(0.0005)  # a thread that spins keeps the lanes it waits for from running
            assert time.monotonic() < end_s, f"the till stands still at sale {self.sales}"

    # -- selling -----------------------------------------------------------------------------------------

    def sell(self, count: int) -> None:
        for _ in range(count):
            self._sell()

    def _sell(self) -> None:
        presenter, random = self.windowed.presenter, self._random
        if random.random() < 0.66:
            uid = random.choice(self._uids)
            self._desk.reader.tap(uid)
            self._until(lambda: self.till.sale.member is not None)
            self._desk.reader.remove()
        for _ in range(random.randint(1, 6)):
            self._scan(random.choice(self._codes))
        if random.random() < 0.1:
            presenter.step_quantity(1)
        if random.random() < 0.05:
            presenter.act(views.Action.UNDO)
        sale = self.till.sale.id
        if not self.till.sale.lines:
            self._scan(self._codes[0])
        presenter.pay()
        self._until(lambda: not self.till.busy)
        presenter.give(self.till.cash_due_minor + random.choice((0, 0, 1_00, 50_00)))
        self._until(lambda: self.till.sale.id != sale and not self.till.busy)
        self.sales += 1

    def _scan(self, code: str) -> None:
        began_s = time.thread_time()
        self.windowed.presenter.scan(code)
        self.windowed.window.paint_now()
        self._took_ms.append((time.thread_time() - began_s) * 1000)
        QApplication.processEvents()

    # -- looking -----------------------------------------------------------------------------------------

    def sample(self) -> Sample:
        """As it stands now, once the receipts are out; what was timed is forgotten."""
        self._until(lambda: self._queued() == 0)
        for _ in range(3):
            QApplication.processEvents()
        gc.collect()
        took, self._took_ms = sorted(self._took_ms) or [0.0], []
        return Sample(
            self.sales,
            memory_kib(),
            sys.getrefcount(None),
            took[len(took) // 2],
            took[min(int(len(took) * 0.99), len(took) - 1)],
        )

    def _queued(self) -> int:
        assert self.windowed.rig is not None
        return self.windowed.rig.reader.count_jobs("queued") + self.windowed.rig.reader.count_jobs("sending")


def memory_kib() -> int:
    """This process' own memory: its share of libraries would grow whenever another process ends."""
    for line in Path("/proc/self/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1])
    raise RuntimeError("this system does not tell a process' memory")
