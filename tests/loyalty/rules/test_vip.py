from __future__ import annotations

import pytest

from app.loyalty.basket import Context
from app.loyalty.by_hand import give_by_hand
from app.loyalty.decision import Decision
from app.loyalty.effects import Grant, Granted
from app.loyalty.refund import refund
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
from tests.loyalty.support import NOON, at, line, off, price, programme, then, why

VIP = "  - {id: v, kind: vip, NAME, products: {skus: [card]}, sold: true, term_days: 30, percent: 10%%%s}\n"


def test_a_status_begins_when_it_is_bought_and_is_extended_by_renewal() -> None:
    compiled = programme(VIP % "")
    bought = price(compiled, line("card", "50"))
    assert off(bought) == {}
    state = then(EMPTY, bought)
    assert off(price(compiled, line("a", "10"), state=state)) == {"v": 100}
    renewed = then(state, price(compiled, line("card", "50"), state=state, sale_id="t"))
    for days, discount in ((29, 100), (59, 100), (60, 0)):
        later = price(compiled, line("a", "10"), state=renewed, at_ms=NOON + days * DAY_MS)
        assert off(later).get("v", 0) == discount


def test_refunding_the_item_ends_the_status_though_other_lines_stay() -> None:
    compiled = programme(VIP % "")
    sale = price(compiled, line("card", "50"), line("a", "10"))
    state = then(then(EMPTY, sale), refund(sale, {"card": 1000}, at_ms=NOON))
    assert state.held("v", NOON) == ()
    assert why(price(compiled, line("a", "10"), state=state), "v").code == "vip_needed"


def test_a_level_and_a_status_multiply_points_only_while_and_where_their_rules_hold() -> None:
    here = "audience: {stores: [w1]}"
    level = "{id: gold, NAME, from: 0, multiplier: 2}"
    rules = (
        f"  - {{id: t, kind: tier, NAME, basis: spend, levels: [{level}], {here}}}\n"
        f"  - {{id: v, kind: vip, NAME, multiplier: 3, {here}}}\n"
        "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1}}\n"
    )
    compiled = programme(rules)
    held = apply(EMPTY, [Granted(Grant("g", "v", "status", NOON))], NOON)
    for state, factor in ((EMPTY, 2), (held, 3)):
        assert price(compiled, line("a", "10"), state=state, store="w1").points.earned_centi == 1_000 * factor
        assert price(compiled, line("a", "10"), state=state, store="w2").points.earned_centi == 1_000


@pytest.mark.parametrize(("level", "status"), [(2, 3), (3, 2), (1, 2)])
def test_of_several_multipliers_the_largest_counts_in_whatever_order(level: int, status: int) -> None:
    gold = f"{{id: gold, NAME, from: 0, multiplier: {level}}}"
    compiled = programme(
        f"  - {{id: t, kind: tier, NAME, basis: spend, levels: [{gold}]}}\n"
        f"  - {{id: v, kind: vip, NAME, multiplier: {status}}}\n"
        "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1}}\n"
    )
    held = apply(EMPTY, [Granted(Grant("g", "v", "status", NOON))], NOON)
    assert price(compiled, line("a", "10"), state=held).points.earned_centi == 1_000 * max(level, status)


def statuses(decision: Decision) -> list[tuple[str, int, int]]:
    """Lines that sold a status, and the days from today on which it begins and ends."""

    def days(at_ms: int | None) -> int:
        shift = DAY_MS // 2 + DAY_MS // 24  # so that the hour of summer time makes no other day
        return ((at_ms or 0) - NOON + shift) // DAY_MS

    return [(each.item, days(each.starts_at_ms), days(each.expires_at_ms)) for each in decision.issued]


def test_every_piece_sold_adds_a_term_after_the_one_before() -> None:
    compiled = programme(VIP % "")
    assert statuses(price(compiled, line("card", "50"))) == [("card", 0, 30)]
    assert statuses(price(compiled, line("card", "50", "2"))) == [("card", 0, 60)]
    two = price(compiled, line("card", "40", id="x"), line("card", "50", id="y"))
    assert statuses(two) == [("x", 0, 30), ("y", 30, 60)]
    held = then(EMPTY, two)
    assert statuses(price(compiled, line("card", "50"), state=held, sale_id="t")) == [("card", 60, 90)]
    lapsed = price(compiled, line("card", "50"), state=held, sale_id="t", at_ms=NOON + 70 * DAY_MS)
    assert statuses(lapsed) == [("card", 70, 100)]
    assert price(compiled, line("card", "50")).issued[0].starts_at_ms == NOON


def test_who_buys_no_status_gets_none() -> None:
    compiled = programme(VIP % "")
    assert price(compiled, line("a", "50")).issued == ()
    assert price(compiled, line("card", "50"), state=None).issued == ()
    given = programme("  - {id: v, kind: vip, NAME, percent: 10%}\n")
    assert price(given, line("card", "50")).issued == ()
    there = programme(VIP % ", audience: {stores: [w1]}")
    assert price(there, line("card", "50"), store="w2").issued == ()
    assert len(price(there, line("card", "50"), store="w1").issued) == 1


@pytest.mark.parametrize(("state", "code"), [(None, "members_only"), (EMPTY, "vip_needed")])
def test_why_a_status_gives_nothing(state: MemberState | None, code: str) -> None:
    decision = price(programme(VIP % ""), line("a", "10"), state=state)
    reason = why(decision, "v")
    assert reason.code == code
    assert reason.params == ({"needed": "v", "percent": "10"} if code == "vip_needed" else {})


def test_a_status_may_be_worth_something_on_its_own_goods_alone() -> None:
    compiled = programme("  - {id: v, kind: vip, NAME, percent: 10%, goods: {skus: [a]}}\n")
    held = apply(EMPTY, [Granted(Grant("g", "v", "status", NOON))], NOON)
    decision = price(compiled, line("a", "10"), line("b", "10"), state=held)
    assert [each.net_minor for each in decision.lines] == [900, 1_000]


def test_a_status_begins_today_whatever_else_its_buyer_holds_for_longer() -> None:
    compiled = programme(VIP % "")
    coupon = Grant("g", "other", "coupon", NOON, expires_at_ms=NOON + 90 * DAY_MS)
    state = apply(EMPTY, [Granted(coupon)], NOON)
    assert statuses(price(compiled, line("card", "50"), state=state)) == [("card", 0, 30)]


def test_a_status_given_by_hand_is_of_no_line_and_follows_the_one_before() -> None:
    compiled = programme("  - {id: v, kind: vip, NAME, term_days: 10, percent: 10%}\n")
    state = EMPTY
    for number in range(2):
        given = give_by_hand(compiled, state, Context(at_ms=NOON, sale_id=f"f{number}"), "v")
        assert isinstance(given, tuple)
        state = apply(state, given, NOON)
    first, second = state.grants
    assert (first.item, first.kind, first.starts_at_ms) == ("", "status", NOON)
    assert second.starts_at_ms == first.expires_at_ms == at("2026-01-25 00:00")
    assert second.expires_at_ms == at("2026-02-04 00:00")


@pytest.mark.parametrize(("rounding", "discount"), [("half_up", 1), ("down", 0)])
def test_a_status_takes_off_a_share_rounded_as_the_programme_says(rounding: str, discount: int) -> None:
    compiled = programme(VIP % "", head=f"rounding: {rounding}")
    held = apply(EMPTY, [Granted(Grant("g", "v", "status", NOON))], NOON)
    assert price(compiled, line("a", "0.05"), state=held).discount_minor == discount


def test_a_share_of_goods_that_take_no_discount_is_lost_and_not_put_on_others() -> None:
    level = "{id: gold, NAME, from: 0, percent: 10%}"
    rules = (
        "  - {id: v, kind: vip, NAME, percent: 10%, group: a}\n",
        f"  - {{id: t, kind: tier, NAME, basis: receipts, levels: [{level}], group: b}}\n",
    )
    held = apply(EMPTY, [Granted(Grant("g", "v", "status", NOON))], NOON)
    for rule in rules:
        goods = line("a", "10", tags=("no_discount",)), line("b", "10")
        decision = price(programme(rule), *goods, state=held)
        assert [each.net_minor for each in decision.lines] == [1_000, 900]


def test_many_pieces_of_a_long_term_end_with_the_calendar() -> None:
    compiled = programme(
        "  - {id: v, kind: vip, NAME, sold: true, products: {skus: [card]}, term_days: 36600}\n"
    )
    first = price(compiled, line("card", "10", "1000"))
    (status,) = first.issued
    assert status.expires_at_ms == at("9999-01-01 00:00")
    price(compiled, line("card", "10"), state=then(EMPTY, first), sale_id="t")
