"""One card on N tills, over many seeds: nothing held twice, nothing overdrawn beyond what was published."""

from __future__ import annotations

import os

import pytest

from tests.sync.test_one_card import everywhere_at_once, only_by_holds, some_cut_off

pytestmark = pytest.mark.faults

SEEDS = int(os.environ.get("STEMPEL_SEEDS", "2000"))
FIRST = int(os.environ.get("STEMPEL_SEED", "1"))
BLOCKS = 10


@pytest.mark.parametrize("block", range(BLOCKS))
def test_no_seed_overdraws_more_than_was_published(block: int) -> None:
    for seed in range(FIRST + block * SEEDS // BLOCKS, FIRST + (block + 1) * SEEDS // BLOCKS):
        one_card_world(seed)


def one_card_world(seed: int) -> None:
    (everywhere_at_once, only_by_holds, some_cut_off)[seed % 3](seed)
