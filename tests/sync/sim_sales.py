"""Real sales in the simulator: the till's own use cases over its simulated disk, and sales priced again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from app.checkout.outcome import Outcome
from app.checkout.ports import Done, Product, Shift, Work
from app.checkout.shop import Shop
from app.checkout.till import Till
from app.ledger.facts import AnyFact, SaleCompleted, encode, member_of
from app.loyalty.compiled import Compiled
from app.loyalty.effects import PointsEarned, PointsSpent
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from hardware.ports import CardProof
from sync.events import FactsAvailable
from sync.server import findings, listing
from sync.server.checking import Checker
from tests.sync.simulator import SimTill, Simulation

PROGRAMME = Path(__file__).parents[2] / "resources" / "programmes" / "demo.yaml"
CATEGORIES = ("coffee-drinks", "coffee-beans", "yoghurt", "fresh", "press")
SHOP = Shop(name="Sim", currency="PLN", time_zone="Europe/Warsaw", store="1", redeem_cap_centi=None)
Lie = Callable[[SaleCompleted], SaleCompleted]


@cache
def programme() -> Compiled:
    return compile_programme(load_programme(PROGRAMME.read_bytes()))


class Counter:
    """A cashier at a simulated till. `lie`, if there is one, changes each sale before it is written."""

    def __init__(
        self, sim: Simulation, till: SimTill, lie: Lie | None = None, shift: Shift | None = None
    ) -> None:
        self.sim = sim
        self.till = till
        self.lie = lie
        self.lied: set[uuid.UUID] = set()
        self.shift = shift

    def write(self, work: Work, done: Done) -> None:
        """The journal of the till's use cases."""
        facts = tuple(self._told(fact) for fact in work.facts)
        self.till.disk.writer.commit(replace(work, facts=facts))
        for fact in facts:
            self.sim.sold[encode(fact)] = fact
            member = member_of(fact)
            if member is not None and _not_only_earned(fact):
                self.sim.spent.add(member)
        done(None)

    def _told(self, fact: AnyFact) -> AnyFact:
        if self.lie is None or not isinstance(fact, SaleCompleted):
            return fact
        told = self.lie(fact)
        if told != fact:
            self.lied.add(fact.id)
        return told

    @property
    def compiled(self) -> Compiled:
        """What is sold under."""
        return programme()

    def opened(self) -> Till:
        """The till's window, opened anew: only the disk is known."""
        reader = self.till.disk.reader
        last = self.till.disk.rows("SELECT coalesce(max(number), 0) FROM sale")[0][0]
        return Till(
            shop=Shop(
                name="Sim", currency="PLN", time_zone="Europe/Warsaw", store="1", redeem_cap_centi=None
            ),
            catalogue=reader,
            members=reader,
            sales=reader,
            journal=self,
            programme=self.compiled,
            world=self.sim.world,
            next_sale=last + 1,
            shift=self.shift,
        )

    def serve(self) -> None:
        """One customer, from the card to the receipt; sometimes a page comes in between."""
        draw = self.sim.random
        till = self.opened()
        if till.shift is None:
            till.open_shift("Anna", answer=fine)
            self.shift = till.shift
        card = draw.choice([*self.sim.cards, ""]) if self.sim.cards else ""
        if card and draw.random() < 0.9:
            till.present_card(card, CardProof.GENUINE)
        for _ in range(draw.randrange(1, 4)):
            till.ring(self._product(), draw.choice((1, 1, 2, 3)) * 1000)
        if draw.random() < 0.3:
            self.sim.run(draw.uniform(0.1, 30))  # the customer looks for coins; the network lives
            till.refresh_member()
        if till.sale.member is not None and draw.random() < 0.4:
            till.redeem(draw.choice(("max", 100, 500)))
        if till.due_minor > 0 and draw.random() < 0.4:
            till.ask_terminal(fine)
            self.sim.run(draw.uniform(1, 60))  # the customer looks for the card
            till.settle_terminal(charged=True, answer=fine)
        else:
            till.pay_cash(max(till.due_minor, 0) + draw.randrange(500), fine)
        self.tell()

    def tell(self) -> None:
        """Facts wait to be pushed."""
        self.till.step(FactsAvailable())

    def _product(self) -> Product:
        draw = self.sim.random
        category = draw.choice(CATEGORIES)
        price = draw.choice((99, 649, 1299, 4990, 25_000))
        return Product(
            sku=f"{category}-{price}", name=category, price_minor=price, category=category, tax="23",
            brand=draw.choice(("", "own")), tags=draw.choice(((), ("hot",), ("no_discount",))),
        )  # fmt: skip


def fine(outcome: Outcome) -> None:
    assert not outcome.refused, outcome


def _not_only_earned(fact: AnyFact) -> bool:
    effects = getattr(fact, "effects", ())
    return any(isinstance(effect, PointsSpent) for effect in effects) or not any(
        isinstance(effect, PointsEarned) for effect in effects
    )


def publish(sim: Simulation) -> None:
    listing.publish_programme(sim.server.db, PROGRAMME.read_bytes())


def checker(sim: Simulation) -> Checker:
    """As a server's process has one."""
    return Checker(sim.server.db, sim.server.context.secrets.feed_epoch, sim.world.now_ms)


def check_all(sim: Simulation) -> None:
    found = checker(sim)
    while found.check_new():
        pass


def found(sim: Simulation, which: findings.List) -> list[findings.Finding]:
    return list(findings.read(sim.server.db, which, limit=findings.LIMIT_MAX).findings)
