"""A gift card's number, typed: scanning it while paying does the same."""

from __future__ import annotations

from app.screens import views
from app.screens.forms import YES, Entry
from app.screens.panel import Panel, Screen
from app.screens.panels.paying import Paying


class GiftCardSold(Panel):
    """The number of a gift card on its line: scanned or typed, before its money is taken."""

    def __init__(self, screen: Screen, line: int) -> None:
        super().__init__(screen)
        self._line, self.code, self._problem = line, "", ""

    def goes_on(self) -> bool:
        line = self.till.sale.line(self._line)
        return line is not None and not line.code

    def type(self, field: str, text: str) -> None:
        self.code, self._problem = text, ""

    def unknown(self, code: str) -> bool:
        """A card's number is nothing else's; goods are rung up as ever."""
        self._number(code)
        return True

    def press(self, key: str) -> None:
        if key != YES:
            return super().press(key)
        return self._number(self.code) if self.code.strip() else None

    def _number(self, code: str) -> None:
        outcome = self.till.adjusting.number_line(self._line, code)
        if outcome.refused:
            self._problem = self.show.words.get(f"till.{outcome.code}", **outcome.values)
            return self.screen.repaint()
        self.screen.close()
        return self.screen.tell(outcome)

    def view(self) -> views.Form:
        line = self.till.sale.line(self._line)
        name = line.name_in(self.show.words.lang) if line else ""
        return views.Form(
            title=name,
            detail=self.say("gift.sold_detail"),
            entries=(Entry("code", self.say("gift.number"), self.code, "gift"),),
            problem=self._problem,
            presses=(self.back(), self.go(self.say("gift.keep"), enabled=bool(self.code.strip()))),
        )


class GiftCardEntry(Panel):
    """Back to the payment with what the card pays."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.code = self._problem = ""

    def goes_on(self) -> bool:
        return bool(self.till.sale.lines)

    def type(self, field: str, text: str) -> None:
        self.code, self._problem = text, ""

    def unknown(self, code: str) -> bool:
        if not Paying(self.screen).unknown(code):
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
