"""The real devices that a till's settings name. Heavy imports stand inside: the window is painted before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.config import Config
    from app.rig import Devices
    from hardware.cards.pcsc import PcscReaders
    from hardware.scanners.serial import SerialSettings


def real_devices(config: Config, folder: Path | None = None) -> Devices:
    """The devices that the settings name; card keys are read from `folder` if it is given."""
    from app.config import ConfigProblem
    from app.desk import made
    from app.rig import Devices, SparePrinter
    from hardware.printers.profile import profile_for
    from hardware.printers.transport import printer_at
    from hardware.scanners.serial import SerialScanner

    try:
        printer = printer_at(config.printer.address) if config.printer.address else None
        profile = profile_for(config.printer.profile)
        spares = tuple(
            SparePrinter(other.name, printer_at(other.address), profile_for(other.profile), other.drawer)
            for other in config.printer.also
        )
    except (ValueError, KeyError) as error:
        raise ConfigProblem(f"[printer] {error.args[0]}") from error
    return Devices(
        readers=card_readers(config, folder) if config.reader.enabled else None,
        scanners=tuple(SerialScanner(settings) for settings in _serial_scanners(config)),
        printer=printer,
        profile=profile,
        spare_printers=spares,
        side=made(config, folder),
    )


def card_readers(config: Config, folder: Path | None) -> PcscReaders:
    """The PC/SC readers as the settings have them, enabled or not. ConfigProblem says what is wrong."""
    from app.config import ConfigProblem
    from hardware.cards.pcsc import PcscReaders
    from hardware.cards.setup import pcsc_settings

    try:
        return PcscReaders(pcsc_settings(folder, config.reader.roles, config.reader.contact))
    except ValueError as error:
        raise ConfigProblem(f"[reader] {error}") from error


def _serial_scanners(config: Config) -> Iterator[SerialSettings]:
    from hardware.scanners.serial import SerialSettings

    for each in config.scanner.serial:
        if isinstance(each, str):
            yield SerialSettings(each)
        else:
            yield SerialSettings(each.port, each.baud, prefix=each.prefix, suffix=each.suffix)


def check_codes(config: Config) -> None:
    """The forms of the shop's own codes, checked at start; and what the first odd code needs, imported."""
    from app.config import ConfigProblem
    from hardware.scanners import gs1
    from hardware.scanners.setup import known_codes

    try:
        known_codes(config.scanner)
    except ValueError as error:
        raise ConfigProblem(f"[scanner] {error}") from error
    gs1.warm_up()
