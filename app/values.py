"""Values that cross every border: money, points, quantities, rates, ids, time.

Money is an integer of the currency's minor units, points are integers of hundredths of a point and
quantities integers of thousandths; each name ends in its unit (`price_minor`, `earned_centi`,
`qty_milli`). No float ever touches one. Text becomes a value only here, and only if it is exact.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from typing import Final, Literal

Rounding = Literal["half_up", "down"]

POINT_CENTI: Final = 100
"""Hundredths in one point."""
QTY_MILLI: Final = 1000
"""Thousandths in one piece or kilogram."""
AMOUNT_MAX: Final = 10**15
"""The largest amount, in minor units, a value may have: sums of many still fit SQLite's 64 bits."""

_DECIMAL = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?", re.ASCII)
_MINOR_DIGITS: Final = {
    "BHD": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0,
    "KMF": 0, "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip


class ValueProblem(ValueError):
    """A text or number that is not an exact value of the kind asked for; says why."""


@cache
def minor_digits(currency: str) -> int:
    """Decimal digits of a currency's minor unit (ISO 4217): PLN 2, JPY 0."""
    if not re.fullmatch(r"[A-Z]{3}", currency, re.ASCII):
        raise ValueProblem(f"{currency!r} is not a currency code of three capital letters (ISO 4217)")
    return _MINOR_DIGITS.get(currency, 2)


def parse_scaled(text: str, digits: int) -> int:
    """An exact decimal text as an integer of 10^-digits: ("19.99", 2) is 1999.

    Refuses what would need rounding, exponents, NaN, separators and anything over `AMOUNT_MAX`.
    """
    if not _DECIMAL.fullmatch(text):
        raise ValueProblem(f"{text!r} is not a plain decimal number such as 19.99")
    whole, _, part = text.partition(".")
    if len(part.rstrip("0")) > digits:
        raise ValueProblem(f"{text!r} has more than {digits} decimal places")
    part = part.rstrip("0").ljust(digits, "0")
    value = int(whole + part)
    if abs(value) > AMOUNT_MAX:
        raise ValueProblem(f"{text!r} is too large")
    return value


def format_scaled(value: int, digits: int) -> str:
    """The inverse of `parse_scaled`: (1999, 2) is "19.99". Always all digits, always a point."""
    sign = "-" if value < 0 else ""
    text = str(abs(value)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"


def format_short(value: int, digits: int) -> str:
    """Like `format_scaled` without needless zeros: (2000, 3) is "2", (642, 3) is "0.642"."""
    text = format_scaled(value, digits)
    return text.rstrip("0").rstrip(".") if digits else text


def parse_money(text: str, currency: str) -> int:
    """Decimal text to minor units of `currency`."""
    return parse_scaled(text, minor_digits(currency))


def format_money(value_minor: int, currency: str) -> str:
    """Minor units to the plain decimal text of files and contracts (screens use `app.texts`)."""
    return format_scaled(value_minor, minor_digits(currency))


def parse_rate(text: str) -> Fraction:
    """An exact rate: "5%", "5 %" and "0.05" are all 1/20."""
    stripped = text.strip()
    percent = stripped.endswith("%")
    number = stripped[:-1].rstrip() if percent else stripped
    if not _DECIMAL.fullmatch(number):
        raise ValueProblem(f"{text!r} is not a rate such as 5% or 0.05")
    return Fraction(number) / (100 if percent else 1)


def div_round(numerator: int, denominator: int, rounding: Rounding = "half_up") -> int:
    """numerator / denominator to an integer; halves away from zero, or towards zero with "down"."""
    if numerator >= 0 and denominator > 0:
        if rounding == "down":
            return numerator // denominator
        return (2 * numerator + denominator) // (2 * denominator)
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    size = abs(numerator)
    size = size // denominator if rounding == "down" else (2 * size + denominator) // (2 * denominator)
    return size if numerator >= 0 else -size


def mul_rate(amount: int, rate: Fraction, rounding: Rounding = "half_up") -> int:
    """`amount` times an exact rate, rounded once."""
    return div_round(amount * rate.numerator, rate.denominator, rounding)


def line_gross(unit_price_minor: int, qty_milli: int, rounding: Rounding = "half_up") -> int:
    """Price times quantity in minor units: 29.90 a kilogram, 0.642 kg is 19.20."""
    return div_round(unit_price_minor * qty_milli, QTY_MILLI, rounding)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Split a non-negative amount by weight, by largest remainder: the parts add up exactly.

    Where the weights are ceilings (a discount over lines' prices) and amount ≤ Σ weights, no part
    exceeds its weight. Equal remainders go to the earlier part. Zero weights get nothing.
    Raises ValueProblem for a negative amount or weight, or weights that are all zero under an amount.
    """
    total = sum(weights)
    if amount < 0 or (weights and min(weights) < 0):
        raise ValueProblem("only a non-negative amount can be spread over non-negative weights")
    if amount == 0:
        return [0] * len(weights)
    if total == 0:
        raise ValueProblem("an amount cannot be spread over nothing")
    parts = [amount * weight // total for weight in weights]
    rest = amount - sum(parts)
    if rest:
        lacking = [part * total - amount * weight for part, weight in zip(parts, weights, strict=True)]
        for i in sorted(range(len(parts)), key=lacking.__getitem__)[:rest]:  # stable: the earlier first
            parts[i] += 1
    return parts


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its currency, for the edges (texts, receipts); inside, plain `*_minor` integers."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise ValueProblem(f"{self.currency} and {other.currency} do not mix in one sum")
        return other.minor

    def __str__(self) -> str:
        return f"{format_money(self.minor, self.currency)} {self.currency}"


def uuid7(now_ms: int, random_bytes: Callable[[int], bytes]) -> uuid.UUID:
    """A UUIDv7 (RFC 9562, 5.7) of a given time and source of randomness, so that a simulation repeats."""
    tail = int.from_bytes(random_bytes(10), "big")
    value = (now_ms & (1 << 48) - 1) << 80 | 0x7 << 76 | (tail >> 68 & 0xFFF) << 64
    return uuid.UUID(int=value | 0b10 << 62 | tail & (1 << 62) - 1)


def utc_ms(moment: datetime) -> int:
    """An aware moment as milliseconds since 1970; refuses a naive one."""
    if moment.tzinfo is None:
        raise ValueProblem("a moment needs a time zone")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def from_ms(ms: int) -> datetime:
    """Milliseconds since 1970 as an aware UTC moment."""
    seconds, rest = divmod(ms, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
