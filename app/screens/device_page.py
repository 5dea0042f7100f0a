"""The devices one by one: how each is now, what to do about it, and a way to try it.

In words of a cashier, live while it is looked at. What a trial needs of the composition root is in `Trials`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct

from app.lanes import World
from app.screens.devices import to_do
from app.screens.sale import SalePresenter
from app.screens.views import ChipKind, Tone
from app.texts import Texts, texts
from hardware.ports import (
    CardEvent,
    CardFailed,
    CardTapped,
    ChargeOutcome,
    ChargeResult,
    FiscalStatus,
    ScanEvent,
    ScannerState,
    Weighed,
)

ARMED_MS: Final = 30_000
"""How long the next card or scan is waited for; after that it is a customer's again."""


class Equipment(Struct, frozen=True, kw_only=True):
    """What this till has by its settings; addresses are shown as they stand there."""

    readers: bool = True
    serial_scanners: tuple[str, ...] = ()
    printer: str = ""
    spare_printers: tuple[str, ...] = ()
    drawer: bool = True
    display: str = ""
    window: bool = False
    scale: str = ""
    terminal_cabled: bool = False
    fiscal: str = ""
    server: str = ""


class Trials(Protocol):
    """What can be tried. Each returns at once; answers come in the screen's thread."""

    def print_page(self) -> None: ...
    def open_drawer(self) -> None: ...
    def show_display(self) -> None: ...
    def ask_terminal(self, answer: Callable[[ChargeResult], None]) -> None: ...
    def ask_fiscal(self, answer: Callable[[FiscalStatus], None]) -> None: ...

    @property
    def second_screen(self) -> bool:
        """Whether the customer's window has a screen to be on."""
        ...


class DeviceRow(Struct, frozen=True):
    """One device. `press` is the word on its button ("" for none), `result` what the last trial said."""

    key: str
    icon: str
    name: str
    state: str
    tone: Tone
    detail: str = ""
    todo: str = ""
    press: str = ""
    result: str = ""
    busy: bool = False


class DevicesView(Struct, frozen=True):
    title: str
    detail: str
    rows: tuple[DeviceRow, ...] = ()


class DevicesPresenter:
    """Follows the sale screen's presenter, which hears of every device. `publish` hears each new state."""

    def __init__(
        self,
        sale: SalePresenter,
        equipment: Equipment,
        trials: Trials,
        world: World,
        *,
        publish: Callable[[DevicesView], None] | None = None,
    ) -> None:
        self.publish = publish or _unseen
        self._sale, self._has, self._try, self._world = sale, equipment, trials, world
        self._scanners: dict[str, ScannerState] = {}
        self._results: dict[str, str] = {}
        self._busy: set[str] = set()
        self._armed: tuple[str, int] = ("", 0)
        self.view = self._view()

    def show(self) -> None:
        """Look now; called when the page opens, and once a second while it is open."""
        view = self._view()
        if view != self.view:
            self.view = view
            self.publish(view)

    def leave(self) -> None:
        """The page is closed: the next card or scan is a customer's again, old results are gone."""
        self._armed = ("", 0)
        self._results.clear()
        self._busy.clear()

    # -- what lanes tell ---------------------------------------------------------------------------------

    def card(self, event: CardEvent) -> bool:
        """True if the card was waited for here, and is nobody else's."""
        if not self._waits("reader") or not isinstance(event, CardTapped | CardFailed):
            return False
        get = self._words.get
        if isinstance(event, CardTapped):
            record = event.record or get("devices.no_record")
            said = get("devices.card_read", uid=event.uid, kind=event.kind, record=record)
        else:
            words, message = self._words, f"till.card_{event.code}"
            said = words.get(message) if words.has(message) else words.get("till.card_failed")
        return self._came("reader", said)

    def scan(self, event: ScanEvent) -> bool:
        """True if the scan was waited for here, and is nobody else's."""
        if isinstance(event, ScannerState):
            self._scanners[event.source] = event
            return False
        if not self._waits("scanner"):
            return False
        return self._came("scanner", self._words.get("devices.scanned", text=event.text, source=event.source))

    # -- intents -----------------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        """A device's button."""
        get = self._words.get
        match key:
            case "reader" | "scanner":
                self._armed = (key, self._world.now_ms())
                self._results[key] = get(f"devices.{key}.waiting")
            case "printer":
                self._try.print_page()
                self._results[key] = get("devices.printer.tried")
            case "drawer":
                self._try.open_drawer()
                self._results[key] = get("devices.drawer.tried")
            case "display":
                self._try.show_display()
                self._results[key] = get("devices.display.tried")
            case "scale":
                self._results[key] = self._weight()
            case "terminal":
                self._busy.add(key)
                self._try.ask_terminal(self._terminal_said)
            case "fiscal":
                self._busy.add(key)
                self._try.ask_fiscal(self._fiscal_said)
            case _:
                return
        self.show()

    # -- within ------------------------------------------------------------------------------------------

    @property
    def _words(self) -> Texts:
        return texts(self._sale.lang)

    def _waits(self, key: str) -> bool:
        armed, since_ms = self._armed
        return armed == key and self._world.now_ms() - since_ms <= ARMED_MS

    def _came(self, key: str, said: str) -> bool:
        self._armed = ("", 0)
        self._results[key] = said
        self.show()
        return True

    def _terminal_said(self, result: ChargeResult) -> None:
        # Asked about a payment that never was, a terminal that is there says that it never heard of it.
        there = result.outcome is not ChargeOutcome.UNKNOWN
        self._answered("terminal", "devices.terminal.answers" if there else "devices.terminal.silent")

    def _fiscal_said(self, status: FiscalStatus) -> None:
        if not status.online:
            return self._answered("fiscal", "devices.fiscal.silent")
        opened = status.shift_opened_ms
        if opened is None:
            return self._answered("fiscal", "devices.fiscal.closed")
        at = self._words.moment(opened, self._sale.till.shop.time_zone)
        return self._answered("fiscal", "devices.fiscal.open", at=at)

    def _answered(self, key: str, message: str, **values: str) -> None:
        self._busy.discard(key)
        self._results[key] = self._words.get(message, **values)
        self.show()

    def _weight(self) -> str:
        match self._sale.scale:
            case Weighed(weight_milli, stable):
                message = "devices.scale.weighs" if stable else "devices.scale.swings"
                return self._words.get(message, weight=self._words.scaled(weight_milli, 3))
            case _:
                return self._words.get("devices.scale.nothing")

    def _view(self) -> DevicesView:
        words = self._words
        return DevicesView(words.get("devices.title"), words.get("devices.detail"), tuple(self._rows()))

    def _rows(self) -> list[DeviceRow]:
        has, chip = self._has, self._chip
        rows: list[DeviceRow] = []
        if has.readers:
            there = self._sale.status.devices.readers
            rows.append(chip("reader", "nfc", ChipKind.READER, ", ".join(there.readers) if there else ""))
        rows.append(self._row("scanner", "scan-barcode", *self._well(), self._words.get("devices.wedge")))
        rows += [self._serial_scanner(source) for source in has.serial_scanners]
        if has.printer:
            rows.append(
                chip("printer", "printer", ChipKind.PRINTER, " · ".join((has.printer, *has.spare_printers)))
            )
        if has.printer and has.drawer:
            rows.append(self._row("drawer", "inbox", *self._well("devices.unseen")))
        if has.display:
            rows.append(chip("display", "monitor", ChipKind.DISPLAY, has.display))
        if has.window:
            rows.append(self._window())
        if has.scale:
            rows.append(chip("scale", "scale", ChipKind.SCALE, has.scale))
        rows.append(self._terminal())
        if has.fiscal:
            rows.append(chip("fiscal", "shield-check", ChipKind.FISCAL, has.fiscal))
        if has.server:
            rows.append(chip("server", "wifi", ChipKind.NETWORK, has.server, press=False))
        return rows

    def _chip(self, key: str, icon: str, kind: ChipKind, detail: str, *, press: bool = True) -> DeviceRow:
        """A device whose state is known from its chip; one that told nothing yet is being looked for."""
        devices, words = self._sale.status.devices, self._words
        message = devices.message(kind)
        todo = words.get(to_do(message)) if message and words.has(to_do(message)) else ""
        state, tone = self._well()
        if todo:
            state, tone = words.get(message, **devices.values), Tone.CAUTION
        elif not message and kind in (ChipKind.READER, ChipKind.PRINTER, ChipKind.NETWORK):
            state, tone = words.get("devices.looking"), Tone.QUIET
        if key == "scale" and isinstance(self._sale.scale, Weighed):
            state = self._weight()
        return self._row(key, icon, state, tone, detail, todo, press=press)

    def _well(self, message: str = "devices.ready") -> tuple[str, Tone]:
        return self._words.get(message), Tone.WELL if message == "devices.ready" else Tone.QUIET

    def _row(
        self,
        key: str,
        icon: str,
        state: str,
        tone: Tone,
        detail: str = "",
        todo: str = "",
        *,
        press: bool = True,
    ) -> DeviceRow:
        words = self._words
        return DeviceRow(
            key=key,
            icon=icon,
            name=words.get(f"devices.{key}"),
            state=state,
            tone=tone,
            detail=detail,
            todo=todo,
            press=words.get(f"devices.{key}.press") if press else "",
            result=self._results.get(key, ""),
            busy=key in self._busy,
        )

    def _serial_scanner(self, source: str) -> DeviceRow:
        told = self._scanners.get(source)
        if told is None:
            state, tone, todo = self._words.get("devices.looking"), Tone.QUIET, ""
        elif told.connected:
            (state, tone), todo = self._well(), ""
        else:
            state, tone = self._words.get("devices.scanner.away"), Tone.CAUTION
            todo = self._words.get("devices.scanner.away.do")
        row = self._row("scanner", "scan-barcode", state, tone, source, todo, press=False)
        return DeviceRow(f"scanner:{source}", row.icon, row.name, state, tone, source, todo)

    def _window(self) -> DeviceRow:
        if self._try.second_screen:
            return self._row("window", "monitor", *self._well(), press=False)
        get = self._words.get
        away, todo = get("devices.window.away"), get("devices.window.away.do")
        return self._row("window", "monitor", away, Tone.CAUTION, "", todo, press=False)

    def _terminal(self) -> DeviceRow:
        if self._has.terminal_cabled:
            return self._row("terminal", "credit-card", *self._well("devices.unasked"))
        manual = self._words.get("devices.terminal.manual")
        return self._row("terminal", "credit-card", manual, Tone.QUIET, press=False)


def _unseen(_: DevicesView) -> None: ...
