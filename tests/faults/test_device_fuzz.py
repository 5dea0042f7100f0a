"""A hundred thousand damaged inputs for every parser of what cards, scanners and keys say.

STEMPEL_INPUTS and STEMPEL_SEED choose how many and which (docs/development.md).
"""

from __future__ import annotations

import os

import pytest

from tests.support.fuzz import TARGETS

INPUTS = int(os.environ.get("STEMPEL_INPUTS", "100000"))
SEED = int(os.environ.get("STEMPEL_SEED", "1"))


@pytest.mark.faults
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("target", TARGETS)
def test_any_input_is_understood_or_refused(target: str):
    TARGETS[target](INPUTS, SEED)
