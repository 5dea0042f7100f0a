"""Birthdays as people write them."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from app.checkout.ports import Person
from app.loyalty.basket import Birthday

_LEAP: Final = 2000
"""Somebody is born on 29 February, and does not say of which year."""
_KEPT: Final = re.compile(r"(?:(\d{4})-|--)?(\d\d)-(\d\d)", re.ASCII)
_SPOKEN: Final = re.compile(r"(\d{1,2})\. ?(\d{1,2})(?:\.|\. ?(\d{4}))?", re.ASCII)


def birthday_kept(text: str) -> str | None:
    """A birthday as it is kept: 1990-04-30, or --04-30 without its year (ISO 8601); empty for none.

    People write 30.04.1990, 30.4. and 1990-04-30. None for what is no date.
    """
    text = text.strip()
    if not text:
        return ""
    if (kept := _KEPT.fullmatch(text)) is not None:
        year, month, day = kept.groups()
    elif (spoken := _SPOKEN.fullmatch(text)) is not None:
        day, month, year = spoken.groups()
    else:
        return None
    try:
        found = date(int(year or _LEAP), int(month), int(day))
    except ValueError:
        return None
    return found.isoformat() if year else f"--{found:%m-%d}"


def birthday_said(text: str) -> str:
    """A birthday that is kept, as people write it: 30.04.1990, or 30.04."""
    kept = _KEPT.fullmatch(text.strip())
    if kept is None:
        return text
    year, month, day = kept.groups()
    return f"{day}.{month}.{year or ''}"


def birthday_of(person: Person | None) -> Birthday | None:
    """Month and day of a birthday; None if unknown."""
    text = birthday_kept(person.birthday) if person else ""
    if not text or person is None:
        return None
    return Birthday(int(text[-5:-3]), int(text[-2:]), person.birthday_since_ms)
