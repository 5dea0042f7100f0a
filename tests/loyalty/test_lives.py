"""Whole customers' lives under every programme of the gallery: nothing raises, every figure adds up."""

from __future__ import annotations

from pathlib import Path
from random import Random

import msgspec
import pytest

import resources
from app.loyalty.basket import Basket, Birthday, Code, Context, GiftCard, Line, Redeem
from app.loyalty.effects import AnyEffect, Enrolled
from app.loyalty.engine import Compiled, compile_programme, evaluate
from app.loyalty.model import Rule
from app.loyalty.programme import load_programme
from app.loyalty.refund import refund
from app.loyalty.rules.promo_code import PromoCodeRule
from app.loyalty.rules.reward import RewardRule
from app.loyalty.state import DAY_MS, EMPTY, MemberState, advance, apply
from tests.loyalty.support import NOON

FILES = sorted(resources.path("programmes").rglob("*.yaml"))


def goods(compiled: Compiled, rng: Random, number: int) -> Line:
    """A line that some filter of the programme is likely to mean."""
    named = [
        goods
        for goods in compiled.filters.all
        if goods.skus or goods.categories or goods.tags or goods.brands
    ]
    wanted = rng.choice(named) if named and rng.random() < 0.8 else None
    pick = [rng.choice(list(values)) if values else "" for values in _values(wanted)]
    sku, category, tag, brand = pick
    tags = tuple(t for t in (tag, "delivery" if rng.random() < 0.1 else "") if t)
    qty = rng.choice([1000, 1000, 2000, 3000, rng.randint(1, 2500)])
    price = rng.choice([99, 1200, 4990, 25_000, rng.randint(0, 9999)])
    return Line(
        f"l{number}",
        sku or f"s{rng.randint(0, 3)}",
        category or "other",
        qty,
        price,
        "",
        brand,
        tags,
        tax="A",
    )


def _values(wanted: object) -> list[tuple[str, ...]]:
    return [getattr(wanted, name, ()) for name in ("skus", "categories", "tags", "brands")]


def wishes(rules: tuple[Rule, ...], state: MemberState, rng: Random) -> tuple[Redeem, tuple[Code, ...]]:
    codes = [Code(grant.code) for grant in state.grants if grant.kind == "coupon" and rng.random() < 0.5]
    codes += [Code(r.codes[0]) for r in rules if isinstance(r, PromoCodeRule) and rng.random() < 0.5]
    rewards = [f"{r.id}/{r.items[0].id}" for r in rules if isinstance(r, RewardRule) and rng.random() < 0.3]
    uses = tuple(rule.id for rule in rules if rule.kind == "entitlement" and rng.random() < 0.5)
    cards = (GiftCard("g", 3_000),) if rng.random() < 0.2 else ()
    points = rng.choice([0, "max", 5_000])
    return Redeem(points, cards, tuple(rewards), uses), tuple(codes)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_life_of_sales_and_refunds(file: Path) -> None:
    compiled = compile_programme(load_programme(file))
    rules = compiled.programme.rules
    rng = Random(file.stem)
    state = apply(EMPTY, [Enrolled(NOON - 400 * DAY_MS, "friend")], NOON)
    at_ms = NOON
    for visit in range(40):
        at_ms += rng.randint(0, 12) * DAY_MS
        before = advance(state, at_ms)
        basket = Basket(tuple(goods(compiled, rng, n) for n in range(rng.randint(1, 5))))
        redeem, codes = wishes(rules, before, rng)
        context = Context(
            at_ms=at_ms, sale_id=f"s{visit}", store="w1", codes=codes, redeem=redeem, member_id="me",
            birthday=Birthday(2, 29, NOON - 90 * DAY_MS),
        )  # fmt: skip
        decision = evaluate(compiled, before, basket, context, explain=True)
        assert decision.total_minor == sum(line.net_minor for line in decision.lines)
        assert decision.due_minor >= 0
        assert len(decision.why) == len(rules)
        after = apply(before, decision.effects, at_ms)
        assert after == decision.state_after
        assert after.balance_centi == decision.points.balance_after_centi
        assert (
            msgspec.json.decode(msgspec.json.encode(decision.effects), type=tuple[AnyEffect, ...])
            == decision.effects
        )
        whole = refund(decision, {line.id: line.qty_milli for line in basket.lines}, at_ms=at_ms, state=after)
        assert whole.state_after == before
        state = before if rng.random() < 0.2 else after
