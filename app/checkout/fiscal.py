"""From a sale to its fiscal document: prices after discounts and points, to the minor unit.

A fiscal device knows neither discounts of ours nor points: both lower the price of the goods, and what stands
on its lines adds up to what was paid.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.ledger.facts import SaleCompleted, SaleRefunded
from app.values import QTY_MILLI, spread
from hardware.ports import FiscalDocument, FiscalLine

Sold = SaleCompleted | SaleRefunded


def fiscal_lines(sale: Sold) -> tuple[FiscalLine, ...]:
    """The lines as they go to a fiscal device: Σ amount_minor = Σ tenders, and no amount below zero.

    Points come off the lines they were spent on (by price where an old fact does not say); the rounding of
    cash and what a line pays out (a deposit taken back) come off all by price. What no line carries (delivery
    in older facts) is a line of its own, taxed as the dearest goods.
    """
    nets = [max(line.net_minor, 0) for line in sale.lines]
    points = [line.points_minor for line in sale.lines]
    if sum(points) != sale.points_minor or any(p > net for p, net in zip(points, nets, strict=True)):
        points = _spread(min(sale.points_minor, sum(nets)), nets)
    paid_minor = max(sum(tender.amount_minor for tender in sale.tenders), 0)
    amounts = _less(nets, points)
    if any(amounts):
        amounts = [
            a + up for a, up in zip(amounts, _spread(max(-sale.rounding_minor, 0), amounts), strict=True)
        ]
    amounts = _less(amounts, _spread(max(sum(amounts) - paid_minor, 0), amounts))
    lines = [
        FiscalLine(line.name, line.qty_milli, amount, line.tax)
        for line, amount in zip(sale.lines, amounts, strict=True)
    ]
    if (rest_minor := paid_minor - sum(amounts)) > 0:
        dearest = max(sale.lines, key=lambda line: line.net_minor, default=None)
        lines.append(FiscalLine("", QTY_MILLI, rest_minor, dearest.tax if dearest else ""))
    return tuple(lines)


def _less(amounts: Sequence[int], parts: Sequence[int]) -> list[int]:
    return [amount - part for amount, part in zip(amounts, parts, strict=True)]


def _spread(amount_minor: int, weights: Sequence[int]) -> list[int]:
    return spread(amount_minor, weights) if amount_minor else [0] * len(weights)


def fiscal_document(sale: Sold, request: str, of: str = "") -> FiscalDocument:
    """The document of a sale or refund under a request id; `of` is the fiscal number of what is refunded."""
    return FiscalDocument(
        request=request,
        kind="refund" if isinstance(sale, SaleRefunded) else "sale",
        lines=fiscal_lines(sale),
        tenders=tuple((tender.means, tender.amount_minor) for tender in sale.tenders),
        currency=sale.currency,
        cashier=sale.cashier,
        of=of,
    )
