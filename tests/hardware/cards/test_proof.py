"""What a card proves, from the chip through a real pcscd to what the till lets it pay with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.checkout.outcome import Outcome
from hardware.cards.kinds import CardSettings
from hardware.cards.native import Way
from hardware.cards.pcsc import PcscReaders
from hardware.cards.sun import SunKeys
from hardware.cards.ultralight_aes import UltralightKey
from hardware.ports import CardFailed, CardRemoved, CardTapped
from tests.hardware.cards.conftest import QUICK
from tests.support.shop import Desk
from tests.support.told import Told
from tests.support.virtual_card import (
    Chip,
    Ntag424,
    Type4,
    UltralightAes,
    member_message,
    ntag213,
    tlv,
)
from tests.support.vpcd import Pcscd

UID = "04A1B2C3D4E5F6"
"""Of a member of the demo shop, with more points than a copyable card may pay with."""
BEANS = "5901234000161"
CAP_CENTI = 600_00
META_READ, FILE_READ = bytes(range(16)), bytes(range(16, 32))
MASTER = UltralightKey(bytes(range(32, 48)))
CARDS = CardSettings(sun=SunKeys(META_READ, FILE_READ), ultralight_aes=MASTER, native={"Till": Way.PN53X})


class Counter:
    """A till with a real reader: cards are laid on it, and the till hears what the reader makes of them."""

    def __init__(self, pcscd: Pcscd, desk: Desk, told: Told) -> None:
        self.pcscd, self.desk, self.told = pcscd, desk, told

    def tap(self, chip: Chip) -> Outcome:
        self.told.clear()
        card = self.pcscd.insert(chip)
        tap = self.told.wait(CardTapped)
        card.remove()
        self.told.wait(CardRemoved)
        return self.desk.till.tap(tap.uid, tap.record, tap.proof, tap.counter)

    def most_points_centi(self) -> int:
        for _ in range(10):
            self.desk.till.scan(BEANS)
        return int(self.desk.till.redeem("max").values["points_centi"])


@pytest.fixture
def counter(pcscd: Pcscd, tmp_path: Path) -> Iterator[Counter]:
    desk, told = Desk(tmp_path / "till").stock(), Told()
    readers = PcscReaders(replace(QUICK, cards=CARDS))
    readers.start(told)
    yield Counter(pcscd, desk, told)
    assert readers.stop()
    desk.close()


def sun(counter: int = 0) -> Ntag424:
    return Ntag424(UID, META_READ, FILE_READ, counter)


def test_a_plain_chip_pays_up_to_the_cap(counter: Counter):
    assert counter.tap(ntag213(UID)).code == "member_here"
    assert counter.most_points_centi() == CAP_CENTI


def test_a_sun_card_pays_with_all_and_its_recording_with_nothing(counter: Counter):
    card = sun()
    assert counter.tap(card).code == "member_here"
    assert counter.most_points_centi() > CAP_CENTI
    counter.desk.till.clear()
    recorded = card.url(card.counter)
    emulator = Type4(bytes.fromhex("08AABBCC"), lambda: member_message(recorded))
    assert counter.tap(emulator).code == "card_replayed"
    assert counter.desk.till.member is None
    assert counter.tap(card).code == "member_here"


def test_an_older_recording_is_refused_after_a_restart_too(counter: Counter):
    card = sun(counter=100)
    older = card.url(50)
    counter.tap(card)
    counter.desk.restart()
    assert (
        counter.tap(Type4(bytes.fromhex("08AABBCC"), lambda: member_message(older))).code == "card_replayed"
    )


def test_a_card_of_another_shop_never_reaches_the_till(counter: Counter):
    counter.pcscd.insert(Ntag424(UID, META_READ, bytes(16)))
    assert counter.told.wait(CardFailed).code == "refused"
    assert counter.told.of(CardTapped) == []


def test_an_ultralight_aes_pays_with_all_each_time(counter: Counter):
    card = UltralightAes(bytes.fromhex(UID), tlv(member_message("M1")), key=MASTER.of(UID))
    for _ in range(2):
        assert not counter.tap(card).refused
    assert counter.most_points_centi() > CAP_CENTI


def test_a_copy_of_its_number_and_record_pays_up_to_the_cap(counter: Counter):
    assert counter.tap(ntag213(UID, "M1")).code == "member_here"
    assert counter.most_points_centi() == CAP_CENTI
