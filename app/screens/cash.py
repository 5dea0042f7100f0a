"""Cash: which sums a customer is likely to hand over, and what was typed on the keypad."""

from __future__ import annotations

from typing import Final

from app.values import ValueProblem, minor_digits, parse_scaled

_NOTES: Final = {
    "PLN": (10, 20, 50, 100, 200, 500),
    "RUB": (50, 100, 200, 500, 1000, 2000, 5000),
    "EUR": (5, 10, 20, 50, 100, 200),
    "USD": (1, 5, 10, 20, 50, 100),
    "GBP": (5, 10, 20, 50),
    "UAH": (20, 50, 100, 200, 500, 1000),
    "KZT": (500, 1000, 2000, 5000, 10000, 20000),
}
"""Banknotes in circulation, in whole units, from the central banks' lists (2025)."""
_OTHER: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ENTRY_DIGITS: Final = 9
"""More digits than this before the separator are a barcode in the wrong place."""


def likely_sums(due_minor: int, currency: str, most: int = 3) -> tuple[int, ...]:
    """Sums above what is due that are handed over in practice: the next of each note, smallest first."""
    unit = 10 ** minor_digits(currency)
    notes = [note * unit for note in _NOTES.get(currency, _OTHER)]
    if due_minor <= 0:
        return ()
    sums = {-(-due_minor // note) * note for note in notes}
    # Nobody counts out seven notes for a coffee: sums of more than three are left out.
    return tuple(sorted(s for s in sums if s > due_minor and _notes_in(s, notes) <= 3))[:most]


def _notes_in(sum_minor: int, notes: list[int]) -> int:
    """The fewest notes that make a sum (the usual series 1-2-5 lets greed find it)."""
    count = 0
    for note in reversed(notes):
        count += sum_minor // note
        sum_minor %= note
    return count


def typed(entry: str, key: str, decimals: int) -> str:
    """The entry after a key: a digit, "," for the separator, or backspace; nonsense changes nothing."""
    if key == "\b":
        return entry[:-1]
    if key == ",":
        return entry if "," in entry or decimals == 0 else f"{entry or '0'},"
    whole, comma, part = entry.partition(",")
    if comma:
        return entry if len(part) >= decimals else entry + key
    if len(whole) >= ENTRY_DIGITS:
        return entry
    return key if whole == "0" else entry + key


def entered(entry: str, decimals: int) -> int | None:
    """The entry as a scaled integer; None while it says nothing yet."""
    if not entry:
        return None
    try:
        return parse_scaled(entry.rstrip(",").replace(",", "."), decimals)
    except ValueProblem:
        return None
