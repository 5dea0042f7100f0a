"""The middle of the sale screen: what it is for now, and the view state of each."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from app.checkout.ports import Catalogue, Members, Person, Product
from app.checkout.receipt import Receipt
from app.screens import cash, views
from app.screens.showing import Shower
from app.values import minor_digits

FOUND_PRODUCTS, FOUND_PEOPLE = 12, 6
PHONE_DIGITS: Final = range(7, 16)
"""ITU-T E.164: at most fifteen digits, and no subscriber's number is shorter than seven."""


class Ringing(Struct, frozen=True):
    """Favourites: the usual state."""


class Searching(Struct, frozen=True):
    query: str


class Paying(Struct, frozen=True):
    entry: str = ""


class Charging(Struct, frozen=True):
    """The terminal was asked; only its answer leads on."""


class PaidUp(Struct, frozen=True):
    receipt: Receipt


class Enrolling(Struct, frozen=True):
    phone: str = ""
    name: str = ""
    card: str = ""


class Counting(Struct, frozen=True):
    line: int
    entry: str = ""


class Deciding(Struct, frozen=True):
    """Looking for a receipt of which nobody knows whether it is on paper."""


Mode = Ringing | Searching | Paying | Charging | PaidUp | Enrolling | Counting | Deciding


class Finder:
    """Search as you type, products and members together; the last answer is kept for the next repaint."""

    def __init__(self, catalogue: Catalogue, members: Members) -> None:
        self._catalogue, self._members = catalogue, members
        self._query: str | None = None
        self._found: tuple[tuple[Product, ...], tuple[Person, ...]] = ((), ())

    def find(self, query: str) -> tuple[tuple[Product, ...], tuple[Person, ...]]:
        if query != self._query:
            products = tuple(self._catalogue.find_products(query, FOUND_PRODUCTS))
            people = tuple(self._members.find_people(query, FOUND_PEOPLE))
            self._query, self._found = query, (products, people)
        return self._found


def middle_view(mode: Mode, show: Shower, favourites: views.Favourites, finder: Finder) -> views.Middle:
    """What the middle shows in a mode."""
    match mode:
        case Ringing():
            return favourites
        case Searching(query):
            return _results(query, show, finder)
        case Paying(entry):
            return _payment(entry, show)
        case Charging():
            return _charge(show)
        case Deciding():
            return _paper(show)
        case PaidUp(receipt):
            return _paid(receipt, show)
        case Enrolling():
            return enrol_view(mode, show)
        case Counting():
            return _quantity(mode, show)


def _results(query: str, show: Shower, finder: Finder) -> views.Results:
    products, people = finder.find(query)
    goods = tuple(_product(show, each) for each in products)
    members = tuple(_person(each) for each in people)
    # Digits are mostly a phone number being dictated; a product's code is scanned.
    rows = members + goods if _digits(query) else goods + members
    hint = "" if rows else show.words.get("screen.nothing_found", query=query.strip())
    return views.Results(query, rows, hint)


def _product(show: Shower, product: Product) -> views.Found:
    detail = " · ".join(part for part in (product.sku, product.brand) if part)
    price = show.amount(product.price_minor)
    return views.Found(f"product:{product.sku}", product.name_in(show.words.lang), detail, price)


def _person(person: Person) -> views.Found:
    return views.Found(f"member:{person.member}", person.name, _masked(person.phone), member=True)


def _masked(phone: str) -> str:
    """Enough of a phone number to tell two members apart, too little to copy from the screen."""
    digits = _digits_of(phone)
    return f"··· {digits[-4:]}" if len(digits) > 4 else digits


def _payment(entry: str, show: Shower) -> views.Payment:
    till, currency = show.till, show.currency
    due = till.due_minor
    given = cash.entered(entry, minor_digits(currency))
    enough = given >= due if given is not None else due == 0
    quick = [views.QuickCash(due, show.money(due), exact=True)] if due else []
    quick += [views.QuickCash(each, show.round_money(each)) for each in cash.likely_sums(due, currency)]
    points = till.decision.points
    return views.Payment(
        due=show.money(due),
        entry=_shown(entry, show),
        change=show.money(given - due) if given is not None and enough else "",
        missing="" if enough or given is None else show.money(due - given),
        quick=tuple(quick),
        tendered=(
            (views.Tendered(show.words.get("screen.points_tender"), show.money(-points.spent_value_minor)),)
            if points.spent_value_minor
            else ()
        ),
        ready=enough,
        by_card=due > 0,
        busy=till.busy,
    )


def _shown(entry: str, show: Shower) -> str:
    """The entry with this language's decimal separator."""
    return entry.replace(",", show.words.scaled(5, 1)[1])


def _charge(show: Shower) -> views.Ask:
    till, get = show.till, show.words.get
    return views.Ask(
        question=get("screen.charge_question"),
        detail=get("screen.charge_detail"),
        yes=get("screen.charge_yes"),
        no=get("screen.charge_no"),
        figure=show.money(till.tendered_minor),
        pressing=True,
        busy=till.busy,
    )


def _paper(show: Shower) -> views.Ask:
    get = show.words.get
    return views.Ask(
        question=get("screen.paper_question"),
        detail=get("screen.paper_detail"),
        yes=get("screen.paper_yes"),
        no=get("screen.paper_no"),
    )


def _paid(receipt: Receipt, show: Shower) -> views.Paid:
    sale, words = receipt.sale, show.words
    points = receipt.decision.points
    cash_paid = [tender for tender in sale.tenders if tender.means == "cash"]
    means = ", ".join(words.get(f"tender.{tender.means}") for tender in sale.tenders)
    received = show.money(receipt.received_minor) if cash_paid else ""
    earned = ""
    if receipt.member is not None:
        earned = words.get(
            "screen.earned",
            points=words.counted_points(points.earned_centi),
            balance=words.points(points.balance_after_centi),
        )
    paid = words.get("screen.paid_of", total=show.money(sale.total_minor), means=means, received=received)
    return views.Paid(
        title=words.get("screen.paid"),
        change=show.money(sale.change_minor) if cash_paid else "",
        paid=paid.strip(" ·"),
        earned=earned,
        receipt=words.get("screen.receipt", number=sale.number),
    )


def enrol_view(mode: Enrolling, show: Shower) -> views.Enrol:
    """Ready once there is a name, and a phone number or none at all."""
    digits = _digits_of(mode.phone)
    phone_ok = not mode.phone.strip() or len(digits) in PHONE_DIGITS
    card = show.words.get("screen.card_ready", card=mode.card.partition(":")[2]) if mode.card else ""
    return views.Enrol(
        phone=mode.phone,
        name=mode.name,
        card=card,
        problem="" if phone_ok else show.words.get("screen.phone_wrong"),
        ready=phone_ok and bool(mode.name.strip()),
        busy=show.till.busy,
    )


def _quantity(mode: Counting, show: Shower) -> views.Quantity:
    line = show.till.sale.line(mode.line)
    assert line is not None
    weighed = line.unit == "kg"
    unit = show.words.get("screen.kg" if weighed else "screen.piece")
    value = cash.entered(mode.entry, 3 if weighed else 0)
    return views.Quantity(
        name=line.name_in(show.words.lang),
        price=f"{show.money(line.price_minor)} / {unit}",
        unit=unit,
        entry=_shown(mode.entry, show),
        ready=bool(value),
    )


def _digits(query: str) -> bool:
    return len(_digits_of(query)) >= 4 and not any(char.isalpha() for char in query)


def _digits_of(text: str) -> str:
    return "".join(char for char in text if char.isascii() and char.isdigit())
