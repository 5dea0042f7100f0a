"""What comes back towards the sale in hand."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

import msgspec

from app.checkout.basket import Exchange, OpenSale
from app.checkout.heart import Heart
from app.checkout.outcome import Outcome, done, refused
from app.checkout.paper.refund import refund_document
from app.checkout.ports import Slip
from app.checkout.refunds import Refunds
from app.checkout.rights import Approval
from app.ledger.facts import SaleRefunded, Tender
from hardware.receipt import PrintJob


class Exchanges:
    """Goods that come back for others."""

    def __init__(self, heart: Heart, refunds: Refunds) -> None:
        self._heart: Final = heart
        self._refunds: Final = refunds

    def exchange(
        self,
        sale: uuid.UUID,
        quantities: Mapping[int, int],
        *,
        reason: str = "",
        approval: Approval | None = None,
    ) -> Outcome:
        """Put what these goods are worth towards the sale in hand; both are written when that is paid."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.sale.exchange is not None:
            return refused("exchange_here")
        worth = self._refunds.preview(sale, quantities)
        if isinstance(worth, Outcome):
            return worth
        if (lacking := self._refunds.lacking(worth, approval)) is not None:
            return lacking
        put = Exchange(
            sale=sale,
            quantities={line: qty for line, qty in quantities.items() if qty},
            credit_minor=worth.money_minor,
            reason=reason,
            member=worth.of.member,
            effects=worth.effects,
            approved_by=approval.by if approval else "",
        )
        heart.sale = msgspec.structs.replace(heart.sale, exchange=put)
        heart.reprice()
        return done("exchanging", credit_minor=worth.money_minor)

    def drop_exchange(self) -> Outcome:
        """The goods stay with the customer after all."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.sale.exchange is None:
            return refused("no_tender")
        heart.sale = msgspec.structs.replace(heart.sale, exchange=None)
        heart.reprice()
        return done("left_to_pay", due_minor=heart.left_minor)

    def settled(self, sale: OpenSale) -> tuple[SaleRefunded, Slip] | Outcome | None:
        """The refund that pays for a part of this sale, as it is written beside it; None without one."""
        put = sale.exchange
        if put is None:
            return None
        worth = self._refunds.preview(put.sale, put.quantities)
        if isinstance(worth, Outcome):
            return worth
        if worth.money_minor != put.credit_minor:
            return refused("exchange_changed")
        money = (Tender(means="exchange", amount_minor=put.credit_minor, reference=str(sale.id)),)
        fact = self._refunds.fact(
            worth, money, reason=put.reason, approved_by=put.approved_by, exchange=sale.id
        )
        heart = self._heart
        document = refund_document(fact, heart.shop, heart.programme, sold=worth.of.sale, member=worth.member)
        return fact, Slip("refund", PrintJob(document), fact.id)
