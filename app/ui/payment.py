"""Taking money in the middle of the screen: quick sums, a keypad, the change large. Never a modal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.screens import views
from app.screens.forms import Choice
from app.ui import scale as lk
from app.ui.controls import CENTRE, RIGHT, Button, Icon, Kind, Label
from app.ui.foot import Choices, Strip
from app.ui.keypad import Keypad
from app.ui.look import Look
from app.ui.panel import PanelCard

if TYPE_CHECKING:
    from app.screens.sale import SalePresenter

_QUICK = 4


class PaymentPanel(PanelCard):
    """What is due, what was given, what comes back; PAY takes it."""

    types = True

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._due_word = Label(look, lk.BODY, token="secondary")
        self._due = Label(look, lk.BALANCE, lk.BOLD, align=RIGHT)
        self._rounded = Label(look, lk.BODY, token="secondary", align=RIGHT)
        self.tenders = Choices(look, "x")
        self._strip = Strip(self.tenders)
        self._quick_row = QWidget()
        self._given_word = Label(look, lk.SMALL, token="secondary")
        self._given = Label(look, lk.BALANCE, lk.BOLD)
        self._result_word = Label(look, lk.SMALL, lk.SEMIBOLD, "gain", align=RIGHT)
        self._result = Label(look, lk.BALANCE, lk.BOLD, "gain", align=RIGHT)
        self.quick = [Button(look, weight=lk.SEMIBOLD, height_px=48) for _ in range(_QUICK)]
        self.keypad = Keypad(look)
        self.back = Button(look, icon_name="arrow-left", key="Esc")
        self.gift = Button(look, icon_name="gift")
        self.card = Button(look, key="F9", weight=lk.SEMIBOLD)
        self._lay_out()
        self._sums: dict[Button, int] = {}

    def serve(self, presenter: SalePresenter) -> None:
        for button in self.quick:
            button.clicked.connect(lambda _=False, button=button: presenter.give(self._sums[button]))
        self.keypad.pressed.connect(presenter.key)
        self.card.clicked.connect(presenter.pay_by_card)
        self.gift.clicked.connect(lambda: presenter.press("gift"))
        self.tenders.chosen.connect(presenter.pick)
        self.back.clicked.connect(presenter.leave)

    def _lay_out(self) -> None:
        money = QVBoxLayout()
        money.setSpacing(lk.XS)
        money.addWidget(self._strip)
        due = QHBoxLayout()
        due.addWidget(self._due_word, 1)
        due.addWidget(self._due)
        money.addLayout(due)
        money.addWidget(self._rounded)
        figures = QGridLayout()
        figures.setHorizontalSpacing(lk.M)
        figures.setVerticalSpacing(0)
        columns = ((self._given_word, self._given), (self._result_word, self._result))
        for column, labels in enumerate(columns):
            for row, label in enumerate(labels):
                figures.addWidget(label, row, column)
            figures.setColumnStretch(column, 1)
        money.addLayout(figures)
        money.addStretch(1)
        quick = QHBoxLayout(self._quick_row)
        quick.setContentsMargins(0, 0, 0, 0)
        quick.setSpacing(lk.S)
        for button in self.quick:
            quick.addWidget(button, 1)
        money.addWidget(self._quick_row)
        foot = QHBoxLayout()
        foot.setSpacing(lk.S)
        foot.addWidget(self.back, 1)
        foot.addWidget(self.gift)
        foot.addWidget(self.card, 2)
        keys = QVBoxLayout()
        keys.setSpacing(lk.S)
        keys.addWidget(self.keypad, 1)
        keys.addLayout(foot)
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(lk.L, lk.M, lk.L, lk.L)
        self._box.setSpacing(lk.S)
        self._box.addLayout(money, 1)
        self._box.addLayout(keys, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Money beside the keys where the panel is broad and low.
        direction = QBoxLayout.Direction
        broad = self.width() > self.height() * 5 // 4
        self._box.setDirection(direction.LeftToRight if broad else direction.TopToBottom)
        self._box.setSpacing(lk.XL if broad else lk.S)
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # Where fingers need more room than there is, the sums give way to the keys, which can say them all.
        self._quick_row.show()
        self._box.activate()
        if self._box.minimumSize().height() > self.height():
            self._quick_row.hide()

    def retranslate(self) -> None:
        self._given_word.set(self.tr("Cash given"))
        self.back.set_words(self.tr("Back"))
        self.gift.set_words("", self.tr("Gift card"))
        self.keypad.retranslate()

    def set(self, state: views.Payment) -> None:
        self._due_word.set(self.tr("To give back") if state.owed else self.tr("To pay"))
        self._due.set(state.due)
        self._rounded.set(state.rounded)
        self._given.set(state.entry or "–")
        for label in (self._given_word, self._given):
            label.setVisible(not state.owed)
        parts = (Choice(part.key, f"{part.name} {part.amount}") for part in state.tendered)
        self.tenders.set(tuple(parts), self.tr("Take back"))
        self._strip.setVisible(bool(state.tendered))
        self._strip.updateGeometry()
        if state.owed:
            self._result_word.set("")
            self._result.set("")
        elif state.missing:
            self._result_word.set(self.tr("Then left to pay"), "secondary")
            self._result.set(state.missing, "secondary")
        else:
            self._result_word.set(self.tr("Change"), "gain")
            self._result.set(state.change or "–", "gain")
        self._sums = {}
        for button, quick in zip(self.quick, (*state.quick, None, None, None, None), strict=False):
            button.setVisible(quick is not None)
            if quick is not None:
                self._sums[button] = quick.amount_minor
                button.set_words(self.tr("Exact") if quick.exact else quick.text, quick.text)
        self.card.set_words(state.by_card)
        for button in (self.card, self.gift):
            button.setVisible(bool(state.by_card))
            button.setEnabled(not state.busy)
        self.back.setEnabled(not state.busy)
        self._fit()


class PaidPanel(PanelCard):
    """The sale is done: the change, large, until the next scan. Touching it goes on, too."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._title = Label(look, lk.HEADING, lk.SEMIBOLD, "gain", align=CENTRE, wrap=True)
        self._change_word = Label(look, lk.BODY, token="secondary", align=CENTRE)
        self._change = Label(look, lk.TOTAL, lk.BOLD, align=CENTRE)
        self._paid = Label(look, lk.BODY, token="secondary", align=CENTRE, wrap=True)
        self._earned = Label(look, lk.BODY, lk.SEMIBOLD, "gain", align=CENTRE, wrap=True)
        self._hand = Label(look, lk.HEADING, lk.BOLD, "accent", align=CENTRE, wrap=True)
        self._news = Label(look, lk.BODY, lk.MEDIUM, align=CENTRE, wrap=True)
        self._receipt = Label(look, lk.SMALL, token="secondary", align=CENTRE, wrap=True)
        self.next = Button(look, Kind.OUTLINE, key="Esc", weight=lk.SEMIBOLD)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.XL, lk.XL, lk.XL, lk.XL)
        column.setSpacing(lk.S)
        column.addStretch(2)
        column.addWidget(Icon(look, "check", 40, "gain"), 0, CENTRE)
        for label in (self._title, self._change_word, self._change, self._paid):
            column.addWidget(label)
        column.addSpacing(lk.M)
        for label in (self._hand, self._earned, self._news, self._receipt):
            column.addWidget(label)
        column.addStretch(3)
        column.addWidget(self.next)

    def serve(self, presenter: SalePresenter) -> None:
        self.next.clicked.connect(presenter.leave)

    def set(self, state: views.Paid) -> None:
        self._title.set(state.title)
        self._change.set(state.change)
        self._change_word.set(state.word if state.change else "")
        self._paid.set(state.paid)
        self._hand.set(state.hand)
        self._earned.set(state.earned)
        self._news.set(state.news)
        self._receipt.set(state.receipt)
        self.next.set_words(state.next or self.tr("Next customer"))
