"""What a receipt and its copy say alike: number and moment, sums and tenders, codes that find the sale."""

from __future__ import annotations

from collections.abc import Iterator

from app.checkout.paper.sheet import Sheet
from app.checkout.receipt_code import long_code, short_code
from app.ledger.facts import SaleCompleted
from app.ledger.handed import handed_over
from hardware.receipt import Barcode, Blank, Block, Columns, Qr, Size, Text


def numbered(sheet: Sheet, sale: SaleCompleted) -> Iterator[Block]:
    yield Columns(sheet.get("receipt.number", number=sale.number), sheet.moment(sale.at_ms))
    yield sheet.served(sale.cashier)


def sums(sheet: Sheet, sale: SaleCompleted, spent_centi: int) -> Iterator[Block]:
    """From the goods to the change; `spent_centi` are the points that paid a part of it."""
    get = sheet.get
    if sale.discount_minor:
        yield Columns(get("receipt.goods"), sheet.amount(sale.goods_minor))
        yield Columns(get("receipt.saved"), sheet.amount(-sale.discount_minor))
    yield Columns(get("receipt.total"), sheet.money(sale.total_minor), bold=True, size=Size.LARGE)
    yield Blank()
    if sale.points_minor:
        spent = sheet.words.counted_points(spent_centi)
        yield Columns(get("receipt.points_paid", points=spent), sheet.amount(-sale.points_minor))
    if sale.rounding_minor:
        yield Columns(get("receipt.rounding"), sheet.amount(-sale.rounding_minor))
    for tender in sale.tenders:
        if tender.means != "cash":
            yield Columns(get(f"tender.{tender.means}"), sheet.amount(tender.amount_minor))
    received_minor = sale.change_minor + sum(t.amount_minor for t in sale.tenders if t.means == "cash")
    if received_minor:
        yield Columns(get("tender.cash"), sheet.amount(received_minor))
    if sale.change_minor:
        yield Columns(get("receipt.change"), sheet.amount(sale.change_minor), bold=True)
    if sale.note:
        yield Blank()
        yield Text(sale.note)


def rewards(sheet: Sheet, sale: SaleCompleted) -> Iterator[Block]:
    """Rewards with the points that they cost, and gifts that were fetched."""
    for each in handed_over(sale.effects):
        name = sheet.rule(each.name) if each.pieces == 1 else f"{sheet.rule(each.name)} ({each.pieces})"
        figure = sheet.words.points(-each.points_centi) if each.points_centi else ""
        yield Columns(sheet.get("receipt.handed_over", name=name), figure)


def codes(sale: SaleCompleted) -> Iterator[Block]:
    """For phones and cameras, and in bars for scanners that see one line only."""
    yield Blank()
    yield Qr(long_code(sale.id))
    if bars := short_code(sale):
        yield Barcode(bars)
