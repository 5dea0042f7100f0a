"""Text becomes a value only if it is exact, amounts are rounded once, and parts add up."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.values import (
    AMOUNT_MAX,
    Money,
    ValueProblem,
    div_round,
    format_money,
    format_scaled,
    format_short,
    from_ms,
    line_gross,
    minor_digits,
    mul_rate,
    parse_money,
    parse_rate,
    parse_scaled,
    spread,
    utc_ms,
    uuid7,
)


@pytest.mark.parametrize(
    ("text", "digits", "value"),
    [
        ("19.99", 2, 1999),
        ("-0.5", 2, -50),
        ("+7", 0, 7),
        ("0.642", 3, 642),
        ("1.50000", 1, 15),
        ("007", 0, 7),
        ("10000000000000.00", 2, AMOUNT_MAX),
        ("-10000000000000.00", 2, -AMOUNT_MAX),
    ],
)
def test_exact_decimals_become_integers(text: str, digits: int, value: int) -> None:
    assert parse_scaled(text, digits) == value


@pytest.mark.parametrize(
    ("text", "digits", "reason"),
    [
        ("1.999", 2, "'1.999' has more than 2 decimal places"),
        ("0.1", 0, "'0.1' has more than 0 decimal places"),
        ("10000000000000.01", 2, "'10000000000000.01' is too large"),
        ("-10000000000000.01", 2, "'-10000000000000.01' is too large"),
        *[
            (text, 2, f"{text!r} is not a plain decimal number such as 19.99")
            for text in (
                "",
                "x",
                "1e3",
                "NaN",
                "1,5",
                "1 000",
                ".5",
                "5.",
                "٣",
                "0x1",
                "1.2.3",
                "9" * 19,
                "--1",
                "1\n",
            )
        ],
    ],
)
def test_what_is_not_exact_is_refused_with_its_reason(text: str, digits: int, reason: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        parse_scaled(text, digits)
    assert str(caught.value) == reason


@given(st.integers(-AMOUNT_MAX, AMOUNT_MAX), st.integers(0, 4))
def test_formatting_and_parsing_are_inverse(value: int, digits: int) -> None:
    assert parse_scaled(format_scaled(value, digits), digits) == value
    assert parse_scaled(format_short(value, digits), digits) == value


@pytest.mark.parametrize(
    ("value", "digits", "full", "short"),
    [
        (1999, 2, "19.99", "19.99"),
        (-5, 2, "-0.05", "-0.05"),
        (2000, 3, "2.000", "2"),
        (1230, 2, "12.30", "12.3"),
        (100, 0, "100", "100"),
        (0, 2, "0.00", "0"),
    ],
)
def test_all_digits_or_only_those_needed(value: int, digits: int, full: str, short: str) -> None:
    assert (format_scaled(value, digits), format_short(value, digits)) == (full, short)


def test_a_currency_has_its_digits() -> None:
    assert [minor_digits(code) for code in ("PLN", "JPY", "KWD", "XXX")] == [2, 0, 3, 2]
    assert (parse_money("5", "JPY"), format_money(1234, "KWD"), format_money(7, "PLN")) == (
        5,
        "1.234",
        "0.07",
    )
    for wrong in ("zł", "pln", "PLNN", "", "ŻŻŻ"):
        with pytest.raises(ValueProblem) as caught:
            minor_digits(wrong)
        assert str(caught.value) == f"{wrong!r} is not a currency code of three capital letters (ISO 4217)"


def test_rates_are_exact() -> None:
    assert {parse_rate(text) for text in ("5%", " 5 % ", "0.05")} == {Fraction(1, 20)}
    assert parse_rate("33.333%") == Fraction(33333, 100_000)
    for wrong in ("", "%", "5%%", "five", "1e-2", "5 %x"):
        with pytest.raises(ValueProblem) as caught:
            parse_rate(wrong)
        assert str(caught.value) == f"{wrong!r} is not a rate such as 5% or 0.05"


@pytest.mark.parametrize(
    ("numerator", "denominator", "half_up", "down"),
    [(5, 2, 3, 2), (-5, 2, -3, -2), (5, -2, -3, -2), (7, 3, 2, 2), (8, 3, 3, 2), (0, 9, 0, 0), (-1, 3, 0, 0)],
)
def test_halves_go_away_from_zero_or_towards_it(
    numerator: int, denominator: int, half_up: int, down: int
) -> None:
    assert div_round(numerator, denominator) == half_up
    assert div_round(numerator, denominator, "down") == down


def test_an_amount_is_rounded_once() -> None:
    assert mul_rate(1050, Fraction(5, 100)) == 53
    assert mul_rate(1050, Fraction(5, 100), "down") == 52
    assert (line_gross(2990, 642), line_gross(2990, 642, "down"), line_gross(15, 100, "half_up")) == (
        1920,
        1919,
        2,
    )


def test_the_largest_remainders_get_what_is_left_and_equal_ones_the_earlier() -> None:
    assert spread(100, [1, 1, 1]) == [34, 33, 33]
    assert spread(10, [3, 4, 5]) == [3, 3, 4]
    assert spread(0, [3, 0]) == [0, 0]
    assert spread(0, []) == spread(0, [0])[1:] == []
    assert spread(7, [0, 7, 0]) == [0, 7, 0]


@given(st.lists(st.integers(0, 10**6), min_size=1), st.integers(0, 10**7))
def test_parts_add_up_and_never_pass_their_ceiling(weights: list[int], amount: int) -> None:
    if not sum(weights):
        weights[0] = 1
    parts = spread(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(amount * weight, sum(weights))) < 1
        if amount <= sum(weights):
            assert part <= weight


@pytest.mark.parametrize(
    ("amount", "weights", "reason"),
    [
        (-1, [1], "only a non-negative amount can be spread over non-negative weights"),
        (1, [2, -1], "only a non-negative amount can be spread over non-negative weights"),
        (1, [0, 0], "an amount cannot be spread over nothing"),
        (1, [], "an amount cannot be spread over nothing"),
    ],
)
def test_what_cannot_be_spread_is_refused(amount: int, weights: list[int], reason: str) -> None:
    with pytest.raises(ValueProblem) as caught:
        spread(amount, weights)
    assert str(caught.value) == reason


def test_money_of_two_currencies_does_not_mix() -> None:
    one, two = Money(150, "PLN"), Money(50, "PLN")
    assert (one + two, one - two, -one) == (Money(200, "PLN"), Money(100, "PLN"), Money(-150, "PLN"))
    assert str(one) == "1.50 PLN"
    for mixed in (lambda: one + Money(1, "EUR"), lambda: one - Money(1, "EUR")):
        with pytest.raises(ValueProblem) as caught:
            mixed()
        assert str(caught.value) == "PLN and EUR do not mix in one sum"


def test_a_uuid_of_version_7_holds_its_time_and_its_randomness() -> None:
    asked: list[int] = []

    def ones(count: int) -> bytes:
        asked.append(count)
        return b"\xff" * count

    made = uuid7(0x0123456789AB, ones)
    assert made == uuid.UUID("01234567-89ab-7fff-bfff-ffffffffffff")
    assert uuid7(0x0123456789AB, bytes) == uuid.UUID("01234567-89ab-7000-8000-000000000000")
    assert (made.version, made.variant, asked) == (7, uuid.RFC_4122, [10])
    assert uuid7((1 << 48) + 5, bytes) == uuid7(5, bytes)


def test_moments_are_milliseconds_since_1970_and_know_their_zone() -> None:
    moment = datetime(2026, 1, 15, 12, 0, 0, 250_999, tzinfo=UTC)
    assert utc_ms(moment) == 1_768_478_400_250
    assert utc_ms(datetime(1970, 1, 2, 1, tzinfo=timezone(timedelta(hours=1)))) == 86_400_000
    assert from_ms(1_768_478_400_250) == moment.replace(microsecond=250_000)
    assert from_ms(-1) == datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    assert utc_ms(datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)) == -1
    with pytest.raises(ValueProblem) as caught:
        utc_ms(datetime(2026, 1, 15))
    assert str(caught.value) == "a moment needs a time zone"


def test_a_value_problem_is_a_value_error() -> None:
    problem: Any = ValueProblem("x")
    assert isinstance(problem, ValueError)
