"""A running till without its window: database, use cases, and the lanes of devices and sync.

Made by `app.main` (the window), `app.demo` and tests, each with its own devices. Everything that comes from a
lane is handed to `post`, which carries it to the thread that owns the till. `codes` says what a code means to
it, `programme` what it prices by, `syncing` what comes from head office.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from app.checkout.outcome import Outcome
from app.checkout.outside import Outside
from app.checkout.ports import NotWritten
from app.checkout.reserved import LaterHolds
from app.checkout.till import Till
from app.checkout.writing import local_day
from app.config import Config
from app.desk import NOTHING, Beside, Side
from app.lanes import Lane, RealWorld, World
from app.loyalty.engine import Compiled
from app.rig.codes import Codes
from app.rig.programme import open_programme
from app.rig.syncing import Syncing
from app.store.database import Database, Post
from app.store.kept import FOLDER
from app.store.printing import StoredPrintQueue
from app.store.programmes import ProgrammeLane
from hardware.ports import (
    CardFailed,
    CardReaders,
    CardWritten,
    DeviceProblem,
    FiscalStatus,
    PrintEvent,
    ReceiptPrinter,
    ScaleEvent,
    Scanner,
)

if TYPE_CHECKING:
    from hardware.printers.lane import PrintLane, Station
    from hardware.printers.profile import Profile

T = TypeVar("T")
DAY_LOOK_S: Final = 60.0
"""How often a till that runs looks whether a new day has begun."""
_log: Final = logging.getLogger("stempel")


@dataclass(frozen=True, slots=True)
class SparePrinter:
    """Another printer: `name` tells the cashier where to look, `drawer` if the till's drawer is on it."""

    name: str
    printer: ReceiptPrinter
    profile: Profile
    drawer: bool = False


@dataclass(frozen=True, slots=True)
class Devices:
    """What stands on the desk: real or simulated, the till cannot tell."""

    readers: CardReaders | None = None
    scanners: tuple[Scanner, ...] = ()
    printer: ReceiptPrinter | None = None
    profile: Profile | None = None
    spare_printers: tuple[SparePrinter, ...] = ()
    """Where receipts go, in this order, while the first printer cannot print."""
    side: Side = NOTHING


def _unheard(_: object) -> None: ...


class Rig:
    """One till. `close` ends every lane and lets go of the data folder."""

    def __init__(
        self,
        folder: Path,
        config: Config,
        *,
        post: Post,
        world: World | None = None,
    ) -> None:
        self.config, self.post, self.folder = config, post, folder
        self.devices = Devices()
        self.world: World = world or RealWorld()
        programme = open_programme(folder, config)
        self.database = Database(folder, keystore=config.till.keystore)
        self.reader = self.database.reader()
        self.programmes = ProgrammeLane(
            self.database.reader(),
            programme,
            config.shop.currency,
            self.world,
            lambda programme: self.syncing.switch(programme),
            folder / FOLDER,
        )
        self._aside_lane: Lane | None = None
        self.spoilt_basket = False
        self.holds = LaterHolds()
        self.journal = self.database.journal(self.post)
        self.till = self._till(self.programmes.first(self.reader))
        self.syncing = Syncing(
            self.till, self.database, self.reader, self.programmes, self.holds, folder, post
        )
        self.queue = StoredPrintQueue(self.database.writer, self.database.call)
        self.printing: PrintLane | None = None
        self.beside: Beside | None = None
        self._wants_shift = False
        self._day_seen_s = self.world.monotonic_s()

    def _till(self, programme: Compiled) -> Till:
        kept = self.reader.basket()
        try:
            return self._make_till(programme, kept)
        except ValueError:
            # Written by another version. It is put aside, not dropped, and the cashier is told.
            self.spoilt_basket = True
            spoilt = kept or b""
            self.database.call(lambda: self.database.writer.put_setting("basket.unreadable", spoilt))
            return self._make_till(programme, None)

    def _make_till(self, programme: Compiled, kept: bytes | None) -> Till:
        next_sale, next_shift = self.reader.next_numbers()
        till = Till(
            shop=self.config.shop,
            catalogue=self.reader,
            members=self.reader,
            sales=self.reader,
            staff=self.reader,
            journal=self.journal,
            programme=programme,
            world=self.world,
            next_sale=next_sale,
            next_shift=next_shift,
            shift=self.reader.open_shift(),
            kept=kept,
            read=Codes(self.config, self.reader).read,
            outside=Outside(must_register=self.config.fiscal.mode != "none"),
            holds=self.holds,
            allowances=self.reader.allowances,
            keys=self.reader.keys,
            aside=self._aside,
        )
        till.report_to(self._write_failed)
        return till

    def _aside(self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        """Done beside the till's thread; the lane is started when something is first to be done there."""
        if self._aside_lane is None:
            self._aside_lane = Lane("aside").start()

        def run() -> None:
            found = job()
            self.post(lambda: done(found))

        self._aside_lane.submit(run)

    def _write_failed(self, error: BaseException) -> None:
        if not isinstance(error, NotWritten):
            raise error
        _log.error("not written: %s", error)

    # -- the day -----------------------------------------------------------------------------------------

    def begin_day(self) -> None:
        """Have a shift of today; one left open on an earlier day is closed uncounted.

        Not while a sale is open: that belongs to the shift it began in. Nor where cashiers open their shifts
        themselves.
        """
        self._day_seen_s = self.world.monotonic_s()
        if not self.config.till.auto_shift:
            return
        till, shift = self.till, self.till.shift
        today = local_day(self.world.now_ms(), self.config.shop.time_zone)
        if shift is not None and shift.business_day != today and not till.sale.lines:

            def closed(outcome: Outcome) -> None:
                if not outcome.refused:
                    self._open_shift()

            till.close_shift(None, None, closed, leave_parked=True)
        elif shift is None:
            self._open_shift()

    def _open_shift(self) -> None:
        self.till.open_shift(self.config.till.cashier, answer=self._shift_answered)

    def _shift_answered(self, outcome: Outcome) -> None:
        self._wants_shift = outcome.refused and outcome.code.startswith("fiscal_")
        if self._wants_shift and self.beside is not None:
            self.till.outside.heard(outcome)

    def look(self) -> None:
        """Every few seconds: how the fiscal device is; a shift that it would not open is tried again. Once a
        minute whether a new day has begun."""
        now_s = self.world.monotonic_s()
        if now_s - self._day_seen_s >= DAY_LOOK_S:
            self.begin_day()
        if self.beside is not None:
            self.beside.look()
            if self._wants_shift:
                self._open_shift()

    # -- lanes -------------------------------------------------------------------------------------------

    def start_devices(
        self,
        devices: Devices,
        *,
        on_card: Callable[..., None],
        on_scan: Callable[..., None],
        on_print: Callable[[PrintEvent], None],
        on_scale: Callable[[ScaleEvent], None] = _unheard,
        on_display: Callable[[DeviceProblem | None], None] = _unheard,
        on_fiscal: Callable[[FiscalStatus], None] = _unheard,
    ) -> None:
        """Start the device lanes; events are posted. A shift that waited for its fiscal device is opened."""
        self.devices = devices
        self.beside = Beside(
            devices.side,
            self.till,
            self.post,
            on_scale=on_scale,
            on_display=on_display,
            on_fiscal=on_fiscal,
            world=self.world,
        ).start()
        if devices.side.fiscal is not None:
            self.begin_day()
        if devices.readers is not None:
            devices.readers.start(lambda event: self.post(lambda: on_card(event)))
        for scanner in devices.scanners:
            scanner.start(lambda event: self.post(lambda: on_scan(event)))
        if devices.printer is not None and devices.profile is not None:
            from hardware.printers.lane import PrintLane

            self.printing = PrintLane(
                self.queue,
                self._stations(devices.printer, devices.profile, devices.spare_printers),
                lambda event: self.post(lambda: on_print(event)),
                world=self.world,
                on_crash=lambda error: _log.error("the print lane starts again", exc_info=error),
            ).start()
            self.database.after_write.append(self.printing.wake)

    def _stations(
        self, printer: ReceiptPrinter, profile: Profile, spares: tuple[SparePrinter, ...]
    ) -> list[Station]:
        from hardware.printers.stations import station

        settings = self.config.printer
        logo = self.folder / settings.logo if settings.logo else None
        first = station(printer, profile, name=settings.name, logo=logo, drawer=settings.drawer)
        return [
            first,
            *(station(s.printer, s.profile, name=s.name, logo=logo, drawer=s.drawer) for s in spares),
        ]

    def new_card_number(self) -> str:
        """A number nobody has, with its check digit: to be written on a card, or printed as a code."""
        from hardware.scanners.masks import HOUSE_MEMBER

        while True:
            number = HOUSE_MEMBER.draw(self.world.random_bytes)
            if self.reader.holder(f"code:{number}") is None:
                return number

    def write_card(
        self,
        event: int,
        record: str,
        done: Callable[[CardWritten | CardFailed], None],
        *,
        overwrite: bool = False,
    ) -> None:
        """Write a member record to the card that was tapped as `event`; see `hardware.ports.CardWriter`.

        `done` is posted once. Without readers it hears "unsupported".
        """
        if self.devices.readers is None:
            self.post(lambda: done(CardFailed("", event, "unsupported", "this till has no card reader")))
            return
        self.devices.readers.write(
            event, record, lambda outcome: self.post(lambda: done(outcome)), overwrite=overwrite
        )

    def decide_paper(self, job: int, reprint: bool) -> None:
        """The cashier's word on a receipt that may or may not be on paper; returns at once."""

        def decide() -> None:
            self.queue.decide_here(job, reprint=reprint)
            if self.printing is not None:
                self.printing.wake()

        self.database.lane.submit(decide)

    def close(self) -> bool:
        """End the lanes, devices first and the database last. False if one did not end in time."""
        ended = [scanner.stop() for scanner in self.devices.scanners]
        if self.devices.readers is not None:
            ended.append(self.devices.readers.stop())
        if self.beside is not None:
            ended.append(self.beside.stop())
        if self.printing is not None:
            ended.append(self.printing.stop())
        ended.append(self.syncing.stop())
        if self._aside_lane is not None:
            ended.append(self._aside_lane.stop())
        ended.append(self.database.close())
        self.syncing.close()
        return all(ended)
