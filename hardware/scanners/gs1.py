"""GS1 messages (GS1-128, DataBar, DataMatrix, QR, Digital Link) that name a product, by `biip`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from biip.gs1_element_strings import GS1ElementStrings

_HAS_GTIN: Final = re.compile(r"\x1d?0[12][0-9]{14}", re.ASCII)
_GS1_AIMS: Final = frozenset({"]C1", "]e0", "]e1", "]e2", "]d2", "]Q3", "]J1"})


@dataclass(frozen=True, slots=True)
class Gs1Product:
    """`gtin` of 14 digits; weight in thousandths of a kilogram and price in minor units, if given."""

    gtin: str
    weight_milli: int | None = None
    price_minor: int | None = None
    batch: str | None = None
    expires: date | None = None
    serial: str | None = None


def read_gs1(text: str, aim: str | None, minor_digits: int) -> Gs1Product | None:
    """The product a GS1 message or Digital Link names; None for anything else.

    Without an AIM identifier of a GS1 symbology only a message that begins with a GTIN is believed: other
    element strings are too short to tell from plain numbers.
    """
    text = text.strip("\x1d") if aim is None else text.lstrip("\x1d")
    if text.startswith(("http://", "https://")):
        elements = _parser().link(text)
    elif aim in _GS1_AIMS or _HAS_GTIN.match(text):
        elements = _parser().message(text)
    else:
        return None
    return _product(elements, minor_digits) if elements is not None else None


def expand_upc_e(text: str) -> str | None:
    """The UPC-A that a UPC-E of 8 digits is short for; None if it is not one."""
    return _parser().upc_a(text)


def warm_up() -> None:
    """Import the parser now, on a thread that has the time (0.2 s), and not at the first rare code."""
    _parser()


class _Parser:
    """`biip`, imported when first needed: it reads a table of all GS1 prefixes of the world."""

    def __init__(self) -> None:
        from biip import ParseConfig, ParseError
        from biip.gs1_digital_link_uris import GS1DigitalLinkURI
        from biip.gs1_messages import GS1Message
        from biip.upc import Upc

        # Shops print all-zero dates; such a date is no reason to refuse the product.
        self._config = ParseConfig(gs1_element_strings_verify_date=False)
        self._link, self._message, self._upc = GS1DigitalLinkURI, GS1Message, Upc
        # A form can be wrong in many ways, not all of which the library names: each is no GS1 code.
        self._wrong = (ParseError, ValueError, ArithmeticError, LookupError)

    def link(self, text: str) -> GS1ElementStrings | None:
        try:
            return self._link.parse(text, config=self._config).element_strings
        except self._wrong:
            return None

    def message(self, text: str) -> GS1ElementStrings | None:
        try:
            return self._message.parse(text, config=self._config).element_strings
        except self._wrong:
            return None

    def upc_a(self, text: str) -> str | None:
        try:
            return self._upc.parse(text).as_gtin_12()
        except self._wrong:
            return None


_parser = cache(_Parser)


def _product(elements: GS1ElementStrings, minor_digits: int) -> Gs1Product | None:
    gtin = elements.get(ai="01") or elements.get(ai="02")
    if gtin is None or gtin.gtin is None:
        return None
    weight, price = elements.get(ai="310"), elements.get(ai="392") or elements.get(ai="393")
    batch, serial = elements.get(ai="10"), elements.get(ai="21")
    expires = elements.get(ai="17") or elements.get(ai="15")
    return Gs1Product(
        gtin.gtin.as_gtin_14(),
        _scaled(weight.decimal if weight else None, 3),
        _scaled(price.decimal if price else None, minor_digits),
        batch.value if batch else None,
        expires.date if expires else None,
        serial.value if serial else None,
    )


def _scaled(value: Decimal | None, digits: int) -> int | None:
    """An exact integer of 10^-digits; None for what would need rounding, which no right code does."""
    scaled = value.scaleb(digits) if value is not None else None
    return int(scaled) if scaled is not None and scaled == scaled.to_integral_value() else None
