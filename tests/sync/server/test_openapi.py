"""The description and the server agree: schemathesis asks every operation by it, and finds no fault."""

from __future__ import annotations

import pytest

from tests.sync.rig import Rig
from tests.sync.server.described import Examiner


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_schemathesis_finds_no_fault(rig: Rig) -> None:
    """More of it in tests/faults/test_openapi.py."""
    examiner = Examiner(rig)
    faults = examiner.examine(examples=1, every=6)
    assert not faults, "\n\n".join(f"{name}\n{fault}" for name, fault in faults.items())
    assert examiner.asked > 150
