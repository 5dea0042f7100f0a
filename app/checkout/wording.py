"""From a decision's reasons to words: why a price is what it is, what is missing, what to offer."""

from __future__ import annotations

from app.loyalty.engine import Compiled


def rule_name(programme: Compiled, rule: str, lang: str) -> str:
    """A rule's own name; its id where the programme in force no longer knows it."""
    found = next((each for each in programme.programme.rules if each.id == rule), None)
    return found.name.get(lang) if found else rule
