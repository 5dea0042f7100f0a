"""A hundred thousand damaged inputs for every parser of what cards, scanners and keys say.

INPUTS and SEED choose how many and which: `SEED=7 INPUTS=1000 ./dev faults tests/faults/test_device_fuzz.py`.
"""

from __future__ import annotations

import os

import pytest

from tests.support.fuzz import TARGETS

INPUTS = int(os.environ.get("INPUTS", "100000"))
SEED = int(os.environ.get("SEED", "1"))


@pytest.mark.faults
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("target", TARGETS)
def test_any_input_is_understood_or_refused(target: str):
    TARGETS[target](INPUTS, SEED)
