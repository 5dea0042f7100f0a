"""The shift: opened with its float, looked at, counted without being told what should be there, closed."""

from __future__ import annotations

from app.checkout.outcome import Outcome, refused
from app.checkout.rights import Approval
from app.screens import cash, views
from app.screens.forms import YES, Choice, Press, Row
from app.screens.panel import Panel, Screen
from app.screens.panels.pricing import Figure
from app.screens.panels.reasoning import Reasoning
from app.values import minor_digits

IN_REASONS = ("change_money", "correction")
OUT_REASONS = ("bank", "supplier", "expense", "correction")
DRAWER_REASONS = ("change_money", "correction")


def shift(screen: Screen) -> Panel:
    """What can be done with the shift as it is."""
    return OpenShift(screen) if screen.till.shift is None else ShiftNow(screen)


class _Money(Panel):
    """A sum of money on the keypad."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.entry = ""

    def key(self, key: str) -> None:
        self.entry = cash.typed(self.entry, key, minor_digits(self.show.currency))

    @property
    def amount_minor(self) -> int | None:
        return cash.entered(self.entry, minor_digits(self.show.currency))

    @property
    def waiting(self) -> bool:
        """Whether the fiscal device is at its own shift: nothing else is done meanwhile."""
        return self.till.outside.waits_for == "shift"

    def detail(self, message: str) -> str:
        """What to type, or what is being waited for."""
        return self.show.words.get("till.shift_at_device") if self.waiting else self.say(message)

    def heard(self, outcome: Outcome) -> None:
        if not outcome.refused:
            self.screen.close()
        self.screen.tell(outcome)


class OpenShift(_Money):
    """The float in the drawer; nothing typed means none."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self._closed = screen.till.heart.sales.last_shift() is not None

    def press(self, key: str) -> None:
        if key == "z":
            return self.till.drawer.print_z(self.screen.tell)
        if key != YES:
            return super().press(key)
        return self.till.open_shift(self._cashier, self.amount_minor or 0, self.heard)

    @property
    def _cashier(self) -> str:
        """Who is signed in; in a shop that keeps no list of its staff, whose the shift before was."""
        if self.till.people.who is not None:
            return self.till.people.who.name
        last = self.till.heart.sales.last_shift()
        return last.cashier if last is not None else ""

    def view(self) -> views.Pad:
        again = Press("z", self.say("shift.z_again"), icon="printer", enabled=not self.waiting)
        return views.Pad(
            title=self.say("shift.open_title"),
            detail=self.detail("shift.open_detail"),
            figure=self.show.typed(self.entry),
            unit=self.show.words.symbol(self.show.currency),
            presses=(
                self.back(),
                *((again,) if self._closed else ()),
                self.go(self.say("shift.open"), enabled=not (self.till.busy or self.waiting)),
            ),
        )


class ShiftNow(Panel):
    """Since when, who, how many; no sum that would give the count away."""

    def press(self, key: str) -> None:
        match key:
            case "x":
                self.till.drawer.print_x(self.screen.tell)
            case "close":
                self._close()
            case _:
                super().press(key)

    def _close(self) -> None:
        till = self.till
        if till.sale.lines:
            return self.screen.tell(refused("basket_open"))
        if till.parking.list:
            return self.screen.tell(refused("parked_open", n=len(till.parking.list)))
        return self.screen.open(CountShift(self.screen))

    def view(self) -> views.Rows:
        figures, words = self.till.drawer.figures(), self.show.words
        rows: tuple[Row, ...] = ()
        if figures is not None:
            opened = words.moment(figures.opened_ms, self.till.shop.time_zone)
            rows = (
                Row("opened", self.say("shift.opened"), figure=opened),
                Row("cashier", self.say("shift.cashier"), figure=figures.cashier),
                Row("sales", self.say("shift.sales"), figure=str(figures.sales)),
                Row("refunds", self.say("shift.refunds"), figure=str(figures.refunds)),
                Row("parked", self.say("tool.parked"), figure=str(len(self.till.parking.list))),
            )
        number = self.till.shift.number if self.till.shift else 0
        return views.Rows(
            title=words.get("screen.shift", number=number),
            rows=rows,
            presses=(
                self.back(),
                Press("x", self.say("shift.x"), icon="printer"),
                Press("close", self.say("shift.close"), loud=True),
            ),
        )


class CountShift(_Money):
    """Blind: what should be in the drawer is said after it was counted."""

    def goes_on(self) -> bool:
        return self.till.shift is not None

    def press(self, key: str) -> None:
        if key == YES and self.amount_minor is not None:
            self.till.drawer.close(self.amount_minor, self._closed)
        elif key == "uncounted":
            self.till.drawer.close(None, self._closed)
        elif key != YES:
            super().press(key)

    def _closed(self, outcome: Outcome) -> None:
        if not outcome.refused:
            self.screen.open(Closed(self.screen, outcome, self.amount_minor))
        self.screen.tell(outcome)

    def view(self) -> views.Pad:
        return views.Pad(
            title=self.say("shift.count_title"),
            detail=self.detail("shift.count_detail"),
            figure=self.show.typed(self.entry),
            unit=self.show.words.symbol(self.show.currency),
            presses=(
                self.back(),
                Press("uncounted", self.say("shift.uncounted"), enabled=not self.waiting),
                self.go(
                    self.say("shift.close_z"), enabled=self.amount_minor is not None and not self.waiting
                ),
            ),
        )


class Closed(Panel):
    """The difference, large; the Z is being printed."""

    def __init__(self, screen: Screen, outcome: Outcome, counted_minor: int | None) -> None:
        super().__init__(screen)
        self._outcome, self._counted = outcome, counted_minor

    def view(self) -> views.Paid:
        show, values = self.show, self._outcome.values
        difference = int(values.get("difference_minor", 0))
        counted = self._counted
        return views.Paid(
            title=self.say("shift.closed", number=values["number"]),
            word=self.say("shift.difference"),
            change="" if counted is None else show.words.money(difference, show.currency, plus=True),
            paid="" if counted is None else self.say("shift.counted", money=show.money(counted)),
            receipt=self.say("shift.z_printing"),
            next=self.say("close"),
        )


class PayInOut(Figure):
    """Cash that is no sale, with its reason; a slip is printed."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self._in = True

    @property
    def reasons(self) -> tuple[str, ...]:
        return IN_REASONS if self._in else OUT_REASONS

    def pick(self, key: str) -> None:
        self._in = key == "in"

    def summary(self) -> str:
        act = self.say("act.pay_in" if self._in else "act.pay_out")
        return f"{act}: {self.show.money(self.figure or 0)}"

    def finish(self, reason: str, approval: Approval | None = None) -> None:
        drawer = self.till.drawer
        move = drawer.pay_in if self._in else drawer.pay_out

        def heard(outcome: Outcome) -> None:
            if self.approve(outcome, lambda given: self.finish(reason, given)):
                return
            if not outcome.refused:
                self.screen.close()
            self.screen.tell(outcome)

        move(self.figure or 0, reason=reason, approval=approval, answer=heard)

    def view(self) -> views.Pad:
        return views.Pad(
            title=self.say("tool.cash"),
            figure=self.show.typed(self.entry),
            unit=self.show.words.symbol(self.show.currency),
            choices=(
                Choice("in", self.say("act.pay_in"), self._in),
                Choice("out", self.say("act.pay_out"), not self._in),
            ),
            presses=(self.back(), self.go(self.say("cash.go_on"), enabled=bool(self.figure))),
        )


class OpenDrawer(Reasoning):
    """The drawer without a sale; that it was opened, and why, is kept."""

    stays = False

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, screen.show.words.get("panel.act.no_sale"), DRAWER_REASONS, self._open)

    def _open(self, reason: str, approval: Approval | None = None) -> None:
        def heard(outcome: Outcome) -> None:
            if not self.approve(outcome, lambda given: self._open(reason, given)):
                self.screen.close()
                self.screen.tell(outcome)

        self.till.drawer.no_sale(reason=reason, approval=approval, answer=heard)
