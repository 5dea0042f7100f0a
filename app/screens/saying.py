"""From outcomes, reasons and figures to the words on the screen, in one language and currency."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from app.checkout.outcome import Outcome, Weight
from app.checkout.wording import spoken
from app.screens.views import Notice, Tone
from app.texts import Texts

_TONES = {Weight.DONE: Tone.WELL, Weight.NOTE: Tone.CAUTION, Weight.REFUSED: Tone.CAUTION}
_ERRORS = frozenset({"not_written"})
"""Refusals that are the machine's fault and not the moment's."""
_NAMED = frozenset({"rule", "item"})
"""Values that are ids of things with translated names."""


class Said(Struct, frozen=True):
    """What was last said to the cashier, before words: a switch of language says it again."""

    message: str = ""
    tone: Tone = Tone.QUIET
    values: Mapping[str, str | int] = {}

    @staticmethod
    def of(outcome: Outcome) -> Said:
        tone = Tone.ERROR if outcome.code in _ERRORS else _TONES[outcome.weight]
        return Said(f"till.{outcome.code}", tone, outcome.values)

    def notice(self, words: Texts, currency: str, name: Callable[[str], str] = str) -> Notice:
        """The message line; empty when nothing was said. `name` says what rules and things are called."""
        if not self.message:
            return Notice(self.tone, "")
        values = spoken(words, currency, self.values)
        named = {key: name(str(values[key])) for key in _NAMED & values.keys()}
        return Notice(self.tone, words.get(self.message, **{**values, **named}))
