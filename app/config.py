"""Settings of one till: `stempel.toml` in its data folder, read and checked once at start.

Environment: STEMPEL_DATA chooses the folder, STEMPEL_SERVER overrides the server's address.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from app.checkout.shop import Shop
from app.values import ValueProblem, minor_digits

FILE = "stempel.toml"
ZOOM_LEAST, ZOOM_MOST = 100, 200
RECEIPTS: Final = "/r/{sale}"
"""Where the central server shows a sale's receipt."""
_HOUSE: Final = (".local", ".lan", ".home", ".internal", ".localdomain", ".home.arpa", ".test", ".localhost")
"""Names that only the shop's own network knows (RFC 6762, 8375, 2606, and habit)."""


class ConfigProblem(Exception):
    """A setting that cannot be used; the message names file, place and what would do."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file; a key nobody knows is a misspelt one and is refused."""


class TillSection(Section, frozen=True, kw_only=True):
    """The window: `lang` of the cashier (the shop's if empty), `theme`, the programme's file.

    `zoom` is in percent: at 140 a screen of 1920×1080 shows what one of 1366×768 does, and as large.
    `auto_shift` opens a shift each day by itself; without it cashiers open and count them.
    """

    cashier: str = "1"
    lang: Literal["", "ru", "pl", "en"] = ""
    theme: Literal["light", "dark"] = "light"
    zoom: int = 100
    programme: str = "programme.yaml"
    auto_shift: bool = True
    keystore: Literal["file", "keyring"] = "file"


class ServerSection(Section, frozen=True, kw_only=True):
    """The central server; without a `url` the till keeps its facts until it has one.

    `enrol_code` is the one-time code head office gave; it may stay in the file after its use.
    """

    url: str = ""
    enrol_code: str = ""


class OtherPrinter(Section, frozen=True, kw_only=True):
    """A printer that takes over while the first cannot print; `name` tells the cashier where to look.

    Its `drawer` opens only if it is said to be this till's.
    """

    name: str
    address: str
    profile: str = "80mm"
    drawer: bool = False


class PrinterSection(Section, frozen=True, kw_only=True):
    """`address` is tcp://192.168.1.50, usb:04B8:0E15, serial:///dev/ttyUSB0?baud=19200, cups://queue,
    spooler://name or file:///dev/usb/lp0; empty for none: receipts then wait in the queue. `profile` is a
    paper width (58mm, 80mm-42, 80mm) or a model. `logo` is a picture in the till's folder (PNG, JPEG, SVG).
    `drawer` says whether the cash drawer hangs on this printer. `also` are printers that stand in for it.
    """

    address: str = ""
    profile: str = "80mm"
    name: str = ""
    logo: str = ""
    drawer: bool = True
    also: tuple[OtherPrinter, ...] = ()


class ReaderRoleSection(Section, frozen=True, kw_only=True):
    """`[[reader.roles]]`: a reader and whose it is. `name` is a pattern without slot numbers ("ACS ACR122*"),
    `serial` its maker's serial number. `role` none leaves it alone: a signature token, another program's."""

    role: Literal["customer", "staff", "none"]
    name: str = ""
    serial: str = ""


class ContactCardSection(Section, frozen=True, kw_only=True):
    """`[[reader.contact]]`: a contact card by its ATR, and the file that holds the member's number, all in
    hexadecimal. `mask` has an FF for each byte of the ATR that counts; all do if it is empty."""

    atr: str
    path: tuple[str, ...]
    size: int
    mask: str = ""


class ReaderSection(Section, frozen=True, kw_only=True):
    """PC/SC card readers: all of them, or none. One that `roles` does not name is the customers'.

    Keys of cards stand in a file of their own, card-keys.toml (see hardware/cards/keys.py).
    """

    enabled: bool = True
    roles: tuple[ReaderRoleSection, ...] = ()
    contact: tuple[ContactCardSection, ...] = ()


class SerialScannerSection(Section, frozen=True, kw_only=True):
    """A serial scanner that needs more than its port: its speed, and what it wraps around a code."""

    port: str
    baud: int = 9600
    prefix: str = ""
    suffix: str = ""


class CodeFormSection(Section, frozen=True, kw_only=True):
    """A form of code with its check character: { form = "LOY-######?", check = "mod_37_36" }."""

    form: str
    check: Literal["none", "luhn", "ean", "mod_11_10", "mod_37_36"] = "none"


CodeForms = tuple[str | CodeFormSection, ...]


class ScannerSection(Section, frozen=True, kw_only=True):
    """Keyboard-wedge scanners need no setting; `serial` lists ports (COM3, /dev/ttyACM0, usb:VID:PID).

    With a `wedge_prefix` only what starts with it is a scan; `wedge_suffix` is taken off. `member_cards`,
    `receipts` and `coupons` are the forms of the shop's own codes ("29###########": # a digit, @ a letter, ?
    either), `in_store` of codes its scale prints ("22IIIIIWWWWWC": I item, W grams, P price, C check digit).
    Codes that the till itself makes need none.
    """

    serial: tuple[str | SerialScannerSection, ...] = ()
    wedge_gap_ms: int = 50
    wedge_prefix: str = ""
    wedge_suffix: str = ""
    member_cards: CodeForms = ()
    receipts: CodeForms = ()
    coupons: CodeForms = ()
    in_store: tuple[str, ...] = ()


class DisplaySection(Section, frozen=True, kw_only=True):
    """The customer's side. `port` is a two-line pole display's (usb:VID:PID, /dev/ttyUSB0, COM4), `commands`
    what it obeys, `page` its code page (the shop language's if empty). `window` opens the window on a second
    screen, `receipt_url` is where a purchase can be seen, with {sale} in it, "server" or "off" (`receipt_url`
    says what holds), `marks` asks for a mark.
    """

    port: str = ""
    commands: Literal["cd5220", "escpos"] = "cd5220"
    baud: int = 9600
    columns: int = 20
    page: str = ""
    window: bool = False
    receipt_url: str = ""
    marks: bool = True


class ScaleSection(Section, frozen=True, kw_only=True):
    """A scale on `port`; without one weights are typed. `baud` 0 and `bits` "" are the protocol's own."""

    port: str = ""
    protocol: str = "toledo"
    baud: int = 0
    bits: Literal["", "7E1", "8N1"] = ""


class TerminalSection(Section, frozen=True, kw_only=True):
    """A card terminal: manual is one without a cable. `pay_s` is how long a payment may take."""

    kind: Literal["manual", "simulated"] = "manual"
    pay_s: float = 120.0


class FiscalSection(Section, frozen=True, kw_only=True):
    """A fiscal device: with one, no sale is completed without it. `rules` are the country's it follows."""

    mode: Literal["none", "simulated"] = "none"
    rules: Literal["ru", "pl"] = "ru"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in the file. Only the shop has no sensible default."""

    shop: Shop
    till: TillSection = TillSection()
    server: ServerSection = ServerSection()
    printer: PrinterSection = PrinterSection()
    reader: ReaderSection = ReaderSection()
    scanner: ScannerSection = ScannerSection()
    display: DisplaySection = DisplaySection()
    scale: ScaleSection = ScaleSection()
    terminal: TerminalSection = TerminalSection()
    fiscal: FiscalSection = FiscalSection()


def receipt_url(config: Config) -> str:
    """Where a customer can see a purchase, with {sale} in it; "" for nowhere.

    Left out, it is the central server, if a phone outside the shop's network could reach that.
    """
    given, server = config.display.receipt_url, config.server.url.rstrip("/")
    if config.shop.training or given == "off":
        return ""
    if given not in ("", "server"):
        return given
    return f"{server}{RECEIPTS}" if server and (given or _public(server)) else ""


def _public(url: str) -> bool:
    """Whether an address looks as if it led somewhere from everywhere."""
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        return parts.scheme == "https" and ip_address(host).is_global
    except ValueError:
        return parts.scheme == "https" and "." in host and not host.endswith(_HOUSE)


def _check_address(place: str, url: str) -> None:
    if not url.startswith(("https://", "http://")):
        raise ConfigProblem(f"{place} begins with https:// (or http:// on this machine alone), not {url!r}")
    if not _is_address(url):
        good = "https://loyalty.example or https://192.168.1.10:8788"
        raise ConfigProblem(f"{place} is a server's address, such as {good}, not {url!r}")


def _is_address(url: str) -> bool:
    """Whether sync can make something of it."""
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    if not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        if ":" in host or re.fullmatch(r"[0-9.]+", host):
            return bool(ip_address(host))
    except ValueError:
        return False
    if not host.isascii() or "xn--" in host:
        return _is_name(host)
    return re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", host) is not None


def _is_name(host: str) -> bool:
    """Of a name in other letters httpx knows best, and takes a while to load."""
    import httpx

    try:
        return bool(httpx.URL(f"https://{host}").host)
    except (httpx.InvalidURL, ValueError):
        return False


def data_folder() -> Path:
    """STEMPEL_DATA, or the operating system's place for a program's data."""
    if chosen := os.environ.get("STEMPEL_DATA"):
        return Path(chosen)
    from platformdirs import user_data_path

    return user_data_path("stempel", appauthor=False)


def load(folder: Path) -> Config:
    """Read and check the settings of a data folder. ConfigProblem says what is wrong and where."""
    file = folder / FILE
    try:
        tree = tomllib.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigProblem(
            f"There is no {FILE} in {folder}. Copy resources/demo/{FILE} there and write your shop into it."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigProblem(f"{file}: {error}") from error
    try:
        config = msgspec.convert(tree, Config, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigProblem(f"{file}: {error}") from error
    if url := os.environ.get("STEMPEL_SERVER"):
        config = msgspec.structs.replace(config, server=msgspec.structs.replace(config.server, url=url))
    _check(file, config)
    return config


def _check(file: Path, config: Config) -> None:
    shop = config.shop
    try:
        minor_digits(shop.currency)
        ZoneInfo(shop.time_zone)
    except (ValueProblem, ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigProblem(f"{file}: [shop] {error}") from error
    if shop.lang not in ("ru", "pl", "en"):
        raise ConfigProblem(f"{file}: [shop] lang is one of ru, pl, en, not {shop.lang!r}")
    if config.server.url:
        place = "STEMPEL_SERVER" if os.environ.get("STEMPEL_SERVER") else f"{file}: [server] url"
        _check_address(place, config.server.url)
    if not ZOOM_LEAST <= config.till.zoom <= ZOOM_MOST:
        raise ConfigProblem(
            f"{file}: [till] zoom is from {ZOOM_LEAST} to {ZOOM_MOST} percent, not {config.till.zoom}"
        )
    place = config.display.receipt_url
    if place not in ("", "off", "server") and "{sale}" not in place:
        raise ConfigProblem(
            f"{file}: [display] receipt_url has {{sale}} in it (https://shop.example/r/{{sale}}), "
            'or is "server" or "off"'
        )
