"""`stempel demo`: a shop of its own with a simulated desk and the central server on loopback.

With a screen, the till's window and the desk beside it. Without one, the same sale is played offscreen:
a picture of every step, the receipt as text.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

import resources
from app.config import FILE, Config, ServerSection, load
from hardware.ports import DeviceProblem
from hardware.simulated import MARK, claim_demo

if TYPE_CHECKING:
    from app.desk import Side
    from app.main import Windowed
    from app.rig import Devices
    from app.screens.views import DayRow
    from hardware.simulated.display import SimulatedDisplay
    from hardware.simulated.paper import PaperPrinter
    from hardware.simulated.reader import SimulatedReader
    from hardware.simulated.scale import SimulatedScale
    from hardware.simulated.scanner import SimulatedScanner
    from hardware.simulated.terminal import SimulatedTerminal

STOCKED: Final = "STOCKED"
"""The file that says that the demo's lists are in."""
MEMBERS: Final = {"pl": "04A1B2C3D4E5F6", "ru": "04B1B2C3D4E5F6", "en": "04C1B2C3D4E5F6"}
BASKET: Final = (
    *("5901234000161",) * 2,
    "5901234000178",
    *("5901234000192",) * 3,
    "5901234000062",
)
SERVER_WAIT_S: Final = 30.0


class DemoProblem(OSError):
    """The demo cannot run here; the message says what to do."""


def run_demo(folder: Path | None, *, lang: str = "pl", offscreen: bool = False, fresh: bool = False) -> int:
    """Open the demo shop; 0 when it was closed or played to its end."""
    gc.disable()  # until the till can sell, as in `app.main.run_till`
    folder = folder or _usual_folder()
    screen = not offscreen and has_screen()
    if not screen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    config = prepare(folder, lang=lang, fresh=fresh)
    with DemoServer(folder) as server:
        desk = SimulatedDesk()
        if screen:
            return _show(folder, config, desk, server)
        sys.stdout.write("No screen here: the sale is played offscreen.\n")
        return _play(folder, config, desk, server)


def _usual_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("stempel-demo", appauthor=False)


def has_screen() -> bool:
    """Whether a window can be opened: on X11 and Wayland, only if a display is named."""
    if sys.platform in ("win32", "darwin"):
        return True
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        return False
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


# -- the shop --------------------------------------------------------------------------------------------


def prepare(folder: Path, *, lang: str, fresh: bool = False) -> Config:
    """Make the demo shop if it is not there: settings, programme, products, members."""
    if fresh and (folder / MARK).exists():
        shutil.rmtree(folder)
    try:
        claim_demo(folder)
    except DeviceProblem as problem:
        raise DemoProblem(problem.detail) from problem
    if not (folder / STOCKED).exists():
        for part in folder.glob("till.*"):
            part.unlink()  # half a shop, left by a demo that was stopped while it was made
        shutil.copy(resources.path("demo", FILE), folder / FILE)
        shutil.copy(resources.path("programmes", "demo.yaml"), folder / "programme.yaml")
        _stock(folder, load(folder))
        (folder / STOCKED).touch()
    config = load(folder)
    return msgspec.structs.replace(config, till=msgspec.structs.replace(config.till, lang=lang))  # type: ignore[arg-type]


def _stock(folder: Path, config: Config) -> None:
    from app.checkout.imports import read_members, read_products
    from app.lanes import RealWorld
    from app.rig.programme import open_programme, points_rule
    from app.store.database import Database
    from app.store.sheets import read_sheet

    world = RealWorld()
    database = Database(folder, keystore=config.till.keystore)
    try:
        products = read_products(read_sheet(resources.path("demo", "products.csv")), config.shop.currency)
        database.call(lambda: database.writer.put_products(products.products))
        roll = read_members(
            read_sheet(resources.path("demo", "members.csv")),
            members=database.reader(),
            world=world,
            points_rule=points_rule(open_programme(folder, config)),
            source="members.csv",
            day=world.now_ms() // 86_400_000,
        )
        for work in roll.works(world, "members.csv"):
            database.write(work)
    finally:
        database.close()


class DemoServer:
    """The central server as a child process on a free port of loopback, with its own folder.

    Ready some time after the window: a till never waits for a server.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "server"
        self._ready = folder / "server-ready.json"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; it ends with this one, however this one ends."""
        self._ready.unlink(missing_ok=True)
        self.folder.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "app.main", "server", "--port", "0", "--data", str(self.folder)]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--ready-file", str(self._ready), "--until-stdin-closes"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> DemoServer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def section(self) -> ServerSection | None:
        """Where the server is, with a one-time code for a till that has not enrolled; None if it did not
        start."""
        until = time.monotonic() + SERVER_WAIT_S
        while time.monotonic() < until and self._process is not None and self._process.poll() is None:
            if self._ready.exists():
                ready = json.loads(self._ready.read_text("utf-8"))
                return ServerSection(url=ready["url"], enrol_code=self._code())
            time.sleep(0.05)
        return None

    def _code(self) -> str:
        """A fresh one-time code; a demo stopped between start and enrolment must not lose its only one."""
        from app.lanes import RealWorld
        from sync.server import admin
        from sync.server.database import open_database

        database = open_database(None, self.folder)
        try:
            return admin.create_enrol_code(database, "12", RealWorld().now_ms())
        finally:
            database.close()

    def connect(self, windowed: Windowed) -> None:
        """Start, and join till and server once it listens, from a thread of its own."""

        def wait() -> None:
            self.start()
            section = self.section()
            if section is not None:
                windowed.bridge.post(lambda: windowed.connect(section))

        threading.Thread(target=wait, name="demo-server", daemon=True).start()


class SimulatedDesk:
    """The devices of the demo: cards to tap, a scanner to fire, paper to look at, and what stands beside."""

    def __init__(self) -> None:
        self._made: Devices | None = None
        self.on_paper: Callable[[bytes], None] = lambda _: None
        self.beside: SimulatedBeside | None = None

    def devices(self, config: Config) -> Devices:
        """Made once; heavy imports belong to the thread that opens the till."""
        from app.rig import Devices
        from hardware.printers.profile import PROFILES
        from hardware.simulated.paper import PaperPrinter
        from hardware.simulated.reader import SimulatedReader
        from hardware.simulated.scanner import SimulatedScanner

        profile = PROFILES["80mm"]
        self.reader: SimulatedReader = SimulatedReader()
        self.scanner: SimulatedScanner = SimulatedScanner()
        self.paper: PaperPrinter = PaperPrinter(profile, lambda job: self.on_paper(job))
        self.beside = SimulatedBeside()
        return Devices(self.reader, (self.scanner,), self.paper, profile, side=self.beside.side)


class SimulatedBeside:
    """What stands beside the demo's till."""

    def __init__(self) -> None:
        from app.desk import Side
        from hardware.simulated.display import SimulatedDisplay
        from hardware.simulated.scale import SimulatedScale
        from hardware.simulated.terminal import Mood, SimulatedTerminal

        self.display: SimulatedDisplay = SimulatedDisplay()
        self.scale: SimulatedScale = SimulatedScale()
        self.terminal: SimulatedTerminal = SimulatedTerminal(slow_s=1.5)
        self.terminal.mood = Mood.SLOW
        self.side: Side = Side(self.display, self.scale, self.terminal)


# -- with a screen ---------------------------------------------------------------------------------------


def _show(folder: Path, config: Config, desk: SimulatedDesk, server: DemoServer) -> int:
    from app.main import Windowed

    def ready(windowed: Windowed) -> None:
        from app.ui.desk import DeskWindow

        windowed.keep = DeskWindow.beside(windowed.window, desk, goods(windowed), windowed.bridge)
        server.connect(windowed)

    return Windowed(folder, config, desk.devices, on_ready=ready).run()


# -- without one -----------------------------------------------------------------------------------------


def _play(folder: Path, config: Config, desk: SimulatedDesk, server: DemoServer) -> int:
    from app.main import Windowed

    pictures = folder / "pictures"
    pictures.mkdir(exist_ok=True)
    ready = threading.Event()
    windowed = Windowed(folder, config, desk.devices, on_ready=lambda _: ready.set())
    windowed.start()
    try:
        server.start()
        player = Player(windowed, desk, pictures)
        player.until(ready.is_set)  # a card on a reader that nobody reads yet would be forgotten
        player.play(config.till.lang or "pl", server)
    finally:
        windowed.stop()
    sys.stdout.write(desk.paper.texts()[-1] + "\n")
    sys.stdout.write("".join(f"{row.name}: {row.figure}\n" for row in player.figures))
    sys.stdout.write(f"Pictures of every step: {pictures}\n")
    return 0


class Player:
    """Plays one sale as a cashier would, and takes a picture after each step."""

    def __init__(self, windowed: Windowed, desk: SimulatedDesk, pictures: Path) -> None:
        self.windowed, self.desk, self.pictures = windowed, desk, pictures
        self._step = 0
        self.figures: tuple[DayRow, ...] = ()

    def play(self, lang: str, server: DemoServer) -> None:
        """A tapped card, a basket, points, cash, paper, the server, the day."""
        from app.screens.views import DayView

        rig, presenter = self.windowed.rig, self.windowed.presenter
        assert rig is not None
        self.until(lambda: rig.till.shift is not None)
        till = rig.till
        section = server.section()
        if section is not None:
            self.windowed.connect(section)
        self.picture("start")
        self.desk.reader.tap(MEMBERS[lang])
        self.until(lambda: till.member is not None)
        self.picture("card")
        for count, code in enumerate(BASKET, start=1):
            self.desk.scanner.fire(code)
            self.until(lambda count=count: sum(line.qty_milli for line in till.sale.lines) == count * 1000)
        presenter.ring("1018")
        self.picture("weight")
        for key in "0,642":
            presenter.key(key)
        presenter.take()
        self.picture("basket")
        presenter.spend_points(True)
        self.picture("points")
        presenter.pay()
        self.picture("payment")
        presenter.give(-(-till.due_minor // 50_00) * 50_00)
        self.until(lambda: till.last is not None)
        self.picture("change")
        self.until(lambda: bool(self.desk.paper.jobs))
        (self.pictures / f"{self._step + 1:02}-receipt.png").write_bytes(self.desk.paper.png())
        self._step += 1
        if section is not None:
            self.until(lambda: rig.reader.unsynced()[0] == 0)
            self.picture("synced")
        self.windowed.window.open_corner()
        self.picture("day")
        day = self.windowed.window.corner.view().body
        assert isinstance(day, DayView)
        self.figures = day.headline

    def until(self, done: Callable[[], bool], timeout_s: float = 30.0) -> None:
        """Let the window live until something is so."""
        until = time.monotonic() + timeout_s
        while not done():
            self.windowed.qt.processEvents()
            if time.monotonic() > until:
                raise DemoProblem(
                    "The demo stood still: run it again with --fresh, and report it if it stays so"
                )
            time.sleep(0.005)
        self.windowed.qt.processEvents()

    def picture(self, name: str) -> None:
        """Save what the window shows."""
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            self.windowed.qt.processEvents()
            time.sleep(0.01)
        self._step += 1
        file = self.pictures / f"{self._step:02}-{name}.png"
        if not self.windowed.window.grab().save(str(file)):
            raise DemoProblem(f"{file} could not be written")


def goods(windowed: Windowed) -> list[tuple[str, str]]:
    """What the desk's scanner can be fired at: name and barcode of the demo's products."""
    import csv

    lang = windowed.config.till.lang or "pl"
    with resources.path("demo", "products.csv").open(encoding="utf-8", newline="") as file:
        return [(row[f"name_{lang}"], row["barcodes"].split()[0]) for row in csv.DictReader(file)]
