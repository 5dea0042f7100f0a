"""Colours, fonts and sizes of the look."""

from __future__ import annotations

import itertools
import re

import pytest
from PySide6.QtGui import QColor, QFontDatabase, QFontInfo, QFontMetrics, QRawFont
from PySide6.QtWidgets import QApplication

import resources
from app.ui import scale as lk
from app.ui.look import THEMES, TOKENS, Look, font, load_fonts, load_theme, touch_px, wrapped

PAIRS = [
    *itertools.product(("ink", "secondary"), ("paper", "surface", "raised", "pressed", "accent_soft")),
    *itertools.product(("gain",), ("surface", "raised", "accent_soft", "paper")),
    *itertools.product(("accent",), ("surface", "accent_soft", "raised")),
    ("on_accent", "accent"), ("on_pay", "pay"), ("on_pay", "pay_pressed"), ("surface", "gain"),
    ("caution", "caution_soft"), ("caution", "surface"), ("error", "error_soft"), ("error", "surface"),
]  # fmt: skip
"""Ink on ground, as the widgets paint them."""


def luminance(colour: QColor) -> float:
    """WCAG 2.2 relative luminance."""

    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def contrast(one: QColor, other: QColor) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_itself() -> None:
    assert contrast(QColor("#000000"), QColor("#ffffff")) == pytest.approx(21.0)
    assert contrast(QColor("#777777"), QColor("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_can_be_read(theme: str, ink: str, ground: str) -> None:
    colours = load_theme(theme)
    assert contrast(QColor(colours[ink]), QColor(colours[ground])) >= 4.5


def test_an_unknown_theme_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="light, dark"):
        load_theme("pink")


@pytest.mark.parametrize("weight", [lk.REGULAR, lk.MEDIUM, lk.SEMIBOLD, lk.BOLD])
def test_inter_is_there_in_every_weight(look: Look, weight: int) -> None:
    made = QFontInfo(font(lk.BODY, weight))
    assert made.family() == "Inter"
    assert made.weight() == weight


def test_no_letter_of_the_three_languages_is_missing(look: Look) -> None:
    texts = [file.read_text("utf-8") for file in resources.path("texts").glob("*.yaml")]
    texts += [file.read_text("utf-8") for file in resources.path("translations").glob("*.ts")]
    letters = {char for text in texts for char in text if not char.isspace()}
    raw = QRawFont(str(resources.path("fonts", "Inter-Regular.ttf")), lk.BODY)
    assert {char for char in letters if not raw.supportsCharacter(ord(char))} == set()


def test_figures_are_tabular(look: Look) -> None:
    metrics = QFontMetrics(font(lk.TOTAL, lk.BOLD))
    assert metrics.horizontalAdvance("1111") == metrics.horizontalAdvance("8888")


def test_no_font_without_its_licence() -> None:
    assert "SIL Open Font License" in resources.path("fonts", "LICENSE-Inter.txt").read_text("utf-8")
    assert "ISC" in resources.path("icons", "LICENSE-Lucide.txt").read_text("utf-8")


@pytest.mark.parametrize("file", sorted(resources.path("icons").glob("*.svg")), ids=lambda file: file.stem)
def test_every_icon_paints_in_the_themes_colour(look: Look, file) -> None:  # type: ignore[no-untyped-def]
    image = look.icon(file.stem, 24, "accent").toImage()
    colours = {
        image.pixelColor(x, y).name()
        for x in range(24)
        for y in range(24)
        if image.pixelColor(x, y).alpha() == 255
    }
    assert colours == {look["accent"].name()}


def test_switching_the_theme_changes_colours_and_icons(qapp: QApplication) -> None:
    look = Look("light")
    before = look.icon("search", 20, "ink").cacheKey()
    heard: list[str] = []
    look.changed.connect(lambda: heard.append(look.theme))
    look.switch("dark")
    assert heard == ["dark"]
    assert look["paper"].name() == "#131418"
    assert look.icon("search", 20, "ink").cacheKey() != before


def test_nine_millimetres(qapp: QApplication) -> None:
    assert touch_px(96) == 34
    assert touch_px(192) == 68
    assert min(lk.LINE_PX, lk.BUTTON_PX, lk.PAY_PX) >= touch_px(96)


def test_words_wrap_and_none_is_lost(look: Look) -> None:
    face = font(lk.BODY)
    assert wrapped("one", face, 10, 2) == ["one"]
    text = "Torba papierowa z uchwytem skręcanym"
    lines = wrapped(text, face, 120, 2)
    assert len(lines) == 2
    assert " ".join(lines) == text


def test_tokens_are_used() -> None:
    """A colour nobody paints with is one nobody will keep readable."""
    folder = resources.ROOT.parent / "app" / "ui"
    source = "\n".join(file.read_text("utf-8") for file in folder.glob("*.py"))
    unused = [token for token in TOKENS if len(re.findall(rf'"{token}"', source)) < 2]
    assert unused == []


def test_fonts_load_once(qapp: QApplication) -> None:
    load_fonts()
    before = len(QFontDatabase.families())
    load_fonts()
    assert len(QFontDatabase.families()) == before
