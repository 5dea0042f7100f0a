"""Which reader is for whom: found by its maker's serial number or its name, not by the socket it is in.

PC/SC numbers readers by the order in which they were plugged in ("… 00 00" on Linux, "… 0" on Windows), so
the same reader has another name tomorrow. What stays is the name before those numbers and, where the driver
tells it, the serial number (SCARD_ATTR_VENDOR_IFD_SERIAL_NO; PC/SC part 3, 3.1.3.2.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from hardware.ports import ReaderRole

_SLOT: Final = re.compile(r"( [0-9A-F]{2} [0-9A-F]{2}| [0-9]+)$")
"""What PC/SC appends: interface and slot in hexadecimal (pcsc-lite), or a running number (Windows)."""


@dataclass(frozen=True, slots=True)
class ReaderRule:
    """A reader of the shop: `role` None for one that is left alone, a signature token's for example.

    `name` is a pattern (`*` any characters, `?` one) of its name without slot numbers, capitals or not, and
    `serial` its serial number; whichever is given must fit. At least one is needed; a reader that is to be
    left alone is told by its name only, for asking its serial number would touch it.
    """

    role: ReaderRole | None
    name: str = ""
    serial: str = ""

    def __post_init__(self) -> None:
        if not self.name and not self.serial:
            raise ValueError("a reader is told by its name or its serial number: give one of them")
        if self.role is None and (self.serial or not self.name):
            raise ValueError("a reader that is left alone is told by its name: asking its serial touches it")

    def fits(self, name: str, serial: str) -> bool:
        # Its whole name too: macOS appends nothing, and a model's number at the end is no slot's.
        names = (plain_name(name).upper(), name.upper())
        return (not self.name or any(fnmatchcase(each, self.name.upper()) for each in names)) and (
            not self.serial or serial.upper() == self.serial.upper()
        )


def plain_name(name: str) -> str:
    """A reader's PC/SC name without the numbers that change from one start to the next."""
    return _SLOT.sub("", name)


def role_of(rules: Iterable[ReaderRule], name: str, serial: str = "") -> ReaderRole | None:
    """The role of the first rule that fits; a reader that none names is the customers'."""
    rule = next((rule for rule in rules if rule.fits(name, serial)), None)
    return ReaderRole.CUSTOMER if rule is None else rule.role
