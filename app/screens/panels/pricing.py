"""Another price for a line, a discount by hand, goods without an article: typed, with the reason kept."""

from __future__ import annotations

from typing import Final

from app.checkout.basket import Manual
from app.checkout.outcome import Outcome
from app.checkout.rights import Approval
from app.checkout.shop import Department
from app.screens import cash, views
from app.screens.forms import YES, Choice
from app.screens.panel import Panel, Screen
from app.screens.panels.reasoning import Reasoning
from app.texts import NBSP
from app.values import minor_digits

PRICE_REASONS: Final = ("shelf_label", "damaged", "near_expiry", "agreed")
DISCOUNT_REASONS: Final = ("damaged", "near_expiry", "apology", "staff", "agreed")
PERCENT_DIGITS: Final = 2


class Figure(Panel):
    """A figure on the keypad, asked why, and done; above the cashier's limit somebody else agrees first."""

    decimals: int

    @property
    def reasons(self) -> tuple[str, ...]:
        """Keys of the reasons to choose from."""
        return PRICE_REASONS

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.entry = ""
        self.decimals = minor_digits(self.show.currency)

    def key(self, key: str) -> None:
        self.entry = cash.typed(self.entry, key, self.decimals)

    @property
    def figure(self) -> int | None:
        return cash.entered(self.entry, self.decimals)

    def press(self, key: str) -> None:
        if key != YES:
            super().press(key)
        elif self.figure is not None:
            self.screen.open(Reasoning(self.screen, self.summary(), self.reasons, self.finish, self))

    def finish(self, reason: str, approval: Approval | None = None) -> None:
        """Do it, and close; ask for an approval where the cashier may not."""
        outcome = self.act(reason, approval)
        if self.approve(outcome, lambda given: self.finish(reason, given)):
            return
        if not outcome.refused:
            self.screen.close()
        self.screen.tell(outcome)

    def summary(self) -> str:
        """What is about to be done, said where the reason is asked for."""
        raise NotImplementedError

    def act(self, reason: str, approval: Approval | None) -> Outcome:
        raise NotImplementedError


class Price(Figure):
    """Another price for the marked line."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        assert screen.selected is not None
        self.line = screen.selected

    def goes_on(self) -> bool:
        return self.till.sale.line(self.line) is not None

    def act(self, reason: str, approval: Approval | None) -> Outcome:
        return self.till.adjusting.override_price(
            self.line, self.figure or 0, reason=reason, approval=approval
        )

    @property
    def _name(self) -> str:
        line = self.till.sale.line(self.line)
        return line.name_in(self.show.words.lang) if line else ""

    def summary(self) -> str:
        return f"{self._name}: {self.show.money(self.figure or 0)}"

    def view(self) -> views.Pad:
        line, show = self.till.sale.line(self.line), self.show
        assert line is not None
        unit = show.words.get("kg" if line.unit == "kg" else "screen.piece")
        now = show.money(line.price_minor)
        return views.Pad(
            title=self._name,
            detail=self.say("price.detail", price=f"{now} / {unit}"),
            figure=show.typed(self.entry),
            unit=show.words.symbol(show.currency),
            presses=(self.back(), self.go(self.say("price.set"), enabled=self.figure is not None)),
        )


class Discount(Figure):
    """Percent or money, off the marked line or the whole receipt."""

    @property
    def reasons(self) -> tuple[str, ...]:
        return DISCOUNT_REASONS

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self._percent, self._line = True, screen.selected
        self._on_line = False
        self.decimals = PERCENT_DIGITS

    def goes_on(self) -> bool:
        return bool(self.till.sale.lines)

    def pick(self, key: str) -> None:
        if key in ("percent", "money"):
            self._percent = key == "percent"
            self.decimals = PERCENT_DIGITS if self._percent else minor_digits(self.show.currency)
        else:
            self._on_line = key == "line"

    def act(self, reason: str, approval: Approval | None) -> Outcome:
        figure = self.figure or 0
        by = Manual(
            reason=reason, **({"percent_centi": figure} if self._percent else {"amount_minor": figure})
        )
        if self._on_line and self._line is not None:
            return self.till.adjusting.discount_line(self._line, by, approval=approval)
        return self.till.adjusting.discount_sale(by, approval=approval)

    def _what(self) -> str:
        line = self.till.sale.line(self._line) if self._line is not None and self._on_line else None
        return line.name_in(self.show.words.lang) if line else self.say("discount.whole")

    def summary(self) -> str:
        words, figure = self.show.words, self.figure or 0
        off = f"{words.scaled(-figure, 2, short=True)} %" if self._percent else self.show.money(-figure)
        return f"{self._what()}: {off}"

    def view(self) -> views.Pad:
        symbol = self.show.words.symbol(self.show.currency)
        choices = (
            Choice("percent", "%", self._percent),
            Choice("money", symbol, not self._percent),
            Choice("whole", self.say("discount.whole"), not self._on_line),
            Choice("line", self.say("discount.line"), self._on_line),
        )
        return views.Pad(
            title=self.say("tool.discount"),
            detail=self._what() if self._on_line else "",
            figure=self.show.typed(self.entry),
            unit="%" if self._percent else symbol,
            choices=choices,
            presses=(self.back(), self.go(self.say("discount.give"), enabled=self.figure is not None)),
        )


class OpenPrice(Figure):
    """Something the catalogue does not know, under a department; an unknown code is listed for repair."""

    def __init__(self, screen: Screen, code: str = "") -> None:
        super().__init__(screen)
        self.code = code
        self._department = self.till.shop.departments[0].id if self.till.shop.departments else ""

    def pick(self, key: str) -> None:
        self._department = key

    def press(self, key: str) -> None:
        if key == YES and self.figure:
            self.finish("")
        elif key != YES:
            super().press(key)

    def act(self, reason: str, approval: Approval | None) -> Outcome:
        return self.till.adjusting.ring_open(
            self._department, self.figure or 0, code=self.code, approval=approval
        )

    def _named(self, department: Department) -> str:
        """With its VAT rate: goods that nobody knows are taxed by the cashier's choice."""
        words, tax = self.show.words, department.tax
        name = department.names.get(words.lang) or department.id
        rate = words.percent(tax) if tax.replace(".", "", 1).isdigit() else tax
        return f"{name}{NBSP}· {rate}" if rate else name

    def view(self) -> views.Pad:
        show = self.show
        choices = tuple(
            Choice(each.id, self._named(each), each.id == self._department)
            for each in self.till.shop.departments
        )
        code = self.say("open.code", code=self.code)
        return views.Pad(
            title=self.say("open.title"),
            detail=code if self.code else self.say("open.detail"),
            figure=show.typed(self.entry),
            unit=show.words.symbol(show.currency),
            choices=choices,
            presses=(self.back(), self.go(self.say("open.ring"), enabled=bool(self.figure))),
        )
