"""A server killed between commit and reply a thousand times: nothing lost, nothing twice, the feed whole.

STEMPEL_LIVES chooses how often (1000).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.sync.lost_answers import lost_answers
from tests.sync.postgres import running

pytestmark = pytest.mark.faults
LIVES = int(os.environ.get("STEMPEL_LIVES", "1000"))


def test_on_sqlite(tmp_path: Path) -> None:
    assert lost_answers(tmp_path, "", LIVES)["facts"] > LIVES * 0.8


def test_on_postgresql(tmp_path: Path) -> None:
    with running() as postgres:
        assert lost_answers(tmp_path, postgres.fresh_database(), LIVES)["facts"] > LIVES * 0.8
