"""What the search found: products and members, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QStyleOptionViewItem

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import CENTRE, RIGHT, Label
from app.ui.look import Look, font
from app.ui.panel import PanelCard
from app.ui.rows import RowList, RowModel, RowPainter

if TYPE_CHECKING:
    from app.screens.sale import SalePresenter


class _FoundRow(RowPainter):
    def paint_row(
        self, painter: QPainter, option: QStyleOptionViewItem, row: views.Found, number: int
    ) -> None:
        at: QRect = option.rect
        look = self.look
        view = option.widget
        current = isinstance(view, RowList) and view.currentIndex().row() == number
        if current:
            painter.fillRect(at.adjusted(1, 1, -1, -1), look["accent_soft"])
        painter.fillRect(QRect(at.left() + 1, at.bottom(), at.width() - 2, 1), look["hairline"])
        inner = at.adjusted(lk.M, 6, -lk.M, -6)
        if row.member:
            look.draw_icon(
                painter, QRect(inner.left(), inner.top(), 20, inner.height()), "user-round", "accent"
            )
            inner.setLeft(inner.left() + 20 + lk.S)
        width = look.draw_text(painter, inner, row.price, "ink", font(lk.BODY, lk.SEMIBOLD), RIGHT)
        left = inner.adjusted(0, 0, -(width + lk.S if width else 0), 0)
        half = left.height() // 2
        top, low = left.adjusted(0, 0, 0, -half), left.adjusted(0, half, 0, 0)
        look.draw_text(painter, top, row.title, "ink", font(lk.BODY, lk.MEDIUM))
        look.draw_text(painter, low, row.detail, "secondary", font(lk.SMALL))


class ResultsPanel(PanelCard):
    """What the search found, best first; Enter takes the one marked."""

    chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._model = RowModel(lambda row: f"{row.title}, {row.detail} {row.price}".strip())
        self.list = RowList(look, self._model, _FoundRow(look, lk.BUTTON_PX))
        self._row_px = max(lk.BUTTON_PX, look.touch)
        self.list.setParent(self)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.clicked.connect(self._clicked)
        self._hint = Label(look, lk.BODY, token="secondary", wrap=True, align=CENTRE)
        self._hint.setParent(self)

    def serve(self, presenter: SalePresenter) -> None:
        self.chosen.connect(presenter.pick)

    def retranslate(self) -> None:
        self.list.setAccessibleName(self.tr("Found"))

    def set(self, state: views.Results) -> None:
        self._model.set_rows(state.rows)
        self._hint.set(state.hint)
        self.list.setCurrentIndex(self._model.index(0))
        self._place()
        self.list.viewport().update()

    @property
    def marked(self) -> bool:
        """Whether there is a row for Enter to take."""
        return self.list.currentIndex().isValid()

    def step(self, by: int) -> None:
        """Move the mark up or down."""
        row = max(0, min(self.list.currentIndex().row() + by, len(self._model.rows) - 1))
        self.list.setCurrentIndex(self._model.index(row))
        self.list.viewport().update()

    def take(self) -> None:
        """Choose the marked row, if there is one."""
        self._clicked(self.list.currentIndex())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        height = min(len(self._model.rows) * self._row_px + 1, self.height())
        self.list.setGeometry(0, 0, self.width(), height)
        self._hint.setGeometry(self.rect().adjusted(lk.L, height, -lk.L, 0))

    def _clicked(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self._model.rows[index.row()].key)
