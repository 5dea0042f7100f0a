"""Registering a sale with the fiscal device: no sale without it, where the law wants it, and none twice.

The order: the sale is durable as tendered, the device is asked once, and only its word leads on. Registered,
the sale is completed with the device's number. Refused, it is open again, with the money that was taken on
its list of tenders. When nobody knows, the device is asked for its last document, at once, again and again,
and after a restart; a second request is never made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from app.checkout import basket as open_basket
from app.checkout.basket import OpenSale, Pending, Stage
from app.checkout.fiscal import fiscal_document
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, note, refused
from app.checkout.ports import Work
from app.ledger.facts import SaleCompleted, SaleTendered, SaleVoided
from app.loyalty.decision import Decision
from hardware.ports import FiscalOutcome, FiscalResult

Complete = Callable[[SaleCompleted, Decision, Answer], None]
AGAIN_S: Final = 5.0
"""How often a device of which nobody knows is asked by itself."""


class Registering:
    """`complete` writes a sale that is registered."""

    def __init__(self, heart: Heart, complete: Complete) -> None:
        self._heart: Final = heart
        self._complete = complete
        self._asked_s = 0.0

    @property
    def open(self) -> bool:
        """Whether a sale is with the device, or nobody knows whether it is."""
        pending = self._heart.sale.pending
        return pending is not None and bool(pending.fiscal) and pending.sale is not None

    def register(self, sale: SaleCompleted, decision: Decision, answer: Answer) -> None:
        """Make the sale durable and have it registered; `answer` hears that it is on its way."""
        heart = self._heart
        reopened = self._reopened(sale)
        if heart.outside.fiscal is None or heart.sale.exchange is not None:
            code = "fiscal_no_exchange" if heart.sale.exchange is not None else "fiscal_missing"
            return self._leave(reopened, refused(code), answer)
        request, at_ms = str(heart.world.new_id()), heart.world.now_ms()
        pending = Pending(sale, decision, fiscal=request)
        tendered = msgspec.structs.replace(reopened, stage=Stage.TENDERED, pending=pending)
        fact = SaleTendered(
            id=heart.world.new_id(),
            at_ms=at_ms,
            sale=sale.id,
            total_minor=sale.total_minor,
            currency=sale.currency,
            tenders=sale.tenders,
        )

        def written() -> Outcome:
            heart.sale = tendered
            return done("registering")

        def on(outcome: Outcome) -> None:
            if outcome.refused:
                return answer(outcome)
            self._wait()
            answer(outcome)
            return self._request(sale, request)

        # A card that was charged has made the sale durable before.
        facts = () if heart.sale.stage is Stage.TENDERED else (fact,)
        work = Work(facts=facts, basket=open_basket.to_bytes(tendered), at_ms=at_ms)
        return heart.write(work, written, on)

    def resume(self) -> None:
        """After a restart, or by the cashier's wish: ask the device what became of the sale in hand."""
        heart, pending = self._heart, self._heart.sale.pending
        if pending is None or not pending.fiscal or heart.outside.waits_for or heart.busy:
            return
        if heart.outside.fiscal is None:
            heart.outside.heard(refused("fiscal_missing"))
            return
        self._wait()
        heart.outside.fiscal.resolve(pending.fiscal, self._heard)

    def remind(self) -> None:
        """Once a second: a device of which nobody knows is asked again by itself."""
        heart = self._heart
        if self.open and heart.outside.fiscal and heart.world.monotonic_s() - self._asked_s >= AGAIN_S:
            self.resume()

    def settle(self, *, registered: bool, answer: Answer = ignore) -> None:
        """The cashier's word, where the till has no fiscal device any more that could be asked."""
        pending = self._heart.sale.pending
        if pending is None or not pending.fiscal:
            return answer(refused("nothing_tendered"))
        if self._heart.outside.fiscal is not None:
            return answer(refused("fiscal_unknown"))
        outcome = FiscalOutcome.REGISTERED if registered else FiscalOutcome.REFUSED
        return self._came(FiscalResult(outcome, code="by_hand"), answer)

    # -- within ------------------------------------------------------------------------------------------

    def _request(self, sale: SaleCompleted, request: str) -> None:
        fiscal = self._heart.outside.fiscal
        assert fiscal is not None
        fiscal.register(fiscal_document(sale, request), self._heard)

    def _wait(self) -> None:
        self._heart.outside.waits_for = "fiscal"
        self._asked_s = self._heart.world.monotonic_s()

    def _heard(self, result: FiscalResult) -> None:
        outside = self._heart.outside
        outside.waits_for = ""
        self._asked_s = self._heart.world.monotonic_s()
        self._heart.when_free(lambda: self._came(result, outside.heard))

    def _came(self, result: FiscalResult, answer: Answer) -> None:
        pending = self._heart.sale.pending
        if pending is None or pending.sale is None or pending.decision is None:
            return  # an answer to a question that was settled meanwhile
        match result.outcome:
            case FiscalOutcome.REGISTERED:
                sale = msgspec.structs.replace(pending.sale, fiscal=result.number or result.code)
                self._complete(sale, pending.decision, answer)
            case FiscalOutcome.REFUSED:
                self._leave(self._reopened(pending.sale), refusal(result), answer)
            case FiscalOutcome.UNKNOWN:
                answer(note("fiscal_unknown"))

    def _reopened(self, sale: SaleCompleted) -> OpenSale:
        """The basket as it is if the device refuses: open, and what a card was charged on the list."""
        basket = self._heart.sale
        pending = basket.pending
        open_again = msgspec.structs.replace(basket, stage=Stage.OPEN, pending=None)
        if pending is None or pending.asked is None:
            return open_again
        charged = msgspec.structs.replace(pending.asked, reference=sale.tenders[-1].reference)
        return open_basket.with_tender(open_again, charged)

    def _leave(self, basket: OpenSale, outcome: Outcome, answer: Answer) -> None:
        """Back to the basket; an id that was tendered is used up."""
        heart = self._heart
        if heart.sale.stage is not Stage.TENDERED:
            return answer(outcome)
        at_ms = heart.world.now_ms()
        void = SaleVoided(id=heart.world.new_id(), at_ms=at_ms, sale=heart.sale.id, reason="not_registered")
        again = msgspec.structs.replace(basket, id=heart.world.new_id())

        def written() -> Outcome:
            heart.go_on_as(again)
            heart.decision = heart.price()
            return outcome

        return heart.write(
            Work(facts=(void,), basket=open_basket.to_bytes(again), at_ms=at_ms), written, answer
        )


def refusal(result: FiscalResult) -> Outcome:
    """What a fiscal device's no means to the cashier."""
    known = result.code in _REFUSALS
    return refused(
        f"fiscal_{result.code}" if known else "fiscal_refused", reason=result.detail or result.code
    )


_REFUSALS: Final = frozenset(
    {"unreachable", "shift_expired", "shift_closed", "memory_full", "paper_out", "not_registered"}
)
