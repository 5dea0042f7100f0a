"""Everything a use case can say has words in every language."""

from __future__ import annotations

import re
from pathlib import Path

import app.checkout
from app.texts import LANGUAGES, texts

_SAID = re.compile(r"""\b(?:done|note|refused)\(\s*"(\w+)"(?:\s+if\s.+?\selse\s+"(\w+)")?""", re.DOTALL)


def codes() -> set[str]:
    folder = Path(app.checkout.__file__ or "").parent
    found = (match for file in folder.glob("*.py") for match in _SAID.findall(file.read_text("utf-8")))
    return {code for match in found for code in match if code}


def test_every_outcome_has_words() -> None:
    assert {"rung", "qty_set", "voided", "gift_card_unknown"} <= codes()
    missing = [(code, lang) for code in codes() for lang in LANGUAGES if not texts(lang).has(f"till.{code}")]
    assert missing == []
