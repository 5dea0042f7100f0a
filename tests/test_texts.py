"""What `app.texts` says for itself is what CLDR says by way of Babel."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest
from babel.core import Locale
from babel.dates import format_time, get_timezone
from babel.numbers import get_decimal_symbol, get_group_symbol
from hypothesis import given
from hypothesis import strategies as st

from app.texts import LANGUAGES, NBSP, Texts, plural
from app.values import from_ms


def locale_of(lang: str) -> Locale:
    return Locale.parse("en_GB" if lang == "en" else lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_separators_are_babels(lang: str) -> None:
    locale, words = locale_of(lang), Texts(lang)
    group = get_group_symbol(locale)
    assert words.decimal == get_decimal_symbol(locale)
    assert words.scaled(123456789, 2) == f"1{group}234{group}567{words.decimal}89"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("n", [*range(131), 1001, 1011, 1021, 1_000_000])
def test_plural_forms_of_whole_numbers_are_babels(lang: str, n: int) -> None:
    assert plural(lang, n) == plural(lang, -n) == plural(lang, Decimal(n)) == locale_of(lang).plural_form(n)


@pytest.mark.parametrize("lang", LANGUAGES)
@given(n=st.decimals(0, 10_000, places=3))
def test_plural_forms_of_parts_are_babels(lang: str, n: Decimal) -> None:
    assert plural(lang, n) == locale_of(lang).plural_form(n)


@pytest.mark.parametrize("lang", LANGUAGES)
@given(at_ms=st.integers(0, 4_000_000_000_000))
def test_the_clock_is_babels(lang: str, at_ms: int) -> None:
    zone = "Europe/Warsaw"
    told = format_time(from_ms(at_ms), "short", tzinfo=get_timezone(zone), locale=locale_of(lang))
    assert Texts(lang).time(at_ms, zone) == told


def test_paper_has_no_unbreakable_space() -> None:
    assert NBSP not in Texts("pl", paper=True).money(123456, "PLN")


def test_what_a_scan_says_needs_no_babel() -> None:
    code = """
import sys
from app.texts import texts
for lang in ("ru", "pl", "en"):
    words = texts(lang)
    words.money(123456, "PLN"), words.get("pieces", n=5), words.time(0, "Europe/Warsaw")
assert not [name for name in sys.modules if name.startswith("babel")]
"""
    subprocess.run([sys.executable, "-c", code], check=True)
