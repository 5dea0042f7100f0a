"""Whatever a day brings: every act of the till in any order, over any programme, and the books are right.

Each sale is priced again as it is written (`tests.support.shop`). At the end of a day the projections equal
the log, the drawer holds what went through it, nothing came back that was not sold, and goods that all come
back leave no trace in money.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import resources
from app.checkout.adjusting import Manual
from app.checkout.receiptless import BroughtBack
from app.ledger.facts import AnyFact, CashMoved, SaleCompleted, SaleRefunded
from app.ledger.original import is_deposit
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from tests.support.shop import SHOP, Desk

CARDS = ("04A1B2C3D4E5F6", "04B1B2C3D4E5F6", "04C1B2C3D4E5F6")
CODES = tuple(f"59012340{number:05}" for number in (48, 55, 79, 161, 178, 185, 192, 154, 246, 62))
GALLERY = sorted(resources.path("programmes", "gallery").iterdir())
PROGRAMMES = ("demo.yaml", *(f"gallery/{path.name}" for path in GALLERY))
Draw = random.Random
FLOAT_MINOR = 200_00


class Cashier:
    """Works at a desk, by chance; refusals are part of the day."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def do(self, act: str, draw: Draw) -> None:
        getattr(self, act)(draw)

    # -- the basket --------------------------------------------------------------------------------------

    def scan(self, draw: Draw) -> None:
        for _ in range(draw.randint(1, 4)):
            self.desk.till.scan(draw.choice(CODES))

    def change_quantity(self, draw: Draw) -> None:
        for line in self.desk.till.sale.lines[:1]:
            self.desk.till.set_qty(line.key, draw.choice((1000, 2000, 5000, 250, 1, 0, 333)))

    def take_out(self, draw: Draw) -> None:
        lines = self.desk.till.sale.lines
        if lines:
            self.desk.till.void_line(draw.choice(lines).key)

    def undo(self, draw: Draw) -> None:
        for _ in range(draw.randint(1, 3)):
            self.desk.till.undo()

    def clear(self, _draw: Draw) -> None:
        self.desk.till.clear()

    def member(self, draw: Draw) -> None:
        self.desk.till.tap(draw.choice(CARDS))

    def no_member(self, _draw: Draw) -> None:
        self.desk.till.detach()

    def points(self, draw: Draw) -> None:
        self.desk.till.redeem(draw.choice(("max", 0, 100_00, 350_00)))

    def reward(self, draw: Draw) -> None:
        choices = self.desk.till.rewards.choices()
        if choices:
            key = draw.choice(choices).key
            (self.desk.till.rewards.take if draw.random() < 0.8 else self.desk.till.rewards.put_back)(key)

    def by_hand(self, draw: Draw) -> None:
        till, off = self.desk.till, Manual(percent_centi=draw.choice((5_00, 33_33)), reason="torn")
        if draw.random() < 0.5:
            off = Manual(amount_minor=draw.choice((1, 99, 5_00)), reason="torn")
        lines = till.sale.lines
        if draw.random() < 0.3:
            till.adjusting.discount_sale(off)
        elif lines and draw.random() < 0.5:
            till.adjusting.discount_line(draw.choice(lines).key, off)
        elif lines:
            till.adjusting.override_price(draw.choice(lines).key, draw.choice((0, 1, 7_77)), reason="torn")

    def park(self, draw: Draw) -> None:
        till = self.desk.till
        parked = till.parking.list
        if parked and draw.random() < 0.6:
            till.parking.resume(draw.choice(parked).slot)
        elif parked and draw.random() < 0.2:
            till.parking.drop(draw.choice(parked).slot, reason="gone")
        else:
            till.parking.park()

    # -- money -------------------------------------------------------------------------------------------

    def cash(self, draw: Draw) -> None:
        till = self.desk.till
        till.start_payment()
        due = max(till.cash_due_minor, 0)
        if due > 1 and draw.random() < 0.3:
            till.tender_cash(draw.randint(1, due - 1))
        else:
            till.pay_cash(due + draw.choice((0, 0, 1, 50_00)))

    def card(self, draw: Draw) -> None:
        till = self.desk.till
        part = draw.randint(1, till.due_minor) if till.due_minor > 0 and draw.random() < 0.3 else None
        till.ask_terminal(amount_minor=part)
        if draw.random() < 0.8:
            self.answer(draw)

    def answer(self, draw: Draw) -> None:
        self.desk.world.ms += draw.choice((1_000, 40_000))
        if self.desk.till.returning:
            self.desk.till.settle_return(given=draw.random() < 0.7)
        else:
            self.desk.till.settle_terminal(charged=draw.random() < 0.7, reference="A1")

    def tender_back(self, draw: Draw) -> None:
        tenders = self.desk.till.tenders
        if tenders:
            self.desk.till.drop_tender(draw.choice(tenders).key, reversed=draw.random() < 0.8)

    # -- what comes back ---------------------------------------------------------------------------------

    def _some(self, draw: Draw) -> tuple[SaleCompleted, dict[int, int]] | None:
        till = self.desk.till
        sales = till.refunds.latest(limit=4)
        if not sales:
            return None
        found = till.refunds.returnable(draw.choice(sales))
        if draw.random() < 0.5:
            return found.sale, found.whole
        return found.sale, {
            line: draw.choice((qty, min(qty, 1000), draw.randint(0, qty)))
            for line, qty in found.whole.items()
        }

    def refund(self, draw: Draw) -> None:
        if (some := self._some(draw)) is not None:
            self.desk.till.refunds.refund(some[0].id, some[1], draw.choice(("cash", "card")))

    def exchange(self, draw: Draw) -> None:
        if (some := self._some(draw)) is not None:
            self.desk.till.exchanges.exchange(some[0].id, some[1])

    def without_receipt(self, draw: Draw) -> None:
        product = self.desk.reader.product(draw.choice(("1004", "1016", "1019")))
        assert product is not None
        member = self.desk.member(f"uid:{draw.choice(CARDS)}") if draw.random() < 0.5 else None
        goods = [BroughtBack(product, draw.choice((1000, 3000)), draw.choice((product.price_minor, 1)))]
        self.desk.till.receiptless.refund(goods, reason="no receipt", member=member)

    def move(self, draw: Draw) -> None:
        sales, till = self.desk.till.refunds.latest(limit=4), self.desk.till
        if not sales:
            return
        sale, member = draw.choice(sales).id, self.desk.member(f"uid:{draw.choice(CARDS)}")
        if draw.random() < 0.5:
            till.moving.claim(sale, member)
        else:
            till.moving.move(sale, member if draw.random() < 0.8 else None, reason="wrong card")

    # -- the day -----------------------------------------------------------------------------------------

    def goodwill(self, draw: Draw) -> None:
        member = self.desk.member(f"uid:{draw.choice(CARDS)}")
        self.desk.till.care.goodwill(member, draw.choice((50_00, 1)), reason="sorry")

    def merge(self, draw: Draw) -> None:
        one, two = (self.desk.member(f"uid:{card}") for card in draw.sample(CARDS, 2))
        self.desk.till.care.merge(one, two)

    def drawer(self, draw: Draw) -> None:
        drawer = self.desk.till.drawer
        draw.choice((drawer.pay_in, drawer.pay_out))(5_00, reason="change")

    def shift(self, _draw: Draw) -> None:
        till = self.desk.till
        till.drawer.close(None)
        if till.shift is None:
            till.open_shift("Anna", FLOAT_MINOR)

    def time(self, draw: Draw) -> None:
        self.desk.world.ms += draw.choice((60_000, 3_600_000, 86_400_000, 40 * 86_400_000))

    def restart(self, _draw: Draw) -> None:
        self.desk.restart()


ACTS = tuple(name for name in vars(Cashier) if not name.startswith("_") and name != "do")
OFTEN = ("scan", "scan", "member", "cash", "cash", "card", "answer", "refund", "exchange", "points")


def of_sales(facts: list[AnyFact]) -> list[SaleCompleted]:
    return [fact for fact in facts if isinstance(fact, SaleCompleted)]


def of_refunds(facts: list[AnyFact]) -> list[SaleRefunded]:
    return [fact for fact in facts if isinstance(fact, SaleRefunded)]


def money_adds_up(facts: list[AnyFact]) -> None:
    for fact in facts:
        if isinstance(fact, SaleCompleted | SaleRefunded):
            paid = sum(tender.amount_minor for tender in fact.tenders)
            assert fact.total_minor - fact.points_minor == paid + fact.rounding_minor
            assert fact.goods_minor - fact.discount_minor == fact.total_minor
            assert sum(line.net_minor for line in fact.lines) == fact.total_minor
            assert all(tender.amount_minor for tender in fact.tenders if tender.means != "exchange")
            for line in fact.lines:
                off = sum(discount.amount_minor for discount in line.discounts)
                assert line.gross_minor - off == line.net_minor
                assert is_deposit(line) or 0 <= line.net_minor <= line.gross_minor
                assert 0 <= line.points_minor <= max(line.net_minor, 0)


def only_what_was_sold_came_back(facts: list[AnyFact]) -> None:
    for sale in of_sales(facts):
        back = [refund for refund in of_refunds(facts) if refund.sale == sale.id]
        for line in sale.lines:
            parts = [part for refund in back for part in refund.lines if part.line == line.line]
            qty_milli = sum(part.qty_milli for part in parts)
            assert qty_milli <= line.qty_milli
            for name in ("net_minor", "gross_minor", "points_minor"):
                came = sum(getattr(part, name) for part in parts)
                sold = getattr(line, name)
                assert 0 <= came <= sold
                assert qty_milli < line.qty_milli or came == sold, f"{name} of a line that is back"


def the_drawer_is_right(desk: Desk, facts: list[AnyFact]) -> None:
    till = desk.till
    if till.shift is None:
        return
    cash = till.shift.float_minor
    for fact in facts:
        if getattr(fact, "shift", None) != till.shift.id:
            continue
        if isinstance(fact, CashMoved):
            cash += fact.amount_minor
        elif isinstance(fact, SaleCompleted | SaleRefunded):
            sign = 1 if isinstance(fact, SaleCompleted) else -1
            cash += sign * sum(tender.amount_minor for tender in fact.tenders if tender.means == "cash")
    figures = till.drawer.figures()
    assert figures is not None
    assert figures.expected_minor == cash


def numbers_follow_each_other(facts: list[AnyFact]) -> None:
    numbers = [fact.number for fact in facts if isinstance(fact, SaleCompleted | SaleRefunded)]
    assert numbers == list(range(1, len(numbers) + 1))
    ids = Counter(fact.id for fact in facts)
    assert not ids or max(ids.values()) == 1


def a_day(folder: Path, programme: str, acts: list[tuple[str, int]]) -> list[AnyFact]:
    desk = Desk(folder, shop=msgspec.structs.replace(SHOP, redeem_cap_centi=None))
    desk.programme = compile_programme(load_programme(resources.path("programmes", programme).read_bytes()))
    desk.till.use(desk.programme)
    desk.stock()
    cashier = Cashier(desk)
    try:
        for act, seed in acts:
            cashier.do(act, random.Random(seed))
        facts = desk.facts()
        assert desk.database.writer.check()[1] == []
        money_adds_up(facts)
        only_what_was_sold_came_back(facts)
        the_drawer_is_right(desk, facts)
        numbers_follow_each_other(facts)
        return facts
    finally:
        desk.close()


DAYS = st.lists(st.tuples(st.sampled_from((*ACTS, *OFTEN, *OFTEN)), st.integers(0, 2**20)), max_size=60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PROGRAMMES), DAYS)
def test_whatever_a_day_brings_the_books_are_right(
    tmp_path_factory: pytest.TempPathFactory, programme: str, acts: list[tuple[str, int]]
) -> None:
    a_day(tmp_path_factory.mktemp("day") / "till", programme, acts)


def test_days_are_full(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The acts do what they are called: else the test above would prove nothing."""
    done: Counter[str] = Counter()
    for seed in range(8):
        draw = random.Random(seed)
        acts = [(draw.choice((*ACTS, *OFTEN, *OFTEN)), draw.randrange(2**20)) for _ in range(80)]
        facts = a_day(tmp_path_factory.mktemp("day") / "till", "demo.yaml", acts)
        done.update(type(fact).__name__ for fact in facts)
        done.update(means for sale in of_sales(facts) for means in {each.means for each in sale.tenders})
        done["partly"] += any(len(sale.tenders) > 1 for sale in of_sales(facts))
    for kind in ("SaleCompleted", "SaleRefunded", "SaleVoided", "SaleAbandoned", "SaleGivenTo", "CashMoved",
                 "MembersMerged", "ShiftClosed", "card", "cash", "exchange", "partly"):  # fmt: skip
        assert done[kind], kind
