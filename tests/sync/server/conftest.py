from __future__ import annotations

import pytest

from tests.sync.rig import Rig
from tests.sync.server.pushing import Pushing, of_store


@pytest.fixture
def north(rig: Rig) -> Pushing:
    return of_store(rig, "north", 1)


@pytest.fixture
def south(rig: Rig) -> Pushing:
    return of_store(rig, "south", 2)
