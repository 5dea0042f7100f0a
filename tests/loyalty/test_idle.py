"""What lapses "after N days without a purchase" does so whatever rule gave it and whatever is bought."""

from __future__ import annotations

import msgspec
import pytest

from app.loyalty.basket import Birthday, Code, Context
from app.loyalty.benefit import LotTerms
from app.loyalty.effects import PURCHASES, Counted, Enrolled
from app.loyalty.engine import compile_programme
from app.loyalty.events import Event, enrol, evaluate_event
from app.loyalty.model import Rule
from app.loyalty.refund import refund
from app.loyalty.rules import KINDS
from app.loyalty.state import DAY_MS, EMPTY, MemberState, advance, apply
from tests.loyalty.support import NOON, line, price, programme, then

IDLE = "lots: {expires: {idle_days: 20}}"
GIVERS = {
    "points": "earn: {points: 5, per: visit}",
    "cashback": "rate: 50%",
    "partner": "partner: p, points: 5, per: 10, products: {skus: [a]}",
    "stamps": "size: 2, per: 5, reward: {points: 5}",
    "nth_purchase": "every: 1, give: {points: 5}",
    "threshold": "steps: [{from: 5, give: {points: 5}}]",
    "welcome": "give: {points: 5}",
    "promo_code": "codes: [FIVE], give: {points: 5}",
    "tenure": "steps: [{years: 1, give: {points: 5}}]",
    "birthday": "give: {points: 5}",
    "referral": "friend_points: 5",
    "challenge": "goal: receipts, target: 1, give: {points: 5}",
    "activity": "event: review, points: 5",
}
"""A rule of each kind that gives points: five for this test's sale."""
MEMBER = apply(EMPTY, [Enrolled(NOON - 400 * DAY_MS, "anna")], NOON)


def given(kind: str) -> tuple[MemberState, MemberState]:
    """A member with five points of a kind's rule, and the same had nothing been bought."""
    compiled = programme(
        f"  - {{id: r, kind: {kind}, NAME, audience: {{stores: [w1]}}, {GIVERS[kind]}, {IDLE}}}\n"
    )
    if kind == "activity":
        context = Context(at_ms=NOON, store="w1")
        state = apply(MEMBER, evaluate_event(compiled, MEMBER, Event("e", "review"), context).effects, NOON)
        return state, state
    birthday = Birthday(1, 15, 0)
    sale = price(
        compiled, line("a", "10"), state=MEMBER, store="w1", codes=(Code("FIVE"),), birthday=birthday
    )
    state = then(MEMBER, sale)
    elsewhere = price(
        compiled, line("b", "1"), state=state, store="w2", at_ms=NOON + 15 * DAY_MS, sale_id="t"
    )
    assert elsewhere.points.earned_centi == 0
    return state, then(state, elsewhere)


def test_every_kind_whose_points_may_lapse_by_idleness_is_here() -> None:
    with_lots = {
        kind
        for kind in KINDS
        if any(isinstance(each.default, LotTerms) for each in msgspec.structs.fields(KINDS[kind].settings))
    }
    assert set(GIVERS) == with_lots


@pytest.mark.parametrize("kind", GIVERS)
def test_points_of_every_kind_lapse_after_days_without_a_purchase(kind: str) -> None:
    state, bought = given(kind)
    assert state.balance_centi == 500
    assert [advance(state, NOON + days * DAY_MS).balance_centi for days in (20, 21)] == [500, 0]
    if bought is not state:
        assert [advance(bought, NOON + days * DAY_MS).balance_centi for days in (35, 36)] == [500, 0]


def test_points_for_enrolling_count_from_that_day() -> None:
    compiled = programme(
        f"  - {{id: r, kind: referral, NAME, pays_on: enrolment, friend_points: 5, {IDLE}}}\n"
    )
    begun = enrol(compiled, Context(at_ms=NOON, member_id="me"), referred_by="anna")
    state = apply(EMPTY, begun.effects, NOON)
    assert [advance(state, NOON + days * DAY_MS).balance_centi for days in (20, 21)] == [500, 0]


def test_a_refunded_purchase_prolongs_nothing() -> None:
    compiled = programme(f"  - {{id: r, kind: welcome, NAME, give: {{points: 5}}, {IDLE}}}\n")
    state = then(EMPTY, price(compiled, line("a", "10", "2")))
    later = NOON + 15 * DAY_MS
    sale = price(compiled, line("b", "1", "2"), state=state, at_ms=later, sale_id="t")
    half = apply(then(state, sale), refund(sale, {"b": 1000}, at_ms=later).effects, later)
    assert advance(half, NOON + 35 * DAY_MS).balance_centi == 500
    rest = refund(sale, {"b": 1000}, already={"b": 1000}, at_ms=later)
    whole = apply(half, rest.effects, later)
    assert whole == state
    assert [advance(whole, NOON + days * DAY_MS).balance_centi for days in (20, 21)] == [500, 0]


def test_a_stamp_card_lives_on_by_any_purchase() -> None:
    rule = "  - {id: r, kind: stamps, NAME, size: 6, free: cheapest, products: {skus: [a]}, %s}\n"
    compiled = programme(rule % "expires_after_idle_days: 20")
    state = then(EMPTY, price(compiled, line("a", "10")))
    assert [advance(state, NOON + days * DAY_MS).card("r") for days in (20, 21)] == [1, 0]
    later = NOON + 15 * DAY_MS
    bought = then(state, price(compiled, line("b", "10"), state=state, at_ms=later, sale_id="t"))
    assert [advance(bought, NOON + days * DAY_MS).card("r") for days in (35, 36)] == [1, 0]


def days_kept(rules: str, state: MemberState = EMPTY) -> list[int | None]:
    sale = price(programme(rules), line("a", "10"), state=state)
    return [e.keep_days for e in sale.effects if isinstance(e, Counted) and e.key == PURCHASES]


def test_purchases_are_counted_only_where_something_lapses_and_as_long_as_that_may_take() -> None:
    rule = "  - {id: %s, kind: points, NAME, earn: {points: 1, per: 1}, lots: {expires: {%s}}}\n"
    assert days_kept(rule % ("a", "days: 5")) == []
    assert days_kept(rule % ("a", "idle_days: 30") + rule % ("b", "idle_days: 20")) == [30]
    card = "  - {id: c, kind: stamps, NAME, size: 6, free: cheapest, expires_after_idle_days: 60}\n"
    assert days_kept(rule % ("a", "idle_days: 30") + card) == [60]
    state = then(EMPTY, price(programme(rule % ("a", "idle_days: 90")), line("a", "10")))
    assert days_kept(rule % ("a", "days: 5"), state) == [90]  # an older programme's points live on
    assert days_kept(rule % ("a", "idle_days: 100"), state) == [100]


def test_a_kind_may_not_hide_an_idle_term_from_the_programme() -> None:
    """`Compiled.idle_days` looks at `lots` and a card's own term: one elsewhere would count no purchases."""
    for kind in KINDS:
        settings = KINDS[kind].settings
        assert idle_terms(settings) <= {"lots.expires.idle_days", "expires_after_idle_days"}, kind
    assert (
        compile_programme(programme("  - {id: a, kind: price, NAME, percent: 1%}\n").programme).idle_days == 0
    )


def idle_terms(kind: type[msgspec.Struct], path: str = "") -> set[str]:
    found: set[str] = set()
    for field in msgspec.structs.fields(kind):
        name = f"{path}{field.encode_name}"
        if "idle" in field.name:
            found.add(name)
        for part in _structs(field.type):
            found |= idle_terms(part, f"{name}.")
    return found


def _structs(kind: object) -> list[type[msgspec.Struct]]:
    from typing import get_args

    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and not issubclass(kind, Rule):
        return [kind]
    return [found for part in get_args(kind) for found in _structs(part)]
