"""Budgets and stocks at the till: they last as long as they last, refunds fill them, and all can see it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.checkout.ports import Work
from app.ledger.again import context_of, differences, price_again
from app.ledger.facts import SaleCompleted
from app.ledger.inputs import context_from
from app.loyalty.engine import Compiled
from tests.loyalty.support import programme
from tests.support.shop import Desk

BEANS, LATTE, MILK = "5901234000161", "5901234000062", "5901234000178"
LUCJA, LUDMILA = "04A1B2C3D4E5F6", "04B1B2C3D4E5F6"
RULES = """
  - {id: autumn, kind: price, NAME, products: {categories: [coffee-beans]}, percent: 50%,
     budget: {total: 15.00}}
  - {id: hello, kind: price, NAME, products: {categories: [coffee-drinks]}, percent: 25%,
     budget: {total: 10.00, new_members: 3.00}}
  - id: gifts
    kind: reward
    NAME
    items: [{id: mug, NAME, points: 10, stock: 2}, {id: pen, NAME, points: 1}]
"""


@pytest.fixture(scope="module")
def limited() -> Compiled:
    return programme(RULES)


@pytest.fixture
def desk(desk: Desk, limited: Compiled) -> Desk:
    desk.programme = limited
    desk.till.use(limited)
    return desk


def sold(desk: Desk, *codes: str, uid: str = "") -> SaleCompleted:
    assert not desk.sell(*codes, uid=uid).refused
    assert desk.till.last is not None
    return desk.till.last.sale


def refunded(desk: Desk, sale: SaleCompleted) -> None:
    found = desk.till.refunds.find(sale.id.hex)
    assert found is not None
    desk.till.refunds.refund(sale.id, found.whole, answer=desk.heard.append)
    assert not desk.heard[-1].refused


def others_gave(desk: Desk, amount_minor: int) -> None:
    """The server's sums come."""

    def pulled() -> None:
        with desk.database.writer.transaction():
            desk.database.writer.projections.budgets.take({"autumn#existing": amount_minor}, 0, 0)

    desk.database.call(pulled)


def reason(desk: Desk, rule: str) -> str:
    return next(each.code for each in desk.till.explained().why if each.rule == rule)


def test_an_offer_pauses_when_its_budget_is_spent_and_goes_on_when_goods_come_back(desk: Desk) -> None:
    assert sold(desk, BEANS).discount_minor == 9_45
    assert desk.till.spent() == {"autumn#existing": 9_45}
    second = sold(desk, BEANS)
    assert second.discount_minor == 5_55, "what is left"
    desk.till.scan(BEANS)
    assert desk.till.decision.discount_minor == 0
    assert reason(desk, "autumn") == "budget_spent"
    desk.till.clear()
    desk.restart()
    desk.till.scan(BEANS)
    assert desk.till.decision.discount_minor == 0, "it is written down"
    desk.till.clear()
    refunded(desk, second)
    desk.till.scan(BEANS)
    assert desk.till.decision.discount_minor == 5_55
    assert reason(desk, "autumn") == "applied"


def test_new_members_have_a_part_of_their_own(desk: Desk) -> None:
    assert sold(desk, LATTE, LATTE, uid=LUCJA).discount_minor == 3_00, "her first purchase here"
    assert sold(desk, LATTE, LATTE, uid=LUCJA).discount_minor == 6_00
    assert desk.till.spent() == {"hello#new": 3_00, "hello#existing": 6_00}
    assert sold(desk, LATTE, uid=LUDMILA).discount_minor == 0, "the part for new members is spent"
    assert sold(desk, LATTE, uid="").discount_minor == 1_00, "anybody else has one left"


def test_a_sale_names_what_was_left_and_is_priced_again_alike(desk: Desk, limited: Compiled) -> None:
    sales = [sold(desk, BEANS), sold(desk, BEANS), sold(desk, BEANS, MILK)]
    named = [sale.basis.budgets if sale.basis else None for sale in sales]
    assert named == [{}, {"autumn": 5_55}, {"autumn": 0}], "what nobody touched is not named"
    for sale in sales:
        assert sale.basis is not None
        again = price_again(sale, limited, None, context_of(sale, sale.basis))
        assert list(differences(sale, again)) == []
    assert sales[1].basis is not None
    whole = context_from(sales[1].basis, sale_id="", member_id="", sold_ms=sales[1].at_ms)
    assert whole.budgets == {"autumn": 5_55}


def test_a_stock_is_handed_out_to_the_last_piece(desk: Desk) -> None:
    for _ in range(2):
        desk.till.tap(LUCJA)
        desk.till.scan(MILK)
        assert desk.till.rewards.take("gifts/mug").code == "reward_taken"
        desk.till.pay_cash(desk.till.due_minor, desk.heard.append)
    assert desk.till.spent() == {"gifts/mug": 2}
    desk.till.tap(LUCJA)
    desk.till.scan(MILK)
    assert desk.till.rewards.take("gifts/mug").refused
    assert desk.till.rewards.take("gifts/pen").code == "reward_taken", "of pens there is no end"
    desk.till.clear()
    (sale, _) = desk.till.refunds.latest(desk.member(f"uid:{LUCJA}"))
    refunded(desk, sale)
    assert desk.till.spent() == {"gifts/mug": 1}


def test_the_discounts_of_a_moved_sale_stay_paid_until_its_goods_come_back(desk: Desk) -> None:
    sale = sold(desk, LATTE, uid=LUCJA)
    assert desk.till.spent() == {"hello#new": 3_00}
    to = desk.member(f"uid:{LUDMILA}")
    desk.till.moving.move(sale.id, to, reason="wrong card", answer=desk.heard.append)
    assert desk.heard[-1].code == "sale_moved"
    assert desk.till.spent() == {"hello#new": 3_00}, "prices stand"
    desk.till.moving.move(sale.id, None, reason="nobody's", answer=desk.heard.append)
    assert desk.heard[-1].code == "sale_moved"
    assert desk.till.spent() == {"hello#new": 3_00}
    refunded(desk, sale)
    assert desk.till.spent() == {}


def test_what_other_tills_gave_is_priced_at_once(desk: Desk) -> None:
    desk.till.scan(BEANS)
    assert desk.till.decision.discount_minor == 9_45
    others_gave(desk, 14_00)
    desk.till.heart.refresh_price()
    assert desk.till.decision.discount_minor == 1_00
    desk.till.pay_cash(desk.till.due_minor, desk.heard.append)
    assert desk.till.last is not None
    assert desk.till.last.sale.discount_minor == 1_00


@pytest.mark.parametrize("means", ["cash", "card"])
def test_what_was_shown_is_what_is_paid_whatever_others_give_meanwhile(desk: Desk, means: str) -> None:
    desk.till.scan(BEANS)
    shown_minor = desk.till.due_minor
    if means == "card":
        desk.till.ask_terminal(desk.heard.append)
    others_gave(desk, 15_00)
    if means == "card":
        desk.till.heart.refresh_price()  # while the terminal has the word, nothing changes
        desk.till.settle_terminal(charged=True, answer=desk.heard.append)
    else:
        desk.till.pay_cash(shown_minor, desk.heard.append)
    assert desk.till.last is not None
    sale = desk.till.last.sale
    assert (sale.total_minor, sale.discount_minor) == (shown_minor, 9_45)
    assert sum(tender.amount_minor for tender in sale.tenders) == shown_minor
    assert sale.basis is not None
    assert sale.basis.budgets == {}
    desk.till.scan(BEANS)
    assert desk.till.decision.discount_minor == 0, "the next customer comes too late"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(("sell", "two", "refund", "restart")), min_size=1, max_size=8))
def test_whatever_is_sold_and_comes_back_the_budget_is_never_passed(desk: Desk, acts: list[str]) -> None:
    before = desk.till.spent().get("autumn#existing", 0)
    sales: list[SaleCompleted] = []
    for act in acts:
        match act:
            case "restart":
                desk.restart()
            case "refund" if sales:
                refunded(desk, sales.pop())
            case _:
                sales.append(sold(desk, *([BEANS] * (2 if act == "two" else 1))))
        spent = desk.till.spent().get("autumn#existing", 0)
        assert spent == before + sum(sale.discount_minor for sale in sales) <= 15_00
    for sale in sales:
        refunded(desk, sale)
    assert desk.till.spent().get("autumn#existing", 0) == before


def test_work_that_charges_nothing_changes_nothing(desk: Desk) -> None:
    sold(desk, MILK)
    shown = desk.till.spent()
    desk.database.write(Work(at_ms=desk.world.ms))
    assert desk.till.spent() is shown
    assert not shown
