"""The till: one sale in hand, from the first scan to the receipt.

Belongs to one thread (the window's, or a command's). Every change is priced at once and kept in the
database; the sale itself is one transaction of the journal. What a cashier cannot do now comes back as a
refusal that says what to do instead; exceptions are bugs.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Final

import msgspec

from app.checkout import basket as open_basket
from app.checkout.basket import OpenSale, Pending, Redeem, Stage
from app.checkout.outcome import Outcome, done, note, refused
from app.checkout.ports import (
    Catalogue,
    CodeReader,
    Journal,
    Member,
    Members,
    NotWritten,
    Person,
    Product,
    Shift,
    Slip,
    Work,
    as_given,
)
from app.checkout.receipt import Receipt, sale_document
from app.checkout.shop import Shop
from app.checkout.wording import rule_name
from app.checkout.writing import Place, closed, local_day, opened, sold
from app.lanes import World
from app.ledger.facts import (
    AnyFact,
    CardLinked,
    MemberEnrolled,
    SaleCompleted,
    SaleTendered,
    SaleVoided,
    Tender,
)
from app.loyalty.basket import Context
from app.loyalty.basket import Redeem as RedeemWish
from app.loyalty.decision import Decision
from app.loyalty.engine import Compiled, evaluate
from app.loyalty.state import MemberState
from app.values import QTY_MILLI
from hardware.ports import CardProof
from hardware.receipt import PrintJob

UNDO_STEPS: Final = 50
BARRED: Final = frozenset({"access_only", "gift_card_too_small", "gift_card_too_large"})
"""What the engine refuses of the goods themselves; a refused code or wish only goes unheeded."""

Answer = Callable[[Outcome], None]
"""Hears the outcome of an act that ends in the journal."""


def _ignore(_: Outcome) -> None: ...


class Till:
    """The use cases of selling. Read `sale`, `decision`, `member`, `shift`, `last`; change them by acts."""

    def __init__(
        self,
        *,
        shop: Shop,
        catalogue: Catalogue,
        members: Members,
        journal: Journal,
        programme: Compiled,
        world: World,
        next_sale: int = 1,
        next_shift: int = 1,
        shift: Shift | None = None,
        kept: bytes | None = None,
        read: CodeReader = as_given,
    ) -> None:
        self.shop = shop
        self.programme = programme
        self.shift = shift
        self.member: Member | None = None
        self.last: Receipt | None = None
        self.busy = False
        self._catalogue = catalogue
        self._members = members
        self._journal = journal
        self._world = world
        self._read = read
        self._next_sale = next_sale
        self._next_shift = next_shift
        self._past: list[OpenSale] = []
        self._waiting: list[Callable[[], None]] = []
        # Ahead of the database, which the journal writes in its own time.
        self._tap_counters: dict[str, int] = {}
        self.on_write_failed: Callable[[BaseException], None] = _raise
        self.sale = self._new_sale()
        if kept is not None:
            self._resume(kept)
        self.decision: Decision = self._price()

    # -- ringing up --------------------------------------------------------------------------------------

    def scan(self, text: str, aim: str | None = None) -> Outcome:
        """A code as read, with its AIM identifier: a product's, or the number printed on a member's card."""
        code = text.strip()
        token = f"code:{code}"
        if self._catalogue.product_by_code(code) is None and self._members.holder(token) is not None:
            return self.present_card(token, CardProof.COPYABLE)
        read = self._read(code, aim)
        if read.payment_card:
            return refused("payment_card")
        for key in read.keys:
            product = self._catalogue.product_by_code(key)
            if product is not None and read.price_minor is not None:
                return self.ring(msgspec.structs.replace(product, price_minor=read.price_minor, unit="piece"))
            if product is not None:
                return self.ring(product, QTY_MILLI if read.weight_milli is None else read.weight_milli)
        if read.member_card:
            return refused("card_of_nobody", card=read.member_card)
        return refused("unknown_code", code=code)

    def ring(self, product: Product, qty_milli: int = QTY_MILLI) -> Outcome:
        """Put a product into the basket."""
        if (stopped := self._stopped()) is not None:
            return stopped
        if self.shift is None:
            return refused("no_shift")
        sale, key = open_basket.add(self.sale, product, qty_milli)
        self._change(sale)
        return done("rung", line=key, name=product.name_in(self.shop.lang))

    def ring_sku(self, sku: str, qty_milli: int = QTY_MILLI) -> Outcome:
        """Put a product into the basket by its article number (a favourite, a search hit, an offer)."""
        product = self._catalogue.product(sku)
        return self.ring(product, qty_milli) if product else refused("unknown_code", code=sku)

    def set_qty(self, key: int, qty_milli: int) -> Outcome:
        """Change a line's quantity; zero or less takes it out."""
        line = self.sale.line(key)
        if (stopped := self._stopped()) is not None:
            return stopped
        if line is None:
            return refused("no_line")
        if qty_milli > open_basket.QTY_MAX_MILLI:
            return refused("qty_too_large", line=key, most=open_basket.QTY_MAX_MILLI // QTY_MILLI)
        self._change(open_basket.set_qty(self.sale, key, qty_milli))
        return done("qty_set" if qty_milli > 0 else "voided", line=key, name=line.name_in(self.shop.lang))

    def step_qty(self, key: int, pieces: int) -> Outcome:
        """One piece more or fewer."""
        line = self.sale.line(key)
        if line is None:
            return refused("no_line")
        if line.unit != "piece":
            return refused("weighed", line=key)
        return self.set_qty(key, line.qty_milli + pieces * QTY_MILLI)

    def void_line(self, key: int) -> Outcome:
        return self.set_qty(key, 0)

    def undo(self) -> Outcome:
        """Take back the last change of the basket."""
        if (stopped := self._stopped()) is not None:
            return stopped
        if not self._past:
            return refused("nothing_to_undo")
        self.sale = self._past.pop()
        self.member = self._load(self.sale.member)
        self._reprice()
        return done("undone")

    @property
    def can_undo(self) -> bool:
        return bool(self._past) and self.sale.stage is Stage.OPEN

    def clear(self) -> Outcome:
        """Empty the basket; undo brings it back."""
        if (stopped := self._stopped()) is not None:
            return stopped
        self._change(self._new_sale())
        self.member = None
        self._reprice()
        return done("cleared")

    # -- the member --------------------------------------------------------------------------------------

    def tap(
        self,
        uid: str,
        record: str | None = None,
        proof: CardProof = CardProof.COPYABLE,
        counter: int | None = None,
    ) -> Outcome:
        """A chip card on a reader: known by its serial number, or by the member record written on it.

        `counter` is the tap counter that a genuine card proved: one that was seen before is a recording.
        """
        if counter is not None and not self._rises(uid, counter):
            return refused("card_replayed")
        tokens = [f"uid:{uid}"] + ([f"code:{record}"] if record else [])
        for token in tokens:
            if self._members.holder(token) is not None:
                return self.present_card(token, proof)
        return refused("card_of_nobody", card=uid)

    def _rises(self, uid: str, counter: int) -> bool:
        """Whether a tap counter is above every one seen of this card; it is seen from now on."""
        seen = max(self._members.tap_counter(uid) or 0, self._tap_counters.get(uid, 0))
        if counter <= seen:
            return False
        self._tap_counters[uid] = counter
        work = Work(tap_counters=((uid, counter),), keep_basket=True, at_ms=self._world.now_ms())
        self._journal.write(work, self._kept)
        return True

    def present_card(self, token: str, proof: CardProof) -> Outcome:
        """Attach the holder of a card to the sale."""
        holder = self._members.holder(token)
        if holder is None:
            return refused("card_of_nobody", card=token.partition(":")[2])
        cap = None if proof is CardProof.GENUINE else self.shop.redeem_cap_centi
        if holder.blocked:
            cap = 0
        outcome = self.attach(holder.member, card=token, redeem_cap_centi=cap)
        return note("card_blocked") if holder.blocked and not outcome.refused else outcome

    def attach(self, member: uuid.UUID, *, card: str = "", redeem_cap_centi: int | None = None) -> Outcome:
        """Make it this member's sale; the basket is priced anew."""
        if (stopped := self._stopped()) is not None:
            return stopped
        loaded = self._load(member)
        if loaded is None:
            return refused("card_of_nobody", card=card.partition(":")[2])
        same = self.sale.member == member
        self.member = loaded
        self._change(
            msgspec.structs.replace(
                self.sale,
                member=member,
                card=card,
                redeem_cap_centi=redeem_cap_centi if card else self.shop.redeem_cap_centi,
                redeem=self.sale.redeem if same else 0,
            )
        )
        code = "member_repriced" if self.sale.lines else "member_here"
        return done(code, name=loaded.person.name if loaded.person else "")

    def detach(self) -> Outcome:
        """A wrong or withdrawn card: the sale is nobody's again."""
        if (stopped := self._stopped()) is not None:
            return stopped
        if self.sale.member is None:
            return refused("no_member")
        self.member = None
        self._change(
            msgspec.structs.replace(self.sale, member=None, card="", redeem=0, redeem_cap_centi=None)
        )
        return done("member_gone")

    def redeem(self, wish: Redeem) -> Outcome:
        """Pay with points: an amount in hundredths, "max" for all that is safe, 0 for none."""
        if (stopped := self._stopped()) is not None:
            return stopped
        if self.sale.member is None:
            return refused("no_member")
        self._change(msgspec.structs.replace(self.sale, redeem=wish))
        if wish and not self.decision.points.spent_centi:
            self._change(msgspec.structs.replace(self.sale, redeem=0))
            return refused("nothing_to_redeem")
        spent = self.decision.points
        if not wish:
            return done("not_redeeming")
        return done("redeeming", points_centi=spent.spent_centi, value_minor=spent.spent_value_minor)

    def enrol(
        self, name: str, phone: str, *, card: str = "", lang: str = "", answer: Answer = _ignore
    ) -> None:
        """Make a member of the customer in front of the till and attach them; durable before the answer."""
        if (stopped := self._stopped()) is not None:
            return answer(stopped)
        if not name.strip():
            return answer(refused("name_missing"))
        if card and self._members.holder(card) is not None:
            return answer(refused("card_taken"))
        at_ms, member = self._world.now_ms(), self._world.new_id()
        facts: list[AnyFact] = [MemberEnrolled(id=self._world.new_id(), at_ms=at_ms, member=member)]
        if card:
            facts.append(CardLinked(id=self._world.new_id(), at_ms=at_ms, member=member, card=card))
        person = Person(member=member, name=name.strip(), phone=phone.strip(), lang=lang)

        def written() -> Outcome:
            attached = self.attach(member, card=card, redeem_cap_centi=self.shop.redeem_cap_centi)
            return attached if attached.refused else done("enrolled", name=person.name)

        return self._write(
            Work(facts=tuple(facts), people=(person,), keep_basket=True, at_ms=at_ms), written, answer
        )

    # -- paying ------------------------------------------------------------------------------------------

    @property
    def due_minor(self) -> int:
        """What is left to pay in money."""
        return self.decision.due_minor

    @property
    def tendered_minor(self) -> int:
        """What the terminal was asked for and has not been settled yet."""
        pending = self.sale.pending
        return sum(tender.amount_minor for tender in pending.sale.tenders) if pending else 0

    def start_payment(self) -> Outcome:
        """Price once more before money changes hands; what is shown from now on is what is paid."""
        if (stopped := self._payable()) is not None:
            return stopped
        self._reprice()
        return done("due", due_minor=self.due_minor)

    def pay_cash(self, received_minor: int, answer: Answer = _ignore) -> None:
        """Take cash, give change, complete the sale."""
        if (stopped := self._payable()) is not None:
            return answer(stopped)
        due_minor = self.due_minor
        if received_minor < due_minor:
            return answer(refused("short", missing_minor=due_minor - received_minor))
        tenders = (Tender(means="cash", amount_minor=due_minor),) if due_minor else ()
        final = self._evaluate(paying=True)
        sale = self._sold(final, tenders, received_minor - due_minor, self._world.now_ms())
        return self._complete(sale, final, answer)

    def ask_terminal(self, answer: Answer = _ignore) -> None:
        """Make the sale durable before the card terminal is asked for money (`settle_terminal` follows)."""
        if (stopped := self._payable()) is not None:
            return answer(stopped)
        at_ms, due_minor = self._world.now_ms(), self.due_minor
        final = self._evaluate(paying=True)
        sale = self._sold(final, (Tender(means="card", amount_minor=due_minor),), 0, at_ms)
        tendered = msgspec.structs.replace(self.sale, stage=Stage.TENDERED, pending=Pending(sale, final))
        fact = SaleTendered(
            id=self._world.new_id(),
            at_ms=at_ms,
            sale=sale.id,
            total_minor=sale.total_minor,
            currency=sale.currency,
            tenders=sale.tenders,
        )

        def written() -> Outcome:
            self.sale = tendered
            return done("ask_terminal", due_minor=due_minor)

        work = Work(facts=(fact,), basket=open_basket.to_bytes(tendered), at_ms=at_ms)
        return self._write(work, written, answer)

    def settle_terminal(self, *, charged: bool, reference: str = "", answer: Answer = _ignore) -> None:
        """The terminal's (or, after a power cut, the cashier's) word on whether the card was charged."""
        if (pending := self.sale.pending) is None:
            return answer(refused("nothing_tendered"))
        at_ms = self._world.now_ms()
        if charged:
            tenders = tuple(msgspec.structs.replace(t, reference=reference) for t in pending.sale.tenders)
            sale = msgspec.structs.replace(pending.sale, at_ms=at_ms, tenders=tenders)
            return self._complete(sale, pending.decision, answer)
        fact = SaleVoided(id=self._world.new_id(), at_ms=at_ms, sale=self.sale.id, reason="not_charged")
        # The voided id is used up; the basket goes on under a new one.
        again = msgspec.structs.replace(self.sale, id=self._world.new_id(), stage=Stage.OPEN, pending=None)

        def written() -> Outcome:
            self.sale = again
            self._reprice(keep=False)
            return note("not_charged")

        work = Work(facts=(fact,), basket=open_basket.to_bytes(again), at_ms=at_ms)
        return self._write(work, written, answer)

    def _complete(self, sale: SaleCompleted, decision: Decision, answer: Answer) -> None:
        receipt = Receipt(sale=sale, basket=self.sale, decision=decision, member=self.member)
        document = sale_document(receipt, self.shop, self.programme)
        cash = any(tender.means == "cash" for tender in sale.tenders)
        work = Work(facts=(sale,), slips=(Slip("sale", PrintJob(document, cash), sale.id),), at_ms=sale.at_ms)

        def written() -> Outcome:
            self.last = receipt
            self._next_sale += 1
            self._past.clear()
            self.sale, self.member = self._new_sale(), None
            self.decision = self._price()
            return done("sold", change_minor=sale.change_minor, number=sale.number)

        self._write(work, written, answer)

    def _sold(
        self, final: Decision, tenders: tuple[Tender, ...], change_minor: int, at_ms: int
    ) -> SaleCompleted:
        assert self.shift is not None
        place = Place(self._next_sale, self.shift, self.shop.currency)
        return sold(self.sale, final, place, tenders=tenders, change_minor=change_minor, at_ms=at_ms)

    # -- the shift ---------------------------------------------------------------------------------------

    def open_shift(self, cashier: str, float_minor: int = 0, answer: Answer = _ignore) -> None:
        """Begin a shift; its business day is today in the shop's time zone."""
        if self.shift is not None:
            return answer(refused("shift_is_open", number=self.shift.number))
        at_ms = self._world.now_ms()
        shift = Shift(
            id=self._world.new_id(),
            number=self._next_shift,
            business_day=local_day(at_ms, self.shop.time_zone),
            cashier=cashier,
            opened_ms=at_ms,
            float_minor=float_minor,
        )
        fact = opened(shift, self._world.new_id())

        def written() -> Outcome:
            self.shift = shift
            self._next_shift += 1
            return done("shift_opened", number=shift.number)

        return self._write(Work(facts=(fact,), keep_basket=True, at_ms=at_ms), written, answer)

    def close_shift(self, expected_minor: int, counted_minor: int | None, answer: Answer = _ignore) -> None:
        """End the shift with what was counted (None: nobody counted) against what should be there."""
        if self.shift is None:
            return answer(refused("no_shift"))
        if self.sale.lines or self.sale.stage is Stage.TENDERED:
            return answer(refused("basket_open"))
        at_ms, shift = self._world.now_ms(), self.shift
        fact = closed(shift, self._world.new_id(), at_ms, expected_minor, counted_minor)

        def written() -> Outcome:
            self.shift = None
            return done("shift_closed", number=shift.number)

        return self._write(Work(facts=(fact,), keep_basket=True, at_ms=at_ms), written, answer)

    # -- within ------------------------------------------------------------------------------------------

    def refresh_member(self) -> None:
        """The member's state may have changed outside (a snapshot came): price with what is known now."""
        if self.sale.member is not None and self.sale.stage is Stage.OPEN and not self.busy:
            self.member = self._load(self.sale.member)
            self._reprice(keep=False)

    def use(self, programme: Compiled) -> None:
        """A newer programme is in force; the basket in hand is priced by it from now on."""
        self.programme = programme
        if self.sale.stage is Stage.OPEN and not self.busy:
            self._reprice(keep=False)

    def when_free(self, act: Callable[[], None]) -> None:
        """Do something now, or as soon as the write in hand is done: a scan is never lost to a commit."""
        if self.busy:
            self._waiting.append(act)
        else:
            act()

    def _stopped(self) -> Outcome | None:
        if self.busy:
            return refused("busy")
        if self.sale.stage is Stage.TENDERED:
            return refused("tender_open", due_minor=self.tendered_minor)
        return None

    def _payable(self) -> Outcome | None:
        if (stopped := self._stopped()) is not None:
            return stopped
        if self.shift is None:
            return refused("no_shift")
        return self._barred() if self.sale.lines else refused("nothing_to_pay")

    def _barred(self) -> Outcome | None:
        """Goods that the programme does not let this customer buy: no money is taken while they are there."""
        for reason in self.decision.refused:
            if reason.code in BARRED:
                line = reason.params.get("line")
                rule = rule_name(self.programme, reason.rule, self.shop.lang)
                return refused("not_for_sale", line=int(line) if line else None, rule=rule)
        return None

    def _new_sale(self) -> OpenSale:
        return OpenSale(id=self._world.new_id(), opened_ms=self._world.now_ms())

    def _resume(self, kept: bytes) -> None:
        """The basket as it stood when the till stopped, a tender without an outcome included."""
        self.sale = open_basket.from_bytes(kept)
        self.member = self._load(self.sale.member)

    def _load(self, member: uuid.UUID | None) -> Member | None:
        return None if member is None else self._members.member(member)

    def _change(self, sale: OpenSale) -> None:
        self._past.append(self.sale)
        del self._past[:-UNDO_STEPS]
        self.sale = sale
        self._reprice()

    def _reprice(self, *, keep: bool = True) -> None:
        if self.sale.stage is Stage.OPEN:
            self.sale = msgspec.structs.replace(self.sale, priced_ms=self._world.now_ms())
        self.decision = self._price()
        if keep:
            payload = None if self.sale.untouched else open_basket.to_bytes(self.sale)
            self._journal.write(Work(basket=payload, at_ms=self.sale.priced_ms), self._kept)

    def _kept(self, error: BaseException | None) -> None:
        if error is not None:
            self.on_write_failed(error)

    def _price(self) -> Decision:
        return self._evaluate(paying=False)

    def _evaluate(self, *, paying: bool) -> Decision:
        state: MemberState | None = self.member.state if self.member else None
        context = Context(
            at_ms=self.sale.priced_ms or self._world.now_ms(),
            store=self.shop.store,
            till=self.shop.till,
            sale_id=str(self.sale.id),
            member_id=str(self.sale.member) if self.sale.member else "",
            redeem=RedeemWish(points_centi=self.sale.redeem),
            points_limit_centi=self.sale.redeem_cap_centi,
            time_zone=self.shop.time_zone,
            paying=paying,
        )
        return evaluate(self.programme, state, open_basket.for_engine(self.sale), context, explain=True)

    def _not_written(self, error: BaseException) -> Outcome:
        """The environment's errors are the cashier's to see; anything else is a bug and is reported too."""
        if not isinstance(error, NotWritten):
            self.on_write_failed(error)
        return refused("not_written", reason=str(error))

    def _write(self, work: Work, written: Callable[[], Outcome], answer: Answer) -> None:
        """Hand work to the journal; the till takes no other act until it is durable or refused."""
        if self.busy:
            return answer(refused("busy"))
        self.busy = True

        def heard(error: BaseException | None) -> None:
            self.busy = False
            answer(written() if error is None else self._not_written(error))
            waiting, self._waiting = self._waiting, []
            for act in waiting:
                self.when_free(act)

        self._journal.write(work, heard)
        return None


def _raise(error: BaseException) -> None:
    raise error
