"""The desk beside readers, scanners and printers: display, scale, terminal, fiscal device.

Devices are made from the settings by `made`; `Beside` starts their lanes and carries what they say to the
thread that owns the till.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from app.checkout.outcome import Outcome
from app.checkout.outside import Charged, Registered
from app.checkout.ports import Slip, Work
from app.config import Config, ConfigProblem
from app.lanes import World
from app.screens.device_page import Equipment
from app.texts import texts
from hardware.ports import (
    ChargeOutcome,
    ChargeResult,
    CustomerDisplay,
    DeviceProblem,
    DisplayText,
    FiscalAbilities,
    FiscalDevice,
    FiscalDocument,
    FiscalStatus,
    PaymentTerminal,
    Scale,
    ScaleEvent,
)
from hardware.receipt import PrintJob

if TYPE_CHECKING:
    from app.checkout.till import Till
    from app.rig import Rig
    from hardware.fiscal.lane import FiscalLane
    from hardware.terminals.lane import TerminalLane

T = TypeVar("T")
Post = Callable[[Callable[[], None]], None]
Later = Callable[[int, Callable[[], None]], None]
"""Runs a call in the till's thread after some milliseconds."""
TRIAL_MS: Final = 5000
_log: Final = logging.getLogger("stempel.desk")


@dataclass(frozen=True, slots=True)
class Side:
    """What stands beside the till, real or simulated; None for what it has not."""

    display: CustomerDisplay | None = None
    scale: Scale | None = None
    terminal: PaymentTerminal | None = None
    fiscal: FiscalDevice | None = None
    pay_s: float = 120.0
    """How long the terminal may take for a payment."""


NOTHING: Final = Side()


def made(config: Config, folder: Path | None = None) -> Side:
    """The devices that the settings name. ConfigProblem says which setting cannot be.

    Simulated ones need `folder`, and a demo's: made-up money must never stand beside a real shop's data.
    """
    return Side(
        display=_display(config) if config.display.port else None,
        scale=_scale(config) if config.scale.port else None,
        terminal=_terminal(config, folder),
        fiscal=_fiscal(config, folder),
        pay_s=config.terminal.pay_s,
    )


def _display(config: Config) -> CustomerDisplay:
    from hardware.displays.pages import OF_LANGUAGE
    from hardware.displays.pole import PoleDisplay, PoleSettings

    section = config.display
    page = section.page or OF_LANGUAGE[config.shop.lang]
    try:
        settings = PoleSettings(section.port, section.commands, section.baud, section.columns, page)
    except ValueError as error:
        raise ConfigProblem(f"[display] {error}") from error
    return PoleDisplay(settings)


def _scale(config: Config) -> Scale:
    from hardware.scales.serial import ScaleSettings, SerialScale

    section = config.scale
    try:
        settings = ScaleSettings(section.port, section.protocol, section.baud, section.bits)
    except ValueError as error:
        raise ConfigProblem(f"[scale] {error}") from error
    return SerialScale(settings)


def _terminal(config: Config, folder: Path | None) -> PaymentTerminal | None:
    if config.terminal.kind == "simulated":
        from hardware.simulated.terminal import SimulatedTerminal

        return SimulatedTerminal(_made_up(folder, "terminal") / "simulated-terminal.json", slow_s=1.5)
    from hardware.terminals.manual import ManualTerminal

    return ManualTerminal()


def _fiscal(config: Config, folder: Path | None) -> FiscalDevice | None:
    if config.fiscal.mode == "none":
        return None
    from hardware.simulated.fiscal import POLISH, RUSSIAN, SimulatedFiscal

    abilities = {"ru": RUSSIAN, "pl": POLISH}[config.fiscal.rules]
    return SimulatedFiscal(abilities, _made_up(folder, "fiscal") / "simulated-fiscal.json")


def _made_up(folder: Path | None, section: str) -> Path:
    from hardware.simulated import MARK

    if folder is None or not (folder / MARK).exists():
        raise ConfigProblem(
            f"[{section}] a simulated device takes no real money: it works in a demo's folder only"
        )
    return folder


class Beside:
    """The lanes of a side, joined to a till. What they say is posted.

    `stop` ends them; a driver that hangs in a call keeps its thread, and `stop` says so.
    """

    def __init__(
        self,
        side: Side,
        till: Till,
        post: Post,
        *,
        on_scale: Callable[[ScaleEvent], None],
        on_display: Callable[[DeviceProblem | None], None],
        on_fiscal: Callable[[FiscalStatus], None],
        world: World | None = None,
    ) -> None:
        self.side, self._till, self._post, self._world = side, till, post, world
        self._on_scale, self._on_display, self._on_fiscal = on_scale, on_display, on_fiscal
        self.terminal: PostedTerminal | None = None
        self.fiscal: PostedFiscal | None = None

    def start(self) -> Beside:
        """Start the lanes, then ask about whatever was open when the till stopped."""
        side = self.side
        if side.display is not None:
            side.display.start(lambda problem: self._post(lambda: self._on_display(problem)))
        if side.scale is not None:
            side.scale.start(lambda event: self._post(lambda: self._on_scale(event)))
        if side.terminal is not None:
            from hardware.terminals.lane import TerminalLane, TerminalPatience

            lane = TerminalLane(side.terminal, TerminalPatience(pay_s=side.pay_s), self._world).start()
            self.terminal = PostedTerminal(lane, self._post)
        if side.fiscal is not None:
            from hardware.fiscal.lane import FiscalLane

            self.fiscal = PostedFiscal(FiscalLane(side.fiscal, world=self._world).start(), self._post)
        self._till.outside.terminal, self._till.outside.fiscal = self.terminal, self.fiscal
        self.look()
        self._till.resume()
        return self

    def look(self) -> None:
        """Ask the fiscal device how it is: for the screen, now and then."""
        if self.fiscal is not None:
            self.fiscal.status(self._on_fiscal)

    def show(self, text: DisplayText) -> None:
        if self.side.display is not None:
            self.side.display.show(text)

    def stop(self) -> bool:
        ended = [device.stop() for device in (self.side.display, self.side.scale) if device is not None]
        ended += [posted.lane.stop() for posted in (self.terminal, self.fiscal) if posted is not None]
        if not all(ended):
            _log.error("a device beside the till did not end in time")
        return all(ended)


class DeskTrials:
    """What the devices page can try, over a till's own ways: `app.screens.device_page.Trials`."""

    def __init__(
        self, rig: Rig, said: Callable[[Outcome], None], restore: Callable[[], None], later: Later
    ) -> None:
        self._rig, self._said, self._restore, self._later = rig, said, restore, later
        self.screens: Callable[[], bool] = lambda: False

    @property
    def second_screen(self) -> bool:
        return self.screens()

    def print_page(self) -> None:
        """Through the till's own queue: what is tried is the way that receipts go."""
        from hardware.printers.testpage import sample_document

        profile = self._rig.devices.profile
        if profile is not None:
            job = PrintJob(sample_document(profile))
            at_ms = self._rig.world.now_ms()
            self._rig.till.heart.note_down(Work(slips=(Slip("test", job),), keep_basket=True, at_ms=at_ms))

    def open_drawer(self) -> None:
        self._rig.till.drawer.no_sale(reason="test", answer=self._said)

    def show_display(self) -> None:
        """Two lines for some seconds, then again what the customer should see."""
        if (beside := self._rig.beside) is not None:
            sample = texts(self._rig.config.shop.lang).get("devices.display.sample")
            beside.show(DisplayText(sample, "0123456789", "", "99,99"))
            self._later(TRIAL_MS, self._restore)

    def ask_terminal(self, answer: Charged) -> None:
        beside = self._rig.beside
        if beside is None or beside.terminal is None:
            return answer(ChargeResult(ChargeOutcome.UNKNOWN, code="unreachable"))
        return beside.terminal.ask(f"trial-{self._rig.world.new_id()}", answer)

    def ask_fiscal(self, answer: Callable[[FiscalStatus], None]) -> None:
        beside = self._rig.beside
        if beside is None or beside.fiscal is None:
            return answer(FiscalStatus(online=False, code="unreachable"))
        return beside.fiscal.status(answer)


def ports(config: Config) -> dict[str, str]:
    """The serial ports that the settings name, by the section that does."""
    named = {"display": config.display.port, "scale": config.scale.port}
    for number, each in enumerate(config.scanner.serial):
        named["scanner" if not number else f"scanner {number + 1}"] = (
            each if isinstance(each, str) else each.port
        )
    return {section: port for section, port in named.items() if port}


def equipment(config: Config) -> Equipment:
    """What a till has by its settings, as the devices page names it."""
    return Equipment(
        readers=config.reader.enabled,
        serial_scanners=tuple(s if isinstance(s, str) else s.port for s in config.scanner.serial),
        printer=config.printer.address,
        spare_printers=tuple(other.name for other in config.printer.also),
        drawer=config.printer.drawer,
        display=config.display.port,
        window=config.display.window,
        scale=config.scale.port,
        terminal_cabled=config.terminal.kind != "manual",
        fiscal=config.fiscal.mode if config.fiscal.mode != "none" else "",
        server=config.server.url,
    )


class PostedTerminal:
    """A terminal's lane as use cases see it: `app.checkout.outside.Terminal`."""

    def __init__(self, lane: TerminalLane, post: Post) -> None:
        self.lane, self._post = lane, post

    @property
    def manual(self) -> bool:
        return self.lane.manual

    def pay(self, request: str, amount_minor: int, currency: str, answer: Charged) -> None:
        self.lane.pay(request, amount_minor, currency, _posted(self._post, answer))

    def reverse(self, request: str, of: str, amount_minor: int, currency: str, answer: Charged) -> None:
        self.lane.reverse(request, of, amount_minor, currency, _posted(self._post, answer))

    def ask(self, request: str, answer: Charged) -> None:
        self.lane.ask(request, _posted(self._post, answer))

    def settle(self, answer: Charged) -> None:
        self.lane.settle(_posted(self._post, answer))


class PostedFiscal:
    """A fiscal device's lane as use cases see it: `app.checkout.outside.Fiscal`."""

    def __init__(self, lane: FiscalLane, post: Post) -> None:
        self.lane, self._post = lane, post

    @property
    def abilities(self) -> FiscalAbilities:
        return self.lane.abilities

    def register(self, document: FiscalDocument, answer: Registered) -> None:
        self.lane.register(document, _posted(self._post, answer))

    def resolve(self, request: str, answer: Registered) -> None:
        self.lane.resolve(request, _posted(self._post, answer))

    def open_shift(self, cashier: str, answer: Registered) -> None:
        self.lane.open_shift(cashier, _posted(self._post, answer))

    def close_shift(self, cashier: str, answer: Registered) -> None:
        self.lane.close_shift(cashier, _posted(self._post, answer))

    def status(self, answer: Callable[[FiscalStatus], None]) -> None:
        self.lane.status(_posted(self._post, answer))


def _posted(post: Post, answer: Callable[[T], None]) -> Callable[[T], None]:
    return lambda result: post(lambda: answer(result))
