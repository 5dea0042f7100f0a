"""Giving back outside the till: a refund that a terminal pays out and a fiscal device registers.

The refund is kept with the basket in hand before either hears of it, under ids of its own: first the
terminal, then the device, then the fact. What nobody knows is asked, as with a sale. A card that got its
money back stays so, and the device is asked again, under a new id, until it takes the refund.
"""

from __future__ import annotations

from typing import Final

import msgspec

from app.checkout import basket as open_basket
from app.checkout.basket import OpenTender, Pending, Stage
from app.checkout.fiscal import fiscal_document
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, note, refused
from app.checkout.paper.refund import refund_document
from app.checkout.ports import Member, Slip, Work
from app.checkout.registering import AGAIN_S, refusal
from app.ledger.facts import SaleCompleted, SaleRefunded, Tender
from hardware.ports import ChargeOutcome, ChargeResult, FiscalOutcome, FiscalResult
from hardware.receipt import PrintJob


class Returning:
    """Refunds, from what they are worth to the fact. Only one is on its way at a time."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart
        self._asked_s = 0.0

    @property
    def open(self) -> bool:
        """Whether a refund is on its way."""
        pending = self._heart.sale.pending
        return pending is not None and pending.refund is not None

    def give(self, fact: SaleRefunded, sold: SaleCompleted, member: Member | None, answer: Answer) -> None:
        """Write a refund, once terminal and fiscal device have done their part of it.

        `answer` hears that it is written, or on its way: what came of it then is heard outside.
        """
        heart, outside = self._heart, self._heart.outside
        asked = self._asked(fact, sold)
        if asked is None and not self._heart.outside.refunds_are_registered:
            return self._write(fact, member, answer)
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        if outside.must_register and outside.fiscal is None:
            return answer(refused("fiscal_missing"))
        pending = Pending(asked=asked, refund=fact)

        def on(outcome: Outcome) -> None:
            if outcome.refused:
                return answer(outcome)
            outside.waits_for = "terminal" if asked else "fiscal"
            said = "follow_terminal" if asked else "registering"
            answer(done(said, due_minor=asked.amount_minor if asked else fact.total_minor))
            return self._reverse(asked) if asked else self._register()

        return self._keep(pending, on)

    def settle(self, *, given: bool, answer: Answer = ignore) -> None:
        """The cashier's word on whether the terminal gave the money back.

        Or, where there is no fiscal device any more that could be asked, on whether it printed the refund.
        """
        pending = self._heart.sale.pending
        if self._heart.locked:
            return answer(refused("locked"))
        if pending is None or pending.refund is None:
            return answer(refused("nothing_tendered"))
        if self._heart.outside.waits_for:
            return answer(refused("terminal_asked"))
        if pending.asked is None:
            if self._heart.outside.fiscal is not None:
                return answer(refused("fiscal_unknown"))
            fact = msgspec.structs.replace(pending.refund, fiscal="by_hand" if given else "")
            return self._write(fact, self._heart.load(fact.member), answer)
        outcome = ChargeOutcome.APPROVED if given else ChargeOutcome.DECLINED
        return self._reversed(ChargeResult(outcome, code="by_hand"), answer)

    def resume(self) -> None:
        """After a restart, by the cashier's wish, or by itself: ask what became of it."""
        heart, outside, pending = self._heart, self._heart.outside, self._heart.sale.pending
        if pending is None or pending.refund is None or outside.waits_for:
            return
        if pending.asked is not None:
            if outside.cabled is not None:
                self._wait("terminal")
                outside.cabled.ask(pending.asked.reversal, self._terminal_said)
        elif outside.fiscal is None:
            outside.heard(refused("fiscal_missing"))
        elif pending.fiscal:
            self._wait("fiscal")
            outside.fiscal.resolve(pending.fiscal, self._device_said)
        else:
            heart.when_free(self._register)

    def remind(self) -> None:
        """Once a second: what nobody knows is asked again by itself."""
        if self.open and self._heart.world.monotonic_s() - self._asked_s >= AGAIN_S:
            self.resume()

    # -- the terminal ------------------------------------------------------------------------------------

    def _asked(self, fact: SaleRefunded, sold: SaleCompleted) -> OpenTender | None:
        """What the terminal is to give back: as much as one card paid, by the id it was charged under."""
        money = next((tender for tender in fact.tenders if tender.means == "card"), None)
        if money is None or self._heart.outside.cabled is None:
            return None
        paid = next((t for t in sold.tenders if t.request and t.amount_minor >= money.amount_minor), None)
        if paid is None:
            return None
        reversal = str(self._heart.world.new_id())
        return OpenTender(
            key=0, means="card", amount_minor=money.amount_minor, request=paid.request, reversal=reversal
        )

    def _reverse(self, asked: OpenTender) -> None:
        terminal, currency = self._heart.outside.cabled, self._heart.shop.currency
        assert terminal is not None
        self._wait("terminal")
        terminal.reverse(asked.reversal, asked.request, asked.amount_minor, currency, self._terminal_said)

    def _terminal_said(self, result: ChargeResult) -> None:
        heart = self._heart
        heart.outside.waits_for, self._asked_s = "", heart.world.monotonic_s()
        heart.when_free(lambda: self._reversed(result, heart.outside.heard))

    def _reversed(self, result: ChargeResult, answer: Answer) -> None:
        pending = self._heart.sale.pending
        if pending is None or pending.refund is None or pending.asked is None:
            return None
        if result.outcome is ChargeOutcome.UNKNOWN:
            return answer(note("reverse_unknown"))
        if result.outcome is ChargeOutcome.DECLINED:
            return self._leave(refused("reverse_refused", reason=result.detail or result.code), answer)
        tenders = tuple(_given(tender, pending.asked, result.reference) for tender in pending.refund.tenders)
        fact = msgspec.structs.replace(pending.refund, tenders=tenders)
        if not self._heart.outside.refunds_are_registered:
            return self._write(fact, self._heart.load(fact.member), answer)

        def on(outcome: Outcome) -> None:
            if outcome.refused:
                answer(outcome)
            else:
                self._register()

        return self._keep(Pending(refund=fact), on)

    # -- the fiscal device -------------------------------------------------------------------------------

    def _register(self) -> None:
        """Ask the device, under a new id that is kept first: the one before was refused for certain."""
        heart, pending = self._heart, self._heart.sale.pending
        assert pending is not None
        assert pending.refund is not None
        request, fact = str(heart.world.new_id()), pending.refund
        sold = heart.sales.sale(fact.sale) if fact.sale else None

        def on(outcome: Outcome) -> None:
            if outcome.refused or heart.outside.fiscal is None:
                heart.outside.waits_for = ""
                return heart.outside.heard(outcome if outcome.refused else refused("fiscal_missing"))
            self._wait("fiscal")
            document = fiscal_document(fact, request, sold.fiscal if sold else "")
            return heart.outside.fiscal.register(document, self._device_said)

        self._keep(Pending(refund=fact, fiscal=request), on)

    def _device_said(self, result: FiscalResult) -> None:
        heart = self._heart
        heart.outside.waits_for, self._asked_s = "", heart.world.monotonic_s()
        heart.when_free(lambda: self._registered(result))

    def _registered(self, result: FiscalResult) -> None:
        heart, pending = self._heart, self._heart.sale.pending
        if pending is None or pending.refund is None:
            return None
        if result.outcome is FiscalOutcome.UNKNOWN:
            return heart.outside.heard(note("fiscal_unknown"))
        if result.outcome is FiscalOutcome.REFUSED:
            if any(tender.request for tender in pending.refund.tenders):
                # The card has its money back already: only the device can end this.
                said = refusal(result)
                return self._keep(Pending(refund=pending.refund), lambda _: heart.outside.heard(said))
            return self._leave(refusal(result), heart.outside.heard)
        fact = msgspec.structs.replace(pending.refund, fiscal=result.number)
        return self._write(fact, heart.load(fact.member), heart.outside.heard)

    # -- within ------------------------------------------------------------------------------------------

    def _wait(self, what: str) -> None:
        outside = self._heart.outside
        outside.waits_for = "terminal" if what == "terminal" else "fiscal"
        self._asked_s = self._heart.world.monotonic_s()

    def _keep(self, pending: Pending, answer: Answer) -> None:
        """The basket in hand with a refund on its way, durable before the answer."""
        heart = self._heart
        kept = msgspec.structs.replace(heart.sale, stage=Stage.TENDERED, pending=pending)

        def written() -> Outcome:
            heart.sale = kept
            return done("registering")

        work = Work(basket=open_basket.to_bytes(kept), at_ms=heart.world.now_ms())
        heart.write(work, written, answer)

    def _leave(self, outcome: Outcome, answer: Answer) -> None:
        """Nothing went back: the basket as it was."""
        heart = self._heart
        again = msgspec.structs.replace(heart.sale, stage=Stage.OPEN, pending=None)

        def written() -> Outcome:
            heart.sale = again
            return outcome

        payload = None if again.untouched else open_basket.to_bytes(again)
        heart.write(Work(basket=payload, at_ms=heart.world.now_ms()), written, answer)

    def _write(self, fact: SaleRefunded, member: Member | None, answer: Answer) -> None:
        heart = self._heart
        sold = heart.sales.sale(fact.sale) if fact.sale else None
        document = refund_document(fact, heart.shop, heart.programme, sold=sold, member=member)
        cash = any(tender.means == "cash" for tender in fact.tenders)
        paid_minor = sum(t.amount_minor for t in fact.tenders if t.means in ("cash", "card"))
        again = msgspec.structs.replace(heart.sale, stage=Stage.OPEN, pending=None)
        on_its_way = self.open

        def written() -> Outcome:
            if on_its_way:
                heart.sale = again
            heart.next_number += 1
            heart.refresh_member(fact.member)
            return done("refunded", amount_minor=paid_minor, number=fact.number)

        work = Work(
            facts=(fact,),
            slips=(Slip("refund", PrintJob(document, open_drawer=cash), fact.id),),
            basket=None if again.untouched or not on_its_way else open_basket.to_bytes(again),
            keep_basket=not on_its_way,
            at_ms=fact.at_ms,
        )
        heart.write(work, written, answer)


def _given(tender: Tender, asked: OpenTender, reference: str) -> Tender:
    if tender.means != "card":
        return tender
    return msgspec.structs.replace(tender, reference=reference, request=asked.reversal)
