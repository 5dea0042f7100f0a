"""Paying: from the total said aloud to the sale that is written."""

from __future__ import annotations

from typing import Final

import msgspec

from app.checkout import basket as open_basket
from app.checkout.basket import Pending, Stage
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, note, refused
from app.checkout.ports import Slip, Work
from app.checkout.receipt import Receipt, sale_document
from app.checkout.writing import Place, sold
from app.ledger.facts import SaleCompleted, SaleTendered, SaleVoided, Tender
from app.loyalty.decision import Decision
from hardware.receipt import PrintJob


class Paying:
    """Money for goods. Once money is taken outside, only its outcome leads on."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart

    @property
    def due_minor(self) -> int:
        """What is left to pay in money."""
        return self._heart.decision.due_minor

    def start_payment(self) -> Outcome:
        """Price once more before money changes hands; what is shown from now on is what is paid."""
        if (stopped := self._payable()) is not None:
            return stopped
        self._heart.reprice()
        return done("due", due_minor=self.due_minor)

    def pay_cash(self, received_minor: int, answer: Answer = ignore) -> None:
        """Take cash, give change, complete the sale."""
        if (stopped := self._payable()) is not None:
            return answer(stopped)
        heart, due_minor = self._heart, self.due_minor
        if received_minor < due_minor:
            return answer(refused("short", missing_minor=due_minor - received_minor))
        tenders = (Tender(means="cash", amount_minor=due_minor),) if due_minor else ()
        final = heart.evaluate(paying=True)
        sale = self._sold(final, tenders, received_minor - due_minor, heart.world.now_ms())
        return self._complete(sale, final, answer)

    def ask_terminal(self, answer: Answer = ignore) -> None:
        """Make the sale durable before the card terminal is asked for money (`settle_terminal` follows)."""
        if (stopped := self._payable()) is not None:
            return answer(stopped)
        heart = self._heart
        at_ms, due_minor = heart.world.now_ms(), self.due_minor
        final = heart.evaluate(paying=True)
        sale = self._sold(final, (Tender(means="card", amount_minor=due_minor),), 0, at_ms)
        tendered = msgspec.structs.replace(heart.sale, stage=Stage.TENDERED, pending=Pending(sale, final))
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
            return done("ask_terminal", due_minor=due_minor)

        work = Work(facts=(fact,), basket=open_basket.to_bytes(tendered), at_ms=at_ms)
        return heart.write(work, written, answer)

    def settle_terminal(self, *, charged: bool, reference: str = "", answer: Answer = ignore) -> None:
        """The terminal's (or, after a power cut, the cashier's) word on whether the card was charged."""
        heart = self._heart
        if (pending := heart.sale.pending) is None:
            return answer(refused("nothing_tendered"))
        at_ms = heart.world.now_ms()
        if charged:
            tenders = tuple(msgspec.structs.replace(t, reference=reference) for t in pending.sale.tenders)
            sale = msgspec.structs.replace(pending.sale, at_ms=at_ms, tenders=tenders)
            return self._complete(sale, pending.decision, answer)
        fact = SaleVoided(id=heart.world.new_id(), at_ms=at_ms, sale=heart.sale.id, reason="not_charged")
        # The voided id is used up; the basket goes on under a new one.
        again = msgspec.structs.replace(heart.sale, id=heart.world.new_id(), stage=Stage.OPEN, pending=None)

        def written() -> Outcome:
            heart.sale = again
            heart.reprice(keep=False)
            return note("not_charged")

        work = Work(facts=(fact,), basket=open_basket.to_bytes(again), at_ms=at_ms)
        return heart.write(work, written, answer)

    def _payable(self) -> Outcome | None:
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.shift is None:
            return refused("no_shift")
        return heart.barred() if heart.sale.lines else refused("nothing_to_pay")

    def _complete(self, sale: SaleCompleted, decision: Decision, answer: Answer) -> None:
        heart = self._heart
        receipt = Receipt(sale=sale, basket=heart.sale, decision=decision, member=heart.member)
        document = sale_document(receipt, heart.shop, heart.programme)
        cash = any(tender.means == "cash" for tender in sale.tenders)
        work = Work(facts=(sale,), slips=(Slip("sale", PrintJob(document, cash), sale.id),), at_ms=sale.at_ms)

        def written() -> Outcome:
            heart.last = receipt
            heart.next_number += 1
            heart.begin_anew()
            return done("sold", change_minor=sale.change_minor, number=sale.number)

        heart.write(work, written, answer)

    def _sold(
        self, final: Decision, tenders: tuple[Tender, ...], change_minor: int, at_ms: int
    ) -> SaleCompleted:
        heart = self._heart
        assert heart.shift is not None
        place = Place(heart.next_number, heart.shift, heart.shop.currency)
        return sold(heart.sale, final, place, tenders=tenders, change_minor=change_minor, at_ms=at_ms)
