"""Forms of the shop's own codes: made and checked in one place."""

from __future__ import annotations

import itertools
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean

from app.config import CodeFormSection, ScannerSection
from hardware.scanners.codes import MemberCode, read_code
from hardware.scanners.masks import HOUSE_MEMBER, InStoreRule, Mask
from hardware.scanners.setup import known_codes

CHECKED = (
    HOUSE_MEMBER,
    Mask("LOY-######?", "mod_37_36"),
    Mask("????????", "mod_37_36"),
    Mask("29###########", "ean"),
    Mask("77##############", "luhn"),
    Mask("9-##-##-#", "mod_11_10"),
)
PAYLOADS = {mask.pattern: "?" in mask.pattern and mask.pattern != "LOY-######?" for mask in CHECKED}


@pytest.mark.parametrize("mask", CHECKED, ids=lambda mask: mask.pattern)
@given(data=st.data())
def test_what_is_made_fits_and_one_wrong_character_does_not(mask: Mask, data: st.DataObject):
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" if PAYLOADS[mask.pattern] else "0123456789"
    payload = data.draw(st.text(letters, min_size=mask.room, max_size=mask.room))
    code = mask.code(payload)
    assert mask.match(code).number == mask.match(code.lower()).number == code
    variable = [at for at, char in enumerate(mask.pattern) if char in "#?"]
    at = data.draw(st.sampled_from(variable))
    other = data.draw(st.sampled_from([char for char in "0123456789" if char != code[at]]))
    wrong = mask.match(code[:at] + other + code[at + 1 :])
    assert (wrong.fits, wrong.wrong_check) == (False, True)


def test_of_all_swaps_of_two_digits_nearly_all_are_caught():
    """Mod 11,10 lets a few through by its nature."""
    mask, caught, swaps = Mask("####", "mod_11_10"), 0, 0
    for digits in itertools.product("0123456789", repeat=3):
        code = mask.code("".join(digits))
        for at in range(3):
            if code[at] != code[at + 1]:
                swaps += 1
                caught += not mask.match(code[:at] + code[at + 1] + code[at] + code[at + 2 :]).fits
    assert caught / swaps > 0.97


def test_numbers_are_drawn_apart():
    drawn = {HOUSE_MEMBER.draw(os.urandom) for _ in range(2000)}
    assert len(drawn) == 2000
    assert all(HOUSE_MEMBER.match(code).fits for code in drawn)
    assert Mask("@@-??").draw(lambda size: bytes(size)) == "AA-00"


def test_an_ean_is_checked_over_its_fixed_digits_too():
    assert Mask("29###########", "ean").match("2900000000018").fits
    assert Mask("29###########", "ean").code("0000000001") == "29" + "0000000001" + "8"
    assert ean.is_valid("2900000000018")


@pytest.mark.parametrize(
    ("pattern", "check", "says"),
    [
        ("ABC", "none", "no variable"),
        ("", "none", "no variable"),
        ("LOY-######", "mod_37_36", "no [?], the place"),
        ("LOY-?????A", "mod_37_36", "no [?], the place"),
        ("LOY-#####?", "mod_11_10", "no #, the place"),
        ("LOY@#####", "mod_11_10", "letters"),
        ("КЛ####", "none", "do not share"),
        ("LOY-######", "luhn", "not all digits"),
        ("LOY-######", "ean", "not all digits"),
        ("######", "crc", "no check"),
    ],
)
def test_a_pattern_that_cannot_have_its_check_is_refused(pattern: str, check: str, says: str):
    with pytest.raises(ValueError, match=says):
        Mask(pattern, check)  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", ["", "123", "123456789012", "1234567890A", "1234567890 ", "१२३४५६७८९०१"])
def test_a_number_that_does_not_fit_is_refused(payload: str):
    with pytest.raises(ValueError, match=r"fit|takes"):
        HOUSE_MEMBER.code(payload)


# -- settings --------------------------------------------------------------------------------------------


def test_forms_with_and_without_a_check_in_the_settings():
    section = ScannerSection(
        member_cards=("A####", CodeFormSection(form="29###########", check="ean")),
        in_store=("22IIIIIWWWWWC",),
    )
    known = known_codes(section)
    assert known.members == (Mask("A####"), Mask("29###########", "ean"))
    assert known.in_store == (InStoreRule("22IIIIIWWWWWC"),)
    assert read_code("2900000000018", None, known) == MemberCode("2900000000018")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"member_cards": ("ABC",)}, "member_cards: 'ABC' has no variable"),
        ({"receipts": (CodeFormSection(form="R###", check="luhn"),)}, "receipts: .*not all digits"),
        ({"coupons": ("",)}, "coupons"),
        ({"in_store": ("12IIIIIWWWWWC",)}, "in_store: .*is no pattern such as"),
    ],
)
def test_a_wrong_form_names_its_setting(settings: dict[str, tuple[object, ...]], says: str):
    with pytest.raises(ValueError, match=says):
        known_codes(ScannerSection(**settings))  # type: ignore[arg-type]
