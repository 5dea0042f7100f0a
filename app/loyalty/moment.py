"""Local moments: days, weekdays and anniversaries in a store's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH_ORDINAL = 719_163
"""The proleptic ordinal of 1970-01-01."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in the store's time zone."""

    day: int
    """Days since 1970-01-01."""
    weekday: int
    minute: int
    year: int
    month: int
    day_of_month: int


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=4096)
def moment_of(at_min: int, zone: str) -> Moment:
    """The local moment of a minute since 1970 (no time zone in use has an offset in seconds)."""
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=at_min)).astimezone(_zone(zone))
    day = local.toordinal() - EPOCH_ORDINAL
    return Moment(day, local.weekday(), local.hour * 60 + local.minute, local.year, local.month, local.day)


def anniversary(year: int, month: int, day: int) -> int:
    """The day number of a yearly date; 29 February falls on the 28th in other years."""
    try:
        return datetime(year, month, day).toordinal() - EPOCH_ORDINAL
    except ValueError:
        return datetime(year, month, 28).toordinal() - EPOCH_ORDINAL
