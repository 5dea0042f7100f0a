"""Friends, and customers enrolled twice, in many hostile worlds (the short form is in tests/sync)."""

from __future__ import annotations

import pytest

from tests.sync.test_friends import friends
from tests.sync.test_one_person import one_person

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("block", range(10))
def test_referrers_are_paid_once(block: int) -> None:
    for seed in range(60_000 + block * 50, 60_050 + block * 50):
        friends(seed, restoring=seed % 4 == 0)


@pytest.mark.parametrize("block", range(10))
def test_one_person_is_one_member_and_welcomed_once(block: int) -> None:
    for seed in range(70_000 + block * 20, 70_020 + block * 20):
        one_person(seed)
