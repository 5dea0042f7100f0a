"""Garbage with cycles is looked for between scans, not in them."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.ui import idle
from app.ui.idle import IdleCollector


class Loop:
    def __init__(self) -> None:
        self.self = self


def made() -> weakref.ref[Loop]:
    """A cycle nobody holds, among as much as makes a look worth while."""
    keep = [Loop() for _ in range(idle.FEW + 500)]
    return weakref.ref(keep[0])


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdleCollector]:
    monkeypatch.setattr(idle, "LOOK_MS", 10)
    monkeypatch.setattr(idle, "QUIET_MS", 500)  # longer than a busy machine keeps the test from its turn
    monkeypatch.setattr(idle, "SETTLED_MS", 10**9)
    collector = IdleCollector()
    collector.start()
    yield collector
    collector.stop()


def test_a_cycle_goes_in_a_quiet_moment(qtbot: QtBot, collector: IdleCollector) -> None:
    cycle = made()
    qtbot.waitUntil(lambda: cycle() is None, timeout=5000)


def test_nothing_is_looked_for_while_somebody_works(qtbot: QtBot, collector: IdleCollector) -> None:
    cycle = made()
    for _ in range(8):
        collector.touched()
        qtbot.wait(20)
    assert cycle() is not None
    qtbot.waitUntil(lambda: cycle() is None, timeout=5000)


def test_the_thresholds_are_put_back() -> None:
    before = gc.get_threshold()
    collector = IdleCollector()
    collector.start()
    assert gc.get_threshold() != before
    collector.stop()
    assert gc.get_threshold() == before
