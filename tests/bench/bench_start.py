"""From process start to the first paint and to a usable sale screen with 100,000 products.

Against a bare PySide6 window in the same minute, in turns. Targets: first paint ≤ 1.5×, usable ≤ 3×.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from app.checkout.ports import Product
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
        print(since_start(), flush=True)
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
folder = Path(sys.argv[1])
painted = []
class Watch(QObject):
    def eventFilter(self, target, event):
        if event.type() == QEvent.Type.Paint and not painted:
            painted.append(since_start())
        return False
class Timed(Windowed):
    def _assemble(self, rig):
        super()._assemble(rig)
        self.window.repaint()
        print(painted[0], since_start(), flush=True)
        os._exit(0)
windowed = Timed(folder, load(folder), real_devices)
watch = Watch()
windowed.qt.installEventFilter(watch)
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


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shop"
        prepare(folder, lang="pl")
        with (folder / "stempel.toml").open("a", encoding="utf-8") as settings:
            settings.write("\n[reader]\nenabled = false\n")
        database = Database(folder)
        goods = [
            Product(sku=f"X{n}", name=f"Towar numer {n}", price_minor=100 + n % 5000, codes=(f"77{n:010}",))
            for n in range(PRODUCTS)
        ]
        database.call(lambda: database.writer.put_products(goods), LONG_S)
        database.close()
        run(_TILL, str(folder))
        bare: list[float] = []
        till: list[list[float]] = []
        for _ in range(ROUNDS):
            bare += run(_BARE)
            till.append(run(_TILL, str(folder)))
    first = statistics.median(each[0] / base for each, base in zip(till, bare, strict=True))
    usable = statistics.median(each[1] / base for each, base in zip(till, bare, strict=True))
    print(f"offscreen, {PRODUCTS} products, medians of {ROUNDS}")
    print(f"bare window   {statistics.median(bare) * 1000:6.0f} ms to the first paint")
    print(
        f"the till      {statistics.median(t[0] for t in till) * 1000:6.0f} ms   {first:.2f}×  (target 1.5)"
    )
    print(f"  usable      {statistics.median(t[1] for t in till) * 1000:6.0f} ms   {usable:.2f}×  (target 3)")


if __name__ == "__main__":
    main()
