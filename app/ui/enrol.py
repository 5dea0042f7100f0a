"""Enrolling a member in the middle of the screen: phone, name, and a card if one lies ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.screens import views
from app.ui import scale as lk
from app.ui.controls import Button, Field, Kind, Label
from app.ui.look import Look
from app.ui.panel import PanelCard

if TYPE_CHECKING:
    from app.screens.sale import SalePresenter


class EnrolPanel(PanelCard):
    """Two fields and done; a card tapped while it is open becomes the member's."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._title = Label(look, lk.HEADING, lk.SEMIBOLD)
        self._phone_word, self._name_word, self._card_word = (
            Label(look, lk.SMALL, token="secondary") for _ in range(3)
        )
        self.phone = Field(look, icon_name="smartphone")
        self.name = Field(look, icon_name="user-round")
        self._card = Label(look, lk.BODY, lk.MEDIUM, wrap=True)
        self._problem = Label(look, lk.BODY, token="caution", wrap=True)
        self.back = Button(look, key="Esc", icon_name="arrow-left")
        self.enrol = Button(look, Kind.ACCENT, key="Enter", weight=lk.SEMIBOLD)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.L, lk.L, lk.L, lk.L)
        column.setSpacing(lk.XS)
        column.addWidget(self._title)
        column.addSpacing(lk.S)
        for word, field in ((self._phone_word, self.phone), (self._name_word, self.name)):
            column.addWidget(word)
            column.addWidget(field)
            column.addSpacing(lk.S)
        column.addWidget(self._card_word)
        column.addWidget(self._card)
        column.addSpacing(lk.S)
        column.addWidget(self._problem)
        column.addStretch(1)
        foot = QHBoxLayout()
        foot.setSpacing(lk.S)
        foot.addWidget(self.back, 1)
        foot.addWidget(self.enrol, 2)
        column.addLayout(foot)
        self.phone.returnPressed.connect(self.name.setFocus)

    def serve(self, presenter: SalePresenter) -> None:
        self.phone.textEdited.connect(lambda text: presenter.type("phone", text))
        self.name.textEdited.connect(lambda text: presenter.type("name", text))
        self.name.returnPressed.connect(presenter.take)
        self.enrol.clicked.connect(presenter.take)
        self.back.clicked.connect(presenter.leave)

    def focus(self) -> QWidget | None:
        return self.phone

    def retranslate(self) -> None:
        self._title.set(self.tr("New member"))
        self._phone_word.set(self.tr("Phone"))
        self._name_word.set(self.tr("Name"))
        self._card_word.set(self.tr("Card"))
        self.phone.setAccessibleName(self.tr("Phone"))
        self.name.setAccessibleName(self.tr("Name"))
        self.back.set_words(self.tr("Back"))
        self.enrol.set_words(self.tr("Enrol"))

    def set(self, state: views.Enrol) -> None:
        for field, text in ((self.phone, state.phone), (self.name, state.name)):
            if field.text() != text:
                field.setText(text)
        self._card.set(state.card or self.tr("Tap or scan a card, or go on without one"))
        self._problem.set(state.problem)
        self.enrol.setEnabled(state.ready and not state.busy)
