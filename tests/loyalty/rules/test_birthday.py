from __future__ import annotations

import pytest

from app.loyalty.basket import Birthday
from app.loyalty.state import DAY_MS
from tests.loyalty.support import NOON, at, line, off, price, programme, why


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
