"""Several tenders: what the customer gives adds up to what the sale costs, whatever the mix."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.checkout.basket import Stage
from app.checkout.cash import rounded_minor, step_minor
from app.checkout.outcome import Outcome
from app.ledger.again import context_of, differences, price_again
from app.ledger.facts import Privileged, SaleCompleted, SaleTendered
from tests.support.facts import product
from tests.support.shop import SHOP, Desk

LUCJA = "04A1B2C3D4E5F6"
BEANS, MILK = "5901234000161", "5901234000178"


def sale_of(desk: Desk) -> SaleCompleted:
    assert desk.till.last is not None
    return desk.till.last.sale


def adds_up(sale: SaleCompleted) -> bool:
    paid = sum(tender.amount_minor for tender in sale.tenders)
    return sale.total_minor - sale.points_minor == paid + sale.rounding_minor


def test_cash_and_a_card_and_points_pay_one_sale(desk: Desk) -> None:
    till, said = desk.till, desk.heard
    till.tap(LUCJA)
    for _ in range(3):
        till.scan(BEANS)
    till.redeem("max")
    due_minor = till.due_minor
    till.tender_cash(10_00, said.append)
    assert said[-1] == Outcome("left_to_pay", values={"due_minor": due_minor - 10_00})
    till.ask_terminal(said.append, 5_00)
    assert till.sale.stage is Stage.TENDERED
    till.settle_terminal(charged=True, reference="A1", answer=said.append)
    assert (till.sale.stage, till.due_minor) == (Stage.OPEN, due_minor - 15_00)
    assert [(each.means, each.amount_minor) for each in till.tenders] == [
        ("points", 6_00),
        ("cash", 10_00),
        ("card", 5_00),
    ]
    till.tender_cash(100_00, said.append)
    sale = sale_of(desk)
    assert said[-1].values["change_minor"] == 100_00 - (due_minor - 15_00)
    assert [(t.means, t.reference) for t in sale.tenders] == [("cash", ""), ("card", "A1"), ("cash", "")]
    assert adds_up(sale)


def test_however_long_a_terminal_takes_the_sale_says_when_it_was_priced(desk: Desk) -> None:
    """Or the server, pricing it again, would find a defect in every sale that a terminal was asked for."""
    till = desk.till
    till.tap(LUCJA)
    till.scan(BEANS)
    state = till.heart.state
    desk.world.ms += 2_000
    till.ask_terminal(desk.heard.append)
    desk.world.ms += 40_000
    till.settle_terminal(charged=True, reference="A1", answer=desk.heard.append)
    sale = sale_of(desk)
    assert sale.basis is not None
    assert (sale.at_ms, sale.basis.ago_ms) == (desk.world.ms, 42_000)
    again = price_again(sale, desk.programme, state, context_of(sale, sale.basis))
    assert list(differences(sale, again)) == []


def test_each_tender_can_be_taken_back(desk: Desk) -> None:
    till, said = desk.till, desk.heard
    till.tap(LUCJA)
    till.scan(BEANS)
    due_minor = till.due_minor
    till.tender_cash(5_00, said.append)
    till.ask_terminal(said.append, 2_00)
    till.settle_terminal(charged=True, reference="A1", answer=said.append)
    cash, card = till.tenders
    till.drop_tender(cash.key, said.append)
    assert till.due_minor == due_minor - 2_00
    till.drop_tender(card.key, said.append)
    assert said[-1].code == "reverse_first"
    till.drop_tender(card.key, said.append, reversed=True)
    assert (till.tenders, till.due_minor) == ((), due_minor)
    till.drop_tender(card.key, said.append, reversed=True)
    assert said[-1].code == "no_tender"
    given_back = [fact for fact in desk.facts() if isinstance(fact, Privileged)]
    assert [(fact.act, fact.amount_minor, fact.reason) for fact in given_back] == [
        ("reverse_card", 2_00, "A1")
    ]


def test_the_basket_may_grow_but_not_be_worth_less_than_was_paid(desk: Desk) -> None:
    till = desk.till
    till.scan(MILK)
    till.scan(BEANS)
    till.tender_cash(20_00, desk.heard.append)
    assert till.void_line(2).code == "overpaid"
    assert till.sale.line(2) is not None
    assert till.clear().code == "tenders_open"
    assert not till.scan(MILK).refused
    assert till.undo().code == "undone", "what was paid stays when a scan is undone"
    assert till.sale.tendered_minor == 20_00
    assert till.undo().code == "overpaid"
    till.drop_tender("1", desk.heard.append)
    assert not till.void_line(2).refused


def test_tenders_survive_a_power_cut(desk: Desk) -> None:
    till = desk.till
    till.scan(BEANS)
    till.tender_cash(5_00, desk.heard.append)
    till.ask_terminal(desk.heard.append, 3_00)
    desk.restart()
    till = desk.till
    assert (till.sale.stage, till.tendered_minor) == (Stage.TENDERED, 3_00)
    till.settle_terminal(charged=False, answer=desk.heard.append)
    assert [each.amount_minor for each in till.tenders] == [5_00]
    desk.restart()
    till = desk.till
    till.pay_cash(till.due_minor, desk.heard.append)
    assert desk.heard[-1].code == "sold"
    assert adds_up(sale_of(desk))
    asked = [fact for fact in desk.facts() if isinstance(fact, SaleTendered)]
    assert [fact.tenders[0].amount_minor for fact in asked] == [3_00]


def test_a_voided_id_is_never_sold_under(desk: Desk) -> None:
    till = desk.till
    till.scan(BEANS)
    till.scan(MILK)
    till.ask_terminal(desk.heard.append)
    asked = till.sale.id
    till.settle_terminal(charged=False, answer=desk.heard.append)
    assert not till.undo().refused
    assert till.sale.id != asked
    assert till.sale.lines[0].sku != ""


def test_a_card_pays_no_more_than_is_due(desk: Desk) -> None:
    till = desk.till
    till.scan(MILK)
    for amount_minor in (0, -1, till.due_minor + 1):
        till.ask_terminal(desk.heard.append, amount_minor)
        assert desk.heard[-1].code == "no_card_amount"
    till.tender_cash(0, desk.heard.append)
    assert desk.heard[-1].code == "no_amount"
    assert "sale_tendered" not in desk.log()


@pytest.mark.parametrize(
    ("currency", "price_minor", "cash_minor"),
    [
        ("CHF", 9_98, 10_00),
        ("CHF", 9_97, 9_95),
        ("CZK", 99_50, 100_00),
        ("CZK", 99_49, 99_00),
        ("SEK", 1_49, 1_00),
        ("SEK", 49, 0),
        ("PLN", 9_98, 9_98),
        ("RUB", 9_99, 9_99),
    ],
)
def test_cash_is_rounded_to_the_smallest_coin(
    tmp_path: Path, currency: str, price_minor: int, cash_minor: int
) -> None:
    desk = Desk(tmp_path / "till", shop=msgspec.structs.replace(SHOP, currency=currency))
    desk.till.open_shift("Anna", 0, desk.heard.append)
    desk.till.ring(product("X", price_minor=price_minor))
    assert desk.till.cash_due_minor == cash_minor
    desk.till.pay_cash(cash_minor, desk.heard.append)
    sale = sale_of(desk)
    assert (sale.total_minor, sale.rounding_minor) == (price_minor, price_minor - cash_minor)
    assert adds_up(sale)
    desk.till.ring(product("X", price_minor=price_minor))
    desk.till.ask_terminal(desk.heard.append)
    desk.till.settle_terminal(charged=True, answer=desk.heard.append)
    assert sale_of(desk).rounding_minor == 0, "a card pays to the minor unit"
    desk.close()


def test_a_shop_may_set_its_smallest_coin() -> None:
    euro = msgspec.structs.replace(SHOP, currency="EUR")
    assert (step_minor(euro), rounded_minor(9_98, euro)) == (1, 9_98)
    irish = msgspec.structs.replace(euro, cash_step_minor=5)
    assert (rounded_minor(9_98, irish), rounded_minor(9_97, irish)) == (10_00, 9_95)
    assert rounded_minor(-9_98, irish) == -10_00


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_the_mix_tenders_add_up(desk: Desk, data: st.DataObject) -> None:
    till = desk.till
    if data.draw(st.booleans()):
        till.tap(LUCJA)
    for code in data.draw(st.lists(st.sampled_from([BEANS, MILK]), min_size=1, max_size=4)):
        till.scan(code)
    if data.draw(st.booleans()):
        till.redeem("max")
    for step in data.draw(st.lists(st.sampled_from(["cash", "card", "refused", "drop", "scan"]), max_size=5)):
        part = data.draw(st.integers(1, max(1, till.due_minor - 1)))
        if step == "cash" and till.due_minor > part:
            till.tender_cash(part, desk.heard.append)
        elif step in ("card", "refused") and till.due_minor > part:
            till.ask_terminal(desk.heard.append, part)
            till.settle_terminal(charged=step == "card", answer=desk.heard.append)
        elif step == "drop" and till.tenders:
            till.drop_tender(data.draw(st.sampled_from(till.tenders)).key, desk.heard.append, reversed=True)
        elif step == "scan":
            till.scan(MILK)
        assert till.due_minor == till.decision.due_minor - till.sale.tendered_minor
        assert till.due_minor >= 0
    till.pay_cash(till.due_minor, desk.heard.append)
    assert desk.heard[-1].code == "sold"
    assert adds_up(sale_of(desk))
    assert till.tenders == ()
