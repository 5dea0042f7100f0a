"""What is done rarely, on tiles large enough to find without having learnt them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from app.screens import views
from app.screens.forms import Tool
from app.ui import scale as lk
from app.ui.controls import RIGHT, Label
from app.ui.foot import Foot
from app.ui.look import Look, font, wrapped
from app.ui.panel import PanelCard

if TYPE_CHECKING:
    from app.screens.sale import SalePresenter


_HIGHEST_PX = 112


class ToolButton(QAbstractButton):
    """Icon and key above, the word below."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.tool = Tool("", "", "")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set(self, tool: Tool) -> None:
        self.tool = tool
        self.setEnabled(tool.enabled)
        self.setAccessibleName(tool.text)
        self.setAccessibleDescription(tool.detail)
        self.setToolTip(tool.detail)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(96, lk.BUTTON_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, tool = QPainter(self), self._look, self.tool
        usable = self.isEnabled()
        fill = ("pressed" if self.isDown() else "raised") if usable else None
        look.draw_box(painter, self.rect(), fill, "hairline")
        ink = "ink" if usable else "secondary"
        face = font(lk.BODY, lk.MEDIUM)
        line = QFontMetrics(face).height()
        inner = self.rect().adjusted(lk.S, lk.XS, -lk.S, -lk.XS)
        high = inner.height() >= 24 + 2 * line
        if high:
            head = QRect(inner.left(), inner.top() + 2, inner.width(), 24)
            look.draw_icon(
                painter, QRect(head.left(), head.top(), 22, 24), tool.icon, "accent" if usable else ink
            )
            look.draw_text(painter, head, tool.hint, "secondary", font(lk.SMALL), RIGHT)
            lines = wrapped(tool.text, face, inner.width(), 2)
            top = inner.bottom() - len(lines) * line + 1
            words = QRect(inner.left(), top, inner.width(), line)
        else:
            # A low tile has its word beside the icon, smaller; the key goes before the word does.
            face = font(lk.SMALL, lk.MEDIUM)
            line = QFontMetrics(face).height()
            look.draw_icon(painter, QRect(inner.left(), inner.top(), 20, inner.height()), tool.icon, ink, 18)
            hint_px = QFontMetrics(font(lk.SMALL)).horizontalAdvance(tool.hint) + lk.XS
            room = inner.width() - 20 - lk.XS
            lines = wrapped(tool.text, face, room - hint_px, 2)
            widest = max(QFontMetrics(face).horizontalAdvance(text) for text in lines)
            if widest <= room - hint_px:
                look.draw_text(painter, inner, tool.hint, "secondary", font(lk.SMALL), RIGHT)
            else:
                lines = wrapped(tool.text, face, room, 2)
            top = inner.center().y() - len(lines) * line // 2
            words = QRect(inner.left() + 20 + lk.XS, top, room, line)
        for number, text in enumerate(lines):
            look.draw_text(painter, words.translated(0, number * line), text, ink, face)
        if self.hasFocus():
            look.draw_box(painter, self.rect(), None, "accent", width=2)


class ToolsPanel(PanelCard):
    """The tiles fill the room there is: three beside each other in a high panel, four in a broad one."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._look = look
        self._title = Label(look, lk.HEADING, lk.SEMIBOLD)
        self._detail = Label(look, lk.BODY, token="secondary", wrap=True)
        self._grid = QWidget()
        self.foot = Foot(look)
        self.buttons: list[ToolButton] = []
        self._count = 0
        self._presenter: SalePresenter | None = None
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(lk.L, lk.M, lk.L, lk.L)
        column.setSpacing(lk.S)
        column.addWidget(self._title)
        column.addWidget(self._detail)
        column.addWidget(self._grid, 1)
        column.addWidget(self.foot)

    def serve(self, presenter: SalePresenter) -> None:
        self._presenter = presenter
        self.foot.pressed.connect(presenter.press)

    def focus(self) -> QWidget | None:
        return next((button for button in self.buttons if button.isEnabled()), None)

    def set(self, state: views.Tools) -> None:
        self._title.set(state.title)
        self._detail.set(state.detail)
        self._count = len(state.tools)
        while len(self.buttons) < self._count:
            button = ToolButton(self._look)
            button.setParent(self._grid)
            button.clicked.connect(lambda _=False, button=button: self._pick(button))
            self.buttons.append(button)
        for place, button in enumerate(self.buttons):
            button.setVisible(place < self._count)
            if place < self._count:
                button.set(state.tools[place])
        self.foot.set(state.presses)
        self.foot.setVisible(bool(state.presses))
        self._place()

    def tool(self, key: str) -> ToolButton:
        """The tile of a key."""
        return next(button for button in self.buttons[: self._count] if button.tool.key == key)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        if not self._count:
            return
        self._column.activate()
        across, down = self._grid.width() + lk.S, self._grid.height() + lk.S
        columns = 3 if across < 2 * down else 4
        rows = -(-self._count // columns)
        down = min(down, rows * (_HIGHEST_PX + lk.S))
        for place, button in enumerate(self.buttons[: self._count]):
            row, column = divmod(place, columns)
            left, top = across * column // columns, down * row // rows
            right, low = across * (column + 1) // columns, down * (row + 1) // rows
            button.setGeometry(left, top, right - left - lk.S, low - top - lk.S)

    def take_key(self, key: int, text: str) -> bool:
        found = next((b for b in self.buttons[: self._count] if text and b.tool.hint == text), None)
        if found is None or not found.isEnabled():
            return False
        self._pick(found)
        return True

    def _pick(self, button: ToolButton) -> None:
        if self._presenter is not None:
            self._presenter.pick(button.tool.key)
