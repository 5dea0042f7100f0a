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
_NUMBERS: Final = {
    "AMD": "051", "AUD": "036", "AZN": "944", "BGN": "975", "BYN": "933", "CAD": "124", "CHF": "756",
    "CNY": "156", "CZK": "203", "DKK": "208", "EUR": "978", "GBP": "826", "GEL": "981", "HUF": "348",
    "ILS": "376", "INR": "356", "JPY": "392", "KGS": "417", "KRW": "410", "KWD": "414", "KZT": "398",
    "MDL": "498", "MNT": "496", "NOK": "578", "PLN": "985", "RON": "946", "RSD": "941", "RUB": "643",
    "SEK": "752", "TJS": "972", "TMT": "934", "TRY": "949", "UAH": "980", "USD": "840", "UZS": "860",
}  # fmt: skip
"""ISO 4217's number of a currency, which AI 393 has before its price. No price is read in any other."""


@dataclass(frozen=True, slots=True)
class Gs1Product:
    """`gtin` of 14 digits; weight in thousandths of a kilogram and price in minor units, if given."""

    gtin: str
    weight_milli: int | None = None
    price_minor: int | None = None
    batch: str | None = None
    expires: date | None = None
    serial: str | None = None


def read_gs1(text: str, aim: str | None, minor_digits: int, currency: str = "") -> Gs1Product | None:
    """The product a GS1 message or Digital Link names; None for anything else.

    A price that names a currency is read if that is `currency`, the shop's.

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
    return _product(elements, minor_digits, currency) if elements is not None else None


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


def _product(elements: GS1ElementStrings, minor_digits: int, currency: str) -> Gs1Product | None:
    gtin = elements.get(ai="01") or elements.get(ai="02")
    if gtin is None or gtin.gtin is None:
        return None
    weight, price = elements.get(ai="310"), elements.get(ai="392")
    if price is None:
        named = elements.get(ai="393")
        own = named is not None and named.pattern_groups[0] == _NUMBERS.get(currency)
        price = named if own else None
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
