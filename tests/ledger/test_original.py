"""A refund worked out from the sale's fact is the refund worked out from the decision itself."""

from __future__ import annotations

import uuid
from random import Random

import msgspec
import pytest

from app.checkout.basket import OpenLine, OpenSale
from app.checkout.ports import Shift
from app.checkout.writing import Place, sold
from app.ledger.facts import SaleCompleted, Tender, decode, encode
from app.ledger.original import decision_of, is_deposit
from app.loyalty.basket import Basket, Line
from app.loyalty.decision import Decision
from app.loyalty.engine import compile_programme, evaluate
from app.loyalty.refund import refund
from tests.loyalty.cases import case

SHIFT = Shift(id=uuid.UUID(int=7), number=1, business_day="2026-01-15", cashier="Anna", opened_ms=0)


def written(basket: Basket, decision: Decision) -> SaleCompleted:
    """The sale as any reader finds it: through its bytes."""
    lines = tuple(
        OpenLine(
            key=int(line.id),
            sku=line.sku,
            name=line.sku,
            category=line.category,
            tags=line.tags,
            tax=line.tax,
            qty_milli=line.qty_milli,
            price_minor=line.unit_price_minor,
        )
        for line in basket.lines
    )
    tenders = (
        *(
            Tender(means="gift_card", amount_minor=c.amount_minor, reference=c.code)
            for c in decision.gift_cards
        ),
        Tender(means="cash", amount_minor=decision.due_minor),
    )
    fact = sold(
        OpenSale(id=uuid.UUID(int=1), opened_ms=0, lines=lines),
        decision,
        Place(1, SHIFT, "Anna", "PLN"),
        tenders=tenders,
        change_minor=0,
        at_ms=decision.at_ms,
    )
    again = decode(encode(fact))
    assert isinstance(again, SaleCompleted)
    return again


def numbered(basket: Basket) -> Basket:
    lines = [msgspec.structs.replace(line, id=str(n)) for n, line in enumerate(basket.lines, 1)]
    return Basket(tuple(lines))


@pytest.mark.parametrize("seed", range(150))
def test_the_fact_holds_all_that_a_refund_needs(seed: int) -> None:
    programme, state, basket, context = case(seed)
    basket = numbered(basket)
    decision = evaluate(compile_programme(programme), state, basket, context)
    fact = written(basket, decision)
    again = decision_of(fact)
    rng = Random(seed)
    before = {line.id: rng.randint(0, line.qty_milli) for line in decision.lines}
    for already in ({}, before):
        back = {line.id: rng.randint(0, line.qty_milli - already.get(line.id, 0)) for line in decision.lines}
        expected = refund(decision, back, already=already, at_ms=context.at_ms, state=state)
        assert refund(again, back, already=already, at_ms=context.at_ms, state=state) == expected


def test_deposits_are_no_goods_to_refund() -> None:
    programme, state, _, context = case(3)
    basket = Basket(
        (
            Line("1", "milk", "dairy", 1000, 5_00),
            Line("2", "bottle", "", 2000, 50, tags=("deposit",)),
            Line("3", "empty", "", 1000, -50),
        )
    )
    fact = written(basket, evaluate(compile_programme(programme), state, basket, context))
    assert [is_deposit(line) for line in fact.lines] == [False, True, True]
    assert [line.id for line in decision_of(fact).lines] == ["1"]


def test_a_deposit_is_not_discounted_and_earns_nothing() -> None:
    """The engine takes a line tagged `deposit` for what it is, whichever way it goes."""
    for seed in range(40):
        programme, state, basket, context = case(seed)
        compiled = compile_programme(programme)
        context = msgspec.structs.replace(context, redeem=type(context.redeem)())
        alone = evaluate(compiled, state, basket, context)
        for price_minor in (50, -50):
            line = Line("deposit", "bottle", "dairy", 3000, price_minor, tags=("deposit",))
            both = evaluate(compiled, state, Basket((*basket.lines, line)), context)
            assert both.total_minor == alone.total_minor + 3 * price_minor
            assert both.effects == alone.effects
            assert both.lines[-1].discounts == ()
