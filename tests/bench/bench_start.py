"""From process start to the first paint, and to a first scan that is rung and painted with its price.

With 100,000 products; against a bare PySide6 window in the same minute, in turns. Beside the wall's seconds
stands the processor time of the process, which other load on the machine changes less. Targets: first paint
≤ 1.5×, usable ≤ 3×.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from app.checkout.ports import Product, Work
from app.demo import prepare
from app.store.database import LONG_S, Database

ROUNDS = 7
PRODUCTS = 100_000

_CLOCK = """
import os, sys, time
def since_start():
    ticks = float(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
"""
_BARE = (
    _CLOCK
    + """
from PySide6.QtWidgets import QApplication, QLabel
class Window(QLabel):
    def paintEvent(self, event):
        super().paintEvent(event)
        print(since_start(), time.process_time(), flush=True)
        os._exit(0)
qt = QApplication(sys.argv)
window = Window("bare")
window.resize(1366, 768)
window.show()
qt.exec()
"""
)
_TILL = (
    _CLOCK
    + """
import gc
gc.disable()  # as run_till does
from pathlib import Path
from app.config import load
from app.devices import real_devices
from app.main import Windowed
from PySide6.QtCore import QEvent, QObject
from hardware.ports import Scan
folder, code = Path(sys.argv[1]), sys.argv[2]
painted = []
class Watch(QObject):
    def eventFilter(self, target, event):
        if event.type() == QEvent.Type.Paint and not painted:
            painted.extend((since_start(), time.process_time()))
        return False
class Timed(Windowed):
    def _assemble(self, rig):
        super()._assemble(rig)
        self._scanned(Scan("bench", code))
        while not self.presenter.view.basket.lines:  # the day's first start opens its shift
            self.qt.processEvents()
        self.window.repaint()
        line, = self.presenter.view.basket.lines
        assert line.price, line
        assert self.window.sale.basket.lines.isVisible()
        print(*painted, since_start(), time.process_time(), flush=True)
        os._exit(0)
windowed = Timed(folder, load(folder), real_devices)
watch = Watch()
windowed.window.installEventFilter(watch)  # of the application it would be told of every widget's events
windowed.run()
"""
)


def run(code: str, *arguments: str) -> list[float]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    # An installed till has its bytecode; a checkout on a machine told not to write any would compile it anew.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    return [float(each) for each in done.stdout.split()]


def stock(folder: Path) -> None:
    prepare(folder, lang="pl")
    with (folder / "stempel.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[reader]\nenabled = false\n")
    database = Database(folder)
    goods = [
        Product(sku=f"X{n}", name=f"Towar numer {n}", price_minor=100 + n % 5000, codes=(code(n),))
        for n in range(PRODUCTS)
    ]
    database.call(lambda: database.writer.put_products(goods), LONG_S)
    database.close()


def code(number: int) -> str:
    return f"77{number:010}"


def start(folder: Path, number: int) -> list[float]:
    """One start of the till: first paint and usable, each in seconds and in seconds of processor time."""
    database = Database(folder)
    database.write(Work(basket=None))  # what the start before rang up
    database.close()
    return run(_TILL, str(folder), code(number))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop"
        stock(folder)
        start(folder, 0)  # opens the day's shift
        rounds = [(run(_BARE), start(folder, 1 + n)) for n in range(ROUNDS)]
    print(f"offscreen, {PRODUCTS} products, medians of {ROUNDS} pairs, load {os.getloadavg()[0]:.1f}")
    print("                    wall             processor")
    bare = [statistics.median(one[at] for one, _ in rounds) * 1000 for at in (0, 1)]
    print(f"bare window   {bare[0]:6.0f} ms          {bare[1]:6.0f} ms")
    for what, at, target in (("first paint", 0, 1.5), ("a scan rung", 2, 3)):
        told = ""
        for clock in (0, 1):
            took = statistics.median(till[at + clock] for _, till in rounds) * 1000
            ratio = statistics.median(till[at + clock] / one[clock] for one, till in rounds)
            told += f"{took:6.0f} ms  {ratio:.2f}×   "
        print(f"{what}   {told}(target {target}×)")


if __name__ == "__main__":
    main()
