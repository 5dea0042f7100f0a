"""The window's labels in other languages: Qt Linguist catalogues, compiled when they are first needed.

The sources are English; resources/translations/stempel_{pl,ru}.ts are compiled by lrelease, which PySide6
brings along. Texts with figures are not here: they come ready in the view states (app.texts).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import ClassVar, Final

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QTranslator

import resources
from resources import cache

TRANSLATED: Final = ("pl", "ru")
_LRELEASE_S: Final = 30


class TranslationProblem(Exception):
    """A catalogue that could not be compiled or read; the window stays in English."""


def folder() -> Path:
    return resources.path("translations")


def catalogue(lang: str) -> Path:
    """The compiled catalogue of a language, compiled now if it is missing or older than its source.

    Beside its source, or in the user's cache where the program's folder cannot be written.
    """
    source = folder() / f"stempel_{lang}.ts"
    beside = source.with_suffix(".qm")
    if _fresh(beside, source):
        return beside
    if os.access(source.parent, os.W_OK):
        return _compile(source, beside)
    cached = cache() / beside.name
    return cached if _fresh(cached, source) else _compile(source, cached)


def _fresh(compiled: Path, source: Path) -> bool:
    return compiled.exists() and compiled.stat().st_mtime_ns >= source.stat().st_mtime_ns


def build() -> list[Path]:
    """Compile every catalogue that is missing or out of date: for packaging and `./dev`."""
    return [catalogue(lang) for lang in TRANSLATED]


def _compile(source: Path, compiled: Path) -> Path:
    import subprocess  # once in a machine's life

    try:
        done = subprocess.run(
            [str(_lrelease()), "-silent", str(source), "-qm", str(compiled)],
            capture_output=True,
            text=True,
            timeout=_LRELEASE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TranslationProblem(f"{source.name} could not be compiled: {error}") from error
    if done.returncode or not compiled.exists():
        raise TranslationProblem(f"{source.name} could not be compiled: {done.stderr.strip()}")
    return compiled


def _lrelease() -> Path:
    """The tool in the PySide6 wheel: beside its libraries."""
    name = "lrelease.exe" if sys.platform == "win32" else "lrelease"
    import PySide6

    beside = Path(PySide6.__file__).parent / name
    if beside.exists():
        return beside
    return Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.BinariesPath)) / name


class Translations:
    """The language the windows speak; switching sends LanguageChange to every one of them.

    The program has one, whoever switched it last: Qt keeps its translators by the application.
    """

    _installed: ClassVar[QTranslator | None] = None

    def __init__(self) -> None:
        self.lang = "en"

    def switch(self, lang: str) -> None:
        """Speak `lang`. Raises TranslationProblem and goes on in English if its catalogue is broken."""
        if Translations._installed is not None:
            QCoreApplication.removeTranslator(Translations._installed)
            Translations._installed = None
        self.lang = "en"
        if lang not in TRANSLATED:
            return
        translator = QTranslator()
        if not translator.load(str(catalogue(lang))):
            raise TranslationProblem(f"the {lang} labels cannot be read: install Stempel again")
        QCoreApplication.installTranslator(translator)
        Translations._installed, self.lang = translator, lang
