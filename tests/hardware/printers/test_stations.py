"""A printer with its profile, its logo and its drawer: what makes a job's bytes for it."""

from __future__ import annotations

import contextlib
import io
import logging
import random
import warnings
from pathlib import Path

import pytest
from PIL import Image as PillowImage

from hardware.printers.bitmap import from_file, from_image
from hardware.printers.paper import Picture, interpret
from hardware.printers.profile import PROFILES
from hardware.printers.stations import LOGO, LOGO_DOTS_HIGH, Encoder, station
from hardware.receipt import Document, Image, PrintJob, Text
from hardware.simulated.paper import PaperPrinter

NARROW, WIDE = PROFILES["58mm"], PROFILES["80mm"]
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 100">
<rect width="150" height="100"/></svg>"""


def job(*, open_drawer: bool = False) -> PrintJob:
    return PrintJob(Document((Image(LOGO), Text("Sklep")), "pl"), open_drawer)


def pictures(encoder: Encoder) -> list[Picture]:
    marks = interpret(encoder(job()), encoder.profile).marks
    return [mark for mark in marks if isinstance(mark, Picture)]


def test_a_png_logo_fits_each_paper(tmp_path: Path) -> None:
    PillowImage.new("L", (1200, 300), 0).save(tmp_path / "logo.png")
    sizes = [
        (picture.bitmap.width, picture.bitmap.height)
        for profile in (NARROW, WIDE)
        for picture in pictures(Encoder(profile, tmp_path / "logo.png"))
    ]
    assert sizes == [(384, 96), (576, 144)]


def test_a_tall_logo_is_kept_short(tmp_path: Path) -> None:
    PillowImage.new("L", (300, 3000), 0).save(tmp_path / "logo.png")
    (picture,) = pictures(Encoder(WIDE, tmp_path / "logo.png"))
    assert picture.bitmap.height == LOGO_DOTS_HIGH


def test_an_svg_logo_is_drawn_at_the_papers_width(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text(SVG)
    logo = from_file(tmp_path / "logo.svg", 384)
    assert (logo.width, logo.height) == (384, 128)
    row = logo.rows[64 * logo.stride : 65 * logo.stride]
    assert row == b"\xff" * 24 + b"\x00" * 24, "black on the left, white on the right"


def test_a_width_that_is_no_whole_byte_leaves_no_line_at_the_edge() -> None:
    blank = from_image(PillowImage.new("L", (13, 3), 255), 576)
    assert blank.rows == bytes(6)
    inked = from_image(PillowImage.new("L", (13, 1), 0), 576)
    assert inked.rows == b"\xff\xf8"


def test_grey_becomes_dots(tmp_path: Path) -> None:
    PillowImage.new("L", (80, 80), 128).save(tmp_path / "logo.png")
    logo = from_file(tmp_path / "logo.png", 576)
    inked = sum(byte.bit_count() for byte in logo.rows)
    assert 0.4 < inked / 6400 < 0.6


@pytest.mark.parametrize("name", ["none.png", "broken.png", "broken.svg"])
def test_a_logo_that_cannot_be_used_is_left_out_and_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    for broken in ("broken.png", "broken.svg"):
        (tmp_path / broken).write_text("not a picture")
    encoder = Encoder(WIDE, tmp_path / name)
    with caplog.at_level(logging.WARNING):
        assert pictures(encoder) == pictures(encoder) == []
    assert [record.message.count(name) > 0 for record in caplog.records] == [True]


def test_a_picture_with_wrong_bytes_is_a_picture_or_an_oserror(tmp_path: Path) -> None:
    chance = random.Random(1)
    for kind in ("PNG", "JPEG", "GIF", "BMP"):
        whole = io.BytesIO()
        PillowImage.linear_gradient("L").resize((64, 64)).save(whole, kind)
        for _ in range(150):
            content = bytearray(whole.getvalue())
            for _ in range(chance.randrange(1, 6)):
                content[chance.randrange(len(content))] = chance.randrange(256)
            cut = chance.randrange(len(content)) if chance.random() < 0.3 else len(content)
            (tmp_path / "logo.png").write_bytes(content[:cut])
            with contextlib.suppress(OSError), warnings.catch_warnings(action="ignore"):
                logo = from_file(tmp_path / "logo.png", 384, LOGO_DOTS_HIGH)
                assert logo.height <= LOGO_DOTS_HIGH


@pytest.mark.parametrize("box", ["0 0 1 1000000", "0 0 1000000 1", "0 0 0 0", "0 0 1 1"])
def test_an_svg_of_any_shape_costs_no_more_memory_than_paper(tmp_path: Path, box: str) -> None:
    (tmp_path / "logo.svg").write_text(SVG.replace("0 0 300 100", box))
    with contextlib.suppress(OSError):
        logo = from_file(tmp_path / "logo.svg", 384, LOGO_DOTS_HIGH)
        assert logo.width <= 384
        assert logo.height <= LOGO_DOTS_HIGH


def test_a_shop_without_a_logo_has_no_gap_in_its_place() -> None:
    with_block = Encoder(WIDE)(job())
    without = Encoder(WIDE)(PrintJob(Document((Text("Sklep"),), "pl")))
    assert with_block == without


def test_a_spare_printer_opens_no_drawer() -> None:
    own, spare = PaperPrinter(WIDE), PaperPrinter(NARROW)
    for at, drawer in ((own, True), (spare, False)):
        made = station(at, at.profile, drawer=drawer)
        at.send(made.encode(job(open_drawer=True)))
    assert (own.drawer_opened, spare.drawer_opened) == (1, 0)
