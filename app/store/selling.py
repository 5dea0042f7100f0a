"""Sales and what became of them, folded from facts: returns, moves, gift cards, codes used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from app.ledger.facts import (
    AnyFact,
    SaleCompleted,
    SaleGivenTo,
    SaleRefunded,
    SaleTakenFrom,
    SoldLine,
    effects_of,
    member_of,
)
from app.loyalty.effects import CodeUsed
from app.store.connection import Driver

TABLES: Final = ("sale", "refund", "returned", "gift_card", "code_use")
_SALE: Final = (
    "INSERT INTO sale (id, number, business_day, at_ms, member, total_minor) VALUES (?, ?, ?, ?, ?, ?)"
)
_REFUND: Final = (
    "INSERT INTO refund (id, number, sale, business_day, at_ms, member, total_minor) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_RETURNED: Final = (
    "INSERT INTO returned (sale, line, qty_milli) VALUES (?, ?, ?) "
    "ON CONFLICT (sale, line) DO UPDATE SET qty_milli = qty_milli + excluded.qty_milli"
)
_GIFT_CARD: Final = (
    "INSERT INTO gift_card (code, balance_minor) VALUES (?, ?) "
    "ON CONFLICT (code) DO UPDATE SET balance_minor = balance_minor + excluded.balance_minor"
)
_CODE: Final = (
    "INSERT INTO code_use (code, member, times) VALUES (?, ?, ?) "
    "ON CONFLICT (code, member) DO UPDATE SET times = times + excluded.times"
)


class SellingProjections:
    """Applies facts to the tables about sales, inside the caller's transaction."""

    def __init__(self, sql: Driver) -> None:
        self._run: Final = sql.execute

    def apply(self, fact: AnyFact) -> None:
        match fact:
            case SaleCompleted():
                self._sold(fact)
            case SaleRefunded():
                self._refunded(fact)
            case SaleTakenFrom():
                self._run("UPDATE sale SET member = NULL, given = NULL WHERE id = ?", (fact.sale.bytes,))
            case SaleGivenTo():
                values = (fact.member.bytes, fact.id.bytes, fact.sale.bytes)
                self._run("UPDATE sale SET member = ?, given = ? WHERE id = ?", values)
            case _:
                pass
        self._count_codes(fact)

    def _sold(self, fact: SaleCompleted) -> None:
        member = fact.member.bytes if fact.member else None
        values = (fact.number, fact.business_day, fact.at_ms, member, fact.total_minor)
        self._run(_SALE, (fact.id.bytes, *values))
        self._charge(fact.lines, 1)
        for tender in fact.tenders:
            if tender.means == "gift_card":
                self._run(_GIFT_CARD, (tender.reference, -tender.amount_minor))

    def _refunded(self, fact: SaleRefunded) -> None:
        sale, member = fact.sale and fact.sale.bytes, fact.member and fact.member.bytes
        place = (fact.business_day, fact.at_ms, member, fact.total_minor)
        self._run(_REFUND, (fact.id.bytes, fact.number, sale, *place))
        if sale is not None:
            for line in fact.lines:
                self._run(_RETURNED, (sale, line.line, line.qty_milli))
        self._charge(fact.lines, -1)
        for tender in fact.tenders:
            if tender.means == "gift_card":
                self._run(_GIFT_CARD, (tender.reference, tender.amount_minor))

    def _charge(self, lines: Iterable[SoldLine], sign: int) -> None:
        """What gift cards that were sold are worth."""
        for line in lines:
            if line.apart == "gift_card" and line.code:
                self._run(_GIFT_CARD, (line.code, sign * line.net_minor))

    def _count_codes(self, fact: AnyFact) -> None:
        for effect in effects_of(fact):
            if isinstance(effect, CodeUsed):
                member = member_of(fact)
                self._run(_CODE, (effect.code, member.bytes if member else b"", effect.times))
