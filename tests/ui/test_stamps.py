"""Stamps lean by their place and are pressed on only when they are earned."""

from __future__ import annotations

from PySide6.QtCore import QAbstractAnimation
from pytestqt.qtbot import QtBot

from app.screens.views import Stamp, StampCard
from app.ui.look import Look
from app.ui.stamps import CIRCLE_PX, EARN_MS, Stamps

RUNNING = QAbstractAnimation.State.Running


def card(*stamps: Stamp, key: str = "coffee") -> StampCard:
    return StampCard(key, "Coffee card", f"{len(stamps)}", stamps, "0.–", "coffee")


def animated(stamps: Stamps) -> bool:
    return stamps._press.state() == RUNNING  # pyright: ignore[reportPrivateUsage]


def test_only_a_stamp_just_earned_moves_and_briefly(qtbot: QtBot, look: Look) -> None:
    stamps = Stamps(look)
    qtbot.addWidget(stamps)
    assert EARN_MS < 200
    stamps.set(card(Stamp.EARNED, Stamp.EMPTY))
    assert not animated(stamps), "an old stamp is no news"
    stamps.set(card(Stamp.EARNED, Stamp.NEW))
    assert animated(stamps)
    qtbot.waitUntil(lambda: not animated(stamps), timeout=1000)
    stamps.set(card(Stamp.EARNED, Stamp.NEW, Stamp.NEW))
    assert animated(stamps)
    qtbot.waitUntil(lambda: not animated(stamps), timeout=1000)
    stamps.set(card(Stamp.EARNED, Stamp.NEW, Stamp.EMPTY))
    assert not animated(stamps), "one taken back does not celebrate"


def test_another_members_card_does_not_move(qtbot: QtBot, look: Look) -> None:
    stamps = Stamps(look)
    qtbot.addWidget(stamps)
    stamps.set(card(Stamp.EARNED, Stamp.EMPTY))
    stamps.set(card(Stamp.NEW, Stamp.NEW, key="another"))
    assert not animated(stamps)


def test_many_stamps_take_rows_and_shrink(qtbot: QtBot, look: Look) -> None:
    stamps = Stamps(look)
    qtbot.addWidget(stamps)
    stamps.set(card(*[Stamp.EARNED] * 6))
    assert CIRCLE_PX < stamps.heightForWidth(326) < CIRCLE_PX * 3 // 2
    stamps.set(card(*[Stamp.EARNED] * 20))
    assert CIRCLE_PX * 3 // 2 < stamps.heightForWidth(326) < 3 * CIRCLE_PX


def test_the_same_place_looks_the_same_twice(qtbot: QtBot, look: Look) -> None:
    stamps = Stamps(look)
    qtbot.addWidget(stamps)
    stamps.resize(326, 52)
    stamps.set(card(*[Stamp.EARNED] * 6))
    first = stamps.grab().toImage()
    assert stamps.grab().toImage() == first
    one = first.copy(6, 6, 40, 40)
    two = first.copy(55, 6, 40, 40)
    assert one != two, "each leans its own way"


def test_the_card_says_how_far_it_is(qtbot: QtBot, look: Look) -> None:
    stamps = Stamps(look)
    qtbot.addWidget(stamps)
    stamps.set(card(Stamp.EARNED, Stamp.FREE))
    assert stamps.accessibleName() == "Coffee card: 2"


def test_no_stamp_is_clipped(qtbot: QtBot, look: Look) -> None:
    """The outermost pixels of the widget stay empty, also while a stamp is pressed on."""
    stamps = Stamps(look)
    qtbot.addWidget(stamps)
    stamps.resize(326, stamps.heightForWidth(326))
    stamps.set(card(*[Stamp.EARNED] * 5, Stamp.EMPTY))
    stamps.resize(326, stamps.heightForWidth(326))
    stamps.set(card(*[Stamp.EARNED] * 5, Stamp.WON))
    image = stamps.grab().toImage()
    ground = image.pixelColor(325, 0)
    edge = [image.pixelColor(x, y) for x in range(326) for y in (0, image.height() - 1)]
    assert all(colour == ground for colour in edge)
