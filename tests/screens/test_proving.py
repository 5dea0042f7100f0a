"""A PIN being checked stops nothing: scans are rung up, cards sign in, and a late yes is for nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.screens import views
from app.ui import scenes
from app.values import div_round
from tests.support.slow import Slow


@pytest.fixture
def stage() -> Iterator[scenes.Stage]:
    with scenes.Stage("en") as made:
        yield made


def asked(stage: scenes.Stage) -> Slow:
    """A discount above the cashier's limit waits for Dorota's PIN, which is being checked."""
    scenes.people.approving(stage)
    slow = stage.till.heart.aside = Slow()
    stage.sale.pick("dorota")
    stage.type("1234")
    stage.sale.take()
    return slow


def pad(stage: scenes.Stage) -> views.Pad:
    middle = stage.sale.view.middle
    assert isinstance(middle, views.Pad)
    return middle


def test_it_says_so_and_takes_no_second_press(stage: scenes.Stage) -> None:
    slow = asked(stage)
    assert (pad(stage).detail, pad(stage).presses[-1].enabled) == ("Checking…", False)
    stage.type("9")
    stage.sale.take()
    assert (pad(stage).figure, len(slow.waiting)) == ("●●●●", 1)
    slow.work()
    assert stage.till.sale.manual is not None
    assert isinstance(stage.sale.view.middle, views.Favourites)


def test_who_agrees_sees_to_what(stage: scenes.Stage) -> None:
    scenes.people.approving(stage)
    choosing, off_minor = stage.sale.view.middle, div_round(stage.till.decision.total_minor * 30, 100)
    assert isinstance(choosing, views.Tools)
    stage.sale.pick("dorota")
    for shown in (choosing, pad(stage)):
        what = shown.detail.partition("(")[2].partition(")")[0]
        assert what.endswith(stage.sale.show.money(off_minor))


def test_a_scan_is_rung_up_meanwhile(stage: scenes.Stage) -> None:
    slow = asked(stage)
    pieces = sum(line.qty_milli for line in stage.till.sale.lines)
    stage.sale.scan(scenes.LATTE)
    assert sum(line.qty_milli for line in stage.till.sale.lines) == pieces + 1000
    slow.work()
    assert stage.till.sale.manual is not None


def test_a_yes_that_comes_after_it_was_left_does_nothing(stage: scenes.Stage) -> None:
    slow = asked(stage)
    stage.sale.leave()
    slow.work()
    assert stage.till.sale.manual is None


def test_a_wrong_one_is_said_and_typed_again(stage: scenes.Stage) -> None:
    scenes.people.locked(stage)
    slow = stage.till.heart.aside = Slow()
    stage.sale.pick("anna")
    stage.type("9999")
    stage.sale.take()
    slow.work()
    assert (pad(stage).problem, pad(stage).figure) == ("That PIN is wrong.", "")
    stage.type("1234")
    stage.sale.take()
    slow.work()
    assert stage.till.people.who is not None
