"""Sale after sale in one process, with the window: its memory, its speed and its references stay as they are.

`STEMPEL_SALES` says how many (10,000 if left out). The default run sells a few for the same machinery
(tests/journeys/test_soak.py); `python -m tests.bench.bench_soak` prints what is measured on the way.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.bench.bench_soak import growth, run

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints

SALES = int(os.environ.get("STEMPEL_SALES", "10000"))


def test_the_till_stays_as_it_is(qtbot: QtBot, tmp_path: Path) -> None:
    samples, warnings = run(SALES, tmp_path / "shop")
    assert warnings == []
    assert growth([float(sample.memory_kib) for sample in samples]) <= 0.05
    assert growth([sample.p50_ms for sample in samples]) <= 0.10, "the bench prints p99, which load blurs"
    assert growth([float(sample.nones) for sample in samples]) <= 0.01
