from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from app.ui.look import Look
from app.ui.translations import Translations
from app.ui.window import dress


@pytest.fixture
def look(qapp: QApplication) -> Look:
    look = Look("light")
    dress(look)
    return look


@pytest.fixture
def translations(qapp: QApplication) -> Iterator[Translations]:
    translations = Translations()
    yield translations
    translations.switch("en")
