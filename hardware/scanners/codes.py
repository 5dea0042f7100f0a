"""What a scanned or typed code is: one parser for all of them, total over any input.

Known products and the shop's own masks win over everything a code might be by its form; only what nobody
knows and looks like a payment card is taken for one (9.9 % of Russian EAN-13 pass Luhn).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from stdnum import ean, luhn

from hardware.scanners.framing import TEXT_MAX
from hardware.scanners.gs1 import expand_upc_e, read_gs1
from hardware.scanners.masks import HOUSE_MEMBER, InStoreRule, Mask


@dataclass(frozen=True, slots=True)
class Product:
    """A product's own code. `keys` are the forms a catalogue may hold it under, as given first.

    `weight_milli` (thousandths of a kilogram) or `price_minor` (minor units, for the whole piece) if the code
    says them; `batch`, `expires` and `serial` as a GS1 code gives them.
    """

    keys: tuple[str, ...]
    weight_milli: int | None = None
    price_minor: int | None = None
    batch: str | None = None
    expires: date | None = None
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class MemberCode:
    """A member card's number, in capitals."""

    number: str


@dataclass(frozen=True, slots=True)
class ReceiptCode:
    """The barcode of one of the shop's own receipts, for a refund.

    `number` is the sale's id, 32 hexadecimal digits, from the till's own QR code; else what the till's bars
    or the shop's mask say.
    """

    number: str


@dataclass(frozen=True, slots=True)
class CouponCode:
    """A coupon: one that the till issued to a member ("sale id:rule"), or one of the shop's masks."""

    number: str


@dataclass(frozen=True, slots=True)
class PaymentCard:
    """Somebody scanned or swiped a payment card. It holds nothing, so that nothing can be stored."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A code nobody knows. `why`: empty, too_long, check_character (misread or mistyped), no_match."""

    text: str
    why: str


Code = Product | MemberCode | ReceiptCode | CouponCode | PaymentCard | Unknown


@dataclass(frozen=True, slots=True)
class Known:
    """What the shop knows: its products, the masks of its own codes, and the scale's codes.

    Codes that the till itself makes (members' numbers, receipts, coupons) need no mask. `is_product` answers
    for one catalogue key. `minor_digits` are those of the shop's `currency` (ISO 4217).
    """

    is_product: Callable[[str], bool] = field(default=lambda key: False)
    members: tuple[Mask, ...] = ()
    receipts: tuple[Mask, ...] = ()
    coupons: tuple[Mask, ...] = ()
    in_store: tuple[InStoreRule, ...] = ()
    minor_digits: int = 2
    currency: str = ""


_BLANK: Final = re.compile(r"[\x00-\x1c\x1e\x1f\x7f]")
"""Control characters but the group separator, which GS1 codes are split by."""
_RECEIPT: Final = re.compile(r"(?:STEMPEL:R:|https?://\S{1,200}?)([0-9A-F]{32})", re.ASCII | re.IGNORECASE)
"""What the till prints on each receipt, or shows as a link after a sale: the sale's id."""
_BARS: Final = re.compile(r"R[0-9]{14}", re.ASCII | re.IGNORECASE)
"""What it prints in bars beside it: the receipt's number and a signature."""
_COUPON: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:\S{1,200}", re.ASCII)
"""A coupon the till issued: the sale that gave it, and the rule."""
_CARD_NUMBER: Final = re.compile(r"[0-9]{15,19}", re.ASCII)
_SPACED: Final = r"[0-9](?:[\s.-]?[0-9]){11,18}"
_TRACK: Final = re.compile(rf"[%;][A-Za-z]?{_SPACED}[\^=]")
"""Start of a magnetic stripe's track 1 or 2 (ISO/IEC 7813), as a keyboard-wedge reader types it."""
_BARE_TRACK: Final = re.compile(rf"(?<![0-9])({_SPACED})(?:\^|[=Dd][0-9]{{2}}(?:0[1-9]|1[0-2]))")
"""The same without its start, which a reader may leave out and a keyboard layout may change, up to the month
in which the card ends; and a chip's track 2 equivalent data (EMV Book 3, tag 57)."""
_BETWEEN: Final = re.compile(r"[\s.\u2010-\u2015-]")
"""What groups of a number stand apart by, spaces and dashes of all kinds among it."""
_GTIN_LENGTHS: Final = (8, 12, 13, 14)


def read_code(text: str, aim: str | None, known: Known) -> Code:
    """What a code is; never raises, whatever the text. `aim` is its AIM identifier if one was sent."""
    text = _BLANK.sub("", text).strip()
    if not text.strip("\x1d"):
        return Unknown("", "empty")
    if len(text) > TEXT_MAX:
        return PaymentCard() if is_payment_card(text) else Unknown(text[:64], "too_long")
    return _known(text, known) or _by_form(text, aim, known) or _unmatched(text, known)


def _known(text: str, known: Known) -> Code | None:
    if known.is_product(text):
        return Product((text,))
    keys = gtin_keys(text)
    if any(known.is_product(key) for key in keys):
        return Product((text, *(key for key in keys if key != text)))
    for masks, variant in _masks(known):
        for mask in masks:
            match = mask.match(text)
            if match.fits:
                return variant(match.number)
    return _house(text)


def _house(text: str) -> Code | None:
    """What the till made itself."""
    if (member := HOUSE_MEMBER.match(text)).fits:
        return MemberCode(member.number)
    if receipt := _RECEIPT.fullmatch(text):
        return ReceiptCode(receipt[1].lower())
    if _BARS.fullmatch(text):
        return ReceiptCode(text.upper())
    return CouponCode(text) if _COUPON.fullmatch(text) else None


def _masks(
    known: Known,
) -> tuple[tuple[tuple[Mask, ...], type[MemberCode] | type[ReceiptCode] | type[CouponCode]], ...]:
    return (known.members, MemberCode), (known.receipts, ReceiptCode), (known.coupons, CouponCode)


def _by_form(text: str, aim: str | None, known: Known) -> Product | None:
    # Many scanners send a UPC-A as the EAN-13 that it is with a 0 before it.
    upc = text[1:] if len(text) == 13 and text[0] == "0" else text
    for rule in known.in_store:
        item = rule.match(text) or rule.match(upc)
        if item is not None:
            return Product((item.code, text), item.weight_milli, item.price_minor)
    keys = gtin_keys(text)
    if keys:
        return Product(keys)
    message = read_gs1(text, aim, known.minor_digits, known.currency)
    if message is not None:
        return Product(
            gtin_keys(message.gtin) or (message.gtin,),
            message.weight_milli,
            message.price_minor,
            message.batch,
            message.expires,
            message.serial,
        )
    return None


def _unmatched(text: str, known: Known) -> PaymentCard | Unknown:
    if is_payment_card(text):
        return PaymentCard()
    misread = text.isascii() and text.isdigit() and len(text) in _GTIN_LENGTHS
    own = (HOUSE_MEMBER, *(mask for masks, _ in _masks(known) for mask in masks))
    mistyped = any(mask.match(text).wrong_check for mask in own)
    return Unknown(text, "check_character" if misread or mistyped else "no_match")


def gtin_keys(text: str) -> tuple[str, ...]:
    """The forms of a GTIN with a right check digit, as given first; none if it is not one.

    An EAN-13 with a leading zero and the UPC-A without it are one product, and a UPC-E is a short UPC-A.
    """
    if not (text.isascii() and text.isdigit()):
        return ()
    forms = [text]
    if len(text) in _GTIN_LENGTHS and ean.is_valid(text):
        bare = text.lstrip("0")
        forms += [bare.zfill(size) for size in (13, 12, 14, 8) if len(bare) <= size]
    elif len(text) != 8:
        return ()
    if len(text) == 8 and text[0] in "01":
        upc_a = expand_upc_e(text)
        forms += [upc_a, "0" + upc_a] if upc_a is not None else []
    return tuple(dict.fromkeys(forms)) if len(forms) > 1 else ()


def is_payment_card(text: str) -> bool:
    """15 to 19 digits that pass Luhn (ISO/IEC 7812-1), however they are grouped, or a magnetic stripe."""
    if _TRACK.search(text) or any(_passes_luhn(bare[1]) for bare in _BARE_TRACK.finditer(text)):
        return True
    digits = _BETWEEN.sub("", text)
    return bool(_CARD_NUMBER.fullmatch(digits)) and luhn.is_valid(digits)


def _passes_luhn(spaced: str) -> bool:
    return luhn.is_valid(_BETWEEN.sub("", spaced))
