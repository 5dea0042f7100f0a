"""The slip of a refund: what came back, how the money and the points went back, who agreed to it."""

from __future__ import annotations

from collections.abc import Iterator

from app.checkout.paper.sheet import Sheet, lang_of
from app.checkout.ports import Member
from app.checkout.shop import Shop
from app.ledger.facts import SaleCompleted, SaleRefunded
from app.loyalty.effects import PointsReturned, PointsTakenBack, StampsChanged
from app.loyalty.engine import Compiled
from hardware.receipt import Blank, Block, Columns, Document, Rule, RuleKind, Size, Text


def refund_document(
    refund: SaleRefunded,
    shop: Shop,
    programme: Compiled,
    *,
    sold: SaleCompleted | None = None,
    member: Member | None = None,
    copy: bool = False,
) -> Document:
    """The paper of a refund, two to be printed where the shop keeps one.

    `sold` is the original sale if this till knows it, `member` the customer with the state after the refund.
    A copy is marked as one, and leaves out the balance of that day.
    """
    lang = lang_of(member.person if member else None, shop)
    sheet = Sheet(shop, programme, lang, refund.currency)
    document = sheet.document(_blocks(sheet, refund, sold, member, balance=not copy))
    return Document(document.blocks, language=document.language, copy=copy)


def _blocks(
    sheet: Sheet, refund: SaleRefunded, sold: SaleCompleted | None, member: Member | None, *, balance: bool
) -> Iterator[Block]:
    yield from sheet.shop_head()
    yield from sheet.title("receipt.refund")
    yield Columns(sheet.get("receipt.number", number=refund.number), sheet.moment(refund.at_ms))
    yield sheet.served(refund.cashier)
    if sold is not None:
        day = sheet.date(sold.at_ms)
        yield Text(sheet.get("receipt.refund_of", number=sold.number, day=day))
    yield Rule()
    for line in refund.lines:
        yield from sheet.goods(line)
    yield Rule(RuleKind.DOUBLE)
    yield from _paid_back(sheet, refund)
    if member is not None:
        yield Rule()
        yield from _loyalty(sheet, refund, member, balance=balance)
    yield from _agreed(sheet, refund)


def _paid_back(sheet: Sheet, refund: SaleRefunded) -> Iterator[Block]:
    yield Columns(sheet.get("receipt.refunded"), sheet.money(refund.total_minor), bold=True, size=Size.LARGE)
    yield Blank()
    if refund.points_minor:
        yield Columns(sheet.get("receipt.refunded_in_points"), sheet.amount(refund.points_minor))
    if refund.rounding_minor:
        yield Columns(sheet.get("receipt.rounding"), sheet.amount(-refund.rounding_minor))
    for tender in refund.tenders:
        yield Columns(sheet.get(f"tender.{tender.means}"), sheet.amount(tender.amount_minor))
    if refund.exchange is not None:
        yield Text(sheet.get("receipt.exchanged"))


def _loyalty(sheet: Sheet, refund: SaleRefunded, member: Member, *, balance: bool) -> Iterator[Block]:
    """Points both ways: those spent on the goods come back, those earned by them go."""
    returned_centi = taken_centi = 0
    stamps: dict[str, int] = {}
    for effect in refund.effects:
        match effect:
            case PointsReturned(_, lots):
                returned_centi += sum(lot.amount_centi for lot in lots)
            case PointsTakenBack(_, _, amount):
                taken_centi += amount
            case StampsChanged(rule, delta):
                stamps[rule] = stamps.get(rule, 0) + delta
            case _:
                pass
    if member.person:
        yield Text(member.person.name, bold=True)
    if returned_centi:
        yield Columns(sheet.get("receipt.points_returned"), sheet.words.points(returned_centi, plus=True))
    if taken_centi:
        yield Columns(sheet.get("receipt.points_withdrawn"), sheet.words.points(-taken_centi))
    for rule, delta in stamps.items():
        if delta:
            yield Columns(sheet.rule(rule), sheet.words.scaled(delta, 0, plus=True))
    if balance:
        points = sheet.words.counted_points(member.state.balance_centi)
        yield Columns(sheet.get("receipt.balance"), points, bold=True)


def _agreed(sheet: Sheet, refund: SaleRefunded) -> Iterator[Block]:
    if refund.reason or refund.approved_by:
        yield Rule()
    if refund.reason:
        yield Text(sheet.get("receipt.reason", reason=refund.reason))
    if refund.approved_by:
        yield Text(sheet.get("receipt.approved", name=refund.approved_by))
    yield from sheet.signature("receipt.sign_customer")
