"""The till: one sale in hand, from the first scan to the receipt, and what belongs around it.

Belongs to one thread (the window's, or a command's). Every change is priced at once and kept in the
database; the sale itself is one transaction of the journal. What a cashier cannot do now comes back as a
refusal that says what to do instead; exceptions are bugs.

The use cases stand in modules by what they are about, over one shared `Heart`:

| act | where |
| --- | --- |
| scan, ring, quantities, undo | `ringing` |
| cards, enrolment, points to spend | `membership` |
| tenders, cash and its change, gift cards | `paying` |
| a card on a terminal | `charging` |
| opening, closing | `shifts` |
| `till.drawer`: pay in and out, no sale, X, blind count, Z | `drawer` |
| `till.people`: sign in, lock, approve | `people`, `rights`, `pin` |
| `till.coupons`: codes, the best mix | `coupons` |
| `till.care`: persons, consents, cards, merging, goodwill, PIN | `care` |
| `till.moving`: a past sale to another member, a late claim | `moving` |
| `till.copies`: a past receipt once more | `copies` |
| `till.correcting`: a past sale with the fiscal device | `correcting` |
| `till.adjusting`: prices, discounts, notes, open prices, age | `adjusting`, `restricting` |
| `till.parking`: park, list, resume, drop | `parking` |
| `till.refunds`: find, preview, refund | `refunds` |
| `till.exchanges`: towards the sale in hand | `exchange` |
| `till.receiptless`: goods whose sale nobody can show | `receiptless` |
"""

from __future__ import annotations

from collections.abc import Callable

from app.checkout.adjusting import Adjusting
from app.checkout.aside import Aside, at_once
from app.checkout.basket import OpenSale, Stage
from app.checkout.care import Care
from app.checkout.charging import Charging
from app.checkout.copies import Copies
from app.checkout.correcting import Correcting
from app.checkout.coupons import Coupons
from app.checkout.drawer import Drawer
from app.checkout.exchange import Exchanges
from app.checkout.giving import Giving
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.holding import Behind
from app.checkout.membership import Membership
from app.checkout.moving import Moving
from app.checkout.outcome import refused
from app.checkout.outside import Outside
from app.checkout.parking import Parking
from app.checkout.paying import Paid, Paying
from app.checkout.people import People
from app.checkout.ports import (
    Catalogue,
    CodeReader,
    Journal,
    Member,
    Members,
    NoSales,
    NoStaff,
    Sales,
    Shift,
    StaffList,
    as_given,
)
from app.checkout.receipt import Receipt
from app.checkout.receiptless import Receiptless
from app.checkout.refunds import Refunds
from app.checkout.reserved import Allowances, Holds
from app.checkout.returning import Returning
from app.checkout.rewards import Rewards
from app.checkout.ringing import Ringing
from app.checkout.settling import SettlingJournal
from app.checkout.shifts import Shifts
from app.checkout.shop import Shop
from app.checkout.signed import Keys
from app.checkout.training import TrainingJournal
from app.lanes import World
from app.loyalty.decision import Decision, Offer
from app.loyalty.engine import Compiled


class Till:
    """What screens and commands know. Read `sale`, `decision`, `member`, `shift`, `last`; change by acts."""

    def __init__(
        self,
        *,
        shop: Shop,
        catalogue: Catalogue,
        members: Members,
        sales: Sales | None = None,
        staff: StaffList | None = None,
        journal: Journal,
        programme: Compiled,
        world: World,
        next_sale: int = 1,
        next_shift: int = 1,
        shift: Shift | None = None,
        kept: bytes | None = None,
        read: CodeReader = as_given,
        outside: Outside | None = None,
        aside: Aside = at_once,
        holds: Holds | None = None,
        allowances: Allowances | None = None,
        keys: Keys | None = None,
    ) -> None:
        sales = sales or NoSales()
        journal = TrainingJournal(journal) if shop.training else journal
        heart = self.heart = Heart(
            shop=shop,
            catalogue=catalogue,
            members=members,
            sales=sales,
            journal=SettlingJournal(journal, members, sales, lambda: self.heart.programme),
            programme=programme,
            world=world,
            next_number=next_sale,
            shift=shift,
            kept=kept,
            outside=outside,
            aside=aside,
            holds=holds,
            allowances=allowances,
            keys=keys,
        )
        self.outside = heart.outside
        self.when_free, self.explained = heart.when_free, heart.explained
        self._serve(heart, staff or NoStaff())
        self._ring_up(heart, read)
        self._take_back(heart)
        self._take_money(heart, next_shift)

    def _serve(self, heart: Heart, staff: StaffList) -> None:
        """Who is served, by whom, and what the programme gives them."""
        member = self._member = Membership(heart)
        self.tap, self.present_card, self.attach = member.tap, member.present_card, member.attach
        self.detach, self.redeem, self.enrol = member.detach, member.redeem, member.enrol
        self.refresh_member, self.spent = heart.refresh_member, heart.sales.spent
        self.people = People(heart, staff)
        self.coupons = Coupons(heart)
        self.rewards = Rewards(heart)
        self.giving = Giving(heart)
        self.care = Care(heart)

    def _ring_up(self, heart: Heart, read: CodeReader) -> None:
        """What goes into the basket."""
        self.read = heart.read = read
        ringing = Ringing(heart, self._member.present_card, self.people.present, self.coupons.present)
        self.scan, self.ring, self.ring_sku = ringing.scan, ringing.ring, ringing.ring_sku
        self.set_qty, self.step_qty, self.void_line = ringing.set_qty, ringing.step_qty, ringing.void_line
        self.undo, self.clear = ringing.undo, ringing.clear
        self.adjusting = Adjusting(heart)
        self.parking = Parking(heart, heart.sales.parked())

    def _take_back(self, heart: Heart) -> None:
        """Past sales: given back, moved, copied, corrected."""
        self._returning = Returning(heart)
        self.settle_return = self._returning.settle
        self.refunds = Refunds(heart, self._returning)
        self.exchanges = Exchanges(heart, self.refunds)
        self.receiptless = Receiptless(heart)
        self.moving = Moving(heart)
        self.copies = Copies(heart)
        self.correcting = Correcting(heart)

    def _take_money(self, heart: Heart, next_shift: int) -> None:
        """Tenders, and the drawer they go to."""
        self._paying = paying = Paying(heart, self.exchanges)
        self.start_payment, self.pay_cash = paying.start_payment, paying.pay_cash
        self.tender_cash, self.drop_tender = paying.tender_cash, paying.drop_tender
        self.present_gift_card = paying.present_gift_card
        self._charging = charging = Charging(heart, paying)
        self.ask_terminal, self.settle_terminal = charging.ask_terminal, charging.settle_terminal
        self.gives_back, self.give_back = charging.gives_back, charging.give_back
        self.in_doubt, self.keep_charged = charging.in_doubt, charging.keep_charged
        shifts = Shifts(heart, next_shift)
        self.drawer = Drawer(heart, shifts)
        self.open_shift, self.close_shift = shifts.open_shift, shifts.close_shift

    @property
    def shop(self) -> Shop:
        return self.heart.shop

    @property
    def programme(self) -> Compiled:
        return self.heart.programme

    @property
    def sale(self) -> OpenSale:
        return self.heart.sale

    @property
    def decision(self) -> Decision:
        """What the basket costs; `explained` says why as well."""
        return self.heart.decision

    @property
    def offers(self) -> tuple[Offer, ...]:
        return self.heart.offers

    @property
    def is_explained(self) -> bool:
        return self.heart.is_explained

    @property
    def member(self) -> Member | None:
        return self.heart.member

    @property
    def shift(self) -> Shift | None:
        return self.heart.shift

    @property
    def last(self) -> Receipt | None:
        """The sale completed last, since the till was started."""
        return self.heart.last

    @property
    def busy(self) -> bool:
        """Whether something is being written, so that nothing else can be done."""
        return self.heart.busy

    @property
    def points_behind(self) -> Behind:
        """What vouches for the points that this sale spends: a hold, or this till's allowance."""
        return self.heart.holding.behind

    @property
    def can_undo(self) -> bool:
        return bool(self.heart.past) and self.sale.stage is Stage.OPEN

    @property
    def due_minor(self) -> int:
        """What is left to pay in money, less the tenders taken; below zero it is paid out."""
        return self._paying.due_minor

    @property
    def cash_due_minor(self) -> int:
        """The same if the rest is paid in cash: rounded to the smallest coin."""
        return self._paying.cash_due_minor

    @property
    def tenders(self) -> tuple[Paid, ...]:
        """What pays this sale so far."""
        return self._paying.tenders

    @property
    def tendered_minor(self) -> int:
        """What the terminal was asked for and has not been settled yet."""
        return self.heart.asked_minor

    @property
    def registering(self) -> bool:
        """Whether the sale in hand, or a past one's correction, is with the fiscal device or may be."""
        return self._paying.registering.open or self.correcting.open

    def settle_fiscal(self, *, registered: bool, answer: Answer = ignore) -> None:
        """The cashier's word on that, where the till has no fiscal device any more that could be asked."""
        if self.heart.locked:
            return answer(refused("locked"))
        if self.correcting.open:
            return self.correcting.settle(registered=registered, answer=answer)
        return self._paying.registering.settle(registered=registered, answer=answer)

    @property
    def returning(self) -> bool:
        """Whether a refund is with terminal or fiscal device, or nobody knows what became of it."""
        return self._returning.open

    @property
    def return_registers(self) -> bool:
        """Whether that refund waits for the fiscal device, and no more for the terminal."""
        pending = self.sale.pending
        return self.returning and pending is not None and pending.asked is None

    def resume(self) -> None:
        """Ask the terminal or the fiscal device what became of what it was asked: when they are there after
        a restart, or by the cashier's wish. What they say is heard outside."""
        if self.returning:
            return self._returning.resume()
        if self.correcting.open:
            return self.correcting.resume()
        self._charging.resume()
        return self._paying.registering.resume()

    def remind(self) -> None:
        """Once a second: what only time answers."""
        if self.returning:
            return self._returning.remind()
        if self.correcting.open:
            return self.correcting.remind()
        self._charging.remind()
        return self._paying.registering.remind()

    def use(self, programme: Compiled) -> None:
        """A newer programme is in force; the basket in hand is priced by it from now on."""
        self.heart.programme = programme
        if self.heart.stopped() is None:
            self.heart.reprice(keep=False)

    def report_to(self, heard: Callable[[BaseException], None]) -> None:
        """Who hears of writes that nobody waited for and that failed; they are raised otherwise."""
        self.heart.on_write_failed = heard
