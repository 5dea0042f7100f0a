"""Writing member records: on the chip itself, byte by byte, and through the reader service."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.cards.issue import write_member_record
from hardware.cards.link import CardProblem
from hardware.cards.ndef_record import find_message, member_record
from hardware.cards.pcsc import PcscReaders
from hardware.ports import CardFailed, CardTapped
from tests.hardware.cards.test_card_data import DirectLink, read
from tests.support.told import Told
from tests.support.virtual_card import (
    Ntag,
    VirtualCard,
    factory213,
    member_message,
    ntag213,
    storage_atr,
    tlv,
)
from tests.support.vpcd import Pcscd

UID = "04A1B2C3D4E580"
FACTORY = bytes.fromhex("0103A00C34")


@pytest.mark.parametrize("record", ["LOY-0000017", "https://example.org/m/17", "Łukasz ₽", "x" * 120])
def test_what_is_written_is_read(record: str):
    chip = factory213(UID)
    write_member_record(DirectLink(chip), record)
    assert read(chip).record == record
    assert chip.area.startswith(FACTORY)


@given(st.text(max_size=90), st.integers(0, 9))
def test_any_record_at_any_place_is_read_back(record: str, nulls: int):
    chip = Ntag(bytes.fromhex(UID), b"\xfd" + bytes([nulls]) + bytes(nulls) + b"\xfe", kind="ntag215")
    try:
        encoded = record.encode()
    except UnicodeEncodeError:
        return  # a lone surrogate is no text
    write_member_record(DirectLink(chip), record)
    assert read(chip).record == record, encoded


def test_a_long_record_needs_a_larger_card():
    with pytest.raises(CardProblem, match="too_long"):
        write_member_record(DirectLink(factory213(UID)), "x" * 140)
    chip = Ntag(bytes.fromhex(UID), FACTORY + b"\x03\x00\xfe", kind="ntag216")
    write_member_record(DirectLink(chip), "x" * 600)
    assert read(chip).record == "x" * 600


def test_a_card_that_cannot_be_written_is_left_as_it_is():
    for chip, code in (
        (Ntag(bytes.fromhex(UID), FACTORY + b"\x03\x00\xfe", access=0x0F), "read_only"),
        (ntag213(UID, "LOY-1"), "not_blank"),
        (Ntag(bytes.fromhex(UID), b"\x03\xff\xff\xff"), "malformed"),
    ):
        before = chip.area
        with pytest.raises(CardProblem, match=code):
            write_member_record(DirectLink(chip), "LOY-2")
        assert chip.area == before


def test_a_damaged_card_is_written_when_asked():
    chip = Ntag(bytes.fromhex(UID), b"\x03\xff\xff\xff")
    write_member_record(DirectLink(chip), "LOY-2", overwrite=True)
    assert read(chip).record == "LOY-2"


def test_an_empty_record_counts_as_blank():
    chip = Ntag(bytes.fromhex(UID), tlv(b"\xd0\x00\x00"))
    write_member_record(DirectLink(chip), "LOY-2")
    assert read(chip).record == "LOY-2"


class Torn(Exception):
    """The card is pulled away."""


@pytest.mark.parametrize(
    "head", [b"", FACTORY, b"\x00", b"\x00\x00\x00"], ids=["at 0", "at 5", "at 1", "at 3"]
)
@pytest.mark.parametrize("new", ["LOY-2", "y" * 100])
def test_torn_after_any_page_it_holds_the_old_record_none_or_the_new(head: bytes, new: str):
    old = "LOY-" + "1" * 60
    for writes in range(60):
        chip = Ntag(bytes.fromhex(UID), head + tlv(member_message(old)))
        link, left = DirectLink(chip), [writes]
        whole = chip.answer

        def answer(apdu: bytes, left: list[int] = left, whole=whole) -> bytes:  # type: ignore[no-untyped-def]
            if apdu[1] == 0xD6:
                left[0] -= 1
                if left[0] < 0:
                    raise Torn
            return whole(apdu)

        link._answer = answer
        try:
            write_member_record(link, new, overwrite=True)
        except Torn:
            message = find_message(chip.area.ljust(144, b"\0"))
            assert (member_record(message) if message else None) in (old, None, new)
        else:
            assert writes > 2
            return
    raise AssertionError("the writing never came to an end")


def test_a_card_torn_away_while_written_fails_and_says_so(pcscd: Pcscd, readers: PcscReaders, told: Told):
    def tear(apdu: bytes) -> None:
        if apdu[1] == 0xD6 and apdu[3] == 0x06:
            threading.Thread(target=card.remove).start()
            time.sleep(0.05)

    card = pcscd.insert(VirtualCard(factory213(UID), tear))
    outcomes = Told()
    readers.write(told.wait(CardTapped).event, "LOY-0000017", outcomes)
    assert outcomes.wait(CardFailed).code == "torn"


def test_a_card_that_hangs_while_written_is_given_up(pcscd: Pcscd, told: Told, readers: PcscReaders):
    def hang(apdu: bytes) -> None:
        if apdu[1] == 0xD6:
            card.release.wait(20)

    card = pcscd.insert(VirtualCard(factory213(UID), hang))
    outcomes = Told()
    event = told.wait(CardTapped).event
    readers.write(event, "LOY-0000017", outcomes)
    assert outcomes.wait(CardFailed).code == "timeout"
    card.remove()
    pcscd.insert(factory213(UID[:-2] + "81"))
    again = told.wait(CardTapped, lambda tap: tap.event != event)
    readers.write(again.event, "LOY-0000017", outcomes, overwrite=True)
    outcomes.wait(object, lambda outcome: not isinstance(outcome, CardFailed))


def test_a_classic_card_is_not_written(pcscd: Pcscd, told: Told, readers: PcscReaders):
    pcscd.insert(Ntag(bytes.fromhex("A1B2C3D4"), atr=storage_atr(0x0001)))
    outcomes = Told()
    readers.write(told.wait(CardTapped).event, "LOY-0000017", outcomes)
    assert isinstance(outcomes.wait(object), CardFailed)
