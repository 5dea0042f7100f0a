"""The basket's rows are kept as pictures: what is seen is always what they are now."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.screens import views
from app.ui.basket import BasketPanel
from app.ui.look import Look

LINES = tuple(
    views.Line(str(n), f"Towar {n}", f"{n} × 9,99", f"{n},99", why="−10%" if n % 2 else "")
    for n in range(1, 31)
)


@pytest.fixture
def panel(look: Look) -> BasketPanel:
    panel = BasketPanel(look)
    panel.resize(600, 500)
    panel.set(views.Basket(LINES, selected="1"))
    panel.show()
    seen(panel)
    return panel


def seen(panel: BasketPanel) -> QImage:
    for _ in range(3):
        QApplication.processEvents()
    return panel.grab().toImage()


def anew(look: Look, basket: views.Basket) -> QImage:
    """What a panel shows that has shown nothing before."""
    other = BasketPanel(look)
    other.resize(600, 500)
    other.set(basket)
    other.show()
    return seen(other)


@pytest.mark.parametrize(
    "basket",
    [
        views.Basket(LINES, selected="3"),
        views.Basket(LINES, selected="30"),
        views.Basket((replace(LINES[0], price="0,00", was="1,99"), *LINES[1:]), selected="1"),
        views.Basket(LINES[:4], selected="2"),
        views.Basket(LINES[5:], selected="6"),
    ],
    ids=["chosen", "scrolled", "priced", "fewer", "first gone"],
)
def test_what_has_changed_is_seen(panel: BasketPanel, look: Look, basket: views.Basket) -> None:
    panel.set(basket)
    assert seen(panel) == anew(look, basket)


def test_there_and_back_again(panel: BasketPanel) -> None:
    before = seen(panel)
    panel.set(views.Basket(LINES, selected="30"))
    seen(panel)
    panel.set(views.Basket(LINES, selected="1"))
    assert seen(panel) == before


def test_what_comes_below_leaves_the_selected_line_in_sight(panel: BasketPanel) -> None:
    """A customer's card brings an offer below the lines: the last one rung stays where it is seen."""
    panel.set(views.Basket(LINES, selected="30"))
    seen(panel)
    panel.set(views.Basket(LINES, selected="30", near_miss=views.NearMiss("almost", "Fresh for less")))
    seen(panel)
    bar = panel.lines.verticalScrollBar()
    assert bar.value() == bar.maximum()


def test_another_theme_is_another_picture(panel: BasketPanel, look: Look) -> None:
    look.switch("dark")
    assert seen(panel) == anew(look, views.Basket(LINES, selected="1"))


def test_wider_rows_are_painted_anew(panel: BasketPanel) -> None:
    panel.resize(640, 500)
    wide = seen(panel)
    panel.resize(600, 500)
    assert seen(panel).size() != wide.size()
    panel.resize(640, 500)
    assert seen(panel) == wide


def test_the_cards_corners_stay_round_over_rows(panel: BasketPanel, look: Look) -> None:
    panel.lies_on("caution_soft")
    image = seen(panel)
    assert image.pixelColor(0, 0).name() == look["caution_soft"].name()
    assert image.pixelColor(0, 250).name() == look["hairline"].name()
    assert image.pixelColor(2, 26).name() == look["accent"].name()


def test_lines_that_are_gone_leave_no_picture(panel: BasketPanel) -> None:
    panel.set(views.Basket(LINES, selected="30"))
    seen(panel)
    panel.set(views.Basket())
    assert panel.lines.itemDelegate()._kept == {}  # type: ignore[attr-defined]
