"""A counter of a member's: what was counted by day, summed and dropped without looking at every day."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from app.loyalty.effects import Counted
from app.loyalty.standing import Bucket, sum_buckets

NEVER: Final = 1 << 62
"""A day, or a moment, that does not come."""
NOTHING: Final = Bucket(0)
FEW: Final = 4
"""So many buckets before a window are taken off the counter's total; with more of them the rest is summed."""
_DAY: Final = attrgetter("day")


class Days(list[Bucket]):
    """A counter's buckets by day. A list, so that rules read it as they read a frozen state's."""

    __slots__ = ("_end", "_shortest", "_total")

    def __init__(self, buckets: Iterable[Bucket] = ()) -> None:
        super().__init__(sorted(buckets, key=_DAY))
        self._total: Bucket | None = None
        """The sum over all buckets, once asked for: a window is mostly nearly all of them."""
        self._end: int | None = None
        """What `end` says, once asked for."""
        self._shortest = NEVER
        """How many days at least each bucket matters; known where `_end` is."""

    def sum(self, since_day: int, until_day: int | None) -> Bucket:
        """The sum over the days since..until, both included."""
        if not self:
            return NOTHING
        if until_day is not None and self[-1].day > until_day:
            return sum_buckets(self, since_day, until_day)
        total = self[0] if len(self) == 1 else self._total
        if total is None:
            total = self._total = sum_buckets(self, 0, None)
        if since_day <= self[0].day:
            return total
        early = [bucket for bucket in self[:FEW] if bucket.day < since_day]
        if len(early) == FEW:
            return sum_buckets(self, since_day, until_day)
        for bucket in early:
            total = _less(total, bucket)
        return total

    def take(self, effect: Counted) -> int:
        """Count what an effect says; the first day on which what was counted is past its use."""
        day = effect.day
        last = self[-1] if self else None
        if last is None or last.day < day:
            new = _added(NOTHING, effect)
            self.append(new)
        elif last.day == day:
            new = self[-1] = _added(last, effect)
        else:
            place = bisect_left([bucket.day for bucket in self], day)
            if self[place].day == day:
                new = self[place] = _added(self[place], effect)
            else:
                new = _added(NOTHING, effect)
                self.insert(place, new)
        if not (new.receipts or new.spend_minor or new.points_centi or new.units_milli or new.uses):
            self.remove(new)
        if self._total is not None:
            self._total = _added(self._total, effect)
        end = _end(new)
        if self._end is not None:
            self._end = min(self._end, end)
            self._shortest = min(self._shortest, NEVER if new.keep_days is None else new.keep_days)
        return end

    def end(self) -> int:
        """A day before which no bucket is past its use."""
        if self._end is None:
            self._end = _first_end(self)
            self._shortest = min([b.keep_days for b in self if b.keep_days is not None], default=NEVER)
        return self._end

    def drop_past(self, today: int) -> bool:
        """Drop the buckets that are past their use; whether there were any.

        They lie by day, so mostly some of the first are past, and nobody has to look at all of them.
        """
        count = 0
        while count < len(self) and _end(self[count]) <= today:
            count += 1
        past = self[:count]
        del self[:count]
        end = self[0].day + self._shortest + 2 if self else NEVER
        if end <= today:
            past += [bucket for bucket in self if _end(bucket) <= today]
            self[:] = [bucket for bucket in self if _end(bucket) > today]
            end = _first_end(self)
        self._end = end
        if self._total is not None:
            for bucket in past:
                self._total = _less(self._total, bucket)
        return bool(past)


def _added(old: Bucket, effect: Counted) -> Bucket:
    """A day's bucket with what an effect counts; how long it matters is what was said last."""
    return Bucket(
        effect.day,
        old.receipts + effect.receipts,
        old.spend_minor + effect.spend_minor,
        old.points_centi + effect.points_centi,
        old.units_milli + effect.units_milli,
        old.uses + effect.uses,
        effect.keep_days,
    )


def _less(total: Bucket, bucket: Bucket) -> Bucket:
    """A sum without one of its buckets."""
    return Bucket(
        total.day,
        total.receipts - bucket.receipts,
        total.spend_minor - bucket.spend_minor,
        total.points_centi - bucket.points_centi,
        total.units_milli - bucket.units_milli,
        total.uses - bucket.uses,
    )


def _end(bucket: Bucket) -> int:
    """The first day on which a bucket is past its use: a day late, as local days may be one off UTC's."""
    return NEVER if bucket.keep_days is None else bucket.day + bucket.keep_days + 2


def _first_end(buckets: Iterable[Bucket]) -> int:
    """The first day on which one of some buckets is past its use."""
    return min([b.day + b.keep_days + 2 for b in buckets if b.keep_days is not None], default=NEVER)
