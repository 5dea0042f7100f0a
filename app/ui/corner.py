"""The manager's corner: a rail of pages, the page beside it. A scan or Escape leads back to selling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.screens.forms import Tool
from app.ui import panels
from app.ui import scale as lk
from app.ui.controls import RIGHT, Button, Stack
from app.ui.look import Look, font

if TYPE_CHECKING:
    from app.screens.corner.presenter import CornerPresenter, CornerView
    from app.ui.panel import PanelCard

_RAIL_PX = 208
_PAGE_PX = 1200
"""A figure farther than that from its words is hard to read along."""


class TabButton(QAbstractButton):
    """A page of the rail: its icon, its name, its digit; a bar and a fill say which is open."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.tab = Tool("", "", "")
        self.setCheckable(True)
        self.setFixedHeight(max(lk.BUTTON_PX, look.touch))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set(self, tab: Tool, *, current: bool) -> None:
        self.tab = tab
        self.setChecked(current)
        self.setText(tab.text)
        self.setAccessibleName(tab.text)
        self.update()

    def nextCheckState(self) -> None:
        """Its state follows the view alone."""

    def sizeHint(self) -> QSize:
        return QSize(_RAIL_PX, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, tab = QPainter(self), self._look, self.tab
        here = self.isChecked()
        if here or self.isDown():
            look.draw_box(painter, self.rect(), "accent_soft" if here else "pressed", None)
        ink = "accent" if here else "ink"
        inner = self.rect().adjusted(lk.M, 0, -lk.M, 0)
        look.draw_icon(painter, QRect(inner.left(), 0, 22, self.height()), tab.icon, ink)
        look.draw_text(painter, inner, tab.hint, "secondary", font(lk.SMALL), RIGHT)
        words = inner.adjusted(22 + lk.M, 0, -lk.L, 0)
        face = font(lk.BODY, lk.SEMIBOLD if here else lk.MEDIUM)
        if QFontMetrics(face).horizontalAdvance(tab.text) > words.width():
            face = font(lk.SMALL, lk.SEMIBOLD if here else lk.MEDIUM)
        look.draw_text(painter, words, tab.text, ink, face)
        if self.hasFocus():
            look.draw_box(painter, self.rect(), None, "accent", width=2)


class CornerScreen(QWidget):
    """Paints a `CornerView`."""

    left = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.tabs: list[TabButton] = []
        self.back = Button(look, key="Esc", icon_name="arrow-left")
        self.body = Stack()
        self._panels: dict[type, PanelCard] = {}
        self._presenter: CornerPresenter | None = None
        self._shown: tuple[str, type] | None = None
        self._rail = QVBoxLayout()
        self._rail.setSpacing(lk.XS)
        self._rail.addStretch(1)
        self._rail.addWidget(self.back)
        row = QHBoxLayout(self)
        row.setContentsMargins(lk.L, lk.L, lk.L, lk.L)
        row.setSpacing(lk.L)
        row.addLayout(self._rail)
        row.addWidget(self.body, 1)
        row.addStretch()
        self.body.setMaximumWidth(_PAGE_PX)
        self.back.setMinimumWidth(_RAIL_PX)
        self.back.clicked.connect(self.left)
        QShortcut(QKeySequence("Escape"), self).activated.connect(self._escape)

    def serve(self, presenter: CornerPresenter) -> None:
        """Send every intent to the presenter; called once."""
        self._presenter = presenter
        for panel in self._panels.values():
            panel.serve(presenter)

    def retranslate(self) -> None:
        self.back.set_words(self.tr("Back to the sale"))

    def set(self, view: CornerView) -> None:
        while len(self.tabs) < len(view.tabs):
            self._add_tab()
        for place, button in enumerate(self.tabs):
            button.setVisible(place < len(view.tabs))
            if place < len(view.tabs):
                button.set(view.tabs[place], current=view.tabs[place].key == view.current)
        kind = type(view.body)
        panel = self.panel(kind)
        panel.set(view.body)
        self.body.show_panel(panel)
        if self._shown != (view.current, kind):
            self._shown = view.current, kind
            (panel.focus() or self).setFocus()

    def panel(self, kind: type) -> PanelCard:
        """The widget that paints a kind of view state, made with its first one."""
        if kind not in self._panels:
            made = self._panels[kind] = panels.make(kind, self._look)
            self.body.add(made)
            made.retranslate()
            if self._presenter is not None:
                made.serve(self._presenter)
        return self._panels[kind]

    def _add_tab(self) -> None:
        button, place = TabButton(self._look), len(self.tabs)
        button.clicked.connect(lambda: self._open(place))
        self.tabs.append(button)
        self._rail.insertWidget(place, button)

    def _open(self, place: int) -> None:
        if self._presenter is not None and place < len(self.tabs):
            self._presenter.open(self.tabs[place].tab.key)

    def _escape(self) -> None:
        if self._presenter is None or not self._presenter.leave():
            self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        panel = self._panels.get(self._shown[1]) if self._shown else None
        digit = int(event.text()) if event.text().isascii() and event.text().isdigit() else 0
        if 1 <= digit <= len(self.tabs):
            self._open(digit - 1)
        elif panel is not None and panel.take_key(event.key(), event.text()):
            return
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._presenter is not None:
            self._presenter.take()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look["paper"])
