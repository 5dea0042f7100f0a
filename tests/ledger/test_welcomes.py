"""One person is welcomed once, whatever becomes known of their memberships, and in whatever order."""

from __future__ import annotations

import random
import uuid

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ledger.facts import AnyFact, SaleGivenTo, SaleTakenFrom, WelcomeReversed, effects_of
from app.ledger.welcomes import reversals
from app.loyalty.effects import (
    AnyEffect,
    Counted,
    Grant,
    Granted,
    GrantUsed,
    Lot,
    PointsEarned,
    PointsTakenBack,
)
from app.loyalty.state import EMPTY, MemberState, apply

RULES = {"hello"}
POINTS = 50_00


def sale(number: int) -> uuid.UUID:
    return uuid.UUID(int=number + 1)


def gives(number: int, *, gift: bool = False) -> tuple[AnyEffect, ...]:
    lot = Lot(f"{sale(number)}:hello", "hello", POINTS, number)
    thing = (Granted(Grant(f"{sale(number)}:hello:mug", "hello", "reward", number)),) if gift else ()
    return (PointsEarned(lot), *thing, Counted("hello", 0, uses=1))


def welcomed(number: int, *, gift: bool = False) -> SaleGivenTo:
    return SaleGivenTo(
        id=uuid.UUID(int=1000 + number), at_ms=number, sale=sale(number), member=uuid.UUID(int=7),
        reason="", cashier="", effects=gives(number, gift=gift),
    )  # fmt: skip


def back(number: int, part_centi: int = POINTS) -> SaleTakenFrom:
    whole = part_centi == POINTS
    effects = (
        PointsTakenBack("hello", f"{sale(number)}:hello", part_centi),
        Counted("hello", 0, uses=-1 if whole else 0),
    )
    return SaleTakenFrom(
        id=uuid.UUID(int=2000 + number + part_centi), at_ms=500 + number, sale=sale(number),
        member=uuid.UUID(int=7), reason="", cashier="", effects=effects,
    )  # fmt: skip


def state(facts: list[AnyFact]) -> MemberState:
    found = EMPTY
    for fact in facts:
        found = apply(found, effects_of(fact), fact.at_ms)
    return found


def test_the_later_of_two_welcomes_is_taken_back_once() -> None:
    facts: list[AnyFact] = [welcomed(1), welcomed(0)]
    (made,) = reversals(facts, RULES)
    assert (made.of, made.rule) == (sale(1), "hello")
    assert reversals([*facts, made], RULES) == []
    assert reversals(facts, RULES) == [made], "its id follows from what happened"
    after = state([*facts, made])
    assert (after.balance_centi, after.counted("hello").uses) == (POINTS, 1)
    assert reversals(facts, {"another rule"}) == []
    assert reversals(facts[:1], RULES) == []


def test_a_gift_goes_back_with_it_and_money_off_a_price_does_not() -> None:
    facts: list[AnyFact] = [welcomed(0, gift=True), welcomed(1, gift=True)]
    (made,) = reversals(facts, RULES)
    assert any(isinstance(effect, GrantUsed) for effect in made.effects)
    assert len(state([*facts, made]).grants) == 1
    discounts: list[AnyFact] = []
    for number in range(2):
        fact = welcomed(number)
        only = tuple(effect for effect in fact.effects if isinstance(effect, Counted))
        discounts.append(msgspec.structs.replace(fact, effects=only))
    assert reversals(discounts, RULES) == []


def test_a_refund_of_a_part_leaves_only_the_rest_to_take() -> None:
    facts: list[AnyFact] = [welcomed(0), welcomed(1), back(1, 20_00)]
    (made,) = reversals(facts, RULES)
    assert state([*facts, made]).balance_centi == POINTS
    late: list[AnyFact] = [welcomed(0), welcomed(1)]
    (early,) = reversals(late, RULES)
    late += [early, back(1, 20_00)]
    (again,) = reversals(late, RULES)
    assert again.id != early.id
    assert state([*late, again]).balance_centi == POINTS


@settings(deadline=None)
@given(st.integers(1, 5), st.sets(st.integers(0, 4)), st.integers(0, 2**32))
def test_whatever_the_order_one_welcome_of_those_that_stay_is_left(
    count: int, gone: set[int], seed: int
) -> None:
    draw = random.Random(seed)
    coming: list[AnyFact] = [welcomed(number) for number in range(count)]
    coming += [back(number) for number in gone if number < count]
    draw.shuffle(coming)
    known: list[AnyFact] = []
    while coming:
        known.append(coming.pop())
        if draw.random() < 0.6:
            known += reversals(known, RULES)
    known += reversals(known, RULES)
    assert reversals(known, RULES) == []
    stay = count - len([number for number in gone if number < count])
    after = state(sorted(known, key=lambda fact: fact.at_ms))
    assert after.balance_centi == (POINTS if stay else 0)
    assert after.counted("hello").uses == min(stay, 1)
    ids = [fact.id for fact in known if isinstance(fact, WelcomeReversed)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_equal_moments_are_told_apart_by_the_facts_ids(order: tuple[int, int]) -> None:
    twins = [welcomed(1), SaleGivenTo(
        id=uuid.UUID(int=999), at_ms=1, sale=sale(9), member=uuid.UUID(int=8), reason="", cashier="",
        effects=gives(9),
    )]  # fmt: skip
    (made,) = reversals([twins[place] for place in order], RULES)
    assert made.of == sale(1)
