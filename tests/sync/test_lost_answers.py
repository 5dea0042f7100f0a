"""A server killed between commit and reply, a few times; tests/faults does it a thousand times."""

from __future__ import annotations

from pathlib import Path

from tests.sync.lost_answers import lost_answers


def test_what_was_committed_and_not_answered_is_neither_lost_nor_doubled(tmp_path: Path) -> None:
    assert sum(lost_answers(tmp_path, "", 4).values()) == 4
