from __future__ import annotations

import threading
import time

import pytest

from sync.server.turns import Turns


def test_whoever_waited_longest_is_next_though_another_never_rests() -> None:
    turns, came, done = Turns(), list[str](), threading.Event()

    def greedy() -> None:
        while not done.is_set():
            with turns:
                came.append("greedy")
                time.sleep(0.001)

    writer = threading.Thread(target=greedy)
    writer.start()
    try:
        for _ in range(50):
            before = len(came)
            with turns:
                came.append("other")
            assert len(came) - before <= 3, "at most what was in hand, and one that stood before"
    finally:
        done.set()
        writer.join(5)


def test_one_at_a_time_in_the_order_of_coming() -> None:
    turns, order, inside = Turns(), list[int](), list[int]()
    started = [threading.Event() for _ in range(20)]

    def enter(number: int) -> None:
        started[number].set()
        with turns:
            inside.append(number)
            assert len(inside) == 1
            order.append(number)
            inside.remove(number)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(20)]
    with turns:
        for number, thread in enumerate(threads):
            thread.start()
            started[number].wait(5)
            while len(turns._waiting) <= number:
                time.sleep(0.0005)
    for thread in threads:
        thread.join(5)
    assert order == list(range(20))


def test_a_turn_inside_a_turn_is_a_bug_that_is_told() -> None:
    turns = Turns()
    with turns, pytest.raises(RuntimeError), turns:
        pass
    with turns:
        pass
