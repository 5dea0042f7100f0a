"""A till whose process, power or disk goes at any moment: a few deaths here, thousands in tests/faults."""

from __future__ import annotations

from pathlib import Path

from tests.support.dying_till import dying


def test_a_killed_till_keeps_what_it_promised(tmp_path: Path) -> None:
    assert dying(tmp_path, "kill", 1, 8) == {"died": 8, "problems": [], "whole": False}


def test_power_cuts_lose_nothing_that_was_answered(tmp_path: Path) -> None:
    assert dying(tmp_path, "cut", 1, 8) == {"died": 8, "problems": [], "whole": False}


def test_the_same_cuts_with_synchronous_normal_lose_sales(tmp_path: Path) -> None:
    """The control: these cuts would show a loss."""
    found = dying(tmp_path, "cut-normal", 1, 6)
    assert any("what was answered is there" in problem for problem in found["problems"]), found


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    assert dying(tmp_path, "full", 30, 6)["problems"] == []
