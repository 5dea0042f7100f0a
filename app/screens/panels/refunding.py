"""Goods that come back: of which sale, how many of each, and what goes back each way before it is done."""

from __future__ import annotations

from typing import Final

from app.checkout.outcome import Outcome
from app.checkout.refunds import Means, Refund
from app.checkout.rights import Approval
from app.ledger.facts import SaleCompleted, SoldLine
from app.ledger.original import is_weighed
from app.screens import views
from app.screens.forms import YES, Choice, Count, Press, Row
from app.screens.panel import Panel, Screen
from app.screens.panels.history import History, line_name
from app.values import QTY_MILLI

EXCHANGE: Final = "exchange"


class RefundFinding(History):
    """Scan the receipt, or choose the sale."""

    refunds = False

    def opened(self, sale: SaleCompleted) -> None:
        self.screen.open(Refunding(self.screen, sale))

    def title(self) -> str:
        return self.say("refund.find")

    def others(self) -> tuple[Press, ...]:
        return (Press("without", self.say("refund.without")),)

    def press(self, key: str) -> None:
        if key == "without":
            from app.screens.panels.without_receipt import WithoutReceipt

            return self.screen.open(WithoutReceipt(self.screen))
        return super().press(key)


class Refunding(Panel):
    """Lines between − and +; what goes back in money, points and stamps follows at once."""

    stays = True

    def __init__(self, screen: Screen, sale: SaleCompleted) -> None:
        super().__init__(screen)
        self.sale = sale
        self.left = self.till.refunds.returnable(sale).left
        self.back_milli: dict[int, int] = {}
        cards = any(tender.means == "card" for tender in sale.tenders)
        self.way = "card" if cards else "cash"

    # -- choosing ----------------------------------------------------------------------------------------

    def step(self, key: str, by: int) -> None:
        line = next(each for each in self.sale.lines if each.line == int(key))
        left, now = self.left[line.line], self.back_milli.get(line.line, 0)
        # What was weighed comes back whole: half a bag of apples is nobody's to weigh again.
        unit = left if is_weighed(line) else QTY_MILLI
        self.back_milli[line.line] = min(max(now + by * unit, 0), left)

    def pick(self, key: str) -> None:
        if key == "all":
            self.back_milli = {} if self._all else {line: left for line, left in self.left.items() if left}
        else:
            self.way = key

    @property
    def _all(self) -> bool:
        return any(self.left.values()) and all(
            self.back_milli.get(line, 0) == left for line, left in self.left.items()
        )

    # -- doing it ----------------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        if key == YES:
            self._refund()
        else:
            super().press(key)

    def _refund(self, approval: Approval | None = None) -> None:
        worth = self._worth()
        if worth is None:
            return None
        if self.way == EXCHANGE:
            outcome = self.till.exchanges.exchange(self.sale.id, self.back_milli, approval=approval)
            if self.approve(outcome, self._refund):
                return None
            if not outcome.refused:
                self.screen.close()
            return self.screen.tell(outcome)
        means: Means = "card" if self.way == "card" else "cash"

        def heard(outcome: Outcome) -> None:
            if self.approve(outcome, self._refund):
                return
            if not outcome.refused:
                self.screen.open(Refunded(self.screen, worth, means))
            self.screen.tell(outcome)

        return self.till.refunds.refund(self.sale.id, self.back_milli, means, approval=approval, answer=heard)

    def _worth(self) -> Refund | None:
        worth = self.till.refunds.preview(self.sale.id, self.back_milli)
        return worth if isinstance(worth, Refund) else None

    # -- showing -----------------------------------------------------------------------------------------

    def view(self) -> views.Counts:
        worth, show = self._worth(), self.show
        amounts = {line.line: line.net_minor for line in worth.lines} if worth else {}
        money = ""
        if worth is not None:
            money = show.money(worth.cash_minor if self.way == "cash" else worth.money_minor)
        act = "refund.towards" if self.way == EXCHANGE else "refund.do"
        nothing = not any(self.left.values())
        return views.Counts(
            title=self.say("refund.title", number=self.sale.number),
            detail=show.words.moment(self.sale.at_ms, self.till.shop.time_zone),
            rows=tuple(self._row(line, amounts.get(line.line, 0)) for line in self.sale.lines),
            sums=self._sums(worth) if worth else (),
            choices=() if nothing else self._choices(),
            problem=self.say("refund.nothing_left") if nothing else "",
            presses=(self.back(), self.go(self.say(act, money=money).strip(), enabled=worth is not None)),
        )

    def _row(self, line: SoldLine, amount_minor: int) -> Count:
        show, left = self.show, self.left[line.line]
        now = self.back_milli.get(line.line, 0)
        detail = show.count(line.qty_milli, line.price_minor)
        if left < line.qty_milli:
            detail += " · " + self.say("refund.left", qty=show.words.qty(left))
        return Count(
            key=str(line.line),
            title=line_name(self.screen, line.sku, line.name),
            detail=detail,
            quantity=show.words.qty(now),
            figure=show.amount(amount_minor) if now else "",
            less=now > 0,
            more=now < left,
        )

    def _choices(self) -> tuple[Choice, ...]:
        ways = ["cash", "card", *([EXCHANGE] if self.till.sale.lines else [])]
        names = {"cash": "tender.cash", "card": "tender.card", EXCHANGE: "panel.refund.exchange"}
        return (
            Choice("all", self.say("refund.all"), self._all),
            *(Choice(way, self.show.words.get(names[way]), way == self.way) for way in ways),
        )

    def _sums(self, worth: Refund) -> tuple[Row, ...]:
        return way_back(worth, self.screen, in_cash=self.way == "cash")


class Refunded(Panel):
    """What to hand over now, large, until the next scan."""

    def __init__(self, screen: Screen, worth: Refund, means: Means) -> None:
        super().__init__(screen)
        self._worth, self._means = worth, means

    def view(self) -> views.Paid:
        worth, show = self._worth, self.show
        cash = self._means == "cash"
        rest = way_back(worth, self.screen, in_cash=cash)[1:]
        return views.Paid(
            title=self.say("refund.done"),
            word=self.say("refund.hand_over" if cash else "refund.on_terminal"),
            change=show.money(worth.cash_minor if cash else worth.money_minor),
            paid=self.say("refund.of", number=worth.of.sale.number),
            earned=" · ".join(f"{row.title}: {row.figure}" for row in rest),
        )


def way_back(worth: Refund, screen: Screen, *, in_cash: bool) -> tuple[Row, ...]:
    """What goes back each way: money first, then gift cards, points and stamps."""
    show, words = screen.show, screen.show.words

    def say(message: str, **values: object) -> str:
        return words.get(f"panel.refund.{message}", **values)

    money = worth.cash_minor if in_cash else worth.money_minor
    rows = [Row("money", say("money"), figure=show.money(money), loud=True)]
    for code, amount in worth.gift_cards:
        rows.append(Row(f"gift:{code}", say("gift_card", code=code), figure=show.money(amount)))
    if worth.points_returned_centi:
        returned = words.points(worth.points_returned_centi, plus=True)
        rows.append(Row("returned", say("points_returned"), figure=returned))
    if worth.points_taken_centi:
        rows.append(Row("taken", say("points_taken"), figure=words.points(-worth.points_taken_centi)))
    for rule, stamps in worth.stamps_taken.items():
        if stamps:
            figure = f"{'−' if stamps > 0 else '+'}{abs(stamps)}"
            rows.append(Row(f"stamps:{rule}", say("stamps", card=show.rule(rule)), figure=figure))
    return tuple(rows)
