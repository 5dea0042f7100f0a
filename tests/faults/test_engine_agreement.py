"""The engine against the naive implementation on a hundred thousand random programmes and baskets."""

from __future__ import annotations

import pytest

from tests.loyalty.test_agreement import disagreement

BLOCK = 2_000


@pytest.mark.timeout(900)
@pytest.mark.parametrize("block", range(50))
def test_engine_and_naive_agree_on_a_hundred_thousand_programmes(block: int) -> None:
    for seed in range(1_000_000 + block * BLOCK, 1_000_000 + (block + 1) * BLOCK):
        assert not disagreement(seed)
