"""The reader service on a real pcscd with virtual readers: each fault is made for real, once."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from smartcard import scard

from hardware.cards.kinds import CardSettings
from hardware.cards.native import Way
from hardware.cards.pcsc import PcscReaders
from hardware.cards.session import ReaderState, Session
from hardware.cards.settings import PcscSettings
from hardware.cards.sun import SunKeys
from hardware.cards.ultralight_aes import UltralightKey
from hardware.ports import CardFailed, CardProof, CardRemoved, CardTapped, ReadersChanged
from tests.hardware.cards.conftest import QUICK
from tests.hardware.cards.test_card_data import MALFORMED
from tests.support.told import Told
from tests.support.virtual_card import (
    Ntag,
    Type4,
    UltralightAes,
    VirtualCard,
    member_message,
    ntag213,
    storage_atr,
    tlv,
)
from tests.support.vpcd import Pcscd

UID_1, UID_2 = "04A1B2C3D4E580", "04A1B2C3D4E581"


# -- swaps: never the first customer's account -----------------------------------------------------------


@pytest.mark.parametrize("gap_s", [0.0, 0.1, 0.45])
def test_a_swap_of_two_cards_of_one_type_gives_each_its_own(pcscd: Pcscd, told: Told, gap_s: float):
    # 0 and 0.1 s are faster than pcscd's polling of 0.4 s, which then sees one card lying still.
    first = pcscd.insert(ntag213(UID_1, "LOY-1"))
    tap = told.wait(CardTapped)
    first.remove()
    time.sleep(gap_s)
    pcscd.insert(ntag213(UID_2, "LOY-2"))
    second = told.wait(CardTapped, lambda tap: tap.uid == UID_2)
    assert (tap.record, second.record) == ("LOY-1", "LOY-2")
    assert told.events.index(CardRemoved(tap.reader, tap.event)) < told.events.index(second)


@pytest.mark.parametrize("gap_s", [0.0, 0.1])
def test_a_swap_for_a_card_of_another_type_is_read_as_what_it_is(pcscd: Pcscd, told: Told, gap_s: float):
    """Faster than pcscd's polling: it goes on telling the ATR of the first card."""
    first = pcscd.insert(ntag213(UID_1, "LOY-1"))
    told.wait(CardTapped)
    first.remove()
    time.sleep(gap_s)
    pcscd.insert(Type4(bytes.fromhex(UID_2), lambda: member_message("LOY-2")))
    second = told.wait(CardTapped, lambda tap: tap.uid == UID_2)
    assert (second.kind, second.record) == ("type4", "LOY-2")


def test_a_swap_for_another_type_while_the_service_was_away(pcscd: Pcscd, told: Told):
    """The till sees its reader anew, pcscd still has the ATR of the card before."""
    first = pcscd.insert(ntag213(UID_1, "LOY-1"))
    told.wait(CardTapped)
    pcscd.freeze()
    told.wait(ReadersChanged, lambda changed: not changed.service)
    first.remove()
    pcscd.insert(Type4(bytes.fromhex(UID_2), lambda: member_message("LOY-2")))
    pcscd.thaw()
    assert told.wait(CardTapped, lambda tap: tap.uid == UID_2).record == "LOY-2"


def test_a_swap_while_the_sink_is_busy_is_not_missed(pcscd: Pcscd, readers: PcscReaders):
    told, busy, go_on = Told(), threading.Event(), threading.Event()

    def slow_sink(event: object) -> None:
        told(event)
        if isinstance(event, CardTapped) and event.uid == UID_1:
            busy.set()
            go_on.wait(5)

    readers.start(slow_sink)
    first = pcscd.insert(ntag213(UID_1, "LOY-1"))
    assert busy.wait(5)
    first.remove()
    time.sleep(0.45)
    pcscd.insert(ntag213(UID_2, "LOY-2"))
    time.sleep(0.6)
    go_on.set()
    told.wait(CardTapped, lambda tap: (tap.uid, tap.record) == (UID_2, "LOY-2"))
    assert [event.uid for event in told.of(CardTapped)] == [UID_1, UID_2]
    assert readers.counts.service_losses == 0


def test_a_swap_in_the_middle_of_a_read_mixes_no_two_cards(pcscd: Pcscd, told: Told):
    second = VirtualCard(ntag213(UID_2, "LOY-2"))

    def swap(apdu: bytes) -> None:
        if apdu[:4] == b"\xff\xb0\x00\x04":
            threading.Thread(target=lambda: (first.remove(), pcscd.insert(second))).start()
            time.sleep(0.1)

    first = pcscd.insert(VirtualCard(ntag213(UID_1, "LOY-1"), swap))
    told.wait(CardTapped, lambda tap: tap.uid == UID_2)
    assert all((tap.uid, tap.record) == (UID_2, "LOY-2") for tap in told.of(CardTapped))


def test_a_card_on_each_of_two_readers(pcscd: Pcscd, told: Told):
    pcscd.insert(ntag213(UID_1, "LOY-1"), slot=0)
    pcscd.insert(ntag213(UID_2, "LOY-2"), slot=1)
    taps = {told.wait(CardTapped, lambda tap, u=uid: tap.uid == u).reader: uid for uid in (UID_1, UID_2)}
    assert taps == {Pcscd.READERS[0]: UID_1, Pcscd.READERS[1]: UID_2}


def test_a_swap_to_a_card_that_tells_nothing_does_not_keep_the_first_account(pcscd: Pcscd, told: Told):
    first = pcscd.insert(ntag213(UID_1, "LOY-1"))
    tap = told.wait(CardTapped)
    first.remove()
    silent = pcscd.insert(VirtualCard(ntag213(UID_2), lambda _: b"\x63\x00"))
    told.wait(CardFailed)
    assert CardRemoved(tap.reader, tap.event) in told.events
    silent.remove()
    pcscd.insert(ntag213(UID_2, "LOY-2"))
    assert told.wait(CardTapped, lambda tap: tap.uid == UID_2).record == "LOY-2"


# -- cards that fail -------------------------------------------------------------------------------------


def test_a_torn_card_fails_and_the_next_is_read(pcscd: Pcscd, told: Told):
    def tear(apdu: bytes) -> None:
        if apdu[:4] == b"\xff\xb0\x00\x04":
            threading.Thread(target=card.remove).start()
            time.sleep(0.05)

    card = pcscd.insert(VirtualCard(ntag213(UID_1, "LOY-1"), tear))
    failed = told.wait(CardFailed)
    assert failed.code == "torn"
    assert told.wait(CardRemoved).event == failed.event
    assert told.of(CardTapped) == []
    pcscd.insert(ntag213(UID_2, "LOY-2"))
    assert told.wait(CardTapped).uid == UID_2


def test_a_hung_card_fails_at_the_deadline_and_blocks_nothing_else(pcscd: Pcscd, told: Told):
    def hang(apdu: bytes) -> None:
        hung.release.wait(20)

    hung = VirtualCard(ntag213(UID_1), hang)
    pcscd.insert(hung)
    failed = told.wait(CardFailed, timeout_s=3)
    assert failed.code == "timeout"
    pcscd.insert(ntag213(UID_2, "LOY-2"), slot=1)
    assert told.wait(CardTapped).uid == UID_2
    hung.remove()
    told.wait(CardRemoved, lambda removed: removed.event == failed.event)
    pcscd.insert(ntag213(UID_1, "LOY-1"))
    assert told.wait(CardTapped, lambda tap: tap.uid == UID_1).record == "LOY-1"


def test_a_slow_card_is_waited_for(pcscd: Pcscd, told: Told):
    pcscd.insert(VirtualCard(ntag213(UID_1, "LOY-1"), lambda _: time.sleep(0.1)))
    assert told.wait(CardTapped).record == "LOY-1"


@pytest.mark.parametrize(
    ("answer", "code"),
    [(b"\x63\x00", "unsupported"), (b"\x90\x00", "malformed"), (b"\x90", "malformed")],
    ids=["bad status word", "short answer", "half a status word"],
)
def test_a_card_that_tells_no_uid(pcscd: Pcscd, told: Told, answer: bytes, code: str):
    pcscd.insert(VirtualCard(ntag213(UID_1), lambda _: answer))
    assert told.wait(CardFailed).code == code


def test_a_card_without_an_atr_is_mute(pcscd: Pcscd, told: Told):
    pcscd.insert(Ntag(bytes.fromhex(UID_1), atr=b"\x00"))
    assert told.wait(CardFailed).code == "mute"


class Flinching:
    """A card that is pulled away while the reader powers it up."""

    def __init__(self) -> None:
        self.card = VirtualCard(self)  # type: ignore[arg-type]
        self.gone = threading.Event()

    @property
    def atr(self) -> bytes:
        self.card.remove()
        self.gone.set()
        raise ConnectionError("pulled away")

    def answer(self, apdu: bytes) -> bytes:
        raise AssertionError("it never answered")


def test_a_card_pulled_away_while_it_is_powered_leaves_the_next_one_alone(pcscd: Pcscd, told: Told):
    for n in range(3):
        flinching = Flinching()
        pcscd.insert(flinching.card)
        assert flinching.gone.wait(5)
        uid = f"04A1B2C3D4E59{n}"
        card = pcscd.insert(ntag213(uid, "LOY-1"))
        assert told.wait(CardTapped, lambda tap, uid=uid: tap.uid == uid).record == "LOY-1"
        card.remove()


def test_a_card_that_pcsc_calls_mute_is_asked_again(
    pcscd: Pcscd, readers: PcscReaders, monkeypatch: pytest.MonkeyPatch
):
    """After a swap at the wrong moment pcscd goes on calling a good card mute; too rare to wait for here."""
    whole = Session.wait

    def muted(session: Session, states: Sequence[ReaderState], timeout_s: float) -> list[ReaderState]:
        found = whole(session, states, timeout_s)
        return [replace(s, raw=s.raw | scard.SCARD_STATE_MUTE) if s.present else s for s in found]

    monkeypatch.setattr(Session, "wait", muted)
    told = Told()
    readers.start(told)
    pcscd.insert(ntag213(UID_1, "LOY-1"))
    failed = told.wait(CardFailed)
    tapped = told.wait(CardTapped)
    assert (failed.code, tapped.uid, tapped.record) == ("mute", UID_1, "LOY-1")
    assert told.events.index(CardRemoved(failed.reader, failed.event)) < told.events.index(tapped)


def test_a_card_that_stays_mute_is_told_once(pcscd: Pcscd, told: Told):
    pcscd.insert(Ntag(bytes.fromhex(UID_1), atr=b"\x00"))
    told.wait(CardFailed)
    time.sleep(4 * QUICK.glance_s)
    assert len(told.of(CardFailed)) == 1
    assert told.of(CardRemoved) == []


def test_pages_that_cannot_be_read_leave_the_uid(pcscd: Pcscd, told: Told):
    pcscd.insert(VirtualCard(ntag213(UID_1, "LOY-1"), lambda apdu: b"\x63\x00" if apdu[1] == 0xB0 else None))
    tapped = told.wait(CardTapped)
    assert (tapped.uid, tapped.record) == (UID_1, None)
    assert "6300" in tapped.flaw


def test_a_malformed_record_leaves_the_uid_and_says_so(pcscd: Pcscd, told: Told):
    message = member_message("LOY-1")
    pcscd.insert(Ntag(bytes.fromhex(UID_1), tlv(message[:4] + b"\x3f" + message[5:])))
    tapped = told.wait(CardTapped)
    assert (tapped.uid, tapped.record) == (UID_1, None)
    assert tapped.flaw.startswith("malformed")


def test_each_malformed_message_leaves_the_uid_and_the_reader_ready(pcscd: Pcscd, told: Told):
    """Ten ways to be wrong, one card after the other on one reader, and a good one last."""
    uids = [f"04A1B2C3D4E5{n:02X}" for n in range(len(MALFORMED))]
    for uid, message in zip(uids, MALFORMED.values(), strict=True):
        card = pcscd.insert(Ntag(bytes.fromhex(uid), tlv(message)))
        tapped = told.wait(CardTapped, lambda tap, uid=uid: tap.uid == uid)
        assert (tapped.record, tapped.flaw[:9]) == (None, "malformed")
        card.remove()
    assert len(uids) >= 8
    pcscd.insert(ntag213(UID_1, "LOY-1"))
    assert told.wait(CardTapped, lambda tap: tap.uid == UID_1).record == "LOY-1"
    assert told.of(CardFailed) == []


def test_a_contact_card_nobody_set_up_is_unsupported(pcscd: Pcscd, told: Told):
    pcscd.insert(Ntag(bytes.fromhex(UID_1), atr=bytes.fromhex("3B6500002063CB6600")))
    assert told.wait(CardFailed).code == "unsupported"


def test_a_tap_of_100_ms_counts_once_pcscd_saw_it(pcscd: Pcscd, told: Told):
    # pcscd polls every 0.4 s and misses some; what it saw is read whole, and nothing else is ever told.
    for n in range(40):
        card = pcscd.insert(ntag213(UID_1, "LOY-1"))
        time.sleep(0.1)
        card.remove()
        time.sleep(0.037 * (n % 5))  # or a tap a quarter of the polling long keeps missing it
        if told.of(CardTapped):
            break
    tapped = told.of(CardTapped)[0]
    assert (tapped.uid, tapped.record) == (UID_1, "LOY-1")
    assert told.wait(CardRemoved).event == tapped.event


class OtherProgram:
    """Another user of the same reader."""

    def __init__(self, reader: str) -> None:
        self._reader = reader
        self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)[1]
        self._card: int | None = None

    def connect(self, mode: int) -> OtherProgram:
        for _ in range(200):
            hresult, self._card, _ = scard.SCardConnect(self._context, self._reader, mode, 3)
            if hresult == scard.SCARD_S_SUCCESS:
                return self
            time.sleep(0.01)
        raise AssertionError("the other program never got hold of the card")

    def leave(self, disposition: int = scard.SCARD_LEAVE_CARD) -> None:
        scard.SCardDisconnect(self._card, disposition)
        scard.SCardReleaseContext(self._context)


def test_a_reader_held_by_another_program_is_busy(pcscd: Pcscd, readers: PcscReaders):
    pcscd.insert(ntag213(UID_1, "LOY-1"))
    other = OtherProgram(Pcscd.READERS[0]).connect(scard.SCARD_SHARE_EXCLUSIVE)
    told = Told()
    readers.start(told)
    assert told.wait(CardFailed).code == "busy"
    other.leave()


def test_a_reader_given_back_in_time_reads_the_card(pcscd: Pcscd, readers: PcscReaders):
    pcscd.insert(ntag213(UID_1, "LOY-1"))
    other = OtherProgram(Pcscd.READERS[0]).connect(scard.SCARD_SHARE_EXCLUSIVE)
    threading.Timer(0.3, other.leave).start()
    told = Told()
    readers.start(told)
    assert told.wait(CardTapped).record == "LOY-1"
    assert told.of(CardFailed) == []


def test_a_card_reset_by_another_program_is_read_again(pcscd: Pcscd, readers: PcscReaders):
    other = OtherProgram(Pcscd.READERS[0])
    done = threading.Event()

    def reset() -> None:
        other.connect(scard.SCARD_SHARE_SHARED).leave(scard.SCARD_RESET_CARD)
        done.set()

    resetting = threading.Thread(target=reset)

    def disturb(apdu: bytes) -> None:
        if apdu[1] == 0xB0 and not done.is_set():
            if not resetting.ident:
                resetting.start()
            time.sleep(0.03)

    told = Told()
    readers.start(told)
    # Fifty reads before its record is found: on a busy machine too the reset comes in the middle of them.
    chip = Ntag(bytes.fromhex(UID_1), b"\0" * 800 + tlv(member_message("LOY-1")), kind="ntag216")
    card = pcscd.insert(VirtualCard(chip, disturb))
    assert told.wait(CardTapped).record == "LOY-1"
    assert len([apdu for apdu in card.apdus if apdu[:4] == b"\xff\xb0\x00\x03"]) == 2


# -- kinds -----------------------------------------------------------------------------------------------


def test_get_version_tells_the_kind_where_the_reader_passes_it_on(pcscd: Pcscd):
    service, told = PcscReaders(_with(native={"Till": Way.PN53X})), Told()
    service.start(told)
    chip = Ntag(bytes.fromhex(UID_1), tlv(member_message("LOY-1")), kind="ntag216")
    card = pcscd.insert(chip)
    assert told.wait(CardTapped).kind == "ntag216"
    assert bytes.fromhex("FF00000003D44260") in card.apdus
    assert service.stop()


def test_an_ultralight_aes_proves_itself_through_the_reader(pcscd: Pcscd):
    key = UltralightKey(bytes.fromhex("00112233445566778899AABBCCDDEEFF"))
    service, told = PcscReaders(_with(native={"Till": Way.PN53X}, ultralight_aes=key)), Told()
    service.start(told)
    area = tlv(member_message("LOY-1"))
    card = pcscd.insert(UltralightAes(bytes.fromhex(UID_1), area, key=key.of(UID_1)))
    tapped = told.wait(CardTapped)
    assert (tapped.kind, tapped.record, tapped.proof) == ("ultralight_aes", "LOY-1", CardProof.GENUINE)
    card.remove()
    told.wait(CardRemoved)
    copy = UltralightAes(bytes.fromhex(UID_1), area, key=key.of(UID_2))
    pcscd.insert(copy)
    assert told.wait(CardFailed).code == "refused"
    assert copy.tries == 1
    assert service.stop()


def test_sun_proves_the_card(pcscd: Pcscd):
    # NXP AN12196, 3.4.4.2: UID 04DE5F1EACC040, counter 61, keys of zeros.
    url = "https://choose.url.com/ntag424?picc_data=EF963FF7828658A599F3041510671E88&cmac=94EED9EE65337086"
    service, told = PcscReaders(_with(sun=SunKeys(bytes(16), bytes(16)))), Told()
    service.start(told)
    pcscd.insert(Type4(bytes.fromhex("08112233"), lambda: member_message(url)))
    tapped = told.wait(CardTapped)
    assert (tapped.uid, tapped.counter, tapped.kind) == ("04DE5F1EACC040", 61, "ntag424")
    assert tapped.proof is CardProof.GENUINE
    pcscd.insert(Type4(bytes.fromhex("08112233"), lambda: member_message(url[:-1] + "7")), slot=1)
    assert told.wait(CardFailed).code == "refused"
    assert service.stop()


def test_a_classic_card_without_keys_is_its_uid(pcscd: Pcscd, told: Told):
    pcscd.insert(Ntag(bytes.fromhex("A1B2C3D4"), atr=storage_atr(0x0001)))
    tapped = told.wait(CardTapped)
    assert (tapped.uid, tapped.kind, tapped.record) == ("A1B2C3D4", "classic1k", None)


def _with(**cards: object) -> PcscSettings:
    return PcscSettings(
        cards=CardSettings(**cards),  # type: ignore[arg-type]
        poll_s=QUICK.poll_s,
        read_deadline_s=QUICK.read_deadline_s,
        backoff=QUICK.backoff,
    )


# -- the service itself ----------------------------------------------------------------------------------


def test_pcscd_absent_at_the_start_is_waited_for(pcscd_stopped: Pcscd, readers: PcscReaders):
    told = Told()
    readers.start(told)
    assert told.wait(ReadersChanged) == ReadersChanged((), service=False)
    time.sleep(0.3)
    assert readers.age_s() < 0.5
    pcscd_stopped.start()
    told.wait(ReadersChanged, lambda changed: changed.service)
    pcscd_stopped.insert(ntag213(UID_1, "LOY-1"))
    assert told.wait(CardTapped).record == "LOY-1"


def test_pcscd_killed_and_started_again(pcscd: Pcscd, told: Told, readers: PcscReaders):
    pcscd.insert(ntag213(UID_1, "LOY-1"))
    tapped = told.wait(CardTapped)
    told.clear()
    pcscd.kill()
    told.wait(ReadersChanged, lambda changed: not changed.service)
    assert told.events == [CardRemoved(tapped.reader, tapped.event), ReadersChanged((), service=False)]
    pcscd.start()
    told.wait(ReadersChanged, lambda changed: changed.service)
    pcscd.insert(ntag213(UID_2, "LOY-2"))
    again = told.wait(CardTapped)
    assert again.uid == UID_2
    assert again.event > tapped.event
    assert readers.counts.stuck == 0


def test_pcscd_stopped_in_good_order_and_started_again(pcscd: Pcscd, told: Told):
    """SIGTERM: it says good-bye to its clients, as an update of the package does."""
    card = pcscd.insert(ntag213(UID_1, "LOY-1"))
    tapped = told.wait(CardTapped)
    told.clear()
    pcscd.stop()
    told.wait(ReadersChanged, lambda changed: not changed.service)
    assert told.events == [CardRemoved(tapped.reader, tapped.event), ReadersChanged((), service=False)]
    card.remove()
    pcscd.start()
    told.wait(ReadersChanged, lambda changed: changed.service)
    pcscd.insert(ntag213(UID_1, "LOY-1"))
    assert told.wait(CardTapped).event > tapped.event


def test_pcscd_restarted_under_a_lying_card_reads_it_again(pcscd: Pcscd, told: Told):
    first = pcscd.insert(ntag213(UID_1, "LOY-1"))
    before = told.wait(CardTapped)
    told.clear()
    pcscd.kill()
    first.remove()
    pcscd.start()
    pcscd.insert(ntag213(UID_1, "LOY-1"))
    again = told.wait(CardTapped)
    assert (again.uid, again.reader) == (before.uid, before.reader)
    assert told.events.index(CardRemoved(before.reader, before.event)) < told.events.index(again)


def test_a_frozen_pcscd_counts_as_lost_and_comes_back(pcscd: Pcscd, told: Told, readers: PcscReaders):
    pcscd.insert(ntag213(UID_1, "LOY-1"))
    tapped = told.wait(CardTapped)
    told.clear()
    pcscd.freeze()
    told.wait(ReadersChanged, lambda changed: not changed.service)
    assert told.events[0] == CardRemoved(tapped.reader, tapped.event)
    time.sleep(1.0)
    assert readers.age_s() > 1.0
    assert 0 < readers.counts.stuck <= QUICK.most_stuck + 1
    pcscd.thaw()
    again = told.wait(CardTapped)
    assert again.uid == UID_1
    assert again.event > tapped.event
    assert readers.age_s() < 0.5


def test_a_long_freeze_hangs_no_more_threads_than_allowed(pcscd: Pcscd, readers: PcscReaders):
    told = Told()
    service = PcscReaders(
        PcscSettings(poll_s=0.05, watch_deadline_s=0.1, most_stuck=3, backoff=QUICK.backoff)
    )
    service.start(told)
    told.wait(ReadersChanged)
    pcscd.freeze()
    time.sleep(2.5)
    watchers = [thread for thread in threading.enumerate() if thread.name == "cards watch"]
    assert len(watchers) == 3
    pcscd.thaw()
    told.wait(ReadersChanged, lambda changed: changed.service and changed is not told.events[0])
    assert service.stop()
    assert [thread for thread in threading.enumerate() if "cards" in thread.name] == []


def test_stop_is_bounded_while_pcscd_is_frozen(pcscd: Pcscd, told: Told, readers: PcscReaders):
    pcscd.freeze()
    time.sleep(0.3)
    started_s = time.monotonic()
    assert not readers.stop(0.5)
    assert time.monotonic() - started_s < 1.0
    pcscd.thaw()
    assert readers.stop(2.0)
    assert [thread for thread in threading.enumerate() if "cards" in thread.name] == []


def test_an_error_of_the_sink_is_reported_and_the_service_goes_on(
    pcscd: Pcscd, readers: PcscReaders, monkeypatch: pytest.MonkeyPatch
):
    reported: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(args.exc_value))
    told, failing = Told(), [True]

    def sink(event: object) -> None:
        told(event)
        if isinstance(event, CardTapped) and failing.pop():
            failing.append(False)
            raise ZeroDivisionError

    readers.start(sink)
    pcscd.insert(ntag213(UID_1, "LOY-1"))
    told.wait(CardTapped, lambda tap: tap is not told.of(CardTapped)[0])
    assert [type(error) for error in reported] == [ZeroDivisionError]
