"""Birthdays as people write them."""

from __future__ import annotations

from datetime import date

from app.checkout.ports import Person
from app.loyalty.basket import Birthday


def birthday_of(person: Person | None) -> Birthday | None:
    """Month and day of a birthday written as 1990-04-30, or 04-30 without the year; None if unknown."""
    text = person.birthday.strip().removeprefix("--") if person else ""
    if not text or person is None:
        return None
    try:
        # Any leap year: somebody is born on 29 February.
        day = date.fromisoformat(text if len(text) > 5 else f"2000-{text}")
    except ValueError:
        return None
    return Birthday(day.month, day.day, person.birthday_since_ms)
