"""The proof of an Ultralight AES: NXP's published figures, and what is no proof."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.cards.kinds import CardSettings, read_card, reader_uid
from hardware.cards.link import CardContent, CardProblem
from hardware.cards.native import Way
from hardware.cards.ultralight_aes import UltralightKey, authenticate, diversify
from hardware.ports import CardProof
from tests.hardware.cards.test_card_data import DirectLink
from tests.support.virtual_card import Ntag, UltralightAes, member_message, tlv

UID = "04A1B2C3D4E580"
KEY = UltralightKey(bytes.fromhex("00112233445566778899AABBCCDDEEFF"), label=b"Poranek")
AREA = tlv(member_message("LOY-1"))


class Recorded:
    """A card that gives the answers of a published example, and hears what is sent to it."""

    def __init__(self, *answers: str) -> None:
        self.answers = [bytes.fromhex(answer) for answer in answers]
        self.heard: list[str] = []

    def exchange(self, command: bytes) -> bytes | None:
        self.heard.append(command.hex().upper())
        return self.answers.pop(0)


@pytest.mark.parametrize(
    ("challenge", "first", "sent", "second"),
    [
        (
            "F29B0123F5C00DF612487BBF42468C7E",
            "AFD5A847B84862FF3874A7F07B8DDF351B",
            "AFCDF22C5F7A92F0AF0155612B9B236AC7A424BC5238D41AD041B8165B7D99E524",
            "002C743D6B1E128F8076BD197B76012CE8",
        ),
        (
            "42BDF7E08E110F14B6D3323D14F1C2B9",
            "AF374142DAFB0AB97183D846EB7ED379E0",
            "AF794693B2A31E7F10964A2BD834590AC485F84E9F8B13197AB32433346F60B821",
            "00A17673DCC20D27EE80584ACCFC39E0A3",
        ),
    ],
    ids=["MF0AES(H)20 data sheet", "AN13452"],
)
def test_the_examples_of_nxp(challenge: str, first: str, sent: str, second: str):
    card = Recorded(first, second)
    authenticate(card, bytes(16), random=lambda size: bytes.fromhex(challenge)[:size])
    assert card.heard == ["1A00", sent]
    for place in range(0, 34, 7):
        wrong = f"{int(second[place : place + 1], 16) ^ 1:X}".join((second[:place], second[place + 1 :]))
        with pytest.raises(CardProblem, match="refused"):
            authenticate(Recorded(first, wrong), bytes(16), random=lambda _: bytes.fromhex(challenge))


def test_the_example_of_an10922():
    made = diversify(
        bytes.fromhex("00112233445566778899AABBCCDDEEFF"), bytes.fromhex("04782E21801D803042F54E585020416275")
    )
    assert made.hex().upper() == "A8DD63A3B89D54B37CA802473FDA9175"


@pytest.mark.parametrize("size", [0, 32, 100])
def test_there_is_no_key_for_that_much_data(size: int):
    with pytest.raises(ValueError, match="1 to 31"):
        diversify(bytes(16), bytes(size))


def test_every_card_has_a_key_of_its_own():
    keys = {KEY.of(f"04A1B2C3D4E5{n:02X}") for n in range(100)}
    keys |= {UltralightKey(KEY.master, label).of(UID) for label in (b"", b"P", b"x" * 24)}
    assert len(keys) == 103
    assert "33" not in repr(KEY)


def read(chip: Ntag, key: UltralightKey | None = KEY, way: Way = Way.PN53X) -> CardContent:
    link = DirectLink(chip)
    content = read_card(link, reader_uid(link), CardSettings(native={"Test": way}, ultralight_aes=key))
    assert content is not None
    return content


@pytest.mark.parametrize("way", Way)
def test_the_right_key_makes_it_genuine(way: Way):
    content = read(UltralightAes(bytes.fromhex(UID), AREA, version_wrap=way, key=KEY.of(UID)), way=way)
    assert content == CardContent(UID, "ultralight_aes", "LOY-1", CardProof.GENUINE)


@pytest.mark.parametrize("key", [KEY.master, KEY.of("04A1B2C3D4E581"), bytes(16)])
def test_the_key_of_another_card_is_no_proof_and_is_tried_once(key: bytes):
    chip = UltralightAes(bytes.fromhex(UID), AREA, key=key)
    with pytest.raises(CardProblem, match="refused"):
        read(chip)
    assert chip.tries == 1


def test_a_card_without_a_member_record_is_never_tried():
    """It is somebody's ticket: some count the failures of strangers and lock themselves."""
    chip = UltralightAes(bytes.fromhex(UID), b"", key=bytes(16))
    assert read(chip) == CardContent(UID, "ultralight_aes")
    assert chip.tries == 0


def test_without_a_key_or_a_way_it_is_a_card_like_any_other():
    chip = UltralightAes(bytes.fromhex(UID), AREA, key=KEY.of(UID))
    assert read(chip, key=None) == CardContent(UID, "ultralight_aes", "LOY-1")
    link = DirectLink(chip, reader="Some Reader")
    content = read_card(link, reader_uid(link), CardSettings(ultralight_aes=KEY))
    assert content is not None
    assert (content.record, content.proof) == ("LOY-1", CardProof.COPYABLE)
    assert chip.tries == 0


def test_a_card_that_only_says_it_is_one_is_refused():
    chip = UltralightAes(bytes.fromhex(UID), AREA)
    honest = chip.native
    chip.native = lambda command: honest(command) if command == b"\x60" else None  # type: ignore[method-assign]
    with pytest.raises(CardProblem, match="refused"):
        read(chip)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_answers_are_no_proof(first: bytes, second: bytes):
    with pytest.raises(CardProblem, match="refused"):
        authenticate(Recorded(first.hex(), second.hex()), KEY.of(UID))


@pytest.mark.parametrize(
    "wrong",
    [{"master": b"short"}, {"master": bytes(16), "label": bytes(25)}, {"master": bytes(16), "number": 2}],
)
def test_a_key_that_cannot_be_one_is_refused(wrong: dict[str, object]):
    with pytest.raises(ValueError, match="16 bytes"):
        UltralightKey(**wrong)  # type: ignore[arg-type]
