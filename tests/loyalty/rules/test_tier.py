from __future__ import annotations

import pytest

from app.loyalty.effects import Counted
from app.loyalty.refund import refund
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
from tests.loyalty.support import NOON, at, line, off, price, programme, then, why

DAY = NOON // DAY_MS
TIER = """
  - id: t
    kind: tier
    NAME
    basis: %s
    window: %s
    levels:
      - {id: silver, NAME, from: 100, percent: 5%%}
      - {id: gold, NAME, from: 300, percent: 10%%, multiplier: 2}
"""


def spent(minor: int, day: int = DAY - 1, keep_days: int | None = 30) -> MemberState:
    return apply(
        EMPTY, [Counted("t", day, receipts=1, spend_minor=minor, keep_days=keep_days)], NOON - DAY_MS
    )


@pytest.mark.parametrize(
    ("minor", "level", "discount"), [(9_999, "", 0), (10_000, "silver", 50), (30_000, "gold", 100)]
)
def test_levels_by_spend(minor: int, level: str, discount: int) -> None:
    decision = price(programme(TIER % ("spend", 30)), line("a", "10"), state=spent(minor))
    assert (decision.tiers[0].level, off(decision).get("t", 0)) == (level, discount)


def test_the_crossing_purchase_counts_next_time_or_now() -> None:
    following = programme(TIER % ("spend", 30))
    decision = price(following, line("a", "100"))
    assert (decision.tiers[0].level, decision.tiers[0].level_after) == ("", "silver")
    assert off(decision) == {}
    now = programme(TIER % ("spend", 30) + "    counts: now\n")
    assert off(price(now, line("a", "100"))) == {"t": 500}


def test_what_lacks_to_the_next_level_is_said() -> None:
    decision = price(programme(TIER % ("spend", 30)), line("a", "10"), state=spent(12_000))
    view = decision.tiers[0]
    assert (view.next_level, view.missing) == ("gold", 17_050)
    offer = next(offer for offer in decision.offers if offer.rule == "t")
    assert offer.params == {"missing_minor": 17_050, "level": "gold"}


def test_a_rolling_window_forgets_by_the_day() -> None:
    compiled = programme(TIER % ("spend", 30))
    state = spent(20_000, DAY)
    for days, level in ((29, "silver"), (30, "")):
        later = price(compiled, line("a", "1"), state=state, at_ms=NOON + days * DAY_MS)
        assert later.tiers[0].level == level


def test_a_calendar_year_begins_anew() -> None:
    compiled = programme(TIER % ("spend", "calendar_year"))
    state = spent(20_000, DAY, None)
    december = price(compiled, line("a", "1"), state=state, at_ms=at("2026-12-31 23:30"))
    january = price(compiled, line("a", "1"), state=state, at_ms=at("2027-01-01 00:30"))
    assert [d.tiers[0].level for d in (december, january)] == ["silver", ""]


def test_a_lifetime_counts_for_ever_in_one_bucket() -> None:
    compiled = programme(TIER % ("receipts", "lifetime"))
    decision = price(compiled, line("a", "10"))
    counted = next(effect for effect in decision.effects if isinstance(effect, Counted))
    assert (counted.day, counted.receipts, counted.keep_days) == (0, 1, None)


def test_points_as_the_basis_count_what_this_sale_earns() -> None:
    points = "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1}}\n"
    compiled = programme(points + TIER % ("points", "lifetime"))
    state = then(EMPTY, price(compiled, line("a", "120")))
    assert price(compiled, line("a", "10"), state=state).tiers[0].level == "silver"


def test_the_multiplier_of_the_level_raises_what_is_earned() -> None:
    points = "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1, base: gross}}\n"
    compiled = programme(points + TIER % ("spend", 30))
    assert price(compiled, line("a", "10"), state=spent(30_000)).points.earned_centi == 2_000


@pytest.mark.parametrize(
    ("policy", "days", "level"),
    [
        ("figures", 31, ""),
        ("figures, grace_days: 10", 39, "gold"),
        ("figures, grace_days: 10", 40, ""),
        ("never", 400, "gold"),
        ("one_step", 29, "gold"),
        ("one_step", 35, "silver"),
        ("one_step", 65, ""),
    ],
)
def test_downgrades(policy: str, days: int, level: str) -> None:
    rule = TIER % ("spend", 30) + "".join(
        f"    {part.strip()}\n" for part in f"downgrade: {policy}".split(",")
    )
    compiled = programme(rule)
    state = then(EMPTY, price(compiled, line("a", "400")))
    later = price(compiled, line("a", "1"), state=state, at_ms=NOON + days * DAY_MS)
    assert later.tiers[0].level == level


def test_a_refund_steps_the_level_back() -> None:
    compiled = programme(TIER % ("spend", 30) + "    downgrade: never\n")
    sale = price(compiled, line("a", "400"))
    state = then(then(EMPTY, sale), refund(sale, {"a": 1000}, at_ms=NOON))
    assert state == EMPTY


def test_an_audience_may_name_levels() -> None:
    rule = "  - {id: x, kind: price, NAME, percent: 50%, audience: {tiers: [gold]}}\n"
    compiled = programme(rule + TIER % ("spend", 30))
    assert off(price(compiled, line("a", "10"), state=spent(30_000)))["x"] == 500
    assert why(price(compiled, line("a", "10"), state=spent(100)), "x").params == {"level": "gold"}


def test_points_of_every_rule_count_towards_a_level_wherever_it_stands() -> None:
    tier = "  - {id: t, kind: tier, NAME, basis: points, levels: [{id: gold, NAME, from: 20}]}\n"
    prize = "  - {id: c, kind: challenge, NAME, goal: receipts, target: 1, give: {points: 20}}\n"
    for rules in (tier + prize, prize + tier):
        assert price(programme(rules), line("a", "10")).tiers[0].level_after == "gold"


def test_a_receipt_without_the_rules_goods_raises_no_level_by_its_points() -> None:
    gold = "{id: gold, NAME, from: 5, percent: 10%}"
    rules = (
        "  - {id: t, kind: tier, NAME, basis: points, counts: now, products: {skus: [coffee]},"
        f" levels: [{gold}]}}\n  - {{id: p, kind: points, NAME, earn: {{points: 1, per: 1}}}}\n"
    )
    compiled = programme(rules)
    assert price(compiled, line("tea", "10")).tiers[0].level_after == ""
    assert price(compiled, line("coffee", "10")).tiers[0].level == "gold"
