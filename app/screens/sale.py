"""The sale screen's presenter: an intent in, a frozen view state out.

Lives in one thread (the window's) and never waits: whatever is written answers later through the till.
The lanes reach it by the window's bridge.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from msgspec.structs import replace

from app.checkout.basket import Stage
from app.checkout.outcome import Outcome, done, note, refused
from app.checkout.ports import Catalogue, Members
from app.checkout.till import Till
from app.lanes import World
from app.ledger.facts import SaleCompleted
from app.screens import cash, views
from app.screens.devices import STUCK_S, Devices, Network, to_do
from app.screens.middle import (
    Charging,
    Counting,
    Deciding,
    Enrolling,
    Finder,
    Mode,
    PaidUp,
    Paying,
    Ringing,
    Searching,
    enrol_view,
    middle_view,
)  # fmt: skip
from app.screens.saying import Said
from app.screens.showing import Shower
from app.screens.views import Action
from app.texts import LANGUAGES, texts
from app.values import minor_digits
from hardware.ports import CardEvent, CardFailed, CardTapped, PrinterState, ReaderRole, ReadersChanged


class SalePresenter:
    """Everything a cashier can want on the sale screen. `publish` hears every new view state.

    `last_sale` is the one before the till was started; it is shown until there is a newer one.
    """

    def __init__(
        self,
        till: Till,
        catalogue: Catalogue,
        members: Members,
        world: World,
        *,
        lang: str = "",
        last_sale: SaleCompleted | None = None,
        publish: Callable[[views.SaleView], None] | None = None,
    ) -> None:
        self.till = till
        self.publish = publish or _nobody
        self._catalogue, self._world = catalogue, world
        self._show = Shower(till, texts(lang or till.shop.lang), last_sale)
        self._mode: Mode = Charging() if till.sale.stage is Stage.TENDERED else Ringing()
        self._devices = Devices()
        self._said = Said()
        self._loose_card = ""
        self._undecided: list[int] = []
        self.decide_paper: Callable[[int, bool], None] = lambda job, reprint: None
        """What to do with an undecided print job: print it again as a copy, or not."""
        self.on_staff_card: Callable[[CardTapped], None] = lambda event: None
        """What to do with a card on the staff's reader, which is never a member's."""
        self._selected = till.sale.lines[-1].key if till.sale.lines else None
        self._finder = Finder(catalogue, members)
        self._favourites = self._tiles()
        self.view = self._view()

    @property
    def lang(self) -> str:
        return self._show.words.lang

    # -- what lanes tell ---------------------------------------------------------------------------------

    def scan(self, text: str, aim: str | None = None) -> None:
        """A barcode, at any moment; one that comes while the sale is being saved waits for it."""
        self.till.when_free(lambda: self._scan(text, aim))

    def card(self, event: CardEvent) -> None:
        """Anything that happened on a card reader."""
        match event:
            case CardTapped(role=ReaderRole.STAFF):
                self.on_staff_card(event)
            case CardTapped():
                self.till.when_free(lambda: self._tap(event))
            case CardFailed(code=code):
                self._tell(refused(f"card_{code}"))
            case ReadersChanged():
                self._devices = replace(self._devices, readers=event)
                self._show_now()
            case _:
                pass

    def printer(self, state: PrinterState) -> None:
        self._devices = replace(self._devices, printer=state)
        self._show_now()

    def network(self, online: bool, waiting: int, *, refused: bool = False) -> None:
        """The server's answer or silence, and how many facts wait to be sent."""
        self._devices = replace(self._devices, network=Network(online, waiting, refused))
        self._show_now()

    def tick(self, reader_age_s: float = 0.0) -> None:
        """Once a second: the clock, and whether the reader lane still beats."""
        self._devices = replace(self._devices, reader_stuck=reader_age_s > STUCK_S)
        self._show_now()

    def tell(self, outcome: Outcome) -> None:
        """Say something that came of work outside the screen."""
        self._tell(outcome)

    def refresh(self) -> None:
        """Something the screen shows has changed outside: member data, programme, products."""
        self.till.refresh_member()
        self._favourites = self._tiles()
        self._show_now()

    # -- ringing up --------------------------------------------------------------------------------------

    def ring(self, sku: str) -> None:
        self.till.when_free(lambda: self._rung(self.till.ring_sku(sku)))

    def search(self, query: str) -> None:
        """What is typed so far; nothing typed shows the favourites again."""
        if query.strip():
            self._mode = Searching(query)
        elif isinstance(self._mode, Searching):
            self._mode = Ringing()
        self._show_now()

    def choose(self, key: str) -> None:
        """Take a search hit."""
        kind, _, id = key.partition(":")
        self._mode = Ringing()
        if kind == "product":
            self.ring(id)
        else:
            self.till.when_free(lambda: self._tell(self.till.attach(uuid.UUID(id))))

    def submit(self, text: str) -> None:
        """Enter in the search field without a hit: perhaps it is a whole code."""
        self._mode = Ringing()
        self.scan(text)

    def select(self, key: str) -> None:
        self._selected = int(key)
        self._show_now()

    def step_quantity(self, pieces: int) -> None:
        if self._selected is None:
            return self._tell(refused("no_line"))
        return self._tell(self.till.step_qty(self._selected, pieces))

    def ask_quantity(self) -> None:
        """Type the selected line's quantity."""
        if self._selected is not None:
            self._mode = Counting(self._selected)
            self._show_now()

    def act(self, action: Action) -> None:
        """A button below the basket, or its key; one that is not shown does nothing."""
        if action not in self._actions():
            return
        if action is Action.UNDO:
            self._tell(self.till.undo())
        elif action is Action.VOID_LINE and self._selected is not None:
            self._tell(self.till.void_line(self._selected))
        elif action is Action.CLEAR:
            self._tell(self.till.clear())

    # -- the member --------------------------------------------------------------------------------------

    def detach(self) -> None:
        self._tell(self.till.detach())

    def take_offer(self, key: str) -> None:
        offer = next((o for o in self.view.member.offers if o.key == key), None) if self.view.member else None
        if offer is not None and offer.product:
            self.ring(offer.product)

    def spend_points(self, wanted: bool) -> None:
        self._tell(self.till.redeem("max" if wanted else 0))

    def start_enrolment(self) -> None:
        if self.till.member is None and not isinstance(self._mode, Charging):
            self._mode = Enrolling(card=self._loose_card)
            self._show_now()

    def type_phone(self, text: str) -> None:
        if isinstance(self._mode, Enrolling):
            self._mode = replace(self._mode, phone=text)
            self._show_now()

    def type_name(self, text: str) -> None:
        if isinstance(self._mode, Enrolling):
            self._mode = replace(self._mode, name=text)
            self._show_now()

    def enrol(self) -> None:
        mode = self._mode
        if isinstance(mode, Enrolling) and enrol_view(mode, self._show).ready:
            self.till.enrol(mode.name, mode.phone, card=mode.card, lang=self.lang, answer=self._enrolled)
            self._show_now()

    # -- paying ------------------------------------------------------------------------------------------

    def pay(self) -> None:
        """Money is wanted: the middle becomes the payment; there, the same button takes it."""
        if isinstance(self._mode, Paying):
            return self.take()
        if isinstance(self._mode, Charging):
            return None
        outcome = self.till.start_payment()
        if not outcome.refused:
            self._mode = Paying()
        return self._tell(outcome)

    def key(self, key: str) -> None:
        """A key of the keypad."""
        if isinstance(self._mode, Paying):
            decimals = minor_digits(self.till.shop.currency)
            self._mode = Paying(cash.typed(self._mode.entry, key, decimals))
        elif isinstance(self._mode, Counting):
            entry = cash.typed(self._mode.entry, key, self._decimals(self._mode.line))
            self._mode = replace(self._mode, entry=entry)
        self._show_now()

    def give(self, amount_minor: int) -> None:
        """One of the quick sums: taken at once, the change follows from it."""
        if isinstance(self._mode, Paying):
            self.till.pay_cash(amount_minor, self._paid)
            self._show_now()

    def take(self) -> None:
        """Enter: take the sum or the quantity typed."""
        if isinstance(self._mode, Paying):
            given = cash.entered(self._mode.entry, minor_digits(self.till.shop.currency))
            if given is None and self.till.due_minor:
                return
            self.give(given or 0)
        elif isinstance(self._mode, Counting):
            line = self._mode.line
            decimals = self._decimals(line)
            qty = cash.entered(self._mode.entry, decimals)
            if qty is not None:
                self._mode = Ringing()
                self._tell(self.till.set_qty(line, qty * 10 ** (3 - decimals)))

    def pay_by_card(self) -> None:
        """Pay by the terminal beside the till."""
        if isinstance(self._mode, Paying):
            self.till.ask_terminal(self._asked)
            self._show_now()

    def answer(self, yes: bool) -> None:
        """The cashier's answer to what the screen asks."""
        if isinstance(self._mode, Charging):
            self._settle_card(yes)
        elif isinstance(self._mode, Deciding) and self._undecided:
            job = self._undecided.pop(0)
            self.decide_paper(job, not yes)
            self._devices = replace(self._devices, undecided=len(self._undecided))
            self._mode = Deciding() if self._undecided else Ringing()
            self._tell(done("paper_there" if yes else "copy_printing"))

    def undecided(self, job: int) -> None:
        """A receipt that may or may not be on paper: the printer's chip asks until it is answered."""
        if job not in self._undecided:
            self._undecided.append(job)
        self._devices = replace(self._devices, undecided=len(self._undecided))
        self._tell(note("print_unknown"))

    def _settle_card(self, charged: bool) -> None:
        if isinstance(self._mode, Charging):
            self.till.settle_terminal(charged=charged, answer=self._paid if charged else self._reopened)
            self._show_now()

    def leave(self) -> None:
        """Back to ringing up; not from a terminal that was asked for money, nor while a sale is written."""
        if not isinstance(self._mode, Charging) and not self.till.busy:
            self._mode = Ringing()
            self._show_now()

    # -- the rest ----------------------------------------------------------------------------------------

    def explain_chip(self, chip: views.Chip) -> None:
        """What to do about a state: said in the message line, or asked."""
        asked = chip.kind is views.ChipKind.PRINTER and self._undecided
        if asked and not isinstance(self._mode, Charging) and not self.till.busy:
            self._mode = Deciding()
        message = self._devices.message(chip.kind)
        said = to_do(message) if self._show.words.has(to_do(message)) else message
        self._said = Said(said, chip.tone, self._devices.values)
        self._show_now()

    def switch_language(self, lang: str = "") -> None:
        """To `lang`, or to the next one."""
        wanted = lang or LANGUAGES[(LANGUAGES.index(self.lang) + 1) % len(LANGUAGES)]
        self._show = Shower(self.till, texts(wanted), self._show.before)
        self._favourites = self._tiles()
        self._show_now()

    # -- within ------------------------------------------------------------------------------------------

    def _scan(self, text: str, aim: str | None) -> None:
        outcome = self.till.scan(text, aim)
        if outcome.code == "card_of_nobody":
            self._loose_card = f"code:{text.strip()}"
        if outcome.code in ("unknown_code", "card_of_nobody") and isinstance(self._mode, Enrolling):
            self._mode = replace(self._mode, card=f"code:{text.strip()}")
            return self._show_now()
        return self._rung(outcome)

    def _rung(self, outcome: Outcome) -> None:
        """After a scan: a product takes the screen back to ringing up, wherever it was."""
        if not outcome.refused and not isinstance(self._mode, Enrolling | Charging):
            line = None if outcome.line is None else self.till.sale.line(outcome.line)
            # What is sold by weight is worth nothing until it is weighed.
            self._mode = Counting(line.key) if line is not None and line.unit == "kg" else Ringing()
        self._tell(outcome)

    def _tap(self, event: CardTapped) -> None:
        outcome = self.till.tap(event.uid, event.record, event.proof, event.counter)
        if outcome.code == "card_of_nobody":
            # The member record is the card's own number, its serial is only a stand-in.
            self._loose_card = f"code:{event.record}" if event.record else f"uid:{event.uid}"
            if isinstance(self._mode, Enrolling):
                self._mode = replace(self._mode, card=self._loose_card)
                return self._show_now()
        elif not outcome.refused:
            self._loose_card = ""
            if isinstance(self._mode, Enrolling | Searching | PaidUp):
                self._mode = Ringing()
        return self._tell(outcome)

    def _enrolled(self, outcome: Outcome) -> None:
        if not outcome.refused:
            self._mode, self._loose_card = Ringing(), ""
        self._tell(outcome)

    def _asked(self, outcome: Outcome) -> None:
        if not outcome.refused:
            self._mode = Charging()
        self._tell(outcome)

    def _reopened(self, outcome: Outcome) -> None:
        self._mode = Paying()
        self._tell(outcome)

    def _paid(self, outcome: Outcome) -> None:
        if not outcome.refused and self.till.last is not None:
            self._mode, self._selected, self._loose_card = PaidUp(self.till.last), None, ""
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        if outcome.line is not None:
            self._selected = outcome.line
        self._said = Said.of(self._in_words(outcome))
        self._show_now()

    def _in_words(self, outcome: Outcome) -> Outcome:
        """The till names products in the shop's language; the cashier reads another one perhaps."""
        line = None if outcome.line is None else self.till.sale.line(outcome.line)
        gone = (each.name for each in self.view.basket.lines if each.key == str(outcome.line))
        name = next(gone, None) if line is None else line.name_in(self.lang)
        return replace(outcome, values={**outcome.values, "name": name}) if name else outcome

    def _show_now(self) -> None:
        self._settle()
        self.view = self._view()
        self.publish(self.view)

    def _settle(self) -> None:
        """Selection and mode follow the basket: what is gone cannot be selected, counted or paid."""
        lines = self.till.sale.lines
        if all(line.key != self._selected for line in lines):
            self._selected = lines[-1].key if lines else None
        gone = isinstance(self._mode, Counting) and self.till.sale.line(self._mode.line) is None
        if gone or (isinstance(self._mode, Paying) and not lines):
            self._mode = Ringing()

    def _actions(self) -> tuple[Action, ...]:
        open_lines = self.till.sale.stage is Stage.OPEN and bool(self.till.sale.lines)
        return (
            *((Action.UNDO,) if self.till.can_undo else ()),
            *((Action.VOID_LINE, Action.CLEAR) if open_lines else ()),
        )

    def _decimals(self, line: int) -> int:
        found = self.till.sale.line(line)
        return 3 if found is not None and found.unit == "kg" else 0

    def _tiles(self) -> views.Favourites:
        return views.Favourites(tuple(self._show.tile(each) for each in self._catalogue.favourites()))

    def _view(self) -> views.SaleView:
        show = self._show
        middle = middle_view(self._mode, show, self._favourites, self._finder)
        return views.SaleView(
            state=show.state_line(self._devices, self._world.now_ms()),
            basket=show.basket(self._selected, self._actions()),
            middle=middle,
            member=show.member(),
            can_enrol=not isinstance(self._mode, Enrolling | Charging),
            total=show.total(middle),
            notice=self._said.notice(show.words, show.currency),
        )


def _nobody(_: views.SaleView) -> None: ...
