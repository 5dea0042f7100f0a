"""The open sale: an immutable value that is kept in the database at every change."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

import msgspec

from app.checkout.ports import Product, Unit
from app.checkout.reserved import Issued, OpenHold
from app.ledger.facts import FiscalCorrected, SaleCompleted, SaleRefunded
from app.loyalty import basket as priced
from app.loyalty.decision import Decision
from app.loyalty.effects import AnyEffect
from app.values import QTY_MILLI, div_round, line_gross, spread

QTY_MAX_MILLI: Final = 9_999 * QTY_MILLI
"""More than this of one line is a slip of the finger, or a barcode typed into the quantity."""

APART: Final = frozenset({"deposit", "gift_card", "delivery"})
"""Tags of what is sold without being goods."""
UNDISCOUNTED: Final = APART | {priced.NO_DISCOUNT_TAG}
"""Tags of what nothing is taken off."""

Redeem = int | Literal["max"]


class Stage(StrEnum):
    OPEN = "open"
    TENDERED = "tendered"
    """Something irreversible was asked for outside; only its outcome leads on from here."""


class Manual(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A discount that the cashier gives: a percentage in hundredths (5 % is 500), or an amount."""

    percent_centi: int = 0
    amount_minor: int = 0
    reason: str = ""
    of_minor: int = 0
    """What the goods came to at their prices when an amount was given; 0 where that was not kept."""

    @property
    def gives(self) -> bool:
        return bool(self.percent_centi or self.amount_minor)

    def off(self, net_minor: int, gross_minor: int) -> int:
        """What it takes off goods of this worth after and before the programme's discounts.

        Never more than the net; and of fewer or cheaper goods no larger share than it was given as.
        """
        share = self.amount_minor
        if self.percent_centi:
            share = div_round(net_minor * self.percent_centi, 100_00)
        elif 0 <= gross_minor < self.of_minor:
            share = share * gross_minor // self.of_minor
        return max(0, min(share, net_minor))


class OpenLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line as rung up: the product's price and terms at that moment, whatever the catalogue says later."""

    key: int
    sku: str
    name: str
    names: dict[str, str] = {}
    category: str = ""
    brand: str = ""
    tags: tuple[str, ...] = ()
    tax: str = ""
    unit: Unit = "piece"
    qty_milli: int
    price_minor: int
    code: str = ""
    """What was scanned, where the fact must tell: an unknown code, a gift card's number."""
    list_minor: int | None = None
    """The price before it was overridden."""
    manual: Manual | None = None
    note: str = ""
    """For the receipt, and kept with it."""

    def name_in(self, lang: str) -> str:
        return self.names.get(lang) or self.name


class OpenTender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money taken towards an open sale: `means` is cash or card, `reference` the terminal's own.

    `request` is the id a cabled terminal was asked under, `reversal` the one it was asked to give it back.
    """

    key: int
    means: Literal["cash", "card"]
    amount_minor: int
    reference: str = ""
    request: str = ""
    reversal: str = ""


class HeldCard(msgspec.Struct, frozen=True, omit_defaults=True):
    """A gift card presented, and what of its balance may be used for this sale."""

    code: str
    balance_minor: int


class Exchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods of an earlier sale that come back for this one: `credit_minor` goes towards it."""

    sale: uuid.UUID
    quantities: dict[int, int]
    credit_minor: int
    reason: str = ""
    member: uuid.UUID | None = None
    effects: tuple[AnyEffect, ...] = ()
    """What their coming back does to the member they belong to: this sale is priced after it."""
    approved_by: str = ""


class Pending(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was asked for outside, waiting for a word from there.

    A tender that pays the rest comes with the sale, priced to the end, and the decision behind it.
    """

    sale: SaleCompleted | None = None
    decision: Decision | None = None
    asked: OpenTender | None = None
    fiscal: str = ""
    """The id under which the fiscal device was asked to register `sale` or `refund`; "" before that."""
    correction: FiscalCorrected | None = None
    """A correction on its way to the fiscal device, of a sale that is over."""
    refund: SaleRefunded | None = None
    """A refund on its way, which is not of this sale; `asked` is then what the terminal is to give back."""


class OpenSale(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sale being rung up. Its `id` is made with it: nothing later has to invent one twice."""

    id: uuid.UUID
    opened_ms: int
    lines: tuple[OpenLine, ...] = ()
    next_key: int = 1
    member: uuid.UUID | None = None
    card: str = ""
    redeem_cap_centi: int | None = None
    redeem: Redeem = 0
    rewards: tuple[str, ...] = ()
    """Things for points and gifts held that are wished, as the engine's `Redeem` names them."""
    uses: tuple[str, ...] = ()
    """Rules of kind `entitlement`, one entry for each use wished."""
    stage: Stage = Stage.OPEN
    pending: Pending | None = None
    """While tendered: the sale as it will be written if the answer is yes, to the last effect."""
    tenders: tuple[OpenTender, ...] = ()
    gift_cards: tuple[HeldCard, ...] = ()
    exchange: Exchange | None = None
    codes: tuple[str, ...] = ()
    """Promotional codes and coupons presented."""
    issued: tuple[Issued, ...] = ()
    """What those of them that are signed say of themselves."""
    holds: tuple[OpenHold, ...] = ()
    """What the server was asked to hold for this sale."""
    manual: Manual | None = None
    age_checked: int = 0
    """The age up to which the customer has shown to be old enough."""
    name: str = ""
    """Under which it is parked."""
    note: str = ""
    """On the whole receipt, and kept with it."""
    priced_ms: int = 0
    """The moment the basket was priced at: what was shown is what is paid."""

    @property
    def untouched(self) -> bool:
        return not self.lines and self.member is None and not self.codes and self.exchange is None

    @property
    def tendered_minor(self) -> int:
        """Money taken so far."""
        return sum(tender.amount_minor for tender in self.tenders)

    @property
    def credit_minor(self) -> int:
        """What goods that come back pay of this sale."""
        return self.exchange.credit_minor if self.exchange else 0

    @property
    def spends_points(self) -> bool:
        """Whether points are wished to be spent, as tender or for rewards."""
        return bool(self.redeem or self.rewards)

    @property
    def gives(self) -> bool:
        """Whether there is anything to complete: goods, or a reward that is fetched without any."""
        return bool(self.lines or self.rewards)

    def line(self, key: int) -> OpenLine | None:
        return next((line for line in self.lines if line.key == key), None)


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(OpenSale).decode


def to_bytes(sale: OpenSale) -> bytes:
    return _encode(sale)


def from_bytes(payload: bytes) -> OpenSale:
    """Raises ValueError for what this version cannot read."""
    return _decode(payload)


def with_tender(sale: OpenSale, tender: OpenTender) -> OpenSale:
    return msgspec.structs.replace(sale, tenders=(*sale.tenders, tender))


def without_tender(sale: OpenSale, key: int) -> OpenSale:
    left = tuple(tender for tender in sale.tenders if tender.key != key)
    return msgspec.structs.replace(sale, tenders=left)


def next_tender(sale: OpenSale) -> int:
    """The key of the next tender; keys are used once, so that two presses never name two tenders."""
    return max((tender.key for tender in sale.tenders), default=0) + 1


def add(
    sale: OpenSale, product: Product, qty_milli: int = QTY_MILLI, *, code: str = ""
) -> tuple[OpenSale, int]:
    """The sale with a product more, and the key of its line; pieces of one kind share a line."""
    for line in sale.lines:
        if line.sku == product.sku and not code and _alike(line, product):
            return set_qty(sale, line.key, line.qty_milli + qty_milli), line.key
    line = OpenLine(
        key=sale.next_key,
        sku=product.sku,
        name=product.name,
        names=product.names,
        category=product.category,
        brand=product.brand,
        tags=product.priced_tags,
        tax=product.tax,
        unit=product.unit,
        qty_milli=qty_milli,
        price_minor=product.price_minor,
        code=code,
    )
    grown = msgspec.structs.replace(sale, lines=(*sale.lines, line), next_key=sale.next_key + 1)
    return grown, line.key


def _alike(line: OpenLine, product: Product) -> bool:
    """Whether another piece of it belongs on the product's line: nothing on it was changed by hand."""
    same = line.price_minor == product.price_minor and line.unit == "piece"
    return same and line.list_minor is None and not (line.manual or line.note or line.code)


def put_line(sale: OpenSale, changed: OpenLine) -> OpenSale:
    """The sale with a line as it is now."""
    lines = tuple(changed if line.key == changed.key else line for line in sale.lines)
    return msgspec.structs.replace(sale, lines=lines)


def set_qty(sale: OpenSale, key: int, qty_milli: int) -> OpenSale:
    """The sale with another quantity on a line; zero or less takes the line out."""
    lines: list[OpenLine] = []
    for line in sale.lines:
        if line.key != key:
            lines.append(line)
        elif qty_milli > 0:
            lines.append(msgspec.structs.replace(line, qty_milli=min(qty_milli, QTY_MAX_MILLI)))
    return msgspec.structs.replace(sale, lines=tuple(lines))


def has_manual(sale: OpenSale) -> bool:
    return sale.manual is not None or any(line.manual is not None for line in sale.lines)


def goods_minor(line: OpenLine) -> int:
    """What a line comes to at its price; 0 where nothing may be taken off it."""
    return max(line_gross(line.price_minor, line.qty_milli), 0) if UNDISCOUNTED.isdisjoint(line.tags) else 0


def manual_minor(sale: OpenSale, without: Decision) -> dict[int, int]:
    """What the cashier's discounts take off each line, by what the programme alone leaves of it.

    First those on lines, then the one on the whole receipt, spread over what is left of the goods.
    """
    off, left = manual_on_lines(sale, without)
    if sale.manual is not None:
        gross_minor = sum(map(goods_minor, sale.lines))
        parts = spread(sale.manual.off(sum(left.values()), gross_minor), list(left.values()))
        for key, part in zip(left, parts, strict=True):
            off[key] += part
    return off


def manual_on_lines(sale: OpenSale, without: Decision) -> tuple[dict[int, int], dict[int, int]]:
    """What the discounts on single lines take off them, and what they leave of the goods, by line."""
    nets = {int(line.id): line.net_minor for line in without.lines}
    goods = [line for line in sale.lines if nets[line.key] > 0 and UNDISCOUNTED.isdisjoint(line.tags)]
    off = {x.key: x.manual.off(nets[x.key], goods_minor(x)) if x.manual else 0 for x in goods}
    return off, {key: nets[key] - part for key, part in off.items()}


def for_engine(sale: OpenSale, manual: Mapping[int, int] | None = None) -> priced.Basket:
    """The basket as the engine sees it, with what the cashier takes off by line."""
    return priced.Basket(
        tuple(
            priced.Line(
                id=str(line.key),
                sku=line.sku,
                name=line.name,
                category=line.category,
                brand=line.brand,
                tags=line.tags,
                qty_milli=line.qty_milli,
                unit_price_minor=line.price_minor,
                manual_minor=manual.get(line.key, 0) if manual else 0,
                tax=line.tax,
            )
            for line in sale.lines
        )
    )
