"""A past receipt once more, from what was written down: marked as a copy, without that day's balance."""

from __future__ import annotations

from collections.abc import Iterator

from app.checkout.paper.sheet import Sheet, lang_of
from app.checkout.paper.sold import codes, numbered, rewards, sums
from app.checkout.ports import Member
from app.checkout.shop import Shop
from app.ledger.facts import SaleCompleted
from app.loyalty.effects import PointsEarned, PointsSpent
from app.loyalty.engine import Compiled
from hardware.receipt import Block, Columns, Document, Rule, RuleKind, Text


def copy_document(
    sale: SaleCompleted, shop: Shop, programme: Compiled, *, member: Member | None = None
) -> Document:
    """The receipt of a past sale; `member` is whose it is now, if anybody's."""
    sheet = Sheet(shop, programme, lang_of(member.person if member else None, shop), sale.currency)
    document = sheet.document(_blocks(sheet, sale, member))
    return Document(document.blocks, language=document.language, copy=True)


def _blocks(sheet: Sheet, sale: SaleCompleted, member: Member | None) -> Iterator[Block]:
    earned_centi = sum(e.lot.amount_centi for e in sale.effects if isinstance(e, PointsEarned))
    spent_centi = sum(e.amount_centi for e in sale.effects if isinstance(e, PointsSpent) and e.tender)
    yield from sheet.shop_head()
    yield from numbered(sheet, sale)
    yield Rule()
    for line in sale.lines:
        yield from sheet.goods(line)
    yield Rule(RuleKind.DOUBLE)
    yield from sums(sheet, sale, spent_centi)
    if member is not None:
        yield Rule()
        if member.person:
            yield Text(member.person.name, bold=True)
        yield Columns(sheet.get("receipt.earned"), sheet.words.points(earned_centi, plus=True))
        if spent_centi:
            yield Columns(sheet.get("receipt.spent"), sheet.words.points(-spent_centi))
        yield from rewards(sheet, sale)
    yield from codes(sale)
