"""Sales put aside: parked under a name, taken up again, or given up."""

from __future__ import annotations

from typing import Final

from app.checkout.outcome import Outcome
from app.checkout.parking import Parked
from app.checkout.rights import Approval
from app.screens import views
from app.screens.forms import YES, Entry, Press, Row, Sign
from app.screens.panel import Panel, Screen
from app.screens.panels.reasoning import Reasoning

DROP_REASONS: Final = ("customer_left", "rung_by_mistake")


def park_or_list(screen: Screen) -> Panel:
    """With goods in the basket it is parked; with none, a parked one is taken up."""
    return Parking(screen) if screen.till.sale.lines else ParkedSales(screen)


class Parking(Panel):
    """A name to find it by, and the next customer; the member's name is there already."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        member = self.till.member
        self.name = member.person.name if member and member.person else ""

    def goes_on(self) -> bool:
        return bool(self.till.sale.lines)

    def type(self, field: str, text: str) -> None:
        self.name = text

    def press(self, key: str) -> None:
        if key == YES:
            self.till.parking.park(self.name, self._parked)
        else:
            super().press(key)

    def _parked(self, outcome: Outcome) -> None:
        if not outcome.refused:
            self.screen.close()
        self.screen.tell(outcome)

    def view(self) -> views.Form:
        return views.Form(
            title=self.say("park.title"),
            detail=self.say("park.detail"),
            entries=(Entry("name", self.say("park.name"), self.name, "pause", self.say("park.hint")),),
            presses=(self.back(), self.go(self.say("tool.park"), enabled=not self.till.busy)),
        )


class ParkedSales(Panel):
    """The oldest first; a touch takes one up again."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self._dropping = False

    def pick(self, key: str) -> None:
        slot = int(key)
        if not self._dropping:
            return self.till.parking.resume(slot, self._resumed)
        title = self.say("park.drop_one", name=next(s.name for s in self.till.parking.list if s.slot == slot))

        def drop(reason: str, approval: Approval | None = None) -> None:
            def heard(outcome: Outcome) -> None:
                if not self.approve(outcome, lambda given: drop(reason, given)):
                    self.screen.tell(outcome)

            self.till.parking.drop(slot, reason=reason, approval=approval, answer=heard)

        return self.screen.open(Reasoning(self.screen, title, DROP_REASONS, drop, self))

    def press(self, key: str) -> None:
        if key == "drop":
            self._dropping = not self._dropping
        else:
            super().press(key)

    def _resumed(self, outcome: Outcome) -> None:
        if not outcome.refused:
            self.screen.close()
        self.screen.tell(outcome)

    def view(self) -> views.Rows:
        sales = self.till.parking.list
        drop = Press("drop", self.say("park.keep" if self._dropping else "park.drop"), enabled=bool(sales))
        return views.Rows(
            title=self.say("park.which_to_drop" if self._dropping else "tool.parked"),
            rows=tuple(self._row(sale) for sale in sales),
            empty=self.say("park.empty"),
            pickable=True,
            presses=(self.back(), drop),
        )

    def _row(self, sale: Parked) -> Row:
        words = self.show.words
        lines = self.say("park.lines", n=sale.lines)
        time = words.time(sale.at_ms, self.till.shop.time_zone)
        sign = Sign.NO if self._dropping else Sign.PAUSE
        return Row(str(sale.slot), sale.name, f"{time} · {lines}", sign=sign)
