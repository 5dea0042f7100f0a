"""What the screens show: frozen view states, every text and figure already in the cashier's language.

A widget paints these and nothing else; labels that never change are the window's own (Qt Linguist). Parts
compare by value, so that the window repaints only what changed.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from app.screens.forms import AnyForm
from app.screens.forms import Compare as Compare
from app.screens.forms import Counts as Counts
from app.screens.forms import Form as Form
from app.screens.forms import Pad as Pad
from app.screens.forms import Rows as Rows
from app.screens.forms import Tools as Tools


class Tone(StrEnum):
    """What a message or chip means; shown by colour together with a word or sign."""

    QUIET = "quiet"
    WELL = "well"
    CAUTION = "caution"
    ERROR = "error"


class ChipKind(StrEnum):
    READER = "reader"
    PRINTER = "printer"
    NETWORK = "network"
    SCALE = "scale"
    DISPLAY = "display"
    FISCAL = "fiscal"


class Action(StrEnum):
    """What the buttons under the basket do; a button exists only for an action the till has."""

    UNDO = "undo"
    VOID_LINE = "void_line"
    PARK = "park"
    REFUND = "refund"


class Chip(Struct, frozen=True):
    """One device or line of the state; `text` says in words what is not well."""

    kind: ChipKind
    tone: Tone
    text: str
    detail: str = ""
    """What to do about it, for the tooltip and the accessible description."""


class StateLine(Struct, frozen=True):
    """The line on top: who sells where, what is well, what time it is."""

    shift: str
    till: str
    chips: tuple[Chip, ...] = ()
    clock: str = ""
    training: bool = False


class Line(Struct, frozen=True):
    """One basket line; `was` is the struck price before, `why` a discount's reason or what comes back."""

    key: str
    name: str
    quantity: str
    price: str
    was: str = ""
    why: str = ""
    note: str = ""
    """What the cashier noted, for the receipt."""


class NearMiss(Struct, frozen=True):
    """A reward almost reached: the sentence with the missing amount, and the rule that would give it."""

    text: str
    rule: str = ""


class LastSale(Struct, frozen=True):
    """The receipt before, shown while the basket is empty."""

    title: str
    detail: str
    total: str
    change: str = ""


class Basket(Struct, frozen=True):
    """The lines in ringing order; `selected` is a line's key."""

    lines: tuple[Line, ...] = ()
    selected: str = ""
    quantity: str = ""
    """Quantity of the selected line, between − and +; empty without one that may be counted."""
    near_miss: NearMiss | None = None
    actions: tuple[Action, ...] = ()
    parked: int = 0
    """Sales put aside; with an empty basket Park takes one up again."""
    last_sale: LastSale | None = None
    tip: str = ""
    note: str = ""
    """On the whole receipt."""


class Tile(Struct, frozen=True):
    """A favourite: tap rings it up."""

    key: str
    name: str
    price: str


class Found(Struct, frozen=True):
    """A search hit: a product or a member (by phone or name)."""

    key: str
    title: str
    detail: str
    price: str = ""
    member: bool = False


class Favourites(Struct, frozen=True):
    tiles: tuple[Tile, ...] = ()


class Results(Struct, frozen=True):
    """What the search found for `query`, best first; `hint` says what to do when that is nothing."""

    query: str
    rows: tuple[Found, ...] = ()
    hint: str = ""


class QuickCash(Struct, frozen=True):
    """A note or round sum the customer may hand over."""

    amount_minor: int
    text: str
    exact: bool = False


class Tendered(Struct, frozen=True):
    """One part of a payment already taken (points, cash): its name and amount."""

    key: str
    name: str
    amount: str


class Payment(Struct, frozen=True):
    """Taking money: what is due, what was typed, what change that makes."""

    due: str
    owed: bool = False
    """It is the customer who gets money."""
    rounded: str = ""
    """What is due in cash, where the smallest coin makes it differ."""
    entry: str = ""
    change: str = ""
    missing: str = ""
    quick: tuple[QuickCash, ...] = ()
    tendered: tuple[Tendered, ...] = ()
    ready: bool = False
    """The button takes what was typed or chosen: all that is due, or a part."""
    by_card: str = ""
    """What the card button says: the sum the terminal is asked for."""
    busy: bool = False
    """The sale is being written: nothing to press, nothing to wait for with the eyes."""


class Paid(Struct, frozen=True):
    """The sale is committed: the change, large, until the next scan. `word` says what the sum is."""

    title: str
    change: str
    paid: str
    word: str = ""
    earned: str = ""
    hand: str = ""
    """What goes over the counter with the receipt."""
    news: str = ""
    """What else the sale brought the customer."""
    receipt: str = ""
    next: str = ""
    """What its button says, where it is not the next customer."""


class Ask(Struct, frozen=True):
    """A question about the world that only the cashier's eyes can answer: was the card charged, is the
    receipt on paper? `pressing` when nothing else leads on."""

    question: str
    detail: str
    yes: str
    no: str
    figure: str = ""
    pressing: bool = False
    busy: bool = False


class Quantity(Struct, frozen=True):
    """Typing a line's quantity: pieces, or a weight. What is typed counts before what the scale shows.

    `weighed` is the scale's weight ("" without one), `still` whether it may be taken; `hint` says what to do
    where it may not.
    """

    name: str
    price: str
    unit: str
    entry: str = ""
    ready: bool = False
    weighed: str = ""
    still: bool = False
    hint: str = ""


Middle = Favourites | Results | Payment | Ask | Paid | Quantity | AnyForm


class Stamp(StrEnum):
    EMPTY = "empty"
    EARNED = "earned"
    NEW = "new"
    """Earned by this sale: filled."""
    FREE = "free"
    """The piece the card will make free: green, with its price of zero."""
    WON = "won"
    """That piece is in this basket: filled green."""


class StampCard(Struct, frozen=True):
    key: str
    name: str
    progress: str
    stamps: tuple[Stamp, ...]
    free_price: str = ""
    icon: str = "stamp"
    """An icon of the set (resources/icons)."""


class Offer(Struct, frozen=True):
    """Something to mention; `product` is what Add rings up, empty if there is nothing to add."""

    key: str
    title: str
    detail: str
    product: str = ""
    """The one that would complete it: a touch rings it up."""
    opens: str = ""
    """The tool that it leads to."""


class Spend(Struct, frozen=True):
    """Points this sale may be paid with; `chosen` when they are taken off already."""

    title: str
    detail: str
    chosen: bool = False
    mix: bool = False
    """There are coupons, too: the best mix of them and points is chosen."""
    behind: str = ""
    """What vouches for points that other tills could spend, too: `asking`, `held` or `allowance`."""


class Known(Struct, frozen=True):
    """A line worth knowing of a member, with its icon."""

    icon: str
    text: str


class Member(Struct, frozen=True):
    key: str
    name: str
    tier: str
    balance: str
    balance_of: str
    """Unit and time of the balance: points · as of 13:58."""
    earned: str = ""
    earned_of: str = ""
    note: str = ""
    known: tuple[Known, ...] = ()
    stamp_cards: tuple[StampCard, ...] = ()
    offers: tuple[Offer, ...] = ()
    spend: Spend | None = None


class Total(Struct, frozen=True):
    figure: str
    currency: str
    currency_first: bool = False
    saved: str = ""
    items: str = ""
    payable: bool = False
    taking: bool = False
    """PAY now takes the cash that was typed, instead of opening the payment."""
    giving: bool = False
    """PAY now gives back what the customer is owed: empty bottles, an exchange for less."""


class Notice(Struct, frozen=True):
    """One message for the cashier: what happened, and what to do if something is to be done."""

    tone: Tone
    text: str


class Cue(Struct, frozen=True):
    """A sound to make; `number` rises with each, so that the same one twice is two sounds."""

    kind: str = ""
    """`ok`, `refused` or `paid`."""
    number: int = 0

    def next(self, kind: str) -> Cue:
        return Cue(kind, self.number + 1)


class SaleView(Struct, frozen=True):
    """The whole sale screen."""

    state: StateLine
    basket: Basket = Basket()
    middle: Middle = Favourites()
    member: Member | None = None
    can_enrol: bool = False
    free: bool = True
    """Whether what stands beside the middle can be used: not while the till is locked or waits."""
    total: Total = Total("0", "")
    notice: Notice = Notice(Tone.QUIET, "")
    cue: Cue = Cue()


class DayRow(Struct, frozen=True):
    name: str
    figure: str
    detail: str = ""


class DayView(Struct, frozen=True):
    """The manager's day: figures of one business day; `problem` instead of figures that could not be read."""

    title: str
    as_of: str
    headline: tuple[DayRow, ...] = ()
    rows: tuple[DayRow, ...] = ()
    problem: str = ""
