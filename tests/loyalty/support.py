"""Short ways to write programmes, baskets and members in tests."""

from __future__ import annotations

from app.loyalty.basket import Basket, Context, Line
from app.loyalty.decision import Decision, Reason
from app.loyalty.engine import Compiled, carry_out, compile_programme, evaluate
from app.loyalty.manual import MANUAL
from app.loyalty.pricing import take_lines
from app.loyalty.programme import load_programme
from app.loyalty.state import EMPTY, MemberState, advance, apply
from app.values import parse_money, parse_scaled, utc_ms

HEAD = """
stempel: 1
id: test
version: 1
name: {ru: т, pl: t, en: t}
valid_from: 2020-01-01
currency: PLN
time_zone: Europe/Warsaw
"""
NAME = "name: {ru: имя, pl: nazwa, en: name}"


def programme(rules: str, head: str = "") -> Compiled:
    """A compiled programme from its rules' YAML; `NAME` in it stands for a translated name."""
    text = HEAD + head + "\nrules:\n" + rules.replace("NAME", NAME)
    return compile_programme(load_programme(text.encode()))


def at(text: str) -> int:
    """A local time of Warsaw in January 2026's winter time, as milliseconds: "2026-01-31 12:00"."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return utc_ms(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Warsaw")))


NOON = at("2026-01-15 12:00")


def line(sku: str, price: str, qty: str = "1", category: str = "", **more: object) -> Line:
    """A line whose id is its SKU unless `id` says otherwise."""
    fields: dict[str, object] = {"id": sku, **more}
    return Line(
        sku=sku,
        category=category or sku,
        qty_milli=parse_scaled(qty, 3),
        unit_price_minor=parse_money(price, "PLN"),
        **fields,  # pyright: ignore[reportArgumentType]
    )


def price(
    compiled: Compiled,
    *lines: Line,
    state: MemberState | None = EMPTY,
    at_ms: int = NOON,
    **context: object,
) -> Decision:
    """Evaluate with the explanation. A sale id is given unless one comes in.

    In brief, as a replay asks, the same is given and recorded.
    """
    fields: dict[str, object] = {"sale_id": "s", **context}
    where = Context(at_ms=at_ms, **fields)  # pyright: ignore[reportArgumentType]
    decision = evaluate(compiled, state, Basket(lines), where, explain=True)
    now = None if state is None else advance(state, at_ms)
    brief = carry_out(compiled, now, where, lambda run: take_lines(compiled, run, lines))
    assert tuple(brief.effects) == decision.effects
    given = {rule: amount for rule, amount in brief.given.items() if amount}
    assert given == {rule: amount for rule, amount in off(decision).items() if rule != MANUAL}
    return decision


def then(state: MemberState, decision: Decision) -> MemberState:
    """The state after a sale."""
    return apply(state, decision.effects, decision.at_ms)


def why(decision: Decision, rule: str) -> Reason:
    return next(reason for reason in decision.why if reason.rule == rule)


def off(decision: Decision) -> dict[str, int]:
    """Discount by rule, in minor units."""
    sums: dict[str, int] = {}
    for each in decision.lines:
        for discount in each.discounts:
            sums[discount.rule] = sums.get(discount.rule, 0) + discount.amount_minor
    return sums
