"""Calls from lanes arrive in the window's thread, in order, or not at all."""

from __future__ import annotations

import gc
import sys
import threading

from PySide6.QtWidgets import QApplication
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from app.lanes import Lane
from app.ui.bridge import Bridge


def test_calls_from_two_lanes_run_in_the_windows_thread_in_order(qtbot: QtBot) -> None:
    bridge, heard = Bridge(), list[tuple[str, int, str]]()
    lanes = [Lane("one").start(), Lane("two").start()]

    def post(lane: Lane) -> None:
        for number in range(100):
            bridge.post(
                lambda number=number: heard.append((lane.name, number, threading.current_thread().name))
            )

    for lane in lanes:
        lane.submit(lambda lane=lane: post(lane))
    qtbot.waitUntil(lambda: len(heard) == 200)
    assert {thread for _, _, thread in heard} == {threading.current_thread().name}
    for name in ("one", "two"):
        assert [number for lane, number, _ in heard if lane == name] == list(range(100))
    assert all(lane.stop() for lane in lanes)


def test_a_call_never_runs_inside_the_one_that_posts_it(qtbot: QtBot) -> None:
    bridge, heard = Bridge(), list[str]()
    bridge.post(lambda: heard.append("later"))
    heard.append("now")
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert heard == ["now", "later"]


def test_after_close_nothing_arrives(qapp: QApplication) -> None:
    bridge, heard = Bridge(), list[int]()
    bridge.post(lambda: heard.append(1))
    bridge.close()
    QApplication.processEvents()
    assert heard == []


def test_an_error_is_not_swallowed(qapp: QApplication) -> None:
    bridge = Bridge()

    def fail() -> None:
        raise RuntimeError("a bug")

    heard: list[str] = []
    with capture_exceptions() as caught:
        bridge.post(fail)
        bridge.post(lambda: heard.append("next"))
        QApplication.processEvents()
    assert [str(error) for _, error, _ in caught] == ["a bug"]
    assert heard == ["next"]


def test_many_calls_leak_nothing(qapp: QApplication) -> None:
    """PySide6 6.12 on Python 3.11 loses a reference to None at every emit: this way has none to lose."""
    bridge, heard = Bridge(), list[int]()
    gc.collect()  # garbage of earlier tests holds thousands of references to None
    before = sys.getrefcount(None)
    for number in range(20_000):
        bridge.post(lambda number=number: heard.append(number))
    QApplication.processEvents()
    assert heard == list(range(20_000))
    gc.collect()  # and may let them go meanwhile: only growth is a leak
    assert sys.getrefcount(None) - before < 500
