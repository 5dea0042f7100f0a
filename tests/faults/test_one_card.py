"""One card on N tills, over many seeds: nothing held twice, nothing overdrawn beyond what was published."""

from __future__ import annotations

import os

import pytest

from tests.sync.test_one_card import everywhere_at_once, only_by_holds, some_cut_off

pytestmark = pytest.mark.faults

SEEDS = int(os.environ.get("STEMPEL_SEEDS", "500")) * 4
"""2,000 unless said otherwise."""


@pytest.mark.parametrize("block", range(10))
def test_no_seed_overdraws_more_than_was_published(block: int) -> None:
    worlds = (everywhere_at_once, only_by_holds, some_cut_off)
    for seed in range(block * SEEDS // 10, (block + 1) * SEEDS // 10):
        worlds[seed % 3](100_000 + seed)
