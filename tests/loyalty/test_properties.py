"""What must hold whatever the programme and the basket."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.loyalty.basket import Basket, Context
from app.loyalty.decision import Decision
from app.loyalty.engine import compile_programme, evaluate
from app.loyalty.refund import refund
from app.loyalty.state import MemberState, advance, apply
from tests.loyalty.cases import case
from tests.loyalty.support import NAME, line, programme

SEEDS = st.integers(0, 2**40)


def decide(seed: int) -> tuple[Decision, MemberState | None, Basket, Context]:
    rules, state, basket, context = case(seed)
    return evaluate(compile_programme(rules), state, basket, context, explain=True), state, basket, context


@given(SEEDS)
def test_the_order_of_lines_never_matters(seed: int) -> None:
    rules, state, basket, context = case(seed)
    compiled = compile_programme(rules)
    shuffled = list(basket.lines)
    Random(seed).shuffle(shuffled)
    one = evaluate(compiled, state, basket, context, explain=True)
    two = evaluate(compiled, state, Basket(tuple(shuffled)), context, explain=True)
    by_id = {each.id: each for each in two.lines}
    assert [by_id[each.id] for each in one.lines] == list(one.lines)
    assert msgspec.structs.replace(two, lines=one.lines) == one


@given(SEEDS)
def test_lines_add_up_to_totals_and_per_tax(seed: int) -> None:
    decision, *_ = decide(seed)
    lines = decision.lines
    assert decision.total_minor == sum(each.net_minor for each in lines)
    gross = sum(each.gross_minor for each in lines)
    assert decision.goods_minor + decision.delivery_minor == gross
    assert decision.discount_minor == gross - decision.total_minor
    for each in lines:
        assert each.net_minor == each.gross_minor - sum(d.amount_minor for d in each.discounts)
        assert all(d.amount_minor > 0 for d in each.discounts)
    for tax in decision.taxes:
        mine = [each for each in lines if each.tax == tax.tax]
        assert tax.net_minor == sum(each.net_minor for each in mine)
        assert tax.points_minor == sum(each.points_minor for each in mine)
        assert tax.gross_minor - tax.discount_minor == tax.net_minor
    assert sum(each.points_minor for each in lines) == decision.points.spent_value_minor
    cards = sum(card.amount_minor for card in decision.gift_cards)
    assert decision.due_minor == decision.total_minor - decision.points.spent_value_minor - cards >= 0


@given(SEEDS)
def test_no_line_falls_below_zero_or_its_floor(seed: int) -> None:
    rules, state, basket, context = case(seed)
    decision = evaluate(compile_programme(rules), state, basket, context)
    for priced, rung in zip(decision.lines, basket.lines, strict=True):
        assert 0 <= priced.points_minor <= priced.net_minor <= priced.gross_minor
        if "no_discount" in rung.tags:
            assert priced.net_minor == priced.gross_minor
        if rules.caps.line is not None and "delivery" not in rung.tags:  # which comes after the caps
            assert priced.gross_minor - priced.net_minor <= priced.gross_minor * rules.caps.line
    if rules.caps.receipt is not None:
        assert decision.discount_minor <= decision.goods_minor * rules.caps.receipt


@given(SEEDS)
def test_spending_never_passes_the_safe_maximum(seed: int) -> None:
    decision, state, _, context = decide(seed)
    points = decision.points
    assert 0 <= points.spent_centi <= points.spendable_centi
    if context.redeem.points_centi == "max":
        assert points.spent_centi == points.spendable_centi
    if context.points_limit_centi is not None:
        assert points.spent_centi <= context.points_limit_centi
    if state is not None and state.balance_centi >= 0:
        assert points.balance_after_centi >= 0


@given(SEEDS)
def test_the_effects_give_the_balance_that_was_promised(seed: int) -> None:
    decision, state, _, context = decide(seed)
    if state is None:
        assert decision.points.earned_centi == 0
        return
    after = apply(state, decision.effects, context.at_ms)
    assert decision.state_after == after
    assert after.balance_centi == decision.points.balance_after_centi
    for card in decision.stamps:
        assert after.card(card.rule) == card.have_after


@given(SEEDS)
def test_one_reason_for_every_rule_and_only_rules_that_gave_something_applied(seed: int) -> None:
    rules, state, basket, context = case(seed)
    decision = evaluate(compile_programme(rules), state, basket, context, explain=True)
    assert [reason.rule for reason in decision.why] == [rule.id for rule in rules.rules]
    gave = {d.rule for each in decision.lines for d in each.discounts}
    gave |= {p.rule for p in decision.points.by_rule}
    assert gave <= {reason.rule for reason in decision.why if reason.applied}


@given(SEEDS)
def test_asking_why_changes_no_figure(seed: int) -> None:
    rules, state, basket, context = case(seed)
    compiled = compile_programme(rules)
    plain = evaluate(compiled, state, basket, context)
    asked = evaluate(compiled, state, basket, context, explain=True)
    assert msgspec.structs.replace(asked, why=(), offers=(), state_after=None) == plain


@given(SEEDS)
def test_a_rule_about_other_goods_changes_nothing(seed: int) -> None:
    rules, state, basket, context = case(seed)
    extra = programme("  - {id: zz, kind: price, NAME, percent: 99%, products: {skus: [none-such]}}\n")
    other = programme(
        "  - {id: zy, kind: bundle, NAME, n_for_m: {take: 2, pay: 1}, products: {skus: [none]}}\n"
    )
    more = (*rules.rules, *extra.programme.rules, *other.programme.rules)
    grown = msgspec.structs.replace(rules, rules=more)
    one = evaluate(compile_programme(rules), state, basket, context)
    assert evaluate(compile_programme(grown), state, basket, context) == one


@given(SEEDS, st.integers(0, 2**20))
def test_two_partial_refunds_equal_one_whole(seed: int, split: int) -> None:
    decision, state, basket, context = decide(seed)
    rng = Random(split)
    first = {each.id: rng.randint(0, each.qty_milli) for each in basket.lines}
    rest = {each.id: each.qty_milli - first[each.id] for each in basket.lines}
    whole = refund(decision, {each.id: each.qty_milli for each in basket.lines}, at_ms=context.at_ms)
    one = refund(decision, first, at_ms=context.at_ms)
    two = refund(decision, rest, already=first, at_ms=context.at_ms)
    for field in ("total_minor", "due_minor", "discount_minor", "goods_minor"):
        assert getattr(one, field) + getattr(two, field) == getattr(whole, field)
    assert one.points.earned_centi + two.points.earned_centi == whole.points.earned_centi
    assert one.points.spent_centi + two.points.spent_centi == whole.points.spent_centi
    if state is not None and state.balance_centi >= 0:
        sold = apply(state, decision.effects, context.at_ms)
        halves = apply(apply(sold, one.effects, context.at_ms), two.effects, context.at_ms)
        assert halves.balance_centi == apply(sold, whole.effects, context.at_ms).balance_centi
        assert halves.stamps == apply(sold, whole.effects, context.at_ms).stamps


@given(SEEDS)
def test_sale_and_full_refund_leave_the_state_as_it_was(seed: int) -> None:
    decision, state, basket, context = decide(seed)
    back = refund(decision, {each.id: each.qty_milli for each in basket.lines}, at_ms=context.at_ms)
    assert back.total_minor == -decision.total_minor
    assert back.due_minor == -decision.due_minor
    if state is not None:
        sold = apply(state, decision.effects, context.at_ms)
        assert apply(sold, back.effects, context.at_ms) == advance(state, context.at_ms)


@given(SEEDS)
def test_a_group_never_gives_less_than_its_best_single_rule(seed: int) -> None:
    rules, state, basket, context = case(seed)
    single = [rule for rule in rules.rules if rule.kind in ("price", "bundle")]
    same = msgspec.structs.replace(rules, rules=tuple(_in_one_group(rule) for rule in single), groups=())
    together = evaluate(compile_programme(same), state, basket, context).discount_minor
    for rule in same.rules:
        alone = msgspec.structs.replace(same, rules=(rule,))
        assert evaluate(compile_programme(alone), state, basket, context).discount_minor <= together


def _in_one_group(rule: Any) -> Any:
    return msgspec.structs.replace(rule, group="line")


@pytest.mark.parametrize("lines", [1, 7])
def test_nothing_in_gives_nothing_out(lines: int) -> None:
    compiled = programme(f"  - {{id: a, kind: price, {NAME}, percent: 10%}}\n")
    empty = evaluate(compiled, None, Basket(), Context(at_ms=0))
    assert (empty.total_minor, empty.lines, empty.effects) == (0, (), ())
    free = tuple(line(f"s{n}", "0") for n in range(lines))
    assert evaluate(compiled, None, Basket(free), Context(at_ms=0)).total_minor == 0
