"""The till's window: the sale screen, the day behind it, language and theme."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QLocale, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app.screens import views
from app.ui.bridge import Bridge
from app.ui.controls import Stack
from app.ui.look import BODY, THEMES, Look, font
from app.ui.sale import SaleScreen
from app.ui.translations import Translations

if TYPE_CHECKING:
    from app.screens.day import DayPresenter
    from app.screens.sale import SalePresenter
    from app.ui.day import DayScreen

SMALLEST: Final = (1024, 720)
_TICK_MS: Final = 1000


class MainWindow(QWidget):
    """Made and shown before there is anything to sell; `serve` gives it its presenters.

    `closed` is emitted once when the window goes: the composition root stops the lanes then.
    """

    closed = Signal()
    language_changed = Signal(str)
    theme_changed = Signal(str)

    def __init__(
        self,
        presenter: SalePresenter | None = None,
        bridge: Bridge | None = None,
        *,
        day: DayPresenter | None = None,
        look: Look | None = None,
        lang: str = "en",
        reader_age_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        super().__init__()
        self.look = look or Look()
        self.bridge = bridge or Bridge()
        self.translations = Translations()
        self.translations.switch(lang)
        self._presenter: SalePresenter | None = None
        self._day_presenter: DayPresenter | None = None
        self._reader_age_s = reader_age_s
        self._day: DayScreen | None = None
        dress(self.look)
        self.sale = SaleScreen(self.look)
        self._pages = Stack()
        self._pages.add(self.sale)
        self._pages.show_panel(self.sale)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)
        self.setMinimumSize(*SMALLEST)
        self.resize(1366, 768)
        self.sale.state_line.theme_asked.connect(self.switch_theme)
        self._retranslate()
        self._clock = QTimer(self)
        self._clock.setInterval(_TICK_MS)
        self._clock.timeout.connect(self._tick)
        if presenter is not None:
            self.serve(presenter, day)

    # -- presenters --------------------------------------------------------------------------------------

    def serve(self, presenter: SalePresenter, day: DayPresenter | None = None) -> None:
        """Begin to sell: show the presenter's state and send it every intent. Called once."""
        self._presenter, self._day_presenter = presenter, day
        self.sale.serve(presenter)
        presenter.publish = self._show_sale
        self.sale.set(presenter.view)
        line = self.sale.state_line
        line.language_asked.connect(self.switch_language)
        line.day.setVisible(day is not None)
        if day is not None:
            day.publish = self._show_day
            line.day_asked.connect(self.open_day)
            self._bind("F3", self.open_day)
        self._bind("F10", self.switch_language)
        self._bind("F11", self.switch_theme)
        self._clock.start()

    def _bind(self, key: str, call: Callable[[], None]) -> None:
        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.activated.connect(call)

    def _show_sale(self, view: views.SaleView) -> None:
        sold_before = self.sale.view.basket if self.sale.view else None
        self.sale.set(view)
        # A scan is heard on every page: what it did must be seen.
        if view.basket != sold_before and self._pages.current is not self.sale:
            self.close_day()

    def _tick(self) -> None:
        if self._presenter is not None:
            self._presenter.tick(self._reader_age_s())

    # -- the day -----------------------------------------------------------------------------------------

    def open_day(self) -> None:
        """The manager's figures, read now."""
        if self._day_presenter is None:
            return
        if self._day is None:
            from app.ui.day import DayScreen

            self._day = DayScreen(self.look)
            self._day.left.connect(self.close_day)
            self._day.refreshed.connect(self._day_presenter.show)
            self._day.retranslate()
            self._pages.add(self._day)
        self._day_presenter.show()
        self._pages.show_panel(self._day)
        self._day.back.setFocus()

    def close_day(self) -> None:
        self._pages.show_panel(self.sale)
        self.sale.setFocus()

    def _show_day(self, view: views.DayView) -> None:
        if self._day is not None:
            self._day.set(view)

    # -- language and theme ------------------------------------------------------------------------------

    def switch_language(self, lang: str = "") -> None:
        """Speak another language from now on: the next one, unless it is named."""
        if self._presenter is None:
            return
        self._presenter.switch_language(lang)
        spoken = self._presenter.lang
        self.translations.switch(spoken)
        self._retranslate()
        if self._day_presenter is not None:
            self._day_presenter.switch_language(spoken)
            if self._day is not None and self._pages.current is self._day:
                self._day_presenter.show()
        self.language_changed.emit(spoken)

    def switch_theme(self, theme: str = "") -> None:
        """Light or dark from now on: the other one, unless it is named."""
        self.look.switch(theme or THEMES[(THEMES.index(self.look.theme) + 1) % len(THEMES)])
        dress(self.look)
        self.update()
        self.theme_changed.emit(self.look.theme)

    def _retranslate(self) -> None:
        self.setWindowTitle(self.tr("Stempel"))
        self.setLocale(QLocale(self.translations.lang))
        self.sale.retranslate()
        if self._day is not None:
            self._day.retranslate()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._clock.stop()
        self.bridge.close()
        super().closeEvent(event)
        self.closed.emit()


def dress(look: Look) -> None:
    """Give stock widgets (text fields, tooltips) the look's font and colours."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setStyle("Fusion")
    app.setFont(font(BODY))
    app.setPalette(look.palette())
