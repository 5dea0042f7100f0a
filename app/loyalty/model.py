"""The programme as data: what every rule has in common, and the scalars a programme file may hold.

A field's type says how it is read and what the JSON Schema says of it (app.loyalty.reading,
app.loyalty.schema); the kinds of rule in app.loyalty.rules add their own fields to `Rule`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated, Literal, cast

import msgspec

from app.values import Rounding

LANGUAGES = ("ru", "pl", "en")


@dataclass(frozen=True, slots=True)
class Scalar:
    """How a plain text of the file becomes a value: see `app.loyalty.reading.SCALARS`."""

    name: str


@dataclass(frozen=True, slots=True)
class Doc:
    """What a field means, for the JSON Schema and the reference."""

    text: str


Money = Annotated[int, Scalar("money")]
"""An amount in the programme's currency, kept in minor units."""
PositiveMoney = Annotated[int, Scalar("positive_money")]
Points = Annotated[int, Scalar("points")]
"""Points, kept in hundredths."""
Quantity = Annotated[int, Scalar("quantity")]
"""Pieces or kilograms, kept in thousandths."""
PointValue = Annotated[Fraction, Scalar("point_value")]
"""What one point is worth, kept in minor units: "0.01" is 1, "0.005" is 1/2."""
Share = Annotated[Fraction, Scalar("share")]
"""A rate from 0 % to 100 %."""
Factor = Annotated[Fraction, Scalar("factor")]
"""A multiplier, 0 or more: "1.5" or "150%"."""
Count = Annotated[int, Scalar("count")]
"""A whole number, 1 or more."""
Days = Annotated[int, Scalar("days")]
"""A whole number of days, 0 or more."""
TermDays = Annotated[int, Scalar("term")]
"""A whole number of days, 1 or more."""
Months = Annotated[int, Scalar("months")]
"""A whole number of months, 1 or more."""
Whole = Annotated[int, Scalar("whole")]
Ident = Annotated[str, Scalar("ident")]
"""Lower-case letters, digits, - and _: a name that a machine keeps for ever."""
CategoryName = Annotated[str, Scalar("category")]
"""A category as the price list writes it, in any script; keys of mappings are such names, too."""
Hours = Annotated[tuple[int, int], Scalar("hours")]
"""A span of the day in minutes from midnight: "08:00-11:30"; may run over midnight."""
Zone = Annotated[str, Scalar("zone")]
Currency = Annotated[str, Scalar("currency")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Names(msgspec.Struct, frozen=True):
    """What people read, in each language of the house."""

    ru: str
    pl: str
    en: str

    def get(self, language: str) -> str:
        return {"ru": self.ru, "pl": self.pl}.get(language, self.en)


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """Which goods: one of each list that is given, so a category and a brand together narrow."""

    categories: tuple[CategoryName, ...] = ()
    skus: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Filter(Goods, frozen=True, kw_only=True):
    """Which goods a rule is about: all of them, unless narrowed; `not` takes some out again."""

    not_: Goods = msgspec.field(name="not", default=Goods())


EVERYTHING = Filter()


class When(msgspec.Struct, frozen=True, kw_only=True):
    """When a rule holds, in the store's time zone: both dates included."""

    from_: date | None = msgspec.field(name="from", default=None)
    until: date | None = None
    weekdays: tuple[Weekday, ...] = ()
    hours: Hours | None = None


class BirthdayWindow(msgspec.Struct, frozen=True, kw_only=True):
    """Days around the birthday; the date must have been known `known_days` before it is used."""

    before: Days = 0
    after: Days = 0
    known_days: Days = 0


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """Who a rule is for; every condition given must hold."""

    who: Literal["anyone", "members", "guests"] = "anyone"
    tiers: tuple[Ident, ...] = ()
    vip: tuple[Ident, ...] = ()
    segments: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    birthday: BirthdayWindow | None = None


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """The most a rule may give in all; it pauses by itself when that is spent."""

    total: PositiveMoney
    new_members: Money | None = None
    """The part kept for members on their first counted receipt."""


class Benefit(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule gives: exactly one of these."""

    percent: Share | None = None
    amount: PositiveMoney | None = None
    points: Points | None = None
    gift: str = ""
    """A thing handed over, by the name it has in the shop; recorded as a reward."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What every kind of rule has."""

    id: Ident
    kind: str
    name: Names
    label: Names | None = None
    """What stands under a line that it discounts; the name where this is not given."""
    terms: Names | None = None
    """Fine print for `stempel programme explain`, where the settings do not say it all."""
    group: Ident = ""
    """Rules of one group compete: a line (or the receipt) gets the best of them."""
    priority: Whole = 0
    """Decides between equal gains: the higher wins, then the id."""
    exclusive: bool = False
    """Lines that this rule discounts take no discount of a later group."""
    when: When = When()
    audience: Audience = Audience()
    products: Filter = EVERYTHING
    max_discount: PositiveMoney | None = None
    """The most this rule takes off one receipt."""
    budget: Budget | None = None

    def takes_off(self) -> bool:
        """Whether it may take something off a price: by default where some benefit of it does."""
        return any(each.percent is not None or each.amount is not None for each in benefits_in(self))

    def earns(self) -> bool:
        """Whether it may give points: by default where some benefit of it does."""
        return any(each.points is not None for each in benefits_in(self))

    def spends(self) -> bool:
        """Whether anything it gives is charged to a budget."""
        return self.takes_off() or self.earns()

    def grants(self) -> bool:
        """Whether it may give something to hold: by default where some benefit of it is a gift."""
        return any(each.gift for each in benefits_in(self))


def benefits_in(settings: object) -> Iterator[Benefit]:
    """Every benefit anywhere in the settings."""
    if isinstance(settings, Benefit):
        yield settings
    elif isinstance(settings, msgspec.Struct):
        for value in msgspec.structs.astuple(settings):
            yield from benefits_in(value)
    elif isinstance(settings, tuple):
        for value in cast("tuple[object, ...]", settings):
            yield from benefits_in(value)


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A node of the category tree."""

    parent: CategoryName = ""
    name: Names | None = None


class PointsShown(msgspec.Struct, frozen=True, kw_only=True):
    """How points look."""

    decimals: Literal[0, 1, 2] = 0


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """The most that all rules together may take off."""

    line: Share | None = None
    receipt: Share | None = None
    receipt_amount: PositiveMoney | None = None


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """Goods never sold under a price (a piece or kilogram) or a share of their shelf price."""

    products: Filter = EVERYTHING
    price: PositiveMoney | None = None
    share: Share | None = None


class Programme(msgspec.Struct, frozen=True, kw_only=True):
    """A whole programme, checked. `rules` holds the kinds' own structs, in the file's order."""

    stempel: Literal[1]
    """The format of this file."""
    id: Ident
    version: Count
    name: Names
    valid_from: date
    currency: Currency
    time_zone: Zone
    rounding: Rounding = "half_up"
    points: PointsShown = PointsShown()
    categories: dict[str, Category] = {}
    groups: tuple[Ident, ...] = ()
    """The order in which groups run; groups not named follow in the order of the rules."""
    caps: Caps = Caps()
    floors: tuple[Floor, ...] = ()
    rules: tuple[Rule, ...]
