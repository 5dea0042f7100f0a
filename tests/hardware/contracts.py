"""What every driver of a port does alike, the simulated one and the real ones.

A driver's test module subclasses a contract and gives a `desk` fixture: the device and hands to use it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from hardware.ports import (
    CardFailed,
    CardReaders,
    CardRemoved,
    CardTapped,
    CardWritten,
    CashDrawer,
    ChargeOutcome,
    CustomerDisplay,
    DeviceProblem,
    DisplayText,
    FiscalDevice,
    FiscalDocument,
    FiscalLine,
    FiscalOutcome,
    PaymentTerminal,
    ReadersChanged,
    Scale,
    ScaleFailed,
    Scan,
    Scanner,
    ScannerState,
    Weighed,
)
from tests.support.told import Told


class CardDesk(Protocol):
    @property
    def reader(self) -> CardReaders: ...

    def lay(self, uid: str, record: str | None) -> None:
        """Put an NTAG213 on the reader."""
        ...

    def lift(self) -> None: ...


class CardReaderContract:
    """A CardReader, whatever is behind it."""

    @pytest.fixture
    def told(self, desk: CardDesk) -> Iterator[Told]:
        told = Told()
        desk.reader.start(told)
        told.wait(ReadersChanged)
        yield told
        assert desk.reader.stop()

    def test_names_its_readers_at_the_start(self, told: Told):
        changed = told.of(ReadersChanged)[0]
        assert changed.service
        assert changed.readers

    def test_a_tap_tells_uid_kind_and_record(self, desk: CardDesk, told: Told):
        desk.lay("04A1B2C3D4E580", "LOY-0000017")
        tapped = told.wait(CardTapped)
        assert (tapped.uid, tapped.kind, tapped.record) == ("04A1B2C3D4E580", "ntag213", "LOY-0000017")
        assert tapped.reader in told.of(ReadersChanged)[-1].readers
        assert tapped.flaw == ""

    def test_a_card_without_a_record_is_its_uid(self, desk: CardDesk, told: Told):
        desk.lay("04A1B2C3D4E580", None)
        assert told.wait(CardTapped).record is None

    def test_a_uri_record_is_told_as_it_stands(self, desk: CardDesk, told: Told):
        desk.lay("04A1B2C3D4E580", "https://example.org/m/17")
        assert told.wait(CardTapped).record == "https://example.org/m/17"

    def test_removal_names_the_tap_it_ends(self, desk: CardDesk, told: Told):
        desk.lay("04A1B2C3D4E580", None)
        tapped = told.wait(CardTapped)
        assert not told.of(CardRemoved)
        desk.lift()
        assert told.wait(CardRemoved) == CardRemoved(tapped.reader, tapped.event)

    def test_each_card_has_a_higher_event(self, desk: CardDesk, told: Told):
        desk.lay("04A1B2C3D4E580", "one")
        first = told.wait(CardTapped)
        desk.lift()
        told.wait(CardRemoved)
        desk.lay("04A1B2C3D4E581", "two")
        second = told.wait(CardTapped, lambda tap: tap.uid.endswith("81"))
        assert second.event > first.event
        assert second.record == "two"

    def test_all_events_come_on_one_lane(self, desk: CardDesk, told: Told):
        desk.lay("04A1B2C3D4E580", None)
        told.wait(CardTapped)
        (thread,) = told.threads
        assert thread.startswith("lane-")

    def test_age_tells_that_it_lives(self, desk: CardDesk):
        assert desk.reader.age_s() == float("inf")
        desk.reader.start(Told())
        time.sleep(0.05)
        assert desk.reader.age_s() < 1.5
        assert desk.reader.stop()

    def test_stop_ends_every_thread_and_is_final(self, desk: CardDesk):
        before = set(threading.enumerate())
        told = Told()
        desk.reader.start(told)
        told.wait(ReadersChanged)
        assert desk.reader.stop(2.0)
        assert [thread for thread in set(threading.enumerate()) - before if "card" in thread.name] == []
        count = len(told.events)
        desk.lay("04A1B2C3D4E580", None)
        time.sleep(0.05)
        assert len(told.events) == count

    def test_it_starts_once(self, desk: CardDesk, told: Told):
        with pytest.raises(RuntimeError):
            desk.reader.start(Told())

    def test_it_starts_again_after_a_stop(self, desk: CardDesk):
        desk.reader.start(Told())
        assert desk.reader.stop()
        told = Told()
        desk.reader.start(told)
        told.wait(ReadersChanged)
        desk.lay("04A1B2C3D4E580", None)
        assert told.wait(CardTapped).uid == "04A1B2C3D4E580"
        assert desk.reader.stop()


class CardWriterContract:
    """A CardReader that is a CardWriter too; to be inherited beside CardReaderContract."""

    def test_a_blank_card_is_written_and_reads_back(self, desk: CardDesk, told: Told):
        desk.lay("04A1B2C3D4E580", None)
        tapped = told.wait(CardTapped)
        outcome = written(desk, tapped.event, "LOY-0000017")
        assert outcome == CardWritten(tapped.reader, tapped.event, tapped.uid, "LOY-0000017")

    def test_a_record_is_overwritten_only_when_asked(self, desk: CardDesk, told: Told):
        desk.lay("04A1B2C3D4E580", "LOY-1")
        event = told.wait(CardTapped).event
        refused = written(desk, event, "LOY-2")
        assert isinstance(refused, CardFailed)
        assert refused.code == "not_blank"
        assert isinstance(written(desk, event, "LOY-2", overwrite=True), CardWritten)

    def test_no_other_card_is_written(self, desk: CardDesk, told: Told):
        desk.lay("04A1B2C3D4E580", None)
        event = told.wait(CardTapped).event
        desk.lift()
        told.wait(CardRemoved)
        desk.lay("04A1B2C3D4E581", None)
        told.wait(CardTapped, lambda tap: tap.event != event)
        outcome = written(desk, event, "LOY-1")
        assert isinstance(outcome, CardFailed)
        assert outcome.code == "torn"


def written(desk: CardDesk, event: int, record: str, *, overwrite: bool = False) -> object:
    """What became of writing a card."""
    outcomes = Told()
    desk.reader.write(event, record, outcomes, overwrite=overwrite)
    return outcomes.wait(object)


class ScannerDesk(Protocol):
    scanner: Scanner

    def fire(self, text: str) -> None:
        """Scan a code as the device would give it, suffix included."""
        ...


class ScannerContract:
    """A Scanner, whatever is behind it."""

    @pytest.fixture
    def told(self, desk: ScannerDesk) -> Iterator[Told]:
        told = Told()
        desk.scanner.start(told)
        assert told.wait(ScannerState).connected
        yield told
        assert desk.scanner.stop()

    def test_a_code_is_one_scan(self, desk: ScannerDesk, told: Told):
        desk.fire("4006381333931")
        scan = told.wait(Scan)
        assert (scan.text, scan.aim) == ("4006381333931", None)
        assert scan.source

    def test_letters_keep_their_case(self, desk: ScannerDesk, told: Told):
        desk.fire("Loy-00017aZ/_+")
        assert told.wait(Scan).text == "Loy-00017aZ/_+"

    def test_the_aim_identifier_is_told_apart(self, desk: ScannerDesk, told: Told):
        desk.fire("]E04006381333931")
        scan = told.wait(Scan)
        assert (scan.text, scan.aim) == ("4006381333931", "]E0")

    def test_two_codes_are_two_scans_in_order(self, desk: ScannerDesk, told: Told):
        desk.fire("4006381333931")
        desk.fire("5901234123457")
        told.wait(Scan, lambda scan: scan.text == "5901234123457")
        assert [scan.text for scan in told.of(Scan)] == ["4006381333931", "5901234123457"]

    def test_nothing_comes_after_stop(self, desk: ScannerDesk):
        told = Told()
        desk.scanner.start(told)
        told.wait(ScannerState)
        assert desk.scanner.stop(2.0)
        desk.fire("4006381333931")
        time.sleep(0.05)
        assert told.of(Scan) == []

    def test_it_starts_once(self, desk: ScannerDesk, told: Told):
        with pytest.raises(RuntimeError):
            desk.scanner.start(Told())

    def test_it_starts_again_after_a_stop(self, desk: ScannerDesk):
        desk.scanner.start(Told())
        assert desk.scanner.stop()
        told = Told()
        desk.scanner.start(told)
        assert told.wait(ScannerState).connected
        desk.fire("4006381333931")
        assert told.wait(Scan).text == "4006381333931"
        assert desk.scanner.stop()


class DrawerDesk(Protocol):
    drawer: CashDrawer

    def openings(self) -> int:
        """How often the drawer's solenoid was fired."""
        ...

    def jam(self) -> None:
        """Make it impossible to ask the drawer to open."""
        ...


class CashDrawerContract:
    """A CashDrawer, whatever is behind it."""

    def test_each_opening_opens_once(self, desk: DrawerDesk):
        desk.drawer.open()
        assert desk.openings() == 1
        desk.drawer.open()
        assert desk.openings() == 2

    def test_a_drawer_that_cannot_be_asked_is_a_device_problem(self, desk: DrawerDesk):
        desk.jam()
        with pytest.raises(DeviceProblem):
            desk.drawer.open()
        assert desk.openings() == 0


class DisplayDesk(Protocol):
    display: CustomerDisplay

    def seen(self) -> tuple[str, str]:
        """What stands on it: two lines of twenty letters."""
        ...

    def pull(self) -> None:
        """Pull its plug."""
        ...

    def plug(self) -> None: ...


def until(test: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Wait for something to be so."""
    until_s = time.monotonic() + timeout_s
    while not test():
        assert time.monotonic() < until_s, "it never came to be"
        time.sleep(0.005)


class CustomerDisplayContract:
    """A CustomerDisplay of two lines of twenty letters, whatever is behind it."""

    @pytest.fixture
    def told(self, desk: DisplayDesk) -> Iterator[Told]:
        told = Told()
        desk.display.start(told)
        told.wait(type(None))
        yield told
        assert desk.display.stop()

    def test_it_shows_two_lines(self, desk: DisplayDesk, told: Told):
        desk.display.show(DisplayText("Kawa ziarnista", "Suma", "29,90", "31,10"))
        until(lambda: desk.seen() == ("Kawa ziarnista 29,90", "Suma           31,10"))

    def test_the_text_is_cut_and_the_figure_is_not(self, desk: DisplayDesk, told: Told):
        desk.display.show(DisplayText("Kawa ziarnista palona w Krakowie", "", "1 129,90"))
        until(lambda: desk.seen()[0] == "Kawa ziarni 1 129,90")

    def test_the_newest_text_wins(self, desk: DisplayDesk, told: Told):
        for number in range(200):
            desk.display.show(DisplayText(f"Nr {number}"))
        until(lambda: desk.seen()[0].rstrip() == "Nr 199")

    def test_no_control_byte_comes_through(self, desk: DisplayDesk, told: Told):
        desk.display.show(DisplayText("\x1b@\x0cA\r\nB\x1f\x00C\u200b\U000e0041", "\x1bQAzło"))
        until(lambda: desk.seen() == ("@ A  BC             ", "QAzło               "))

    def test_a_text_shown_before_the_start_is_there(self, desk: DisplayDesk):
        desk.display.show(DisplayText("Dzień dobry"))
        desk.display.start(Told())
        until(lambda: desk.seen()[0].rstrip() == "Dzień dobry")
        assert desk.display.stop()

    def test_a_pulled_plug_is_told_once_and_the_text_comes_back(self, desk: DisplayDesk, told: Told):
        desk.display.show(DisplayText("Suma", "", "31,10"))
        until(lambda: desk.seen()[0] == "Suma           31,10")
        desk.pull()
        assert told.wait(DeviceProblem).code == "unreachable"
        for number in range(3):
            desk.display.show(DisplayText(f"Nr {number}"))
            time.sleep(0.1)
        assert len(told.of(DeviceProblem)) == 1
        desk.plug()
        until(lambda: desk.seen()[0].rstrip() == "Nr 2")
        assert [type(event) for event in told.events] == [type(None), DeviceProblem, type(None)]

    def test_a_stopped_till_shows_nobodys_total(self, desk: DisplayDesk):
        desk.display.start(Told())
        desk.display.show(DisplayText("Suma", "", "31,10"))
        until(lambda: desk.seen()[0] == "Suma           31,10")
        assert desk.display.stop(2.0)
        until(lambda: not "".join(desk.seen()).strip())
        assert [thread.name for thread in threading.enumerate() if thread.name == "lane-display"] == []

    def test_it_starts_once(self, desk: DisplayDesk, told: Told):
        with pytest.raises(RuntimeError):
            desk.display.start(Told())


class ScaleDesk(Protocol):
    scale: Scale

    def put(self, weight_milli: int, stable: bool = True) -> None:
        """Lay goods on the pan, still or swinging."""
        ...

    def overload(self) -> None: ...
    def lift_the_pan(self) -> None:
        """So that it shows less than nothing."""
        ...


class ScaleContract:
    """A Scale, whatever is behind it. An empty pan at the start."""

    @pytest.fixture
    def told(self, desk: ScaleDesk) -> Iterator[Told]:
        told = Told()
        desk.scale.start(told)
        assert told.wait(Weighed) == Weighed(0, stable=True)
        yield told
        assert desk.scale.stop()

    def test_a_weight_is_told_to_the_gram(self, desk: ScaleDesk, told: Told):
        desk.put(642)
        told.wait(Weighed, lambda event: event == Weighed(642, stable=True))
        desk.put(14_995)
        told.wait(Weighed, lambda event: event == Weighed(14_995, stable=True))

    def test_what_swings_is_not_stable(self, desk: ScaleDesk, told: Told):
        desk.put(642, stable=False)
        told.wait(Weighed, lambda event: not event.stable)
        assert not [event for event in told.of(Weighed) if event.stable and event.weight_milli]
        desk.put(642)
        told.wait(Weighed, lambda event: event == Weighed(642, stable=True))

    def test_the_same_weight_is_told_once(self, desk: ScaleDesk, told: Told):
        desk.put(642)
        told.wait(Weighed, lambda event: event.weight_milli == 642)
        time.sleep(0.3)
        desk.put(643)
        told.wait(Weighed, lambda event: event.weight_milli == 643)
        assert [event.weight_milli for event in told.of(Weighed) if event.stable] == [0, 642, 643]

    def test_too_much_and_too_little_are_no_weights(self, desk: ScaleDesk, told: Told):
        desk.overload()
        told.wait(ScaleFailed, lambda event: event.code == "overload")
        desk.lift_the_pan()
        told.wait(ScaleFailed, lambda event: event.code == "below_zero")
        desk.put(642)
        told.wait(Weighed, lambda event: event == Weighed(642, stable=True))
        assert [event.weight_milli for event in told.of(Weighed) if event.stable] == [0, 642]

    def test_nothing_comes_after_stop(self, desk: ScaleDesk):
        told = Told()
        desk.scale.start(told)
        told.wait(Weighed)
        assert desk.scale.stop(2.0)
        count = len(told.events)
        desk.put(642)
        time.sleep(0.1)
        assert len(told.events) == count
        assert [thread.name for thread in threading.enumerate() if thread.name == "lane-scale"] == []

    def test_it_starts_once(self, desk: ScaleDesk, told: Told):
        with pytest.raises(RuntimeError):
            desk.scale.start(Told())


class TerminalDesk(Protocol):
    terminal: PaymentTerminal

    def charged(self) -> dict[str, int]:
        """What the terminal itself says it took, by request."""
        ...

    def become(self, mood: str) -> None:
        """approve, decline, cut_before, cut_after or off (see `hardware.simulated.terminal.Mood`)."""
        ...


class PaymentTerminalContract:
    """A PaymentTerminal with a cable, whatever is behind it."""

    def test_a_payment_is_approved_with_a_reference(self, desk: TerminalDesk):
        result = desk.terminal.pay("r1", 12_34, "PLN")
        assert result.outcome is ChargeOutcome.APPROVED
        assert result.reference
        assert desk.charged() == {"r1": 12_34}
        assert desk.terminal.ask("r1") == result

    def test_a_declined_payment_moves_no_money(self, desk: TerminalDesk):
        desk.become("decline")
        assert desk.terminal.pay("r1", 12_34, "PLN").outcome is ChargeOutcome.DECLINED
        assert desk.terminal.ask("r1").outcome is ChargeOutcome.DECLINED
        assert desk.charged() == {}

    @pytest.mark.parametrize(
        ("mood", "outcome", "taken"),
        [
            ("cut_before", ChargeOutcome.DECLINED, {}),
            ("cut_after", ChargeOutcome.APPROVED, {"r1": 12_34}),
        ],
    )
    def test_a_cut_is_unknown_until_it_is_asked(
        self, desk: TerminalDesk, mood: str, outcome: ChargeOutcome, taken: dict[str, int]
    ):
        desk.become(mood)
        assert desk.terminal.pay("r1", 12_34, "PLN").outcome is ChargeOutcome.UNKNOWN
        desk.become("approve")
        assert desk.terminal.ask("r1").outcome is outcome
        assert desk.charged() == taken

    def test_a_terminal_that_is_off_took_nothing_and_knows_nothing(self, desk: TerminalDesk):
        desk.become("off")
        assert desk.terminal.pay("r1", 12_34, "PLN").outcome is ChargeOutcome.DECLINED
        assert desk.terminal.ask("r1").outcome is ChargeOutcome.UNKNOWN
        assert desk.charged() == {}

    def test_a_request_is_charged_once(self, desk: TerminalDesk):
        assert desk.terminal.pay("r1", 12_34, "PLN").outcome is ChargeOutcome.APPROVED
        assert desk.terminal.pay("r1", 12_34, "PLN").outcome is ChargeOutcome.APPROVED
        assert desk.charged() == {"r1": 12_34}

    def test_money_goes_back_up_to_what_was_paid(self, desk: TerminalDesk):
        desk.terminal.pay("r1", 12_34, "PLN")
        assert desk.terminal.reverse("b1", "r1", 2_34, "PLN").outcome is ChargeOutcome.APPROVED
        assert desk.terminal.reverse("b2", "r1", 10_01, "PLN").outcome is ChargeOutcome.DECLINED
        assert desk.terminal.reverse("b3", "r1", 10_00, "PLN").outcome is ChargeOutcome.APPROVED
        assert sum(desk.charged().values()) == 0
        assert desk.terminal.ask("b3").outcome is ChargeOutcome.APPROVED

    def test_its_day_ends(self, desk: TerminalDesk):
        desk.terminal.pay("r1", 12_34, "PLN")
        assert desk.terminal.settle().outcome is ChargeOutcome.APPROVED


class FiscalDesk(Protocol):
    device: FiscalDevice

    def registered(self) -> list[tuple[str, str, int]]:
        """The device's own journal: request, kind, amount."""
        ...

    def trouble(self, name: str) -> None:
        """As in `hardware.simulated.fiscal.Trouble`."""
        ...


def fiscal_sale(request: str = "r1", kind: str = "sale", amount_minor: int = 12_34) -> FiscalDocument:
    lines = (FiscalLine("Kawa", 1000, amount_minor - 4, "23"), FiscalLine("Torba", 1000, 4, "8"))
    return FiscalDocument(request, kind, lines, (("cash", amount_minor),), "PLN", "Anna")


class FiscalDeviceContract:
    """A FiscalDevice, whatever is behind it. Its shift is closed at the start."""

    def test_a_sale_needs_an_open_shift(self, desk: FiscalDesk):
        refused = desk.device.register(fiscal_sale())
        assert (refused.outcome, refused.code) == (FiscalOutcome.REFUSED, "shift_closed")
        assert desk.device.open_shift("Anna").outcome is FiscalOutcome.REGISTERED
        assert desk.device.status().shift_opened_ms is not None
        sold = desk.device.register(fiscal_sale())
        assert sold.outcome is FiscalOutcome.REGISTERED
        assert sold.number
        assert desk.registered() == [("r1", "sale", 12_34)]
        assert desk.device.last_document() == ("r1", sold)

    def test_shifts_open_and_close_once(self, desk: FiscalDesk):
        assert desk.device.close_shift("Anna").code == "shift_closed"
        desk.device.open_shift("Anna")
        assert desk.device.open_shift("Anna").code == "shift_open"
        assert desk.device.close_shift("Anna").outcome is FiscalOutcome.REGISTERED
        assert desk.device.status().shift_opened_ms is None

    def test_a_new_device_has_no_last_document(self, desk: FiscalDesk):
        assert desk.device.last_document() is None

    @pytest.mark.parametrize(("trouble", "kept"), [("lost_before", 0), ("lost_after", 1)])
    def test_a_lost_answer_is_unknown_until_it_is_asked(self, desk: FiscalDesk, trouble: str, kept: int):
        desk.device.open_shift("Anna")
        desk.trouble(trouble)
        assert desk.device.register(fiscal_sale()).outcome is FiscalOutcome.UNKNOWN
        last = desk.device.last_document()
        assert (last is not None and last[0] == "r1") is bool(kept)
        assert len(desk.registered()) == kept

    def test_what_it_cannot_reach_is_refused_and_cannot_be_asked(self, desk: FiscalDesk):
        desk.device.open_shift("Anna")
        desk.trouble("offline")
        assert not desk.device.status().online
        assert desk.device.register(fiscal_sale()).code == "unreachable"
        with pytest.raises(DeviceProblem):
            desk.device.last_document()
        assert desk.registered() == []

    @pytest.mark.parametrize("trouble", ["memory_full", "paper_out"])
    def test_what_it_refuses_is_not_registered(self, desk: FiscalDesk, trouble: str):
        desk.device.open_shift("Anna")
        desk.trouble(trouble)
        refused = desk.device.register(fiscal_sale())
        assert (refused.outcome, refused.code) == (FiscalOutcome.REFUSED, trouble)
        assert desk.registered() == []

    def test_a_document_that_does_not_add_up_is_refused(self, desk: FiscalDesk):
        desk.device.open_shift("Anna")
        wrong = FiscalDocument("r1", "sale", (FiscalLine("Kawa", 1000, 5, "23"),), (("cash", 6),), "PLN", "A")
        assert desk.device.register(wrong).code == "malformed"

    def test_it_does_what_it_says_it_can(self, desk: FiscalDesk):
        desk.device.open_shift("Anna")
        desk.device.register(fiscal_sale())
        for kind, can in (
            ("refund", desk.device.abilities.refunds),
            ("correction", desk.device.abilities.corrections),
        ):
            result = desk.device.register(fiscal_sale(f"r-{kind}", kind))
            assert (result.outcome is FiscalOutcome.REGISTERED) is can
            assert can or result.code == "not_supported"

    def test_a_slip_is_no_document(self, desk: FiscalDesk):
        if desk.device.abilities.text:
            assert desk.device.print_text(["Punkty: 12"]).outcome is FiscalOutcome.REGISTERED
        assert desk.device.last_document() is None
