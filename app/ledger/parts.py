"""What facts are made of: lines as they were sold, tenders, holds, and the shares of rules in them."""

from __future__ import annotations

import uuid

import msgspec


class Discount(msgspec.Struct, frozen=True, array_like=True):
    rule: str
    amount_minor: int


class LineEarned(msgspec.Struct, frozen=True, array_like=True):
    """Points that a line earned by a rule."""

    rule: str
    amount_centi: int


class LineStamped(msgspec.Struct, frozen=True, array_like=True):
    """A line's part in a stamp card's change."""

    rule: str
    delta: int


class SoldLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line as sold. gross = price × quantity rounded once; net = gross − Σ discounts.

    `tax` is the rate's text ("23", "8", "zw") or empty.
    """

    line: int
    sku: str
    name: str
    category: str = ""
    qty_milli: int
    price_minor: int
    gross_minor: int
    discounts: tuple[Discount, ...] = ()
    net_minor: int
    tax: str = ""
    points_minor: int = 0
    """The part of net paid in points, which lowers what is taxed; 0 in facts older than this field."""
    earned: tuple[LineEarned, ...] = ()
    stamps: tuple[LineStamped, ...] = ()
    apart: str = ""
    """What sets the line apart from goods: `delivery`, `deposit` or `gift_card`."""
    code: str = ""
    """What was scanned, where it says more than the article: an unknown code, a gift card's number."""
    list_minor: int | None = None
    """The price before the cashier overrode it."""
    brand: str = ""
    tags: tuple[str, ...] = ()
    """Brand and tags that the programme could ask for, beyond what `apart` says."""
    note: str = ""
    """What the cashier noted, as it stands on the receipt; no personal data."""


class Tender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One means of payment: `means` is cash, card, gift_card; `amount_minor` what it covered of the total.

    Points are not a tender here: the effects of the sale say what was spent, `points_minor` what it covered.
    `reference` is the terminal's or gift card's own reference, `request` the id a cabled terminal was asked
    under, by which the money can go back.
    """

    means: str
    amount_minor: int
    reference: str = ""
    request: str = ""


class Hold(msgspec.Struct, frozen=True, array_like=True):
    """A hold of the server that a sale named: what was reserved there while the till was online.

    `kind` is points, coupon or gift_card; `amount` in hundredths of a point, uses, or minor units, 0 if the
    server never answered; `of` the code of a coupon or gift card.
    """

    id: uuid.UUID
    kind: str
    amount: int
    of: str = ""


class GoodsOut(msgspec.Struct, frozen=True, array_like=True):
    """A line of a basket that was given up: its number there, and what it was worth before discounts."""

    line: int
    sku: str
    name: str
    qty_milli: int
    amount_minor: int
