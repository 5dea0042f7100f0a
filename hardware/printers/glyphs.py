"""Characters as dots, for what no code page of the printer has, and for looking at a receipt on a screen.

A cell is the printer's font A: 12 × 24 dots, twice that for the double sizes. The typeface is JetBrains
Mono (OFL), whose letters are exactly 12 dots apart at 20; what it lacks comes from Inter (OFL), then from the
system's fonts.
"""

from __future__ import annotations

import math
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
_SECOND: Final = {False: path("fonts", "Inter-Medium.ttf"), True: path("fonts", "Inter-Bold.ttf")}
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
    """Ours first: the monospaced one, then the window's, which has the letters of more languages."""
    found: list[ImageFont.FreeTypeFont] = []
    for name in (str(_BUNDLED), str(_SECOND[bold]), *_SYSTEM):
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
def _place(char: str) -> int | None:
    """Which of the fonts has the character; None if no font on this machine has it."""
    fonts = enumerate(_fonts(_POINTS, False))
    return next((place for place, font in fonts if _shape(font, char) != _missing(font)), None)


def bundled(char: str) -> bool:
    """Whether a typeface we ship has the character, so that it looks the same on every machine."""
    return _place(char) in (0, 1)


@lru_cache(maxsize=4096)
def glyph(char: str, columns: int, bold: bool, size: Size) -> Image.Image:
    """One character (with its marks) in its cell: mode "1", ink 255. An empty box if no font has it."""
    across, down = scale(size)
    factor = max(across, down)
    box = (CELL_WIDTH * columns * factor, CELL_HEIGHT * factor)
    if char in (INKED, FRESH, OPEN):
        return _stamp(char, (box[0] // factor * across, box[1] // factor * down))
    target = (box[0] // factor * across, box[1] // factor * down)
    place = _place(char[0])
    if place is None:
        cell = Image.new("1", target)
        inset = 2 * down
        ImageDraw.Draw(cell).rectangle((inset, inset, target[0] - inset, target[1] - 2 * inset), outline=255)
        return cell
    font = _fonts(_POINTS * factor, bold)[place]
    advance = font.getlength(char[0])
    drawn = (max(box[0], math.ceil(advance)), box[1])
    cell = Image.new("1" if drawn == target else "L", drawn)
    draw = ImageDraw.Draw(cell)
    for part in char:  # a mark that composes with no letter is struck over it
        draw.text(((drawn[0] - advance) // 2, _BASELINE * factor), part, 255, font, anchor="ls")
    if drawn == target:
        return cell
    # Letters wider than a cell are squeezed into it, and so are all at the sizes that are not square.
    return cell.resize(target, Image.Resampling.BOX).point(_THIN_INK).convert("1")


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
