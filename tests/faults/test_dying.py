"""Thousands of deaths of a selling till: killed, without power, without room on its disk.

STEMPEL_DEATHS chooses how many (10000), STEMPEL_SEED where they begin.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.dying_till import dying

pytestmark = pytest.mark.faults
DEATHS = int(os.environ.get("STEMPEL_DEATHS", "10000"))
SEED = int(os.environ.get("STEMPEL_SEED", "1"))


@pytest.mark.parametrize("mode", ["kill", "cut"])
def test_nothing_that_was_answered_is_lost_and_nothing_is_twice(mode: str, tmp_path: Path) -> None:
    found = dying(tmp_path, mode, SEED, DEATHS, timeout_s=24 * 3600)
    print(f"{mode}: {found['died']} deaths")
    assert not found["problems"], "\n".join(found["problems"])
    assert found["died"] == DEATHS


def test_the_control_loses(tmp_path: Path) -> None:
    """With synchronous=NORMAL the very same cuts must show a loss, or they prove nothing."""
    count = min(DEATHS, 200)
    lost = dying(tmp_path, "cut-normal", SEED, count, timeout_s=3600)["problems"]
    print(f"NORMAL: {len(lost)} of {count} cuts lost what was answered")
    assert lost


def test_the_disk_full_at_every_write(tmp_path: Path) -> None:
    found = dying(tmp_path, "full", 0, 5000)
    print(f"full: at each of {found['died'] - 1} writes")
    assert not found["problems"], "\n".join(found["problems"])
    assert found["whole"], "not every write was reached"
