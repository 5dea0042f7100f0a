"""Every label of the window in every language, and catalogues that fail say so."""

from __future__ import annotations

import os
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from app.texts import texts
from app.ui import translations as tr
from app.ui.keypad import Keypad
from app.ui.look import Look
from app.ui.translations import TranslationProblem, Translations
from app.ui.window import MainWindow

UI = resources.ROOT.parent / "app" / "ui"


def messages(file: Path) -> dict[tuple[str, str], ET.Element]:
    root = ET.parse(file).getroot()
    found: dict[tuple[str, str], ET.Element] = {}
    for context in root.iter("context"):
        name = context.findtext("name", "")
        for message in context.iter("message"):
            translation = message.find("translation")
            assert translation is not None
            found[name, message.findtext("source", "")] = translation
    return found


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """What the sources say, as lupdate itself reads them."""
    fresh = tmp_path_factory.mktemp("ts") / "fresh.ts"
    tool = tr._lrelease().with_name("lupdate")
    files = [str(file) for file in sorted(UI.glob("*.py"))]
    subprocess.run([str(tool), "-silent", *files, "-ts", str(fresh)], check=True, timeout=60)
    return set(messages(fresh))


@pytest.mark.parametrize("lang", tr.TRANSLATED)
def test_every_label_is_translated_and_none_is_left_over(lang: str, wanted: set[tuple[str, str]]) -> None:
    there = messages(resources.path("translations", f"stempel_{lang}.ts"))
    assert set(there) == wanted
    unfinished = [key for key, element in there.items() if element.get("type") or not element.text]
    assert unfinished == []


@pytest.mark.parametrize("lang", tr.TRANSLATED)
def test_placeholders_survive(lang: str) -> None:
    for (_, source), element in messages(resources.path("translations", f"stempel_{lang}.ts")).items():
        assert re.findall(r"%\w", source) == re.findall(r"%\w", element.text or "")


@pytest.mark.parametrize(("lang", "word"), [("pl", "Zapłać"), ("ru", "Оплата"), ("en", "Pay")])
def test_switching(translations: Translations, lang: str, word: str) -> None:
    translations.switch(lang)
    assert QCoreApplication.translate("PayButton", "Pay") == word


def test_the_last_switch_counts_whoever_switched_before(translations: Translations) -> None:
    Translations().switch("pl")
    left_behind = Translations()
    left_behind.switch("ru")
    translations.switch("en")
    assert QCoreApplication.translate("PayButton", "Pay") == "Pay"


def test_a_catalogue_is_compiled_when_its_source_is_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "stempel_pl.ts"
    source.write_bytes(resources.path("translations", "stempel_pl.ts").read_bytes())
    monkeypatch.setattr(tr, "folder", lambda: tmp_path)
    compiled = tr.catalogue("pl")
    first = compiled.stat().st_mtime_ns
    assert tr.catalogue("pl").stat().st_mtime_ns == first
    os.utime(source, ns=(first + 10**9, first + 10**9))
    assert tr.catalogue("pl").stat().st_mtime_ns > first


def test_a_broken_catalogue_leaves_english(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stempel_pl.ts").write_text("<TS><context>", "utf-8")
    monkeypatch.setattr(tr, "folder", lambda: tmp_path)
    spoken = Translations()
    with pytest.raises(TranslationProblem, match=r"stempel_pl\.ts"):
        spoken.switch("pl")
    assert spoken.lang == "en"
    assert QCoreApplication.translate("PayButton", "Pay") == "Pay"


def test_a_folder_that_cannot_be_written_uses_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "program" / "stempel_pl.ts"
    source.parent.mkdir()
    source.write_bytes(resources.path("translations", "stempel_pl.ts").read_bytes())
    kept = tmp_path / "cache"
    kept.mkdir()
    monkeypatch.setattr(tr, "folder", lambda: source.parent)
    monkeypatch.setattr(tr, "cache", lambda: kept)
    # Asked of the system, since root may write anywhere and permissions alone would prove nothing.
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert tr.catalogue("pl") == kept / "stempel_pl.qm"
    assert not source.with_suffix(".qm").exists()


def test_a_window_without_its_labels_still_sells(
    qtbot: QtBot, look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stempel_pl.ts").write_text("<TS><context>", "utf-8")
    monkeypatch.setattr(tr, "folder", lambda: tmp_path)
    window = MainWindow(look=look, lang="pl")
    qtbot.addWidget(window)
    assert window.sale.pay.text() == "Pay"


@pytest.mark.parametrize("lang", ["en", *tr.TRANSLATED])
def test_the_keypads_separator_is_the_one_that_sums_are_written_with(
    qtbot: QtBot, look: Look, lang: str
) -> None:
    spoken = Translations()
    spoken.switch(lang)
    keypad = Keypad(look)
    qtbot.addWidget(keypad)
    keypad.retranslate()
    assert keypad.buttons[","].accessibleName() == texts(lang).decimal
    spoken.switch("en")
