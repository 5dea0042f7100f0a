"""The engine and a naive second implementation agree; tests/faults runs a hundred times as many."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings

from app.loyalty.decision import Decision
from app.loyalty.effects import GrantUsed, PointsSpent
from app.loyalty.engine import compile_programme, evaluate
from app.loyalty.rules import KINDS
from tests.loyalty.cases import case
from tests.loyalty.naive.whole import Answer, naive
from tests.loyalty.rule_cases import MAKERS


def disagreement(seed: int) -> str:
    """What differs for a seed; empty where nothing does."""
    programme, state, basket, context = case(seed)
    decision = evaluate(compile_programme(programme), state, basket, context)
    discounts: dict[str, dict[str, int]] = {}
    for line in decision.lines:
        off: dict[str, int] = {}
        for each in line.discounts:
            off[each.rule] = off.get(each.rule, 0) + each.amount_minor
        discounts[line.id] = off
    fast = Answer(
        discounts,
        {line.id: line.net_minor for line in decision.lines},
        {each.rule: each.amount_centi for each in decision.points.by_rule},
        decision.points.spent_centi,
        decision.points.spendable_centi,
        {card.rule: card.have_after for card in decision.stamps},
        {view.rule: view.level for view in decision.tiers},
        decision.due_minor,
        _things(decision),
        _used(decision),
        sum(e.amount_centi for e in decision.effects if isinstance(e, PointsSpent) and not e.tender),
    )
    slow = naive(programme, state, basket, context)
    fields = Answer.__dataclass_fields__
    return "\n".join(
        f"seed {seed}: {name}: engine {getattr(fast, name)}, naive {getattr(slow, name)}"
        for name in fields
        if getattr(fast, name) != getattr(slow, name)
    )


def _things(decision: Decision) -> dict[tuple[str, str, str], int]:
    things: Counter[tuple[str, str, str]] = Counter()
    for grant in decision.issued:
        things[grant.rule, grant.kind, grant.item] += grant.uses
    return dict(things)


def _used(decision: Decision) -> dict[str, int]:
    used: Counter[str] = Counter()
    for effect in decision.effects:
        if isinstance(effect, GrantUsed):
            used[effect.grant.rule] += effect.grant.uses
    return dict(used)


def test_every_kind_of_rule_is_drawn() -> None:
    assert set(MAKERS) == set(KINDS)


@pytest.mark.parametrize("block", range(10))
def test_engine_and_naive_agree_on_a_thousand_programmes(block: int) -> None:
    size = settings().max_examples  # 100 but for mutants, which get fewer
    for seed in range(block * size, block * size + size):
        assert not disagreement(seed)
