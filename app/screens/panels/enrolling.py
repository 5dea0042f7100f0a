"""Enrolling a member: phone, name, and a card if one lies ready."""

from __future__ import annotations

from typing import Final

from app.checkout.outcome import Outcome
from app.screens import views
from app.screens.forms import YES
from app.screens.panel import Panel, Screen
from app.screens.panels.ringing import digits_of

PHONE_DIGITS: Final = range(7, 16)
"""ITU-T E.164: at most fifteen digits, and no subscriber's number is shorter than seven."""


class Enrolling(Panel):
    """A card tapped or scanned meanwhile becomes the member's; goods are rung up behind it."""

    stays = True
    enrols = True

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.phone = self.name = ""
        self.card = screen.loose_card

    def type(self, field: str, text: str) -> None:
        if field == "phone":
            self.phone = text
        elif field == "name":
            self.name = text

    def unclaimed(self, card: str) -> bool:
        self.card = card
        return True

    def press(self, key: str) -> None:
        if key == YES:
            self._enrol()
        else:
            super().press(key)

    def _enrol(self) -> None:
        if self.view().ready:
            lang = self.show.words.lang
            self.till.enrol(self.name, self.phone, card=self.card, lang=lang, answer=self._enrolled)
            self.screen.repaint()

    def _enrolled(self, outcome: Outcome) -> None:
        if not outcome.refused:
            self.screen.loose_card = ""
            self.screen.close()
        self.screen.tell(outcome)

    def view(self) -> views.Enrol:
        """Ready once there is a name, and a phone number or none at all."""
        phone_ok = not self.phone.strip() or len(digits_of(self.phone)) in PHONE_DIGITS
        get = self.show.words.get
        return views.Enrol(
            phone=self.phone,
            name=self.name,
            card=get("screen.card_ready", card=self.card.partition(":")[2]) if self.card else "",
            problem="" if phone_ok else get("screen.phone_wrong"),
            ready=phone_ok and bool(self.name.strip()),
            busy=self.till.busy,
        )
