"""From what stands on the screen to the facts that are written: a sale as sold, a shift opened and closed."""

from __future__ import annotations

import uuid
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.checkout.basket import OpenLine, OpenSale
from app.checkout.ports import Shift
from app.ledger.basis import Basis
from app.ledger.facts import (
    Discount,
    LineEarned,
    LineStamped,
    SaleCompleted,
    ShiftClosed,
    ShiftOpened,
    SoldLine,
    Tender,
)
from app.ledger.inputs import NOTHING, Named
from app.loyalty.decision import Decision
from app.values import from_ms


class Place(NamedTuple):
    """Where a sale stands: its receipt number, its shift, who sold it, its currency."""

    number: int
    shift: Shift
    cashier: str
    currency: str


def sold(
    sale: OpenSale,
    final: Decision,
    place: Place,
    *,
    tenders: tuple[Tender, ...],
    change_minor: int,
    at_ms: int,
    named: Named = NOTHING,
    basis: Basis | None = None,
) -> SaleCompleted:
    """The fact of an open sale that was priced to the end; its id is the sale's own. `named` is what the
    programme could ask of goods, `basis` what the price came from."""
    paid_minor = sum(tender.amount_minor for tender in tenders)
    return SaleCompleted(
        id=sale.id,
        at_ms=at_ms,
        number=place.number,
        shift=place.shift.id,
        business_day=place.shift.business_day,
        cashier=place.cashier,
        currency=place.currency,
        programme=f"{final.programme}@{final.version}",
        lines=tuple(_lines(sale, final, named)),
        goods_minor=final.goods_minor + final.delivery_minor,
        discount_minor=final.discount_minor,
        total_minor=final.total_minor,
        points_minor=final.points.spent_value_minor,
        rounding_minor=final.total_minor - final.points.spent_value_minor - paid_minor,
        tenders=tenders,
        change_minor=change_minor,
        member=sale.member,
        card=sale.card,
        effects=final.effects,
        basis=basis,
        note=sale.note,
    )


def _lines(sale: OpenSale, final: Decision, named: Named) -> list[SoldLine]:
    decided = {line.id: line for line in final.lines}
    lines: list[SoldLine] = []
    for line in sale.lines:
        figures = decided[str(line.key)]
        lines.append(
            SoldLine(
                line=line.key,
                sku=line.sku,
                name=line.name,
                category=line.category,
                qty_milli=line.qty_milli,
                price_minor=line.price_minor,
                list_minor=line.list_minor,
                gross_minor=figures.gross_minor,
                discounts=tuple(Discount(d.rule, d.amount_minor) for d in figures.discounts),
                net_minor=figures.net_minor,
                tax=line.tax,
                points_minor=figures.points_minor,
                earned=tuple(LineEarned(each.rule, each.amount_centi) for each in figures.earned),
                stamps=tuple(LineStamped(each.rule, each.delta) for each in figures.stamps),
                apart=_apart(line, final),
                brand=line.brand if line.brand in named.brands else "",
                tags=tuple(tag for tag in line.tags if tag in named.tags and tag != _apart(line, final)),
                code=line.code,
                note=line.note,
            )
        )
    return lines


def _apart(line: OpenLine, final: Decision) -> str:
    if str(line.key) in final.delivery_lines:
        return "delivery"
    return next((tag for tag in ("deposit", "gift_card") if tag in line.tags), "")


def opened(shift: Shift, id: uuid.UUID) -> ShiftOpened:
    """The fact of a shift that begins."""
    return ShiftOpened(
        id=id,
        at_ms=shift.opened_ms,
        shift=shift.id,
        number=shift.number,
        business_day=shift.business_day,
        cashier=shift.cashier,
        float_minor=shift.float_minor,
    )


def closed(
    shift: Shift,
    id: uuid.UUID,
    at_ms: int,
    cashier: str,
    expected_minor: int,
    counted_minor: int | None,
) -> ShiftClosed:
    """The fact of a shift that ends."""
    return ShiftClosed(
        id=id,
        at_ms=at_ms,
        shift=shift.id,
        cashier=cashier,
        expected_minor=expected_minor,
        counted_minor=counted_minor,
    )


def local_day(at_ms: int, time_zone: str) -> str:
    """The calendar day of a moment in a time zone, ISO."""
    return from_ms(at_ms).astimezone(ZoneInfo(time_zone)).date().isoformat()
