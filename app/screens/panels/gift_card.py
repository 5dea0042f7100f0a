"""A gift card's number, typed: scanning it while paying does the same."""

from __future__ import annotations

from app.screens import views
from app.screens.forms import YES, Entry
from app.screens.panel import Panel, Screen
from app.screens.panels.paying import Paying


class GiftCardEntry(Panel):
    """Back to the payment with what the card pays."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.code = self._problem = ""

    def goes_on(self) -> bool:
        return bool(self.till.sale.lines)

    def type(self, field: str, text: str) -> None:
        self.code, self._problem = text, ""

    def scanned(self, text: str, aim: str | None) -> bool:
        if not Paying(self.screen).scanned(text, aim):
            return False
        self.screen.open(Paying(self.screen))
        return True

    def press(self, key: str) -> None:
        if key != YES:
            return self.screen.open(Paying(self.screen))
        if not self.code.strip():
            return None
        outcome = self.till.present_gift_card(self.code.strip())
        if not outcome.refused:
            self.screen.open(Paying(self.screen))
        return self.screen.tell(outcome)

    def view(self) -> views.Form:
        return views.Form(
            title=self.say("gift.title"),
            detail=self.say("gift.detail"),
            entries=(Entry("code", self.say("gift.number"), self.code, "gift"),),
            presses=(self.back(), self.go(self.say("gift.take"), enabled=bool(self.code.strip()))),
        )
