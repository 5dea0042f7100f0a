"""The page of devices, well and in trouble."""

from __future__ import annotations

from collections.abc import Callable

from app.screens.device_page import DevicesPresenter, Equipment
from app.ui.scenes.stage import GOLD, NOW_MS, Stage
from hardware.ports import (
    CardTapped,
    ChargeOutcome,
    ChargeResult,
    DeviceProblem,
    FiscalStatus,
    PrinterState,
    ReadersChanged,
    ScaleFailed,
    ScannerState,
    Weighed,
)


def page(stage: Stage, *, trouble: bool = False) -> DevicesPresenter:
    """The page of devices of a till that has everything, well or in trouble."""
    has = Equipment(
        serial_scanners=("usb:0C2E:0B61:SN7",),
        printer="tcp://192.168.1.50",
        display="usb:1A86:7523",
        window=True,
        scale="usb:0403:6001:A1",
        terminal_cabled=True,
        fiscal="simulated",
        server="https://office.example",
    )
    listed = DevicesPresenter(stage.sale, has, Still(), stage.world)
    stage.sale.weigh(ScaleFailed("stalled") if trouble else Weighed(642, True))
    listed.scan(ScannerState("usb:0C2E:0B61:SN7", not trouble))
    listed.press("reader")
    listed.card(CardTapped("Reader 00", 3, GOLD, "ntag213", "LOY-0000017"))
    listed.press("terminal")
    listed.press("fiscal")
    if trouble:
        stage.sale.card(ReadersChanged((), False))
        stage.sale.printer(PrinterState(online=False, code="unreachable"))
        stage.sale.network(False, 12)
        stage.sale.display(DeviceProblem("unreachable"))
        stage.sale.fiscal(FiscalStatus(True, NOW_MS, "shift_expired"))
        listed.show()
    return listed


class Still:
    """Devices that answer at once, for a picture."""

    second_screen = True

    def print_page(self) -> None: ...
    def open_drawer(self) -> None: ...
    def show_display(self) -> None: ...

    def ask_terminal(self, answer: Callable[[ChargeResult], None]) -> None:
        answer(ChargeResult(ChargeOutcome.DECLINED, code="unheard"))

    def ask_fiscal(self, answer: Callable[[FiscalStatus], None]) -> None:
        answer(FiscalStatus(True, NOW_MS - 3_600_000))
