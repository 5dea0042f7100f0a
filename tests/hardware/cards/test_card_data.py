"""TLV blocks, NDEF records, page reading and SUN: what a card says, whatever it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ndef
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.cards.classic import ClassicPlace, read_classic
from hardware.cards.contact import ContactFile, read_contact
from hardware.cards.kinds import CardSettings, family, read_card, reader_uid
from hardware.cards.link import CardContent, CardProblem
from hardware.cards.ndef_record import bytes_needed, find_message, member_record
from hardware.cards.sun import SunKeys, verify_sun
from hardware.ports import CardProof
from tests.support.virtual_card import (
    OK,
    Chip,
    Classic,
    Ntag,
    Type4,
    member_message,
    message_of,
    ntag213,
    storage_atr,
    tlv,
)

UID = "04A1B2C3D4E580"


class DirectLink:
    """The virtual chip without a reader between: every APDU and answer are the real ones."""

    def __init__(self, chip: Chip, reader: str = "Test 00 00") -> None:
        self.atr = chip.atr
        self.reader = reader
        self.apdus: list[bytes] = []
        self._answer = chip.answer

    def send(self, apdu: bytes) -> tuple[bytes, int]:
        self.apdus.append(apdu)
        answer = self._answer(apdu)
        return answer[:-2], int.from_bytes(answer[-2:], "big")


def read(chip: Ntag | Type4, settings: CardSettings | None = None) -> CardContent:
    return read_over(DirectLink(chip), settings or CardSettings())


def read_over(link: DirectLink, settings: CardSettings) -> CardContent:
    content = read_card(link, reader_uid(link), settings)
    assert content is not None
    return content


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, or the code of the CardProblem it raises; any other error is the test's."""
    try:
        return call()
    except CardProblem as problem:
        return problem.code


# -- TLV -------------------------------------------------------------------------------------------------

MESSAGE = member_message("LOY-0000017")


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"\x00\x00",
        bytes.fromhex("0103A00C34"),
        bytes.fromhex("0103A00C340203B00434FD02AABB"),
        b"\xfd\xff\x01\x00" + bytes(256),
    ],
    ids=["nothing", "null", "lock control", "lock, memory and proprietary", "a long proprietary block"],
)
def test_blocks_before_the_message_are_legal(before: bytes):
    assert find_message(before + tlv(MESSAGE)) == MESSAGE


def test_a_long_message_has_a_three_byte_length():
    long = member_message("x" * 400)
    assert find_message(tlv(long)) == long


@pytest.mark.parametrize("area", [b"", b"\xfe", bytes(144), b"\x00\xfe\x03\x01A"])
def test_no_message_is_none(area: bytes):
    assert find_message(area) is None


@pytest.mark.parametrize(
    "area", [b"\x03", b"\x03\x05abc", b"\x03\xff", b"\x03\xff\x01", b"\x03\xff\xff\xffabc", b"\x01\xfeab"]
)
def test_a_length_that_lies_is_malformed(area: bytes):
    with pytest.raises(CardProblem, match="malformed"):
        find_message(area)


@given(st.binary(max_size=300))
def test_tlv_walk_is_total(area: bytes):
    message = outcome(lambda: find_message(area))
    assert message is None or message == "malformed" or message in area


@given(st.binary(max_size=120), st.integers(0, 200))
def test_reading_no_further_than_needed_finds_the_same(area: bytes, cut: int):
    needed = bytes_needed(area[:cut])
    if needed is None or needed > len(area):
        return
    expected = outcome(lambda: find_message(area))
    if expected != "malformed":
        assert find_message(area[:needed]) == expected


# -- NDEF ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([ndef.TextRecord("LOY-1", "ru")], "LOY-1"),
        ([ndef.TextRecord("Łukasz ₽", "pl", "UTF-16")], "Łukasz ₽"),
        ([ndef.UriRecord("https://example.org/ł?m=1")], "https://example.org/ł?m=1"),
        ([ndef.Record("application/x", "", b"1"), ndef.TextRecord("second")], "second"),
        ([ndef.Record("application/x", "", b"1")], None),
        ([], None),
    ],
)
def test_the_first_text_or_uri_record_counts(records: list[ndef.Record], expected: str | None):
    assert member_record(message_of(*records)) == expected


MALFORMED = {
    "no message begin": b"\x51" + MESSAGE[1:],
    "no message end": b"\x91" + MESSAGE[1:],
    "chunked at the end": b"\xf1" + MESSAGE[1:],
    "payload too short": MESSAGE[:-1],
    "reserved type name": b"\xd7" + MESSAGE[1:],
    "language longer than the text": MESSAGE[:4] + b"\x3f" + MESSAGE[5:],
    "not UTF-8": MESSAGE[:-1] + b"\xff",
    "type without a length": b"\xd1\x00" + MESSAGE[2:],
    "length field cut off": MESSAGE[:2],
    "language not ASCII": MESSAGE[:5] + b"\xff" + MESSAGE[6:],
}


@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_messages_are_named_so_and_leave_the_uid(message: bytes):
    with pytest.raises(CardProblem, match="malformed"):
        member_record(message)
    content = read(Ntag(bytes.fromhex(UID), tlv(message)))
    assert (content.uid, content.record) == (UID, None)
    assert content.flaw.startswith("malformed")


@given(st.binary(max_size=200))
def test_any_message_is_a_record_none_or_malformed(message: bytes):
    record = outcome(lambda: member_record(message))
    assert record is None or isinstance(record, str)


@given(st.binary(max_size=144), st.binary(min_size=7, max_size=7))
def test_any_memory_tells_the_uid(area: bytes, uid: bytes):
    assert read(Ntag(uid, area)).uid == uid.hex().upper()


# -- kinds -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ntag213", "ntag215", "ntag216"])
def test_the_capability_container_tells_the_kind(kind: str):
    record = "x" * 100
    content = read(Ntag(bytes.fromhex(UID), tlv(member_message(record)), kind=kind))
    assert (content.kind, content.record) == (kind, record)


def test_a_short_record_costs_few_commands():
    link = DirectLink(ntag213(UID, "LOY-1"))
    read_over(link, CardSettings())
    assert len(link.apdus) == 4


def test_a_reader_that_gives_one_page_at_a_time_reads_the_same():
    chip = ntag213(UID, "LOY-0000017")
    whole = chip.answer
    chip.answer = lambda apdu: whole(apdu[:4] + b"\x04") if apdu[1] == 0xB0 else whole(apdu)  # type: ignore[method-assign]
    assert read(chip).record == "LOY-0000017"


def test_another_card_answering_at_the_end_is_no_content():
    chip, uids = ntag213(UID, "LOY-1"), [bytes.fromhex(UID), bytes.fromhex(UID[:-2] + "81")]
    whole = chip.answer
    chip.answer = lambda apdu: uids.pop(0) + OK if apdu[1] == 0xCA else whole(apdu)  # type: ignore[method-assign]
    link = DirectLink(chip)
    assert read_card(link, reader_uid(link), CardSettings()) is None


@pytest.mark.parametrize(
    ("reader", "wrap", "asked"),
    [
        ("ACS ACR122U PICC Interface 00 00", "pn53x", True),
        ("ACS ACR1252 Dual Reader 00 00", "transparent", True),
        ("ACS ACR1252 Dual Reader 00 00", None, True),
        ("Some Reader 00 00", "pn53x", False),
    ],
)
def test_get_version_is_asked_only_of_readers_known_to_pass_it_on(reader: str, wrap: str | None, asked: bool):
    chip = Ntag(bytes.fromhex(UID), tlv(member_message("LOY-1")), kind="ntag215", version_wrap=wrap)
    link = DirectLink(chip, reader)
    assert read_over(link, CardSettings()).kind == "ntag215"
    assert any(apdu[1] in (0x00, 0xC2) for apdu in link.apdus) is asked
    if wrap == "transparent":
        assert link.apdus[-2][:6] == bytes.fromhex("FFC200000282"), "the session is closed again"


@pytest.mark.parametrize(
    ("atr", "expected"),
    [
        (storage_atr(0x0003), ("type2", "ultralight")),
        (storage_atr(0x0001), ("classic", "classic1k")),
        (storage_atr(0x0002), ("classic", "classic4k")),
        (storage_atr(0xF004), ("storage", "storage")),
        (bytes.fromhex("3B8180018080"), ("type4", "type4")),
        (bytes.fromhex("3B6500002063CB6600"), ("contact", "contact")),
        (b"", ("contact", "contact")),
    ],
)
def test_the_atr_tells_the_family(atr: bytes, expected: tuple[str, str]):
    assert family(atr) == expected


def test_a_type_4_card_tells_its_record():
    content = read(Type4(bytes.fromhex(UID), lambda: member_message("https://example.org/m/" + "9" * 150)))
    assert content.record == "https://example.org/m/" + "9" * 150
    assert (content.kind, content.proof) == ("type4", CardProof.COPYABLE)


def test_a_classic_card_gives_the_text_of_its_sector_by_the_right_key_only():
    key = bytes.fromhex("D3F7D3F7D3F7")
    link = DirectLink(Classic(key, {8: b"LOY-0000017", 9: b""}))
    content = read_classic(link, "A1B2C3D4", "classic1k", (ClassicPlace((8, 9), key),))
    assert (content.record, content.flaw) == ("LOY-0000017", "")
    wrong = read_classic(link, "A1B2C3D4", "classic1k", (ClassicPlace((8,), bytes(6)),))
    assert (wrong.uid, wrong.record) == ("A1B2C3D4", None)
    assert "6300" in wrong.flaw
    assert "D3F7" not in repr(ClassicPlace((8,), key)).upper()


def test_a_contact_card_gives_the_text_of_the_file_set_up_for_its_atr():
    class Contact:
        atr = bytes.fromhex("3B6500002063CB6600")

        def answer(self, apdu: bytes) -> bytes:
            if apdu[:2] == b"\x00\xa4":
                return OK if apdu[5:] in (b"\x3f\x00", b"\x2f\x01") else b"\x6a\x82"
            return b"LOY-17\xff\xff" + OK

    link = DirectLink(Contact())  # type: ignore[arg-type]
    file = ContactFile(Contact.atr, b"\xff" * 8 + b"\x00", (b"\x3f\x00", b"\x2f\x01"), 8)
    assert read_contact(link, (file,)).record == "LOY-17"
    with pytest.raises(CardProblem, match="unsupported"):
        read_contact(link, ())


# -- SUN -------------------------------------------------------------------------------------------------

ZERO_KEYS = SunKeys(bytes(16), bytes(16))
SUN_URL = (
    "https://choose.url.com/ntag424?e=00&picc_data=EF963FF7828658A599F3041510671E88&cmac=94EED9EE65337086"
)


def test_the_example_of_nxp_an12196():
    sun = verify_sun(SUN_URL, ZERO_KEYS)
    assert sun is not None
    assert (sun.uid, sun.counter) == ("04DE5F1EACC040", 61)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (SUN_URL[:-1] + "7", "refused"),
        (SUN_URL.replace("EF96", "EF97"), "refused"),
        (SUN_URL[:-2], "malformed"),
        (SUN_URL.replace("cmac=", "mac="), "malformed"),
        (SUN_URL[:-1] + "g", "malformed"),
        ("https://[bad?picc_data=1", "malformed"),
    ],
)
def test_a_sun_message_that_is_not_right_is_no_proof(url: str, code: str):
    with pytest.raises(CardProblem, match=code):
        verify_sun(url, ZERO_KEYS)


def test_another_shops_keys_prove_nothing():
    with pytest.raises(CardProblem, match="refused"):
        verify_sun(SUN_URL, SunKeys(b"k" * 16, bytes(16)))
    with pytest.raises(CardProblem, match="refused"):
        verify_sun(SUN_URL, SunKeys(bytes(16), b"k" * 16))
    assert "\\x00" not in repr(ZERO_KEYS)


def test_a_plain_url_is_no_sun():
    assert verify_sun("https://example.org/m/17", ZERO_KEYS) is None


@given(st.text() | st.text("0123456789ABCDEFabcdef&=?picc_datm://", max_size=120))
def test_sun_is_total(text: str):
    assert outcome(lambda: verify_sun(text, ZERO_KEYS)) in (None, "refused", "malformed")
