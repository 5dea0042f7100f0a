"""Goods that come back without their sale: a manager decides what they are worth, and the fact names no sale.

For a member, the points that these goods would earn today are taken back: without that, buying, earning and
bringing back would be a way to points. Stamps and levels stay, since nobody knows whether they came of it.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from app.checkout.basket import APART
from app.checkout.cash import rounded_minor
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, refused
from app.checkout.paper.refund import refund_document
from app.checkout.ports import Member, Product, Slip, Work
from app.checkout.refunds import Means
from app.checkout.rights import Approval
from app.ledger.facts import SaleRefunded, SoldLine, Tender
from app.loyalty.basket import NO_DISCOUNT_TAG, Basket, Context, Line
from app.loyalty.effects import PointsEarned, PointsTakenBack
from app.loyalty.engine import evaluate
from app.loyalty.state import apply
from app.values import line_gross
from hardware.receipt import PrintJob


class BroughtBack(NamedTuple):
    """Goods without their sale, at the price that a manager gives for them."""

    product: Product
    qty_milli: int
    price_minor: int

    @property
    def amount_minor(self) -> int:
        return line_gross(self.price_minor, self.qty_milli)


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What would go back: money, rounded where it is cash; the points that go, and the member after that."""

    money_minor: int
    cash_minor: int
    effects: tuple[PointsTakenBack, ...] = ()
    member: Member | None = None

    @property
    def points_taken_centi(self) -> int:
        return sum(effect.amount_centi for effect in self.effects)


class Receiptless:
    """Refunds without a receipt."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart

    def preview(self, goods: Sequence[BroughtBack], member: uuid.UUID | None = None) -> Worth | Outcome:
        """What goes back for these goods; a refusal where that cannot be."""
        heart = self._heart
        if heart.outside.refunds_are_registered:
            return refused("fiscal_no_sale")
        if not goods or any(each.qty_milli <= 0 or each.price_minor < 0 for each in goods):
            return refused("nothing_to_return")
        money_minor = sum(each.amount_minor for each in goods)
        whose = heart.load(member)
        effects = self._taken(goods, whose) if whose else ()
        if whose is not None:
            after = apply(whose.state, effects, heart.world.now_ms())
            whose = msgspec.structs.replace(whose, state=after)
        return Worth(
            money_minor=money_minor,
            cash_minor=rounded_minor(money_minor, heart.shop),
            effects=effects,
            member=whose,
        )

    def refund(
        self,
        goods: Sequence[BroughtBack],
        means: Means = "cash",
        *,
        reason: str,
        member: uuid.UUID | None = None,
        approval: Approval | None = None,
        answer: Answer = ignore,
    ) -> None:
        """Take the goods back; it stands on paper, in the log and among the day's exceptions."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        if heart.shift is None:
            return answer(refused("no_shift"))
        worth = self.preview(goods, member)
        if isinstance(worth, Outcome):
            return answer(worth)
        if not reason.strip():
            return answer(refused("reason_missing"))
        about = {"amount_minor": worth.money_minor}
        if (lacking := heart.lacking("refund_without_sale", approval, about=about)) is not None:
            return answer(lacking)
        fact = self._fact(goods, worth, means, reason, approval)
        document = refund_document(fact, heart.shop, heart.programme, member=worth.member)
        slip = Slip("refund", PrintJob(document, open_drawer=means == "cash"), fact.id)
        act = heart.privileged(
            "refund_without_sale", approval, reason=reason, amount_minor=fact.total_minor, subject=fact.id
        )

        def written() -> Outcome:
            heart.next_number += 1
            heart.refresh_member(member)
            paid = sum(tender.amount_minor for tender in fact.tenders)
            return done("refunded", amount_minor=paid, number=fact.number)

        work = Work(facts=(fact, act), slips=(slip,), keep_basket=True, at_ms=fact.at_ms)
        return heart.write(work, written, answer)

    # -- within ------------------------------------------------------------------------------------------

    def _taken(self, goods: Sequence[BroughtBack], member: Member) -> tuple[PointsTakenBack, ...]:
        """The points that the member would earn by buying just this at these prices now."""
        heart = self._heart
        context = Context(
            at_ms=heart.world.now_ms(),
            store=heart.shop.store,
            till=heart.shop.till,
            member_id=str(member.id),
            time_zone=heart.shop.time_zone,
        )
        lines = tuple(
            _priced(number, each)
            for number, each in enumerate(goods, 1)
            if each.price_minor and APART.isdisjoint(each.product.tags)
        )
        decision = evaluate(heart.programme, member.state, Basket(lines), context)
        earned: Counter[str] = Counter()
        for effect in decision.effects:
            if isinstance(effect, PointsEarned):
                earned[effect.lot.rule] += effect.lot.amount_centi
        return tuple(PointsTakenBack(rule, "", centi) for rule, centi in sorted(earned.items()) if centi > 0)

    def _fact(
        self,
        goods: Sequence[BroughtBack],
        worth: Worth,
        means: Means,
        reason: str,
        approval: Approval | None,
    ) -> SaleRefunded:
        heart = self._heart
        assert heart.shift is not None
        paid_minor = worth.cash_minor if means == "cash" else worth.money_minor
        return SaleRefunded(
            id=heart.world.new_id(),
            at_ms=heart.world.now_ms(),
            number=heart.next_number,
            shift=heart.shift.id,
            business_day=heart.shift.business_day,
            cashier=heart.cashier,
            currency=heart.shop.currency,
            sale=None,
            lines=tuple(_line(number, each) for number, each in enumerate(goods, 1)),
            goods_minor=worth.money_minor,
            total_minor=worth.money_minor,
            rounding_minor=worth.money_minor - paid_minor,
            tenders=(Tender(means=means, amount_minor=paid_minor),),
            reason=reason,
            approved_by=approval.by if approval else "",
            member=worth.member.id if worth.member else None,
            effects=worth.effects,
        )


def _priced(number: int, each: BroughtBack) -> Line:
    """At what is given for it, so that nothing comes off twice."""
    product = each.product
    return Line(
        id=str(number),
        sku=product.sku,
        category=product.category,
        brand=product.brand,
        tags=(*product.priced_tags, NO_DISCOUNT_TAG),
        qty_milli=each.qty_milli,
        unit_price_minor=each.price_minor,
        tax=product.tax,
    )


def _line(number: int, each: BroughtBack) -> SoldLine:
    return SoldLine(
        line=number,
        sku=each.product.sku,
        name=each.product.name,
        category=each.product.category,
        qty_milli=each.qty_milli,
        price_minor=each.price_minor,
        gross_minor=each.amount_minor,
        net_minor=each.amount_minor,
        tax=each.product.tax,
    )
