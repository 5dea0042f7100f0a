"""Layout: nothing is lost, nothing is wider than the paper, a figure stays whole at the right edge."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.layout import Line, clusters, lay_out, printable, width, wrap
from hardware.receipt import (
    Align,
    Barcode,
    BarcodeKind,
    Blank,
    Block,
    Columns,
    Cut,
    Document,
    Image,
    PrintJob,
    Qr,
    Rule,
    RuleKind,
    Size,
    Stamps,
    Text,
    as_copy,
    decode_job,
    encode_job,
)

unhurried = settings(deadline=None)
PAPERS = (32, 42, 48)
names = st.text(max_size=120)
figures = st.from_regex(r"[−+]?[0-9]{1,3}(\u00a0[0-9]{3}){0,2},[0-9]{2}(\u00a0(zł|₽|€))?", fullmatch=True)
sizes, aligns = st.sampled_from(Size), st.sampled_from(Align)
blocks: st.SearchStrategy[Block] = st.one_of(
    st.builds(Text, names, aligns, st.booleans(), sizes),
    st.builds(Columns, names, figures, st.booleans(), sizes, st.integers(0, 8)),
    st.builds(Rule, st.sampled_from(RuleKind)),
    st.builds(Blank, st.integers(0, 3)),
    st.builds(Stamps, st.integers(-2, 60), st.integers(-2, 60), st.integers(-2, 60)),
    st.builds(Barcode, names, st.sampled_from(BarcodeKind)),
    st.builds(Qr, names),
    st.builds(Image, names, names),
    st.just(Cut()),
)
documents = st.builds(
    Document,
    st.lists(blocks, max_size=8).map(tuple),
    st.sampled_from(("ru", "pl", "en", "uk")),
    st.booleans(),
    st.booleans(),
)


def lines(*content: Block, columns: int = 32) -> list[str]:
    plain = Document(content, non_fiscal=False)
    return [printed.text for printed in lay_out(plain, columns) if isinstance(printed, Line)]


@unhurried
@given(documents, st.booleans())
def test_a_job_survives_json(document: Document, open_drawer: bool) -> None:
    job = PrintJob(document, open_drawer)
    assert decode_job(encode_job(job)) == job


@unhurried
@given(documents, st.sampled_from(PAPERS))
def test_no_line_is_wider_than_the_paper(document: Document, columns: int) -> None:
    for printed in lay_out(document, columns):
        if isinstance(printed, Line):
            assert width(printed.text) * printed.size.cells <= columns
            assert printed.text == printable(printed.text)


@unhurried
@given(names, figures, sizes, st.integers(0, 8), st.sampled_from(PAPERS))
def test_a_figure_stays_whole_at_the_right_edge(
    name: str, figure: str, size: Size, indent: int, columns: int
) -> None:
    laid = lay_out(Document((Columns(name, figure, size=size, indent=indent),), non_fiscal=False), columns)
    last = laid[-2]
    assert isinstance(last, Line)
    assert last.text.endswith(figure.replace("\u00a0", " "))
    assert width(last.text) == columns // last.size.cells


@unhurried
@given(names, st.integers(1, 60))
def test_wrapping_loses_no_character(text: str, columns: int) -> None:
    kept = [char for char in printable(text).replace("\u00a0", " ") if not char.isspace()]
    assert [char for char in "".join(wrap(text, columns)) if not char.isspace()] == kept


@unhurried
@given(st.text(st.characters(exclude_categories=()), max_size=50))
def test_the_gate_lets_no_control_format_or_private_character_through(text: str) -> None:
    clean = printable(text)
    assert not [char for char in clean if unicodedata.category(char).startswith("C")]
    assert printable(clean) == clean


def test_the_gate_keeps_names_and_opens_no_drawer() -> None:
    assert printable("Żółć Ёж Łukasz O’Brien 漢字") == "Żółć Ёж Łukasz O’Brien 漢字"
    assert printable("\x1bp0\x19\xfaEve\u202e\u200b\ufeff") == "p0úEve"
    assert printable("a\tb\nc\u2028d") == "a b c d"
    assert printable("z\u0307") == "ż"


def test_a_long_name_wraps_and_leaves_the_amount_its_column() -> None:
    laid = lines(Columns("Молоко деревенское отборное пастеризованное 3,2 %", "1\u00a0189,90"))
    assert laid == ["Молоко деревенское", "отборное", "пастеризованное 3,2 %   1 189,90"]
    assert lines(Columns("Chleb", "8,90")) == ["Chleb                       8,90"]


def test_a_figure_too_long_for_the_line_gets_its_own() -> None:
    assert lines(Columns("Karta", "PL61 1090 1014 0000 0712 1981")) == [
        "Karta",
        "   PL61 1090 1014 0000 0712 1981",
    ]


def test_a_word_longer_than_the_line_is_cut_between_characters_not_inside_them() -> None:
    assert wrap("ab" + "e\u0331" * 4, 3) == ["ab" + "e\u0331", "e\u0331" * 3]
    assert wrap("漢字漢字", 5) == ["漢字", "漢字"]
    assert clusters("e\u0331漢") == [("e\u0331", 1), ("漢", 2)]


def test_a_unit_stays_with_its_figure() -> None:
    assert wrap("Сливки отборные 930 мл", 20) == ["Сливки отборные", "930 мл"]
    assert wrap("1\u00a0284,00\u00a0zł i reszta", 12) == ["1 284,00 zł", "i reszta"]


def test_what_does_not_fit_in_wide_letters_is_printed_tall() -> None:
    laid = lay_out(Document((Columns("ИТОГО К ОПЛАТЕ", "1 284 000,00", size=Size.LARGE),)), 32)
    assert [each.size for each in laid if isinstance(each, Line) and each.text.startswith("ИТОГО")] == [
        Size.TALL
    ]
    wide = lay_out(Document((Text("Супермаркетище «Штемпель»", size=Size.LARGE),), non_fiscal=False), 32)
    assert [each.size for each in wide if isinstance(each, Line)] == [Size.LARGE, Size.LARGE]
    long = lay_out(Document((Text("Достопримечательность", size=Size.LARGE),), non_fiscal=False), 32)
    assert [each.size for each in long if isinstance(each, Line)] == [Size.TALL]


@pytest.mark.parametrize(
    ("language", "mark", "copy"),
    [
        ("ru", "НЕ ЯВЛЯЕТСЯ КАССОВЫМ ЧЕКОМ", "КОПИЯ"),
        ("pl", "DOKUMENT NIEFISKALNY", "KOPIA"),
        ("en", "NOT A FISCAL RECEIPT", "COPY"),
        ("kk", "NOT A FISCAL RECEIPT", "COPY"),
    ],
)
def test_every_slip_says_top_and_bottom_what_it_is_not(language: str, mark: str, copy: str) -> None:
    document = Document((Text("one"), Cut(), Text("two")), language, copy=True)
    laid = [each.text if isinstance(each, Line) else "cut" for each in lay_out(document, 42)]
    slip = [copy, mark, "", "one", "", mark, copy, "cut"]
    assert laid == [*slip, *(("two" if each == "one" else each) for each in slip)]


def test_a_copy_opens_no_drawer() -> None:
    job = PrintJob(Document((Text("x"),)), open_drawer=True)
    assert as_copy(job) == PrintJob(Document((Text("x"),), copy=True), open_drawer=False)
    assert as_copy(PrintJob(open_drawer=True)) == PrintJob()


def test_stamps_fill_rows_of_one_length() -> None:
    assert lines(Stamps(3, 10, 1)) == ["●●◉○○○○○○○"]
    assert lines(Stamps(18, 20, 0)) == ["●" * 10, "●" * 8 + "○" * 2]
    assert lines(Stamps(99, 3, 9)) == ["◉◉◉"]
    assert lines(Stamps(1, 0, 0)) == []


def test_codes_have_white_above_and_below_them_once() -> None:
    content = (Text("a"), Qr("1"), Barcode("2"), Blank(), Qr("3"), Text("b"))
    laid = lay_out(Document(content, non_fiscal=False), 32)
    assert [each.text if isinstance(each, Line) else type(each).__name__ for each in laid] == [
        "a", "", "Qr", "", "Barcode", "", "Qr", "", "b", "Cut",
    ]  # fmt: skip


def test_paper_narrower_than_any_printer_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 columns"):
        lay_out(Document(()), 15)
