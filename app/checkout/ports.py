"""What the use cases need from outside: products, members, and somewhere to write what happened."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol

import msgspec

from app.checkout.rights import Staff
from app.ledger.facts import AnyFact, FiscalCorrected, SaleCompleted, SaleGivenTo, SaleRefunded
from app.ledger.short import PREFIX
from app.loyalty.basket import WEIGHED_TAG
from app.loyalty.state import MemberState
from app.stats.shift import ShiftFigures
from hardware.receipt import PrintJob

Unit = Literal["piece", "kg"]
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What comes from outside and is stored: SQLite has no longer numbers."""


class NotWritten(Exception):
    """The environment does not take the write (a full disk, a lock): nothing of it happened.

    The message says what to do, for the cashier.
    """


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """Something sold. `names` holds the name in other languages, `tax` the VAT rate's text ("23", "5", "zw").

    `favourite` is its place among the favourites (0 first), None for all others.
    """

    sku: str
    name: str
    price_minor: Int64
    names: dict[str, str] = {}
    category: str = ""
    brand: str = ""
    tags: tuple[str, ...] = ()
    tax: str = ""
    unit: Unit = "piece"
    codes: tuple[str, ...] = ()
    favourite: Int64 | None = None

    def name_in(self, lang: str) -> str:
        return self.names.get(lang) or self.name

    @property
    def priced_tags(self) -> tuple[str, ...]:
        """Its tags as the engine takes them: what is sold by the kilogram comes in no pieces."""
        weighed = self.unit == "kg" and WEIGHED_TAG not in self.tags
        return (*self.tags, WEIGHED_TAG) if weighed else self.tags


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """A member's last word on a purpose, by the text of `version`; the fact `consent_given` is the record."""

    version: str
    given: bool
    at_ms: Int64


def latest_said(some: Mapping[str, Agreed], others: Mapping[str, Agreed]) -> dict[str, Agreed]:
    """Of two sets of words by purpose, the later on each."""
    both = {**some, **others}
    for purpose, word in some.items():
        if both[purpose].at_ms < word.at_ms:
            both[purpose] = word
    return both


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who a member is: personal data, kept apart from facts and erasable. `lang` chooses the receipt's.

    `birthday_since_ms` is since when the birthday is known, `pin` the hash of the PIN that lets a copyable
    card pay in full, `segments` what head office calls this customer, `consents` what they said by purpose.
    """

    member: uuid.UUID
    name: str
    phone: str = ""
    email: str = ""
    birthday: str = ""
    lang: str = ""
    birthday_since_ms: Int64 = 0
    pin: str = ""
    segments: tuple[str, ...] = ()
    consents: dict[str, Agreed] = {}


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member as this till knows it: state folded up to `as_of_ms`, by the server's clock or this till's.

    `snapshot` names the state that the server sent ("history:version"), empty if it sent none; `own` is how
    many of this till's own facts were folded on top.
    """

    id: uuid.UUID
    state: MemberState
    as_of_ms: int
    person: Person | None = None
    snapshot: str = ""
    own: int = 0

    @property
    def short(self) -> bool:
        """Whether it is of the directory: a level and points that may be spent, which are no balance."""
        return self.snapshot.startswith(PREFIX)


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """An open shift: everything sold in it belongs to its business day (ISO date)."""

    id: uuid.UUID
    number: int
    business_day: str
    cashier: str
    opened_ms: int
    float_minor: int = 0


class CardHolder(msgspec.Struct, frozen=True):
    """Whose card it is. A blocked card still finds its member, but redeems nothing. `away`: the server does
    not keep this till's word of the member fresh."""

    member: uuid.UUID
    blocked: bool = False
    away: bool = False


class Read(msgspec.Struct, frozen=True):
    """What a scanned code says by its form: the catalogue keys it may stand under, and what it carries.

    `weight_milli` and `price_minor` come from codes that a scale printed. A payment card carries nothing,
    so that nothing of it can be stored or shown.
    """

    keys: tuple[str, ...] = ()
    weight_milli: int | None = None
    price_minor: int | None = None
    member_card: str = ""
    """The number of a card that is the shop's own by its form, whoever holds it."""
    receipt: str = ""
    """One of the shop's own receipts: the sale's id in 32 hexadecimal digits, or an older till's number."""
    coupon: str = ""
    payment_card: bool = False


CodeReader = Callable[[str, str | None], Read]
"""A code and the AIM identifier that came with it, to what the code says."""


def as_given(text: str, aim: str | None = None) -> Read:
    """A code is just what it is: for shops without scales, and for tests."""
    return Read((text,))


class Catalogue(Protocol):
    def product_by_code(self, code: str) -> Product | None: ...
    def product(self, sku: str) -> Product | None: ...
    def find_products(self, text: str, limit: int = 15) -> Sequence[Product]: ...
    def favourites(self, limit: int = 15) -> Sequence[Product]: ...


class Members(Protocol):
    def member(self, id: uuid.UUID) -> Member | None: ...
    def holder(self, card: str) -> CardHolder | None: ...
    def cards(self, member: uuid.UUID) -> Sequence[str]:
        """The cards that find a member and are not blocked, the latest first."""
        ...

    def twin(self, member: uuid.UUID) -> uuid.UUID | None:
        """Another member who may be the same person, as the server proposes; None for nobody."""
        ...

    def tap_counter(self, uid: str) -> int | None:
        """The highest tap counter that this till saw of a card that proves itself; None before the first."""
        ...

    def history(self, member: uuid.UUID, limit: int = 50) -> Sequence[AnyFact]:
        """The latest facts of a member that this till wrote, newest first."""
        ...

    def find_people(self, text: str, limit: int = 8) -> Sequence[Person]: ...


class Sales(Protocol):
    """What this till sold before, and what of it matters now."""

    def fact(self, id: uuid.UUID) -> AnyFact | None:
        """A fact that this till wrote."""
        ...

    def sale(self, id: uuid.UUID) -> SaleCompleted | None: ...
    def sale_by_number(self, number: int) -> SaleCompleted | None: ...
    def recent_sales(self, member: uuid.UUID | None = None, limit: int = 20) -> Sequence[SaleCompleted]:
        """The latest first, of one member or of all."""
        ...

    def refund(self, id: uuid.UUID) -> SaleRefunded | None: ...
    def refund_by_number(self, number: int) -> SaleRefunded | None: ...
    def recent_refunds(self, member: uuid.UUID | None = None, limit: int = 20) -> Sequence[SaleRefunded]:
        """The latest first, of one member or of all."""
        ...

    def refunds_of(self, sale: uuid.UUID) -> Sequence[SaleRefunded]:
        """What was refunded of a sale so far."""
        ...

    def returned(self, sale: uuid.UUID) -> Mapping[int, int]:
        """How much of each line came back so far, in thousandths."""
        ...

    def owner(self, sale: uuid.UUID) -> uuid.UUID | None:
        """Whose the sale is now: it may have been moved."""
        ...

    def given(self, sale: uuid.UUID) -> SaleGivenTo | None:
        """What gave the sale to whom it belongs now; None for one that stayed where it was."""
        ...

    def corrected(self, sale: uuid.UUID) -> FiscalCorrected | None:
        """What registered a sale afterwards; None for one that was not corrected."""
        ...

    def shift_figures(self, shift: uuid.UUID) -> ShiftFigures:
        """The figures of a shift that was opened here, so far."""
        ...

    def last_shift(self) -> Shift | None:
        """The shift closed last."""
        ...

    def code_used(self, code: str, member: uuid.UUID | None) -> tuple[int, int]:
        """How often a code was used here, by anyone and by this member."""
        ...

    def spent(self) -> Mapping[str, int]:
        """What budgets and stocks have given so far, by part (`app.ledger.budgets`), as far as is known here.

        Asked at every pricing: it reads no disk.
        """
        ...

    def parked(self) -> Sequence[tuple[int, bytes]]:
        """Slot and payload of each sale put aside."""
        ...

    def gift_card_minor(self, code: str) -> int | None:
        """What is left on a gift card, as far as this till may say; None if it does not know the card."""
        ...


class StaffList(Protocol):
    def staff(self) -> Sequence[Staff]:
        """Everybody who works here; empty where the shop keeps no list."""
        ...

    def failed_pins(self, since_ms: int) -> Mapping[str, tuple[int, int]]:
        """By person, wrong PINs in a row at this till since a moment, and when the last of them was (ms)."""
        ...


class NoStaff:
    """A shop that keeps no list of its staff."""

    def staff(self) -> Sequence[Staff]:
        return ()

    def failed_pins(self, since_ms: int) -> Mapping[str, tuple[int, int]]:
        return {}


class NoSales:
    """A till without a past: for replay, and tests of selling alone."""

    def fact(self, id: uuid.UUID) -> AnyFact | None:
        return None

    def sale(self, id: uuid.UUID) -> SaleCompleted | None:
        return None

    def sale_by_number(self, number: int) -> SaleCompleted | None:
        return None

    def recent_sales(self, member: uuid.UUID | None = None, limit: int = 20) -> Sequence[SaleCompleted]:
        return ()

    def refund(self, id: uuid.UUID) -> SaleRefunded | None:
        return None

    def refund_by_number(self, number: int) -> SaleRefunded | None:
        return None

    def recent_refunds(self, member: uuid.UUID | None = None, limit: int = 20) -> Sequence[SaleRefunded]:
        return ()

    def refunds_of(self, sale: uuid.UUID) -> Sequence[SaleRefunded]:
        return ()

    def returned(self, sale: uuid.UUID) -> Mapping[int, int]:
        return {}

    def owner(self, sale: uuid.UUID) -> uuid.UUID | None:
        return None

    def given(self, sale: uuid.UUID) -> SaleGivenTo | None:
        return None

    def corrected(self, sale: uuid.UUID) -> FiscalCorrected | None:
        return None

    def shift_figures(self, shift: uuid.UUID) -> ShiftFigures:
        return ShiftFigures(shift=shift, number=0, business_day="", cashier="", opened_ms=0)

    def last_shift(self) -> Shift | None:
        return None

    def code_used(self, code: str, member: uuid.UUID | None) -> tuple[int, int]:
        return 0, 0

    def spent(self) -> Mapping[str, int]:
        return {}

    def parked(self) -> Sequence[tuple[int, bytes]]:
        return ()

    def gift_card_minor(self, code: str) -> int | None:
        return None


@dataclass(frozen=True, slots=True)
class Slip:
    """Paper (and a drawer kick) that follows from what is written in the same transaction."""

    title: str
    job: PrintJob
    fact: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """All that one act writes, in one transaction: all of it or nothing.

    `basket` is the open basket afterwards (None for an empty one); `keep_basket` leaves it as it is. `forget`
    are members whose person is known under another id now, `renamed` (other, member) of those who are known
    by the other's person from now on, unless they have one; `parked` (slot, payload or None) of baskets put
    aside, `unknown` (code, department, price_minor) of codes that the catalogue lacks, `tap_counters` (UID,
    counter) of cards that proved themselves; a lower one never replaces a higher.
    """

    facts: tuple[AnyFact, ...] = ()
    slips: tuple[Slip, ...] = ()
    people: tuple[Person, ...] = ()
    forget: tuple[uuid.UUID, ...] = ()
    renamed: tuple[tuple[uuid.UUID, uuid.UUID], ...] = ()
    basket: bytes | None = None
    keep_basket: bool = False
    parked: tuple[tuple[int, bytes | None], ...] = ()
    unknown: tuple[tuple[str, str, int], ...] = ()
    tap_counters: tuple[tuple[str, int], ...] = ()
    at_ms: int = 0


Done = Callable[[BaseException | None], None]
"""Called once the work is durable (None) or was refused whole (the error)."""


class Journal(Protocol):
    """Writes in the order given. May answer from another thread, or before `write` returns."""

    def write(self, work: Work, done: Done) -> None: ...


@dataclass(slots=True)
class Inline:
    """A journal that writes at once, in the caller's thread: for commands, replay and tests."""

    commit: Callable[[Work], None]
    written: int = field(default=0, init=False)

    def write(self, work: Work, done: Done) -> None:
        try:
            self.commit(work)
        except Exception as error:
            done(error)
            return
        self.written += 1
        done(None)
