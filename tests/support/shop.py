"""A till over a real database and the demo programme, in one thread, on a clock that tests move."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import resources
from app.checkout.aside import Aside, at_once
from app.checkout.imports import read_members, read_products
from app.checkout.outcome import Outcome
from app.checkout.outside import Outside
from app.checkout.ports import Inline, Work
from app.checkout.reserved import Holds
from app.checkout.shop import Shop
from app.checkout.till import Till
from app.lanes import FixedWorld
from app.ledger.again import context_of, differences, price_again
from app.ledger.facts import AnyFact, SaleCompleted, decode
from app.loyalty.engine import Compiled, compile_programme
from app.loyalty.programme import load_programme
from app.store.database import Database
from app.store.reader import Reader
from app.store.sheets import read_sheet

NOON_MS = 1_795_259_100_000
"""2026-11-21 12:05 in Warsaw."""
SHOP = Shop(name="Sklep Poranek", currency="PLN", time_zone="Europe/Warsaw", lang="pl", till="2")
BASKET = ("5901234000161", "5901234000161", "5901234000178", "5901234000062")


@cache
def demo_programme() -> Compiled:
    """The demo's programme, compiled once: nothing changes it."""
    return compile_programme(load_programme(resources.path("programmes", "demo.yaml")))


@dataclass
class Desk:
    """A shop with the demo's products and members, its till open on a shift."""

    folder: Path
    world: FixedWorld = field(default_factory=lambda: FixedWorld(NOON_MS))
    shop: Shop = SHOP
    heard: list[Outcome] = field(default_factory=list[Outcome])
    outside: Outside = field(default_factory=Outside)
    aside: Aside = at_once
    holds: Holds | None = None

    def __post_init__(self) -> None:
        self.programme = demo_programme()
        self.open()

    def open(self) -> None:
        """Start the till on what the folder holds, as after a restart."""
        self.database = Database(self.folder)
        self.reader: Reader = self.database.reader()
        sale, shift = self.reader.next_numbers()
        self.till = Till(
            shop=self.shop,
            catalogue=self.reader,
            members=self.reader,
            sales=self.reader,
            staff=self.reader,
            journal=Inline(self._write),
            programme=self.programme,
            world=self.world,
            next_sale=sale,
            next_shift=shift,
            shift=self.reader.open_shift(),
            kept=self.reader.basket(),
            outside=self.outside,
            aside=self.aside,
            holds=self.holds,
            allowances=self.reader.allowances,
            keys=self.reader.keys,
        )

    def _write(self, work: Work) -> None:
        """Whoever prices a sale again from its fact, as the server does, comes to the same."""
        heart = self.till.heart
        for sale in work.facts:
            if isinstance(sale, SaleCompleted) and sale.basis is not None:
                known = heart.load(sale.member)
                assert known is None or (heart.member and known.state == heart.member.state), "not stale"
                context = context_of(sale, sale.basis, heart.context(paying=True).birthday)
                again = price_again(sale, heart.programme, heart.state, context)
                assert list(differences(sale, again)) == []
        self.database.write(work)

    def stock(self) -> Desk:
        """Import the demo's lists and open a shift."""
        products = read_products(read_sheet(resources.path("demo", "products.csv")), self.shop.currency)
        assert not products.problems
        self.database.writer.put_products(products.products)
        roll = read_members(
            read_sheet(resources.path("demo", "members.csv")),
            members=self.reader,
            world=self.world,
            points_rule="points",
            source="members.csv",
            day=self.world.ms // 86_400_000,
        )
        assert not roll.problems
        for work in roll.works(self.world, "members.csv"):
            self.database.write(work)
        self.till.open_shift("Anna", 200_00, self.heard.append)
        return self

    def close(self) -> None:
        assert self.database.close()

    def restart(self) -> None:
        """End the process as a power cut would, as far as the database can tell, and start again."""
        self.close()
        self.open()

    def facts(self) -> list[AnyFact]:
        """Everything written so far."""
        return [decode(body) for _, body in self.reader.log()]

    def log(self) -> list[str]:
        """The kinds of all facts, in order."""
        return [str(type(fact).__struct_config__.tag) for fact in self.facts()]

    def member(self, card: str = "uid:04A1B2C3D4E5F6") -> uuid.UUID:
        holder = self.reader.holder(card)
        assert holder is not None
        return holder.member

    def points_centi(self, card: str = "uid:04A1B2C3D4E5F6") -> int:
        member = self.reader.member(self.member(card))
        assert member is not None
        return member.state.balance_centi

    def sell(self, *codes: str, uid: str = "04A1B2C3D4E5F6", cash_minor: int | None = None) -> Outcome:
        """A whole sale for cash."""
        if uid:
            assert not self.till.tap(uid).refused
        for code in codes or BASKET:
            assert not self.till.scan(code).refused
        answers: list[Outcome] = []
        self.till.pay_cash(self.till.due_minor if cash_minor is None else cash_minor, answers.append)
        return answers[0]
