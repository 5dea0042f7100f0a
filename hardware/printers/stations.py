"""A printer of the till with what makes a job's bytes for it: its profile, its logo, its drawer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from hardware.ports import ReceiptPrinter
from hardware.printers.lane import Station
from hardware.printers.profile import Profile
from hardware.receipt import PrintJob

if TYPE_CHECKING:
    from hardware.printers.bitmap import Bitmap

LOGO: Final = "logo"
"""The name under which documents ask for the shop's picture."""
LOGO_DOTS_HIGH: Final = 240
"""30 mm at 203 dpi: a taller picture costs more paper than any receipt is worth."""

_log: Final = logging.getLogger("stempel.printers")


class Encoder:
    """Makes a job's bytes for one printer; for the print lane's thread.

    `drawer` False takes the kick out: nobody's drawer but the cashier's own may open.
    """

    def __init__(self, profile: Profile, logo: Path | None = None, *, drawer: bool = True) -> None:
        self.profile = profile
        self._logo = logo
        self._drawer = drawer
        self._images: Mapping[str, Bitmap] | None = None

    def __call__(self, job: PrintJob) -> bytes:
        # At the first receipt, in the lane: the window does not wait for this import.
        from hardware.printers.escpos import encode

        if job.open_drawer and not self._drawer:
            job = msgspec.structs.replace(job, open_drawer=False)
        return encode(job, self.profile, self.images())

    def images(self) -> Mapping[str, Bitmap]:
        """The pictures that documents may name, in this printer's dots; read once."""
        if self._images is None:
            self._images = {} if self._logo is None else _read(self._logo, self.profile.width_dots)
        return self._images


def _read(logo: Path, width_dots: int) -> Mapping[str, Bitmap]:
    from hardware.printers.bitmap import from_file

    try:
        return {LOGO: from_file(logo, width_dots, LOGO_DOTS_HIGH)}
    except OSError as error:
        # A receipt without its picture is still a receipt; `stempel doctor` says what is wrong.
        _log.warning("the logo %s is left out: %s", logo, error)
        return {}


def station(
    printer: ReceiptPrinter,
    profile: Profile,
    *,
    name: str = "",
    logo: Path | None = None,
    drawer: bool = True,
) -> Station:
    """A printer for the print lane."""
    return Station(name, printer, Encoder(profile, logo, drawer=drawer))
