"""Colours, fonts and sizes of the look."""

from __future__ import annotations

import itertools
import re

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFontDatabase, QFontInfo, QFontMetrics, QImage, QPainter, QRawFont
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
    assert wrapped("one", face, 10, 2) == ("one",)
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


def painted(look: Look, text: str, face, align: Qt.AlignmentFlag | None = None) -> QRect:  # type: ignore[no-untyped-def]
    """Where ink is, after a text was painted into the middle of 200 × 40 px on white."""
    image = QImage(200, 40, QImage.Format.Format_RGB32)
    image.fill(0xFFFFFF)
    painter = QPainter(image)
    look.draw_text(painter, QRect(20, 0, 160, 40), text, "ink", face, align)
    painter.end()
    spots = [(x, y) for x in range(200) for y in range(40) if image.pixelColor(x, y).lightness() < 128]
    columns, rows = [x for x, _ in spots], [y for _, y in spots]
    return QRect(min(columns), min(rows), max(columns) - min(columns) + 1, max(rows) - min(rows) + 1)


def test_a_line_of_text_lies_where_it_should(look: Look) -> None:
    face = font(lk.BODY)
    left, middle = painted(look, "H1H", face), painted(look, "H1H", face, Qt.AlignmentFlag.AlignHCenter)
    right = painted(look, "H1H", face, Qt.AlignmentFlag.AlignRight)
    assert left.left() in (20, 21, 22)
    assert abs(middle.center().x() - 100) <= 1
    assert right.right() in (177, 178, 179)
    assert all(abs(each.center().y() - 20) <= 2 for each in (left, middle, right))


def test_what_is_struck_is_struck_from_end_to_end(look: Look) -> None:
    plain, struck = painted(look, "...", font(lk.BODY)), painted(look, "...", font(lk.BODY, strike=True))
    assert struck.top() < plain.top()
    assert struck.left() <= plain.left()
    assert struck.right() >= plain.right()
    assert struck.width() <= plain.width() + 4


def test_a_box_and_its_line_stay_inside(look: Look) -> None:
    image = QImage(40, 40, QImage.Format.Format_RGB32)
    image.fill(look["paper"])
    painter = QPainter(image)
    look.draw_box(painter, QRect(5, 5, 30, 30), "surface", "hairline", radius=10)
    painter.end()
    seen = {spot: image.pixelColor(*spot).name() for spot in ((4, 20), (5, 20), (6, 20), (34, 20), (35, 20))}
    paper, line, surface = (look[token].name() for token in ("paper", "hairline", "surface"))
    assert seen == {(4, 20): paper, (5, 20): line, (6, 20): surface, (34, 20): line, (35, 20): paper}
    assert image.pixelColor(5, 5).name() == paper  # the corner is round


@pytest.mark.parametrize("ratio", [1.0, 2.0, 1.25])
@pytest.mark.parametrize(
    ("fill", "line", "width"),
    [("surface", "hairline", 1), (None, "accent", 2), ("pay", None, 1), ("accent_soft", "accent", 2)],
)
def test_a_box_is_put_together_as_it_would_be_traced(
    ratio: float, fill: str | None, line: str | None, width: int
) -> None:
    looks = {theme: Look(theme) for theme in THEMES}

    def box(look: Look, at: QRect, *, traced: bool) -> QImage:
        image = QImage(round(80 * ratio), round(80 * ratio), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(look["paper"])
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint = look._boxes.trace if traced else look.draw_box
        paint(painter, at, fill, line, lk.RADIUS, width)
        painter.end()
        return image

    switched = Look("light")
    for theme, look in looks.items():
        switched.switch(theme)
        for at in (QRect(3, 3, 70, 60), QRect(5, 9, 26, 26), QRect(2, 2, 70, 20)):
            traced, made = box(look, at, traced=True), box(look, at, traced=False)
            shades = zip(bytes(traced.constBits()), bytes(made.constBits()), strict=True)
            assert max(abs(one - other) for one, other in shades) <= 2
            assert box(switched, at, traced=False) == made


@pytest.mark.parametrize("height", [60, 200])
def test_a_frame_is_that_of_the_box(look: Look, height: int) -> None:
    """A card's rows lie over the card; its edge, painted over them, is the one it had."""
    at = QRect(5, 5, 90, height)
    images = [QImage(100, 220, QImage.Format.Format_RGB32) for _ in range(2)]
    for image, framed in zip(images, (False, True), strict=True):
        image.fill(look["paper"])
        painter = QPainter(image)
        if framed:
            painter.fillRect(at, look["surface"])
            look.draw_frame(painter, at, "paper", "hairline")
        else:
            look._boxes.trace(painter, at, "surface", "hairline", lk.RADIUS, 1)
        painter.end()
    spots = [(x, y) for x in range(100) for y in range(220)]
    light = [[image.pixelColor(*spot).lightness() for spot in spots] for image in images]
    apart = [abs(one - other) for one, other in zip(*light, strict=True)]
    assert max(apart) <= 16  # where the curve runs through a dot, its shades are mixed in another order
    assert sum(each > 2 for each in apart) <= 4 * 32
