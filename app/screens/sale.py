"""The sale screen's presenter: an intent in, a frozen view state out.

Lives in one thread (the window's) and never waits: whatever is written answers later through the till.
The lanes reach it by the window's bridge. What fills the middle is a panel of its own (app/screens/panels).
"""

from __future__ import annotations

from app.checkout.outcome import note, refused
from app.checkout.receipt_code import is_receipt
from app.screens import views
from app.screens.board import Board
from app.screens.panels.counting import Counting
from app.screens.panels.history import PastSale
from app.screens.panels.paying import PaidUp, Paying
from app.screens.panels.ringing import Searching
from app.screens.showing import Shower
from app.screens.views import Action
from app.texts import LANGUAGES, texts
from hardware.ports import (
    CardEvent,
    CardFailed,
    CardRemoved,
    CardTapped,
    DeviceProblem,
    FiscalStatus,
    PrinterState,
    ReaderRole,
    ReadersChanged,
)


class SalePresenter(Board):
    """Everything a cashier, a reader, a scanner or the network can want of the sale screen."""

    # -- what lanes tell ---------------------------------------------------------------------------------

    def scan(self, text: str, aim: str | None = None) -> None:
        """A barcode, at any moment; one that comes while the sale is being saved waits for it."""
        self.till.when_free(lambda: self._scan(text, aim))

    def card(self, event: CardEvent) -> None:
        """Anything that happened on a card reader."""
        match event:
            case CardTapped(role=ReaderRole.STAFF):
                self.till.when_free(lambda: self.staff_card(event))
            case CardTapped():
                self.till.when_free(lambda: self._tap(event))
            case CardFailed(code=code):
                self.tell(refused(f"card_{code}"))
            case CardRemoved() if self.blank is not None and event.event == self.blank.event:
                self.blank = None
                self.repaint()
            case ReadersChanged():
                self.status.readers(event)
                self.repaint()
            case _:
                pass

    def printer(self, state: PrinterState) -> None:
        self.status.printer(state)
        self.repaint()

    def network(self, online: bool, waiting: int, *, refused: bool = False) -> None:
        """The server's answer or silence, and how many facts wait to be sent."""
        self.status.network(online, waiting, refused)
        self.repaint()

    def display(self, problem: DeviceProblem | None) -> None:
        """The customer's pole display: a problem, or None once it shows what it should."""
        self.status.display(problem)
        self.repaint()

    def fiscal(self, status: FiscalStatus) -> None:
        self.status.fiscal(status)
        self.repaint()

    def undecided(self, job: int) -> None:
        """A receipt that may or may not be on paper: the printer's chip asks until it is answered."""
        self.status.doubt(job)
        self.tell(note("print_unknown"))

    def tick(self, reader_age_s: float = 0.0) -> None:
        """Once a second: the clock, and whether the reader lane still beats."""
        self.status.reader_age(reader_age_s)
        self.till.remind()
        self.repaint()

    def refresh(self) -> None:
        """Something the screen shows has changed outside: member data, programme, products."""
        self.till.refresh_member()
        self.retile()
        self.repaint()

    # -- the basket --------------------------------------------------------------------------------------

    def step_quantity(self, pieces: int) -> None:
        if self.selected is None:
            return self.tell(refused("no_line"))
        return self.tell(self.till.step_qty(self.selected, pieces))

    def ask_quantity(self) -> None:
        """Type the selected line's quantity."""
        if self.selected is not None:
            self.open(Counting(self, self.selected))

    def act(self, action: Action) -> None:
        """A button below the basket, or its key; one that is not shown does nothing."""
        if action not in self.actions():
            return
        match action:
            case Action.UNDO:
                self.tell(self.till.undo())
            case Action.VOID_LINE if self.selected is not None:
                self.tell(self.till.void_line(self.selected))
            case Action.PARK | Action.REFUND:
                self.open_tool(action)
            case _:
                pass

    # -- the member --------------------------------------------------------------------------------------

    def detach(self) -> None:
        self.tell(self.till.detach())

    def take_offer(self, key: str) -> None:
        offer = next((o for o in self.view.member.offers if o.key == key), None) if self.view.member else None
        if offer is not None and offer.opens:
            self.open_tool(offer.opens)
        elif offer is not None and offer.product:
            self.ring(offer.product)

    def spend_points(self, wanted: bool) -> None:
        """Points as far as it is safe; for a member with coupons the best mix of both."""
        spend = self.view.member.spend if self.view.member else None
        if wanted and spend is not None and spend.mix:
            return self.tell(self.till.coupons.best_mix())
        return self.tell(self.till.redeem("max" if wanted else 0))

    def care_for_member(self) -> None:
        """What can be done for the member; for nobody yet, enrolling them."""
        self.open_tool("enrol" if self.till.member is None else "member")

    def start_enrolment(self) -> None:
        if self.till.member is None:
            self.open_tool("enrol")

    # -- the middle --------------------------------------------------------------------------------------

    def search(self, query: str) -> None:
        """What is typed so far; nothing typed shows the favourites again."""
        if self.panel.pressing:
            return
        if query.strip():
            self.open(Searching(self, self.finder, query))
        elif isinstance(self.panel, Searching):
            self.close()

    def submit(self, text: str) -> None:
        """Enter in the search field without a hit: perhaps it is a whole code."""
        self.close()
        self.scan(text)

    def pay(self) -> None:
        """Money is wanted: the middle becomes the payment; there, the same button takes it."""
        if isinstance(self.panel, Paying):
            return self.take()
        if self.panel.pressing:
            return None
        outcome = self.till.start_payment()
        if not outcome.refused:
            self.panel = Paying(self)
        return self.tell(outcome)

    def key(self, key: str) -> None:
        """A key of the keypad."""
        self.panel.key(key)
        self.repaint()

    def take(self) -> None:
        """Enter: take what was typed."""
        self.panel.take()
        self.repaint()

    def press(self, key: str) -> None:
        """A button of the panel."""
        self.panel.press(key)
        self.repaint()

    def pick(self, key: str) -> None:
        """A row, a tile or a choice of the panel."""
        self.panel.pick(key)
        self.repaint()

    def type(self, field: str, text: str) -> None:
        """What a field of the panel holds now."""
        self.panel.type(field, text)
        self.repaint()

    def step(self, key: str, by: int) -> None:
        """A row's − or +."""
        self.panel.step(key, by)
        self.repaint()

    def give(self, amount_minor: int) -> None:
        """One of the quick sums: taken at once, the change follows from it."""
        if isinstance(self.panel, Paying):
            self.panel.give(amount_minor)

    def pay_by_card(self) -> None:
        """Pay by the terminal beside the till."""
        if isinstance(self.panel, Paying):
            self.panel.by_card()

    def answer(self, yes: bool) -> None:
        """The cashier's answer to what the screen asks."""
        self.panel.press("yes" if yes else "no")
        self.repaint()

    def leave(self) -> None:
        """Back to ringing up; not from what only an answer ends, nor while a sale is written."""
        if not self.panel.pressing and not self.till.busy:
            self.close()

    # -- the rest ----------------------------------------------------------------------------------------

    def explain_chip(self, chip: views.Chip) -> None:
        """What to do about a state: said in the message line, or asked."""
        if self.status.asks(chip) and not self.panel.pressing and not self.till.busy:
            from app.screens.panels.deciding import Deciding

            self.panel = Deciding(self, self.status.undecided, self._decided)
        self.said = self.status.advice(chip, self.show.words)
        self.repaint()

    def switch_language(self, lang: str = "") -> None:
        """To `lang`, or to the next one."""
        wanted = lang or LANGUAGES[(LANGUAGES.index(self.lang) + 1) % len(LANGUAGES)]
        self.show = Shower(self.till, texts(wanted), self.show.before)
        self.retile()
        self.repaint()

    # -- within ------------------------------------------------------------------------------------------

    def _decided(self, job: int, reprint: bool) -> None:
        self.decide_paper(job, reprint)
        self.status.count()

    def _scan(self, text: str, aim: str | None) -> None:
        if self.panel.scanned(text, aim):
            return self.repaint()
        if is_receipt(text) and not self.panel.pressing and self._nobodys_product(text):
            return self._receipt(text)
        outcome = self.till.scan(text, aim)
        # A number that is the shop's own by its form is linked as that form writes it.
        card = f"code:{outcome.values.get('card') or text.strip()}"
        if outcome.code == "card_of_nobody":
            self.loose_card = card
        if outcome.code == "unknown_code" and self.panel.unknown(text.strip()):
            return self.repaint()
        if outcome.code in ("unknown_code", "card_of_nobody") and self.panel.unclaimed(card):
            return self.repaint()
        if outcome.code == "unknown_code" and self.till.shop.departments and self.ringing_up:
            from app.screens.panels.pricing import OpenPrice

            # Nobody has to wait for the catalogue: a price can be typed at once.
            self.panel = OpenPrice(self, text.strip())
        return self.rung(outcome)

    def _nobodys_product(self, text: str) -> bool:
        """What the catalogue holds is that product's, whatever else it might be by its form."""
        return self.catalogue.product_by_code(text.strip()) is None

    def _receipt(self, text: str) -> None:
        """One of our own receipts was scanned: what can be done with its sale."""
        found = self.till.refunds.find(text)
        if found is None:
            return self.tell(refused("sale_unknown"))
        return self.open(PastSale(self, found.sale))

    def _tap(self, event: CardTapped) -> None:
        self.blank = None
        if self.panel.tapped(event):
            return self.repaint()
        if (staff := self.till.people.present(f"uid:{event.uid}", "card")) is not None:
            return self.tell(staff)
        outcome = self.till.tap(event.uid, event.record, event.proof, event.counter)
        if outcome.code == "card_of_nobody":
            # The member record is the card's own number, its serial is only a stand-in.
            self.loose_card = f"code:{event.record}" if event.record else f"uid:{event.uid}"
            self.blank = event if _blank(event) else None
            if self.panel.unclaimed(self.loose_card):
                return self.repaint()
        elif not outcome.refused:
            self.loose_card = ""
            self.cue = self.cue.next("ok")
            if self.panel.enrols or isinstance(self.panel, Searching | PaidUp):
                self.panel = self.ringing()
        return self.tell(outcome)


def _blank(event: CardTapped) -> bool:
    """Whether a card has a place for a member's record, and nothing in it yet."""
    return event.record is None and not event.flaw and event.kind.startswith(("ntag21", "ultralight"))
