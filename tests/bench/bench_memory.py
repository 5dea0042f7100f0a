"""What the till's process holds of the machine's memory, beside a bare PySide6 window in the same run.

    python -m tests.bench.bench_memory [members [products [sales]]]     (200,000, 100,000 and 1,000)

After the start, with the lists in its database, and after so many sales in its window. Told are the
proportional set (PSS: what is shared with others counts as a share) and the resident set (RSS). Target: 3 ×.
The shop is made at the first run and kept (tests/bench/crowd.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.crowd import card_of, copy_of, crowd, goods, load_line, people

TARGET = 3.0
_TOLD = """
import gc, os, sys
from pathlib import Path
def told():
    gc.collect()
    rows = dict(line.split(":") for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    print(*(int(rows[key].split()[0]) for key in ("Pss", "Rss")), flush=True)
"""
_BARE = (
    _TOLD
    + """
from PySide6.QtWidgets import QApplication, QLabel
qt = QApplication(sys.argv)
window = QLabel("bare")
window.resize(1366, 768)
window.show()
for _ in range(20):
    qt.processEvents()
told()
"""
)
_TILL = (
    _TOLD
    + """
from PySide6.QtWidgets import QApplication
from tests.support.soak import Soak
folder, sales = Path(sys.argv[1]), int(sys.argv[2])
codes, uids = (Path(name).read_text().split() for name in sys.argv[3:5])
with Soak(folder, codes, uids) as soak:
    told()
    soak.sell(sales)
    soak.sample()
    told()
    os._exit(0)
"""
)


def run(code: str, *arguments: str) -> list[list[int]]:
    """Rows of PSS and RSS, in KiB."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return [[int(word) for word in line.split()] for line in done.stdout.splitlines() if line[:1].isdigit()]


def main(members: int = 200_000, products: int = 100_000, sales: int = 1_000) -> None:
    shop = crowd(members, products)
    with tempfile.TemporaryDirectory() as name:
        folder = copy_of(shop, Path(name) / "shop")
        # Some of each are enough to sell with; all of them are in the database.
        wanted = {
            "codes": [item.codes[0] for item in goods(min(products, 2_000))],
            "uids": [card_of(one) for one in people(min(members, 2_000))],
        }
        lists = [Path(name) / key for key in wanted]
        for file in lists:
            file.write_text("\n".join(wanted[file.name]))
        bare = run(_BARE)[0]
        started, sold = run(_TILL, str(folder), str(sales), *map(str, lists))
    print(f"{members:,} members, {products:,} products, offscreen; {load_line()}")
    for what, row in (("bare window", bare), ("after the start", started), (f"after {sales:,} sales", sold)):
        ratios = [value / base for value, base in zip(row, bare, strict=True)]
        print(
            f"{what:<18} PSS {row[0] / 1024:7.1f} MiB {ratios[0]:5.2f} ×"
            f"   RSS {row[1] / 1024:7.1f} MiB {ratios[1]:5.2f} ×"
        )
    print(f"target {TARGET} ×")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
