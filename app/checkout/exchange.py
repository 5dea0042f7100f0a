"""What comes back in another way: towards the sale in hand, or without a sale that anybody knows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from app.checkout.basket import Exchange, OpenSale
from app.checkout.cash import rounded_minor
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, refused
from app.checkout.paper.refund import refund_document
from app.checkout.ports import Product, Slip, Work
from app.checkout.refunds import Means, Refunds
from app.checkout.rights import Approval
from app.ledger.facts import SaleRefunded, SoldLine, Tender
from app.values import line_gross
from hardware.receipt import PrintJob


class BroughtBack(NamedTuple):
    """Goods without their sale, at the price that a manager gives for them."""

    product: Product
    qty_milli: int
    price_minor: int


class Exchanges:
    """Goods that come back for others, or without their receipt."""

    def __init__(self, heart: Heart, refunds: Refunds) -> None:
        self._heart: Final = heart
        self._refunds: Final = refunds

    def exchange(self, sale: uuid.UUID, quantities: Mapping[int, int], *, reason: str = "") -> Outcome:
        """Put what these goods are worth towards the sale in hand; both are written when that is paid."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.sale.exchange is not None:
            return refused("exchange_here")
        worth = self._refunds.preview(sale, quantities)
        if isinstance(worth, Outcome):
            return worth
        put = Exchange(
            sale=sale,
            quantities={line: qty for line, qty in quantities.items() if qty},
            credit_minor=worth.money_minor,
            reason=reason,
            member=worth.of.member,
            effects=worth.effects,
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
        fact = self._refunds.fact(worth, money, reason=put.reason, exchange=sale.id)
        heart = self._heart
        document = refund_document(fact, heart.shop, heart.programme, sold=worth.of.sale, member=worth.member)
        return fact, Slip("refund", PrintJob(document), fact.id)

    def refund_without_sale(
        self,
        goods: Sequence[BroughtBack],
        means: Means = "cash",
        *,
        reason: str,
        approval: Approval | None = None,
        answer: Answer = ignore,
    ) -> None:
        """Take goods back whose sale nobody can show: a manager decides, and the fact names no sale."""
        heart = self._heart
        if heart.busy:
            return answer(refused("busy"))
        if heart.shift is None:
            return answer(refused("no_shift"))
        if heart.outside.refunds_are_registered:
            return answer(refused("fiscal_no_sale"))
        if not goods or any(each.qty_milli <= 0 or each.price_minor < 0 for each in goods):
            return answer(refused("nothing_to_return"))
        if not reason.strip():
            return answer(refused("reason_missing"))
        if (lacking := heart.lacking("refund_without_sale", approval)) is not None:
            return answer(lacking)
        fact = self._without_sale(goods, means, reason, approval)
        document = refund_document(fact, heart.shop, heart.programme)
        slip = Slip("refund", PrintJob(document, open_drawer=means == "cash"), fact.id)
        act = heart.privileged(
            "refund_without_sale",
            approval,
            reason=reason,
            amount_minor=fact.total_minor,
            subject=fact.id,
        )

        def written() -> Outcome:
            heart.next_number += 1
            paid = sum(tender.amount_minor for tender in fact.tenders)
            return done("refunded", amount_minor=paid, number=fact.number)

        work = Work(facts=(fact, act), slips=(slip,), keep_basket=True, at_ms=fact.at_ms)
        return heart.write(work, written, answer)

    def _without_sale(
        self, goods: Sequence[BroughtBack], means: Means, reason: str, approval: Approval | None
    ) -> SaleRefunded:
        heart = self._heart
        assert heart.shift is not None
        lines = tuple(_line(number, each) for number, each in enumerate(goods, 1))
        total_minor = sum(line.net_minor for line in lines)
        paid_minor = rounded_minor(total_minor, heart.shop) if means == "cash" else total_minor
        return SaleRefunded(
            id=heart.world.new_id(),
            at_ms=heart.world.now_ms(),
            number=heart.next_number,
            shift=heart.shift.id,
            business_day=heart.shift.business_day,
            cashier=heart.cashier,
            currency=heart.shop.currency,
            sale=None,
            lines=lines,
            goods_minor=total_minor,
            total_minor=total_minor,
            rounding_minor=total_minor - paid_minor,
            tenders=(Tender(means=means, amount_minor=paid_minor),),
            reason=reason,
            approved_by=approval.by if approval else "",
        )


def _line(number: int, each: BroughtBack) -> SoldLine:
    amount_minor = line_gross(each.price_minor, each.qty_milli)
    return SoldLine(
        line=number,
        sku=each.product.sku,
        name=each.product.name,
        category=each.product.category,
        qty_milli=each.qty_milli,
        price_minor=each.price_minor,
        gross_minor=amount_minor,
        net_minor=amount_minor,
        tax=each.product.tax,
    )
