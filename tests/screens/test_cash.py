"""Quick sums and the keypad's entry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.screens.cash import ENTRY_DIGITS, entered, likely_sums, typed


@pytest.mark.parametrize(
    ("due_minor", "currency", "sums"),
    [
        (6811, "PLN", (7000, 8000, 10000)),
        (999, "PLN", (1000, 2000, 5000)),
        (10000, "PLN", (20000, 50000)),
        (68_11, "EUR", (7000, 8000, 10000)),
        (145_00, "RUB", (150_00, 200_00, 500_00)),
        (0, "PLN", ()),
        (120, "JPY", (150, 200, 500)),
    ],
)
def test_sums_are_those_people_hand_over(due_minor: int, currency: str, sums: tuple[int, ...]) -> None:
    assert likely_sums(due_minor, currency) == sums


@given(st.integers(1, 10**8), st.sampled_from(["PLN", "RUB", "EUR", "JPY", "KZT"]))
def test_every_sum_covers_what_is_due(due_minor: int, currency: str) -> None:
    sums = likely_sums(due_minor, currency)
    assert all(each > due_minor for each in sums)
    assert list(sums) == sorted(set(sums))


def keys(text: str, decimals: int = 2) -> str:
    entry = ""
    for key in text:
        entry = typed(entry, key, decimals)
    return entry


@pytest.mark.parametrize(
    ("text", "entry"),
    [("100", "100"), (",5", "0,5"), ("12,345", "12,34"), ("1,,2", "1,2"), ("007", "7"), ("12\b\b\b", "")],
)
def test_typing(text: str, entry: str) -> None:
    assert keys(text) == entry


def test_yen_have_no_separator() -> None:
    assert keys("12,5", decimals=0) == "125"


@given(st.text(alphabet="0123456789,\b", max_size=30), st.sampled_from([0, 2, 3]))
def test_whatever_is_typed_is_a_sum_or_nothing(text: str, decimals: int) -> None:
    entry = keys(text, decimals)
    value = entered(entry, decimals)
    assert (value is None) == (entry == "")
    assert value is None or 0 <= value < 10 ** (ENTRY_DIGITS + decimals)
