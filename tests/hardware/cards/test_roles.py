"""Whose a reader is: by rule, and on a real pcscd that has renamed its readers since yesterday."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from hardware.cards.pcsc import PcscReaders
from hardware.cards.roles import ReaderRule, plain_name, role_of
from hardware.cards.session import PcscError, Session
from hardware.devices import list_card_readers
from hardware.ports import CardFailed, CardRemoved, CardTapped, ReaderRole, ReadersChanged
from tests.hardware.cards.conftest import QUICK
from tests.support.told import Told
from tests.support.virtual_card import VirtualCard, ntag213
from tests.support.vpcd import Pcscd

CUSTOMER, STAFF = ReaderRole.CUSTOMER, ReaderRole.STAFF
UID_1, UID_2 = "04A1B2C3D4E580", "04A1B2C3D4E581"


# -- rules -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("ACS ACR122U PICC Interface 00 00", "ACS ACR122U PICC Interface"),
        ("ACS ACR1252 [ACR1252 Reader SAM] 01 0A", "ACS ACR1252 [ACR1252 Reader SAM]"),
        ("Gemalto PC Twin Reader (70D7E2EE) 00 00", "Gemalto PC Twin Reader (70D7E2EE)"),
        ("ACS ACR122 0", "ACS ACR122"),
        ("HID Global OMNIKEY 5022 Smart Card Reader 12", "HID Global OMNIKEY 5022 Smart Card Reader"),
        ("ACS ACR122U", "ACS ACR122U"),
        ("Reader 5022", "Reader"),
        ("", ""),
    ],
)  # fmt: skip
def test_slot_numbers_are_no_part_of_a_reader(name: str, plain: str):
    assert plain_name(name) == plain


def test_the_first_rule_that_fits_counts_and_the_rest_are_customers():
    rules = (
        ReaderRule(STAFF, serial="RR4-17"),
        ReaderRule(CUSTOMER, name="ACS*"),
        ReaderRule(STAFF, name="*omnikey*"),
        ReaderRule(None, name="Aktiv Rutoken*"),
    )
    assert role_of(rules, "ACS ACR122U 00 00", "rr4-17") is STAFF
    assert role_of(rules, "ACS ACR122U 01 00", "RR4-18") is CUSTOMER
    assert role_of(rules, "HID OMNIKEY 5022 00 00") is STAFF
    assert role_of(rules, "Aktiv Rutoken ECP 00 00") is None
    assert role_of(rules, "Another 00 00") is CUSTOMER
    assert role_of((ReaderRule(STAFF, name="OMNIKEY 5022"),), "OMNIKEY 5022") is STAFF
    assert role_of((), "ACS ACR122U 00 00") is CUSTOMER


def test_name_and_serial_must_both_fit():
    rule = ReaderRule(STAFF, name="ACS*", serial="17")
    assert rule.fits("ACS ACR122U 00 00", "17")
    assert not rule.fits("ACS ACR122U 00 00", "")
    assert not rule.fits("Other 00 00", "17")


@pytest.mark.parametrize("wrong", [{"role": STAFF}, {"role": None}, {"role": None, "serial": "17"}])
def test_a_rule_that_tells_no_reader_is_refused(wrong: dict[str, object]):
    with pytest.raises(ValueError, match="name"):
        ReaderRule(**wrong)  # type: ignore[arg-type]


# -- on a real pcscd -------------------------------------------------------------------------------------


@contextmanager
def running(*rules: ReaderRule) -> Iterator[tuple[PcscReaders, Told]]:
    """The reader service with these rules."""
    told, service = Told(), PcscReaders(replace(QUICK, readers=rules))
    service.start(told)
    try:
        told.wait(ReadersChanged, lambda changed: changed.service)
        yield service, told
    finally:
        assert service.stop()


def roles(pcscd: Pcscd, told: Told) -> dict[str, ReaderRole]:
    """By reader name: the role told of a card on each."""
    told.clear()
    cards = [pcscd.insert(ntag213(f"04A1B2C3D4E58{n}"), n) for n in range(len(pcscd.names))]
    for n in range(len(cards)):
        told.wait(CardTapped, lambda tap, n=n: tap.uid.endswith(str(n)))
    for card in cards:
        card.remove()
    return {tap.reader: tap.role for tap in told.of(CardTapped)}


def test_roles_by_name(pcscd: Pcscd):
    with running(ReaderRule(STAFF, name="staff")) as (_, told):
        assert roles(pcscd, told) == {"Till 00 00": CUSTOMER, "Staff 00 00": STAFF}
        pcscd.insert(VirtualCard(ntag213(UID_1), lambda _: b"\x63\x00"), slot=1)
        assert told.wait(CardFailed).role is STAFF


def test_two_readers_of_one_make_keep_their_roles_whatever_they_are_called():
    """Plugged in the other way round, the same two readers have each other's names."""
    names, rule = ("ACS ACR122U A", "ACS ACR122U B"), ReaderRule(STAFF, name="ACS*", serial="SN-2")
    told_by_order: list[dict[str, ReaderRole]] = []
    for serials in (("SN-1", "SN-2"), ("SN-2", "SN-1")):
        pcscd = Pcscd(names=names, serials=serials).start()
        try:
            with running(rule) as (_, told):
                told_by_order.append(roles(pcscd, told))
        finally:
            pcscd.kill()
    assert told_by_order == [
        {"ACS ACR122U A 00 00": CUSTOMER, "ACS ACR122U B 00 00": STAFF},
        {"ACS ACR122U A 00 00": STAFF, "ACS ACR122U B 00 00": CUSTOMER},
    ]


def test_two_readers_of_one_name_are_told_of_once():
    """pcscd numbers USB readers, but not those of its own configuration: only one of them can be reached."""
    pcscd = Pcscd(names=("Twin", "Twin")).start()
    try:
        with running() as (_, told):
            time.sleep(0.7)
            (changed,) = told.of(ReadersChanged)
            assert changed.readers == ("Twin 00 00", "Twin 00 01")
    finally:
        pcscd.kill()


def test_a_reader_that_tells_no_serial_number_is_the_customers():
    pcscd = Pcscd(serials=("", "SN-2")).start()
    try:
        with running(ReaderRule(STAFF, serial="SN-2")) as (_, told):
            assert roles(pcscd, told) == {"Till 00 00": CUSTOMER, "Staff 00 00": STAFF}
    finally:
        pcscd.kill()


def test_a_reader_that_is_left_alone_is_not_touched(pcscd: Pcscd):
    with running(ReaderRule(None, name="Staff")) as (_, told):
        assert all("Staff" not in name for name in told.of(ReadersChanged)[-1].readers)
        left = pcscd.insert(ntag213(UID_2), slot=1)
        pcscd.insert(ntag213(UID_1))
        told.wait(CardTapped, lambda tap: tap.uid == UID_1)
        time.sleep(0.6)  # more than pcscd's polling
        assert left.apdus == []
        assert {tap.uid for tap in told.of(CardTapped)} == {UID_1}


# -- readers that come and go ----------------------------------------------------------------------------


def test_a_reader_that_is_lost_takes_its_card_along_and_comes_back(pcscd: Pcscd):
    """pcscd started again without one of its readers, and then with it."""
    with running() as (_, told):
        pcscd.insert(ntag213(UID_2), slot=1)
        tapped = told.wait(CardTapped)
        told.clear()
        pcscd.kill()
        fewer = Pcscd(names=("Till",)).start()
        try:
            told.wait(
                ReadersChanged, lambda changed: changed.service and "Staff 00 00" not in changed.readers
            )
            assert told.events[0] == CardRemoved(tapped.reader, tapped.event)
            fewer.insert(ntag213(UID_1))
            assert told.wait(CardTapped).reader == "Till 00 00"
        finally:
            fewer.kill()
        told.clear()
        pcscd.start()
        told.wait(ReadersChanged, lambda changed: "Staff 00 00" in changed.readers)
        pcscd.insert(ntag213(UID_2), slot=1)
        assert told.wait(CardTapped).reader == "Staff 00 00"


def test_no_reader_at_all_and_then_one():
    pcscd = Pcscd(names=()).start()
    with running() as (service, told):
        assert told.of(ReadersChanged)[-1].readers == ()
        time.sleep(0.5)
        assert service.age_s() < 0.5
        pcscd.kill()
        with_one = Pcscd(names=("Till",)).start()
        told.wait(ReadersChanged, lambda changed: "Till 00 00" in changed.readers)
        with_one.insert(ntag213(UID_1))
        assert told.wait(CardTapped).uid == UID_1
        with_one.kill()


def test_a_reader_whose_cable_fails_loses_its_card_and_leaves_the_other_alone():
    pcscd = Pcscd(serials=("SN-1", "SN-2")).start()
    try:
        with running() as (service, told):
            pcscd.insert(ntag213(UID_1), slot=0)
            lost = told.wait(CardTapped)
            told.clear()
            pcscd.unplug(0)
            assert told.wait(CardRemoved) == CardRemoved(lost.reader, lost.event)
            pcscd.insert(ntag213(UID_2), slot=1)
            assert told.wait(CardTapped).uid == UID_2
            pcscd.plug(0)
            again = told.wait(CardTapped, lambda tap: tap.uid == UID_1)
            assert again.event > lost.event
            assert service.counts.service_losses == 0
    finally:
        pcscd.kill()


def test_a_reader_pulled_between_being_listed_and_being_asked(pcscd: Pcscd, monkeypatch: pytest.MonkeyPatch):
    """A USB reader cannot be pulled out here while pcscd runs: the list names one that is gone by then."""
    whole = Session.readers
    listed = [0]

    def with_a_ghost(session: Session) -> list[str]:
        listed[0] += 1
        ghost = ["Ghost 00 00"] if listed[0] % 3 == 0 else []
        return [*whole(session), *ghost]

    monkeypatch.setattr(Session, "readers", with_a_ghost)
    with running() as (service, told):
        pcscd.insert(ntag213(UID_1))
        tapped = told.wait(CardTapped)
        time.sleep(1.0)
        assert listed[0] > 5
        assert told.of(CardRemoved) == []
        assert all("Ghost 00 00" not in changed.readers for changed in told.of(ReadersChanged))
        assert (service.counts.service_losses, tapped.uid) == (0, UID_1)


def test_pcsc_says_of_a_reader_it_does_not_know_that_it_is_gone(pcscd: Pcscd):
    session = Session()
    with pytest.raises(PcscError) as raised, session.connected("Ghost 00 00"):
        pass
    assert raised.value.case == "gone"
    with pytest.raises(PcscError) as raised:
        session.state("Ghost 00 00")
    assert raised.value.case == "gone"
    assert session.serial("Till 00 00") == ""
    session.close()


def test_the_list_of_devices_tells_serial_numbers_for_the_settings():
    pcscd = Pcscd(serials=("SN-1", "")).start()
    try:
        found = {device.name: device.address for device in list_card_readers()}
        assert (found["Till 00 00"], found["Staff 00 00"]) == ("SN-1", "")
    finally:
        pcscd.kill()
