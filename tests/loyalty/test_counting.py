"""A counter's days beside the plain sum over them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.loyalty.counting import NEVER, Days
from app.loyalty.effects import Counted
from app.loyalty.standing import Bucket, sum_buckets

few = st.integers(-2, 2)
counts = st.builds(
    Counted,
    key=st.just("key"),
    day=st.integers(0, 30),
    receipts=few,
    spend_minor=few,
    points_centi=few,
    units_milli=few,
    uses=few,
    keep_days=st.none() | st.integers(0, 10),
)
steps = st.lists(counts | st.tuples(st.just("drop"), st.integers(0, 45)), max_size=30)
windows = st.tuples(st.integers(0, 31), st.none() | st.integers(0, 31))


def figures(bucket: Bucket) -> tuple[int, ...]:
    """What a sum of buckets counts, without the day and the term, which a sum has not."""
    _, *counted, _ = msgspec.structs.astuple(bucket)
    return tuple(counted)


def first_end(days: Days) -> int:
    return min([b.day + b.keep_days + 2 for b in days if b.keep_days is not None], default=NEVER)


@given(steps, windows)
def test_any_window_sums_what_is_there(
    steps: list[Counted | tuple[str, int]], window: tuple[int, int | None]
) -> None:
    days = Days()
    for step in steps:
        if isinstance(step, Counted):
            days.take(step)
        else:
            days.drop_past(step[1])
        days.end()
        assert list(days) == sorted(days, key=lambda bucket: bucket.day)
        assert len({bucket.day for bucket in days}) == len(days)
        assert figures(days.sum(*window)) == figures(sum_buckets(list(days), *window))


@given(st.lists(counts, max_size=20), st.integers(0, 45))
def test_what_is_past_goes_and_nothing_else(effects: list[Counted], today: int) -> None:
    days = Days()
    for effect in effects:
        days.take(effect)
    before = list(days)
    past = [b for b in before if b.keep_days is not None and b.day + b.keep_days + 2 <= today]
    assert days.end() <= first_end(days)
    assert days.drop_past(today) == bool(past)
    assert list(days) == [bucket for bucket in before if bucket not in past]
    assert today < min(days.end(), NEVER) <= first_end(days)


def test_days_that_come_late_find_their_place() -> None:
    days = Days([Bucket(7, receipts=1), Bucket(3, receipts=2)])
    assert days.take(Counted("key", 5, receipts=4, keep_days=10)) == 17
    assert [bucket.day for bucket in days] == [3, 5, 7]
    assert days.sum(4, 6).receipts == 4
    assert days.sum(0, None).receipts == 7


def test_a_window_after_many_days_sums_only_what_is_in_it() -> None:
    days = Days([Bucket(day, receipts=1, spend_minor=10 * day, uses=2) for day in range(1, 9)])
    assert [figures(days.sum(since, None)) for since in (8, 6, 5, 3, 2, 1)] == [
        (1, 80, 0, 0, 2), (3, 210, 0, 0, 6), (4, 260, 0, 0, 8), (6, 330, 0, 0, 12), (7, 350, 0, 0, 14),
        (8, 360, 0, 0, 16),
    ]  # fmt: skip
    assert figures(days.sum(6, 7)) == (2, 130, 0, 0, 4)


@pytest.mark.parametrize("day", [0, 3, 7])
def test_a_day_past_its_use_goes_on_that_very_day_wherever_it_lies(day: int) -> None:
    kept = [Bucket(1, receipts=1), Bucket(5, receipts=2, keep_days=20)]
    days = Days([*kept, Bucket(day, receipts=4, keep_days=3)])
    assert (days.end(), days.sum(0, None).receipts) == (day + 5, 7)
    assert not days.drop_past(day + 4)
    assert days.drop_past(day + 5)
    assert list(days) == kept
    assert days.sum(0, None).receipts == 3
    assert day + 5 < days.end() <= 27


def test_what_is_left_ends_in_its_own_time() -> None:
    days = Days([Bucket(1, receipts=1, keep_days=3), Bucket(2, receipts=1, keep_days=3)])
    assert (days.end(), days.drop_past(6), days.end()) == (6, True, 7)
