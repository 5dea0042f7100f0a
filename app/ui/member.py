"""The member's place: one large question while nobody is there, their cards from then on."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import CENTRE, Button, Card, Icon, Kind, Label
from app.ui.look import Look

if TYPE_CHECKING:
    from app.ui.member_cards import MemberCards


class NoMember(Card):
    """Nobody yet: the one question worth asking, and the way to a new member."""

    enrol_asked = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._title = Label(look, lk.BALANCE, lk.BOLD, align=CENTRE, wrap=True)
        self._help = Label(look, lk.BODY, token="secondary", align=CENTRE, wrap=True)
        self.enrol = Button(look, Kind.OUTLINE, key="F4", icon_name="user-round-plus", weight=lk.SEMIBOLD)
        self.enrol.clicked.connect(self.enrol_asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.L, lk.L, lk.L, lk.L)
        column.setSpacing(lk.M)
        column.addStretch(1)
        column.addWidget(Icon(look, "nfc", 40, "accent"), 0, CENTRE)
        column.addWidget(self._title)
        column.addWidget(self._help)
        column.addStretch(1)
        column.addWidget(self.enrol)

    def retranslate(self) -> None:
        self._title.set(self.tr("Card or phone?"))
        self._help.set(self.tr("Tap or scan the card, or type the phone number"))
        self.enrol.set_words(self.tr("Enrol"))

    def set(self, can_enrol: bool) -> None:
        self.enrol.setVisible(can_enrol)


class MemberPanel(QWidget):
    """Nobody, or a member."""

    detached = Signal()
    menu_asked = Signal()
    enrol_asked = Signal()
    offer_taken = Signal(str)
    spend_toggled = Signal(bool)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._somebody = False
        self.nobody = NoMember(look)
        self.nobody.setParent(self)
        self.nobody.enrol_asked.connect(self.enrol_asked)

    @cached_property
    def cards(self) -> MemberCards:
        """Made with the first member of the day."""
        from app.ui.member_cards import MemberCards

        made = MemberCards(self._look)
        made.setParent(self)
        made.setGeometry(self.rect())
        made.retranslate()
        made.detached.connect(self.detached)
        made.menu_asked.connect(self.menu_asked)
        made.offer_taken.connect(self.offer_taken)
        made.spend_toggled.connect(self.spend_toggled)
        self._somebody = True
        return made

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.nobody.setGeometry(self.rect())
        if self._somebody:
            self.cards.setGeometry(self.rect())

    def retranslate(self) -> None:
        self.nobody.retranslate()
        if self._somebody:
            self.cards.retranslate()

    def set(self, state: views.Member | None, can_enrol: bool, free: bool) -> None:
        """`free`: the till takes what is pressed here."""
        self.nobody.set(can_enrol)
        self.nobody.setVisible(state is None)
        if state is not None:
            self.cards.set(state, free)
        if self._somebody:
            self.cards.setVisible(state is not None)
