from __future__ import annotations

import pytest

from app.loyalty.effects import Enrolled
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
from tests.loyalty.support import NOON, at, line, off, price, programme, then, why


def enrolled(moment: str) -> MemberState:
    return apply(EMPTY, [Enrolled(at(moment))], at(moment))


@pytest.mark.parametrize(
    ("moment", "gain"),
    [("2026-01-14 12:00", 0), ("2026-01-15 00:10", 500), ("2026-01-18 23:00", 500), ("2026-01-19 00:10", 0)],
)
def test_the_anniversary_of_joining(moment: str, gain: int) -> None:
    steps = "steps: [{years: 1, give: {amount: 5}}, {years: 9, give: {amount: 9}}], within_days: 3"
    compiled = programme(f"  - {{id: y, kind: tenure, NAME, {steps}}}\n")
    decision = price(compiled, line("a", "10"), state=enrolled("2024-01-15 18:00"), at_ms=at(moment))
    assert off(decision).get("y", 0) == gain


def test_the_anniversary_is_given_once() -> None:
    compiled = programme(
        "  - {id: y, kind: tenure, NAME, steps: [{years: 1, give: {amount: 5}}], within_days: 3}\n"
    )
    state = enrolled("2024-01-15 18:00")
    state = then(state, price(compiled, line("a", "10"), state=state))
    assert why(price(compiled, line("a", "10"), state=state), "y").code == "already_this_year"


@pytest.mark.parametrize(
    ("joined", "code", "amount"),
    [
        (None, "missing_years", 1),
        ("2025-01-16 00:10", "missing_years", 1),
        ("2025-01-15 23:50", "applied", 100),
        ("2024-01-16 00:10", "applied", 100),
        ("2024-01-15 23:50", "applied", 200),
        ("2011-05-01 12:00", "applied", 200),
    ],
)
def test_the_highest_step_reached_counts_on_every_receipt(joined: str | None, code: str, amount: int) -> None:
    steps = "steps: [{years: 1, give: {amount: 1}}, {years: 2, give: {amount: 2}}]"
    compiled = programme(f"  - {{id: y, kind: tenure, NAME, {steps}}}\n")
    state = enrolled(joined) if joined else EMPTY
    for _ in range(2):
        decision = price(compiled, line("a", "10"), state=state)
        reason = why(decision, "y")
        assert reason.code == code
        assert reason.params == ({"amount_minor": amount} if code == "applied" else {"n": amount})
        state = then(state, decision)


@pytest.mark.parametrize("days", [200, 364, 36600])
def test_the_next_anniversary_is_another_however_long_the_last_one_was(days: int) -> None:
    steps = f"steps: [{{years: 1, give: {{amount: 5}}}}], within_days: {days}"
    compiled = programme(f"  - {{id: y, kind: tenure, NAME, {steps}}}\n")
    state = enrolled("2020-01-01 12:00")
    codes: list[str] = []
    for number, day in enumerate(("2025-07-10", "2025-07-11", "2026-01-01", "2026-01-02")):
        decision = price(
            compiled, line("a", "10"), state=state, at_ms=at(f"{day} 12:00"), sale_id=str(number)
        )
        codes.append(why(decision, "y").code)
        state = then(state, decision)
    assert codes == ["applied", "already_this_year", "applied", "already_this_year"]


def test_why_an_anniversary_gives_nothing() -> None:
    steps = "steps: [{years: 3, give: {amount: 5}}, {years: 5, give: {amount: 9}}], within_days: 3"
    compiled = programme(f"  - {{id: y, kind: tenure, NAME, {steps}}}\n")
    for state, code, params in (
        (None, "members_only", {}),
        (enrolled("2024-01-15 12:00"), "missing_years", {"n": 1}),
        (enrolled("2023-01-11 12:00"), "not_near_anniversary", {}),
    ):
        reason = why(price(compiled, line("a", "10"), state=state), "y")
        assert (reason.code, reason.params) == (code, params)


def test_whoever_joined_on_29_february_has_the_28th_in_other_years() -> None:
    compiled = programme(
        "  - {id: y, kind: tenure, NAME, steps: [{years: 1, give: {amount: 5}}], within_days: 0}\n"
    )
    given = [
        off(price(compiled, line("a", "10"), state=enrolled("2024-02-29 12:00"), at_ms=at(f"{day} 12:00")))
        for day in ("2026-02-27", "2026-02-28", "2026-03-01", "2028-02-28", "2028-02-29")
    ]
    assert given == [{}, {"y": 500}, {}, {}, {"y": 500}]


def test_points_or_a_gift_of_an_anniversary_are_given_once_in_its_days() -> None:
    for give, earned, gifts in (("points: 5", 500, 0), ("gift: cup", 0, 1)):
        rule = f"steps: [{{years: 1, give: {{{give}}}}}], within_days: 3"
        compiled = programme(f"  - {{id: y, kind: tenure, NAME, {rule}}}\n")
        state = enrolled("2024-01-15 12:00")
        first = price(compiled, line("a", "10"), state=state)
        assert (first.points.earned_centi, len(first.issued)) == (earned, gifts)
        last_ms = NOON + 3 * DAY_MS
        again = price(compiled, line("a", "10"), state=then(state, first), at_ms=last_ms, sale_id="t")
        assert (again.points.earned_centi, len(again.issued)) == (0, 0)
