"""The till's window: the sale screen, the manager's corner behind it, language and theme."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QRect, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.ui.arrange import arrange
from app.ui.bridge import Bridge
from app.ui.look import THEMES, Look, font
from app.ui.scale import BODY, state_px

if TYPE_CHECKING:
    from app.screens import views
    from app.screens.corner.presenter import CornerPresenter, CornerView
    from app.screens.sale import SalePresenter
    from app.ui.controls import Stack
    from app.ui.corner import CornerScreen
    from app.ui.sale import SaleScreen
    from app.ui.translations import Translations

SMALLEST: Final = (1024, 720)
_TICK_MS: Final = 1000
_AFTER_PAINT_MS: Final = 20
"""Qt paints within some 5 ms of being asked to."""


class MainWindow(QWidget):
    """Painted before there is anything to sell; `serve` gives it its presenters.

    The first frame is an outline, so that it does not wait for the screens to be imported: they are made
    right after it. `painted` is emitted once that frame is out, `closed` once when the window goes: the
    composition root starts and stops its lanes by them. `changed`: somebody is at work.
    """

    painted = Signal()
    closed = Signal()
    changed = Signal()
    language_changed = Signal(str)
    theme_changed = Signal(str)

    def __init__(
        self,
        presenter: SalePresenter | None = None,
        bridge: Bridge | None = None,
        *,
        corner: Callable[[], CornerPresenter] | None = None,
        look: Look | None = None,
        lang: str = "en",
        reader_age_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        super().__init__()
        self.look = look or Look()
        self.bridge = bridge or Bridge()
        self._lang = lang
        self._presenter: SalePresenter | None = None
        self._reader_age_s = reader_age_s
        self._make_corner: Callable[[], CornerPresenter] | None = None
        self._corner_screen: CornerScreen | None = None
        self._chip_before: views.Chip | None = None
        self._outlined = False
        # In a list: PySide looks every overridden method up anew after a callable is set on a widget, and
        # leaks a reference to None for each.
        self._calls_later: list[Callable[[], None]] = []
        self.coming: Callable[[], bool] = lambda: False
        """Whether keys of a code are coming in: what has time waits until it is there."""
        self.setWindowTitle("Stempel")
        self.setMinimumSize(*SMALLEST)
        self.resize(1366, 768)
        if presenter is not None:
            self.serve(presenter, corner)

    # -- the first frame ---------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.look["paper"])
        state, touch = state_px(self.look.touch), self.look.touch
        painter.fillRect(QRect(0, 0, self.width(), state), self.look["surface"])
        if "sale" in self.__dict__:
            return
        places = arrange(self.width(), self.height() - state, opened=False, touch_px=touch)
        for place in (places.basket, places.search, places.member, places.total, places.pay):
            painter.fillRect(place.translated(0, state), self.look["surface"])
        if not self._outlined:
            self._outlined = True
            QTimer.singleShot(0, self._complete)

    def _complete(self) -> None:
        self.painted.emit()
        self.sale.show()

    @cached_property
    def sale(self) -> SaleScreen:
        """The sale screen, made after the first frame or when it is first asked for."""
        from app.ui.sale import SaleScreen

        dress(self.look)
        self._speak(self._lang)
        sale = SaleScreen(self.look)
        sale.state_line.theme_asked.connect(self.switch_theme)
        self._pages.add(sale)
        self._pages.show_panel(sale)
        sale.retranslate()
        self.setLocale(QLocale(self.translations.lang))
        return sale

    @cached_property
    def translations(self) -> Translations:
        from app.ui.translations import Translations

        return Translations()

    @cached_property
    def _pages(self) -> Stack:
        from app.ui.controls import Stack

        pages = Stack()
        pages.setParent(self)
        pages.setGeometry(self.rect())
        pages.show()
        return pages

    @cached_property
    def _clock(self) -> QTimer:
        clock = QTimer(self)
        clock.setInterval(_TICK_MS)
        clock.timeout.connect(self._tick)
        return clock

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if "_pages" in self.__dict__:
            self._pages.setGeometry(self.rect())

    # -- presenters --------------------------------------------------------------------------------------

    def serve(self, presenter: SalePresenter, corner: Callable[[], CornerPresenter] | None = None) -> None:
        """Begin to sell: show the presenter's state and send it every intent. Called once.

        `corner` makes the manager's corner when it is first opened.
        """
        self._presenter, self._make_corner = presenter, corner
        self.sale.serve(presenter)
        presenter.publish = self._show_sale
        presenter.later = self._after_paint
        self.sale.set(presenter.view)
        line = self.sale.state_line
        line.language_asked.connect(self.switch_language)
        line.chip_pressed.connect(self._press_chip)
        line.day.setVisible(corner is not None)
        if corner is not None:
            line.day_asked.connect(self.open_corner)
            self._bind("F3", self.open_corner)
            self._bind("Ctrl+F3", lambda: self.open_corner("devices"))
        self._bind("F10", self.switch_language)
        self._bind("F11", self.switch_theme)
        self._clock.start()

    def paint_now(self) -> None:
        """Paint what has changed without Qt's wait of some 5 ms for more: a scanned line is there at once."""
        if self._presenter is not None and self.isVisible():
            # What Qt would do before it paints, or it paints what was laid out or shown anew twice.
            for waiting in (QEvent.Type.LayoutRequest, QEvent.Type.UpdateLater):
                QCoreApplication.sendPostedEvents(None, waiting.value)
            self.sale.total.repaint()  # and with it, all that is marked to be painted

    def _after_paint(self, call: Callable[[], None]) -> None:
        """Run a call when what is shown now is painted; only the last of a burst."""
        self._calls_later[:] = [call]
        self._later.start(_AFTER_PAINT_MS)

    @cached_property
    def _later(self) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(self._run_later)
        return timer

    def _run_later(self) -> None:
        if self.coming():
            self._later.start(_AFTER_PAINT_MS)
        else:
            # By the bridge, which carries nothing any more once the till is closed.
            self.bridge.post(self._calls_later[0])

    def _bind(self, key: str, call: Callable[[], None]) -> None:
        from PySide6.QtGui import QKeySequence, QShortcut

        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.activated.connect(call)

    def _show_sale(self, view: views.SaleView) -> None:
        before = self.sale.view
        sold_before = before.basket if before else None
        self.sale.set(view)
        if before is None or sold_before != view.basket or before.middle != view.middle:
            self.changed.emit()
        # A scan is heard on every page: what it did must be seen.
        if self._pages.current is self.sale:
            return
        if view.basket != sold_before:
            self.close_corner()
        else:
            self.corner.show()  # whoever signed in may see more

    def _tick(self) -> None:
        if self._presenter is not None:
            self._presenter.tick(self._reader_age_s())

    # -- the manager's corner ----------------------------------------------------------------------------

    @cached_property
    def corner(self) -> CornerPresenter:
        """Made when it is first opened."""
        assert self._make_corner is not None, "this till has no corner"
        presenter = self._make_corner()
        presenter.publish = self._show_corner
        return presenter

    def open_corner(self, page: str = "day") -> None:
        """One of its pages, read now."""
        if self._make_corner is None or (page == "devices" and self.corner.devices is None):
            return
        if self._corner_screen is None:
            from app.ui.corner import CornerScreen

            self._corner_screen = screen = CornerScreen(self.look)
            screen.left.connect(self.close_corner)
            screen.retranslate()
            screen.serve(self.corner)
            self._pages.add(screen)
        self._pages.show_panel(self._corner_screen)
        self.corner.open(page)

    def close_corner(self) -> None:
        self.corner.close()
        self._pages.show_panel(self.sale)
        self.sale.setFocus()

    def _press_chip(self, chip: views.Chip) -> None:
        # The first press says what to do; whoever presses again wants to see more.
        again, self._chip_before = self._chip_before == chip, chip
        if again and chip.detail:
            self._chip_before = None
            self.open_corner("devices")

    def _show_corner(self, view: CornerView) -> None:
        if self._corner_screen is not None:
            self._corner_screen.set(view)

    # -- language and theme ------------------------------------------------------------------------------

    def switch_language(self, lang: str = "") -> None:
        """Speak another language from now on: the next one, unless it is named."""
        if self._presenter is None:
            return
        self._presenter.switch_language(lang)
        spoken = self._presenter.lang
        self._speak(spoken)
        self._retranslate()
        if "corner" in self.__dict__:
            self.corner.switch_language(spoken)
        self.language_changed.emit(spoken)

    def switch_theme(self, theme: str = "") -> None:
        """Light or dark from now on: the other one, unless it is named."""
        self.look.switch(theme or THEMES[(THEMES.index(self.look.theme) + 1) % len(THEMES)])
        dress(self.look)
        self.update()
        self.theme_changed.emit(self.look.theme)

    def _speak(self, lang: str) -> None:
        """The labels in another language; a till with English labels sells, one without a window does not."""
        from app.ui.translations import TranslationProblem

        try:
            self.translations.switch(lang)
        except TranslationProblem as problem:
            import structlog

            structlog.get_logger().error("labels_unreadable", lang=lang, problem=str(problem))

    def _retranslate(self) -> None:
        self.setLocale(QLocale(self.translations.lang))
        self.sale.retranslate()
        if self._corner_screen is not None:
            self._corner_screen.retranslate()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._clock.stop()
        self.bridge.close()
        super().closeEvent(event)
        self.closed.emit()


def dress(look: Look) -> None:
    """Give stock widgets (text fields, tooltips) the look's font and colours.

    The platform's style is left alone: what it would paint, we paint, and naming it costs 16 ms.
    """
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setFont(font(BODY))
    app.setPalette(look.palette())
