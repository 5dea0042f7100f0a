"""Random faults on every device of a desk at once, around a till that must sell through all of them.

Real parts where there are any: pole, scale and scanner on serial cables, a printer on TCP, card readers in a
pcscd; terminal and fiscal device are the simulated ones, whose books show what truly happened.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from app.config import FiscalSection, load
from app.desk import Side
from app.lanes import Backoff
from app.ledger.facts import SaleCompleted, decode
from app.rig import Devices, Rig
from app.screens import views
from app.screens.sale import SalePresenter
from hardware.cards.pcsc import PcscReaders
from hardware.cards.settings import PcscSettings
from hardware.displays.pole import PoleDisplay, PoleSettings
from hardware.fiscal.lane import FiscalPatience
from hardware.ports import Scan, ScanEvent
from hardware.printers.profile import PROFILES
from hardware.printers.transport import printer_at
from hardware.scales.serial import ScaleSettings, SerialScale
from hardware.scanners.serial import SerialScanner, SerialSettings
from hardware.simulated.fiscal import SimulatedFiscal, Trouble
from hardware.simulated.terminal import Mood, SimulatedTerminal
from hardware.terminals.lane import TerminalPatience
from tests.support.pole import Pole
from tests.support.scale import Pan
from tests.support.serial_pair import SerialPair
from tests.support.tcp_printer import TcpPrinter
from tests.support.virtual_card import ntag213
from tests.support.vpcd import Pcscd

QUICK = Backoff(0.02, 0.1)
MILK, LATTE, APPLES, CARD = "5901234000178", "5901234000062", "5901234000185", "04A1B2C3D4E5F6"
SALE_S = 20.0
"""Far more than any deadline in a sale; only a hang takes longer."""


class Loop:
    """The window's thread, without a window."""

    def __init__(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()

    def post(self, call: Callable[[], None]) -> None:
        self._calls.append(call)

    def turn(self) -> None:
        while self._calls:
            self._calls.popleft()()

    def until(self, done: Callable[[], Any], story: Callable[[], str], timeout_s: float = SALE_S) -> None:
        until_s = time.monotonic() + timeout_s
        while not done():
            self.turn()
            assert time.monotonic() < until_s, story()
            time.sleep(0.001)


class DeskStorm:
    """`step` does something to one device, `sell` completes a sale by keyboard whatever state they are in."""

    def __init__(self, folder: Path, parts: Path, pcscd: Pcscd, seed: int) -> None:
        self.chance = random.Random(seed)
        self.log: deque[str] = deque(maxlen=14)
        self.loop, self.pcscd = Loop(), pcscd
        self.cables = {name: self._cable(parts / name) for name in ("pole", "pan", "gun")}
        self.pole = Pole(self.cables["pole"].device_end)
        self.pan = Pan(self.cables["pan"].device_end, "toledo")
        self.printer = TcpPrinter()
        self.printer.switch_on()
        self.printer_on = True
        self.terminal, self.fiscal = SimulatedTerminal(slow_s=0.05), SimulatedFiscal()
        self.by_terminal: set[str] = set()
        self.sold = 0
        config = msgspec.structs.replace(load(folder), fiscal=FiscalSection(mode="simulated"))
        self.rig = Rig(folder, config, post=self.loop.post)
        rig = self.rig
        self.screen = SalePresenter(rig.till, rig.reader, rig.reader, rig.world, lang="en")
        self._start()
        self.loop.until(lambda: rig.till.shift is not None and not rig.till.busy, self.story)

    @staticmethod
    def _cable(folder: Path) -> SerialPair:
        folder.mkdir(parents=True)
        return SerialPair(folder).plug()

    def _start(self) -> None:
        ports = {name: str(cable.till_end) for name, cable in self.cables.items()}
        limits = PcscSettings(
            poll_s=0.1, watch_deadline_s=0.5, read_deadline_s=0.5, glance_s=0.1, backoff=QUICK
        )
        side = Side(
            PoleDisplay(PoleSettings(ports["pole"], page="cp852", backoff=QUICK)),
            SerialScale(ScaleSettings(ports["pan"], bits="8N1", ask_s=0.02, silent_s=0.3, backoff=QUICK)),
            self.terminal,
            self.fiscal,
            pay_s=0.4,
        )
        devices = Devices(
            readers=PcscReaders(limits),
            scanners=(SerialScanner(SerialSettings(ports["gun"], silence_s=0.05, backoff=QUICK)),),
            printer=printer_at(self.printer.address),
            profile=PROFILES["80mm"],
            side=side,
        )
        self.rig.start_devices(
            devices,
            on_card=self.screen.card,
            on_scan=self._scanned,
            on_print=lambda event: None,
            on_scale=self.screen.weigh,
            on_display=self.screen.display,
            on_fiscal=self.screen.fiscal,
        )
        beside = self.rig.beside
        assert beside is not None
        assert beside.fiscal is not None
        assert beside.terminal is not None
        beside.fiscal.lane._patience = FiscalPatience(0.4, 0.3, 0.4)
        beside.terminal.lane._patience = TerminalPatience(pay_s=0.4, ask_s=0.3)

    def _scanned(self, event: ScanEvent) -> None:
        if isinstance(event, Scan):
            self.screen.scan(event.text, event.aim)

    # -- what happens to the devices -----------------------------------------------------------------------

    def step(self) -> None:
        act = self.chance.choice(
            [self.terminal_mood] * 4
            + [self.fiscal_trouble] * 4
            + [self.swap_cable, self.weigh, self.scan, self.switch_printer, self.tap, self.service]
        )
        self.log.append(act.__name__)
        act()
        self.loop.turn()
        self.screen.tick()

    def terminal_mood(self) -> None:
        self.terminal.release()
        self.terminal.mood = self.chance.choice(list(Mood))
        self.terminal.answers = self.chance.random() < 0.7
        self.log[-1] += f" {self.terminal.mood} {self.terminal.answers}"

    def fiscal_trouble(self) -> None:
        self.fiscal.release()
        self.fiscal.trouble = self.chance.choice(list(Trouble))
        self.log[-1] += f" {self.fiscal.trouble}"

    def swap_cable(self) -> None:
        """Out, and in again at once or a little later; the till does not hear when."""
        name = self.chance.choice(list(self.cables))
        self.cables[name].unplug()
        time.sleep(self.chance.choice([0, 0.05]))
        self.cables[name].plug()

    def weigh(self) -> None:
        self.pan.code = self.chance.choice(["", "", "overload", "below_zero"])
        self.pan.weight_milli, self.pan.stable = self.chance.randrange(1, 9_999), self.chance.random() < 0.7
        self.pan.mute = self.chance.random() < 0.1
        self.pan.garbage = self.chance.choice([b"", b"", b"", b"\x02garbage\xff\r"])

    def scan(self) -> None:
        code = self.chance.choice([LATTE, MILK, "4006381333931", "\x1b@\x00", "4111111111111111"])
        try:
            self.cables["gun"].write(code.encode() + b"\r")
        except OSError:
            self.log[-1] += " nobody there"

    def switch_printer(self) -> None:
        if self.printer_on:
            self.printer.switch_off()
        else:
            self.printer.switch_on()
        self.printer_on = not self.printer_on

    def tap(self) -> None:
        card = self.pcscd.insert(ntag213(CARD, None))
        time.sleep(self.chance.choice([0, 0.05]))
        card.remove()

    def service(self) -> None:
        if self.chance.random() < 0.5:
            self.pcscd.kill()
            self.pcscd.start()
        else:
            self.pcscd.freeze()
            time.sleep(0.05)
            self.pcscd.thaw()

    # -- a sale by keyboard --------------------------------------------------------------------------------

    def sell(self) -> None:
        """Ring up by article number, pay by card or in cash.

        The fiscal device is mended only where nothing else can complete the sale, as somebody would.
        """
        till = self.rig.till
        before = len(self.sales())
        self.loop.until(lambda: not till.busy and till.outside.waits_for == "", self.story)
        self._settle()
        self.screen.leave()
        self.screen.ring("1002")
        self.loop.until(lambda: till.sale.lines and not till.busy, self.story)
        if self.chance.random() < 0.5:
            self.screen.pay()
            self.screen.pay_by_card()
            self.loop.until(lambda: self._answered(before), self.story)
            self._settle()
        tries = 0
        while len(self.sales()) == before:
            tries += 1
            assert tries < 12, self.story()
            if tries > 2:
                # Nothing can be sold without it: somebody switches it on.
                self.fiscal.release()
                self.fiscal.trouble = Trouble.NONE
            self._pay_cash()
            self.loop.until(lambda: self._answered(before), self.story)
            self._settle()
        self.sold += 1

    def _pay_cash(self) -> None:
        till = self.rig.till
        if till.sale.lines and till.sale.pending is None:
            self.screen.pay()
            till.pay_cash(max(till.cash_due_minor, 0))

    def _answered(self, before: int) -> bool:
        """Whatever was asked outside has answered, or the sale is made."""
        till = self.rig.till
        return len(self.sales()) > before or (not till.busy and till.outside.waits_for == "")

    def _settle(self) -> None:
        """A tender that nobody knows: the cashier looks at the terminal, a fiscal device is asked again."""
        till = self.rig.till
        for _ in range(60):
            pending = till.sale.pending
            if pending is None:
                return
            if till.registering:
                self.fiscal.release()
                self.fiscal.trouble = Trouble.NONE
                till.resume()
            elif pending.asked is not None:
                self.terminal.release()
                time.sleep(0.01)
                till.settle_terminal(charged=pending.asked.request in self.terminal.charged)
            self.loop.until(lambda: not till.busy and till.outside.waits_for == "", self.story)
        raise AssertionError(self.story())

    # -- what must be true ---------------------------------------------------------------------------------

    def sales(self) -> list[SaleCompleted]:
        facts = [decode(body) for _, body in self.rig.reader.log()]
        return [fact for fact in facts if isinstance(fact, SaleCompleted)]

    def story(self) -> str:
        till = self.rig.till
        middle = self.screen.view.middle
        asked = middle.question if isinstance(middle, views.Ask) else type(middle).__name__
        pending = till.sale.pending
        return (
            f"{list(self.log)}\nscreen {asked}: {self.screen.view.notice.text}\nbusy {till.busy} waits "
            f"{till.outside.waits_for!r} pending {pending and (pending.asked, pending.fiscal)} "
            f"terminal {self.terminal.mood} fiscal {self.fiscal.trouble} threads "
            f"{[thread.name for thread in threading.enumerate()]}"
        )

    def check(self) -> None:
        """Nobody paid twice or for nothing; each sale is one document, each document a sale."""
        sales = self.sales()
        assert len({sale.id for sale in sales}) == len(sales)
        charged = {
            tender.request: tender.amount_minor
            for sale in sales
            for tender in sale.tenders
            if tender.means == "card"
        }
        held = {
            tender.request: tender.amount_minor for tender in self.rig.till.sale.tenders if tender.request
        }
        assert self.terminal.charged == {**charged, **held}, self.story()
        requests = [entry.request for entry in self.fiscal.documents]
        assert len(set(requests)) == len(requests), self.story()
        assert [entry.number for entry in self.fiscal.documents] == [sale.fiscal for sale in sales], (
            self.story()
        )

    def close(self) -> None:
        self.terminal.release()
        self.fiscal.release()
        self.fiscal.trouble = Trouble.NONE
        ended = self.rig.close()
        self.pole.close()
        self.pan.close()
        for cable in self.cables.values():
            cable.unplug()
        if self.printer_on:
            self.printer.switch_off()
        assert ended
