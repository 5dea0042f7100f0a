"""The sale screen: everything a cashier needs in one place, from the first scan to the change."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShortcut,
)
from PySide6.QtWidgets import QWidget

from app.screens import views
from app.screens.tools import SHORTCUTS
from app.ui import panels
from app.ui import scale as lk
from app.ui.arrange import arrange
from app.ui.basket import BasketActions, BasketPanel
from app.ui.controls import Button, Stack
from app.ui.look import Look
from app.ui.member import MemberPanel
from app.ui.middle import FavouritesPanel, SearchField
from app.ui.sounds import Sounds
from app.ui.state_line import StateLine
from app.ui.total import MessageLine, PayButton, TotalCard

if TYPE_CHECKING:
    from app.screens.sale import SalePresenter
    from app.ui.panel import PanelCard
    from app.ui.results import ResultsPanel
    from app.ui.watermark import Watermark

# By number: Qt has keys (all Cyrillic letters, for one) that its enumeration does not name.
_KEYPAD_KEYS = {int(Qt.Key.Key_Backspace): "\b", int(Qt.Key.Key_Comma): ",", int(Qt.Key.Key_Period): ","}


class SaleScreen(QWidget):
    """Paints a `SaleView` and turns touch and keys into intents."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        # It paints its whole ground, so that the window below need not.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._look = look
        self.view: views.SaleView | None = None
        self._opened = False
        self.state_line = StateLine(look)
        self.basket = BasketPanel(look)
        self.basket_actions = BasketActions(look)
        self.search = SearchField(look)
        self.toggle = Button(look, icon_name="layout-grid")
        self.more = Button(look, icon_name="ellipsis", key="F5")
        self.middle = Stack()
        self.message = MessageLine(look)
        self.member = MemberPanel(look)
        self.total = TotalCard(look)
        self.pay = PayButton(look)
        for part in (
            self.state_line, self.basket, self.basket_actions, self.search, self.toggle, self.more,
            self.middle, self.message, self.member, self.total, self.pay,
        ):  # fmt: skip
            part.setParent(self)
        self.favourites = FavouritesPanel(look)
        self.middle.add(self.favourites)
        self._panels: dict[type, PanelCard] = {}
        self._presenter: SalePresenter | None = None
        self.sounds = Sounds()
        self.search.stepped.connect(self._step)
        self.toggle.clicked.connect(self._toggle)
        self.middle.show_panel(self.favourites)

    # -- panels, each made when it is first needed ---------------------------------------------------------

    def panel(self, kind: type) -> PanelCard:
        """The widget that paints a kind of view state, made with its first one."""
        if kind not in self._panels:
            made = self._panels[kind] = panels.make(kind, self._look)
            self.middle.add(made)
            made.retranslate()
            if self._presenter is not None:
                made.serve(self._presenter)
        return self._panels[kind]

    @cached_property
    def watermark(self) -> Watermark:
        """Made by a till that only practises."""
        from app.ui.watermark import Watermark

        made = Watermark(self._look)
        made.setParent(self)
        made.setGeometry(self.rect())
        made.show()
        return made

    @property
    def results(self) -> ResultsPanel:
        return cast("ResultsPanel", self.panel(views.Results))

    # -- intents -----------------------------------------------------------------------------------------

    def serve(self, presenter: SalePresenter) -> None:
        """Send every intent to the presenter; called once, before the first state is shown."""
        self._presenter = p = presenter
        self.state_line.chip_pressed.connect(p.explain_chip)
        self.basket.line_chosen.connect(p.select)
        self.basket_actions.quantity_stepped.connect(p.step_quantity)
        self.basket_actions.quantity_asked.connect(p.ask_quantity)
        self.basket_actions.acted.connect(p.act)
        self.search.textChanged.connect(p.search)
        self.search.returnPressed.connect(self._enter_search)
        self.favourites.rung.connect(p.ring)
        self.member.detached.connect(p.detach)
        self.member.enrol_asked.connect(p.start_enrolment)
        self.member.menu_asked.connect(p.care_for_member)
        self.member.offer_taken.connect(p.take_offer)
        self.member.spend_toggled.connect(p.spend_points)
        self.pay.clicked.connect(p.pay)
        self.more.clicked.connect(lambda: p.open_tool("more"))
        self._bind_keys(p)

    def _bind_keys(self, p: SalePresenter) -> None:
        def bind(key: str, call: object) -> None:
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(call)

        bind("F2", self.open_search)
        bind("F4", p.care_for_member)
        bind("F6", lambda: p.act(views.Action.UNDO))
        bind("F9", p.pay_by_card)
        bind("F12", p.pay)
        bind("Escape", self._leave)
        for tool, key in SHORTCUTS:
            bind(key, lambda tool=tool: p.open_tool(tool))

    def _leave(self) -> None:
        self._opened = False
        self.search.clear()
        if self._presenter is not None:
            self._presenter.leave()
        self._place()

    def _step(self, by: int) -> None:
        if self.view is not None and isinstance(self.view.middle, views.Results):
            self.results.step(by)

    def _toggle(self) -> None:
        self._opened = not self._opened
        self._place()

    def _enter_search(self) -> None:
        found = self.view is not None and isinstance(self.view.middle, views.Results)
        if found and self.results.marked:
            self.results.take()
        elif self.search.text() and self._presenter is not None:
            self._presenter.submit(self.search.text())
        self.search.clear()

    def open_search(self) -> None:
        """Into the search field; in a narrow window the middle opens under it."""
        self._opened = True
        self._place()
        self.search.setFocus()
        self.search.selectAll()

    # -- state -------------------------------------------------------------------------------------------

    def set(self, view: views.SaleView) -> None:
        """Paint what differs from the view before."""
        before, self.view = self.view, view
        self.sounds.hear(view.cue)
        if before is None or before.state != view.state:
            self.state_line.set(view.state)
            if view.state.training or "watermark" in self.__dict__:
                self.watermark.set(self.tr("Training"))
                self.watermark.setVisible(view.state.training)
            self.basket.lies_on(self._ground)
        if before is None or before.basket != view.basket:
            self.basket.set(view.basket)
        if before is None or (before.basket, before.free) != (view.basket, view.free):
            self.basket_actions.set(view.basket, view.free)
        beside = view.member, view.can_enrol, view.free
        if before is None or (before.member, before.can_enrol, before.free) != beside:
            self.member.set(*beside)
        if view.free:
            self._let(True)
        if before is None or before.total != view.total:
            self.total.set(view.total)
            self.pay.set(view.total)
        if before is None or before.notice != view.notice:
            self.message.set(view.notice)
        if before is None or before.middle != view.middle:
            self._set_middle(view.middle, None if before is None else before.middle)
        if not view.free:
            self._let(False)
        if before is None or bool(before.basket.lines) != bool(view.basket.lines):
            self._place()

    def _let(self, free: bool) -> None:
        """What leads elsewhere is greyed while nothing else can be done; what is typed is the middle's."""
        if not free and self.search.hasFocus():
            self.setFocus()
        for part in (self.search, self.toggle, self.more, self.favourites):
            part.setEnabled(free)

    def _set_middle(self, state: views.Middle, before: views.Middle | None) -> None:
        panel: QWidget
        if isinstance(state, views.Favourites):
            panel = self.favourites
            self.favourites.set(state)
        else:
            panel = self.panel(type(state))
            self.panel(type(state)).set(state)
        self.middle.show_panel(panel)
        # Two panels of one kind follow each other, too: what changes then is their title.
        if type(before) is not type(state) or getattr(before, "title", "") != getattr(state, "title", ""):
            self._place()
            self._focus(state)

    def _focus(self, state: views.Middle) -> None:
        if isinstance(state, views.Favourites | views.Results):
            self.search.setFocus()
        else:
            # Digits typed now are money or a quantity; this screen hands them on.
            (self.panel(type(state)).focus() or self).setFocus()

    def retranslate(self) -> None:
        self.search.setPlaceholderText(self.tr("Name, code or phone"))
        self.search.setAccessibleName(self.tr("Search"))
        self.toggle.set_words("", self.tr("Favourites"))
        self.more.set_words("", self.tr("Everything else"))
        for part in (
            self.state_line, self.basket, self.basket_actions, self.member, self.total, self.pay,
            *self._panels.values(),
        ):  # fmt: skip
            part.retranslate()
        view, self.view = self.view, None
        if view is not None:
            self.set(view)

    # -- keys and room -----------------------------------------------------------------------------------

    def focusInEvent(self, _event: QFocusEvent) -> None:
        """Qt would paint the whole screen anew, which looks the same with the focus and without."""

    def focusOutEvent(self, _event: QFocusEvent) -> None:
        """As when it comes."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        presenter, view = self._presenter, self.view
        if presenter is None or view is None:
            return super().keyPressEvent(event)
        panel = self._panels.get(type(view.middle))
        key = _KEYPAD_KEYS.get(event.key()) or event.text()
        if panel is not None and panel.take_key(event.key(), event.text()):
            return None
        if panel is not None and panel.types and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            presenter.take()
        elif panel is not None and panel.types and key and key in "0123456789,\b":
            presenter.key(key)
        elif event.key() == Qt.Key.Key_Delete:
            presenter.act(views.Action.VOID_LINE)
        else:
            super().keyPressEvent(event)
        return None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        deep = not isinstance(
            self.view.middle if self.view else None, views.Favourites | views.Results | None
        )
        wanted = self._opened or deep or (self.view is not None and not self.view.basket.lines)
        searching = self.view is not None and isinstance(self.view.middle, views.Results)
        state_px, touch_px = lk.state_px(self._look.touch), self._look.touch
        places = arrange(
            self.width(),
            self.height() - state_px,
            opened=wanted or searching,
            deep=deep,
            touch_px=touch_px,
        )
        self.state_line.setGeometry(0, 0, self.width(), state_px)
        for part, at in (
            (self.basket, places.basket),
            (self.basket_actions, places.actions),
            (self.search, places.search),
            (self.toggle, places.toggle),
            (self.more, places.more),
            (self.middle, places.middle),
            (self.message, places.message),
            (self.member, places.member),
            (self.total, places.total),
            (self.pay, places.pay),
        ):
            part.setGeometry(at.translated(0, state_px))
        self.middle.setVisible(not places.middle.isEmpty())
        self.search.setVisible(not places.search.isEmpty())
        self.toggle.setVisible(not places.toggle.isEmpty())
        self.more.setVisible(not places.more.isEmpty())
        self.basket_actions.setVisible(not places.actions.isEmpty())
        self.middle.raise_()
        if "watermark" in self.__dict__:
            self.watermark.setGeometry(self.rect())
            self.watermark.raise_()

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look[self._ground])

    @property
    def _ground(self) -> str:
        return "caution_soft" if self.view is not None and self.view.state.training else "paper"
