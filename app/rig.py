"""A running till without its window: database, use cases, and the lanes of devices and sync.

Made by `app.main` (the window), `app.demo` and tests, each with its own devices. Everything that comes from a
lane is handed to `post`, which carries it to the thread that owns the till.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from app.checkout.outcome import Outcome
from app.checkout.outside import Outside
from app.checkout.ports import NotWritten, Read
from app.checkout.reserved import LaterHolds
from app.checkout.till import Till
from app.checkout.writing import local_day
from app.config import Config, ConfigProblem, ServerSection
from app.desk import NOTHING, Beside, Side
from app.lanes import Lane, RealWorld, World
from app.loyalty.engine import Compiled, compile_programme
from app.store.database import Database, Post
from app.store.kept import FOLDER, SOURCE_BYTES, Unusable, load_kept
from app.store.printing import StoredPrintQueue
from app.store.programmes import ProgrammeLane
from app.store.scope import CARD_KEY
from app.values import minor_digits
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
    from app.store.inbox import StoredInbox
    from app.store.outbox import FactOutbox
    from hardware.printers.lane import PrintLane, Station
    from hardware.printers.profile import Profile
    from hardware.scanners.codes import Known
    from sync.events import Status
    from sync.inbox import Arrival
    from sync.shelf import Shelf
    from sync.worker import SyncWorker

T = TypeVar("T")
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


def open_programme(folder: Path, config: Config) -> Compiled:
    """The programme in force; ConfigProblem names every error of its file."""
    file = folder / config.till.programme
    try:
        with file.open("rb") as opened:
            programme = load_kept(opened.read(SOURCE_BYTES), folder / FOLDER)
    except FileNotFoundError:
        raise ConfigProblem(f"There is no programme {file}: copy one from resources/programmes") from None
    except Unusable as error:
        raise ConfigProblem(f"{file} cannot be used:\n{error}") from error
    if programme.currency != config.shop.currency:
        raise ConfigProblem(f"{file} is in {programme.currency}, the shop sells in {config.shop.currency}")
    return compile_programme(programme)


def points_rule(programme: Compiled) -> str:
    """The rule that points without a rule of their own belong to: the programme's first of that kind."""
    rules = programme.programme.rules
    return next((rule.id for rule in rules if rule.kind == "points"), "points")


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
            self._switch,
            folder / FOLDER,
        )
        self._aside_lane: Lane | None = None
        self.spoilt_basket = False
        self.holds = LaterHolds()
        self.on_change: Callable[[], None] = lambda: None
        self.journal = self.database.journal(self.post)
        self.till = self._till(self.programmes.first(self.reader))
        self.queue = StoredPrintQueue(self.database.writer, self.database.call)
        self.printing: PrintLane | None = None
        self.beside: Beside | None = None
        self._wants_shift = False
        self.sync: SyncWorker | None = None
        self.shelf: Shelf | None = None
        self._outbox: FactOutbox | None = None
        self._inbox: StoredInbox | None = None

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
            read=self._read,
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

    def _read(self, text: str, aim: str | None) -> Read:
        """A code's meaning by its form, in the till's terms.

        A code that the catalogue holds is that product's, whatever else it might be; only others are worth
        the parser, which takes long to import.
        """
        if self.reader.product_by_code(text) is not None:
            return Read((text,))
        from hardware.scanners import codes

        match codes.read_code(text, aim, self._known_codes):
            case codes.Product(keys, weight_milli, price_minor):
                return Read(keys, weight_milli, price_minor)
            case codes.MemberCode(number):
                return Read(member_card=number)
            case codes.ReceiptCode(number):
                return Read(receipt=number)
            case codes.CouponCode(number):
                return Read(coupon=number)
            case codes.PaymentCard():
                return Read(payment_card=True)
            case _:
                return Read((text,))

    @cached_property
    def _known_codes(self) -> Known:
        from hardware.scanners.setup import known_codes

        return known_codes(
            self.config.scanner,
            lambda key: self.reader.product_by_code(key) is not None,
            minor_digits(self.config.shop.currency),
        )

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
        if not self.config.till.auto_shift:
            return
        till, shift = self.till, self.till.shift
        today = local_day(self.world.now_ms(), self.config.shop.time_zone)
        if shift is not None and shift.business_day != today and not till.sale.lines:
            expected = self.reader.expected_cash_minor(shift)
            till.close_shift(expected, None, lambda outcome: None if outcome.refused else self._open_shift())
        elif shift is None:
            self._open_shift()

    def _open_shift(self) -> None:
        self.till.open_shift(self.config.till.cashier, answer=self._shift_answered)

    def _shift_answered(self, outcome: Outcome) -> None:
        self._wants_shift = outcome.refused and outcome.code.startswith("fiscal_")
        if self._wants_shift and self.beside is not None:
            self.till.outside.heard(outcome)

    def look(self) -> None:
        """Every few seconds: how the fiscal device is; a shift that it would not open is tried again."""
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

    def start_sync(
        self,
        server: ServerSection,
        on_status: Callable[[Status], None],
        on_change: Callable[[], None] | None = None,
    ) -> None:
        """Start the sync lane if there is a server; the status is posted at every change.

        `on_change` is called, in the till's thread, when what came changes the sale in hand.
        """
        self.on_change = on_change or self.on_change
        if not self.programmes.lane.alive:
            self.programmes.start()
        if not server.url or self.sync is not None:
            return
        from app.store.elsewhere import StoredElsewhere
        from sync.shelf import Shelf
        from sync.worker import SyncWorker

        self.shelf = Shelf(self.folder / "directory")
        if self.reader.setting(CARD_KEY) is None:
            self.shelf.clear()  # this till is told of every member
        self._outbox, self._inbox = self.database.outbox(), self.database.inbox()
        self.sync = SyncWorker(
            server.url,
            self._outbox,
            self._inbox,
            on_status=lambda status: self.post(lambda: on_status(status)),
            on_arrival=self._arrived,
            on_crash=lambda error: _log.error("the sync lane starts again", exc_info=error),
            post=self.post,
            shelf=self.shelf,
        ).start()
        self.holds.way = self.sync.holds
        self.till.heart.elsewhere = StoredElsewhere(
            self.database, self.reader, self.shelf, self.sync.asking, self.post
        )
        self.till.heart.holding.changed = self.on_change
        if self._outbox.credentials() is None and server.enrol_code:
            self.sync.enrol(server.enrol_code)
        self.database.after_write.append(self.sync.facts_available)

    def _arrived(self, arrival: Arrival) -> None:
        """In the sync lane: a page is in the database."""
        if "programme" in arrival.lists:
            self.programmes.look()
        if "staff" in arrival.lists:
            self.post(self.staff_changed)
        if arrival.members or arrival.budgets:
            self.post(lambda: self._refresh(arrival))

    def _refresh(self, arrival: Arrival) -> None:
        """In the till's thread. A member whose merge came shows under another id than the sale's."""
        member, shown = self.till.sale.member, self.till.member
        if member is not None and ({member, shown.id if shown else member} & arrival.members):
            self.till.when_free(self._refresh_member)
        elif arrival.budgets:
            self.till.when_free(self._budgets_changed)

    def staff_changed(self) -> None:
        """The list of staff is another: head office sent one, or it was changed here."""
        self.till.people.refresh()
        self.on_change()

    def _refresh_member(self) -> None:
        self.till.refresh_member()
        self.on_change()

    def _budgets_changed(self) -> None:
        self.till.heart.refresh_price()
        self.on_change()

    def _switch(self, programme: Compiled) -> None:
        """In the programme's lane: another one is in force."""

        def use() -> None:
            self.till.use(programme)
            self.on_change()

        self.post(lambda: self.till.when_free(use))

    def close(self) -> bool:
        """End the lanes, devices first and the database last. False if one did not end in time."""
        ended = [scanner.stop() for scanner in self.devices.scanners]
        if self.devices.readers is not None:
            ended.append(self.devices.readers.stop())
        if self.beside is not None:
            ended.append(self.beside.stop())
        if self.printing is not None:
            ended.append(self.printing.stop())
        if self.sync is not None:
            ended.append(self.sync.stop())
        if self.programmes.lane.alive:
            ended.append(self.programmes.stop())
        if self._aside_lane is not None:
            ended.append(self._aside_lane.stop())
        ended.append(self.database.close())
        for port in (self._outbox, self._inbox):
            if port is not None:
                port.close()
        return all(ended)
