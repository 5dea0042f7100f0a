"""From document to bytes: code pages, drawn lines, codes, and no byte that a name could slip in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from hardware.printers.bitmap import Bitmap, from_file, raster_command
from hardware.printers.commands import Command, commands
from hardware.printers.escpos import encode
from hardware.printers.paper import Bars, Kick, Picture, QrSign, interpret
from hardware.printers.preview import as_text
from hardware.printers.profile import CODECS, PROFILES, Profile, profile_for
from hardware.printers.testpage import PANGRAMS, printer_test_page
from hardware.receipt import (
    Align,
    Barcode,
    BarcodeKind,
    Block,
    Columns,
    Cut,
    Document,
    Image,
    PrintJob,
    Qr,
    Size,
    Stamps,
    Text,
)
from tests.hardware.printers.samples import sale_job

unhurried = settings(deadline=None)
WIDE = PROFILES["80mm"]
anything = st.text(st.characters(exclude_categories=()), max_size=60)
SENT = {
    "text", "LF", "ESC @", "ESC R", "ESC t", "ESC a", "ESC E", "GS !", "GS v 0", "GS V", "ESC d", "FS .",
    "GS h", "GS w", "GS H", "GS f", "GS k", "GS ( k",
}  # fmt: skip
"""Every command that a receipt without a drawer may hold."""


def job(*blocks: Block, language: str = "en", open_drawer: bool = False) -> PrintJob:
    return PrintJob(Document(blocks, language, non_fiscal=False), open_drawer)


def read(made: PrintJob, profile: Profile = WIDE) -> list[Command]:
    return list(commands(encode(made, profile)))


def written(made: PrintJob, profile: Profile = WIDE) -> bytes:
    return b"".join(command.data for command in read(made, profile) if command.name == "text")


def named(made: PrintJob, name: str, profile: Profile = WIDE) -> list[Command]:
    return [command for command in read(made, profile) if command.name == name]


@pytest.mark.parametrize(
    ("language", "text", "page", "codec"),
    [
        ("ru", "Ёжик №5", 17, "cp866"),
        ("pl", "Zażółć gęślą jaźń «»", 18, "cp852"),
        ("en", "€ é £", 19, "cp858"),
    ],
)
def test_each_language_has_its_own_page_at_the_start_of_the_job(
    language: str, text: str, page: int, codec: str
) -> None:
    made = job(Text(text), language=language)
    assert encode(made, WIDE).startswith(b"\x1b@\x1bR\x00\x1bt" + bytes([page]))
    assert written(made) == text.encode(codec)


def test_a_sign_the_page_lacks_becomes_its_plainer_kin_in_one_column() -> None:
    assert written(job(Columns("«Хлеб» 2 × 5", "−1,00"), language="ru")).decode("cp866").split() == (
        ['"Хлеб"', "2", "x", "5", "-1,00"]
    )
    assert written(job(Text("2 × 5"), language="pl")).decode("cp852") == "2 × 5"


def test_a_line_with_a_character_that_no_page_has_is_drawn_whole() -> None:
    made = job(Columns("ИТОГО", "758,51 ₽"), Columns("Сдача", "1,00"), language="ru")
    assert "ИТОГО" not in written(made).decode("cp866")
    assert "Сдача" in written(made).decode("cp866")
    (picture,) = [mark for mark in interpret(encode(made, WIDE), WIDE).marks if isinstance(mark, Picture)]
    assert (picture.bitmap.width, picture.bitmap.height) == (576, 30)


def test_a_printer_without_the_page_draws_every_line_of_that_language() -> None:
    latin_only = Profile("latin", 48, 576, {"cp437": 0})
    made = job(Text("Молоко"), Text("Milk"), language="ru")
    assert written(made, latin_only) == b"Milk"
    assert len(named(made, "GS v 0", latin_only)) == 1
    assert not named(made, "ESC t", latin_only)


def test_chinese_models_are_told_to_read_single_bytes() -> None:
    assert encode(job(Text("x")), PROFILES["80mm-chinese"]).startswith(b"\x1b@\x1c.")


def test_style_is_said_when_it_changes_and_an_empty_line_is_never_tall() -> None:
    made = job(Text("A", Align.CENTER, True, Size.LARGE), Text(""), Text("B"))
    styles = [(each.name, each.args) for each in read(made) if each.name in ("ESC a", "ESC E", "GS !", "LF")]
    assert styles == [
        ("ESC a", b"\x01"), ("ESC E", b"\x01"), ("GS !", b"\x11"), ("LF", b""),
        ("ESC a", b"\x00"), ("ESC E", b"\x00"), ("GS !", b"\x00"), ("LF", b""), ("LF", b""),
    ]  # fmt: skip


def test_the_drawer_opens_before_the_paper_and_only_when_asked() -> None:
    opened = [command.name for command in read(job(Text("x"), open_drawer=True))]
    assert opened.index("ESC p") < opened.index("text")
    assert not named(job(Text("x")), "ESC p")
    assert list(interpret(encode(PrintJob(open_drawer=True), WIDE), WIDE).marks) == [Kick(2)]


def test_cutting_is_by_profile_and_every_slip_is_cut() -> None:
    made = job(Text("a"), Cut(), Text("b"))
    assert [command.args for command in named(made, "GS V")] == [b"B\x00", b"B\x00"]
    assert [command.args for command in named(made, "ESC d", PROFILES["58mm"])] == [b"\x04", b"\x04"]


def test_ean13_with_a_right_check_digit_is_one_and_with_a_wrong_digit_is_code128() -> None:
    right = named(job(Barcode("5901234123457", BarcodeKind.EAN13)), "GS k")[0]
    wrong = named(job(Barcode("5901234123458", BarcodeKind.EAN13)), "GS k")[0]
    assert right.args[:1] == b"C"
    assert wrong.args[:1] == b"I"
    (bars,) = [
        mark
        for mark in interpret(encode(job(Barcode("5901234123458", BarcodeKind.EAN13)), WIDE), WIDE).marks
        if isinstance(mark, Bars)
    ]
    assert bars.text == "5901234123458"


@unhurried
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40))
def test_any_ascii_code_is_printed_as_bars_or_as_qr_and_says_the_same(data: str) -> None:
    for profile in (PROFILES["58mm"], WIDE):
        marks = interpret(encode(job(Barcode(data)), profile), profile).marks
        said = [mark.text for mark in marks if isinstance(mark, Bars)]
        said += [mark.data.decode() for mark in marks if isinstance(mark, QrSign)]
        assert said == [data]


def test_a_code_that_no_symbology_holds_is_printed_as_text() -> None:
    made = job(Barcode("штемпель"), Qr("x" * 3000), language="ru")
    marks = interpret(encode(made, WIDE), WIDE).marks
    assert [mark.data.decode() for mark in marks if isinstance(mark, QrSign)] == ["штемпель"]
    assert b"x" * 48 in written(made)


def test_printers_without_codes_of_their_own_get_them_drawn() -> None:
    plain = Profile("plain", 48, 576, {"cp437": 0}, native_qr=False, native_barcode=False)
    made = job(Qr("https://stempel.example/r/1"), Barcode("R0000000184"))
    assert not named(made, "GS ( k", plain)
    assert not named(made, "GS k", plain)
    assert (
        len([mark for mark in interpret(encode(made, plain), plain).marks if isinstance(mark, Picture)]) == 2
    )
    assert b"R0000000184" in written(made, plain)


def test_a_logo_is_sent_in_bands_and_a_missing_one_is_named() -> None:
    logo = Bitmap(64, 300, b"\xff" * 8 * 300)
    sent = list(commands(encode(job(Image("logo", "Stempel")), WIDE, {"logo": logo})))
    assert [each.args[4] for each in sent if each.name == "GS v 0"] == [128, 128, 44]
    assert written(job(Image("logo", "Stempel"))) == b"Stempel"


@unhurried
@given(
    st.lists(st.sampled_from(b"\x10\x04\x05\x14\x00"), max_size=200).map(
        lambda rows: bytes(rows) + bytes(-len(rows) % 4)
    )
)
def test_dots_never_spell_a_real_time_command(rows: bytes) -> None:
    sent = raster_command(Bitmap(32, len(rows) // 4, rows))
    assert not re.search(rb"\x10[\x04\x05\x14]", sent)
    if rows:
        assert len(sent) >= len(rows) + 8


def test_a_real_time_sequence_in_digit_pairs_is_spelled_in_characters() -> None:
    (made,) = named(job(Barcode("160412")), "GS k")
    assert made.data == b"{B160412"


@unhurried
@given(anything, anything, st.sampled_from(("ru", "pl", "en")), st.sampled_from(list(PROFILES.values())))
def test_no_text_whatever_emits_a_command_of_its_own(
    name: str, other: str, language: str, profile: Profile
) -> None:
    made = job(
        Text(name, bold=True, size=Size.LARGE),
        Columns(name, other),
        Qr(other),
        Barcode(name),
        Image(name, other),
        Stamps(1, 2),
        language=language,
    )
    stream = encode(made, profile)
    names = {command.name for command in commands(stream)}
    assert names <= SENT
    assert not re.search(rb"\x10[\x04\x05\x14]", stream)
    assert interpret(stream, profile).unknown == []
    assert interpret(stream, profile).kicks == 0


@pytest.mark.parametrize(
    "name",
    ["\x1bp0\x19\xfa", "\x10\x14\x01\x00\x05", "\x1b@\x1dV0", "A\u202eB", "x" * 3000, "漢字" * 40, "\ud800"],
)
def test_names_of_the_fault_list(name: str) -> None:
    stream = encode(job(Columns(name, "1,00"), language="pl"), WIDE)
    assert interpret(stream, WIDE).kicks == 0
    assert {command.name for command in commands(stream)} <= SENT


@unhurried
@given(st.binary(max_size=300))
def test_any_stream_is_taken_apart_without_loss(stream: bytes) -> None:
    assert b"".join(command.raw for command in commands(stream)) == stream
    interpret(stream, WIDE)


@pytest.mark.parametrize("language", ["ru", "pl", "en"])
@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_equal_jobs_give_equal_bytes_and_nothing_unknown(language: str, profile: Profile) -> None:
    stream = encode(sale_job(language), profile)
    assert stream == encode(sale_job(language), profile)
    assert interpret(stream, profile).unknown == []


def test_models_known_to_python_escpos_become_profiles() -> None:
    model = profile_for("TM-T88V")
    assert (model.columns, model.width_dots, model.cut) == (42, 512, "partial")
    assert [model.pages[pages[0]] for pages in CODECS.values()] == [17, 18, 19]
    small = profile_for("POS-5890")
    assert (small.columns, small.width_dots, small.native_qr, small.cut) == (32, 384, False, "none")
    with pytest.raises(KeyError, match=r"no printer profile 'TM-X'; there are 58mm, .*TM-T88V"):
        profile_for("TM-X")


def test_a_model_whose_dots_nobody_wrote_down_has_those_of_its_columns() -> None:
    assert profile_for("TUP500").width_dots == 42 * 12


def test_a_model_too_narrow_for_a_receipt_is_refused_with_what_to_write() -> None:
    with pytest.raises(ValueError, match=r"12 columns.*NT-80-V-UL\?columns=48"):
        profile_for("NT-80-V-UL")
    with pytest.raises(ValueError, match=r"NT-80-V-UL\?columns=48"):
        profile_for("NT-80-V-UL?cut=full")
    assert profile_for("NT-80-V-UL?columns=48&cut=full").columns == 48


IMPACT = profile_for("TM-U220?cp866=none&cp852=none&cp858=none&cp437=none")
"""A printer that takes no pictures, and here has no page either."""


@pytest.mark.parametrize("language", ["ru", "pl", "en"])
def test_a_printer_that_takes_no_pictures_is_sent_none(language: str) -> None:
    for profile in (IMPACT, profile_for("TM-U220")):
        made = sale_job(language)
        blocks = (Image("logo", "Poranek"), Stamps(3, 8, 1), Qr("a" * 900), Barcode("ż1"), Barcode("R18"))
        made = PrintJob(Document((*(made.document.blocks if made.document else ()), *blocks), language))
        stream = encode(made, profile, {"logo": Bitmap(8, 1, b"\xff")})
        sent = list(commands(stream))
        assert not [command for command in sent if command.name in ("GS v 0", "GS ( k")]
        assert {"Poranek", "**#ooooo", "R18"} <= {row.strip() for row in as_text(stream, profile).split("\n")}
        assert max(len(row) for row in as_text(stream, profile).split("\n")) <= profile.columns


def test_a_printer_that_takes_no_pictures_writes_letters_by_their_sound() -> None:
    made = job(Columns("Żurek – жаркое", "12,50 zł"), Columns("Щи " * 12, "1 234,50 ₽"), language="ru")
    rows = as_text(encode(made, IMPACT), IMPACT).split("\n")
    assert rows[0] == "Zurek - zharkoe".ljust(42 - 8) + "12,50 zl"
    assert next(row for row in rows if "1 234,50 r" in row).endswith("1 234,50 r")
    assert max(len(row) for row in rows) <= 42


def test_pictures_may_be_forbidden_to_any_printer() -> None:
    made = job(Text("12,50 ₽"), Qr("a"), Barcode("ż1"), language="pl")
    stream = encode(made, profile_for("80mm?raster=0&native_qr=0&native_barcode=0"))
    assert not [command for command in commands(stream) if command.name == "GS v 0"]


def test_a_profile_may_differ_from_its_name() -> None:
    mine = profile_for("80mm?cp866=59&columns=42&width_dots=512&cut=full&drawer_pin=5&native_qr=0")
    assert (mine.columns, mine.width_dots, mine.cut, mine.native_qr, mine.pages["cp866"]) == (
        42, 512, "full", False, 59,
    )  # fmt: skip
    assert encode(job(Text("Ж"), language="ru", open_drawer=True), mine).startswith(
        b"\x1b@\x1bR\x00\x1bt\x3b\x1bp\x01"
    )


def test_a_page_that_the_printer_lacks_may_be_taken_from_its_profile() -> None:
    without = profile_for("80mm?cp866=none")
    assert len(named(job(Text("Молоко"), language="ru"), "GS v 0", without)) == 1
    assert not named(job(Text("Молоко"), language="ru"), "ESC t", without)


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("80mm?columns=9", "columns=9"),
        ("80mm?cut=maybe", "full, partial, none"),
        ("80mm?cp866=300", "0 to 255"),
        ("80mm?paper=wide", "one of columns"),
        ("80mm?drawer_pin=", "drawer_pin"),
    ],
)
def test_a_difference_that_cannot_be_is_refused(setting: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        profile_for(setting)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_the_test_page_shows_each_language_under_the_number_the_profile_has(profile: Profile) -> None:
    stream = printer_test_page(profile)
    paper = interpret(stream, profile)
    assert paper.unknown == []
    assert paper.kicks == 0
    text = as_text(stream, profile)
    for language, codec in (("ru", "cp866"), ("pl", "cp852"), ("en", "cp858")):
        line = f"{profile.pages[codec]:3} {codec}: {PANGRAMS[language]}"[: profile.columns]
        assert line in text


def test_a_logo_file_becomes_dots_no_wider_than_the_paper(tmp_path: Path) -> None:
    picture = PillowImage.new("RGBA", (1000, 200), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 0, 500, 200))
    picture.save(tmp_path / "logo.png")
    logo = from_file(tmp_path / "logo.png", 384)
    assert (logo.width, logo.height, logo.stride) == (384, 77, 48)
    assert logo.rows[:48] == b"\xff" * 24 + b"\x00" * 24, "transparent is white, black is ink"
    (tmp_path / "logo.png").write_bytes(b"not a picture")
    with pytest.raises(OSError, match="cannot identify"):
        from_file(tmp_path / "logo.png", 384)


def test_a_picture_keeps_its_dots_on_the_way_to_paper_and_back() -> None:
    rows = bytes(range(256)) * 3
    logo = Bitmap(64, 96, rows)
    (picture,) = [
        mark
        for mark in interpret(encode(job(Image("logo")), WIDE, {"logo": logo}), WIDE).marks
        if isinstance(mark, Picture)
    ]
    assert picture.bitmap == logo
