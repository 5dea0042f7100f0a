"""Receipts read back from their bytes, as text and as a picture."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hardware.printers.escpos import encode
from hardware.printers.preview import as_image, as_png, as_text
from hardware.printers.profile import PROFILES, Profile
from hardware.receipt import Align, Columns, Document, PrintJob, Size, Text, as_copy
from tests.hardware.printers.samples import sale_job

EXPECTED = Path(__file__).parent / "expected"
CASES = [(language, profile) for language in ("ru", "pl", "en") for profile in ("58mm", "80mm-42", "80mm")]


@pytest.mark.parametrize(("language", "profile"), CASES)
def test_the_sale_receipt_reads_as_it_was_approved(language: str, profile: str) -> None:
    """After a wanted change: delete the file, run again, and look at the new one before committing it."""
    text = as_text(encode(sale_job(language), PROFILES[profile]), PROFILES[profile])
    approved = EXPECTED / f"sale-{language}-{PROFILES[profile].columns}.txt"
    if not approved.exists():
        approved.write_text(text, encoding="utf-8")
        pytest.fail(f"{approved} was missing and is written now: look at it")
    assert text == approved.read_text(encoding="utf-8")


def test_a_copy_says_so_top_and_bottom_and_opens_no_drawer() -> None:
    text = as_text(encode(as_copy(sale_job("pl")), PROFILES["80mm"]), PROFILES["80mm"])
    rows = [row.strip() for row in text.splitlines() if row.strip()]
    assert rows[:2] == ["KOPIA", "DOKUMENT NIEFISKALNY"]
    assert rows[-3:-1] == ["DOKUMENT NIEFISKALNY", "KOPIA"]
    assert "[drawer" not in text


@settings(max_examples=40, deadline=None)
@given(
    st.text(
        "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюяё0123456789", min_size=3, max_size=12
    ),
    st.sampled_from(Size),
    st.booleans(),
)
def test_drawn_lines_are_read_back_from_their_dots(word: str, size: Size, bold: bool) -> None:
    profile = PROFILES["80mm"]
    made = PrintJob(Document((Text(f"Ж{word} ₽", bold=bold, size=size),), "ru", non_fiscal=False))
    assert as_text(encode(made, profile), profile).splitlines()[0] == f"Ж{word} ₽"


def test_latin_and_cyrillic_words_of_a_drawn_line_keep_their_scripts() -> None:
    profile = PROFILES["80mm"]
    made = PrintJob(Document((Columns("Coca-Cola и ТОРТ", "99,00 ₽"),), "ru", non_fiscal=False))
    assert as_text(encode(made, profile), profile).splitlines()[0].split() == [
        "Coca-Cola", "и", "ТОРТ", "99,00", "₽",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["Әсел Нұрланқызы", "Łucja Ґалаґан", "Şəhla Ğafarova", "Ђорђе Њушић"])
def test_names_of_neighbours_are_drawn_and_read_back_on_any_machine(name: str) -> None:
    profile = PROFILES["58mm"]
    made = PrintJob(Document((Text(name),), "ru", non_fiscal=False))
    assert as_text(encode(made, profile), profile).splitlines()[0] == name


def test_alignment_and_size_are_where_the_printer_puts_them() -> None:
    profile = PROFILES["58mm"]
    left, centred, right = (
        as_image(encode(PrintJob(Document((Text("HH", align),), non_fiscal=False)), profile), profile, 1)
        for align in (Align.LEFT, Align.CENTER, Align.RIGHT)
    )
    assert [_ink(image)[0] for image in (left, centred, right)] == sorted(
        _ink(image)[0] for image in (left, centred, right)
    )
    large = as_image(
        encode(PrintJob(Document((Text("HH", size=Size.LARGE),), non_fiscal=False)), profile), profile, 1
    )
    small_box, large_box = _ink(left), _ink(large)
    assert large_box[3] - large_box[1] == pytest.approx(2 * (small_box[3] - small_box[1]), abs=3)


def _ink(image: Image.Image) -> tuple[int, int, int, int]:
    box = image.convert("L").point([255] * 100 + [0] * 156).getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("name", PROFILES)
def test_a_picture_of_a_receipt_is_a_png_as_wide_as_its_paper(name: str) -> None:
    profile = PROFILES[name]
    picture = Image.open(io.BytesIO(as_png(encode(sale_job("ru"), profile), profile, zoom=1)))
    assert picture.format == "PNG"
    assert picture.width == profile.width_dots + 2 * 36 + 2 * 28
    assert picture.height > 1000


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_can_be_looked_at(stream: bytes) -> None:
    profile = Profile("tiny", 16, 192, {"cp437": 0})
    as_text(stream, profile)
    as_image(stream, profile, 1)
