"""Characters as dots, for what no code page of the printer has, and for looking at a receipt on a screen.

A cell is the printer's font A: 12 × 24 dots, twice that for the double sizes. The typeface is JetBrains
Mono (OFL), whose letters are exactly 12 dots apart at 20; what it lacks comes from the system's fonts.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from hardware.layout import FRESH, INKED, OPEN, clusters
from hardware.printers.bitmap import Bitmap
from hardware.receipt import Size
from resources import path

CELL_WIDTH: Final = 12
CELL_HEIGHT: Final = 24
_BASELINE: Final = 19
_POINTS: Final = 20
_WEIGHTS: Final = {False: 500, True: 800}
_BUNDLED: Final = path("fonts", "JetBrainsMono.ttf")
_SYSTEM: Final = (
    "DejaVuSansMono.ttf",
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansMono-Regular.ttf",
    "NotoSans-Regular.ttf",
    "wqy-microhei.ttc",
    "msgothic.ttc",
    "seguisym.ttf",
    "arial.ttf",
    "Arial Unicode.ttf",
)
_INK: Final = [0] * 128 + [255] * 128
_THIN_INK: Final = [0] * 101 + [255] * 155
"""From grey to ink; letters squeezed to half their width keep their thin strokes."""
_PRIVATE: Final = "\uf8f0"
"""A character that no font has: what a font draws for it is what it draws for want of a glyph."""


def scale(size: Size) -> tuple[int, int]:
    """Horizontal and vertical factor of a character size."""
    return size.cells, 2 if size in (Size.TALL, Size.LARGE) else 1


@cache
def _fonts(points: int, bold: bool) -> tuple[ImageFont.FreeTypeFont, ...]:
    found: list[ImageFont.FreeTypeFont] = []
    for name in (str(_BUNDLED), *_SYSTEM):
        try:
            font = ImageFont.truetype(name, points, layout_engine=ImageFont.Layout.BASIC)
        except OSError:  # not on this machine
            continue
        if name == str(_BUNDLED):
            font.set_variation_by_axes([_WEIGHTS[bold]])
        found.append(font)
    return tuple(found)


@cache
def _missing(font: ImageFont.FreeTypeFont) -> bytes:
    return _shape(font, _PRIVATE)


def _shape(font: ImageFont.FreeTypeFont, char: str) -> bytes:
    cell = Image.new("L", (64, 64))
    ImageDraw.Draw(cell).text((8, 40), char, 255, font, anchor="ls")
    return cell.tobytes()


@cache
def bundled(char: str) -> bool:
    """Whether the typeface we ship has the character, so that it looks the same on every machine."""
    font = _fonts(_POINTS, False)[0]
    return _shape(font, char) != _missing(font)


def _font_for(char: str, points: int, bold: bool) -> ImageFont.FreeTypeFont | None:
    ours, *others = _fonts(points, bold)
    if bundled(char):
        return ours
    return next((font for font in others if _shape(font, char) != _missing(font)), None)


@lru_cache(maxsize=4096)
def glyph(char: str, columns: int, bold: bool, size: Size) -> Image.Image:
    """One character (with its marks) in its cell: mode "1", ink 255. An empty box if no font has it."""
    across, down = scale(size)
    factor = max(across, down)
    box = (CELL_WIDTH * columns * factor, CELL_HEIGHT * factor)
    if char in (INKED, FRESH, OPEN):
        return _stamp(char, (box[0] // factor * across, box[1] // factor * down))
    cell = Image.new("L" if across != down else "1", box)
    draw = ImageDraw.Draw(cell)
    font = _font_for(char[0], _POINTS * factor, bold)
    if font is None:
        inset = 2 * factor
        draw.rectangle((inset, inset, box[0] - inset, box[1] - 2 * inset), outline=255)
    else:
        while font.size > 8 and font.getlength(char[0]) > box[0]:
            font = font.font_variant(size=font.size - 1)
        left = (box[0] - font.getlength(char[0])) // 2
        for part in char:  # a mark that composes with no letter is struck over it
            draw.text((left, _BASELINE * factor), part, 255, font, anchor="ls")
    if across == down:
        return cell
    narrow = cell.resize((box[0] // factor * across, box[1] // factor * down), Image.Resampling.BOX)
    return narrow.point(_THIN_INK).convert("1")


def _stamp(char: str, box: tuple[int, int]) -> Image.Image:
    """A place of a stamp card: a ring, inked when earned, with a second ring when earned just now."""
    four = (box[0] * 4, box[1] * 4)
    cell = Image.new("L", four)
    draw = ImageDraw.Draw(cell)
    radius = min(four) * 0.44

    def ring(share: float, ink: int) -> None:
        x, y, reach = four[0] / 2, four[1] * 0.52, radius * share
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=ink)

    ring(1, 255)
    if char == OPEN:
        ring(0.82, 0)
    elif char == FRESH:
        ring(0.84, 0)
        ring(0.66, 255)
    small = cell.resize(box, Image.Resampling.BOX)
    return small.point(_INK).convert("1")


@lru_cache(maxsize=8192)
def _spread(char: str, columns: int, bold: bool, size: Size, stride_bits: int) -> int:
    """The glyph as one integer whose rows are `stride_bits` apart: lines are set by shifting and OR-ing."""
    cell = glyph(char, columns, bold, size)
    row_bytes = (cell.width + 7) // 8
    data, spare = cell.tobytes(), row_bytes * 8 - cell.width
    value = 0
    for top in range(0, len(data), row_bytes):
        value = value << stride_bits | int.from_bytes(data[top : top + row_bytes], "big") >> spare
    return value


@lru_cache(maxsize=256)
def line_bitmap(text: str, bold: bool, size: Size, gap_dots: int) -> Bitmap:
    """A line of text as a picture as wide as its text, with `gap_dots` of white below."""
    across, down = scale(size)
    cells = clusters(text)
    used = sum(columns for _, columns in cells) * CELL_WIDTH * across
    stride_bits = (used + 7) // 8 * 8
    left, dots = stride_bits, 0
    for char, columns in cells:
        left -= columns * CELL_WIDTH * across
        if char != " ":
            dots |= _spread(char, columns, bold, size, stride_bits) << left
    height = CELL_HEIGHT * down
    rows = dots.to_bytes(height * stride_bits // 8, "big") + bytes(gap_dots * stride_bits // 8)
    return Bitmap(used, height + gap_dots, rows)
