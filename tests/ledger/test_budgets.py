"""What facts charge, and what is left of it."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from app.ledger.budgets import Limit, charges_of, left_of, limits_of, may_charge
from app.ledger.facts import PointsAdjusted, encode
from app.loyalty.effects import PURCHASES, AnyEffect, BudgetSpent, Counted, PointsReturned, PointsSpent
from tests.loyalty.support import programme

BUDGETS = st.builds(BudgetSpent, st.sampled_from("ab"), st.integers(-9, 9), st.booleans())
REWARDS = st.builds(
    lambda item, back: (
        (PointsReturned("r", ()), Counted(f"r#{item}", 0, uses=-1))
        if back
        else (PointsSpent("r", 100, tender=False), Counted(f"r#{item}", 0, uses=1))
    ),
    st.sampled_from(("mug", "pen")),
    st.booleans(),
)
OTHERS = st.sampled_from((
    Counted("tier#silver", 20_000, uses=1),
    Counted("tier#silver", 0, uses=1),
    Counted(PURCHASES, 20_000, receipts=1),
    PointsSpent("points", 100),
))  # fmt: skip


@given(st.lists(BUDGETS), st.lists(REWARDS), st.lists(OTHERS), st.booleans())
def test_what_is_charged_is_summed_by_part_and_its_bytes_tell(
    budgets: list[BudgetSpent], rewards: list[tuple[AnyEffect, ...]], others: list[AnyEffect], first: bool
) -> None:
    expected: dict[str, int] = {}
    for one in budgets:
        part = f"{one.rule}#{'new' if one.new_member else 'existing'}"
        expected[part] = expected.get(part, 0) + one.amount_minor
    for _, counted in rewards:
        assert isinstance(counted, Counted)
        part = f"r/{counted.key[2:]}"
        expected[part] = expected.get(part, 0) + counted.uses
    effects = [*budgets, *(effect for pair in rewards for effect in pair)]
    effects = [*others, *effects] if first else [*effects, *others]
    found = charges_of(effects)
    assert found == {part: amount for part, amount in expected.items() if amount}
    fact = PointsAdjusted(
        id=uuid.UUID(int=1), at_ms=0, member=uuid.UUID(int=2), reason="#", effects=tuple(effects)
    )
    assert may_charge(encode(fact)) or not found


def test_most_facts_tell_by_their_bytes_that_they_charge_nothing() -> None:
    effects = Counted(PURCHASES, 20_000, receipts=1), PointsSpent("points", 100), Counted("levels", 1, uses=1)
    fact = PointsAdjusted(
        id=uuid.UUID(int=1), at_ms=0, member=uuid.UUID(int=2), reason="a #budget", effects=effects
    )
    assert not may_charge(encode(fact))


def test_a_budget_outlives_versions_and_may_begin_to_be_split() -> None:
    whole = programme("- {id: a, kind: price, NAME, percent: 5%, budget: {total: 50.00}}")
    larger = programme("- {id: a, kind: price, NAME, percent: 5%, budget: {total: 60.00}}")
    split = programme("- {id: a, kind: price, NAME, percent: 5%, budget: {total: 60.00, new_members: 20.00}}")
    spent = {"a#new": 30_00, "a#existing": 25_00}
    assert left_of(whole, spent) == {"a": 0}
    assert left_of(larger, spent) == {"a": 5_00}
    assert left_of(split, spent) == {"a#new": 0, "a#existing": 15_00}
    assert left_of(split, {"b#new": 1}) == {}, "all of it is left"
    assert limits_of(programme("- {id: a, kind: price, NAME, percent: 5%}")) == {}


@given(st.integers(0, 100), st.dictionaries(st.sampled_from(("a#new", "a#existing")), st.integers(-200, 200)))
def test_what_is_left_is_between_nothing_and_all(total: int, spent: dict[str, int]) -> None:
    limit = Limit("a", total, ("a#new", "a#existing"))
    assert limit.left(spent) == sorted((0, total - sum(spent.values()), total))[1]
