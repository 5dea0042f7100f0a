"""From what the engine says to words: rule names, discounts, reasons, offers."""

from __future__ import annotations

from app.loyalty.engine import Compiled
from app.loyalty.wording import name_of


def rule_name(programme: Compiled, rule: str, lang: str) -> str:
    """A rule's own name; its id where the programme in force no longer knows it."""
    return name_of(programme, rule).get(lang)
