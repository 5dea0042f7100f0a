"""A till's own past sales, for a what-if: from its log, less what came back, with today's catalogue."""

from __future__ import annotations

import uuid
from collections import Counter

from app.ledger.facts import MemberEnrolled, SaleCompleted, SaleRefunded, SoldLine, decode
from app.loyalty.effects import Enrolled
from app.loyalty.whatif.sales import Goods, PastLine, PastSale, Sales, collect
from app.store.reader import Reader


def sales(reader: Reader, store: str) -> Sales:
    """Every completed sale at its price before the programme's discounts. Of what came back, the sale knows
    only what the customer kept; brands and tags are those of the catalogue now, which facts do not hold.
    """
    sold: list[SaleCompleted] = []
    returned: Counter[tuple[uuid.UUID, int]] = Counter()
    enrolled_ms: dict[str, int] = {}
    referred_by: dict[str, str] = {}
    for _, body in reader.log():
        fact = decode(body)
        if isinstance(fact, SaleCompleted):
            sold.append(fact)
        elif isinstance(fact, SaleRefunded) and fact.sale is not None:
            for line in fact.lines:
                returned[fact.sale, line.line] += line.qty_milli
        elif isinstance(fact, MemberEnrolled):
            enrolled_ms.setdefault(str(fact.member), fact.at_ms)
            for effect in fact.effects:
                if isinstance(effect, Enrolled) and effect.referred_by:
                    referred_by[str(fact.member)] = effect.referred_by
    shelf = _Shelf(reader)
    past = [_past(fact, returned, shelf, store) for fact in sold]
    return collect(past, enrolled_ms, referred_by)


def _past(
    fact: SaleCompleted, returned: Counter[tuple[uuid.UUID, int]], shelf: _Shelf, store: str
) -> PastSale:
    lines: list[PastLine] = []
    for line in fact.lines:
        kept = line.qty_milli - returned[fact.id, line.line]
        if kept > 0:
            lines.append(PastLine(shelf.goods(line), kept, line.price_minor))
    member = str(fact.member) if fact.member is not None else ""
    return PastSale(str(fact.id), fact.at_ms, tuple(lines), member, store, fact.points_minor)


class _Shelf:
    """Goods as sold, with the brand and tags that the catalogue has for them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, tuple[str, tuple[str, ...]]] = {}

    def goods(self, line: SoldLine) -> Goods:
        if line.sku not in self._known:
            product = self._reader.product(line.sku)
            self._known[line.sku] = (product.brand, product.priced_tags) if product else ("", ())
        brand, tags = self._known[line.sku]
        apart = (line.apart,) if line.apart and line.apart not in tags else ()
        return Goods(line.sku, line.category, brand, (*tags, *apart), line.tax, line.name)
