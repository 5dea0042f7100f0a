"""What must hold whatever the programme and the basket."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.loyalty.basket import Basket, Context
from app.loyalty.compiled import matches, stages_by_group
from app.loyalty.decision import Decision
from app.loyalty.effects import PURCHASES, BudgetSpent, Counted
from app.loyalty.engine import compile_programme, evaluate
from app.loyalty.manual import MANUAL
from app.loyalty.model import Programme, Rule
from app.loyalty.refund import refund
from app.loyalty.state import MemberState, advance, apply
from app.values import line_gross
from tests.loyalty.cases import case, without_unused
from tests.loyalty.naive.visits import Visit
from tests.loyalty.rule_cases import CATEGORIES, MAKERS, NAMES
from tests.loyalty.support import NAME, line, off, programme

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
    goods = [
        each for each, rung in zip(decision.lines, basket.lines, strict=True) if "delivery" not in rung.tags
    ]
    by_rules = [d for each in goods for d in each.discounts if d.rule != MANUAL]
    off_minor = sum(each.amount_minor for each in by_rules)
    if rules.caps.receipt is not None:
        assert off_minor <= sum(each.gross_minor for each in goods) * rules.caps.receipt
    if rules.caps.receipt_amount is not None:
        assert off_minor <= rules.caps.receipt_amount
    for each, rung in zip(decision.lines, basket.lines, strict=True):
        special = {"delivery", "gift_card"} & set(rung.tags) or rung.sku == "present"
        for floor in rules.floors if not special else ():
            if matches(floor.products, rung, above(rules, rung.category)):
                least = line_gross(floor.price, rung.qty_milli) if floor.price is not None else 0
                share = each.gross_minor * floor.share if floor.share is not None else 0
                assert each.net_minor >= min(each.gross_minor, max(least, share))


def above(rules: Programme, category: str) -> list[str]:
    chain = [category]
    while chain[-1] in rules.categories and rules.categories[chain[-1]].parent:
        chain.append(rules.categories[chain[-1]].parent)
    return chain


@given(SEEDS)
def test_no_rule_takes_off_more_than_its_cap_or_its_budget(seed: int) -> None:
    rules, state, basket, context = case(seed)
    decision = evaluate(compile_programme(rules), state, basket, context)
    spent: Counter[str] = Counter()
    for effect in decision.effects:
        if isinstance(effect, BudgetSpent):
            spent[effect.rule] += effect.amount_minor
    for rule in rules.rules:
        given_minor = off(decision).get(rule.id, 0)
        if rule.max_discount is not None:
            assert given_minor <= rule.max_discount
        if rule.budget is not None:
            assert given_minor <= spent[rule.id] <= (Visit(rules, state, context).budget_left(rule) or 0)


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
    gave = {d.rule for each in decision.lines for d in each.discounts} - {MANUAL}
    gave |= {p.rule for p in decision.points.by_rule}
    assert gave <= {reason.rule for reason in decision.why if reason.applied}


@given(SEEDS)
def test_asking_why_changes_no_figure(seed: int) -> None:
    rules, state, basket, context = case(seed)
    compiled = compile_programme(rules)
    plain = evaluate(compiled, state, basket, context)
    asked = evaluate(compiled, state, basket, context, explain=True)
    assert msgspec.structs.replace(asked, why=(), offers=(), state_after=None) == plain


@given(SEEDS, st.sampled_from(sorted(MAKERS)))
def test_an_irrelevant_rule_changes_nothing(seed: int, kind: str) -> None:
    """One that is over, or about goods that nobody buys; of every kind."""
    rules, state, basket, context = case(seed)
    plain = evaluate(compile_programme(rules), state, basket, context)
    made = MAKERS[kind](Random(seed))
    made.pop("redeem", None)  # even a rule that is over says what a point is worth
    made |= {"earn": {"points": "1", "per": "1"}} if kind == "points" and "earn" not in made else {}
    made |= {"before_days": 0} if kind == "complement" else {}  # else it counts purchases for later
    over = {**made, "when": {"until": "2019-12-31"}}
    foreign = {**made, "products": {"skus": ["none-such"]}}
    for rule in [over] * (kind != "gift_card") + [foreign] * (kind not in NOT_ABOUT_GOODS):
        extra = one_rule({"id": "zz", "kind": kind, "name": NAMES, **rule})
        if rule is foreign and not extra.products.skus:
            continue  # this shape of the kind is about no goods
        grown = msgspec.structs.replace(rules, rules=(*rules.rules, extra))
        decision = evaluate(compile_programme(grown), state, basket, context)
        tiers = tuple(view for view in decision.tiers if view.rule != "zz")
        refused = plain.refused if kind == "promo_code" else decision.refused  # its code is known now
        decision = msgspec.structs.replace(decision, tiers=tiers, refused=refused)
        assert without_purchases(decision) == without_purchases(plain)


def without_purchases(decision: Decision) -> Decision:
    """A rule whose points lapse by idleness needs the days of purchases, even while it gives none."""
    kept = (each for each in decision.effects if not (isinstance(each, Counted) and each.key == PURCHASES))
    return msgspec.structs.replace(decision, effects=tuple(kept))


NOT_ABOUT_GOODS = {"come_back", "vip", "complement", "free_delivery", "challenge", "entitlement", "partner"}
"""Their `products` are not what makes them apply: a coupon is for every receipt, a pair names its goods,
points spent are settled by the store."""


def one_rule(rule: dict[str, Any]) -> Rule:
    """A rule alone in a programme with the categories of all random ones."""
    head = {"stempel": 1, "id": "one", "version": 1, "name": NAMES, "valid_from": "2019-01-01"}
    where = {"currency": "PLN", "time_zone": "Europe/Warsaw"}
    categories = {name: {"parent": parent} if parent else {} for name, parent in CATEGORIES.items()}
    whole = {**head, **where, "categories": categories, "rules": [rule]}
    return without_unused(whole).rules[0]


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
    assert not one.gift_cards or not two.gift_cards or sum_of(one) + sum_of(two) == sum_of(whole)
    if state is not None:
        sold = apply(state, decision.effects, context.at_ms)
        halves = apply(apply(sold, one.effects, context.at_ms), two.effects, context.at_ms)
        at_once = apply(sold, whole.effects, context.at_ms)
        assert halves.balance_centi == at_once.balance_centi
        assert without_lots(halves) == without_lots(at_once)


def sum_of(decision: Decision) -> int:
    return sum(card.amount_minor for card in decision.gift_cards)


def without_lots(state: MemberState) -> MemberState:
    """Two steps may leave the same points in other lots than one, where some were missing on the way."""
    return msgspec.structs.replace(state, lots=(), debt_centi=0)


@given(SEEDS)
def test_sale_and_full_refund_leave_the_state_as_it_was(seed: int) -> None:
    decision, state, basket, context = decide(seed)
    back = refund(decision, {each.id: each.qty_milli for each in basket.lines}, at_ms=context.at_ms)
    assert back.total_minor == -decision.total_minor
    assert back.due_minor == -decision.due_minor
    if state is not None:
        sold = apply(state, decision.effects, context.at_ms)
        after = apply(sold, back.effects, context.at_ms)
        assert without_terms(after) == without_terms(advance(state, context.at_ms))


def without_terms(state: MemberState) -> MemberState:
    """How long a counter is kept may be another since the rule's last change; what it counts may not."""
    counters = {
        key: tuple(msgspec.structs.replace(bucket, keep_days=None) for bucket in buckets)
        for key, buckets in state.counters.items()
    }
    return msgspec.structs.replace(state, counters=counters)


@given(SEEDS, st.sampled_from(["line", "receipt"]))
def test_a_group_never_gives_less_than_its_best_single_rule(seed: int, stage: str) -> None:
    rules, state, basket, context = case(seed)
    ids = {id for group in stages_by_group(rules).values() for id, at in group if at == stage}
    same = [_in_one_group(rule, stage) for rule in rules.rules if rule.id in ids]
    together = msgspec.structs.replace(rules, rules=tuple(same), groups=())
    lines = tuple(msgspec.structs.replace(each, manual_minor=0) for each in basket.lines)
    basket = Basket(lines)  # the cashier's discounts come after the groups
    most = discount(together, state, basket, context)
    for rule in same:
        assert discount(msgspec.structs.replace(together, rules=(rule,)), state, basket, context) <= most


def discount(rules: Programme, state: MemberState | None, basket: Basket, context: Context) -> int:
    return evaluate(compile_programme(rules), state, basket, context).discount_minor


def _in_one_group(rule: Any, group: str) -> Any:
    """A level that counts `now` follows from what others take off, so it is no single rule's matter."""
    later = {"counts": "next_sale"} if rule.kind == "tier" else {}
    return msgspec.structs.replace(rule, group=group, **later)


@pytest.mark.parametrize("lines", [1, 7])
def test_nothing_in_gives_nothing_out(lines: int) -> None:
    compiled = programme(f"  - {{id: a, kind: price, {NAME}, percent: 10%}}\n")
    empty = evaluate(compiled, None, Basket(), Context(at_ms=0))
    assert (empty.total_minor, empty.lines, empty.effects) == (0, (), ())
    free = tuple(line(f"s{n}", "0") for n in range(lines))
    assert evaluate(compiled, None, Basket(free), Context(at_ms=0)).total_minor == 0
