from __future__ import annotations

from math import ceil

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.loyalty.decision import Decision
from app.loyalty.effects import Counted
from app.loyalty.engine import Compiled
from app.loyalty.model import Names
from app.loyalty.programme import ProgrammeProblems
from app.loyalty.refund import refund
from app.loyalty.rules.tier import Ladder, Level, TierRule
from app.loyalty.state import DAY_MS, EMPTY, Bucket, MemberState, apply
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
    """It is of 1 January to 31 December, both counted."""
    compiled = programme(TIER % ("spend", "calendar_year"))
    state = spent(20_000, DAY, None)
    december = price(compiled, line("a", "1"), state=state, at_ms=at("2026-12-31 23:30"))
    january = price(compiled, line("a", "1"), state=state, at_ms=at("2027-01-01 00:30"))
    assert [d.tiers[0].level for d in (december, january)] == ["silver", ""]
    first_day = at("2026-01-01 00:10")
    state = then(EMPTY, price(compiled, line("a", "200"), at_ms=first_day))
    assert price(compiled, line("a", "1"), state=state, at_ms=first_day + DAY_MS).tiers[0].level == "silver"


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
        ("one_step", 59, "silver"),
        ("one_step", 60, ""),
        ("one_step, grace_days: 10", 39, "gold"),
        ("one_step, grace_days: 10", 40, "silver"),
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


@pytest.mark.parametrize(
    ("basis", "window", "more", "counted"),
    [
        ("spend", "30", "", Counted("t", DAY, 1, 4_000, keep_days=30)),
        ("receipts", "30", "", Counted("t", DAY, 1, keep_days=30)),
        ("points", "30", "", Counted("t", DAY, 1, points_centi=5_000, keep_days=30)),
        ("spend", "lifetime", "", Counted("t", 0, 1, 4_000)),
        ("spend", "calendar_year", "", Counted("t", DAY, 1, 4_000, keep_days=366)),
        ("spend", "30", "grace_days: 10", Counted("t", DAY, 1, 4_000, keep_days=40)),
        ("spend", "30", "downgrade: one_step", Counted("t", DAY, 1, 4_000, keep_days=90)),
    ],
)
def test_what_a_receipt_counts_and_how_long_that_matters(
    basis: str, window: str, more: str, counted: Counted
) -> None:
    points = "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1}}\n"
    rule = TIER % (basis, window) + (f"    {more}\n" if more else "") + "    products: {skus: [a]}\n"
    compiled = programme(points + rule)
    decision = price(compiled, line("a", "40"), line("b", "10"))
    assert [each for each in decision.effects if isinstance(each, Counted)] == [counted]
    other = price(compiled, line("b", "10"))
    assert not [each for each in other.effects if isinstance(each, Counted)]
    assert other.tiers[0].level_after == ""
    assert price(compiled, line("a", "40"), state=None).tiers == ()


@pytest.mark.parametrize(
    ("spend", "level", "level_after", "following", "missing"),
    [
        (0, "", "", "silver", 9_000),
        (8_999, "", "", "silver", 1),
        (9_000, "", "silver", "gold", 20_000),
        (28_999, "silver", "silver", "gold", 51),
        (30_000, "gold", "gold", "", 0),
    ],
)
def test_the_level_before_and_after_and_what_lacks_to_the_next(
    spend: int, level: str, level_after: str, following: str, missing: int
) -> None:
    """A receipt of 10.00, of which a level takes its share before it is counted."""
    state = spent(spend) if spend else EMPTY
    view = price(programme(TIER % ("spend", 30)), line("a", "10"), state=state).tiers[0]
    assert (view.level, view.level_after) == (level, level_after)
    assert (view.next_level, view.missing, view.basis) == (following, missing, "spend")


@pytest.mark.parametrize(
    ("basis", "code", "params"),
    [
        ("spend", "missing_spend_to_level", {"missing_minor": 9_000, "level": "silver"}),
        ("points", "missing_points_to_level", {"missing_centi": 10_000, "level": "silver"}),
        ("receipts", "missing_receipts_to_level", {"n": 99, "level": "silver"}),
    ],
)
def test_what_lacks_is_said_in_the_basis_of_the_rule(
    basis: str, code: str, params: dict[str, object]
) -> None:
    decision = price(programme(TIER % (basis, 30)), line("a", "10"))
    offer = next(each for each in decision.offers if each.rule == "t")
    assert (offer.code, offer.params) == (code, params)


def test_a_levels_share_may_be_for_its_own_goods() -> None:
    levels = "levels: [{id: one, NAME, from: 0, percent: 50%, products: {skus: [a]}}]"
    compiled = programme(f"  - {{id: t, kind: tier, NAME, basis: receipts, {levels}}}\n")
    decision = price(compiled, line("a", "10"), line("b", "10"))
    assert [each.net_minor for each in decision.lines] == [500, 1_000]


@pytest.mark.parametrize(
    ("policy", "day", "level"),
    [
        ("downgrade: figures", "2026-12-31", "gold"),
        ("downgrade: figures", "2027-01-01", ""),
        ("grace_days: 10", "2027-01-10", "gold"),
        ("grace_days: 10", "2027-01-11", ""),
        ("downgrade: one_step", "2026-12-31", "gold"),
        ("downgrade: one_step", "2027-01-01", "silver"),
        ("downgrade: one_step", "2027-12-31", "silver"),
        ("downgrade: one_step", "2028-01-01", ""),
        ("downgrade: one_step, grace_days: 10", "2027-01-10", "gold"),
        ("downgrade: one_step, grace_days: 10", "2027-01-11", "silver"),
        ("downgrade: one_step, grace_days: 10", "2028-01-10", "silver"),
        ("downgrade: one_step, grace_days: 10", "2028-01-11", ""),
        ("downgrade: never", "2031-01-01", "gold"),
    ],
)
def test_downgrades_by_the_calendar_year(policy: str, day: str, level: str) -> None:
    settings = "".join(f"    {part}\n" for part in policy.split(", "))
    compiled = programme(TIER % ("spend", "calendar_year") + settings)
    state = then(EMPTY, price(compiled, line("a", "400")))
    later = price(compiled, line("a", "1"), state=state, at_ms=at(f"{day} 12:00"))
    assert later.tiers[0].level == level


def test_what_another_till_counted_tomorrow_raises_nothing_today() -> None:
    for more in ("", "    grace_days: 10\n", "    downgrade: one_step\n"):
        compiled = programme(TIER % ("spend", 30) + more)
        state = spent(40_000, DAY + 1, 100)
        assert price(compiled, line("a", "10"), state=state).tiers[0].level == ""


def test_why_a_level_gives_nothing() -> None:
    compiled = programme(TIER % ("spend", 30))
    assert why(price(compiled, line("a", "10"), state=None), "t").code == "members_only"
    beaten = (
        TIER % ("spend", 30)
        + "  - {id: x, kind: threshold, NAME, steps: [{from: 1, give: {percent: 50%}}]}\n"
    )
    decision = price(programme(beaten), line("a", "10"), state=spent(30_000))
    assert off(decision) == {"x": 500}
    assert why(decision, "t").params == {"winner": "x", "amount_minor": 100}


def level_of(compiled: Compiled, state: MemberState, days: int) -> str:
    return price(compiled, line("a", "1"), state=state, at_ms=NOON + days * DAY_MS).tiers[0].level


SPENT = st.dictionaries(st.integers(0, 100), st.sampled_from([1, 100, 10_000, 20_000, 30_000]), max_size=5)


@given(SPENT, st.integers(0, 130), st.sampled_from(["figures", "one_step"]), st.integers(0, 12))
@example({0: 10_000, 5: 20_000}, 44, "figures", 10)  # gold on the last day of grace for its last full window
@example({0: 10_000, 5: 20_000}, 40, "figures", 10)
@example({0: 30_000, 60: 10_000, 61: 1}, 99, "one_step", 10)
@example({0: 30_000, 1: 1, 2: 1}, 40, "figures", 10)
def test_the_level_kept_is_the_best_of_the_days_gone_by_less_what_was_lost_since(
    spent: dict[int, int], today: int, downgrade: str, grace_days: int
) -> None:
    """Day by day: within the days of grace a level stays; then it goes, or sinks by one with each window."""
    rule = TierRule(
        id="t", kind="tier", name=Names("", "", ""), basis="spend", window=30, grace_days=grace_days,
        levels=(Level(id="silver", name=Names("", "", ""), from_="100"),
                Level(id="gold", name=Names("", "", ""), from_="300")),
        downgrade="one_step" if downgrade == "one_step" else "figures",
    )  # fmt: skip
    best = 0
    for day in range(today + 1):
        figure = sum(minor for at, minor in spent.items() if day - 30 < at <= day)
        late = max(0, today - grace_days - day)
        lost = ceil(late / 30) if downgrade == "one_step" else 2 * (late > 0)
        best = max(best, (figure >= 10_000) + (figure >= 30_000) - lost)
    days = [Bucket(1000 + day, spend_minor=minor) for day, minor in spent.items()]
    for buckets in (days, days[::-1]):  # a state may name its days in any order
        state = MemberState(counters={"t": tuple(buckets)})
        assert Ladder(rule, 2).current(state, 1000 + today) == best


def test_never_downgraded_is_whoever_reached_a_level_and_nobody_else() -> None:
    compiled = programme(TIER % ("spend", 30) + "    downgrade: never\n")
    nobody = price(compiled, line("a", "99.99"))
    assert level_of(compiled, then(EMPTY, nobody), 400) == ""
    silver = then(EMPTY, price(compiled, line("a", "100")))
    assert level_of(compiled, silver, 1) == level_of(compiled, silver, 400) == "silver"


def test_a_level_that_stays_for_ever_is_marked_once_with_all_below_it() -> None:
    compiled = programme(TIER % ("spend", 30) + "    downgrade: never\n")

    def marks(decision: Decision) -> list[Counted]:
        return [each for each in decision.effects if isinstance(each, Counted) and "#" in each.key]

    first = price(compiled, line("a", "100"))
    assert marks(first) == [Counted("t#silver", DAY, uses=1)]
    again = price(compiled, line("a", "100"), state=then(EMPTY, first), sale_id="t")
    assert marks(again) == []
    straight = price(compiled, line("a", "300"))
    assert marks(straight) == [Counted("t#silver", DAY, uses=1), Counted("t#gold", DAY, uses=1)]


@pytest.mark.parametrize(
    ("downgrade", "marks", "gains"), [("never", ["t#gold"], [1000, 50, 100]), ("figures", [], [1000, 0, 0])]
)
def test_a_level_whose_discount_lowers_the_figure_below_it_is_reached(
    downgrade: str, marks: list[str], gains: list[int]
) -> None:
    """100.00 reach it and 90.00 are paid: of the figures alone it is lost again, elsewhere it is kept."""
    levels = "levels: [{id: gold, NAME, from: 100, percent: 10%}, {id: top, NAME, from: 150, percent: 20%}]"
    rule = f"kind: tier, NAME, basis: spend, counts: now, window: 30, downgrade: {downgrade}, {levels}"
    compiled, state = programme(f"  - {{id: t, {rule}}}\n"), EMPTY
    first = price(compiled, line("x", "100"))
    view = first.tiers[0]
    assert (view.level, view.level_after, view.next_level, view.missing) == ("gold", "gold", "top", 6000)
    assert [key for key in then(EMPTY, first).counters if "#" in key] == marks
    for number, cost in enumerate(("100", "5", "4.99" if downgrade == "figures" else "10")):
        decision = price(compiled, line("x", cost), state=state, sale_id=str(number))
        assert off(decision).get("t", 0) == gains[number]
        state = then(state, decision)


def test_a_level_kept_by_grace_still_says_what_lacks_to_the_next() -> None:
    compiled = programme(TIER % ("spend", 30) + "    grace_days: 10\n")
    state = then(EMPTY, price(compiled, line("a", "100")))
    view = price(compiled, line("a", "10"), state=state, at_ms=NOON + 35 * DAY_MS).tiers[0]
    assert (view.level, view.level_after, view.next_level, view.missing) == (
        "silver",
        "silver",
        "gold",
        29_050,
    )


def test_a_receipt_to_which_the_rule_does_not_apply_counts_towards_no_level() -> None:
    compiled = programme(TIER % ("spend", 30) + "    audience: {stores: [w1]}\n")
    here, there = (price(compiled, line("a", "300"), store=store) for store in ("w1", "w2"))
    assert (here.tiers[0].level_after, there.tiers[0].level_after) == ("gold", "")
    assert not [each for each in there.effects if isinstance(each, Counted)]


def test_a_levels_share_is_for_the_goods_that_count_unless_it_names_its_own() -> None:
    levels = "products: {skus: [a]}, levels: [{id: one, NAME, from: 0, percent: 50%}]"
    compiled = programme(f"  - {{id: t, kind: tier, NAME, basis: receipts, {levels}}}\n")
    decision = price(compiled, line("a", "10"), line("b", "10"))
    assert [each.net_minor for each in decision.lines] == [500, 1_000]


@pytest.mark.parametrize(("rounding", "discount"), [("half_up", 1), ("down", 0)])
def test_a_levels_share_is_rounded_as_the_programme_says(rounding: str, discount: int) -> None:
    compiled = programme(TIER % ("spend", 30), head=f"rounding: {rounding}")
    assert price(compiled, line("a", "0.10"), state=spent(10_000)).discount_minor == discount


@pytest.mark.parametrize("kind", ["tier, basis: spend, levels: [{id: one, NAME, from: 0, %s}]", "vip, %s"])
def test_a_level_or_a_status_that_would_earn_less_is_refused(kind: str) -> None:
    rule = f"  - {{id: t, NAME, kind: {kind}}}\n"
    programme(rule % "multiplier: 1.5")
    with pytest.raises(ProgrammeProblems, match="less than none"):
        programme(rule % "multiplier: 0.5")
