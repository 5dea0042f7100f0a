"""No word is cut, nothing overlaps and nothing to press is too small: every screen, language and size."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QScrollArea, QWidget

from app.screens.corner.presenter import CornerView
from app.ui import scale as lk
from app.ui import scenes
from app.ui.arrange import Places, arrange
from app.ui.controls import Button, Field, Label
from app.ui.corner import CornerScreen
from app.ui.foot import Choices
from app.ui.keypad import Keypad
from app.ui.look import Look, touch_px
from app.ui.panel import PanelCard
from app.ui.rows import RowList
from app.ui.sale import SaleScreen
from app.ui.scenes import corner
from app.ui.translations import Translations

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform has no size hints
SIZES = [(1024, 768), (1366, 768), (1920, 1080)]
LANGS = ["ru", "pl", "en"]


@pytest.fixture(scope="module", params=LANGS)
def played(request: pytest.FixtureRequest) -> tuple[str, dict[str, scenes.views.SaleView]]:
    return request.param, {name: scenes.play(name, request.param) for name in scenes.SCENES}


def cut_labels(screen: QWidget) -> list[str]:
    labels = [label for label in screen.findChildren(Label) if label.isVisible() and label.is_cut()]
    fields = [field for field in screen.findChildren(Field) if field.isVisible() and field.is_cut()]
    assert all(isinstance(label, QLabel) for label in labels)
    return [label.text() for label in labels] + [field.placeholderText() for field in fields]


def small_targets(screen: QWidget, least: int) -> list[str]:
    buttons = [
        button.accessibleName()
        for button in screen.findChildren(QAbstractButton)
        if button.isVisible() and min(button.width(), button.height()) < least
    ]
    rows = [
        row.accessibleName()
        for row in screen.findChildren(RowList)
        if row.isVisible() and row.pressable and row.model().rowCount() and row.sizeHintForRow(0) < least
    ]
    return buttons + rows


def settle(screen: QWidget) -> None:
    for _ in range(3):  # a layout inside a scrolled layout settles in turns
        QApplication.processEvents()
    screen.grab()


def unreachable(screen: QWidget) -> list[str]:
    """What can be pressed and not be reached by Tab, by the key on it, nor by the digits of the keyboard."""
    return [
        button.accessibleName() or type(button).__name__
        for button in screen.findChildren(QAbstractButton)
        if button.isVisible()
        and button.isEnabled()
        and not button.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not getattr(button, "hint", "")
        and not isinstance(button.parentWidget(), Keypad)
    ]


def unnamed(screen: QWidget) -> list[str]:
    """What a screen reader would read without a name, or as nothing that can be pressed."""
    wrong: list[str] = []
    parts = [
        *screen.findChildren(QAbstractButton),
        *screen.findChildren(Field),
        *screen.findChildren(RowList),
    ]
    for part in parts:
        if not part.isVisible() or not part.isEnabled():
            continue
        seen = QAccessible.queryAccessibleInterface(part)
        name = seen.text(QAccessible.Text.Name)
        roles = (
            QAccessible.Role.Button, QAccessible.Role.CheckBox, QAccessible.Role.EditableText,
            QAccessible.Role.List, QAccessible.Role.RadioButton,
        )  # fmt: skip
        if not name or seen.role() not in roles:
            wrong.append(f"{type(part).__name__} {name!r} {seen.role()}")
    return wrong


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_sale_screen(
    look: Look,
    translations: Translations,
    played: tuple[str, dict[str, scenes.views.SaleView]],
    size: tuple[int, int],
) -> None:
    lang, states = played
    translations.switch(lang)
    screen = SaleScreen(look)
    screen.retranslate()
    screen.resize(*size)
    screen.show()
    for name, view in states.items():
        look.cuts = []
        screen.set(view)
        settle(screen)
        assert look.cuts == [], f"{name}: shortened"
        assert cut_labels(screen) == [], f"{name}: cut"
        assert small_targets(screen, lk.SMALL_BUTTON_PX) == [], f"{name}: too small to press"
        assert outside(screen) == [], f"{name}: beyond its place"
        assert crowded(screen) == [], f"{name}: over each other"
        assert unreachable(screen) == [], f"{name}: not for a keyboard"
        assert unnamed(screen) == [], f"{name}: without a name or a role"
    look.cuts = None
    screen.close()


@pytest.mark.parametrize(("dots_per_inch", "size"), [(120, (1920, 1080)), (160, (1366, 768))])
def test_nine_millimetres_on_denser_screens(
    qapp: QApplication,
    translations: Translations,
    played: tuple[str, dict[str, scenes.views.SaleView]],
    size: tuple[int, int],
    dots_per_inch: int,
) -> None:
    """At 160 dots an inch a finger needs 57 px: everything to press grows, and no word is cut by it."""
    lang, states = played
    translations.switch(lang)
    dense = Look("light", dots_per_inch)
    screen = SaleScreen(dense)
    screen.retranslate()
    screen.resize(*size)
    screen.show()
    for name, view in states.items():
        dense.cuts = []
        screen.set(view)
        settle(screen)
        assert small_targets(screen, touch_px(dots_per_inch)) == [], f"{name}: too small to press"
        assert dense.cuts == [], f"{name}: shortened"
        assert cut_labels(screen) == [], f"{name}: cut"
        assert outside(screen) == [], f"{name}: beyond its place"
    screen.close()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_department_can_be_seen(
    look: Look,
    translations: Translations,
    played: tuple[str, dict[str, scenes.views.SaleView]],
    size: tuple[int, int],
) -> None:
    """Choices flow over as many rows as they need: what is scrolled away is not found."""
    lang, states = played
    translations.switch(lang)
    screen = SaleScreen(look)
    screen.retranslate()
    screen.resize(*size)
    screen.show()
    screen.set(states["open-price"])
    settle(screen)
    shown = [choice for choice in screen.findChildren(Choices) if choice.isVisible()]
    for choices in shown:
        for button in choices.buttons:
            assert button.visibleRegion().boundingRect() == button.rect(), button.accessibleName()
    assert sum(len(choices.buttons) for choices in shown) == 3
    screen.close()


def outside(screen: QWidget) -> list[str]:
    """Buttons of a panel that are squeezed out of their card: a layout that asked for more than there is."""
    found: list[str] = []
    for panel in screen.findChildren(PanelCard):
        if not panel.isVisible():
            continue
        for button in panel.findChildren(QAbstractButton):
            if not button.isVisible() or any(isinstance(p, QScrollArea) for p in parents(button, panel)):
                continue
            at = QRect(button.mapTo(panel, QPoint(0, 0)), button.size())
            if not panel.rect().contains(at):
                found.append(button.accessibleName())
            others = (o for o in panel.findChildren(QAbstractButton) if o is not button and o.isVisible())
            for other in others:
                if any(isinstance(p, QScrollArea) for p in parents(other, panel)):
                    continue
                if at.intersects(QRect(other.mapTo(panel, QPoint(0, 0)), other.size())):
                    found.append(f"{button.accessibleName()} over {other.accessibleName()}")
    return found


def crowded(screen: QWidget) -> list[str]:
    """Words and fields of a panel that lie over each other, or over its buttons."""
    found: list[str] = []
    for panel in screen.findChildren(PanelCard):
        if not panel.isVisible():
            continue
        kinds = (Label, Field, QAbstractButton)
        parts = [
            part
            for part in panel.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
            if isinstance(part, kinds) and part.isVisible()
        ]
        for place, part in enumerate(parts):
            over = (each for each in parts[place + 1 :] if part.geometry().intersects(each.geometry()))
            found.extend(f"{part.accessibleName()} over {each.accessibleName()}" for each in over)
    return found


def parents(widget: QWidget, until: QWidget) -> list[QWidget]:
    above: list[QWidget] = []
    parent = widget.parentWidget()
    while parent is not None and parent is not until:
        above.append(parent)
        parent = parent.parentWidget()
    return above


@pytest.fixture(scope="module", params=LANGS)
def corner_pages(request: pytest.FixtureRequest) -> tuple[str, dict[str, CornerView]]:
    return request.param, corner.play(request.param)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_managers_corner(
    look: Look,
    translations: Translations,
    corner_pages: tuple[str, dict[str, CornerView]],
    size: tuple[int, int],
) -> None:
    lang, pages = corner_pages
    translations.switch(lang)
    look.cuts = []
    screen = CornerScreen(look)
    screen.retranslate()
    screen.resize(*size)
    screen.show()
    for name, page in pages.items():
        screen.set(page)
        settle(screen)
        assert look.cuts == [], name
        assert cut_labels(screen) == [], name
        assert small_targets(screen, lk.SMALL_BUTTON_PX) == [], name
        assert unreachable(screen) == [], name
        assert unnamed(screen) == [], name
    screen.close()


def rects(places: Places) -> list[QRect]:
    named = ("basket", "actions", "search", "toggle", "middle", "message", "member", "total", "pay")
    return [rect for name in named if not (rect := getattr(places, name)).isEmpty()]


@pytest.mark.parametrize("width", [1024, 1100, 1199, 1200, 1366, 1600, 1920, 2560])
@pytest.mark.parametrize("height", [676, 724, 856, 1036])
@pytest.mark.parametrize(("opened", "deep"), [(False, False), (True, False), (True, True)])
def test_nothing_overlaps_and_all_is_inside(width: int, height: int, opened: bool, deep: bool) -> None:
    found = rects(arrange(width, height, opened=opened, deep=deep))
    room = QRect(0, 0, width, height)
    assert all(room.contains(rect) for rect in found)
    overlaps = [(a, b) for n, a in enumerate(found) for b in found[n + 1 :] if a.intersects(b)]
    assert overlaps == []


@pytest.mark.parametrize("width", [1024, 1366, 1920])
def test_total_and_pay_never_move(width: int) -> None:
    stands = {
        (places.total.getRect(), places.pay.getRect())
        for opened in (False, True)
        for deep in (False, True)
        if (places := arrange(width, 724, opened=opened, deep=deep))
    }
    assert len(stands) == 1
    assert arrange(width, 724, opened=False).pay.height() == lk.PAY_PX


def test_the_reference_columns() -> None:
    places = arrange(1366, 724, opened=False)
    assert (places.basket.left(), places.basket.width()) == (16, 576)
    assert (places.middle.left(), places.middle.width()) == (608, 380)
    assert (places.member.left(), places.member.width()) == (1004, 346)


def test_a_button_keeps_its_word_and_drops_its_key(look: Look, qapp: QApplication) -> None:
    look.cuts = []
    button = Button(look, key="Enter")
    button.set_words("Potwierdź")
    button.resize(90, 56)
    button.grab()
    assert look.cuts == []


def test_cut_words_are_found(look: Look, qapp: QApplication) -> None:
    """The measure itself: a word that does not fit must be reported."""
    look.cuts = []
    button = Button(look)
    button.set_words("Niepodzielnie długie słowo")
    button.resize(60, 56)
    button.grab()
    assert look.cuts == ["Niepodzielnie długie słowo"]
    label = Label(look)
    label.setText("Niepodzielnie")
    label.resize(30, 20)
    assert label.is_cut()
    label.resize(300, 20)
    assert not label.is_cut()
