"""Paying: from the total said aloud to the sale that is written.

A sale is paid by a list of tenders: points and gift cards (the engine's, they follow the basket), cash and
cards (money taken, the basket may not become worth less than it). Each can be taken back until the last one
completes the sale. What a terminal charges comes from `charging`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from app.checkout import basket as open_basket
from app.checkout.barring import barred
from app.checkout.basket import HeldCard, OpenSale, OpenTender
from app.checkout.cash import rounded_minor
from app.checkout.exchange import Exchanges
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, note, refused
from app.checkout.ports import Slip, Work
from app.checkout.receipt import Receipt, sale_document
from app.checkout.registering import Registering
from app.checkout.reserved import OpenHold
from app.checkout.writing import Place, sold
from app.ledger.facts import Privileged, SaleCompleted, Tender
from app.ledger.inputs import named_by
from app.loyalty.decision import Decision
from hardware.receipt import PrintJob


class Paid(NamedTuple):
    """An entry of the tender list; `key` serves to drop it.

    `means` is exchange, points, gift_card, cash or card.
    """

    key: str
    means: str
    amount_minor: int
    reference: str = ""


class Paying:
    """Money for goods. Once money is taken outside, only its outcome leads on."""

    def __init__(self, heart: Heart, exchanges: Exchanges) -> None:
        self._heart: Final = heart
        self._exchanges: Final = exchanges
        self.registering: Final = Registering(heart, self.write_down)
        heart.holding.gift_card_answered = self._gift_card_answered

    # -- what is to pay ----------------------------------------------------------------------------------

    @property
    def due_minor(self) -> int:
        """What is left to pay in money; below zero it is paid out."""
        return self._heart.left_minor

    @property
    def cash_due_minor(self) -> int:
        """The same, if the rest is paid in cash: rounded to the smallest coin."""
        return rounded_minor(self._heart.left_minor, self._heart.shop)

    @property
    def tenders(self) -> tuple[Paid, ...]:
        """What pays this sale so far."""
        heart, decision = self._heart, self._heart.decision
        points, credit = decision.points.spent_value_minor, heart.sale.credit_minor
        return (
            *((Paid("exchange", "exchange", credit),) if heart.sale.exchange else ()),
            *((Paid("points", "points", points),) if points else ()),
            *(
                Paid(f"gift:{owed.code}", "gift_card", owed.amount_minor, owed.code)
                for owed in decision.gift_cards
            ),
            *(Paid(str(t.key), t.means, t.amount_minor, t.reference) for t in heart.sale.tenders),
        )

    def start_payment(self) -> Outcome:
        """Price once more before money changes hands; what is shown from now on is what is paid."""
        if (stopped := self.payable()) is not None:
            return stopped
        if not self._heart.sale.tenders:
            self._heart.holding.look(again=True)
            self._heart.reprice()
        due_minor = self.due_minor
        return done("due", due_minor=due_minor) if due_minor >= 0 else done("owed", due_minor=-due_minor)

    # -- cash --------------------------------------------------------------------------------------------

    def pay_cash(self, received_minor: int, answer: Answer = ignore) -> None:
        """Take the rest in cash, give change, complete the sale. Nothing received pays out what is owed."""
        if (stopped := self.takes_money()) is not None:
            return answer(stopped)
        due_minor = self.cash_due_minor
        if received_minor < due_minor:
            return answer(refused("short", missing_minor=due_minor - received_minor))
        cash = Tender(means="cash", amount_minor=due_minor)
        # What is paid out is no change: the whole of it is the tender.
        change_minor = received_minor - max(due_minor, 0)
        return self._finish((cash,) if due_minor else (), change_minor, answer)

    def tender_cash(self, received_minor: int, answer: Answer = ignore) -> None:
        """Take cash: a part of what is due, or all of it and more, which completes the sale."""
        if (stopped := self.takes_money()) is not None:
            return answer(stopped)
        if received_minor >= self.cash_due_minor:
            return self.pay_cash(received_minor, answer)
        if received_minor <= 0:
            return answer(refused("no_amount"))
        heart = self._heart
        key = open_basket.next_tender(heart.sale)
        part = OpenTender(key=key, means="cash", amount_minor=received_minor)
        return self.take(open_basket.with_tender(heart.sale, part), (), answer)

    # -- gift cards --------------------------------------------------------------------------------------

    def present_gift_card(self, code: str) -> Outcome:
        """Pay with a gift card as far as its balance goes."""
        heart = self._heart
        if (stopped := self.payable()) is not None:
            return stopped
        if heart.read(code, None).payment_card:
            return refused("payment_card")
        if any(held.code == code for held in heart.sale.gift_cards):
            return refused("gift_card_here")
        if heart.shop.gift_cards == "server":
            return self._ask_for(code)
        here = heart.shop.gift_cards == "here"
        balance_minor = heart.sales.gift_card_minor(code) if here else None
        if balance_minor is None or balance_minor <= 0:
            return refused("gift_card_empty" if balance_minor is not None else "gift_card_unknown")
        # What money has paid already is not the card's to pay.
        held = HeldCard(
            code, min(balance_minor, max(self.due_minor, 0)) if heart.sale.tenders else balance_minor
        )
        with_card = msgspec.structs.replace(heart.sale, gift_cards=(*heart.sale.gift_cards, held))
        if (refusal := heart.change(with_card)) is not None:
            return refusal
        taken = sum(owed.amount_minor for owed in heart.decision.gift_cards if owed.code == code)
        if not taken:
            heart.sale = msgspec.structs.replace(heart.sale, gift_cards=heart.sale.gift_cards[:-1])
            heart.reprice()
            return refused("gift_card_pays_nothing")
        return done("gift_card_taken", amount_minor=taken, left_minor=balance_minor - taken)

    def _ask_for(self, code: str) -> Outcome:
        """Have the server hold what the card may pay; `heard` is told what came of it."""
        heart = self._heart
        if not heart.holding.online:
            return refused("gift_card_offline")
        if any(hold.of == code and hold.outcome == "asked" for hold in heart.sale.holds):
            return note("gift_card_asked")
        if self.due_minor <= 0:
            return refused("gift_card_pays_nothing")
        heart.holding.ask("gift_card", code, self.due_minor, part=True)
        heart.keep()
        return note("gift_card_asked")

    def _gift_card_answered(self, hold: OpenHold, left_minor: int) -> None:
        heart, heard = self._heart, self._heart.outside.heard
        if hold.outcome == "silent":
            heart.holding.look(again=True)
            return heard(refused("gift_card_offline"))
        if hold.outcome == "refused":
            unknown = hold.refusal == "unknown_card"
            return heard(refused("gift_card_unknown" if unknown else "gift_card_empty"))
        # What money has paid meanwhile is not the card's to pay.
        held = HeldCard(hold.of, min(hold.amount, max(self.due_minor, 0)))
        with_card = msgspec.structs.replace(heart.sale, gift_cards=(*heart.sale.gift_cards, held))
        if (refusal := heart.change(with_card)) is not None:
            return heard(refusal)
        taken = sum(owed.amount_minor for owed in heart.decision.gift_cards if owed.code == hold.of)
        left_minor += hold.amount - taken
        return heard(done("gift_card_taken", amount_minor=taken, left_minor=left_minor))

    # -- taking a tender back ----------------------------------------------------------------------------

    def drop_tender(self, key: str, answer: Answer = ignore, *, reversed: bool = False) -> None:
        """Take a tender off the list; `reversed` says that a charged card has got its money back first."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        if key == "exchange":
            return self.take(msgspec.structs.replace(heart.sale, exchange=None), (), answer)
        if key == "points":
            return self.take(msgspec.structs.replace(heart.sale, redeem=0), (), answer)
        if key.startswith("gift:"):
            cards = tuple(held for held in heart.sale.gift_cards if f"gift:{held.code}" != key)
            return self.take(msgspec.structs.replace(heart.sale, gift_cards=cards), (), answer)
        tender = next((t for t in heart.sale.tenders if str(t.key) == key), None)
        if tender is None:
            return answer(refused("no_tender"))
        if tender.means == "card" and not reversed:
            return answer(refused("reverse_first", amount_minor=tender.amount_minor))
        given_back = heart.privileged(
            "reverse_card", reason=tender.reference, amount_minor=tender.amount_minor, subject=heart.sale.id
        )
        facts = (given_back,) if tender.means == "card" else ()
        return self.take(open_basket.without_tender(heart.sale, tender.key), facts, answer)

    def take(self, sale: OpenSale, facts: tuple[Privileged, ...], answer: Answer) -> None:
        """The sale with another list of tenders, durable before the answer; undo does not touch it."""
        heart = self._heart

        def written() -> Outcome:
            heart.sale = sale
            heart.decision = heart.price()
            return done("left_to_pay", due_minor=self.due_minor)

        work = Work(facts=facts, basket=open_basket.to_bytes(sale), at_ms=heart.world.now_ms())
        heart.write(work, written, answer)

    # -- completing --------------------------------------------------------------------------------------

    def payable(self) -> Outcome | None:
        """Why no money can be taken now; None if it can."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.shift is None:
            return refused("no_shift")
        return barred(heart) if heart.sale.gives else refused("nothing_to_pay")

    def takes_money(self) -> Outcome | None:
        """The same, also while nobody knows whether a card has its money back: what is due is not known."""
        doubt = any(tender.reversal for tender in self._heart.sale.tenders)
        return self.payable() or (refused("reverse_unknown") if doubt else None)

    def _finish(self, last: tuple[Tender, ...], change_minor: int, answer: Answer) -> None:
        heart = self._heart
        final = heart.evaluate(paying=True)
        self.complete(self.sold(final, last, change_minor, heart.world.now_ms()), final, answer)

    def complete(self, sale: SaleCompleted, decision: Decision, answer: Answer) -> None:
        """Complete the sale; where the law wants it, once the fiscal device has registered it."""
        # Where only rewards are handed over nothing was sold that a fiscal device could register.
        if self._heart.outside.must_register and sale.lines:
            self.registering.register(sale, decision, answer)
        else:
            self.write_down(sale, decision, answer)

    def write_down(self, sale: SaleCompleted, decision: Decision, answer: Answer) -> None:
        """Write the sale with its paper; from the answer on it is the next customer's turn."""
        heart = self._heart
        back = self._exchanges.settled(heart.sale)
        if isinstance(back, Outcome):
            return answer(back)
        mine = heart.keys.mine() if decision.issued else None
        receipt = Receipt(sale=sale, basket=heart.sale, decision=decision, member=heart.member, mine=mine)
        document = sale_document(receipt, heart.shop, heart.programme, heart.catalogue.product)
        cash = any(tender.means == "cash" for tender in sale.tenders)
        slip = Slip("sale", PrintJob(document, cash), sale.id)
        facts, slips = ((sale,), (slip,)) if back is None else ((back[0], sale), (back[1], slip))
        work = Work(facts=facts, slips=slips, at_ms=sale.at_ms)

        def written() -> Outcome:
            heart.last = receipt
            heart.next_number += len(facts)
            heart.holding.spent()
            heart.begin_anew()
            return done("sold", change_minor=sale.change_minor, number=sale.number)

        return heart.write(work, written, answer)

    def sold(self, final: Decision, last: tuple[Tender, ...], change_minor: int, at_ms: int) -> SaleCompleted:
        """The sale's fact: gift cards first, then money as it was taken, and `last` what ends it."""
        heart = self._heart
        assert heart.shift is not None
        exchange = heart.sale.exchange
        # The refund that pays for a part of it is written before it.
        number = heart.next_number + (exchange is not None)
        place = Place(number, heart.shift, heart.cashier, heart.shop.currency)
        tenders = (
            *(
                (Tender(means="exchange", amount_minor=exchange.credit_minor, reference=str(exchange.sale)),)
                if exchange
                else ()
            ),
            *(
                Tender(means="gift_card", amount_minor=o.amount_minor, reference=o.code)
                for o in final.gift_cards
            ),
            *(
                Tender(means=t.means, amount_minor=t.amount_minor, reference=t.reference, request=t.request)
                for t in heart.sale.tenders
            ),
            *last,
        )
        fact = sold(
            heart.sale,
            final,
            place,
            tenders=tenders,
            change_minor=change_minor,
            at_ms=at_ms,
            named=named_by(heart.programme),
            basis=heart.basis(at_ms),
        )
        return msgspec.structs.replace(fact, holds=heart.holding.named(at_ms))
