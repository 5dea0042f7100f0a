"""From outcomes, reasons and figures to the words on the screen, in one language and currency."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from app.checkout.outcome import Outcome, Weight
from app.checkout.wording import spoken
from app.screens.views import Notice, Tone
from app.texts import Texts

_TONES = {Weight.DONE: Tone.WELL, Weight.NOTE: Tone.CAUTION, Weight.REFUSED: Tone.CAUTION}
_ERRORS = frozenset({"not_written"})
"""Refusals that are the machine's fault and not the moment's."""


class Said(Struct, frozen=True):
    """What was last said to the cashier, before words: a switch of language says it again."""

    message: str = ""
    tone: Tone = Tone.QUIET
    values: Mapping[str, str | int] = {}

    @staticmethod
    def of(outcome: Outcome) -> Said:
        tone = Tone.ERROR if outcome.code in _ERRORS else _TONES[outcome.weight]
        return Said(f"till.{outcome.code}", tone, outcome.values)

    def notice(self, words: Texts, currency: str) -> Notice:
        """The message line; empty when nothing was said."""
        text = words.get(self.message, **spoken(words, currency, self.values)) if self.message else ""
        return Notice(self.tone, text)
