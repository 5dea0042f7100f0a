"""Many seeds of sales priced again: honest tills, lying ones, copied disks, restored servers, merges."""

from __future__ import annotations

import os

import pytest

from tests.sync import test_checking as checking

pytestmark = pytest.mark.faults

SEEDS = int(os.environ.get("STEMPEL_SEEDS", "1000"))
FIRST = int(os.environ.get("STEMPEL_SEED", "1"))
BLOCKS = 10
LIES = [
    (checking.cheaper, {"figures"}),
    (checking.richer, {"figures"}),
    (checking.dreamer, {"state"}),
    (checking.forgetful, {"state", "stale"}),
]


HARD = [
    (checking.restored, {"restored"}),
    (checking.copied, {"forked"}),
    (checking.merged, {"merged"}),
]


@pytest.mark.parametrize("block", range(BLOCKS))
def test_honest_tills_are_never_reported_and_lying_ones_are(block: int) -> None:
    for seed in range(FIRST + block * SEEDS // BLOCKS, FIRST + (block + 1) * SEEDS // BLOCKS):
        a_world_priced_again(seed)


def a_world_priced_again(seed: int) -> None:
    """Most are honest; of eight one lies, and two have a history so hard that not all can be checked."""
    match seed % 8:
        case 0:
            checking.lying(seed, *LIES[seed // 8 % len(LIES)])
        case 1 | 2:
            history, words = HARD[seed // 8 % len(HARD)]
            assert history(seed) <= words, seed
        case _:
            checking.honest(seed)
