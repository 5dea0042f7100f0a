from __future__ import annotations

import pytest

from app.loyalty.basket import Birthday
from app.loyalty.effects import Counted
from app.loyalty.state import DAY_MS, EMPTY
from tests.loyalty.support import NOON, at, line, off, price, programme, then, why


@pytest.mark.parametrize(
    ("month", "day", "known", "code"),
    [
        (1, 18, 30, "applied"),
        (1, 19, 30, "not_near_birthday"),
        (1, 14, 30, "applied"),
        (1, 13, 30, "not_near_birthday"),
        (1, 15, 5, "not_near_birthday"),
    ],
)
def test_days_around_a_birthday_known_early_enough(month: int, day: int, known: int, code: str) -> None:
    window = "window: {before: 3, after: 1, known_days: 7}"
    compiled = programme(f"  - {{id: b, kind: birthday, NAME, {window}, give: {{percent: 10%}}}}\n")
    birthday = Birthday(month, day, NOON - known * DAY_MS)
    assert why(price(compiled, line("a", "10"), birthday=birthday), "b").code == code


def test_a_birthday_over_new_year_and_on_29_february() -> None:
    window = "window: {before: 3, after: 3}"
    compiled = programme(f"  - {{id: b, kind: birthday, NAME, {window}, give: {{percent: 10%}}}}\n")
    new_year = Birthday(1, 1, 0)
    assert off(price(compiled, line("a", "10"), birthday=new_year, at_ms=at("2026-12-30 12:00"))) == {
        "b": 100
    }
    leap = Birthday(2, 29, 0)
    assert off(price(compiled, line("a", "10"), birthday=leap, at_ms=at("2026-02-28 12:00"))) == {"b": 100}


def test_a_gift_is_given_once_in_its_window_unless_each_time_is_meant() -> None:
    rule = "  - {id: b, kind: birthday, NAME, window: {before: 3, after: 3}, give: {gift: cup}%s}\n"
    birthday = Birthday(1, 15, 0)
    for more, gifts in (("", [1, 0, 0, 1]), (", once: false", [1, 1, 1, 1])):
        compiled = programme(rule % more)
        state, given = EMPTY, []
        for number, day in enumerate(("2026-01-12", "2026-01-15", "2026-01-18", "2027-01-12")):
            at_ms = at(f"{day} 12:00")
            decision = price(
                compiled, line("a", "1"), state=state, at_ms=at_ms, birthday=birthday, sale_id=str(number)
            )
            given.append(len(decision.issued))
            state = then(state, decision)
        assert given == gifts


def test_what_is_counted_is_one_use_for_a_year() -> None:
    compiled = programme("  - {id: b, kind: birthday, NAME, give: {percent: 10%}}\n")
    decision = price(compiled, line("a", "10"), birthday=Birthday(1, 15, 0))
    counted = [each for each in decision.effects if isinstance(each, Counted)]
    assert counted == [Counted("b", NOON // DAY_MS, uses=1, keep_days=366)]
    assert decision.issued == ()


def test_a_birthday_discount_that_another_rule_has_beaten_is_kept_for_later() -> None:
    better = "  - {id: x, kind: threshold, NAME, steps: [{from: 1, give: {percent: 50%}}]}\n"
    for give in ("percent: 10%", "amount: 1"):
        compiled = programme(better + f"  - {{id: b, kind: birthday, NAME, give: {{{give}}}}}\n")
        beaten = price(compiled, line("a", "10"), birthday=Birthday(1, 15, 0))
        assert off(beaten) == {"x": 500}
        assert "b" not in then(EMPTY, beaten).counters


def test_why_a_birthday_gives_nothing() -> None:
    compiled = programme("  - {id: b, kind: birthday, NAME, give: {percent: 10%}}\n")
    birthday = Birthday(1, 15, 0)
    guest = price(compiled, line("a", "10"), state=None, birthday=birthday)
    assert why(guest, "b").code == "members_only"
    had = then(EMPTY, price(compiled, line("a", "10"), birthday=birthday))
    again = price(compiled, line("a", "10"), state=had, birthday=birthday, sale_id="t")
    assert (off(again), why(again, "b").code) == ({}, "already_this_year")


def test_the_next_birthday_is_another_however_long_the_last_one_was() -> None:
    compiled = programme(
        "  - {id: b, kind: birthday, NAME, window: {before: 10, after: 250}, give: {amount: 5}}\n"
    )
    state, codes = EMPTY, []
    birthday = Birthday(1, 15, 0)
    for number, day in enumerate(("2026-09-20", "2026-09-21", "2027-01-06", "2027-09-20")):
        decision = price(
            compiled,
            line("a", "10"),
            state=state,
            at_ms=at(f"{day} 12:00"),
            sale_id=str(number),
            birthday=birthday,
        )
        codes.append(why(decision, "b").code)
        state = then(state, decision)
    assert codes == ["applied", "already_this_year", "applied", "already_this_year"]
