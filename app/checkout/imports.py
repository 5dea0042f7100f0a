"""Lists from elsewhere: products and members, checked whole before anything is written.

Rows are as `app.store.sheets` reads them from CSV or XLSX. Every bad row is told with its line, column and
reason; with a single one nothing is changed. The same file again changes nothing twice: products are known by
their article number, members by any of their cards or their phone. What a file says of the segments of
members who are here already holds from then on: they are the shop's to change.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from app.checkout.birthdays import birthday_kept
from app.checkout.ports import Members, Person, Product, Work
from app.lanes import World
from app.ledger.facts import AnyFact, CardLinked, MemberEnrolled, OpeningBalance
from app.loyalty.effects import AnyEffect, Counted, Lot, PointsEarned, ReceiptCounted, StampsChanged
from app.values import ValueProblem, parse_money, parse_scaled

PRODUCT_COLUMNS: Final = frozenset(
    [
        "sku",
        "name",
        "name_ru",
        "name_pl",
        "name_en",
        "category",
        "brand",
        "tags",
        "price",
        "vat",
        "unit",
        "barcodes",
        "favourite",
    ]
)
MEMBER_COLUMNS: Final = frozenset(
    ["name", "phone", "email", "birthday", "lang", "segments", "cards", "points", "receipts", "spend"]
)
OPENINGS: Final = ("points", "stamps", "spend")
"""Member columns that may name a rule: points:main, stamps:coffee, spend:levels. Stamps must."""


class Row(NamedTuple):
    """A row of a list: the line of the file in which it begins, and its texts by column name."""

    line: int
    cells: Mapping[str, str]


class Problem(NamedTuple):
    """One thing wrong: the line of the file (the header is line 1), the column, why, and what would do."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.reason}"


@dataclass(slots=True)
class Listing:
    """What was read of a product file: the products, or the problems that keep them out."""

    products: list[Product] = field(default_factory=lambda: list[Product]())
    problems: list[Problem] = field(default_factory=lambda: list[Problem]())


class NewMember(NamedTuple):
    """A checked row: who, which cards, and what is brought over."""

    person: Person
    cards: tuple[str, ...]
    effects: tuple[AnyEffect, ...]


@dataclass(slots=True)
class Roll:
    """What was read of a member file."""

    members: list[NewMember] = field(default_factory=lambda: list[NewMember]())
    problems: list[Problem] = field(default_factory=lambda: list[Problem]())
    known: int = 0
    """Rows whose member is here already: left as they are, but for segments."""
    regrouped: list[Person] = field(default_factory=lambda: list[Person]())
    """Those of them whose segments are others now."""

    def works(self, world: World, source: str) -> Iterable[Work]:
        """The writes that make members of the rows, one transaction each: enrolled, linked, opened."""
        for person, cards, effects in self.members:
            at_ms, member = world.now_ms(), person.member
            facts: list[AnyFact] = [
                MemberEnrolled(id=world.new_id(), at_ms=at_ms, member=member, channel="import")
            ]
            facts += [CardLinked(id=world.new_id(), at_ms=at_ms, member=member, card=card) for card in cards]
            if effects:
                opened = OpeningBalance(
                    id=world.new_id(), at_ms=at_ms, member=member, source=source, effects=effects
                )
                facts.append(opened)
            yield Work(facts=tuple(facts), people=(person,), keep_basket=True, at_ms=at_ms)
        if self.regrouped:
            yield Work(people=tuple(self.regrouped), keep_basket=True, at_ms=world.now_ms())


class _Cells:
    """One row's cells; collects what is wrong with them."""

    def __init__(self, row: Row, problems: list[Problem]) -> None:
        (self.line, self.by_column), self._problems = row, problems

    def text(self, column: str, *, needed: bool = False, most: int = 200) -> str:
        value = self.by_column.get(column, "").strip()
        if needed and not value:
            self.wrong(column, "is empty")
        if len(value) > most:
            self.wrong(column, f"is longer than {most} characters")
        return value

    def many(self, column: str) -> tuple[str, ...]:
        """Values separated by ; , | or white space."""
        return tuple(dict.fromkeys(filter(None, re.split(r"[;,|\s]+", self.by_column.get(column, "")))))

    def scaled(self, column: str, parse: Callable[[str], int], *, least: int = 0) -> int:
        """A number, 0 if the cell is empty. A decimal comma is a decimal point."""
        value = re.sub(r"[\s\u00a0\u202f]", "", self.by_column.get(column, "")).replace(",", ".")
        if not value:
            return 0
        try:
            number = parse(value)
        except ValueProblem as problem:
            self.wrong(column, str(problem))
            return 0
        if number < least:
            self.wrong(column, f"{value} is below zero")
        return number

    def wrong(self, column: str, reason: str) -> None:
        self._problems.append(Problem(self.line, column, reason))


class _Once:
    """Values that may stand in a file only once; says where they stood before."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def check(self, cells: _Cells, column: str, value: str, same: str = "") -> None:
        """`same` is equal for values that only look different."""
        known = same or value
        if known in self._seen:
            cells.wrong(column, f"{value} stands in line {self._seen[known]} already")
        else:
            self._seen[known] = cells.line


def _headers(
    rows: Sequence[Row], known: frozenset[str], needed: Iterable[str], openings: Sequence[str] = ()
) -> list[Problem]:
    found: list[str] = list(rows[0].cells) if rows else []
    columns = ", ".join(sorted([*known, *(f"{name}:RULE" for name in openings)]))
    problems = [
        Problem(1, name, f"is not a column; known are {columns}")
        for name in found
        if name not in known and name.partition(":")[0] not in openings
    ]
    problems += [
        Problem(1, name, "is missing; the file needs this column") for name in needed if name not in found
    ]
    if not rows:
        problems.append(Problem(1, "file", "has no rows below its header"))
    return problems


def _openings(rows: Sequence[Row], rules: Mapping[str, str] | None) -> Iterable[Problem]:
    """Columns of opening balances from which nobody would get anything."""
    for name in rows[0].cells if rows else ():
        what, _, rule = name.partition(":")
        if what not in OPENINGS or name in MEMBER_COLUMNS:
            continue
        if not rule:
            yield Problem(1, name, f"needs a rule: {what}:RULE")
        elif rules is not None and what == "stamps" and rules.get(rule) != "stamps":
            cards = sorted(id for id, kind in rules.items() if kind == "stamps")
            there = ", ".join(cards) or "none"
            yield Problem(1, name, f"names no stamp card of the programme; there are {there}")
        elif rules is not None and rule not in rules:
            there = ", ".join(sorted(rules))
            yield Problem(1, name, f"names no rule of the programme; there are {there}")


def read_products(rows: Sequence[Row], currency: str) -> Listing:
    """Check a product list. Needs sku, name, price; barcodes may hold several, separated by ; or spaces."""
    listing = Listing(problems=_headers(rows, PRODUCT_COLUMNS, ("sku", "name", "price")))
    if listing.problems:
        return listing
    skus, codes = _Once(), _Once()
    for row in rows:
        cells = _Cells(row, listing.problems)
        product = _product(cells, currency)
        skus.check(cells, "sku", product.sku)
        for code in product.codes:
            codes.check(cells, "barcodes", code)
        listing.products.append(product)
    return listing


def _product(cells: _Cells, currency: str) -> Product:
    unit = cells.text("unit") or "piece"
    if unit not in ("piece", "kg"):
        cells.wrong("unit", f"{unit!r} is neither piece nor kg")
        unit = "piece"
    favourite = cells.text("favourite")
    if favourite and not re.fullmatch(r"[0-9]{1,4}", favourite, re.ASCII):
        cells.wrong("favourite", f"{favourite!r} is not a place such as 1")
        favourite = ""
    if not cells.text("price"):
        cells.wrong("price", "is empty")
    vat = cells.text("vat", most=10).removesuffix("%").strip()
    if vat and not re.fullmatch(r"[0-9]{1,2}([.,][0-9]{1,2})?|[A-Za-z]{1,4}", vat, re.ASCII):
        cells.wrong("vat", f"{vat!r} is neither a rate such as 23 nor a letter code such as zw")
    names = {lang: text for lang in ("ru", "pl", "en") if (text := cells.text(f"name_{lang}"))}
    return Product(
        sku=cells.text("sku", needed=True, most=64),
        name=cells.text("name", needed=True),
        names=names,
        category=cells.text("category"),
        brand=cells.text("brand"),
        tags=cells.many("tags"),
        price_minor=cells.scaled("price", lambda text: parse_money(text, currency)),
        tax=vat.replace(",", "."),
        unit=unit,
        codes=cells.many("barcodes"),
        favourite=int(favourite) if favourite else None,
    )


def card_token(text: str) -> str:
    """A card as written in a list: "uid:04A1B2…" is a chip's serial number, anything else a printed code."""
    kind, _, value = text.partition(":")
    if kind.lower() == "uid":
        return f"uid:{value.upper()}"
    return f"code:{value if kind.lower() == 'code' else text}"


def _known(members: Members, cards: tuple[str, ...], phone: str) -> uuid.UUID | None:
    """The member who has any of the cards, or exactly this phone, already."""
    for card in cards:
        if (holder := members.holder(card)) is not None:
            return holder.member
    number = _digits(phone)
    same = (p.member for p in members.find_people(phone) if number and _digits(p.phone) == number)
    return next(same, None)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text, flags=re.ASCII)


def read_members(
    rows: Sequence[Row],
    *,
    members: Members,
    world: World,
    points_rule: str,
    source: str,
    day: int,
    rules: Mapping[str, str] | None = None,
) -> Roll:
    """Check a member list. Needs name, and a card or a phone to know the member by.

    Brought over: points[:rule], stamps:rule, spend:rule (for tiers), receipts, spend. `day` is the import's
    local day since 1970, under which spending is counted. `rules` are the kinds of the rules that there are,
    by id; without them any name will do.
    """
    roll = Roll(problems=_headers(rows, MEMBER_COLUMNS, ("name",), OPENINGS))
    roll.problems += _openings(rows, rules)
    if roll.problems:
        return roll
    cards, phones = _Once(), _Once()
    at_ms = world.now_ms()
    for row in rows:
        cells = _Cells(row, roll.problems)
        tokens = tuple(card_token(card) for card in cells.many("cards"))
        person = _person(cells, world.new_id(), tokens)
        for token in tokens:
            cards.check(cells, "cards", token)
        if person.phone:
            phones.check(cells, "phone", person.phone, _digits(person.phone))
        effects = tuple(_brought(cells, points_rule, f"{source}:{person.member}", at_ms, day))
        known = _known(members, tokens, person.phone)
        if known is None:
            roll.members.append(NewMember(person, tokens, effects))
            continue
        roll.known += 1
        found = members.member(known) if "segments" in row.cells else None
        there = found.person if found is not None else None
        if there is not None and set(there.segments) != set(person.segments):
            roll.regrouped.append(msgspec.structs.replace(there, segments=person.segments))
    return roll


def _person(cells: _Cells, member: uuid.UUID, cards: tuple[str, ...]) -> Person:
    phone = cells.text("phone", most=32)
    if phone and not re.fullmatch(r"\+?[0-9][0-9 ()./-]{4,30}", phone, re.ASCII):
        cells.wrong("phone", f"{phone!r} is not a phone number")
    if not phone and not cards:
        cells.wrong("cards", "is empty, and so is phone: nothing to know this member by")
    birthday = birthday_kept(cells.text("birthday"))
    if birthday is None:
        cells.wrong("birthday", f"{cells.text('birthday')!r} is not a date such as 1990-04-30 or 30.04.1990")
    lang = cells.text("lang")
    if lang not in ("", "ru", "pl", "en"):
        cells.wrong("lang", f"{lang!r} is not one of ru, pl, en")
    return Person(
        member=member,
        name=cells.text("name", needed=True),
        phone=phone,
        email=cells.text("email"),
        birthday=birthday or "",
        lang=lang,
        segments=cells.many("segments"),
    )


def _brought(cells: _Cells, points_rule: str, source: str, at_ms: int, day: int) -> Iterable[AnyEffect]:
    spend = cells.scaled("spend", lambda text: parse_scaled(text, 2))
    receipts = cells.scaled("receipts", lambda text: parse_scaled(text, 0))
    if spend or receipts:
        yield ReceiptCounted(receipts, spend)
    for column in cells.by_column:
        what, _, rule = column.partition(":")
        if what == "points" and (amount := cells.scaled(column, lambda text: parse_scaled(text, 2))):
            name = rule or points_rule
            yield PointsEarned(Lot(f"{source}:{name}", name, amount, at_ms))
        if what == "stamps" and rule and (count := cells.scaled(column, lambda text: parse_scaled(text, 0))):
            yield StampsChanged(rule, count)
        if what == "spend" and rule and (minor := cells.scaled(column, lambda text: parse_scaled(text, 2))):
            yield Counted(rule, day, spend_minor=minor)
