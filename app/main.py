"""The composition root: what `stempel till` puts together, in the order that shows a window first.

The window is painted before anything heavy is imported; the database opens in a thread of its own, and the
till's parts are joined in the window's thread when it is there.
"""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.config import Config, ServerSection
    from app.rig import Devices, Rig
    from app.screens.corner.presenter import CornerPresenter
    from app.screens.customer import CustomerPresenter
    from app.screens.device_page import DevicesPresenter
    from app.screens.views import SaleView
    from app.ui.customer import CustomerWindow
    from app.ui.window import MainWindow
    from hardware.ports import CardEvent, Scan, ScanEvent
    from sync.events import Status


def entry() -> None:
    """Entry of `stempel`: the window does not wait for the command parser to be imported."""
    if sys.argv[1:] == ["till"]:
        sys.exit(run_till())
    if sys.argv[1:] == ["demo"]:
        from app.checkout.ports import NotWritten
        from app.config import ConfigProblem
        from app.demo import run_demo

        try:
            sys.exit(run_demo(None))
        except (ConfigProblem, NotWritten, OSError) as problem:
            sys.exit(str(problem))
    from app.cli import app

    app()


def run_till(folder: Path | None = None, *, training: bool = False) -> int:
    """Open the till's window on a data folder; 0 when it was closed, 1 when it could not sell."""
    # Nothing made while the till opens is garbage, and looking for some costs a tenth of the start.
    gc.disable()
    from app.config import ConfigProblem, data_folder, load

    folder = folder or data_folder()
    try:
        config = load(folder)
    except ConfigProblem as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    if training:
        from app.checkout.ports import NotWritten

        try:
            folder, config = practice(folder, config)
        except (NotWritten, OSError) as problem:
            sys.stderr.write(f"{problem}\n")
            return 1
    from app.devices import real_devices

    return Windowed(folder, config, partial(real_devices, folder=folder)).run()


def practice(folder: Path, config: Config) -> tuple[Path, Config]:
    """The folder and settings to train with, for which a shift opens by itself.

    No server hears of it, no terminal is asked for money, and nothing is registered.
    """
    from msgspec.structs import replace

    from app.config import FiscalSection, ServerSection, TerminalSection
    from app.store.training import begin_training

    place = begin_training(folder, config.till.programme, keystore=config.till.keystore)
    shop = replace(config.shop, training=True)
    programme = Path(config.till.programme).name
    till = replace(config.till, keystore="file", auto_shift=True, programme=programme)
    unasked = {"server": ServerSection(), "terminal": TerminalSection(), "fiscal": FiscalSection()}
    return place, replace(config, shop=shop, till=till, **unasked)


class Windowed:
    """The till in its window. `on_ready` is called in the window's thread once its devices are joined."""

    def __init__(
        self,
        folder: Path,
        config: Config,
        devices: Callable[[Config], Devices],
        *,
        on_ready: Callable[[Windowed], None] | None = None,
    ) -> None:
        from app.ui.plain_imports import use_plain_imports

        use_plain_imports()
        from app.ui.application import application, enlarge
        from app.ui.bridge import Bridge
        from app.ui.idle import IdleCollector
        from app.ui.look import Look
        from app.ui.window import MainWindow

        self.folder, self.config, self._devices = folder, config, devices
        enlarge(config.till.zoom)
        self.qt = application()
        self.bridge = Bridge()
        self.window: MainWindow = MainWindow(
            bridge=self.bridge,
            look=Look(config.till.theme),
            lang=config.till.lang or config.shop.lang,
            reader_age_s=self._reader_age_s,
        )
        self.idle = IdleCollector()
        self.window.changed.connect(self.idle.touched)
        self.rig: Rig | None = None
        self._on_ready = on_ready
        self._early: list[Scan] = []
        self._usable = threading.Event()
        self.customer: CustomerWindow | None = None
        self.customer_view: CustomerPresenter | None = None
        self.devices_page: DevicesPresenter | None = None
        self.keep: object = None
        """Whatever must live as long as the window."""
        self._code = 0

    def run(self) -> int:
        """Show, open, sell; returns when the window is closed, or the process is told to end."""
        for name in (signal.SIGINT, signal.SIGTERM):
            # Heard at the window's next tick, at most a second later.
            signal.signal(name, lambda *_: self.qt.quit())
        self.start()
        self.qt.exec()
        self.stop()
        return self._code

    def start(self) -> None:
        """Show the window and begin to open the database behind it."""
        self.window.painted.connect(self._begin)
        self.window.show()

    def _begin(self) -> None:
        threading.Thread(target=self._open, name="open", daemon=True).start()
        self._hear_wedge()

    def _hear_wedge(self) -> None:
        """Take a wedge scanner's keys before there is a till: a code scanned while it opens is kept."""
        from app.ui.wedge import WedgeFilter
        from hardware.scanners.wedge import WedgeSettings

        scanner = self.config.scanner
        settings = WedgeSettings(
            gap_ms=scanner.wedge_gap_ms, prefix=scanner.wedge_prefix, suffix=scanner.wedge_suffix
        )
        self._wedge = WedgeFilter(settings, self._scanned)
        self.window.coming = lambda: self._wedge.scanner.holding
        self._wedge.watch()

    def _scanned(self, event: ScanEvent) -> None:
        from hardware.ports import Scan

        taken = self.devices_page is not None and self.devices_page.scan(event)
        if taken or not isinstance(event, Scan):
            return
        if self.rig is None:
            self._early.append(event)
        else:
            with self.rig.journal.after():
                self.presenter.scan(event.text, event.aim)
                self.window.paint_now()

    def stop(self) -> None:
        """End the lanes; what they still post goes nowhere."""
        self.idle.stop()
        gc.enable()
        self.bridge.close()
        if self.rig is not None:
            self.rig.close()
            self.rig = None

    def connect(self, server: ServerSection) -> None:
        """Join a server that is known only now; in the window's thread."""
        if self.rig is not None:
            self.rig.syncing.start(server, self._synced, self.presenter.refresh)

    def _synced(self, status: Status) -> None:
        self.presenter.network(status.state == "online", status.unsynced, refused=status.problem in REFUSED)

    def _reader_age_s(self) -> float:
        readers = self.rig.devices.readers if self.rig else None
        return readers.age_s() if readers is not None else 0.0

    def _open(self) -> None:
        """In a thread of its own: what the screen needs first, devices and sync when it can be used."""
        try:
            from app.rig import Rig

            rig = Rig(self.folder, self.config, post=self.bridge.post)
            self.bridge.post(lambda: self._assemble(rig))
            self._usable.wait()
            from app.texts import texts

            # Babel's data of the receipt's language: the first receipt does not wait for it.
            texts(self.config.shop.lang, paper=True).moment(0, self.config.shop.time_zone)
            devices = self._devices(self.config)
            from app.devices import check_codes

            check_codes(self.config)
            if self.config.server.url:
                import sync.worker  # noqa: F401  (costs more than the window may wait)
        except Exception as error:
            failed = error
            self.bridge.post(lambda: self._cannot_sell(failed))
            return
        self.bridge.post(lambda: self._listen(devices))

    def _cannot_sell(self, error: Exception) -> None:
        from PySide6.QtWidgets import QMessageBox

        from app.checkout.ports import NotWritten
        from app.config import ConfigProblem

        sys.stderr.write(f"{error}\n")
        self._code = 1
        if isinstance(error, ConfigProblem | NotWritten):
            QMessageBox.critical(self.window, "Stempel", str(error))
            self.window.close()
            return
        self.window.close()
        raise error

    def _assemble(self, rig: Rig) -> None:
        from PySide6.QtCore import QTimer

        from app.checkout.outcome import note
        from app.screens.sale import SalePresenter

        self.rig = rig
        lang = self.config.till.lang or self.config.shop.lang
        last_sale = rig.reader.last_sale()
        presenter = SalePresenter(rig.till, rig.reader, rig.reader, rig.world, lang=lang, last_sale=last_sale)
        self.presenter = presenter
        self.window.serve(presenter, self._corner)
        rig.begin_day()
        if rig.spoilt_basket:
            presenter.tell(note("basket_unreadable"))
        presenter.refresh()
        early, self._early = self._early, []
        for scan in early:
            presenter.scan(scan.text, scan.aim)
        shop = self.config.shop
        self.window.setWindowTitle(f"{shop.name} · {shop.till}")
        # What is there now stays: later collections, in the middle of a sale, need not look at it again.
        gc.freeze()
        self.idle.start()
        gc.enable()
        # What is imported from here on would take the interpreter from the first scan and its paint.
        QTimer.singleShot(SHOWN_MS, self._usable.set)

    def _listen(self, devices: Devices) -> None:
        """Start the device lanes and sync: the screen sells already."""
        from app.checkout.outcome import note
        from app.lanes import SWITCH_S
        from hardware.ports import JobPrinted, JobUndecided, PrinterChanged, PrintEvent

        presenter, rig = self.presenter, self.rig
        if rig is None:
            return
        sys.setswitchinterval(SWITCH_S)

        def printed(event: PrintEvent) -> None:
            match event:
                case PrinterChanged(state):
                    presenter.printer(state)
                case JobUndecided(job):
                    presenter.undecided(job)
                case JobPrinted(printer=elsewhere) if elsewhere:
                    presenter.tell(note("printed_elsewhere", printer=elsewhere))
                case _:
                    pass

        presenter.decide_paper, presenter.issuer = rig.decide_paper, rig
        rig.start_devices(
            devices,
            on_card=self._carded,
            on_scan=self._scanned,
            on_print=printed,
            on_scale=presenter.weigh,
            on_display=presenter.display,
            on_fiscal=presenter.fiscal,
        )
        self._face_customer(rig)
        self._list_devices(rig)
        self._look_every(10_000)
        rig.syncing.start(self.config.server, self._synced, presenter.refresh)
        if self._on_ready is not None:
            self._on_ready(self)

    def _carded(self, event: CardEvent) -> None:
        if self.devices_page is None or not self.devices_page.card(event):
            self.presenter.card(event)

    def _list_devices(self, rig: Rig) -> None:
        """The page of devices, each with a way to try it."""
        from PySide6.QtCore import QTimer

        from app.desk import DeskTrials, equipment
        from app.screens.device_page import DevicesPresenter

        def restore() -> None:
            if self.customer_view is not None:
                self.customer_view.show_again()

        trials = DeskTrials(rig, self.presenter.tell, restore, lambda ms, call: QTimer.singleShot(ms, call))
        trials.screens = lambda: self.customer is not None and self.customer.isVisible()
        self.devices_page = DevicesPresenter(self.presenter, equipment(self.config), trials, rig.world)

    def _corner(self) -> CornerPresenter:
        """The manager's corner, made when it is first opened."""
        from app.corner import RigBack
        from app.screens.corner.presenter import CornerPresenter

        rig = self.rig
        assert rig is not None, "the window opens no corner before there is a till"
        lang = self.presenter.lang
        return CornerPresenter(
            rig.till, rig.reader, RigBack(rig), rig.world, lang=lang, devices=lambda: self.devices_page
        )

    def _look_every(self, wait_ms: int) -> None:
        """Neither a fiscal device nor midnight says anything by itself."""
        from PySide6.QtCore import QTimer

        timer = QTimer(self.window)
        timer.timeout.connect(lambda: self.rig.look() if self.rig else None)
        timer.start(wait_ms)

    def _face_customer(self, rig: Rig) -> None:
        """The customer's side: the pole display and the window on a second screen, if there are any."""
        display = self.config.display
        if rig.beside is None or not (display.window or rig.beside.side.display):
            return
        from app.checkout.feedback import mark_sale
        from app.config import receipt_url
        from app.screens.customer import CustomerPresenter

        self.customer_view = customer = CustomerPresenter(
            rig.till,
            rig.world,
            receipt_url=receipt_url(self.config),
            rated=partial(mark_sale, rig.till.heart) if display.window and display.marks else None,
            pole=rig.beside.show,
        )
        shown = self.presenter.publish
        seen: list[SaleView] = []

        def follow() -> None:
            customer.follow(seen.pop())

        def both(view: SaleView) -> None:
            shown(view)
            # The cashier's line is painted first; the customer then sees where a burst of changes has ended.
            if not seen:
                self.bridge.post(follow)
            seen[:] = [view]

        self.presenter.publish = both
        if display.window:
            from app.ui.customer import CustomerWindow

            self.customer = CustomerWindow(self.window.look)
            self.customer.serve(customer)
            self.customer.follow_screens(self.window)
            self.window.closed.connect(self.customer.close)
        customer.follow(self.presenter.view)


SHOWN_MS: Final = 50
"""So long after the till can sell, what it sells is on the screen."""
REFUSED: Final = frozenset({"revoked", "too_old", "fork"})
"""What a server says to a till that it will not take for itself; the till goes on selling."""


if __name__ == "__main__":
    entry()
