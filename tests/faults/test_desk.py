"""Every device of the desk under random faults at once, and a sale by keyboard through each of their states.

STEMPEL_STEPS and STEMPEL_SEED choose the length and the run.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from app.demo import prepare
from tests.support.storm import DeskStorm
from tests.support.vpcd import Pcscd, pcscd

__all__ = ["pcscd"]

STEPS = int(os.environ.get("STEMPEL_STEPS", "1000"))
SEED = int(os.environ.get("STEMPEL_SEED", "1"))


@pytest.mark.timeout(0)
def test_a_sale_by_keyboard_completes_in_every_state(pcscd: Pcscd, tmp_path: Path) -> None:
    prepare(tmp_path / "shop", lang="pl")
    before = set(threading.enumerate())
    storm = DeskStorm(tmp_path / "shop", tmp_path / "parts", pcscd, SEED)
    for step in range(STEPS):
        storm.step()
        if step % 5 == 4:
            storm.sell()
            storm.check()
    storm.sell()
    storm.check()
    storm.close()
    left = [thread.name for thread in set(threading.enumerate()) - before if thread.is_alive()]
    assert left == []
    assert storm.sold == STEPS // 5 + 1
