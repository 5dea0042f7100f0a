"""The best mix: never worse than any single wish, and more points never make it dearer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.loyalty.basket import Basket, Code, Context
from app.loyalty.choosing import choose
from app.loyalty.effects import Grant, Granted, Lot, PointsEarned
from app.loyalty.engine import compile_programme, evaluate
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.cases import case
from tests.loyalty.support import NOON, line, off, programme

RULES = """
  - {id: b, kind: come_back, NAME, steps: [{days: 30, percent: 20%}]}
  - {id: c, kind: promo_code, NAME, codes: [TEN], give: {amount: 10}}
  - {id: p, kind: points, NAME, redeem: {value: 0.01}}
"""


def test_the_better_of_two_coupons_and_points_as_far_as_they_go() -> None:
    compiled = programme(RULES)
    held = [Granted(Grant("x", "b", "coupon", NOON)), PointsEarned(Lot("l", "p", 20_000, NOON))]
    state = apply(EMPTY, held, NOON)
    context = Context(at_ms=NOON, sale_id="s", codes=(Code("TEN"),))
    small = choose(compiled, state, Basket((line("a", "30"),)), context)
    assert [code.code for code in small.context.codes] == ["TEN"]
    large = choose(compiled, state, Basket((line("a", "100"),)), context)
    assert ([code.code for code in large.context.codes], off(large.decision)) == (["x"], {"b": 2_000})
    assert (large.decision.due_minor, large.saved_minor) == (7_800, 2_200)


def test_nothing_is_used_up_for_nothing() -> None:
    compiled = programme(RULES)
    state = apply(EMPTY, [PointsEarned(Lot("l", "p", 20_000, NOON))], NOON)
    choice = choose(compiled, state, Basket((line("a", "0"),)), Context(at_ms=NOON, codes=(Code("TEN"),)))
    assert (choice.context.codes, choice.context.redeem.points_centi, choice.saved_minor) == ((), 0, 0)


def test_at_most_eight_choices_are_searched() -> None:
    compiled = programme(RULES)
    grants = [
        Granted(Grant(f"x{n}", "b", "coupon", NOON, expires_at_ms=NOON + (30 - n) * DAY_MS))
        for n in range(20)
    ]
    state = apply(EMPTY, grants, NOON)
    choice = choose(compiled, state, Basket((line("a", "100"),)), Context(at_ms=NOON))
    assert [code.code for code in choice.context.codes] == ["x19"]


@given(st.integers(0, 2**40), st.integers(1, 500))
def test_more_points_never_mean_a_worse_mix(seed: int, more: int) -> None:
    rules, state, basket, context = case(seed)
    compiled = compile_programme(rules)
    state = state or EMPTY
    richer = apply(state, [PointsEarned(Lot("more", "r0", more * 100, NOON))], context.at_ms)
    best = choose(compiled, state, basket, context)
    assert choose(compiled, richer, basket, context).decision.due_minor <= best.decision.due_minor
    assert best.decision.due_minor <= evaluate(compiled, state, basket, context).due_minor
