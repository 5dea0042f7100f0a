"""The codes on a receipt by which its sale is found: a QR code of the sale's id, and bars for laser scanners.

Bars that hold an id are wider than narrow paper, so they hold the receipt's number and seven digits that only
the sale's own random id gives. Nobody who has not seen that receipt can make them, and no key has to be kept:
whoever holds the sale can check them. A number mistyped passes once in ten million.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import Final

from app.ledger.facts import SaleCompleted

REFERENCE: Final = "STEMPEL:R:"
"""What a receipt's QR code begins with; the sale's id follows."""
_LINK: Final = re.compile(r"https?://\S{1,200}?([0-9a-f]{32})", re.ASCII | re.IGNORECASE)
"""A link to a receipt on the web, as on the customer's display: the sale's id ends it."""
_NUMBER_DIGITS: Final = 7
_SIGNED_DIGITS: Final = 7
_SHORT: Final = re.compile(r"R([0-9]{7})([0-9]{7})", re.ASCII | re.IGNORECASE)


def long_code(sale: uuid.UUID) -> str:
    """What the QR code of a sale's receipt says."""
    return REFERENCE + sale.hex


def short_code(sale: SaleCompleted) -> str:
    """What the bars say: R, the receipt's number, its signature; "" for a number too long for it."""
    if not 0 <= sale.number < 10**_NUMBER_DIGITS:
        return ""
    return f"R{sale.number:0{_NUMBER_DIGITS}}{_signature(sale.id)}"


def is_receipt(text: str) -> bool:
    """Whether a code is one that stands on our receipts, by its form."""
    text = text.strip()
    return text.upper().startswith(REFERENCE) or any(form.fullmatch(text) for form in (_SHORT, _LINK))


def id_in(text: str) -> str:
    """What of a code may be a sale's id: behind what receipts' codes begin with, or all of it."""
    text = text.strip()
    if link := _LINK.fullmatch(text):
        return link[1]
    return text[len(REFERENCE) :] if text.upper().startswith(REFERENCE) else text


def number_of(text: str) -> int | None:
    """The receipt's number in a code of bars; None for any other text."""
    found = _SHORT.fullmatch(text.strip())
    return int(found[1]) if found else None


def is_of(text: str, sale: SaleCompleted) -> bool:
    """Whether a code of bars is this sale's, signature and all."""
    return text.strip().upper() == short_code(sale)


def _signature(sale: uuid.UUID) -> str:
    digest = hashlib.sha256(b"stempel receipt " + sale.bytes).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 10**_SIGNED_DIGITS:0{_SIGNED_DIGITS}}"
