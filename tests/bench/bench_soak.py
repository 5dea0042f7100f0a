"""A till that sells all day in one process: what grows, what slows down.

    python -m tests.bench.bench_soak [sales]         (2,000 if left out; STEMPEL_SALES does the same)

The window offscreen, the real store, the simulated desk; members of a crowd of 2,000 come in at random.
Each row is a tenth of the run. Targets: memory + 5 %, the scan's p99 + 10 % (both from the second tenth
to the last, of this thread's processor time), references to None flat, no word from Qt.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from tests.bench.crowd import card_of, fill, goods, load_line, people
from tests.support.soak import Sample, Soak

MEMBERS, PRODUCTS, ROWS = 2_000, 2_000, 10


def run(
    sales: int, folder: Path, members: int = MEMBERS, products: int = PRODUCTS
) -> tuple[list[Sample], list[str]]:
    """A sample for each tenth, and what Qt said."""
    fill(folder, members, products)
    codes = [item.codes[0] for item in goods(products)]
    with Soak(folder, codes, [card_of(one) for one in people(members)]) as soak:
        samples: list[Sample] = []
        for row in range(ROWS):
            soak.sell((row + 1) * sales // ROWS - soak.sales)
            samples.append(soak.sample())
            print(
                f"{soak.sales:7} sales   memory {samples[-1].memory_kib / 1024:7.1f} MiB"
                f"   None {samples[-1].nones:8}   scan p50 {samples[-1].p50_ms:6.2f}"
                f"   p99 {samples[-1].p99_ms:6.2f} ms   {load_line()}",
                flush=True,
            )
        return samples, soak.warnings


def growth(values: list[float]) -> float:
    """From the second tenth to the last, by the line through them all: one slow tenth is no drift."""
    later = values[1:]
    line = statistics.linear_regression(range(len(later)), later)
    return line.slope * (len(later) - 1) / (line.intercept or 1)


def main(sales: int = int(os.environ.get("STEMPEL_SALES", "2000"))) -> None:
    with tempfile.TemporaryDirectory() as name:
        samples, warnings = run(sales, Path(name) / "shop")
    memory = growth([float(sample.memory_kib) for sample in samples])
    drift = growth([sample.p99_ms for sample in samples])
    nones = (samples[-1].nones - samples[1].nones) / (samples[-1].sales - samples[1].sales)
    print(f"memory {memory:+.1%} (target 5 %)   p99 {drift:+.1%} (target 10 %)   None {nones:+.2f} a sale")
    print(f"Qt said: {warnings or 'nothing'}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
