"""What rules of many kinds give: until when points are good, what they are worth, twice under one rule."""

from __future__ import annotations

from fractions import Fraction

import pytest

from app.loyalty.basket import Code
from app.loyalty.benefit import percent_text
from app.loyalty.effects import BudgetSpent, PointsEarned
from app.loyalty.programme import ProgrammeProblems
from app.loyalty.state import DAY_MS, EMPTY
from tests.loyalty.support import NOON, at, line, price, programme, then

LAPSE = "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1}, lots: {expires: {days: 30}}}\n"


def test_each_days_points_last_from_that_day_in_the_time_zone_of_their_store() -> None:
    compiled = programme(LAPSE)
    for day in (0, 1, 1, 0):
        for zone, ahead_ms in (("Europe/Warsaw", 0), ("Europe/Moscow", 2 * 3_600_000), ("", 0)):
            decision = price(compiled, line("a", "10"), at_ms=NOON + day * DAY_MS, time_zone=zone)
            (earned,) = [each for each in decision.effects if isinstance(each, PointsEarned)]
            assert earned.lot.expires_at_ms == at("2026-02-15 00:00") + day * DAY_MS - ahead_ms


@pytest.mark.parametrize(
    ("value", "points", "charged"), [("0.005", 101, 51), ("0.005", 99, 50), ("2", 3, 600)]
)
def test_a_budget_is_charged_what_points_are_worth_be_it_parts_of_a_penny(
    value: str, points: int, charged: int
) -> None:
    worth = f"  - {{id: w, kind: points, NAME, redeem: {{value: {value}}}}}\n"
    gift = f"  - {{id: r, kind: welcome, NAME, give: {{points: {points}}}, budget: {{total: 99}}}}\n"
    decision = price(programme(worth + gift), line("a", "10"))
    assert BudgetSpent("r", charged, new_member=True) in decision.effects


def test_what_one_rule_earns_twice_is_earned_twice() -> None:
    prizes = "give: {points: 5}, wheel: [{weight: 1, give: {points: 7}}]"
    compiled = programme(f"  - {{id: c, kind: challenge, NAME, goal: receipts, target: 1, {prizes}}}\n")
    decision = price(compiled, line("a", "10"))
    assert decision.points.earned_centi == 1_200
    assert then(EMPTY, decision).balance_centi == 1_200


def test_two_things_of_one_rule_are_told_apart() -> None:
    prizes = "give: {gift: cup}, wheel: [{weight: 1, give: {gift: mug}}]"
    compiled = programme(f"  - {{id: c, kind: challenge, NAME, goal: receipts, target: 1, {prizes}}}\n")
    decision = price(compiled, line("a", "10"))
    assert [(each.code, each.item) for each in then(EMPTY, decision).grants] == [
        ("s:c:cup", "cup"),
        ("s:c:mug", "mug"),
    ]
    taken = price(
        compiled, line("a", "10"), state=then(EMPTY, decision), codes=(Code("s:c:cup"),), sale_id="t"
    )
    assert taken.discount_minor == 0


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        ("1", "100"),
        ("0", "0"),
        ("1/10", "10"),
        ("1/40", "2.5"),
        ("1/3", "33.3333"),
        ("2/3", "66.6667"),
        ("1/200", "0.5"),
    ],
)
def test_a_rate_is_said_in_percent_to_four_decimals(rate: str, text: str) -> None:
    assert percent_text(Fraction(rate)) == text


@pytest.mark.parametrize(
    ("expires", "days"),
    [
        ("days: 10", 10),
        ("months: 1", 31),
        ("months: 12", 366),
        ("days: 10, to_month_end: true", 40),
        ("months: 1, to_month_end: true", 61),
        ("days: 300, months: 2", 62),
    ],
)
def test_points_that_lapse_before_they_may_be_spent_are_refused(expires: str, days: int) -> None:
    """On the last day that they may have they are still good, wherever in a year that is."""
    earn = (
        "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1}, lots: {spendable_after_days: %s, %s}}\n"
    )
    programme(earn % (days, f"expires: {{{expires}}}"))
    with pytest.raises(ProgrammeProblems) as caught:
        programme(earn % (days + 1, f"expires: {{{expires}}}"))
    (problem,) = caught.value.problems
    assert (problem.path, problem.reason) == (
        "rules[0].lots.spendable_after_days",
        "the points lapse before they may be spent",
    )


def test_points_that_lapse_by_idleness_alone_may_wait_longer() -> None:
    programme(
        "  - {id: p, kind: points, NAME, earn: {points: 1, per: 1},"
        " lots: {spendable_after_days: 30, expires: {idle_days: 10}}}\n"
    )


def test_a_referrers_points_that_lapse_while_they_wait_are_refused() -> None:
    rule = "  - {id: r, kind: referral, NAME, %s: 5, after_days: %s, lots: {expires: {days: 10}}}\n"
    programme(rule % ("referrer_points", 10))
    with pytest.raises(ProgrammeProblems) as caught:
        programme(rule % ("referrer_points", 11))
    assert [problem.path for problem in caught.value.problems] == ["rules[0].after_days"]
