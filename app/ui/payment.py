"""Taking money in the middle of the screen: quick sums, a keypad, the change large. Never a modal."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import CENTRE, RIGHT, Button, Card, Icon, Kind, Label
from app.ui.look import Look

_QUICK = 4
DELETE = "\b"
"""The keypad's correction key; other keys are the digits and "," for the decimal separator."""
_KEYS = ("7", "8", "9", "4", "5", "6", "1", "2", "3", ",", "0", DELETE)


class Keypad(QWidget):
    """Digits as on a telephone's opposite: like every till, 7-8-9 on top."""

    pressed = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(lk.S)
        self.buttons: dict[str, Button] = {}
        for place, key in enumerate(_KEYS):
            button = Button(look, icon_name="delete" if key == DELETE else "", size_px=lk.NAME)
            button.setMinimumHeight(lk.BUTTON_PX - lk.S)
            policy = button.sizePolicy()
            policy.setVerticalPolicy(policy.Policy.Expanding)
            button.setSizePolicy(policy)
            button.setFocusPolicy(button.focusPolicy().NoFocus)
            button.clicked.connect(lambda _=False, key=key: self.pressed.emit(key))
            grid.addWidget(button, place // 3, place % 3)
            self.buttons[key] = button

    def retranslate(self) -> None:
        for key, button in self.buttons.items():
            button.set_words("" if key == DELETE else key, self.tr("Correct") if key == DELETE else key)


class PaymentPanel(Card):
    """What is due, what was given, what comes back; PAY takes it."""

    keyed = Signal(str)
    quick_chosen = Signal(int)
    card_asked = Signal()
    left = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._due_word = Label(look, lk.BODY, token="secondary")
        self._due = Label(look, lk.BALANCE, lk.BOLD, align=RIGHT)
        self._parts = [
            (Label(look, lk.BODY, token="secondary"), Label(look, lk.BODY, align=RIGHT)) for _ in "123"
        ]
        self._given_word = Label(look, lk.BODY, token="secondary")
        self._given = Label(look, lk.BALANCE, lk.BOLD, align=RIGHT)
        self._result_word = Label(look, lk.BODY, lk.SEMIBOLD, "gain")
        self._result = Label(look, lk.BALANCE, lk.BOLD, "gain", align=RIGHT)
        self.quick = [Button(look, weight=lk.SEMIBOLD, height_px=48) for _ in range(_QUICK)]
        self.keypad = Keypad(look)
        self.back = Button(look, icon_name="arrow-left", key="Esc")
        self.card = Button(look, key="F9", weight=lk.SEMIBOLD)
        self._lay_out()
        for button in self.quick:
            button.clicked.connect(lambda _=False, button=button: self._quick(button))
        self._sums: dict[Button, int] = {}
        self.keypad.pressed.connect(self.keyed)
        self.card.clicked.connect(self.card_asked)
        self.back.clicked.connect(self.left)

    def _lay_out(self) -> None:
        money = QVBoxLayout()
        money.setSpacing(lk.XS)
        pairs = [(self._due_word, self._due), *self._parts, (self._given_word, self._given)]
        for word, figure in [*pairs, (self._result_word, self._result)]:
            row = QHBoxLayout()
            row.addWidget(word, 1)
            row.addWidget(figure)
            money.addLayout(row)
        money.addStretch(1)
        quick = QHBoxLayout()
        quick.setSpacing(lk.S)
        for button in self.quick:
            quick.addWidget(button, 1)
        money.addLayout(quick)
        foot = QHBoxLayout()
        foot.setSpacing(lk.S)
        foot.addWidget(self.back, 1)
        foot.addWidget(self.card, 1)
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

    def retranslate(self) -> None:
        self._due_word.set(self.tr("To pay"))
        self._given_word.set(self.tr("Cash given"))
        self.back.set_words(self.tr("Back"))
        self.card.set_words(self.tr("Card"))
        self.keypad.retranslate()

    def set(self, state: views.Payment) -> None:
        self._due.set(state.due)
        self._given.set(state.entry or "–")
        for (word, figure), part in zip(self._parts, (*state.tendered, None, None, None), strict=False):
            word.set(part.name if part else "")
            figure.set(part.amount if part else "")
        if state.missing:
            self._result_word.set(self.tr("Missing"), "secondary")
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
        self.card.setVisible(state.by_card)
        self.card.setEnabled(not state.busy)
        self.back.setEnabled(not state.busy)

    def _quick(self, button: Button) -> None:
        self.quick_chosen.emit(self._sums[button])


class AskPanel(Card):
    """A question with two answers: was the card charged, is the receipt on paper?"""

    answered = Signal(bool)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._question = Label(look, lk.NAME, lk.SEMIBOLD, align=CENTRE, wrap=True)
        self._figure = Label(look, lk.TOTAL, lk.BOLD, align=CENTRE)
        self._detail = Label(look, lk.BODY, token="secondary", align=CENTRE, wrap=True)
        self.yes = Button(look, Kind.PAY, weight=lk.SEMIBOLD, size_px=lk.HEADING)
        self.no = Button(look, weight=lk.SEMIBOLD, size_px=lk.HEADING)
        self.yes.clicked.connect(lambda: self.answered.emit(True))
        self.no.clicked.connect(lambda: self.answered.emit(False))
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.XL, lk.XL, lk.XL, lk.XL)
        column.setSpacing(lk.M)
        column.addStretch(1)
        column.addWidget(Icon(look, "info", 40, "accent"), 0, CENTRE)
        for label in (self._question, self._figure, self._detail):
            column.addWidget(label)
        column.addStretch(1)
        column.addWidget(self.yes)
        column.addWidget(self.no)

    def retranslate(self) -> None:
        """The answers come with the question."""

    def set(self, state: views.Ask) -> None:
        self._question.set(state.question)
        self._figure.set(state.figure)
        self._figure.setVisible(bool(state.figure))
        self._detail.set(state.detail)
        self.yes.set_words(state.yes)
        self.no.set_words(state.no)
        self.yes.setEnabled(not state.busy)
        self.no.setEnabled(not state.busy)


class QuantityPanel(Card):
    """A line's quantity by keypad: how many, or how much the scale shows."""

    keyed = Signal(str)
    taken = Signal()
    left = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._name = Label(look, lk.HEADING, lk.SEMIBOLD, wrap=True)
        self._price = Label(look, lk.BODY, token="secondary")
        self._entry = Label(look, lk.TOTAL, lk.BOLD, align=RIGHT)
        self._unit = Label(look, lk.HEADING, token="secondary")
        self.keypad = Keypad(look)
        self.back = Button(look, key="Esc", icon_name="arrow-left")
        self.take = Button(look, Kind.ACCENT, key="Enter", weight=lk.SEMIBOLD)
        self.keypad.pressed.connect(self.keyed)
        self.take.clicked.connect(self.taken)
        self.back.clicked.connect(self.left)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.L, lk.L, lk.L, lk.L)
        column.setSpacing(lk.S)
        column.addWidget(self._name)
        column.addWidget(self._price)
        figure = QHBoxLayout()
        figure.setSpacing(lk.S)
        figure.addWidget(self._entry, 1)
        figure.addWidget(self._unit)
        column.addLayout(figure)
        column.addWidget(self.keypad, 1)
        foot = QHBoxLayout()
        foot.setSpacing(lk.S)
        foot.addWidget(self.back, 1)
        foot.addWidget(self.take, 2)
        column.addLayout(foot)

    def retranslate(self) -> None:
        self.back.set_words(self.tr("Back"))
        self.take.set_words(self.tr("Set quantity"))
        self.keypad.retranslate()

    def set(self, state: views.Quantity) -> None:
        self._name.set(state.name)
        self._price.set(state.price)
        self._entry.set(state.entry or "–")
        self._unit.set(state.unit)
        self.take.setEnabled(state.ready)


class PaidPanel(Card):
    """The sale is done: the change, large, until the next scan. Touching it goes on, too."""

    next_asked = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._title = Label(look, lk.HEADING, lk.SEMIBOLD, "gain", align=CENTRE, wrap=True)
        self._change_word = Label(look, lk.BODY, token="secondary", align=CENTRE)
        self._change = Label(look, lk.TOTAL, lk.BOLD, align=CENTRE)
        self._paid = Label(look, lk.BODY, token="secondary", align=CENTRE, wrap=True)
        self._earned = Label(look, lk.BODY, lk.SEMIBOLD, "gain", align=CENTRE, wrap=True)
        self._receipt = Label(look, lk.SMALL, token="secondary", align=CENTRE, wrap=True)
        self.next = Button(look, Kind.OUTLINE, key="Esc", weight=lk.SEMIBOLD)
        self.next.clicked.connect(self.next_asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.XL, lk.XL, lk.XL, lk.XL)
        column.setSpacing(lk.S)
        column.addStretch(2)
        column.addWidget(Icon(look, "check", 40, "gain"), 0, CENTRE)
        for label in (self._title, self._change_word, self._change, self._paid):
            column.addWidget(label)
        column.addSpacing(lk.M)
        column.addWidget(self._earned)
        column.addWidget(self._receipt)
        column.addStretch(3)
        column.addWidget(self.next)

    def retranslate(self) -> None:
        self._change_word.set(self.tr("Change"))
        self.next.set_words(self.tr("Next customer"))

    def set(self, state: views.Paid) -> None:
        self._title.set(state.title)
        self._change.set(state.change)
        self._change_word.setVisible(bool(state.change))
        self._paid.set(state.paid)
        self._earned.set(state.earned)
        self._receipt.set(state.receipt)
