"""Registering afterwards what a fiscal device never registered: a correction, by a manager, with its reason.

A sale can come to be without a document: before the till had a device, or after one broke and the cashier
said how it went. The order is that of a sale: kept first under an id of its own, asked for once, and what
nobody knows is asked about, never requested again. A sale is corrected once: the fact's id follows from the
sale's.
"""

from __future__ import annotations

import uuid
from typing import Final

import msgspec

from app.checkout import basket as open_basket
from app.checkout.basket import Pending, Stage
from app.checkout.fiscal import fiscal_document
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, note, refused
from app.checkout.ports import Work
from app.checkout.registering import AGAIN_S, refusal
from app.checkout.rights import Approval
from app.ledger.facts import FiscalCorrected, SaleCompleted, correction_id
from hardware.ports import FiscalOutcome, FiscalResult

UNREGISTERED: Final = ("", "by_hand")
"""What stands for a document's number on a sale of which no device has given one."""


class Correcting:
    """Corrections, one at a time."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart
        self._asked_s = 0.0

    @property
    def open(self) -> bool:
        """Whether a correction is with the device, or nobody knows whether it is."""
        pending = self._heart.sale.pending
        return pending is not None and pending.correction is not None

    def stopped(self, sale: SaleCompleted) -> Outcome | None:
        """Why this sale cannot be corrected here; None if it can."""
        outside = self._heart.outside
        if not outside.must_register or outside.fiscal is None:
            return refused("fiscal_missing")
        if not outside.fiscal.abilities.corrections:
            return refused("fiscal_no_corrections")
        if sale.fiscal not in UNREGISTERED or self._heart.sales.corrected(sale.id) is not None:
            return refused("fiscal_there")
        return None

    def correct(
        self, sale: uuid.UUID, *, reason: str, approval: Approval | None = None, answer: Answer = ignore
    ) -> None:
        """Have a past sale registered; `answer` hears that it is on its way, the screen what came of it."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        if heart.shift is None:
            return answer(refused("no_shift"))
        found = heart.sales.sale(sale)
        if found is None:
            return answer(refused("sale_unknown"))
        if (stopped := self.stopped(found)) is not None:
            return answer(stopped)
        if not reason.strip():
            return answer(refused("reason_missing"))
        paid_minor = sum(tender.amount_minor for tender in found.tenders)
        about = {"number": found.number, "amount_minor": paid_minor}
        if (no := heart.lacking("fiscal_correction", approval, about=about)) is not None:
            return answer(no)
        fact = FiscalCorrected(
            id=correction_id(sale),
            at_ms=heart.world.now_ms(),
            sale=sale,
            amount_minor=paid_minor,
            reason=reason,
            cashier=heart.cashier,
            approved_by=approval.by if approval else "",
        )
        request = str(heart.world.new_id())
        document = fiscal_document(found, request)
        document = msgspec.structs.replace(document, kind="correction", cashier=heart.cashier)

        def on(outcome: Outcome) -> None:
            if outcome.refused or heart.outside.fiscal is None:
                return answer(outcome)
            self._wait()
            answer(outcome)
            return heart.outside.fiscal.register(document, self._heard)

        return self._keep(Pending(correction=fact, fiscal=request), done("registering"), on)

    def resume(self) -> None:
        """After a restart, by the cashier's wish, or by itself: ask the device what became of it."""
        outside, pending = self._heart.outside, self._heart.sale.pending
        if pending is None or pending.correction is None or outside.waits_for:
            return
        if outside.fiscal is None:
            outside.heard(refused("fiscal_missing"))
            return
        self._wait()
        outside.fiscal.resolve(pending.fiscal, self._heard)

    def remind(self) -> None:
        """Once a second: a device of which nobody knows is asked again by itself."""
        if self._heart.outside.fiscal and self._heart.world.monotonic_s() - self._asked_s >= AGAIN_S:
            self.resume()

    def settle(self, *, registered: bool, answer: Answer = ignore) -> None:
        """The cashier's word, where the till has no fiscal device any more that could be asked."""
        if self._heart.outside.fiscal is not None:
            return answer(refused("fiscal_unknown"))
        outcome = FiscalOutcome.REGISTERED if registered else FiscalOutcome.REFUSED
        return self._came(FiscalResult(outcome, number="by_hand", code="by_hand"), answer)

    # -- within ------------------------------------------------------------------------------------------

    def _wait(self) -> None:
        self._heart.outside.waits_for = "fiscal"
        self._asked_s = self._heart.world.monotonic_s()

    def _heard(self, result: FiscalResult) -> None:
        heart = self._heart
        heart.outside.waits_for, self._asked_s = "", heart.world.monotonic_s()
        heart.when_free(lambda: self._came(result, heart.outside.heard))

    def _came(self, result: FiscalResult, answer: Answer) -> None:
        pending = self._heart.sale.pending
        if pending is None or pending.correction is None:
            return None  # an answer to a question that was settled meanwhile
        match result.outcome:
            case FiscalOutcome.REGISTERED:
                return self._write(msgspec.structs.replace(pending.correction, fiscal=result.number), answer)
            case FiscalOutcome.REFUSED:
                return self._keep(None, refusal(result), answer)
            case FiscalOutcome.UNKNOWN:
                return answer(note("fiscal_unknown"))

    def _keep(self, pending: Pending | None, outcome: Outcome, answer: Answer) -> None:
        """The basket in hand with or without a correction on its way, durable before the answer."""
        heart = self._heart
        stage = Stage.OPEN if pending is None else Stage.TENDERED
        kept = msgspec.structs.replace(heart.sale, stage=stage, pending=pending)

        def written() -> Outcome:
            heart.sale = kept
            return outcome

        payload = None if pending is None and kept.untouched else open_basket.to_bytes(kept)
        heart.write(Work(basket=payload, at_ms=heart.world.now_ms()), written, answer)

    def _write(self, fact: FiscalCorrected, answer: Answer) -> None:
        heart = self._heart
        again = msgspec.structs.replace(heart.sale, stage=Stage.OPEN, pending=None)
        act = heart.privileged(
            "fiscal_correction", reason=fact.reason, amount_minor=fact.amount_minor, subject=fact.sale
        )
        act = msgspec.structs.replace(act, cashier=fact.cashier, approved_by=fact.approved_by)

        def written() -> Outcome:
            heart.sale = again
            return done("fiscal_corrected", number=fact.fiscal)

        payload = None if again.untouched else open_basket.to_bytes(again)
        heart.write(Work(facts=(fact, act), basket=payload, at_ms=heart.world.now_ms()), written, answer)
