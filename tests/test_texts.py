"""What `app.texts` says for itself is what CLDR says by way of Babel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from babel.core import Locale
from babel.dates import format_time, get_timezone
from babel.numbers import format_percent, get_decimal_symbol, get_group_symbol
from hypothesis import given
from hypothesis import strategies as st

import resources
from app import texts
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
def test_percent_signs_stand_as_in_babel(lang: str) -> None:
    told = format_percent(Decimal("0.23"), locale=locale_of(lang))
    assert Texts(lang).percent("23") == told
    written = "".join(file.read_text() for file in resources.path("texts").glob(f"*.{lang}.yaml"))
    assert {*re.findall(r"}(.?)%", written)} == {told[2:-1].replace(NBSP, " ")}


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


@pytest.fixture
def catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of catalogues of its own."""
    monkeypatch.setattr(texts.resources, "path", lambda *parts: tmp_path.joinpath(*parts[1:]))
    monkeypatch.setattr(texts, "_catalogue", texts._catalogue.__wrapped__)
    (tmp_path / "shop.en.yaml").write_text(
        "shop.open: Open\nshop.days:\n  one: one day\n  other: '{n} days'\n"
    )
    return tmp_path


def test_a_catalogue_is_compiled_and_read_from_that(
    catalogues: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = texts._catalogue("shop", "en")
    assert first == {"shop.open": "Open", "shop.days": {"one": "one day", "other": "{n} days"}}
    monkeypatch.setattr(texts, "_compile", lambda *_: pytest.fail("compiled again"))
    assert texts._catalogue("shop", "en") == first
    assert texts._catalogue("shop", "pl") == {}


@pytest.mark.parametrize("damage", ["edited", "cut", "of another kind"])
def test_what_was_compiled_before_does_not_outlive_its_source(catalogues: Path, damage: str) -> None:
    before = texts._catalogue("shop", "en")
    source, compiled = catalogues / "shop.en.yaml", catalogues / "shop.en.json"
    if damage == "edited":
        at_ns = source.stat().st_mtime_ns
        source.write_text("shop.open: Come in\n")
        os.utime(source, ns=(at_ns, at_ns))
        assert texts._catalogue("shop", "en") == {"shop.open": "Come in"}
    else:
        compiled.write_bytes(compiled.read_bytes()[:-4] if damage == "cut" else b'{"shop.open": 1}')
        assert texts._catalogue("shop", "en") == before
    assert sorted(file.name for file in catalogues.iterdir()) == ["shop.en.json", "shop.en.yaml"]


def test_what_was_packed_is_read_though_its_files_were_written_anew(
    catalogues: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installer gives files the time it pleases."""
    texts.build()
    os.utime(catalogues / "shop.en.yaml", ns=(1, 1))
    monkeypatch.setattr(texts, "_compile", lambda *_: pytest.fail("compiled again"))
    assert texts._catalogue("shop", "en")["shop.open"] == "Open"


def test_a_folder_that_cannot_be_written_uses_the_users_cache(
    catalogues: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(texts.resources, "cache", lambda: kept)
    # Asked of the system, since root may write anywhere and permissions alone would prove nothing.
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert texts._catalogue("shop", "en")["shop.open"] == "Open"
    assert [file.name for file in catalogues.iterdir()] == ["shop.en.yaml"]
    monkeypatch.setattr(texts, "_compile", lambda *_: pytest.fail("compiled again"))
    assert texts._catalogue("shop", "en")["shop.open"] == "Open"
    assert [file.name for file in kept.iterdir()] == ["shop.en.json"]
