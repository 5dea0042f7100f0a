"""One look for every screen: colours by meaning, one type scale, one spacing scale, icons of one set.

Widgets are given a `Look` and paint with it; switching the theme is one repaint, without a style sheet.

`QtCore.Qt` is named only inside functions: its first mention builds 1,700 enumeration members, which the
first paint need not wait for.
"""

from __future__ import annotations

import math
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from PySide6 import QtCore
from PySide6.QtCore import QByteArray, QObject, QPointF, QRect, QRectF, QSize, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetrics,
    QFontMetricsF,
    QGuiApplication,
    QPainter,
    QPalette,
    QPixmap,
    QStaticText,
    QTransform,
)

import resources
from app.ui.boxes import Boxes
from app.ui.scale import RADIUS, REGULAR, TOUCH_MM

FAMILY: Final = "Inter"
TOKENS: Final = (
    "paper", "surface", "raised", "pressed", "hairline", "ink", "secondary",
    "accent", "accent_soft", "on_accent", "gain", "pay", "pay_pressed", "on_pay",
    "caution", "caution_soft", "error", "error_soft",
)  # fmt: skip
THEMES: Final = ("light", "dark")

_WEIGHTS: Final = ("Regular", "Medium", "SemiBold", "Bold")
_UPRIGHT: Final = QTransform()


class Look(QObject):
    """Colours, fonts and icons as they are now; `changed` tells widgets that hold a palette of their own."""

    changed = Signal()

    def __init__(self, theme: str = "light", dots_per_inch: float | None = None) -> None:
        super().__init__()
        self.theme = ""
        self.touch = touch_px(density() if dots_per_inch is None else dots_per_inch)
        """The least side of anything to press on this screen."""
        self._values: dict[str, str] = {}
        self._colours: dict[str, QColor] = {}
        self._icons: dict[tuple[str, int, str, float], QPixmap] = {}
        self._boxes = Boxes(self.__getitem__)
        self.cuts: list[str] | None = None
        """A list here collects every text that had to be shortened: how tests find cut words."""
        self.switch(theme)

    def switch(self, theme: str) -> None:
        """Take another theme's colours: "light" or "dark". Raises ValueError for an unknown one."""
        self._values = load_theme(theme)
        self.theme = theme
        self._colours.clear()
        self._icons.clear()
        self._boxes.forget()
        self.changed.emit()

    def __getitem__(self, token: str) -> QColor:
        found = self._colours.get(token)
        if found is None:
            found = self._colours[token] = QColor(self._values[token])
        return found

    def palette(self) -> QPalette:
        """The theme as a Qt palette, for the few stock widgets (text fields, lists)."""
        roles = QPalette.ColorRole
        made = QPalette()
        for role, token in (
            (roles.Window, "paper"), (roles.Base, "surface"), (roles.AlternateBase, "raised"),
            (roles.Button, "raised"), (roles.ButtonText, "ink"), (roles.WindowText, "ink"),
            (roles.Text, "ink"), (roles.PlaceholderText, "secondary"), (roles.Highlight, "accent"),
            (roles.HighlightedText, "on_accent"), (roles.Accent, "accent"),
            (roles.ToolTipBase, "surface"), (roles.ToolTipText, "ink"),
            (roles.Light, "surface"), (roles.Mid, "hairline"), (roles.Dark, "hairline"),
        ):  # fmt: skip
            made.setColor(role, self[token])
        return made

    def icon(self, name: str, size_px: int, token: str, ratio: float = 1.0) -> QPixmap:
        """An icon of the set in a colour of the theme."""
        key = (name, size_px, token, ratio)
        made = self._icons.get(key)
        if made is None:
            made = self._icons[key] = _render(name, size_px, self[token], ratio)
        return made

    def draw_icon(self, painter: QPainter, at: QRect, name: str, token: str, size_px: int = 20) -> None:
        """Paint an icon in the middle of `at`."""
        ratio = painter.device().devicePixelRatioF()
        pixmap = self.icon(name, size_px, token, ratio)
        spot = QPointF(at.center()) + QPointF(0.5 - size_px / 2, 0.5 - size_px / 2)
        painter.drawPixmap(spot.toPoint(), pixmap)

    def draw_text(
        self,
        painter: QPainter,
        at: QRect,
        text: str,
        token: str,
        font: QFont,
        align: QtCore.Qt.AlignmentFlag | None = None,
    ) -> int:
        """Paint one line, centred vertically, shortened with … if it must be; answers its width in px."""
        shaped, room_px = _shaped(text, font), at.width()
        if shaped.exact_px > room_px + 0.5:
            if self.cuts is not None:
                self.cuts.append(text)
            text = QFontMetrics(font).elidedText(text, QtCore.Qt.TextElideMode.ElideRight, room_px)
            shaped = _shaped(text, font)
        left = float(at.left())
        if align is not None and align is not QtCore.Qt.AlignmentFlag.AlignLeft:
            spare_px = room_px - shaped.exact_px
            left += spare_px if align is QtCore.Qt.AlignmentFlag.AlignRight else spare_px / 2
        top = at.top() + (at.height() - shaped.height_px) / 2
        self._put(painter, left, top, shaped, token)
        return shaped.width_px

    def write(self, painter: QPainter, left: float, base: float, text: str, token: str, font: QFont) -> None:
        """Paint a text from `left` on a base line, however wide it is."""
        shaped = _shaped(text, font)
        self._put(painter, left, base - shaped.face.ascent_px, shaped, token)

    def _put(self, painter: QPainter, left: float, top: float, shaped: _Shaped, token: str) -> None:
        painter.setFont(shaped.face.plain)
        painter.setPen(self[token])
        painter.drawStaticText(QPointF(left, top), shaped.text)
        if shaped.face.strike_px:
            # Qt strikes a text with its glyphs placed beside itself.
            line = QRectF(left, round(top + shaped.face.strike_px), shaped.exact_px, 1)
            painter.fillRect(line, self[token])

    def draw_box(
        self,
        painter: QPainter,
        at: QRect,
        fill: str | None,
        line: str | None = None,
        radius: float = RADIUS,
        width: int = 1,
    ) -> None:
        """Paint a rounded box, its line inside the rectangle."""
        self._boxes.draw(painter, at, fill, line, radius, width)

    def draw_frame(
        self, painter: QPainter, at: QRect, ground: str, line: str, radius: float = RADIUS
    ) -> None:
        """Paint a box's line, and outside its round corners the ground it lies on: over what fills it."""
        self._boxes.draw_frame(painter, at, ground, line, radius)


@cache
def load_fonts() -> None:
    """Register the bundled Inter (SIL Open Font License) once a process."""
    for weight in _WEIGHTS:
        file = resources.path("fonts", f"Inter-{weight}.ttf")
        if QFontDatabase.addApplicationFont(str(file)) < 0:
            raise RuntimeError(f"{file} is not a font Qt can read: install Stempel again")


@cache
def font(size_px: int, weight: int = REGULAR, strike: bool = False) -> QFont:
    """A font of the scale with tabular figures, so that columns of money stand still."""
    load_fonts()
    made = QFont(FAMILY)
    made.setPixelSize(size_px)
    made.setWeight(QFont.Weight(weight))
    made.setStrikeOut(strike)
    made.setFeature(QFont.Tag("tnum"), 1)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made


def text_width(text: str, face: QFont) -> int:
    """How wide a text is, in px."""
    return _shaped(text, face).width_px


class _Face(NamedTuple):
    """What painting in a font asks of it each time."""

    plain: QFont
    """Without a line through it."""
    ascent_px: float
    strike_px: float
    """From the top to the line through it; 0 for none."""


@cache
def _face(face: QFont) -> _Face:
    metrics = QFontMetricsF(face)
    strike_px = metrics.ascent() - metrics.strikeOutPos() if face.strikeOut() else 0.0
    plain = QFont(face)
    plain.setStrikeOut(False)
    return _Face(plain, metrics.ascent(), strike_px)


class _Shaped(NamedTuple):
    """A line with its glyphs chosen and placed, which takes longer than painting them: once for its width
    and its picture, and for as long as the same texts are painted at every scan."""

    text: QStaticText
    face: _Face
    width_px: int
    exact_px: float
    height_px: float


@lru_cache(2048)
def _shaped(text: str, face: QFont) -> _Shaped:
    known, made = _face(face), QStaticText(text)
    made.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    made.prepare(_UPRIGHT, known.plain)
    size = made.size()
    return _Shaped(made, known, int(size.width() + 0.5), size.width(), size.height())


def load_theme(name: str) -> dict[str, str]:
    """The colours of resources/themes/NAME.toml: every token, and no other."""
    if name not in THEMES:
        raise ValueError(f"there is no theme {name!r}: choose one of {', '.join(THEMES)}")
    file: Path = resources.path("themes", f"{name}.toml")
    values: dict[str, str] = tomllib.loads(file.read_text("utf-8"))
    if set(values) != set(TOKENS):
        odd = ", ".join(sorted(set(values) ^ set(TOKENS)))
        raise ValueError(f"{file.name} must name every colour once and no other: {odd}")
    return values


def touch_px(dots_per_inch: float) -> int:
    """The least side of anything to press on a screen of this physical density (device-independent dots)."""
    return math.ceil(TOUCH_MM / 25.4 * dots_per_inch - 0.5)


def density() -> float:
    """Device-independent dots per inch of the screen, by its physical size.

    Screens that lie about their size (projectors, remote desktops, 0 mm) are held to what tills have.
    """
    screen = QGuiApplication.primaryScreen()
    dots = screen.physicalDotsPerInch() if screen is not None else 96.0
    return dots if 60.0 <= dots <= 200.0 else 96.0


@lru_cache(1024)
def wrapped(text: str, face: QFont, width_px: int, most: int) -> tuple[str, ...]:
    """Words over at most so many lines; the last keeps what is left, to be shortened where it is painted."""
    metrics = QFontMetrics(face)
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and (metrics.horizontalAdvance(longer) <= width_px or len(lines) == most):
            lines[-1] = longer
        else:
            lines.append(word)
    return tuple(lines)


@cache
def _svg(name: str) -> str:
    return resources.path("icons", f"{name}.svg").read_text("utf-8")


def _render(name: str, size_px: int, colour: QColor, ratio: float) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer  # the first icon pays for it, not the import of the window

    source = _svg(name).replace("currentColor", colour.name())
    pixmap = QPixmap(QSize(size_px, size_px) * ratio)
    pixmap.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(source.encode())).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
