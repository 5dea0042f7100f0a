"""The window itself: languages, themes, keys."""

from __future__ import annotations

import sys

import pytest

from app.lanes import SWITCH_S
from app.screens import views
from tests.support.counter import COFFEE, KEY, LATTE, Counter

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints


def test_languages_and_themes_while_selling(counter: Counter) -> None:
    counter.scan(COFFEE)
    for _ in range(3):
        counter.press(KEY.Key_F10)
        counter.press(KEY.Key_F11)
    counter.press(KEY.Key_F11)
    assert counter.view.basket.lines[0].name == "Coffee beans 250 g"


def test_the_keys_are_shown(counter: Counter) -> None:
    counter.press(KEY.Key_F1)
    assert "F12" in [row.figure for row in counter.middle.rows]


def test_the_menu_by_its_digits(counter: Counter) -> None:
    counter.scan(COFFEE)
    counter.press(KEY.Key_F5)
    place = [tool.hint for tool in counter.middle.tools].index("1")
    assert counter.middle.tools[place].key == "why"
    counter.type("1")
    assert isinstance(counter.middle, views.Rows)


def test_the_day_and_back_by_a_scan(counter: Counter) -> None:
    counter.press(KEY.Key_F3)
    assert not counter.sale.isVisible()
    counter.desk.scanner.fire(LATTE)
    counter.until(counter.sale.isVisible)


def test_no_lane_keeps_the_interpreter_for_long(counter: Counter) -> None:
    assert sys.getswitchinterval() == SWITCH_S
