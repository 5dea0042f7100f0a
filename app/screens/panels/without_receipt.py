"""Goods that come back without their receipt: scanned or searched, at a price that a manager agrees to."""

from __future__ import annotations

import uuid

from app.checkout.outcome import Outcome
from app.checkout.ports import Product
from app.checkout.receiptless import BroughtBack, Worth
from app.checkout.refunds import Means
from app.checkout.rights import Approval
from app.screens import cash, views
from app.screens.forms import YES, Choice, Count, Press, Row
from app.screens.panel import Panel, Screen
from app.screens.panels.reasoning import Reasoning
from app.values import QTY_MILLI, minor_digits

REASONS = ("no_receipt", "faulty", "unwanted")
FOUND = 12


class WithoutReceipt(Panel):
    """The goods between − and +, what goes back for them, and the points that go of the member in hand."""

    stays = True

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.goods: list[BroughtBack] = []
        self.way: Means = "cash"

    # -- choosing ----------------------------------------------------------------------------------------

    def scanned(self, text: str, aim: str | None) -> bool:
        """A product comes back; its price is asked for next. Any other code is the till's."""
        read = self.till.read(text.strip(), aim)
        for key in (text.strip(), *read.keys):
            product = self.screen.catalogue.product_by_code(key)
            if product is not None:
                self.screen.open(GivenPrice(self.screen, self, product, read.weight_milli))
                return True
        return False

    def add(self, back: BroughtBack) -> None:
        """One more; another piece of the same at the same price joins it."""
        for place, each in enumerate(self.goods):
            same = each.product.sku == back.product.sku and each.price_minor == back.price_minor
            if same and back.product.unit == "piece":
                self.goods[place] = each._replace(qty_milli=each.qty_milli + back.qty_milli)
                return
        self.goods.append(back)

    def step(self, key: str, by: int) -> None:
        place = int(key)
        each = self.goods[place]
        # What was weighed goes as it came.
        unit = QTY_MILLI if each.product.unit == "piece" else each.qty_milli
        self.goods[place] = each._replace(qty_milli=each.qty_milli + by * unit)
        self.goods = [each for each in self.goods if each.qty_milli > 0]

    def pick(self, key: str) -> None:
        self.way = "card" if key == "card" else "cash"

    # -- doing it ----------------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        if key == "find":
            self.screen.open(FindGoods(self.screen, self))
        elif key == YES and self.goods:
            self.screen.open(Reasoning(self.screen, self._act, REASONS, self.finish, self))
        elif key != YES:
            super().press(key)

    @property
    def _act(self) -> str:
        worth = self._worth()
        return self.say("refund.do", money=self._money(worth)) if worth else ""

    def finish(self, reason: str, approval: Approval | None = None) -> None:
        worth, way = self._worth(), self.way

        def heard(outcome: Outcome) -> None:
            if self.approve(outcome, lambda given: self.finish(reason, given)):
                return
            if not outcome.refused and worth is not None:
                self.screen.open(GivenBack(self.screen, self._money(worth), way, worth))
            self.screen.tell(outcome)

        self.till.receiptless.refund(
            self.goods, way, reason=reason, member=self._member, approval=approval, answer=heard
        )

    @property
    def _member(self) -> uuid.UUID | None:
        return self.till.member.id if self.till.member else None

    def _worth(self) -> Worth | None:
        worth = self.till.receiptless.preview(self.goods, self._member)
        return worth if isinstance(worth, Worth) else None

    def _money(self, worth: Worth) -> str:
        return self.show.money(worth.cash_minor if self.way == "cash" else worth.money_minor)

    # -- showing -----------------------------------------------------------------------------------------

    def view(self) -> views.Counts:
        worth, words = self._worth(), self.show.words
        registered = self.till.outside.refunds_are_registered
        ways = (("cash", "tender.cash"), ("card", "tender.card"))
        return views.Counts(
            title=self.say("without.title"),
            detail="" if self.goods else self.say("without.detail"),
            rows=tuple(self._row(place, each) for place, each in enumerate(self.goods)),
            sums=self._sums(worth) if worth else (),
            choices=tuple(Choice(way, words.get(name), way == self.way) for way, name in ways)
            if self.goods
            else (),
            problem=words.get("till.fiscal_no_sale") if registered else "",
            presses=(
                self.back(),
                Press("find", self.say("without.find"), icon="search", enabled=not registered),
                self.go(self.say("without.go_on"), enabled=worth is not None),
            ),
        )

    def _row(self, place: int, each: BroughtBack) -> Count:
        show = self.show
        return Count(
            key=str(place),
            title=each.product.name_in(show.words.lang),
            detail=show.money(each.price_minor),
            quantity=show.words.qty(each.qty_milli),
            figure=show.amount(each.amount_minor),
            less=True,
            more=each.product.unit == "piece",
        )

    def _sums(self, worth: Worth) -> tuple[Row, ...]:
        rows = [Row("money", self.say("refund.money"), figure=self._money(worth), loud=True)]
        if worth.points_taken_centi:
            gone = self.show.words.points(-worth.points_taken_centi)
            rows.append(Row("taken", self.say("refund.points_taken"), figure=gone))
        return tuple(rows)


class GivenPrice(Panel):
    """What is given for one product; Enter takes today's price, the next scan does, too."""

    stays = True

    def __init__(
        self, screen: Screen, goods: WithoutReceipt, product: Product, weight_milli: int | None = None
    ) -> None:
        super().__init__(screen)
        self._goods, self._product = goods, product
        self._qty_milli = QTY_MILLI if product.unit == "piece" else weight_milli
        self._entry = ""

    @property
    def _weighing(self) -> bool:
        return self._qty_milli is None

    @property
    def _digits(self) -> int:
        return 3 if self._weighing else minor_digits(self.show.currency)

    @property
    def _figure(self) -> int | None:
        return cash.entered(self._entry, self._digits)

    def key(self, key: str) -> None:
        self._entry = cash.typed(self._entry, key, self._digits)

    def scanned(self, text: str, aim: str | None) -> bool:
        if not self._weighing:
            self._take()
        return self._goods.scanned(text, aim)

    def press(self, key: str) -> None:
        if key != YES:
            return self.screen.open(self._goods)
        if not self._weighing:
            return self._take()
        if self._figure:
            self._qty_milli, self._entry = self._figure, ""
        return None

    def _take(self) -> None:
        price = self._product.price_minor if self._figure is None else self._figure
        self._goods.add(BroughtBack(self._product, self._qty_milli or 0, max(price, 0)))
        self.screen.open(self._goods)

    def view(self) -> views.Pad:
        show, product = self.show, self._product
        unit = show.words.get("kg" if product.unit == "kg" else "screen.piece")
        today = self.say("without.today", price=f"{show.money(product.price_minor)} / {unit}")
        return views.Pad(
            title=product.name_in(show.words.lang),
            detail=self.say("without.weight") if self._weighing else today,
            figure=show.typed(self._entry),
            unit=show.words.get("kg") if self._weighing else show.words.symbol(show.currency),
            presses=(
                self.back(),
                self.go(self.say("without.take"), enabled=not self._weighing or bool(self._figure)),
            ),
        )


class FindGoods(Panel):
    """A product whose barcode is gone: by its name or number."""

    stays = True

    def __init__(self, screen: Screen, goods: WithoutReceipt) -> None:
        super().__init__(screen)
        self._goods, self._query = goods, ""

    def type(self, field: str, text: str) -> None:
        self._query = text

    def scanned(self, text: str, aim: str | None) -> bool:
        return self._goods.scanned(text, aim)

    def pick(self, key: str) -> None:
        product = self.screen.catalogue.product(key)
        if product is not None:
            self.screen.open(GivenPrice(self.screen, self._goods, product))

    def press(self, key: str) -> None:
        self.screen.open(self._goods)

    def view(self) -> views.Rows:
        query, show = self._query.strip(), self.show
        found = self.screen.catalogue.find_products(query, FOUND) if query else ()
        return views.Rows(
            title=self.say("without.find_title"),
            rows=tuple(
                Row(each.sku, each.name_in(show.words.lang), each.sku, show.amount(each.price_minor))
                for each in found
            ),
            empty=show.words.get("screen.nothing_found", query=query) if query else "",
            pickable=True,
            search=self._query,
            search_hint=self.say("without.search"),
            presses=(self.back(),),
        )


class GivenBack(Panel):
    """What to hand over now, large, until the next scan."""

    def __init__(self, screen: Screen, money: str, way: Means, worth: Worth) -> None:
        super().__init__(screen)
        self._money, self._way, self._worth = money, way, worth

    def view(self) -> views.Paid:
        taken = self._worth.points_taken_centi
        points = self.show.words.points(-taken) if taken else ""
        return views.Paid(
            title=self.say("refund.done"),
            word=self.say("refund.hand_over" if self._way == "cash" else "refund.on_terminal"),
            change=self._money,
            paid=self.say("without.title"),
            earned=f"{self.say('refund.points_taken')}: {points}" if points else "",
        )
