"""What all use cases of the till share: the sale in hand, its price, and the way to the journal.

Belongs to one thread, like the till. Use cases read and change it by the methods below; nothing else does.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

import msgspec

from app.checkout import basket as open_basket
from app.checkout.aside import Aside, at_once
from app.checkout.basket import OpenSale, Stage
from app.checkout.elsewhere import Elsewhere, NoElsewhere
from app.checkout.holding import Holding
from app.checkout.moment import budgets_left, context_of
from app.checkout.outcome import Outcome, Value, refused
from app.checkout.outside import Outside
from app.checkout.ports import (
    Catalogue,
    CodeReader,
    Journal,
    Member,
    Members,
    Sales,
    Shift,
    Work,
    as_given,
)
from app.checkout.receipt import Receipt
from app.checkout.recorder import Answer, Recorder, ignore
from app.checkout.reserved import Allowances, Holds, NoAllowances, NoHolds
from app.checkout.rights import Approval, Staff, needed
from app.checkout.shop import Shop
from app.checkout.signed import Keys, NoKeys
from app.checkout.voiding import Answering, Why, abandoned, voided
from app.lanes import World
from app.ledger.basis import Basis
from app.ledger.facts import AnyFact, Privileged
from app.ledger.inputs import Known, basis_of
from app.loyalty.basket import Basket, Context
from app.loyalty.decision import Decision, Offer
from app.loyalty.engine import Compiled, evaluate
from app.loyalty.state import MemberState, apply

__all__ = ["Answer", "Heart", "ignore"]

UNDO_STEPS: Final = 50


class Heart(Recorder):
    """The sale in hand (`sale`), for whom (`member`), at what price (`decision`), in which `shift`."""

    def __init__(
        self,
        *,
        shop: Shop,
        catalogue: Catalogue,
        members: Members,
        sales: Sales,
        journal: Journal,
        programme: Compiled,
        world: World,
        next_number: int = 1,
        shift: Shift | None = None,
        kept: bytes | None = None,
        outside: Outside | None = None,
        aside: Aside = at_once,
        holds: Holds | None = None,
        allowances: Allowances | None = None,
        keys: Keys | None = None,
    ) -> None:
        super().__init__(journal)
        self.keys = keys or NoKeys()
        self.holding = Holding(self, holds or NoHolds(), allowances or NoAllowances())
        self.shop = shop
        self.read: CodeReader = as_given
        """What a code says by its form."""
        self.aside = aside
        self.elsewhere: Elsewhere = NoElsewhere()
        """Opens after the till, with the lane of sync."""
        self.outside = outside or Outside()
        self.catalogue = catalogue
        self.members = members
        self.sales = sales
        self.programme = programme
        self.world = world
        self.shift = shift
        self.next_number = next_number
        """Of the next receipt."""
        self.member: Member | None = None
        self.last: Receipt | None = None
        self.who: Staff | None = None
        """Who signed in."""
        self.parked = 0
        """How many sales are parked."""
        self.staffed = False
        """Whether the shop keeps a list of its staff."""
        self.past: list[OpenSale] = []
        """The baskets before, for undo."""
        self.sale = self.new_sale()
        if kept is not None:
            # The basket as it stood when the till stopped, a tender without an outcome included.
            self.sale = open_basket.from_bytes(kept)
            self.member = self.load(self.sale.member)
            if self.sale.stage is Stage.OPEN:
                self.look_at_card()
            self.holding.resumed()
        self._left: dict[str, int] = {}
        self._explained: tuple[Decision, Decision] | None = None
        self._offers: tuple[OpenSale, tuple[Offer, ...]] = (self.sale, ())
        self.decision: Decision = self.price()

    # -- what may be done now ----------------------------------------------------------------------------

    def stopped(self) -> Outcome | None:
        """Why the basket cannot change now; None if it can."""
        if (asked := self.asked()) is not None:
            return asked
        return refused("locked") if self.locked else None

    def asked(self) -> Outcome | None:
        """Why nothing can be written now that the sale in hand does not know of, while it is with a terminal
        or a fiscal device: it has its number, and its price from what the member had. None if it can."""
        if self.busy:
            return refused("busy")
        if self.outside.waits_for == "shift":
            return refused("shift_at_device")
        if self.sale.stage is Stage.TENDERED:
            return refused("tender_open", due_minor=self.asked_minor)
        return None

    @property
    def locked(self) -> bool:
        """Whether somebody has to sign in first."""
        return self.staffed and self.who is None

    @property
    def asked_minor(self) -> int:
        """What the terminal was asked for and has not been settled yet."""
        pending = self.sale.pending
        if pending is None:
            return 0
        if pending.refund is not None:
            return sum(t.amount_minor for t in pending.refund.tenders if t.means in ("cash", "card"))
        if pending.correction is not None:
            return pending.correction.amount_minor
        if pending.asked is not None:
            return pending.asked.amount_minor
        # Kept by a version that knew one tender a sale.
        return sum(tender.amount_minor for tender in pending.sale.tenders) if pending.sale else 0

    @property
    def left_minor(self) -> int:
        """What is still to pay in money, less what was taken; below zero it is the customer's."""
        return self.decision.due_minor - self.sale.tendered_minor - self.sale.credit_minor

    @property
    def cashier(self) -> str:
        """Who answers for what is done now."""
        if self.who is not None:
            return self.who.id
        return self.shift.cashier if self.shift else ""

    def lacking(
        self,
        act: str,
        approval: Approval | None = None,
        *,
        above: bool = False,
        line: int | None = None,
        about: Mapping[str, Value] | None = None,
    ) -> Outcome | None:
        """Why the cashier may not do this alone; None if they may, or somebody approved it. `about` tells who
        is to agree what it is about: a name, a sum, the price before and after."""
        role = needed(act, above=above)
        if not self.staffed or (self.who is not None and self.who.role.rank >= role.rank):
            return None
        if approval is not None and approval.role.rank >= role.rank:
            return None
        return refused("needs_approval", line=line, role=role, act=act, **(about or {}))

    def privileged(
        self,
        act: str,
        approval: Approval | None = None,
        *,
        reason: str = "",
        amount_minor: int = 0,
        subject: uuid.UUID | None = None,
    ) -> Privileged:
        """The fact that such an act leaves."""
        return Privileged(
            id=self.world.new_id(),
            at_ms=self.world.now_ms(),
            act=act,
            cashier=self.cashier,
            approved_by=approval.by if approval else "",
            reason=reason,
            subject=subject,
            amount_minor=amount_minor,
        )

    # -- the sale in hand --------------------------------------------------------------------------------

    def new_sale(self) -> OpenSale:
        return OpenSale(id=self.world.new_id(), opened_ms=self.world.now_ms())

    def load(self, member: uuid.UUID | None) -> Member | None:
        return None if member is None else self.members.member(member)

    def change(
        self,
        sale: OpenSale,
        member: Member | None = None,
        facts: tuple[AnyFact, ...] = (),
        *,
        why: Why | None = "void",
    ) -> Outcome | None:
        """The basket is another one now: it can be undone, is priced and kept, with the facts of the change.

        `member` is the sale's, freshly loaded, where the caller has it. Goods that are gone from it leave
        facts of their own, with `why`; None where `facts` tell of them. Refused, and nothing is changed,
        where the customer would have paid more than the basket is worth.
        """
        before, left = (self.sale, self.member, self.decision), self._left
        if member is None and sale.member is not None:
            member = self.member if sale.member == self.sale.member else self.load(sale.member)
        self.sale, self.member = self._now(sale), member
        self.decision = self.price()
        paid_minor = sale.tendered_minor + sale.credit_minor
        if self.sale.tenders and self.left_minor < min(0, before[2].due_minor - paid_minor):
            over_minor = -self.left_minor
            (self.sale, self.member, self.decision), self._left = before, left
            return refused("overpaid", over_minor=over_minor)
        self.past.append(before[0])
        del self.past[:-UNDO_STEPS]
        self.holding.look()
        gone = tuple(voided(before[0], self.sale, why, self.answering)) if why else ()
        self.keep((*facts, *gone))
        return None

    def put_back(self, sale: OpenSale) -> Outcome | None:
        """An earlier basket again, with what was paid since; its own id may have been used up."""
        now, emptied = self.sale, sale
        sale = msgspec.structs.replace(
            sale,
            id=now.id,
            tenders=now.tenders,
            gift_cards=now.gift_cards,
            exchange=now.exchange,
            holds=now.holds,
        )
        if emptied.id == now.id:
            refusal = self.change(sale, self.load(sale.member), why="undo")
        else:
            facts = abandoned(emptied, self.answering, undone=True)
            refusal = self.change(sale, self.load(sale.member), facts, why=None)
        if refusal is None:
            self.past.pop()
            self._take_over(emptied.id)
        return refusal

    def go_on_as(self, sale: OpenSale) -> None:
        """The sale under another id, since its own was used up."""
        before, self.sale = self.sale.id, sale
        self._take_over(before)

    def _take_over(self, other: uuid.UUID) -> None:
        """The steps of another id are steps of this sale from now on."""
        self.past = [
            msgspec.structs.replace(each, id=self.sale.id) if each.id == other else each for each in self.past
        ]

    @property
    def answering(self) -> Answering:
        """Who answers for what is taken out of the basket now."""
        shift = self.shift.id if self.shift else None
        return Answering(self.cashier, shift, self.world.now_ms(), self.world.new_id)

    def _now(self, sale: OpenSale) -> OpenSale:
        return msgspec.structs.replace(sale, priced_ms=self.world.now_ms())

    def reprice(self, *, keep: bool = True) -> None:
        """Price the basket at this moment, and keep it in the database."""
        if self.sale.stage is Stage.OPEN:
            self.sale = self._now(self.sale)
        self.decision = self.price()
        if keep:
            self.keep()

    def refresh_member(self, member: uuid.UUID | None = None) -> None:
        """Their state may have changed (a snapshot came, a refund): price with what is known now. `member` is
        whose has, by any id that they have had; None: perhaps anybody's."""
        if self.sale.member is None or self.stopped() is not None:
            return
        found = self.load(self.sale.member)
        other = found if member is None else self.load(member)
        if other is None or found is None or other.id == found.id:
            self.member = found
            self.look_at_card()
            self.reprice(keep=False)

    def look_at_card(self) -> None:
        """The card that the sale was begun with may have been blocked since: then it pays for nothing more
        and fetches nothing, what was taken before included."""
        holder = self.members.holder(self.sale.card) if self.sale.card else None
        if holder is not None and holder.blocked:
            self.sale = msgspec.structs.replace(self.sale, redeem_cap_centi=0, redeem=0, rewards=(), uses=())

    def refresh_price(self) -> None:
        """What all customers share may have changed (budgets, stocks): price with what is left now."""
        if self.sale.lines and not self.sale.tenders and self.stopped() is None:
            self.reprice(keep=False)

    def keep(self, facts: tuple[AnyFact, ...] = ()) -> None:
        """Write the basket down: after a power cut it is on the screen again."""
        self.note_down(Work(facts=facts, basket=self.payload(), at_ms=self.sale.priced_ms))

    def payload(self) -> bytes | None:
        """The basket in hand as it is kept; None while there is nothing to keep."""
        return None if self.sale.untouched else open_basket.to_bytes(self.sale)

    def begin_anew(self) -> None:
        """The next customer: an empty basket, nothing to undo."""
        self.past.clear()
        self.sale, self.member = self.new_sale(), None
        self.holding.look()
        self.decision = self.price()

    # -- why -----------------------------------------------------------------------------------------------

    @property
    def is_explained(self) -> bool:
        """Whether `explained` costs nothing now."""
        return self._explained is not None and self._explained[0] is self.decision

    def explained(self) -> Decision:
        """The decision with its reasons and offers; they cost more than the price, so that it goes first."""
        if self._explained is None or self._explained[0] is not self.decision:
            full = self.evaluate(paying=False, explain=True)
            self._explained = self.decision, full
            self._offers = self.sale, full.offers
        return self._explained[1]

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What was worth saying when the basket was last explained; nothing of another customer's."""
        sale, offers = self._offers
        same = sale.id == self.sale.id and sale.member == self.sale.member
        return offers if same and self.sale.lines else ()

    # -- the price -----------------------------------------------------------------------------------------

    def price(self) -> Decision:
        """What the basket costs, without what only a payment may do (draw a prize). What is left of budgets
        stays what it is now until the next price: what the customer was told is what is paid."""
        self._left = budgets_left(self.programme, self.sales)
        return self.evaluate(paying=False)

    def evaluate(self, *, paying: bool, explain: bool = False) -> Decision:
        """The engine's decision over the sale in hand, at the moment it was priced."""
        basket, context = self.basket(), self.context(paying=paying)
        return evaluate(self.programme, self.state, basket, context, explain=explain)

    @property
    def state(self) -> MemberState | None:
        """The member's state that the sale in hand is priced on: what comes back for it has come back."""
        if self.member is None:
            return None
        put, state = self.sale.exchange, self.member.state
        if put is None or put.member != self.member.id:
            return state
        return apply(state, put.effects, self.sale.priced_ms)

    def basis(self, sold_ms: int) -> Basis:
        """What the sale in hand is priced from, for its fact."""
        member = self.member
        known = None if member is None else Known(member.state, member.snapshot, member.own)
        return basis_of(self.programme, self.context(paying=True), known, sold_ms)

    def basket(self) -> Basket:
        """The sale in hand as the engine sees it, with what the cashier gives off each line."""
        if not open_basket.has_manual(self.sale):
            return open_basket.for_engine(self.sale)
        # That is a part of what the programme alone leaves.
        return open_basket.for_engine(self.sale, open_basket.manual_minor(self.sale, self.without_manual()))

    def without_manual(self) -> Decision:
        """What the programme alone makes of the sale in hand."""
        plain = open_basket.for_engine(self.sale)
        return evaluate(self.programme, self.state, plain, self.context(paying=False))

    def context(self, *, paying: bool) -> Context:
        """When, where and for whom the sale in hand is priced, and what was presented."""
        at_ms, left = self.sale.priced_ms or self.world.now_ms(), self._left
        context = context_of(self.sale, self.member, self.sales, self.shop, at_ms, left, paying=paying)
        limit, most = self.holding.limit_centi(), context.points_limit_centi
        if limit is None:
            return context
        least = limit if most is None else min(limit, most)
        return msgspec.structs.replace(context, points_limit_centi=least)

    def decided_with(self, rewards: tuple[str, ...]) -> Decision:
        """What the sale in hand would come to with these rewards."""
        context = self.context(paying=False)
        redeem = msgspec.structs.replace(context.redeem, rewards=rewards)
        return evaluate(
            self.programme, self.state, self.basket(), msgspec.structs.replace(context, redeem=redeem)
        )

    def wished_centi(self) -> int:
        """The points that this sale would spend if nothing but the member's balance limited them."""
        context = self.context(paying=False)
        context = msgspec.structs.replace(context, points_limit_centi=self.sale.redeem_cap_centi)
        points = evaluate(self.programme, self.state, self.basket(), context).points
        return points.spent_centi + points.rewards_centi
