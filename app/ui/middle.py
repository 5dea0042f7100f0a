"""The middle as it mostly is: the search field and the favourites."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import Field
from app.ui.look import Look, font, wrapped

COLUMNS, ROWS = 3, 5


class TileButton(QAbstractButton):
    """A favourite: its name on up to two lines, its price below."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.tile: views.Tile | None = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set(self, tile: views.Tile | None) -> None:
        if tile == self.tile:
            return
        self.tile = tile
        self.setEnabled(tile is not None)
        self.setAccessibleName(f"{tile.name}, {tile.price}" if tile else "")
        self.setToolTip(tile.name if tile else "")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(96, lk.BUTTON_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, tile = QPainter(self), self._look, self.tile
        if tile is None:
            look.draw_box(painter, self.rect(), None, "hairline")
            return
        fill = ("pressed" if self.isDown() else "surface") if self.isEnabled() else None
        look.draw_box(painter, self.rect(), fill, "hairline")
        margin = lk.S if self.height() >= 88 else lk.XS
        inner = self.rect().adjusted(lk.M, margin, -lk.M, -margin)
        name_font, price_font = font(lk.BODY, lk.MEDIUM), font(lk.SMALL)
        line_px = QFontMetrics(name_font).height()
        # A low tile has one line and its price beside the gap, a high one two lines.
        most = 2 if inner.height() >= 3 * line_px else 1
        for number, text in enumerate(wrapped(tile.name, name_font, inner.width(), most)):
            at = QRect(inner.left(), inner.top() + number * line_px, inner.width(), line_px)
            look.draw_text(painter, at, text, "ink" if self.isEnabled() else "secondary", name_font)
        low = QRect(inner.left(), inner.bottom() - line_px + 1, inner.width(), line_px)
        look.draw_text(painter, low, tile.price, "secondary", price_font)
        if self.hasFocus():
            look.draw_box(painter, self.rect(), None, "accent", width=2)


class FavouritesPanel(QWidget):
    """Fifteen places, always in the same order: hands learn them."""

    rung = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.tiles: list[TileButton] = []
        for _ in range(COLUMNS * ROWS):
            tile = TileButton(look)
            tile.setParent(self)
            tile.clicked.connect(lambda _=False, tile=tile: self._ring(tile))
            self.tiles.append(tile)

    def resizeEvent(self, event: QResizeEvent) -> None:
        # A low, broad room turns the grid on its side: 5×3, in the same order.
        super().resizeEvent(event)
        columns, rows = (COLUMNS, ROWS) if self.height() * 3 > self.width() * 2 else (ROWS, COLUMNS)
        across, down = self.width() + lk.S, self.height() + lk.S
        for place, tile in enumerate(self.tiles):
            row, column = divmod(place, columns)
            left, top = across * column // columns, down * row // rows
            right, low = across * (column + 1) // columns, down * (row + 1) // rows
            tile.setGeometry(left, top, right - left - lk.S, low - top - lk.S)

    def set(self, state: views.Favourites) -> None:
        for place, button in enumerate(self.tiles):
            button.set(state.tiles[place] if place < len(state.tiles) else None)

    def _ring(self, tile: TileButton) -> None:
        if tile.tile is not None:
            self.rung.emit(tile.tile.key)


class SearchField(Field):
    """Search as you type; arrows move in the results, Enter takes."""

    stepped = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__(look, icon_name="search", key="F2")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Down:
                self.stepped.emit(1)
            case Qt.Key.Key_Up:
                self.stepped.emit(-1)
            case Qt.Key.Key_Delete if not self.text():
                event.ignore()  # nothing to delete here: it is meant for the basket's line
                return
            case _:
                super().keyPressEvent(event)
                return
        event.accept()
