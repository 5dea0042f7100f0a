"""Outcomes in words: every one the till can give, in every language, with its figures."""

from __future__ import annotations

import re

import pytest

import resources
from app.checkout.outcome import note, refused
from app.checkout.wording import spoken
from app.screens.saying import Said
from app.screens.views import Notice, Tone
from app.texts import LANGUAGES, texts

CHECKOUT = resources.ROOT.parent / "app" / "checkout"
SCREENS = resources.ROOT.parent / "app" / "screens"


def test_values_are_spoken_by_their_unit() -> None:
    values = spoken(texts("pl"), "PLN", {"due_minor": 6811, "points_centi": 2200, "qty_milli": 642, "n": 3})
    assert values == {
        "due_minor": "68,11\xa0zł",
        "points_centi": "22\xa0punkty",
        "qty_milli": "0,642",
        "n": 3,
    }


def test_a_refusal_is_amber_and_a_lost_disk_red() -> None:
    assert Said.of(note("card_blocked")).tone is Tone.CAUTION
    assert Said.of(refused("no_shift")).tone is Tone.CAUTION
    assert Said.of(refused("not_written", reason="disk full")).tone is Tone.ERROR


def test_nothing_said_is_an_empty_line() -> None:
    assert Said().notice(texts("en"), "PLN") == Notice(Tone.QUIET, "")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_message_that_a_screen_asks_for_is_there(lang: str) -> None:
    source = "\n".join(file.read_text("utf-8") for file in SCREENS.glob("*.py"))
    asked = {name for name in re.findall(r'"(screen\.[a-z_.]+)"', source) if not name.endswith(".")}
    assert len(asked) > 20
    assert [name for name in sorted(asked) if not texts(lang).has(name)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_outcome_of_the_till_has_words(lang: str) -> None:
    source = "\n".join(file.read_text("utf-8") for file in CHECKOUT.glob("*.py"))
    codes = set(re.findall(r'\b(?:done|note|refused)\(\s*"([a-z_]+)"', source))
    assert "unknown_code" in codes
    assert [code for code in sorted(codes) if not texts(lang).has(f"till.{code}")] == []


def test_the_languages_say_the_same_things() -> None:
    """One message in three catalogues has the same placeholders."""

    def placeholders(lang: str) -> dict[str, set[str]]:
        lines = resources.path("texts", f"screen.{lang}.yaml").read_text("utf-8").splitlines()
        pairs = (line.partition(": ") for line in lines if line.startswith("screen."))
        return {name: set(re.findall(r"\{(\w+)\}", text)) for name, _, text in pairs}

    assert placeholders("en") == placeholders("pl") == placeholders("ru")
