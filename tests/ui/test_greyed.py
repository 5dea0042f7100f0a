"""What the till would refuse is greyed: at a locked till, and while something outside is being waited for."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from app.ui import scenes
from app.ui.controls import Button, Field, Kind
from app.ui.look import Look
from app.ui.sale import SaleScreen

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints


@pytest.fixture
def screen(look: Look) -> SaleScreen:
    made = SaleScreen(look)
    made.retranslate()
    made.resize(1366, 768)
    made.show()
    return made


def beside(screen: SaleScreen) -> list[str]:
    """What can be pressed or typed into outside the middle and the line on top."""
    return [
        part.accessibleName()
        for part in (*screen.findChildren(QAbstractButton), *screen.findChildren(Field))
        if part.isVisible()
        and part.isEnabled()
        and not screen.middle.isAncestorOf(part)
        and not screen.state_line.isAncestorOf(part)
    ]


@pytest.mark.parametrize("scene", ["locked", "signing-in", "charging", "waiting", "refund-waits"])
def test_nothing_beside_what_has_to_be_answered_can_be_pressed(screen: SaleScreen, scene: str) -> None:
    selling = scenes.play("selling", "en")
    screen.set(selling)
    screen.search.setFocus()
    usable = beside(screen)
    assert {"Search", "Everything else", "Undo", "Spend", "Take the card off this sale", "Pay"} <= set(usable)
    screen.set(scenes.play(scene, "en"))
    assert beside(screen) == []
    screen.set(selling)
    assert beside(screen) == usable


def test_what_is_typed_at_a_locked_till_does_not_go_to_the_search(screen: SaleScreen) -> None:
    screen.activateWindow()
    screen.set(scenes.play("selling", "en"))
    screen.search.setFocus()
    screen.set(scenes.play("signing-in", "en"))
    assert not screen.search.hasFocus()
    screen.set(scenes.play("selling", "en"))
    assert screen.focusWidget() is screen.search


def picture(widget: QWidget) -> bytes:
    return bytes(widget.grab().toImage().constBits())


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_button_looks_different_when_greyed(look: Look, qapp: QApplication, kind: Kind) -> None:
    button = Button(look, kind, icon_name="x", key="F4")
    button.set_words("Word")
    button.resize(120, 56)
    usable = picture(button)
    button.setEnabled(False)
    assert picture(button) != usable
