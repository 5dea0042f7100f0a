"""Charging a card on a terminal: durable before it is asked, and only its word leads on."""

from __future__ import annotations

from typing import Final

import msgspec

from app.checkout import basket as open_basket
from app.checkout.basket import OpenSale, OpenTender, Pending, Stage
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, note, refused
from app.checkout.outside import Charged, Terminal
from app.checkout.paying import Paying
from app.checkout.ports import Work
from app.checkout.registering import AGAIN_S
from app.ledger.facts import SaleCompleted, SaleTendered, SaleVoided, Tender
from hardware.ports import ChargeOutcome, ChargeResult

_NOT_CHARGED: Final = note("not_charged")


class Charging:
    """The card terminal: one that the till asks by itself, or one beside it that the cashier works.

    A cabled terminal is asked under an id of ours that is kept with the sale, so that it can be asked again
    what became of it: at once, and after a restart. Where it cannot say, the cashier does.
    """

    def __init__(self, heart: Heart, paying: Paying) -> None:
        self._heart: Final = heart
        self._paying: Final = paying
        self._asked_s = 0.0
        self._asking = False

    def ask_terminal(self, answer: Answer = ignore, amount_minor: int | None = None) -> None:
        """Make the tender durable before the card terminal is asked for money (`settle_terminal` follows).

        `amount_minor` is a part of what is due, all of it unless given.
        """
        if (stopped := self._paying.takes_money()) is not None:
            return answer(stopped)
        heart = self._heart
        amount_minor = self._paying.due_minor if amount_minor is None else amount_minor
        if not 0 < amount_minor <= self._paying.due_minor:
            return answer(refused("no_card_amount", due_minor=max(self._paying.due_minor, 0)))
        key, at_ms = open_basket.next_tender(heart.sale), heart.world.now_ms()
        request = str(heart.world.new_id()) if heart.outside.cabled else ""
        asked = OpenTender(key=key, means="card", amount_minor=amount_minor, request=request)
        card = Tender(means="card", amount_minor=amount_minor, request=request)
        pending = Pending(asked=asked)
        if amount_minor == self._paying.due_minor:
            final = heart.evaluate(paying=True)
            sale = self._paying.sold(final, (card,), 0, at_ms)
            pending = Pending(sale, final, asked)
        tendered = msgspec.structs.replace(heart.sale, stage=Stage.TENDERED, pending=pending)
        fact = SaleTendered(
            id=heart.world.new_id(),
            at_ms=at_ms,
            sale=heart.sale.id,
            total_minor=heart.decision.total_minor,
            currency=heart.shop.currency,
            tenders=(card,),
        )

        def written() -> Outcome:
            heart.sale = tendered
            return done("follow_terminal" if request else "ask_terminal", due_minor=amount_minor)

        def on(outcome: Outcome) -> None:
            asks = bool(request) and not outcome.refused
            heart.outside.waits_for = "terminal" if asks else ""
            answer(outcome)
            if asks:
                self._pay(asked)

        work = Work(facts=(fact,), basket=open_basket.to_bytes(tendered), at_ms=at_ms)
        return heart.write(work, written, on)

    def settle_terminal(self, *, charged: bool, reference: str = "", answer: Answer = ignore) -> None:
        """The cashier's word on whether the card was charged: by a terminal's slip, or after a power cut."""
        if self._heart.locked:
            return answer(refused("locked"))
        return self._settle(charged=charged, reference=reference, answer=answer)

    def _settle(self, *, charged: bool, reference: str, answer: Answer) -> None:
        heart = self._heart
        if (pending := heart.sale.pending) is None or pending.fiscal or pending.refund:
            return answer(refused("nothing_tendered"))
        if heart.outside.waits_for:
            return answer(refused("terminal_asked"))
        if not charged:
            return self._not_charged(answer)
        if pending.sale is not None and pending.decision is not None:
            *before, last = pending.sale.tenders
            tenders = (*before, msgspec.structs.replace(last, reference=reference))
            sale = _completed(pending.sale, heart.world.now_ms(), tenders)
            return self._paying.complete(sale, pending.decision, answer)
        assert pending.asked is not None
        taken = msgspec.structs.replace(pending.asked, reference=reference)
        open_again = msgspec.structs.replace(heart.sale, stage=Stage.OPEN, pending=None)
        return self._paying.take(open_basket.with_tender(open_again, taken), (), answer)

    def _not_charged(self, answer: Answer, why: Outcome = _NOT_CHARGED) -> None:
        heart, at_ms = self._heart, self._heart.world.now_ms()
        fact = SaleVoided(id=heart.world.new_id(), at_ms=at_ms, sale=heart.sale.id, reason="not_charged")
        # The voided id is used up; the basket goes on under a new one.
        again = msgspec.structs.replace(heart.sale, id=heart.world.new_id(), stage=Stage.OPEN, pending=None)

        def written() -> Outcome:
            heart.go_on_as(again)
            if not again.tenders:
                heart.reprice(keep=False)
            return why

        work = Work(facts=(fact,), basket=open_basket.to_bytes(again), at_ms=at_ms)
        return heart.write(work, written, answer)

    # -- a terminal that the till asks -------------------------------------------------------------------

    def resume(self) -> None:
        """After a restart, or by the cashier's wish: ask the terminal what became of what it was asked."""
        outside, pending = self._heart.outside, self._heart.sale.pending
        terminal = outside.cabled
        if terminal is None or outside.waits_for:
            return
        if pending is not None and pending.asked is not None and pending.asked.request:
            asked = pending.asked
            outside.waits_for = "terminal"
            terminal.ask(asked.request, lambda result: self._heard(asked, result))
        elif (tender := self._in_doubt()) is not None:
            self._ask_back(terminal, tender)

    def remind(self) -> None:
        """Once a second: a terminal that did not know is asked again by itself, until the cashier says."""
        heart, pending = self._heart, self._heart.sale.pending
        terminal = heart.outside.cabled
        if terminal is None or self._asking or heart.outside.waits_for:
            return
        if heart.world.monotonic_s() - self._asked_s < AGAIN_S:
            return
        tender = self._in_doubt()
        if pending is not None and pending.asked is not None and pending.asked.request:
            asked = pending.asked
            self._ask_again(terminal, asked.request, lambda result: self._heard(asked, result))
        elif pending is None and tender is not None:
            self._ask_again(terminal, tender.reversal, lambda result: self._given_back(tender, result))

    def _ask_again(self, terminal: Terminal, request: str, known: Charged) -> None:
        self._asking, self._asked_s = True, self._heart.world.monotonic_s()

        def heard(result: ChargeResult) -> None:
            self._asking = False
            if result.outcome is not ChargeOutcome.UNKNOWN:
                known(result)

        terminal.ask(request, heard)

    def gives_back(self, key: str) -> bool:
        """Whether the till itself can give the money of a card tender back."""
        tender = self._tender(key)
        return tender is not None and bool(tender.request) and self._heart.outside.cabled is not None

    def in_doubt(self, key: str) -> bool:
        """Whether the terminal was asked to give a card's money back, and nobody knows whether it did."""
        tender = self._tender(key)
        return tender is not None and bool(tender.reversal)

    def keep_charged(self, key: str, answer: Answer = ignore) -> None:
        """The cashier's word: the money did not go back, so that the card has paid."""
        heart, tender = self._heart, self._tender(key)
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        if tender is None or heart.outside.waits_for:
            return answer(refused("terminal_asked" if tender else "no_tender"))
        return self._paying.take(_with(heart.sale, msgspec.structs.replace(tender, reversal="")), (), answer)

    def give_back(self, key: str, answer: Answer = ignore) -> None:
        """Take a charged card off the list, once the terminal has given its money back.

        `answer` hears that it is on its way; what came of it is heard outside.
        """
        heart, tender = self._heart, self._tender(key)
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        if tender is None or not self.gives_back(key):
            return answer(refused("reverse_first", amount_minor=tender.amount_minor if tender else 0))
        if tender.reversal:
            # It was asked before, and is never asked to give twice.
            answer(done("follow_terminal", due_minor=tender.amount_minor))
            terminal = heart.outside.cabled
            return None if terminal is None or heart.outside.waits_for else self._ask_back(terminal, tender)
        asked = msgspec.structs.replace(tender, reversal=str(heart.world.new_id()))

        def on(outcome: Outcome) -> None:
            answer(outcome if outcome.refused else done("follow_terminal", due_minor=asked.amount_minor))
            if not outcome.refused:
                self._reverse(asked)

        return self._paying.take(_with(heart.sale, asked), (), on)

    def _pay(self, asked: OpenTender) -> None:
        outside = self._heart.outside
        assert outside.cabled is not None
        currency = self._heart.shop.currency
        outside.cabled.pay(
            asked.request, asked.amount_minor, currency, lambda result: self._heard(asked, result)
        )

    def _ask_back(self, terminal: Terminal, tender: OpenTender) -> None:
        """What became of giving a card's money back."""
        self._heart.outside.waits_for = "terminal"
        terminal.ask(tender.reversal, lambda result: self._given_back(tender, result))

    def _reverse(self, asked: OpenTender) -> None:
        outside, currency = self._heart.outside, self._heart.shop.currency
        assert outside.cabled is not None
        outside.waits_for = "terminal"
        outside.cabled.reverse(
            asked.reversal,
            asked.request,
            asked.amount_minor,
            currency,
            lambda result: self._given_back(asked, result),
        )

    def _heard(self, asked: OpenTender, result: ChargeResult) -> None:
        """The terminal's word on a payment; one on a tender that was settled meanwhile says nothing."""
        heart = self._heart
        heart.outside.waits_for, self._asked_s = "", heart.world.monotonic_s()

        def settle() -> None:
            pending = heart.sale.pending
            if pending is None or pending.asked is None or pending.asked.request != asked.request:
                return
            match result.outcome:
                case ChargeOutcome.APPROVED:
                    reference = result.reference
                    self._settle(charged=True, reference=reference, answer=heart.outside.heard)
                case ChargeOutcome.DECLINED:
                    self._not_charged(heart.outside.heard, declined(result))
                case ChargeOutcome.UNKNOWN:
                    heart.outside.heard(note("charge_unknown"))

        heart.when_free(settle)

    def _given_back(self, asked: OpenTender, result: ChargeResult) -> None:
        heart = self._heart
        heart.outside.waits_for, self._asked_s = "", heart.world.monotonic_s()

        def settle() -> None:
            tender = self._tender(str(asked.key))
            if tender is None or tender.reversal != asked.reversal:
                return
            match result.outcome:
                case ChargeOutcome.APPROVED:
                    self._paying.drop_tender(str(asked.key), heart.outside.heard, reversed=True)
                case ChargeOutcome.DECLINED:
                    kept = msgspec.structs.replace(tender, reversal="")
                    refusal = refused("reverse_refused", reason=result.detail or result.code)
                    self._paying.take(_with(heart.sale, kept), (), lambda _: heart.outside.heard(refusal))
                case ChargeOutcome.UNKNOWN:
                    heart.outside.heard(note("reverse_unknown"))

        heart.when_free(settle)

    def _in_doubt(self) -> OpenTender | None:
        return next((tender for tender in self._heart.sale.tenders if tender.reversal), None)

    def _tender(self, key: str) -> OpenTender | None:
        return next((t for t in self._heart.sale.tenders if str(t.key) == key and t.means == "card"), None)


def _completed(sale: SaleCompleted, at_ms: int, tenders: tuple[Tender, ...]) -> SaleCompleted:
    """A sale as it is completed now, priced when it was."""
    basis = sale.basis
    if basis is not None:
        basis = msgspec.structs.replace(basis, ago_ms=basis.ago_ms + at_ms - sale.at_ms)
    return msgspec.structs.replace(sale, at_ms=at_ms, tenders=tenders, basis=basis)


def _with(sale: OpenSale, tender: OpenTender) -> OpenSale:
    """The sale with a tender as it is now."""
    tenders = tuple(tender if each.key == tender.key else each for each in sale.tenders)
    return msgspec.structs.replace(sale, tenders=tenders)


def declined(result: ChargeResult) -> Outcome:
    """Why no money moved, for the cashier."""
    if result.code in ("unreachable", "stalled"):
        return refused("terminal_unreachable")
    if result.code == "unheard":
        return refused("terminal_unheard")
    return refused("card_declined", reason=result.detail or result.code)
