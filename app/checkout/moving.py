"""A finished sale that belongs to another: a wrong card mended, a forgotten one claimed late, once."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec

from app.checkout.heart import Answer, Heart, ignore
from app.checkout.moment import budgets_left
from app.checkout.outcome import Outcome, done, refused
from app.checkout.ports import Member, Work
from app.checkout.rights import Approval
from app.ledger.facts import AnyFact, SaleCompleted, SaleGivenTo, SaleTakenFrom, SoldLine
from app.ledger.original import decision_of, discount_budgets, is_deposit, is_weighed, moved
from app.loyalty.basket import NO_DISCOUNT_TAG, WEIGHED_TAG, Basket, Context, Line
from app.loyalty.effects import AnyEffect, CodeUsed, GrantUsed, PointsSpent
from app.loyalty.engine import evaluate
from app.loyalty.refund import refund
from app.values import QTY_MILLI

DAY_MS: Final = 86_400_000


class Moving:
    """Whose a past sale is. Prices stand as they were paid; what is earned follows the sale."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart

    def move(
        self,
        sale: uuid.UUID,
        member: uuid.UUID | None,
        *,
        reason: str,
        approval: Approval | None = None,
        answer: Answer = ignore,
    ) -> None:
        """Take a sale from whoever has it and give it to `member` (None: to nobody)."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        found = heart.sales.sale(sale)
        if found is None:
            return answer(refused("sale_unknown"))
        owner = heart.sales.owner(sale)
        if owner is None:
            return answer(refused("sale_of_nobody"))
        if not reason.strip():
            return answer(refused("reason_missing"))
        about = {"number": found.number, "amount_minor": found.total_minor}
        if (no := heart.lacking("move_sale", approval, about=about)) is not None:
            return answer(no)
        to = heart.load(member)
        if (member is not None and to is None) or owner == (to.id if to else None):
            return answer(refused("same_member" if to else "no_member"))
        if (no := self._settled(found) or _used_up(found)) is not None:
            return answer(no)
        taken = SaleTakenFrom(
            id=heart.world.new_id(),
            at_ms=heart.world.now_ms(),
            sale=sale,
            member=owner,
            reason=reason,
            cashier=heart.cashier,
            effects=self._undone(found),
        )
        given = (self._given(found, to, reason),) if to else ()
        act = heart.privileged("move_sale", approval, reason=reason, subject=sale)
        return self._write((taken, *given, act), "sale_moved", answer)

    def claim(self, sale: uuid.UUID, member: uuid.UUID, answer: Answer = ignore) -> None:
        """A receipt brought by somebody whose card was forgotten: within the shop's days, and once."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        found, to = heart.sales.sale(sale), heart.load(member)
        if found is None or to is None:
            return answer(refused("sale_unknown" if found is None else "no_member"))
        # A sale that anybody ever had is not claimed but moved, by somebody who may.
        if found.member is not None or heart.sales.owner(sale) is not None:
            return answer(refused("claimed_already"))
        if heart.world.now_ms() - found.at_ms > heart.shop.claim_days * DAY_MS:
            return answer(refused("claimed_late", n=heart.shop.claim_days))
        if (no := self._settled(found)) is not None:
            return answer(no)
        return self._write((self._given(found, to, "late_claim"),), "sale_claimed", answer)

    # -- within ------------------------------------------------------------------------------------------

    def _settled(self, sale: SaleCompleted) -> Outcome | None:
        """Why what a sale did to its member cannot be carried over; None if it can."""
        if sale.points_minor:
            return refused("paid_in_points")
        return refused("came_back") if any(self._heart.sales.returned(sale.id).values()) else None

    def _undone(self, sale: SaleCompleted) -> tuple[AnyEffect, ...]:
        """What takes back all that the sale did to whoever has it now. Its discounts stay, and stay paid."""
        given = self._heart.sales.given(sale.id)
        original = decision_of(sale)
        if given is not None:
            original = moved(original, given.effects)
        stays = discount_budgets(original)
        # What a shared code took off stays off, and so is it counted.
        effects = tuple(e for e in original.effects if e not in stays and not isinstance(e, CodeUsed))
        original = msgspec.structs.replace(original, effects=effects)
        whole = {line.id: line.qty_milli for line in original.lines}
        return refund(original, whole, at_ms=self._heart.world.now_ms()).effects

    def _given(self, sale: SaleCompleted, to: Member, reason: str) -> SaleGivenTo:
        heart = self._heart
        context = Context(
            at_ms=sale.at_ms,
            store=heart.shop.store,
            till=heart.shop.till,
            sale_id=str(sale.id),
            member_id=str(to.id),
            time_zone=heart.shop.time_zone,
            budgets=budgets_left(heart.programme, heart.sales),
        )
        decision = evaluate(heart.programme, to.state, self._as_paid(sale), context)
        return SaleGivenTo(
            id=heart.world.new_id(),
            at_ms=heart.world.now_ms(),
            sale=sale.id,
            member=to.id,
            reason=reason,
            cashier=heart.cashier,
            effects=decision.effects,
        )

    def _as_paid(self, sale: SaleCompleted) -> Basket:
        """The goods at what was paid for them, so that nothing comes off twice."""
        goods = [line for line in sale.lines if not is_deposit(line)]
        return Basket(tuple(part for line in goods for part in self._parts(line)))

    def _parts(self, sold: SoldLine) -> list[Line]:
        product = self._heart.catalogue.product(sold.sku)
        tags = {*(product.priced_tags if product else ()), NO_DISCOUNT_TAG}
        if is_weighed(sold):
            tags.add(WEIGHED_TAG)  # whatever the list says now
        if WEIGHED_TAG in tags:
            # It counts as no piece: its net is the price of exactly what was weighed.
            split = [_per_kilogram(sold.net_minor, sold.qty_milli)]
        else:
            units = sold.qty_milli // QTY_MILLI
            low, over = divmod(sold.net_minor, units)
            split = [(low, (units - over) * QTY_MILLI)] + ([(low + 1, over * QTY_MILLI)] if over else [])
        return [
            Line(
                id=f"{sold.line}.{number}",
                sku=sold.sku,
                category=sold.category,
                qty_milli=qty,
                unit_price_minor=price,
                brand=product.brand if product else "",
                tags=tuple(sorted(tags)),
                tax=sold.tax,
            )
            for number, (price, qty) in enumerate(split)
        ]

    def _write(self, facts: tuple[AnyFact, ...], code: str, answer: Answer) -> None:
        heart = self._heart

        def written() -> Outcome:
            heart.refresh_member()
            return done(code)

        heart.write(Work(facts=facts, keep_basket=True, at_ms=heart.world.now_ms()), written, answer)


def _used_up(sale: SaleCompleted) -> Outcome | None:
    """Whether the member gave something for this sale that the other did not: it stays with the goods."""
    for effect in sale.effects:
        if isinstance(effect, PointsSpent) or (isinstance(effect, GrantUsed) and effect.restore):
            return refused("used_up_with_it")
    return None


def _per_kilogram(net_minor: int, qty_milli: int) -> tuple[int, int]:
    """A price and quantity of a weighed line that come to its net exactly: one kilogram's where none do."""
    price = (net_minor * QTY_MILLI * 2 + qty_milli) // (2 * qty_milli)
    exact = (price * qty_milli * 2 + QTY_MILLI) // (2 * QTY_MILLI) == net_minor
    return (price, qty_milli) if exact else (net_minor, QTY_MILLI)
