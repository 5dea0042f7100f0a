"""Promo codes and coupons of this sale: typed or scanned, and taken off again."""

from __future__ import annotations

from app.screens import views
from app.screens.forms import YES, Entry, Row, Sign
from app.screens.panel import Panel, Screen


class Codes(Panel):
    """A code is typed here or scanned at any moment; what is on the sale stands in the list beside."""

    stays = True

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.code = self._problem = ""

    def type(self, field: str, text: str) -> None:
        self.code, self._problem = text, ""

    def press(self, key: str) -> None:
        if key == "list":
            self.screen.open(CodesHere(self.screen))
        elif key == YES and self.code.strip():
            outcome = self.till.coupons.present(self.code)
            if outcome is None:
                self._problem = self.say("code.unknown")
                return
            if not outcome.refused:
                self.screen.close()
            self.screen.tell(outcome)
        elif key != YES:
            super().press(key)

    def view(self) -> views.Form:
        here = self.till.coupons.codes
        return views.Form(
            title=self.say("tool.code"),
            detail=self.say("code.detail"),
            entries=(Entry("code", self.say("code.field"), self.code, "ticket-percent"),),
            note=self.say("code.here", codes=", ".join(here)) if here else "",
            problem=self._problem,
            presses=(
                self.back(),
                *((self.other("list", self.say("code.list")),) if here else ()),
                self.go(self.say("code.use"), enabled=bool(self.code.strip())),
            ),
        )


class CodesHere(Panel):
    """The codes on this sale; a touch takes one off, unused."""

    stays = True

    def goes_on(self) -> bool:
        return bool(self.till.coupons.codes)

    def pick(self, key: str) -> None:
        self.screen.tell(self.till.coupons.drop(key))

    def view(self) -> views.Rows:
        return views.Rows(
            title=self.say("code.list_title"),
            rows=tuple(Row(code, code, sign=Sign.NO) for code in self.till.coupons.codes),
            pickable=True,
            presses=(self.back(),),
        )
