"""From a scanner's last key to the painted line: 200 lines in the basket, 500 promotions in force.

The keys go to the real window through the wedge filter; the time ends when all that the scan changed is
painted. Beside it, in turns, a bare Qt window of the same size that paints as many rows of text at a key.
Target: 16.7 ms (one frame at 60 Hz) at p99.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTreeWidget, QTreeWidgetItem, QWidget

from app.checkout.ports import Product
from app.config import load
from app.demo import prepare
from app.main import Windowed
from app.rig import Devices
from app.store.database import LONG_S, Database
from tests.bench.engine_load import ARTICLES, CATEGORIES, NAMES, promotions
from tests.bench.engine_load import rule as rule_of

LINES, PROMOTIONS, SCANS = 200, 500, 400
FRAME_MS = 16.7


def code(article: int) -> str:
    return f"77{article:010}"


def shop(folder: Path) -> None:
    """A till with 2,000 articles under 500 promotions, points and a tier for good measure."""
    prepare(folder, lang="pl")
    rules = [rule_of(n, promotion) for n, promotion in enumerate(promotions(PROMOTIONS))]
    programme = {
        "stempel": 1, "id": "bench", "version": 1, "name": NAMES, "valid_from": "2026-01-01",
        "currency": "PLN", "time_zone": "Europe/Warsaw", "rules": rules,
    }  # fmt: skip
    (folder / "programme.yaml").write_text(json.dumps(programme), "utf-8")
    goods = [
        Product(
            sku=f"cs{n}", name=f"Towar numer {n}", category=f"c{n % CATEGORIES}", price_minor=99 + n % 4900,
            tax="23", codes=(code(n),),
        )
        for n in range(ARTICLES)
    ]  # fmt: skip
    database = Database(folder)
    database.call(lambda: database.writer.put_products(goods), LONG_S)
    database.close()


class Painted(QObject):
    """Counts paints of one widget and its children."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self.widget, self.count = widget, 0

    def eventFilter(self, target: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and isinstance(target, QWidget):
            self.count += target is self.widget or self.widget.isAncestorOf(target)
        return False


def until(test: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60
    while not test():
        QApplication.processEvents()
        assert time.monotonic() < end_s


class Till:
    def __init__(self, folder: Path) -> None:
        self.ready = False
        self.windowed = Windowed(folder, load(folder), lambda _: Devices(), on_ready=self._ready)
        self.windowed.window.resize(1366, 768)
        self.windowed.start()
        until(lambda: self.ready)
        self.till = self.windowed.rig.till  # type: ignore[union-attr]
        self.presenter: Any = self.windowed.presenter
        for n in range(LINES):
            self.presenter.scan(code(n * 7 % ARTICLES))
            QApplication.processEvents()
        until(lambda: len(self.till.sale.lines) == LINES)
        self.painted = Painted(self.windowed.window)
        self.windowed.qt.installEventFilter(self.painted)

    def _ready(self, _: Windowed) -> None:
        self.ready = True

    def scan(self, text: str) -> float:
        """Seconds from the last key to the end of the paint."""
        handle = self.windowed.window.windowHandle()
        for char in text:
            QTest.keyClick(handle, Qt.Key(ord(char)))
        QApplication.processEvents()
        before, basket = self.painted.count, self.till.sale.lines
        start = time.perf_counter()
        QTest.keyPress(handle, Qt.Key.Key_Return)
        until(lambda: self.till.sale.lines is not basket)
        until(lambda: self.painted.count > before)
        took = time.perf_counter() - start
        QTest.keyRelease(handle, Qt.Key.Key_Return)
        return took


class Bare:
    """A bare Qt list of as many rows: one key adds to a row and scrolls to it."""

    def __init__(self) -> None:
        self.list = QTreeWidget()
        self.list.setColumnCount(3)
        self.list.resize(1366, 768)
        for n in range(LINES):
            self.list.addTopLevelItem(QTreeWidgetItem([f"Towar numer {n}", "1", "9,99"]))
        self.list.show()
        self.n = 0
        self.painted = Painted(self.list)
        QApplication.instance().installEventFilter(self.painted)  # type: ignore[union-attr]
        QApplication.processEvents()

    def step(self) -> float:
        before = self.painted.count
        start = time.perf_counter()
        self.n += 1
        item = self.list.topLevelItem(self.n * 37 % LINES)
        assert item is not None
        item.setText(1, str(self.n))
        item.setText(2, f"{self.n},99")
        self.list.setCurrentItem(item)
        self.list.scrollToItem(item)
        until(lambda: self.painted.count > before)
        return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop"
        shop(folder)
        till = Till(folder)
        bare = Bare()
        ours: list[float] = []
        theirs: list[float] = []
        for n in range(SCANS):
            ours.append(till.scan(code(n * 13 % LINES * 7 % ARTICLES)) * 1000)
            theirs.append(bare.step() * 1000)
        till.windowed.stop()
    ours.sort()
    theirs.sort()
    p50, p99 = statistics.median(ours), ours[int(len(ours) * 0.99) - 1]
    print(f"last key to painted line, {LINES} lines, {PROMOTIONS} promotions, {SCANS} scans")
    print(f"the till       p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   (target p99 {FRAME_MS} ms)")
    bare50, bare99 = statistics.median(theirs), theirs[int(len(theirs) * 0.99) - 1]
    print(f"bare Qt list   p50 {bare50:6.2f} ms   p99 {bare99:6.2f} ms")
    print(f"ratio          p50 {p50 / bare50:6.2f}      p99 {p99 / bare99:6.2f}")


if __name__ == "__main__":
    main()
