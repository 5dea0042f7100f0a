"""Charging a card on a terminal: durable before it is asked, and only its word leads on."""

from __future__ import annotations

from typing import Final

import msgspec

from app.checkout import basket as open_basket
from app.checkout.basket import OpenTender, Pending, Stage
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, note, refused
from app.checkout.paying import Paying
from app.checkout.ports import Work
from app.ledger.facts import SaleTendered, SaleVoided, Tender


class Charging:
    """The card terminal beside the till, which the cashier works."""

    def __init__(self, heart: Heart, paying: Paying) -> None:
        self._heart: Final = heart
        self._paying: Final = paying

    def ask_terminal(self, answer: Answer = ignore, amount_minor: int | None = None) -> None:
        """Make the tender durable before the card terminal is asked for money (`settle_terminal` follows).

        `amount_minor` is a part of what is due, all of it unless given.
        """
        if (stopped := self._paying.payable()) is not None:
            return answer(stopped)
        heart = self._heart
        amount_minor = self._paying.due_minor if amount_minor is None else amount_minor
        if not 0 < amount_minor <= self._paying.due_minor:
            return answer(refused("no_card_amount", due_minor=max(self._paying.due_minor, 0)))
        key, at_ms = open_basket.next_tender(heart.sale), heart.world.now_ms()
        asked = OpenTender(key=key, means="card", amount_minor=amount_minor)
        pending = Pending(asked=asked)
        if amount_minor == self._paying.due_minor:
            final = heart.evaluate(paying=True)
            sale = self._paying.sold(final, (Tender(means="card", amount_minor=amount_minor),), 0, at_ms)
            pending = Pending(sale, final, asked)
        tendered = msgspec.structs.replace(heart.sale, stage=Stage.TENDERED, pending=pending)
        fact = SaleTendered(
            id=heart.world.new_id(),
            at_ms=at_ms,
            sale=heart.sale.id,
            total_minor=heart.decision.total_minor,
            currency=heart.shop.currency,
            tenders=(Tender(means="card", amount_minor=amount_minor),),
        )

        def written() -> Outcome:
            heart.sale = tendered
            return done("ask_terminal", due_minor=amount_minor)

        work = Work(facts=(fact,), basket=open_basket.to_bytes(tendered), at_ms=at_ms)
        return heart.write(work, written, answer)

    def settle_terminal(self, *, charged: bool, reference: str = "", answer: Answer = ignore) -> None:
        """The terminal's (or, after a power cut, the cashier's) word on whether the card was charged."""
        heart = self._heart
        if (pending := heart.sale.pending) is None:
            return answer(refused("nothing_tendered"))
        if not charged:
            return self._not_charged(answer)
        if pending.sale is not None and pending.decision is not None:
            *before, last = pending.sale.tenders
            tenders = (*before, msgspec.structs.replace(last, reference=reference))
            sale = msgspec.structs.replace(pending.sale, at_ms=heart.world.now_ms(), tenders=tenders)
            return self._paying.complete(sale, pending.decision, answer)
        assert pending.asked is not None
        taken = msgspec.structs.replace(pending.asked, reference=reference)
        open_again = msgspec.structs.replace(heart.sale, stage=Stage.OPEN, pending=None)
        return self._paying.take(open_basket.with_tender(open_again, taken), (), answer)

    def _not_charged(self, answer: Answer) -> None:
        heart, at_ms = self._heart, self._heart.world.now_ms()
        fact = SaleVoided(id=heart.world.new_id(), at_ms=at_ms, sale=heart.sale.id, reason="not_charged")
        # The voided id is used up; the basket goes on under a new one.
        again = msgspec.structs.replace(heart.sale, id=heart.world.new_id(), stage=Stage.OPEN, pending=None)

        def written() -> Outcome:
            heart.sale = again
            if not again.tenders:
                heart.reprice(keep=False)
            return note("not_charged")

        work = Work(facts=(fact,), basket=open_basket.to_bytes(again), at_ms=at_ms)
        return heart.write(work, written, answer)
