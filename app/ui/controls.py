"""The few controls every screen is made of: text, card, button. Painted from the look, no style sheets."""

from __future__ import annotations

from enum import Enum
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import (
    QEnterEvent,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractButton, QFrame, QLabel, QLineEdit, QScrollBar, QSizePolicy, QWidget

from app.ui import scale as lk
from app.ui.look import Look, font, text_width

_FAINT: Final = 0.45
"""How much is left of what has neither ground nor line to lose."""

LEFT, RIGHT, CENTRE = (
    Qt.AlignmentFlag.AlignLeft,
    Qt.AlignmentFlag.AlignRight,
    Qt.AlignmentFlag.AlignHCenter,
)


class Label(QLabel):
    """Plain text in one size, weight and meaning; never rich text, so that data cannot become markup."""

    def __init__(
        self,
        look: Look,
        size_px: int = lk.BODY,
        weight: int = lk.REGULAR,
        token: str = "ink",
        *,
        wrap: bool = False,
        align: Qt.AlignmentFlag = LEFT,
    ) -> None:
        super().__init__()
        self._look, self._token = look, token
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(font(size_px, weight))
        self.setWordWrap(wrap)
        self.setAlignment(align | Qt.AlignmentFlag.AlignVCenter)
        look.changed.connect(self._recolour)
        self._recolour()

    def set(self, text: str, token: str | None = None) -> None:
        """Show `text`; an empty one hides the label and its space."""
        if token is not None and token != self._token:
            self._token = token
            self._recolour()
        self.setText(text)
        self.setVisible(bool(text))

    def is_cut(self) -> bool:
        """Whether the text shown does not fit the space it got."""
        space = self.contentsRect()
        flags = int(self.alignment()) | (Qt.TextFlag.TextWordWrap if self.wordWrap() else 0)
        need = self.fontMetrics().boundingRect(QRect(0, 0, space.width(), 10_000), flags, self.text())
        return need.width() > space.width() + 1 or need.height() > space.height() + 1

    def _recolour(self) -> None:
        palette = self.palette()
        palette.setColor(self.foregroundRole(), self._look[self._token])
        self.setPalette(palette)


class Card(QFrame):
    """A white card with a hairline: where things that belong together lie."""

    def __init__(
        self, look: Look, fill: str = "surface", line: str | None = "hairline", radius: int = lk.RADIUS
    ) -> None:
        super().__init__()
        self._look, self._fill, self._line, self._radius = look, fill, line, radius

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._look.draw_box(painter, self.rect(), self._fill, self._line, self._radius)


class Kind(Enum):
    """What a button is for: fill, pressed fill, line, ink."""

    PLAIN = ("raised", "pressed", "hairline", "ink")
    OUTLINE = ("surface", "accent_soft", "accent", "accent")
    ACCENT = ("accent", "accent", None, "on_accent")
    PAY = ("pay", "pay_pressed", None, "on_pay")
    QUIET = (None, "pressed", None, "secondary")


class Button(QAbstractButton):
    """Something to press: its word, the key that does the same beside it, an icon if it helps."""

    def __init__(
        self,
        look: Look,
        kind: Kind = Kind.PLAIN,
        *,
        key: str = "",
        icon_name: str = "",
        size_px: int = lk.BODY,
        weight: int = lk.MEDIUM,
        height_px: int = lk.BUTTON_PX,
        radius: int = lk.RADIUS,
    ) -> None:
        super().__init__()
        self.look, self.kind, self.hint, self.icon_name = look, kind, key, icon_name
        self._font, self._radius = font(size_px, weight), radius
        self._told = QSize()
        """The size its layout knows of."""
        self.stacked = False
        """Its key stands under its word even where there is room beside it: for rows of buttons alike."""
        self.setMinimumHeight(max(height_px, look.touch))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_words(self, text: str, name: str = "") -> None:
        """The word on it, and the accessible name if that says more."""
        self.setText(text)
        self.setAccessibleName(name or text)
        self.setToolTip(f"{name} ({self.hint})" if name and self.hint else name)
        if (size := self.sizeHint()) != self._told:
            self._told = size
            self.updateGeometry()

    def set_weight(self, weight: int) -> None:
        self._font = font(self._font.pixelSize(), weight)

    def sizeHint(self) -> QSize:
        width = self._word_width()
        if self.hint and not self.stacked:
            width += lk.S + text_width(self.hint, font(lk.SMALL))
        return QSize(max(width, self.minimumHeight()), self.minimumHeight())

    def minimumSizeHint(self) -> QSize:
        return QSize(max(self._word_width(), self.minimumHeight()), self.minimumHeight())

    def _word_width(self) -> int:
        width = text_width(self.text(), self._font) + 2 * lk.M + 2
        return width + (20 + (lk.S if self.text() else 0) if self.icon_name else 0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill, pressed, line, ink = self.kind.value
        if not self.isEnabled():
            fill, line, ink = ("pressed" if fill and line is None else None), line and "hairline", "secondary"
            painter.setOpacity(1.0 if self.kind is not Kind.QUIET else _FAINT)
        self.look.draw_box(painter, self.rect(), pressed if self.isDown() else fill, line, self._radius)
        if self.isDown() and self.kind is Kind.ACCENT:
            painter.setOpacity(0.85)
        self._paint_words(painter, ink)
        self._paint_focus(painter)

    def _paint_words(self, painter: QPainter, ink: str) -> None:
        small = font(lk.SMALL)
        word_width = text_width(self.text(), self._font)
        icon_width = (20 + (lk.S if self.text() else 0)) if self.icon_name else 0
        hint_width = lk.S + text_width(self.hint, small) if self.hint else 0
        room = self.width() - lk.S
        beside = word_width + icon_width + hint_width <= room and not self.stacked
        # The key stands under the word where there is no room beside it, and goes before the word does.
        under = bool(self.hint) and not beside and self.height() >= 2 * lk.XL
        width = word_width + icon_width + (hint_width if beside else 0)
        left = max((self.width() - width) // 2, lk.XS)
        height = self.height() - (18 if under else 0)
        if self.icon_name:
            self.look.draw_icon(painter, QRect(left, 0, 20, height), self.icon_name, ink)
        at = QRect(left + icon_width, 0, min(word_width, room - icon_width), height)
        self.look.draw_text(painter, at, self.text(), ink, self._font)
        if not self.hint or not (beside or under):
            return
        token = "secondary" if self.kind in (Kind.PLAIN, Kind.QUIET) else ink
        if under:
            at = QRect(0, self.height() // 2, self.width(), self.height() // 2 - 2)
            self.look.draw_text(painter, at, self.hint, token, small, CENTRE)
        else:
            at = QRect(self.width() - left - hint_width + lk.S, 0, hint_width, self.height())
            self.look.draw_text(painter, at, self.hint, token, small)

    def _paint_focus(self, painter: QPainter) -> None:
        if self.hasFocus():
            token = "ink" if self.kind in (Kind.ACCENT, Kind.PAY) else "accent"
            self.look.draw_box(painter, self.rect(), None, token, self._radius, width=2)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)


class Field(QLineEdit):
    """A text field in a card of its own, with an icon before it and its key behind."""

    def __init__(self, look: Look, *, icon_name: str = "", key: str = "", height_px: int = 56) -> None:
        super().__init__()
        self._look, self._icon, self.hint = look, icon_name, key
        self.setFrame(False)
        self.setFont(font(lk.BODY))
        self.setFixedHeight(max(height_px, look.touch))
        self.set_icon(icon_name)
        look.changed.connect(self._recolour)
        self._recolour()

    def set_icon(self, name: str) -> None:
        """The icon before the text; "" for none."""
        self._icon = name
        right = lk.L + (QFontMetrics(font(lk.SMALL)).horizontalAdvance(self.hint) + lk.S if self.hint else 0)
        self.setTextMargins((lk.L + 20 + lk.XS) if name else lk.M, 0, right, 0)

    def is_cut(self) -> bool:
        """Whether the placeholder does not fit."""
        margins = self.textMargins()
        room = self.width() - margins.left() - margins.right() - 4
        return self.fontMetrics().horizontalAdvance(self.placeholderText()) > room

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        # It has the focus most of the day: a thin line then, a strong one while something is typed.
        line, width = ("accent", 2 if self.text() else 1) if self.hasFocus() else ("hairline", 1)
        self._look.draw_box(painter, self.rect(), "surface" if self.isEnabled() else None, line, width=width)
        if self._icon:
            self._look.draw_icon(painter, QRect(lk.L, 0, 20, self.height()), self._icon, "secondary")
        if self.hint:
            at = self.rect().adjusted(0, 0, -lk.L, 0)
            self._look.draw_text(painter, at, self.hint, "secondary", font(lk.SMALL), RIGHT)
        painter.end()
        super().paintEvent(event)

    def _recolour(self) -> None:
        # The base is clear so that the rounded box painted first stays visible under the text.
        palette = self._look.palette()
        palette.setColor(palette.ColorRole.Base, Qt.GlobalColor.transparent)
        self.setPalette(palette)


class Icon(QWidget):
    """An icon of the set, in a colour of the theme."""

    def __init__(self, look: Look, name: str, size_px: int, token: str) -> None:
        super().__init__()
        self._look, self._name, self._size_px, self._token = look, name, size_px, token
        self.setFixedSize(size_px, size_px)

    def paintEvent(self, _event: QPaintEvent) -> None:
        self._look.draw_icon(QPainter(self), self.rect(), self._name, self._token, self._size_px)


class ThinBar(QScrollBar):
    """A scroll bar that only says where one is."""

    def __init__(self, look: Look) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._look = look

    def sizeHint(self) -> QSize:
        return QSize(lk.M, super().sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        whole = self.maximum() + self.pageStep()
        room = self.height() - 2 * lk.XS
        at = QRect(
            lk.XS, lk.XS + room * self.value() // whole, 4, max(room * self.pageStep() // whole, lk.XL)
        )
        self._look.draw_box(QPainter(self), at, "secondary", radius=2)


class Stack(QWidget):
    """One of several panels at a time, each filling it; unlike QStackedLayout, the hidden ask for no size."""

    def __init__(self) -> None:
        super().__init__()
        self._panels: list[QWidget] = []
        self.current: QWidget | None = None

    def add(self, panel: QWidget) -> None:
        panel.setParent(self)
        panel.hide()
        self._panels.append(panel)

    def show_panel(self, panel: QWidget) -> None:
        if panel is self.current:
            return
        panel.setGeometry(self.rect())
        panel.show()
        panel.raise_()
        if self.current is not None:
            self.current.hide()
        self.current = panel

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.current is not None:
            self.current.setGeometry(self.rect())
