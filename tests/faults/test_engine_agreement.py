"""The engine against the naive implementation on a hundred thousand random programmes and baskets."""

from __future__ import annotations

import os

import pytest

from tests.loyalty.test_agreement import disagreement

PROGRAMMES = int(os.environ.get("STEMPEL_PROGRAMMES", "100000"))
FIRST = int(os.environ.get("STEMPEL_SEED", "1")) * 1_000_000
BLOCKS = 50


@pytest.mark.timeout(0)  # by the clock of a busy machine it would fail
@pytest.mark.parametrize("block", range(BLOCKS))
def test_engine_and_naive_agree_on_a_hundred_thousand_programmes(block: int) -> None:
    for seed in range(FIRST + block, FIRST + PROGRAMMES, BLOCKS):
        assert not disagreement(seed)
