"""Every code that the engine can say has a text in three languages, with all the forms it needs."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

import app.loyalty
import resources
from app.texts import LANGUAGES, texts

SOURCES = sorted(Path(app.loyalty.__file__).parent.rglob("*.py"))
CATALOGUES = {
    lang: yaml.safe_load(resources.path("texts", f"loyalty.{lang}.yaml").read_text("utf-8"))
    for lang in LANGUAGES
}
FORMS = {"en": {"one", "other"}, "pl": {"one", "few", "many", "other"}, "ru": {"one", "few", "many", "other"}}


def codes() -> set[str]:
    """The codes in the engine's source; those put together at run time are spelled out here."""
    found = {
        "challenge_receipts", "challenge_units", "challenge_categories", "challenge_weeks", "limit_per_day",
        "limit_per_week", "limit_per_month", "code_unknown", "missing_to_percent", "missing_to_amount",
        "missing_to_points", "missing_to_gift", "missing_spend_to_level", "missing_points_to_level",
        "missing_receipts_to_level", "coupon_used", "coupon_not_presented",
    }  # fmt: skip
    for source in SOURCES:
        text = source.read_text("utf-8")
        found |= set(re.findall(r'\.(?:no|yes)\(\s*"(\w+)"', text))
        found |= set(re.findall(r'Reason\(\s*[\w.]+, (?:True|False), "(\w+)"', text))
        found |= set(re.findall(r'Message\("(\w+)"', text))
        found |= set(re.findall(r'code = "(\w+)"', text))
    return found


def test_the_catalogues_hold_exactly_the_engines_codes() -> None:
    for lang in LANGUAGES:
        assert set(CATALOGUES[lang]) == {f"loyalty.{code}" for code in codes()}, lang


@pytest.mark.parametrize("lang", LANGUAGES)
def test_plural_entries_have_every_form_and_the_same_placeholders(lang: str) -> None:
    for key, entry in CATALOGUES[lang].items():
        other = CATALOGUES["en"][key]
        assert isinstance(entry, dict) == isinstance(other, dict), key
        forms = entry if isinstance(entry, dict) else {"other": entry}
        if isinstance(entry, dict):
            assert set(entry) == FORMS[lang], key
        wanted = set(re.findall(r"\{(\w+)\}", other["other"] if isinstance(other, dict) else other))
        for text in forms.values():
            assert set(re.findall(r"\{(\w+)\}", text)) == wanted, (key, text)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("ru", ["штамп", "штампа", "штампов", "штамп", "штампа", "штампов", "штампа"]),
        ("pl", ["pieczątka", "pieczątki", "pieczątek", "pieczątek", "pieczątki", "pieczątek", "pieczątki"]),
        ("en", ["stamp", "stamps", "stamps", "stamps", "stamps", "stamps", "stamps"]),
    ],
)
def test_numbers_choose_the_right_form(lang: str, words: list[str]) -> None:
    numbers = [1, 2, 5, 21, 22, 25, Decimal("1.5")]
    said = [texts(lang).get("loyalty.stamps_to_free", n=n, have=0, size=6) for n in numbers]
    assert [
        next(w for w in re.findall(r"\w+", text) if w[:4] in ("штам", "piec", "stam")) for text in said
    ] == words
