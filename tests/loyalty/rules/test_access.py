from __future__ import annotations

from app.loyalty.effects import (
    Grant,
    Granted,
)
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, line, price, programme, why


def test_goods_kept_for_some_are_refused_to_others_until_the_date() -> None:
    limits = "when: {until: 2026-01-31}, audience: {vip: [v]}"
    rule = f"  - {{id: x, kind: access, NAME, products: {{skus: [new]}}, {limits}}}\n"
    vip = "  - {id: v, kind: vip, NAME}\n"
    compiled = programme(rule + vip)
    barred = price(compiled, line("new", "10"))
    assert barred.refused[0].params == {"needed": "v", "line": "new"}
    held = apply(EMPTY, [Granted(Grant("g", "v", "status", NOON))], NOON)
    assert price(compiled, line("new", "10"), state=held).refused == ()
    assert price(compiled, line("new", "10"), at_ms=NOON + 17 * DAY_MS).refused == ()


def test_every_line_of_kept_goods_is_refused_and_why_is_said() -> None:
    limits = "audience: {segments: [staff]}"
    compiled = programme(f"  - {{id: x, kind: access, NAME, products: {{skus: [new, newer]}}, {limits}}}\n")
    goods = line("new", "10"), line("newer", "10"), line("old", "10")
    barred = price(compiled, *goods)
    assert [(each.code, each.params["line"]) for each in barred.refused] == [
        ("access_only", "new"),
        ("access_only", "newer"),
    ]
    assert (why(barred, "x").applied, why(barred, "x").code) == (False, "other_segment")
    level = "levels: [{id: gold, NAME, from: 1}]"
    kept = "audience: {tiers: [gold]}, products: {skus: [new]}"
    early = programme(
        f"  - {{id: t, kind: tier, NAME, basis: receipts, {level}}}\n"
        f"  - {{id: x, kind: access, NAME, {kept}}}\n"
    )
    reason = why(price(early, line("new", "10")), "x")
    assert (reason.code, reason.params) == ("tier_needed", {"level": "gold"})
    staff = price(compiled, *goods, segments=("staff",))
    assert (staff.refused, why(staff, "x").applied, why(staff, "x").code) == ((), True, "access_given")
    other = price(compiled, line("old", "10"))
    assert (other.refused, why(other, "x").code) == ((), "other_segment")
