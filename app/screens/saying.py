"""From outcomes, reasons and figures to the words on the screen, in one language and currency."""

from __future__ import annotations

from collections.abc import Mapping

from app.checkout.outcome import Outcome, Weight
from app.screens.views import Notice, Tone
from app.texts import Texts

_TONES = {Weight.DONE: Tone.WELL, Weight.NOTE: Tone.CAUTION, Weight.REFUSED: Tone.CAUTION}


def spoken(words: Texts, currency: str, values: Mapping[str, str | int]) -> dict[str, str | int]:
    """Values as texts: `*_minor` as money, `*_centi` as counted points, `*_milli` as a quantity."""
    return {name: _spoken(words, currency, name, value) for name, value in values.items()}


def _spoken(words: Texts, currency: str, name: str, value: str | int) -> str | int:
    if isinstance(value, str):
        return value
    unit = name.rpartition("_")[2]
    if unit == "minor":
        return words.money(value, currency)
    if unit == "centi":
        return words.counted_points(value)
    return words.qty(value) if unit == "milli" else value


def notice(words: Texts, currency: str, outcome: Outcome) -> Notice:
    """An outcome as the message line shows it."""
    text = words.get(f"till.{outcome.code}", **spoken(words, currency, outcome.values))
    return Notice(_TONES[outcome.weight], text)
