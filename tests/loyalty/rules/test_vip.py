from __future__ import annotations

import pytest

from app.loyalty.effects import Grant, Granted
from app.loyalty.refund import refund
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, line, off, price, programme, then, why

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


@pytest.mark.parametrize(("level", "status"), [(2, 3), (3, 2)])
def test_of_several_multipliers_the_largest_counts_in_whatever_order(level: int, status: int) -> None:
    gold = f"{{id: gold, NAME, from: 0, multiplier: {level}}}"
    compiled = programme(
        f"  - {{id: t, kind: tier, NAME, basis: spend, levels: [{gold}]}}\n"
        f"  - {{id: v, kind: vip, NAME, multiplier: {status}}}\n"
        "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1}}\n"
    )
    held = apply(EMPTY, [Granted(Grant("g", "v", "status", NOON))], NOON)
    assert price(compiled, line("a", "10"), state=held).points.earned_centi == 3_000
