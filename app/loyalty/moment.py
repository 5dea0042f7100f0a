"""Local moments: days, weekdays and anniversaries in a store's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

EPOCH_ORDINAL = 719_163
"""The proleptic ordinal of 1970-01-01."""
DAY_MIN = 1440
STEP_MIN = 15
"""Every offset in use, and every change of one, is a whole number of these."""


class Moment(msgspec.Struct, frozen=True, gc=False):
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
def _offset_min(step: int, zone: str) -> int:
    """How far local time is ahead of UTC in a quarter of an hour."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=step * STEP_MIN)
    offset = moment.astimezone(_zone(zone)).utcoffset()
    assert offset is not None  # the zone is known
    return offset // timedelta(minutes=1)


@lru_cache(maxsize=1024)
def _offset_all_day_min(utc_day: int, zone: str) -> int | None:
    """The same for a whole day of UTC; None where it changes (or, with two changes, may have changed)."""
    steps = DAY_MIN // STEP_MIN
    first, *others = [_offset_min(utc_day * steps + hour * 4, zone) for hour in range(25)]
    return first if all(other == first for other in others) else None


@lru_cache(maxsize=1024)
def _date(day: int) -> tuple[int, int, int, int]:
    """Weekday, year, month and day of the month."""
    date = datetime.fromordinal(day + EPOCH_ORDINAL)
    return date.weekday(), date.year, date.month, date.day


@lru_cache(maxsize=4096)
def moment_of(at_min: int, zone: str) -> Moment:
    """The local moment of a minute since 1970 (no time zone in use has an offset in seconds)."""
    offset_min = _offset_all_day_min(at_min // DAY_MIN, zone)
    if offset_min is None:
        offset_min = _offset_min(at_min // STEP_MIN, zone)
    day, minute = divmod(at_min + offset_min, DAY_MIN)
    weekday, year, month, day_of_month = _date(day)
    return Moment(day, weekday, minute, year, month, day_of_month)


def anniversary(year: int, month: int, day: int) -> int:
    """The day number of a yearly date; 29 February falls on the 28th in other years."""
    try:
        return datetime(year, month, day).toordinal() - EPOCH_ORDINAL
    except ValueError:
        return datetime(year, month, 28).toordinal() - EPOCH_ORDINAL
