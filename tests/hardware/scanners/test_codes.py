"""The one parser of codes: each kind, who wins over whom, and anything at all."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stdnum import ean, luhn
from stdnum.iso7064 import mod_37_36

from app.checkout.receipt_code import REFERENCE
from hardware.scanners.codes import (
    CouponCode,
    Known,
    MemberCode,
    PaymentCard,
    Product,
    ReceiptCode,
    Unknown,
    read_code,
)
from hardware.scanners.masks import HOUSE_MEMBER, InStoreRule, Mask

SALE = uuid.UUID("0193f2a4-c1d2-7b3e-8f00-112233445566")
SHOP = Known(
    members=(Mask("LOY-######?", "mod_37_36"), Mask("77##############", "luhn")),
    receipts=(Mask("R############"),),
    coupons=(Mask("CP@@@###"),),
    in_store=(InStoreRule("22IIIIIWWWWWC"), InStoreRule("21IIIIIPPPPPC"), InStoreRule("2IIIIIXPPPPC")),
)


def with_check(payload: str) -> str:
    return payload + ean.calc_check_digit(payload)


def known(*products: str) -> Known:
    return Known(products.__contains__, SHOP.members, SHOP.receipts, SHOP.coupons, SHOP.in_store)


# -- products --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "also"),
    [
        ("4006381333931", "04006381333931"),
        ("96385074", "0000096385074"),
        ("036000291452", "0036000291452"),
        ("0036000291452", "036000291452"),
        ("00036000291452", "036000291452"),
        ("01234565", "012345000065"),
    ],
    ids=["EAN-13", "EAN-8", "UPC-A", "UPC-A as EAN-13", "GTIN-14", "UPC-E"],
)
def test_a_gtin_is_a_product_under_each_of_its_forms(text: str, also: str):
    code = read_code(text, None, SHOP)
    assert isinstance(code, Product)
    assert code.keys[0] == text
    assert also in code.keys


@pytest.mark.parametrize("text", ["4006381333930", "96385075", "036000291453"])
def test_a_wrong_check_digit_is_said_to_be_one(text: str):
    assert read_code(text, None, SHOP) == Unknown(text, "check_character")


def test_a_known_product_wins_over_every_form_it_might_have():
    for text in ("4111111111111111", "LOY-17", with_check("221234501234"), "abc", "R000000000017"):
        code = read_code(text, None, known(text))
        assert isinstance(code, Product)
        assert code.keys[0] == text


def test_a_product_is_known_by_any_form_of_its_gtin():
    code = read_code("036000291452", None, known("0036000291452"))
    assert isinstance(code, Product)
    assert code.keys[:2] == ("036000291452", "0036000291452")


def test_blanks_and_line_ends_around_a_code_do_not_matter():
    assert read_code(" 4006381333931\r\n", None, SHOP) == read_code("4006381333931", None, SHOP)


# -- in-store codes --------------------------------------------------------------------------------------


def test_a_scale_code_tells_item_and_weight():
    text = with_check("22" + "12345" + "01234")
    assert read_code(text, "]E0", SHOP) == Product(("2212345", text), weight_milli=1234)


def test_a_scale_code_tells_item_and_price():
    text = with_check("21" + "00017" + "00999")
    assert read_code(text, None, SHOP) == Product(("2100017", text), price_minor=999)


def test_a_upc_scale_code_tells_item_and_price():
    text = with_check("2" + "12345" + "7" + "0499")
    assert read_code(text, None, SHOP) == Product(("212345", text), price_minor=499)


def test_a_upc_scale_code_sent_as_an_ean_tells_the_same():
    short = Known(in_store=(InStoreRule("2IIIIIPPPPPC"),))
    text = with_check("2" + "12345" + "00499")
    assert read_code(text, None, short) == Product(("212345", text), price_minor=499)
    assert read_code("0" + text, "]E0", short) == Product(("212345", "0" + text), price_minor=499)
    assert read_code("1" + text, None, short) == Unknown("1" + text, "check_character")


def test_an_in_store_code_of_no_rule_is_a_plain_product():
    text = with_check("291234501234")
    code = read_code(text, None, SHOP)
    assert isinstance(code, Product)
    assert (code.keys[0], code.weight_milli, code.price_minor) == (text, None, None)


@pytest.mark.parametrize("pattern", ["", "22IIIIIWWWWW", "42IIIIIWWWWWC", "22IIIIIWWPPPC", "22IIIIIWWWWWWC"])
def test_a_wrong_in_store_pattern_says_what_a_right_one_is(pattern: str):
    with pytest.raises(ValueError, match="22IIIIIWWWWWC"):
        InStoreRule(pattern)


# -- GS1 -------------------------------------------------------------------------------------------------


def test_a_gs1_message_tells_weight_batch_and_expiry():
    text = "0104006381333931" + "3103001256" + "10AB-7\x1d" + "17261231"
    assert read_code(text, "]C1", SHOP) == Product(
        ("04006381333931", "4006381333931"), weight_milli=1256, batch="AB-7", expires=date(2026, 12, 31)
    )


def test_a_gs1_message_is_read_without_an_aim_identifier():
    code = read_code("\x1d0104006381333931" + "3922001999", None, SHOP)
    assert isinstance(code, Product)
    assert code.price_minor == 1999


@pytest.mark.parametrize(
    ("currency", "price_minor"), [("EUR", 1250), ("PLN", None), ("XTS", None), ("", None)]
)
def test_a_price_in_a_currency_is_the_shops_own_or_none(currency: str, price_minor: int | None):
    code = read_code("0104006381333931" + "3932978" + "1250", "]C1", Known(currency=currency))
    assert code == Product(("04006381333931", "4006381333931"), price_minor=price_minor)


def test_a_data_matrix_with_a_serial_number_is_a_product():
    # The form of Russia's goods marking: GTIN, serial, key and its signature.
    code = read_code("010400638133393121ABC!%123\x1d91EE06\x1d92c2lnbmF0dXJl", "]d2", SHOP)
    assert isinstance(code, Product)
    assert (code.keys[0], code.serial) == ("04006381333931", "ABC!%123")


def test_a_digital_link_is_a_product():
    code = read_code("https://id.gs1.org/01/09506000134352/10/ABC?17=261231", None, SHOP)
    assert isinstance(code, Product)
    assert (code.keys[0], code.batch) == ("09506000134352", "ABC")


def test_a_gs1_message_with_a_wrong_check_digit_is_unknown():
    assert isinstance(read_code("01040063813339303103001256", None, SHOP), Unknown)


def test_a_plain_ean_is_no_gs1_message():
    # Read greedily, 400… is AI 400, the customer's purchase order number.
    code = read_code("4006381333931", None, SHOP)
    assert isinstance(code, Product)
    assert code.batch is None


# -- the shop's own codes --------------------------------------------------------------------------------


def test_a_member_code_with_its_check_character():
    number = "123456" + mod_37_36.calc_check_digit("123456")
    assert read_code(f"loy-{number}".lower(), None, SHOP) == MemberCode(f"LOY-{number}")
    wrong = number[:-1] + ("A" if number[-1] != "A" else "B")
    assert read_code(f"LOY-{wrong}", None, SHOP) == Unknown(f"LOY-{wrong}", "check_character")


@given(st.text("0123456789", min_size=6, max_size=6), st.integers(0, 5))
def test_a_member_code_with_two_digits_swapped_is_never_another_member(digits: str, at: int):
    number = digits + mod_37_36.calc_check_digit(digits)
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if swapped != number:
        assert isinstance(read_code(f"LOY-{swapped}", None, SHOP), Unknown)


def test_receipts_and_coupons_by_their_masks():
    assert read_code("r000000000017", None, SHOP) == ReceiptCode("R000000000017")
    assert read_code("CPABC123", None, SHOP) == CouponCode("CPABC123")


def test_a_digit_of_another_script_is_no_digit_of_a_mask():
    assert isinstance(read_code("R٠٠٠٠٠٠٠٠٠٠١٧", None, SHOP), Unknown)


# -- codes the till makes itself -------------------------------------------------------------------------


def test_a_number_the_till_issues_is_a_member_without_any_setting():
    number = HOUSE_MEMBER.code("12345678901")
    assert read_code(number, None, Known()) == MemberCode(number)
    assert read_code(number.lower(), None, Known()) == MemberCode(number)
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert read_code(wrong, None, Known()) == Unknown(wrong, "check_character")


def test_a_receipts_own_code_names_its_sale():
    """As it stands on the paper of a real sale, and as a scanner with capitals on would type it."""
    code = REFERENCE + SALE.hex
    assert read_code(code, "]Q1", Known()) == ReceiptCode(SALE.hex)
    assert read_code(code.upper(), None, Known()) == ReceiptCode(SALE.hex)
    assert isinstance(read_code(code[:-1], None, Known()), Unknown)
    link = f"https://poranek.example/r/{SALE.hex}"
    assert read_code(link, "]Q1", Known()) == ReceiptCode(SALE.hex)
    assert isinstance(read_code(link[:-1], None, Known()), Unknown)


def test_a_receipts_bars_are_a_receipt():
    assert read_code("R00018401234567", "]C0", Known()) == ReceiptCode("R00018401234567")
    assert read_code("r00018401234567", None, Known()) == ReceiptCode("R00018401234567")
    assert isinstance(read_code("R0001840123456", None, Known()), Unknown)


def test_a_coupon_that_the_till_issued():
    for code in (f"{SALE}:come-back", f"{SALE}:come-back:latte#2"):
        assert read_code(code, None, Known()) == CouponCode(code)
    assert isinstance(read_code(f"{SALE}:", None, Known()), Unknown)


def test_a_product_of_the_catalogue_wins_over_the_tills_own_codes():
    number = HOUSE_MEMBER.code("12345678901")
    assert read_code(number, None, known(number)) == Product((number,))


# -- payment cards ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "378282246310005",
        "2200000000000004",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        ";4111111111111111=25121010000000000000?",
        "%B4111111111111111^NAME/SOME^2512101?",
        "6304000000000000000",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111.1111.1111.1111",
        "4111\u00a01111\u202f1111\u20111111",
        "%B3782 822463 10005^DOE/JOHN^2512101?",
        "%B3782\u00a0822463\u00a010005^DOE/JOHN^2512101?",
        "5B4111111111111111^NOWAK/JAN^2512101_",
        "ж4111111111111111=25121010000000000000,",
        "B4111111111111111^NOWAK/JAN^2512101?",
        "4111111111111111=25121010000000000000?",
        "5019717010103742D25121010000000000000F",
    ],
)
def test_a_payment_card_is_refused_and_holds_nothing(text: str):
    code = read_code(text, None, SHOP)
    assert code == PaymentCard()
    assert "1" not in repr(code)


def test_a_shops_own_card_of_sixteen_digits_is_a_member():
    number = "77" + "0" * 13
    number += luhn.calc_check_digit(number)
    own = Known(members=(Mask("################", "luhn"),))
    assert read_code(number, None, own) == MemberCode(number)


@given(st.text("0123456789", min_size=14, max_size=18))
def test_no_unmatched_card_number_is_ever_kept(payload: str):
    number = payload + luhn.calc_check_digit(payload)
    code = read_code(number, None, Known())
    assert code == PaymentCard() or isinstance(code, Product)
    if isinstance(code, Product):
        assert number.startswith(("01", "02"))


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",
        "411111111111",
        "41111111111111111111",
        "4111111111111112=2512",
        "4111111111111111D9913",
        "https://shop.example/?card=4111111111111112&x=1",
    ],
)
def test_other_digits_are_no_payment_card(text: str):
    assert isinstance(read_code(text, None, SHOP), Unknown)


# -- anything --------------------------------------------------------------------------------------------

AIMS = st.none() | st.sampled_from(["]E0", "]C1", "]C0", "]d2", "]Q3", "]e0", "]Z9", "]"])
NEAR_CODES = st.text("0123456789\x1d]CQdehttps://.%;^=LOY-R ", max_size=80)
ELEMENTS = st.lists(
    st.sampled_from(["01", "02", "10", "17", "21", "3103", "3922", "3932", "400", "8006"])
    | st.text("0123456789", max_size=16)
    | st.just("\x1d"),
    max_size=8,
).map("".join)


@settings(max_examples=600)
@given(st.text(max_size=60) | NEAR_CODES | ELEMENTS | ELEMENTS.map("https://x.y/".__add__), AIMS)
@example("0" * 8000, None)
@example("\x1d" * 40, "]C1")
@example("٤" * 13, None)
@example("01" + "²" * 14, None)
def test_any_text_is_some_code(text: str, aim: str | None):
    code = read_code(text, aim, SHOP)
    if isinstance(code, Unknown):
        assert code.why in ("empty", "too_long", "check_character", "no_match")
    if isinstance(code, Product):
        assert all(code.keys)
