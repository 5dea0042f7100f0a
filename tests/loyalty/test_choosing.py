"""The best mix: never worse than any single wish, and more points never make it dearer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.loyalty import choosing
from app.loyalty.basket import Basket, Code, Context, GiftCard, Redeem
from app.loyalty.choosing import CHOICES_MAX, candidates, choose
from app.loyalty.compiled import Compiled
from app.loyalty.decision import Decision
from app.loyalty.effects import Grant, Granted, Lot, PointsEarned
from app.loyalty.engine import compile_programme, evaluate
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
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


def test_a_gift_card_that_would_pay_it_all_keeps_what_a_coupon_can_pay() -> None:
    card = Redeem(gift_cards=(GiftCard("g", 10_000),))
    context = Context(at_ms=NOON, codes=(Code("TEN"),), redeem=card)
    choice = choose(programme(RULES), EMPTY, Basket((line("a", "30"),)), context)
    assert [code.code for code in choice.context.codes] == ["TEN"]
    assert [owed.amount_minor for owed in choice.decision.gift_cards] == [2_000]


def test_of_two_coupons_worth_the_same_one_is_kept() -> None:
    """A second one of the same group would take off nothing; points that cannot be spent are no wish."""
    held = [Granted(Grant(code, "b", "coupon", NOON)) for code in ("x", "y")]
    choice = choose(
        programme(RULES), apply(EMPTY, held, NOON), Basket((line("a", "100"),)), Context(at_ms=NOON)
    )
    assert ([code.code for code in choice.context.codes], choice.context.redeem.points_centi) == (["x"], 0)


def test_at_most_eight_choices_are_searched() -> None:
    compiled = programme(RULES)
    grants = [
        Granted(Grant(f"x{n}", "b", "coupon", NOON, expires_at_ms=NOON + (30 - n) * DAY_MS))
        for n in range(20)
    ]
    state = apply(EMPTY, grants, NOON)
    choice = choose(compiled, state, Basket((line("a", "100"),)), Context(at_ms=NOON))
    assert [code.code for code in choice.context.codes] == ["x19"]


def test_what_is_chosen_may_be_paid_as_the_context_said() -> None:
    compiled = programme(RULES)
    state = apply(EMPTY, [PointsEarned(Lot("l", "p", 20_000, NOON))], NOON)
    for paying in (True, False):
        context = Context(at_ms=NOON, codes=(Code("TEN"),), paying=paying)
        assert choose(compiled, state, Basket((line("a", "30"),)), context).context.paying is paying


def test_a_prize_wheel_is_not_turned_to_see_what_it_would_give(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bool] = []

    def priced(compiled: Compiled, state: MemberState, basket: Basket, context: Context) -> Decision:
        tried.append(context.paying)
        return evaluate(compiled, state, basket, context)

    monkeypatch.setattr(choosing, "evaluate", priced)
    choose(programme(RULES), EMPTY, Basket((line("a", "30"),)), Context(at_ms=NOON, codes=(Code("TEN"),)))
    assert tried == [False] * 4  # with the code and without, with points and without


def test_saved_is_what_it_would_cost_with_nothing() -> None:
    free = choose(programme(RULES), EMPTY, Basket((line("a", "30"),)), Context(at_ms=NOON))
    assert (free.saved_minor, free.decision.due_minor) == (0, 3_000)


def test_only_coupons_that_are_good_now_and_not_presented_yet_are_tried() -> None:
    held = [
        Granted(Grant("never-ends", "b", "coupon", NOON)),
        Granted(Grant("later", "b", "coupon", NOON, expires_at_ms=NOON + 2 * DAY_MS)),
        Granted(Grant("soon", "b", "coupon", NOON, expires_at_ms=NOON + DAY_MS)),
        Granted(Grant("presented", "b", "coupon", NOON)),
        Granted(Grant("not-yet", "b", "coupon", NOON, starts_at_ms=NOON + DAY_MS)),
        Granted(Grant("a-reward", "b", "reward", NOON)),
    ]
    state = apply(EMPTY, held, NOON)
    context = Context(at_ms=NOON, codes=(Code("presented"),))
    assert [code.code for code in candidates(state, context)] == ["presented", "soon", "later", "never-ends"]
    many = Context(at_ms=NOON, codes=tuple([Code(f"c{n}") for n in range(20)]))
    assert len(candidates(state, many)) == CHOICES_MAX - 1  # the last choice is about points


@given(st.integers(0, 2**40), st.integers(1, 500))
def test_more_points_never_mean_a_worse_mix(seed: int, more: int) -> None:
    rules, state, basket, context = case(seed)
    compiled = compile_programme(rules)
    state = state or EMPTY
    richer = apply(state, [PointsEarned(Lot("more", "r0", more * 100, NOON))], context.at_ms)
    best = choose(compiled, state, basket, context)
    assert choose(compiled, richer, basket, context).decision.due_minor <= best.decision.due_minor
    assert best.decision.due_minor <= evaluate(compiled, state, basket, context).due_minor
