"""A few thousand damaged inputs for every parser of what devices say; many more in tests/faults."""

from __future__ import annotations

import pytest

from tests.support.fuzz import TARGETS

INPUTS = 2_000


@pytest.mark.parametrize("target", TARGETS)
def test_any_input_is_understood_or_refused(target: str):
    TARGETS[target](INPUTS, 1)
