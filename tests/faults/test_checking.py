"""Many seeds of sales priced again: honest tills, lying ones, copied disks, restored servers, merges."""

from __future__ import annotations

import os

import pytest

from tests.sync import test_checking as checking

pytestmark = pytest.mark.faults

SEEDS = int(os.environ.get("STEMPEL_SEEDS", "500")) // 5
LIES = [
    (checking.cheaper, {"figures"}),
    (checking.richer, {"figures"}),
    (checking.dreamer, {"state"}),
    (checking.forgetful, {"state", "stale"}),
]


@pytest.mark.parametrize("block", range(5))
def test_no_honest_till_is_ever_reported(block: int) -> None:
    for seed in range(50_000 + block * SEEDS // 5, 50_000 + (block + 1) * SEEDS // 5):
        checking.honest(seed)


def test_lying_tills_are_reported_sale_by_sale() -> None:
    for number, seed in enumerate(range(60_000, 60_000 + SEEDS // 5)):
        checking.lying(seed, *LIES[number % len(LIES)])


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (checking.restored, {"restored"}),
        (checking.copied, {"forked"}),
        (checking.merged, {"merged"}),
    ],
    ids=["restored", "copied", "merged"],
)
def test_a_hard_history_is_never_called_a_defect(history: object, words: set[str]) -> None:
    for seed in range(70_000, 70_000 + SEEDS // 5):
        assert history(seed) <= words, seed  # type: ignore[operator]
