"""A device that is asked: deadlines hold, a call given up before it began never begins, threads end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from hardware.asking import AskedDevice
from tests.support.told import Told


@pytest.fixture
def device() -> Iterator[AskedDevice]:
    device = AskedDevice("oracle")
    device.start()
    yield device
    assert device.stop()
    assert [t.name for t in threading.enumerate() if "oracle" in t.name] == []


def ask(device: AskedDevice, call: object, told: Told, deadline_s: float = 5.0) -> None:
    device.ask(call, told, deadline_s=deadline_s, late=lambda: "late", never=lambda: "never")  # type: ignore[arg-type]


def test_answers_come_in_order_on_the_lane(device: AskedDevice):
    told = Told()
    for number in range(20):
        ask(device, lambda number=number: str(number), told)
    told.wait(str, lambda answer: answer == "19")
    assert told.events == [str(number) for number in range(20)]
    assert told.threads == {"lane-oracle"}


def test_a_hung_call_is_answered_for_and_what_it_says_later_is_thrown_away(device: AskedDevice):
    told, go = Told(), threading.Event()

    def hang() -> str:
        go.wait(10)
        return "too late"

    started_s = time.monotonic()
    ask(device, hang, told, 0.3)
    told.wait(str)
    assert time.monotonic() - started_s < 1
    go.set()
    ask(device, lambda: "next", told)
    told.wait(str, lambda answer: answer == "next")
    assert told.events == ["late", "next"]


def test_a_call_that_never_began_never_begins(device: AskedDevice):
    told, go, made = Told(), threading.Event(), []
    ask(device, lambda: go.wait(10), told, 0.1)
    ask(device, lambda: made.append("charged twice") or "made", told, 0.2)
    told.wait(str, lambda answer: answer == "never")
    go.set()
    ask(device, lambda: "after", told)
    told.wait(str, lambda answer: answer == "after")
    assert told.events == ["late", "never", "after"]
    assert made == []


def test_a_driver_that_raises_is_a_bug_and_the_outcome_is_unknown(
    device: AskedDevice, monkeypatch: pytest.MonkeyPatch
):
    told, bugs = Told(), []
    monkeypatch.setattr(threading, "excepthook", lambda args: bugs.append(args.exc_type))

    def broken() -> str:
        raise ZeroDivisionError

    ask(device, broken, told)
    assert told.wait(str) == "late"
    assert bugs == [ZeroDivisionError]


def test_stop_says_that_a_call_hangs_and_answers_nobody():
    device, told, go = AskedDevice("oracle"), Told(), threading.Event()
    device.start()
    ask(device, lambda: go.wait(10), told, 60)
    time.sleep(0.05)
    assert not device.stop(0.6)
    assert told.events == []
    go.set()
    assert device.stop()


def test_it_beats_while_it_waits(device: AskedDevice):
    told, go = Told(), threading.Event()
    ask(device, lambda: go.wait(10), told, 5)
    time.sleep(0.8)
    assert device.age_s() < 0.6
    go.set()
    told.wait(bool)
