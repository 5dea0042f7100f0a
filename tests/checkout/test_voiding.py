"""Nothing that was rung leaves the basket unpaid without a fact that says who took it out."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.checkout.ports import Product
from app.checkout.rights import Approval, Role
from app.checkout.shop import Restriction
from app.ledger.facts import LineVoided, Privileged, SaleAbandoned
from app.values import QTY_MILLI
from tests.support.shop import Desk

LATTE, MILK, APPLES = "5901234000062", "5901234000178", "5901234000185"


def voided(desk: Desk) -> list[tuple[int, int, int, str]]:
    """Line, quantity, amount and why, of each line taken out or put back."""
    facts = [fact for fact in desk.facts() if isinstance(fact, LineVoided)]
    return [(fact.line, fact.qty_milli, fact.amount_minor, fact.why) for fact in facts]


def abandoned(desk: Desk) -> list[SaleAbandoned]:
    return [fact for fact in desk.facts() if isinstance(fact, SaleAbandoned)]


def held(desk: Desk) -> int:
    return sum(line.qty_milli for line in desk.till.sale.lines)


def test_a_line_taken_out_says_what_by_whom_and_when(desk: Desk) -> None:
    till = desk.till
    till.scan(LATTE)
    till.scan(MILK)
    sale = till.sale
    till.void_line(2)
    (fact,) = [fact for fact in desk.facts() if isinstance(fact, LineVoided)]
    line = sale.line(2)
    assert line is not None
    assert till.shift is not None
    assert (fact.sale, fact.shift, fact.cashier) == (sale.id, till.shift.id, till.shift.cashier)
    assert (fact.sku, fact.name) == (line.sku, line.name)
    assert (fact.line, fact.qty_milli, fact.amount_minor, fact.why) == (
        2,
        QTY_MILLI,
        line.price_minor,
        "void",
    )
    assert fact.at_ms == till.sale.priced_ms


def test_fewer_of_a_line_is_the_difference_and_more_is_nothing(desk: Desk) -> None:
    till = desk.till
    till.scan(LATTE)
    till.set_qty(1, 5 * QTY_MILLI)
    till.step_qty(1, -1)
    till.set_qty(1, 2 * QTY_MILLI)
    price = till.sale.lines[0].price_minor
    assert voided(desk) == [(1, QTY_MILLI, price, "quantity"), (1, 2 * QTY_MILLI, 2 * price, "quantity")]


def test_less_of_a_weight_is_rounded_once(desk: Desk) -> None:
    till = desk.till
    till.scan(APPLES)
    till.set_qty(1, 642)
    price = till.sale.lines[0].price_minor
    till.void_line(1)
    assert voided(desk)[-1] == (1, 642, (price * 642 + 500) // 1000, "void")


def test_undoing_a_scan_takes_it_out_and_undoing_that_puts_it_back(desk: Desk) -> None:
    till = desk.till
    till.scan(LATTE)
    till.scan(MILK)
    till.undo()
    till.void_line(1)
    till.undo()
    milk, latte = voided(desk)[0], voided(desk)[1]
    assert [milk[3], latte[3]] == ["undo", "void"]
    assert voided(desk)[2] == (latte[0], -latte[1], -latte[2], "undo"), "the same, below zero"
    figures = till.drawer.figures()
    assert figures is not None
    assert (figures.voids, figures.voids_minor) == (1, milk[2])


def test_what_the_customer_is_too_young_for_is_told_apart(desk: Desk) -> None:
    till = desk.till
    till.heart.shop = msgspec.structs.replace(till.heart.shop, restrictions={"age18": Restriction(age=18)})
    beer = Product(sku="beer", name="Beer", price_minor=6_00, tags=("age18",))
    till.ring(beer, 2 * QTY_MILLI)
    till.adjusting.refuse_age()
    assert voided(desk) == [(1, 2 * QTY_MILLI, 12_00, "age")]


def test_an_emptied_basket_is_one_fact_and_no_void(desk: Desk) -> None:
    till = desk.till
    till.scan(LATTE)
    till.scan(MILK)
    sale = till.sale
    till.clear()
    (fact,) = abandoned(desk)
    assert voided(desk) == []
    assert (fact.sale, fact.reason, fact.approved_by) == (sale.id, "", "")
    assert [(line.line, line.qty_milli) for line in fact.lines] == [(1, QTY_MILLI), (2, QTY_MILLI)]
    assert fact.amount_minor == sum(line.price_minor for line in sale.lines)
    figures = till.drawer.figures()
    assert figures is not None
    assert (figures.abandoned, figures.abandoned_minor) == (1, fact.amount_minor)


def test_an_emptied_basket_that_comes_back_was_not_given_up(desk: Desk) -> None:
    till = desk.till
    till.scan(LATTE)
    till.scan(MILK)
    before = till.sale
    till.clear()
    till.undo()
    first, back = abandoned(desk)
    assert back.sale == first.sale == before.id
    assert back.amount_minor == -first.amount_minor
    assert [line.qty_milli for line in back.lines] == [-QTY_MILLI, -QTY_MILLI]
    assert voided(desk) == []
    till.undo()
    assert voided(desk) == [(2, QTY_MILLI, before.lines[1].price_minor, "undo")], "steps before it are steps"
    assert len(abandoned(desk)) == 2
    figures = till.drawer.figures()
    assert figures is not None
    assert (figures.abandoned, figures.abandoned_minor, figures.voids) == (0, 0, 1)


def test_what_never_held_goods_leaves_nothing(desk: Desk) -> None:
    till = desk.till
    till.tap("04A1B2C3D4E5F6")
    till.clear()
    till.undo()
    till.scan(LATTE)
    till.pay_cash(50_00, desk.heard.append)
    assert voided(desk) == []
    assert abandoned(desk) == []


def test_a_refused_void_leaves_nothing(desk: Desk) -> None:
    till = desk.till
    till.scan(LATTE)
    till.scan(MILK)
    till.start_payment()
    till.tender_cash(till.due_minor - 1, desk.heard.append)
    assert till.void_line(1).code == "overpaid"
    assert voided(desk) == []


def test_a_parked_sale_given_up_is_abandoned_with_its_reason(desk: Desk) -> None:
    till = desk.till
    till.scan(LATTE)
    sale = till.sale
    till.parking.park("pram", desk.heard.append)
    slot = till.parking.list[0].slot
    approval = Approval("ewa", Role.SENIOR)
    till.parking.drop(slot, reason="gone", approval=approval, answer=desk.heard.append)
    (fact,) = abandoned(desk)
    assert (fact.sale, fact.reason, fact.approved_by) == (sale.id, "gone", "ewa")
    assert fact.amount_minor == sale.lines[0].price_minor
    assert [each.act for each in desk.facts() if isinstance(each, Privileged)] == ["drop_parked"]


ACTS = st.lists(
    st.sampled_from(("latte", "milk", "void", "less", "more", "undo", "clear", "age", "member")), max_size=25
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS)
def test_what_was_rung_is_sold_or_voided_or_abandoned(desk: Desk, acts: list[str]) -> None:
    """Over any acts: rung = in the basket + voided + abandoned, in quantity and for each article."""
    till, rung = desk.till, 0
    began, start = held(desk), len(desk.facts())
    for act in acts:
        line = till.sale.lines[0] if till.sale.lines else None
        if act in ("latte", "milk"):
            till.scan(LATTE if act == "latte" else MILK)
            rung += QTY_MILLI
        elif act == "clear":
            till.clear()
        elif act == "undo":
            till.undo()
        elif act == "member":
            till.tap("04A1B2C3D4E5F6")
        elif act == "age":
            till.adjusting.refuse_age()
        elif line is not None and act == "void":
            till.void_line(line.key)
        elif line is not None and not till.step_qty(line.key, 1 if act == "more" else -1).refused:
            rung += QTY_MILLI if act == "more" else 0
    out = sum(fact.qty_milli for fact in desk.facts()[start:] if isinstance(fact, LineVoided))
    for fact in desk.facts()[start:]:
        if isinstance(fact, SaleAbandoned):
            out += sum(line.qty_milli for line in fact.lines)
    assert began + rung - out == held(desk)


@pytest.mark.parametrize("act", ["void", "clear"])
def test_it_survives_the_till(desk: Desk, act: str) -> None:
    desk.till.scan(LATTE)
    desk.till.void_line(1) if act == "void" else desk.till.clear()
    with desk.database.file.engine().connect() as connection:
        query = "SELECT count(*) FROM fact f JOIN envelope e ON e.fact = f.id WHERE f.kind = ?"
        kind = "line_voided" if act == "void" else "sale_abandoned"
        assert connection.exec_driver_sql(query, (kind,)).scalar() == 1


def test_undone_after_a_card_was_not_charged_it_is_a_line_taken_out(desk: Desk) -> None:
    """The sale goes on under another id; its steps are still its own, and no basket was given up."""
    till = desk.till
    till.scan("5901234000161")
    till.scan("5901234000178")
    till.ask_terminal(desk.heard.append)
    till.settle_terminal(charged=False, answer=desk.heard.append)
    till.undo()
    assert [type(fact).__name__ for fact in desk.facts()][-2:] == ["SaleVoided", "LineVoided"]
    figures = till.drawer.figures()
    assert figures is not None
    assert (figures.voids, figures.abandoned) == (1, 0)
