"""When, where and for whom a rule holds: both ends of every span, and what is said where it does not."""

from __future__ import annotations

from typing import Any

import pytest

from app.loyalty.basket import Birthday
from app.loyalty.decision import Decision
from app.loyalty.effects import BudgetSpent, Grant, Granted, ReceiptCounted
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, at, line, off, price, programme, why

RULE = "  - {id: a, kind: price, NAME, percent: 10%%, %s}\n"


def decide(settings: str, **context: Any) -> Decision:
    return price(programme(RULE % settings), line("x", "10"), **context)


def said(decision: Decision) -> tuple[str, dict[str, Any]]:
    reason = why(decision, "a")
    assert reason.applied == (off(decision) == {"a": 100})
    return ("", {}) if reason.applied else (reason.code, dict(reason.params))


@pytest.mark.parametrize(
    ("moment", "code", "date"),
    [
        ("2026-01-09 23:59", "not_yet", "2026-01-10"),
        ("2026-01-10 00:00", "", ""),
        ("2026-01-20 23:59", "", ""),
        ("2026-01-21 00:00", "ended", "2026-01-20"),
    ],
)
def test_a_rule_holds_from_its_first_day_to_its_last(moment: str, code: str, date: str) -> None:
    decision = decide("when: {from: 2026-01-10, until: 2026-01-20}", at_ms=at(moment))
    assert said(decision) == (code, {"date": date} if date else {})


@pytest.mark.parametrize(
    ("hours", "minute", "inside"),
    [
        ("08:00-11:30", "07:59", False),
        ("08:00-11:30", "08:00", True),
        ("08:00-11:30", "11:29", True),
        ("08:00-11:30", "11:30", False),
        ("22:00-02:00", "21:59", False),
        ("22:00-02:00", "22:00", True),
        ("22:00-02:00", "01:59", True),
        ("22:00-02:00", "02:00", False),
    ],
)
def test_hours_begin_with_their_first_minute_and_end_before_their_last(
    hours: str, minute: str, inside: bool
) -> None:
    decision = decide(f"when: {{hours: '{hours}'}}", at_ms=at(f"2026-01-15 {minute}"))
    assert said(decision) == (("", {}) if inside else ("not_at_this_hour", {"hours": hours}))


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-01-18 23:00", True),  # a Sunday
        ("2026-01-19 01:00", True),  # the night from Sunday on
        ("2026-01-18 01:00", False),  # the night from Saturday on
        ("2026-01-19 23:00", False),
    ],
)
def test_a_night_belongs_to_the_weekday_on_which_it_began(moment: str, inside: bool) -> None:
    decision = decide("when: {hours: '22:00-02:00', weekdays: [sun]}", at_ms=at(moment))
    assert said(decision) == (("", {}) if inside else ("not_today", {"weekdays": "sun"}))


def test_weekdays_are_those_of_the_store() -> None:
    for weekdays, code in (("[mon, thu]", ""), ("[fri, sat]", "not_today")):
        params = {"weekdays": "fri,sat"} if code else {}
        assert said(decide(f"when: {{weekdays: {weekdays}}}")) == (code, params)
    late = at("2026-01-15 23:30")  # already Friday in Tokyo
    assert said(decide("when: {weekdays: [fri]}", at_ms=late, time_zone="Asia/Tokyo")) == ("", {})


HELD = apply(EMPTY, [Granted(Grant("g", "v", "status", NOON - DAY_MS))], NOON)
BIRTHDAY = "audience: {birthday: {before: 2, after: 1, known_days: 5}}"


@pytest.mark.parametrize(
    ("settings", "context", "said_so"),
    [
        ("audience: {stores: [w1, w2]}", {"store": "w2"}, ("", {})),
        ("audience: {stores: [w1, w2]}", {"store": "w3"}, ("other_store", {})),
        ("audience: {channels: [web]}", {"channel": "web"}, ("", {})),
        ("audience: {channels: [web]}", {}, ("other_channel", {})),
        ("audience: {who: guests}", {"state": None}, ("", {})),
        ("audience: {who: guests}", {}, ("guests_only", {})),
        ("audience: {who: members}", {}, ("", {})),
        ("audience: {who: members}", {"state": None}, ("members_only", {})),
        ("audience: {segments: [club]}", {"segments": ("staff", "club")}, ("", {})),
        ("audience: {segments: [club]}", {"segments": ("staff",)}, ("other_segment", {})),
        ("audience: {segments: [club]}", {"state": None, "segments": ("club",)}, ("members_only", {})),
        ("audience: {birthday: {}}", {"state": None}, ("members_only", {})),
        ("audience: {birthday: {}}", {}, ("not_near_birthday", {})),
        ("budget: {total: 5}", {"budgets": {"a": 0}}, ("budget_spent", {})),
        ("budget: {total: 5}", {"budgets": {"a": 500}}, ("", {})),
    ],
)
def test_who_and_where(settings: str, context: dict[str, Any], said_so: tuple[str, dict[str, Any]]) -> None:
    assert said(decide(settings, **context)) == said_so


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2026-03-02 01:00", "not_yet"),
        ("2026-03-02 12:00", "not_at_this_hour"),
        ("2026-03-02 22:00", ""),
        ("2026-03-03 01:00", ""),
        ("2026-03-04 03:59", ""),
        ("2026-03-04 04:00", "ended"),
        ("2026-03-04 22:00", "ended"),
    ],
)
def test_a_night_belongs_to_the_date_on_which_it_began(moment: str, code: str) -> None:
    when = "when: {from: 2026-03-02, until: 2026-03-03, hours: '22:00-04:00'}"
    assert said(decide(when, at_ms=at(moment)))[0] == code


@pytest.mark.parametrize("moment", ["2026-03-02 00:00", "2026-03-03 23:59"])
def test_hours_within_a_day_leave_its_date_alone(moment: str) -> None:
    for hours in ("00:00-24:00", "00:00-23:59", "00:01-24:00"):
        when = f"when: {{from: 2026-03-02, until: 2026-03-03, hours: '{hours}'}}"
        assert said(decide(when, at_ms=at(moment)))[0] in ("", "not_at_this_hour")


def test_a_status_or_a_level_opens_a_rule_and_the_first_named_is_asked_for() -> None:
    vip = "  - {id: v, kind: vip, NAME}\n  - {id: w, kind: vip, NAME}\n"
    compiled = programme(RULE % "audience: {vip: [w, v]}" + vip)
    assert said(price(compiled, line("x", "10"), state=HELD)) == ("", {})
    assert said(price(compiled, line("x", "10"))) == ("vip_needed", {"needed": "w"})
    levels = "levels: [{id: silver, NAME, from: 0}, {id: gold, NAME, from: 900}]"
    tier = f"  - {{id: t, kind: tier, NAME, basis: spend, {levels}}}\n"
    assert said(price(programme(RULE % "audience: {tiers: [gold, silver]}" + tier), line("x", "10"))) == (
        "",
        {},
    )
    kept = programme(RULE % "audience: {tiers: [gold]}" + tier)
    assert said(price(kept, line("x", "10"))) == ("tier_needed", {"level": "gold"})


@pytest.mark.parametrize(
    ("month", "day", "known_days", "near"),
    [
        (1, 17, 5, True),
        (1, 18, 5, False),
        (1, 14, 5, True),
        (1, 13, 5, False),
        (1, 15, 4, False),
        (1, 15, 5, True),
        (7, 15, 50, False),
    ],
)
def test_days_around_a_birthday(month: int, day: int, known_days: int, near: bool) -> None:
    birthday = Birthday(month, day, NOON - known_days * DAY_MS)
    assert said(decide(BIRTHDAY, birthday=birthday)) == (("", {}) if near else ("not_near_birthday", {}))


@pytest.mark.parametrize(
    ("moment", "month", "day", "near"),
    [
        ("2026-12-31 12:00", 1, 1, True),
        ("2026-12-30 12:00", 1, 1, True),
        ("2026-12-29 12:00", 1, 1, False),
        ("2026-01-01 12:00", 12, 31, True),
        ("2026-01-02 12:00", 12, 31, False),
        ("2026-02-28 12:00", 2, 29, True),
        ("2026-03-01 12:00", 2, 29, True),
        ("2026-03-02 12:00", 2, 29, False),
        ("2028-02-26 12:00", 2, 29, False),
        ("2028-02-27 12:00", 2, 29, True),
    ],
)
def test_a_birthday_over_new_year_and_in_leap_years(moment: str, month: int, day: int, near: bool) -> None:
    decision = decide(BIRTHDAY, at_ms=at(moment), birthday=Birthday(month, day, 0))
    assert (said(decision)[0] == "") is near


def test_a_birthday_is_known_from_the_local_day_on_which_it_was_told() -> None:
    told = Birthday(1, 15, at("2026-01-11 00:00"))
    assert said(decide(BIRTHDAY, birthday=told)) == ("not_near_birthday", {})
    assert said(decide(BIRTHDAY, birthday=Birthday(1, 15, at("2026-01-10 23:59")))) == ("", {})


def test_a_guest_has_neither_level_nor_status() -> None:
    tier = "  - {id: t, kind: tier, NAME, basis: spend, levels: [{id: silver, NAME, from: 0}]}\n"
    vip = "  - {id: v, kind: vip, NAME}\n"
    for audience in ("{tiers: [silver]}", "{vip: [v]}"):
        compiled = programme(RULE % f"audience: {audience}" + tier + vip)
        assert said(price(compiled, line("x", "10"), state=None)) == ("members_only", {})


BUDGET = "budget: {total: 5, new_members: 2}"


@pytest.mark.parametrize(
    ("receipts", "budgets", "given"),
    [
        (0, {}, 200),
        (3, {}, 300),
        (0, {"a#new": 150}, 150),
        (3, {"a#new": 150}, 300),
        (3, {"a#existing": 50}, 50),
        (0, {"a": 1}, 200),
        (0, {"a#new": -5}, 0),
    ],
)
def test_a_budget_keeps_a_part_for_new_members(receipts: int, budgets: dict[str, int], given: int) -> None:
    state = apply(EMPTY, [ReceiptCounted(receipts, 100)], NOON)
    decision = price(programme(RULE % BUDGET), line("x", "100"), state=state, budgets=budgets)
    assert off(decision).get("a", 0) == given
    spent = [effect for effect in decision.effects if isinstance(effect, BudgetSpent)]
    assert spent == ([BudgetSpent("a", given, receipts == 0)] if given else [])
