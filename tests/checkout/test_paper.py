"""Every kind of paper, read back from its bytes: approved word for word, and free of words it may not use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import resources
from app.checkout.paper.member import (
    Movement,
    enrolment_slip,
    masked,
    movements,
    points_statement,
    summed,
)
from app.checkout.paper.refund import refund_document
from app.checkout.paper.shift import x_report, z_report
from app.checkout.ports import Person
from app.checkout.receipt import sale_document
from app.checkout.rights import NEEDS
from app.ledger.facts import OpeningBalance
from app.loyalty.effects import Grant, Lot, PointsEarned
from app.stats.shift import fold
from app.texts import LANGUAGES, texts
from hardware.layout import COPY, NON_FISCAL
from hardware.printers.escpos import encode
from hardware.printers.paper import Bars, Picture, QrSign, interpret
from hardware.printers.preview import as_text, read_picture
from hardware.printers.profile import PROFILES, Profile
from hardware.receipt import Columns, Document, PrintJob, as_copy
from tests.checkout.paper_names import named, skeleton
from tests.checkout.paper_samples import (
    AT_MS,
    DAY_MS,
    KINDS,
    SHOPS,
    coupon_slip,
    grant,
    id_,
    member,
    programme,
    receipt,
    refund,
    sale,
    shift_facts,
)

EXPECTED: Final = Path(__file__).parent / "expected"
PAPERS: Final = {32: PROFILES["58mm"], 42: PROFILES["80mm-42"], 48: PROFILES["80mm"]}
APPROVED: Final = [
    *((kind, lang, 42) for kind in KINDS for lang in LANGUAGES),
    *(("z", lang, columns) for lang in LANGUAGES for columns in (32, 48)),
]
RESERVED: Final = {
    # Federal Law 54-FZ, articles 1.1, 4.1 and 4.7: the fiscal documents' names and their fields.
    "ru": (
        "кассовый чек", "чек коррекции", "бланк строгой отчетности", "отчет о закрытии смены",
        "отчет об открытии смены", "признак расчета", "приход", "возврат прихода", "ФН", "ФД", "ФП", "ФПД",
        "фискальный", "ИНН", "РН ККТ", "ЗН ККТ", "СНО", "система налогообложения", "сайт ФНС", "ККТ", "ОФД",
    ),
    # Regulation of 12 September 2021 on technical requirements for cash registers (Dz.U. 2024 poz. 1654),
    # chapter 5: what fiscal receipts, reports and invoices are called, and what only they show.
    "pl": (
        "paragon", "fiskalny", "fiskalna", "raport dobowy", "raport okresowy", "faktura", "NIP", "PTU",
        "sprzedaż opodatkowana", "suma PTU", "numer unikatowy", "nr unikatowy", "logo fiskalne",
    ),
    "en": ("fiscal", "tax invoice", "VAT invoice", "VAT No", "tax ID"),
}  # fmt: skip
"""Words of fiscal documents. Not one may stand on our paper but in the mark that says it is none."""


def printed(document: Document, profile: Profile = PAPERS[42]) -> str:
    return as_text(encode(PrintJob(document), profile), profile)


# -- what it says ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "lang", "columns"), APPROVED)
def test_the_paper_is_as_approved(kind: str, lang: str, columns: int) -> None:
    """An approved file is written by `python -m tests.checkout.test_paper`, then read by a person."""
    approved = (EXPECTED / f"{kind}-{lang}-{columns}.txt").read_text("utf-8")
    assert printed(KINDS[kind](lang), PAPERS[columns]) == approved


@pytest.mark.parametrize("columns", PAPERS)
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_slip_says_top_and_bottom_that_it_is_not_fiscal(kind: str, lang: str, columns: int) -> None:
    text = printed(KINDS[kind](lang), PAPERS[columns])
    slips = [slip.strip() for slip in re.split(r"✂.*|\n{5,}", text) if slip.strip()]
    for slip in slips:
        lines = [line.strip() for line in slip.splitlines()]
        if kind.endswith("copy"):
            assert (lines.pop(0), lines.pop()) == (COPY[lang], COPY[lang])
        assert (lines[0], lines[-1]) == (NON_FISCAL[lang], NON_FISCAL[lang])


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_word_of_a_fiscal_document_stands_on_our_paper(kind: str, lang: str) -> None:
    text = printed(KINDS[kind](lang)).replace(NON_FISCAL[lang], "")
    assert _reserved(text, lang) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_word_of_a_fiscal_document_stands_in_our_texts(lang: str) -> None:
    for part in ("receipt", "report", "ereceipt"):
        said = resources.path("texts", f"{part}.{lang}.yaml").read_text("utf-8").splitlines()
        told = "\n".join(line for line in said if not line.startswith("ereceipt.no_fiscal:"))
        assert _reserved(told, lang) == []


def _reserved(text: str, lang: str) -> list[str]:
    plain = text.lower().replace("ё", "е")
    return [word for word in RESERVED[lang] if re.search(rf"\b{re.escape(word.lower())}\b", plain)]


def test_the_list_of_reserved_words_finds_them() -> None:
    assert _reserved("КАССОВЫЙ ЧЕК № 1, ИНН 7701234567", "ru") == ["кассовый чек", "ИНН"]
    assert _reserved("Paragon fiskalny\nNIP 123", "pl") == ["paragon", "fiskalny", "NIP"]
    assert _reserved("A fiscal receipt", "en") == ["fiscal"]


def test_our_texts_say_the_same_things_in_every_language() -> None:
    for part in ("receipt", "report", "ereceipt"):
        keys: list[list[tuple[str, list[str]]]] = []
        for lang in LANGUAGES:
            lines = resources.path("texts", f"{part}.{lang}.yaml").read_text("utf-8").splitlines()
            entries = (line.partition(":") for line in lines)
            keys.append(
                sorted((key, sorted(set(re.findall(r"\{(\w+)\}", text)))) for key, _, text in entries)
            )
        assert keys[0] == keys[1] == keys[2]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_act_that_needs_a_right_has_a_name(lang: str) -> None:
    assert [
        act for act in (*NEEDS, "age_checked", "reverse_card") if not texts(lang).has(f"report.act_{act}")
    ] == []


# -- single facts of it ----------------------------------------------------------------------------------


def test_a_refund_says_what_went_back_each_way() -> None:
    lines = [" ".join(line.split()) for line in printed(KINDS["refund"]("en")).splitlines()]
    for said in (
        "REFUNDED €18.49", "In points 1.03", "Cash 17.46", "Points given back +103", "Points taken back -17",
        "Of purchase No 184, 21/11/2026", "Approved by Fiona",
    ):  # fmt: skip
        assert said in lines


def test_a_refund_of_an_unknown_sale_to_nobody_is_printed() -> None:
    bare = msgspec.structs.replace(
        refund("en"), sale=None, member=None, effects=(), approved_by="", reason=""
    )
    text = printed(refund_document(bare, SHOPS["en"], programme()))
    assert "REFUND" in text
    assert "Of purchase" not in text


def test_a_refund_put_towards_a_purchase_says_so() -> None:
    put = msgspec.structs.replace(refund("pl"), exchange=id_(7), rounding_minor=1)
    text = printed(refund_document(put, SHOPS["pl"], programme()))
    assert "Zaliczone na nowy zakup" in text
    assert "Zaokrąglenie" in text


def test_a_z_report_is_of_a_closed_shift_only() -> None:
    open_shift = fold(shift_facts("en", closed=False))
    with pytest.raises(ValueError, match="closed shift"):
        z_report(open_shift, SHOPS["en"], programme())
    text = printed(x_report(open_shift, SHOPS["en"], programme(), at_ms=AT_MS))
    assert "Counted" not in text
    assert "signature" not in text


@pytest.mark.parametrize(
    ("off_minor", "said"),
    [(0, "It agrees"), (3_20, "OVER +€3.20"), (-5_00, "SHORT -€5.00"), (None, "Not counted")],
)
def test_a_z_report_says_how_the_drawer_agrees(off_minor: int | None, said: str) -> None:
    figures = fold(shift_facts("en"))
    counted = None if off_minor is None else figures.expected_minor + off_minor
    text = printed(
        z_report(msgspec.structs.replace(figures, counted_minor=counted), SHOPS["en"], programme())
    )
    assert said in [" ".join(line.split()) for line in text.splitlines()]


def test_a_z_report_of_a_shift_in_which_nothing_happened_is_printed() -> None:
    facts = shift_facts("en")
    text = printed(z_report(fold([facts[0], facts[-1]]), SHOPS["en"], programme()))
    assert "NET SALES" in text
    assert "Points" not in text


def test_a_statement_shows_a_debt_and_lots_that_lapse_without_a_purchase() -> None:
    lot = Lot("a", "points", 50_00, AT_MS, idle_days=90)
    state = msgspec.structs.replace(member("en").state, lots=(lot,), debt_centi=20_00)
    shown = msgspec.structs.replace(member("en"), state=state)
    text = printed(points_statement(shown, SHOPS["en"], programme(), at_ms=AT_MS))
    assert "Lapses after 90 days without a" in text
    assert "Below zero" in text


def test_movements_are_the_ledgers_entries() -> None:
    facts = (sale("en", by=id_(9)), refund("en"))
    assert movements(facts) == [
        Movement(AT_MS, "redeemed", -103_00),
        Movement(AT_MS, "issued", 41_00),
        Movement(AT_MS + DAY_MS, "returned", 103_00),
        Movement(AT_MS + DAY_MS, "withdrawn", -17_00),
    ]
    brought = OpeningBalance(id=id_(1), at_ms=1, member=id_(9), source="x",
                             effects=(PointsEarned(Lot("o", "points", 5_00, 1)),))  # fmt: skip
    assert movements([brought]) == [Movement(1, "imported", 5_00)]


def test_a_coupon_can_be_scanned_by_the_code_it_shows() -> None:
    profile = PAPERS[32]
    short = encode(PrintJob(KINDS["coupon"]("ru")), profile)
    assert [mark.text for mark in interpret(short, profile).marks if isinstance(mark, Bars)] == [grant().code]
    code = f"{id_(184)}:come-back"
    given = msgspec.structs.replace(grant(), code=code)
    long = encode(PrintJob(coupon_slip("ru", SHOPS["ru"], given)), profile)
    assert [mark.data.decode() for mark in interpret(long, profile).marks if isinstance(mark, QrSign)] == [
        code
    ]


def test_a_sale_that_gives_a_coupon_prints_it_on_a_slip_of_its_own() -> None:
    text = printed(KINDS["sale"]("en"))
    first, second, _ = re.split(r"✂.*", text)
    assert "TOTAL" in first
    assert "COUPON" in second
    assert "COUPON" not in first


def test_a_sale_that_gives_a_reward_says_so() -> None:
    given = msgspec.structs.replace(grant(), kind="reward", uses=3)
    rewarded = receipt("en")
    decision = msgspec.structs.replace(rewarded.decision, issued=(given,))
    text = printed(
        sale_document(msgspec.structs.replace(rewarded, decision=decision), SHOPS["en"], programme())
    )
    assert "You receive" in text
    assert "Come back (3)" in text


def test_uses_that_two_lines_gave_stand_in_one_row() -> None:
    uses = Grant(code="u1", rule="points", kind="uses", issued_at_ms=AT_MS, uses=3, item="1")
    more = msgspec.structs.replace(uses, code="u2", uses=6, item="2")
    until = msgspec.structs.replace(uses, code="u3", expires_at_ms=AT_MS)
    slips = (grant(), msgspec.structs.replace(grant(), code="another"))
    assert [(one.code, one.uses) for one in summed((uses, more, until))] == [("u1", 9), ("u3", 3)]
    assert summed(slips) == list(slips), "a coupon is a slip of its own"
    sold = receipt("en")
    given = msgspec.structs.replace(
        sold, decision=msgspec.structs.replace(sold.decision, issued=(uses, more))
    )
    rows = [b for b in sale_document(given, SHOPS["en"], programme()).blocks if isinstance(b, Columns)]
    assert [row.right for row in rows if row.left == "You receive"] == ["Points (9)"]


@pytest.mark.parametrize(("phone", "shown"), [("+48 600 100 200", "*** 200"), ("112", ""), ("", "")])
def test_slips_show_no_phone_number_whole(phone: str, shown: str) -> None:
    assert masked(phone) == shown
    person = Person(member=id_(9), name="Nora", phone=phone, lang="en")
    text = printed(enrolment_slip(person, SHOPS["en"], programme(), at_ms=AT_MS))
    assert "600" not in text
    assert ("Phone" in text) == bool(shown)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_any_paper_says_that_it_is_one(kind: str) -> None:
    for lang in LANGUAGES:
        job = as_copy(PrintJob(KINDS[kind](lang), open_drawer=True))
        stream = encode(job, PAPERS[42])
        assert COPY[lang] in as_text(stream, PAPERS[42])
        assert interpret(stream, PAPERS[42]).kicks == 0


# -- what a name may do to it ----------------------------------------------------------------------------

anything = st.text(st.characters(exclude_categories=()), max_size=40)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([*KINDS]), anything, st.sampled_from([*PAPERS]))
def test_no_name_changes_what_the_printer_is_told(kind: str, name: str, columns: int) -> None:
    profile = PAPERS[columns]
    with_name = encode(PrintJob(named(kind, name)), profile)
    plain = encode(PrintJob(named(kind, "Anna")), profile)
    assert skeleton(with_name) == skeleton(plain)
    assert interpret(with_name, profile).kicks == 0
    assert interpret(with_name, profile).unknown == []
    assert not re.search(rb"\x10[\x04\x05\x14]", with_name)


@pytest.mark.parametrize("kind", [*KINDS])
@pytest.mark.parametrize(
    "name",
    ["\x1bp0\x19\xfa", "\x10\x14\x01\x00\x05", "\x1b@\x1dV0", "A\u202eB", "x" * 3000, "漢字" * 40, "₽"],
)
def test_names_of_the_fault_list_on_every_kind_of_paper(kind: str, name: str) -> None:
    profile = PAPERS[42]
    stream = encode(PrintJob(named(kind, name)), profile)
    assert skeleton(stream) == skeleton(encode(PrintJob(named(kind, "Anna")), profile))
    assert interpret(stream, profile).kicks == 0


def test_the_skeleton_notices_a_command_in_a_name() -> None:
    """The comparison would find what a missing gate let through."""
    job = PrintJob(named("statement", "Anna"))
    stream = encode(job, PAPERS[42])
    assert skeleton(stream.replace(b"Anna", b"\x1bp0\x19\xfa", 1)) != skeleton(stream)


def test_texts_of_paper_are_plain_where_printers_are() -> None:
    """Words a printer would draw as a picture cost paper time: our own are all in its code page."""
    for lang in LANGUAGES:
        for kind in KINDS:
            marks = interpret(encode(PrintJob(KINDS[kind](lang)), PAPERS[42]), PAPERS[42]).marks
            drawn = [read_picture(mark, PAPERS[42]) or "" for mark in marks if isinstance(mark, Picture)]
            assert [text for text in drawn if not re.search("[₽●○◉]", text)] == [], (kind, lang)


if __name__ == "__main__":
    EXPECTED.mkdir(exist_ok=True)
    for kind, lang, columns in APPROVED:
        text = printed(KINDS[kind](lang), PAPERS[columns])
        (EXPECTED / f"{kind}-{lang}-{columns}.txt").write_text(text, "utf-8")
