"""A counter's days beside the plain sum over them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.loyalty.counting import NEVER, Days
from app.loyalty.effects import Counted
from app.loyalty.standing import Bucket, sum_buckets

counts = st.builds(
    Counted,
    key=st.just("key"),
    day=st.integers(0, 30),
    receipts=st.integers(-2, 2),
    spend_minor=st.integers(-100, 100),
    keep_days=st.none() | st.integers(0, 10),
)
steps = st.lists(counts | st.tuples(st.just("drop"), st.integers(0, 45)), max_size=30)
windows = st.tuples(st.integers(0, 31), st.none() | st.integers(0, 31))


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
        summed, plain = days.sum(*window), sum_buckets(list(days), *window)
        assert (summed.receipts, summed.spend_minor) == (plain.receipts, plain.spend_minor)


@given(st.lists(counts, max_size=20), st.integers(0, 45))
def test_what_is_past_goes_and_nothing_else(effects: list[Counted], today: int) -> None:
    days = Days()
    for effect in effects:
        days.take(effect)
    before = list(days)
    past = [b for b in before if b.keep_days is not None and b.day + b.keep_days + 2 <= today]
    assert days.end() <= min(
        [b.day + b.keep_days + 2 for b in before if b.keep_days is not None], default=NEVER
    )
    assert days.drop_past(today) == bool(past)
    assert list(days) == [bucket for bucket in before if bucket not in past]
    assert days.end() > today


def test_days_that_come_late_find_their_place() -> None:
    days = Days([Bucket(7, receipts=1), Bucket(3, receipts=2)])
    assert days.take(Counted("key", 5, receipts=4, keep_days=10)) == 17
    assert [bucket.day for bucket in days] == [3, 5, 7]
    assert days.sum(4, 6).receipts == 4
    assert days.sum(0, None).receipts == 7
