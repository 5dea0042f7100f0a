"""`stempel doctor`: what is wrong with this till, and what to do about it.

Looks at the settings, the programme, the database, the disk, the clock, the server and every device, and goes
on after each finding: one broken thing must not hide the next.
"""

from __future__ import annotations

import queue
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec

from app.config import FILE, Config, ConfigProblem, load
from app.lanes import RealWorld
from hardware.ports import ChargeOutcome, DeviceProblem, FiscalStatus, PrinterState

TOLD_S: Final = 3.0
"""How long a device is waited for: longer than any of them is silent when it is well."""
DISK_LOW_BYTES: Final = 500_000_000
SKEW_MS: Final = 5 * 60_000
RELEASED_MS: Final = 1_793_000_000_000
"""October 2026: a clock that says less was never set."""


_DAMAGED: Final = (
    "Keep the folder as it is, and restore the backup. "
    "`stempel rescue` brings what was not synced to the server."
)
_IF_ODD: Final = {
    "settings": f"Correct {FILE}, also what it calls the time zone.",
    "programme": "Look at the file that [till] programme names.",
    "database": _DAMAGED,
    "disk": "Look at the disk that the folder is on.",
    "server": "Correct [server] url. The till goes on selling; nothing is lost.",
    "printer": "Correct [printer], and look at the printer.",
    "desk": "Correct [display], [scale], [terminal] and [fiscal], and look at their cables.",
    "cards and codes": "Correct [reader], [scanner] and card-keys.toml.",
    "devices": "Pull out what was plugged in last, and run this again.",
}
"""For what a look did not expect."""


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at. `todo` is empty when all is well; a note is not wrong, only worth knowing."""

    subject: str
    state: str
    todo: str = ""
    note: bool = False

    @property
    def wrong(self) -> bool:
        return bool(self.todo) and not self.note

    def __str__(self) -> str:
        mark = "!!" if self.wrong else "--" if self.note else "ok"
        return f"{mark} {self.subject}: {self.state}" + (f"\n     {self.todo}" if self.todo else "")


def examine(folder: Path) -> list[Finding]:
    """Every finding about the till in `folder`, in the order of a walk around it."""
    try:
        config = load(folder)
    except ConfigProblem as problem:
        return [Finding("settings", "cannot be used", str(problem)), *_looked("devices", _devices)]
    except Exception as error:
        return [_broken("settings", error), *_looked("devices", _devices)]
    looks: dict[str, Callable[[], Iterator[Finding]]] = {
        "programme": lambda: _programme(folder, config),
        "database": lambda: _database(folder, config),
        "disk": lambda: _disk(folder),
        "server": lambda: _clock_and_server(config),
        "printer": lambda: _printer(folder, config),
        "desk": lambda: _beside(folder, config),
        "cards and codes": lambda: _cards_and_codes(folder, config),
        "devices": lambda: _devices(config),
    }
    settings = Finding("settings", f"{folder} belongs to {config.shop.name}, till {config.shop.till}")
    return [settings, *(finding for subject, look in looks.items() for finding in _looked(subject, look))]


def _looked(subject: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What a look finds; what it did not expect is a finding, too."""
    try:
        yield from look()
    except Exception as error:
        yield _broken(subject, error)


def _broken(subject: str, error: Exception) -> Finding:
    return Finding(subject, f"cannot be looked at ({type(error).__name__}: {error})", _IF_ODD[subject])


def _programme(folder: Path, config: Config) -> Iterator[Finding]:
    from app.rig.programme import open_programme

    try:
        programme = open_programme(folder, config).programme
    except ConfigProblem as problem:
        yield Finding("programme", "cannot be used", str(problem))
        return
    yield Finding("programme", f"{programme.id}, version {programme.version}, {len(programme.rules)} rules")


def _database(folder: Path, config: Config) -> Iterator[Finding]:
    """Looks without the till's lock, so that it works while the till sells."""
    from app.store.connection import DatabaseFile, StoreProblem, database_key
    from app.store.database import FILE
    from app.store.reader import Reader

    file = folder / FILE
    if not file.exists():
        yield Finding("database", "not made yet", "It is made when the till starts.", note=True)
        return
    try:
        opened = DatabaseFile(file, database_key(folder, config.till.keystore))
        with closing(opened.connect()) as sql:
            (broken,) = sql.execute("PRAGMA quick_check").fetchone()
        with closing(Reader(opened)) as reader:
            waiting, since_ms = reader.unsynced()
            facts, unknown = reader.count("fact"), reader.count_jobs("unknown")
    except StoreProblem as problem:
        yield Finding("database", "cannot be read", str(problem))
        return
    if broken != "ok":
        yield Finding("database", f"damaged: {broken}", _DAMAGED)
    else:
        yield Finding("database", f"{facts} facts, sound")
    if waiting:
        days = (RealWorld().now_ms() - (since_ms or 0)) // 86_400_000
        todo = "They go by themselves once the server is reached." if config.server.url else ""
        yield Finding("unsynced", f"{waiting} facts, the oldest {days} days old", todo, note=True)
    if unknown:
        yield Finding(
            "print queue", f"{unknown} receipts may or may not be on paper", "Look at the paper, then decide."
        )


def _disk(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    state = f"{free // 1_000_000} MB free"
    low = free < DISK_LOW_BYTES
    yield Finding("disk", state, "Free some space: a full disk stops selling." if low else "")


def _clock_and_server(config: Config) -> Iterator[Finding]:
    import httpx

    now_ms = RealWorld().now_ms()
    if now_ms < RELEASED_MS:
        yield Finding("clock", "was never set", "Set date and time of this machine.")
    if not config.server.url:
        yield Finding(
            "server", "none is named", "The till sells and keeps everything; [server] url names one.", True
        )
        return
    try:
        answer = httpx.get(f"{config.server.url.rstrip('/')}/health", timeout=5)
        health = answer.raise_for_status().json()
        skew_ms = int(health["server_time_ms"]) - RealWorld().now_ms()
        version = str(health["version"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        yield Finding(
            "server",
            f"{config.server.url} does not answer as a Stempel server ({type(error).__name__})",
            "Check the address and the network. The till goes on selling; nothing is lost.",
        )
        return
    yield Finding("server", f"{config.server.url} is well, version {version}")
    off = abs(skew_ms) > SKEW_MS
    todo = "Set date and time of this machine: points may expire too early or late." if off else ""
    yield Finding("clock", f"{abs(skew_ms) // 1000} s away from the server's", todo)


def _printer(folder: Path, config: Config) -> Iterator[Finding]:
    from app.devices import real_devices

    if not config.printer.address:
        yield Finding(
            "printer", "none is named", "Receipts wait in the queue; [printer] address names one.", True
        )
        return
    try:
        devices = real_devices(config, folder)
    except ConfigProblem as problem:
        yield Finding("printer", "cannot be used", str(problem))
        return
    if devices.printer is not None:
        yield _printer_state(config.printer.address, devices.printer.state())
    for spare, settings in zip(devices.spare_printers, config.printer.also, strict=True):
        yield _printer_state(f"{spare.name}, {settings.address}", spare.printer.state())
    if config.printer.logo:
        yield _logo(folder / config.printer.logo)


def _printer_state(name: str, state: PrinterState) -> Finding:
    if state.online:
        return Finding("printer", f"{name}: paper {state.paper}")
    todo = _PRINTER_TODO.get(state.code, "Switch it off and on, and look at its lamps.")
    return Finding("printer", f"{name}: {state.code} {state.detail}".rstrip(), todo)


def _logo(file: Path) -> Finding:
    from hardware.printers.bitmap import from_file

    try:
        dots = from_file(file, 576)
    except OSError as error:
        return Finding("logo", f"{file.name} is left out: {error}", "Put a PNG, JPEG or SVG picture there.")
    return Finding("logo", f"{file.name}, {dots.width} × {dots.height} dots on 80 mm paper")


_PRINTER_TODO: Final = {
    "unreachable": "Switch it on, and check its cable and address.",
    "cover_open": "Close its cover.",
    "paper_out": "Put in a new roll.",
    "stalled": "Switch it off and on.",
}


def _cards_and_codes(folder: Path, config: Config) -> Iterator[Finding]:
    """Roles of readers, card keys and forms of codes: said only if the till would not start with them."""
    from app.devices import card_readers
    from hardware.scanners.setup import known_codes

    try:
        card_readers(config, folder)
        known_codes(config.scanner)
    except (ConfigProblem, ValueError) as problem:
        yield Finding("cards and codes", "the settings cannot be used", str(problem))


def _devices(config: Config | None = None) -> Iterator[Finding]:
    from app.desk import ports
    from hardware.devices import list_devices, with_uses

    for device in with_uses(list_devices(), ports(config) if config else {}):
        used = f" ({device.used})" if device.used else ""
        state = f"{device.name} {device.state}{used}".strip()
        yield Finding(device.kind, state, device.todo, note=not device.wrong)


# -- beside the till -------------------------------------------------------------------------------------


def _beside(folder: Path, config: Config) -> Iterator[Finding]:
    """Display, scale, terminal and fiscal device, each asked as the till would; nothing is sold."""
    from app.desk import made

    try:
        side = made(config, folder)
    except ConfigProblem as problem:
        yield Finding("desk", "cannot be used", str(problem))
        return
    if side.display is not None:
        problem = _first(side.display.start, side.display.stop)
        yield _port_finding("display", config.display.port, getattr(problem, "code", ""), "shows")
    if side.scale is not None:
        event = _first(side.scale.start, side.scale.stop)
        yield _port_finding("scale", config.scale.port, getattr(event, "code", ""), str(event))
    if side.terminal is not None and side.terminal.manual:
        yield Finding("terminal", "worked by hand: the cashier types the amount")
    elif side.terminal is not None:
        answers = side.terminal.ask("doctor").outcome is not ChargeOutcome.UNKNOWN
        todo = "" if answers else "Look at its cable and power."
        yield Finding("terminal", "answers" if answers else "does not answer", todo)
    if side.fiscal is not None:
        yield _fiscal(side.fiscal.status())


def _first(start: Callable[[Callable[[Any], None]], None], stop: Callable[[], bool]) -> object:
    """What a device says first; DeviceProblem "silent" if it says nothing within some seconds."""
    told: queue.SimpleQueue[object] = queue.SimpleQueue()
    start(told.put)
    try:
        return told.get(timeout=TOLD_S)
    except queue.Empty:
        return DeviceProblem("silent")
    finally:
        stop()


def _port_finding(subject: str, port: str, code: str, well: str) -> Finding:
    if not code:
        return Finding(subject, f"{port}: {well}")
    todo = {
        "unreachable": "Plug it in, switch it on. Beside a running till this is normal: it holds the port.",
        "stalled": "Switch it off and on, and compare speed and protocol with its manual.",
        "silent": "Switch it off and on, and compare speed and protocol with its manual.",
        "malformed": "Compare speed, bits and protocol with its manual.",
        "unit": "Set the scale to kilograms.",
    }.get(code, "Look at it: it says so itself.")
    return Finding(subject, f"{port}: {code}", todo)


def _fiscal(status: FiscalStatus) -> Finding:
    if not status.online:
        todo = "Switch it on and look at its cable: no sale is completed without it."
        return Finding("fiscal device", "does not answer", todo)
    state = "its shift is open" if status.shift_opened_ms is not None else "no shift is open"
    todo = {
        "shift_expired": "Close the shift and open a new one: it is older than 24 hours.",
        "memory_full": "Call the service: nothing can be sold on it.",
        "paper_out": "Put a new roll in.",
    }.get(status.code, "")
    return Finding("fiscal device", f"{state} {status.code}".strip(), todo)
