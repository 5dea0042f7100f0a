"""One customer enrolled at two tills in a hostile world: proposed, merged by a cashier, welcomed once."""

from __future__ import annotations

import uuid

from app.checkout.ports import Done, Person, Work
from app.checkout.settling import SettlingJournal
from app.ledger.facts import (
    AnyFact,
    MemberEnrolled,
    MembersMerged,
    ReferralSettled,
    SaleGivenTo,
    WelcomeReversed,
    decode,
    encode,
)
from app.loyalty.effects import Counted, Lot, PointsEarned
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from sync.events import FactsAvailable
from sync.server import listing, twins
from tests.sync.server.test_welcomes import POINTS, PROGRAMME
from tests.sync.simulator import SimTill, Simulation
from tests.sync.test_simulation import world

PHONES = ("+48601000001", "601000002", "8 916 123-45-67")


class Customers:
    """Come to any till, say their number, are enrolled where it is not known, and welcomed."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.ids: dict[str, set[uuid.UUID]] = {phone: set() for phone in PHONES}
        self.merges = 0
        listing.publish_programme(sim.server.db, PROGRAMME)
        self.programme = compile_programme(load_programme(PROGRAMME))

    def visit(self, till: SimTill) -> None:
        draw, now = self.sim.random, self.sim.world
        phone = draw.choice(PHONES)
        known = [one for one in self.ids[phone] if till.disk.reader.person(one) is not None]
        at_ms = now.ms + till.clock_off_ms
        if not known:
            member, sale = now.new_id(), now.new_id()
            self.ids[phone].add(member)
            self.sim.members.append(member)
            self.sim.spent.add(member)
            begun = MemberEnrolled(id=now.new_id(), at_ms=at_ms, member=member)
            lot = Lot(f"{sale}:hello", "hello", POINTS, at_ms)
            effects = (PointsEarned(lot), Counted("hello", 0, uses=1))
            welcomed = SaleGivenTo(
                id=now.new_id(), at_ms=at_ms, sale=sale, member=member, reason="", cashier="", effects=effects
            )
            person = Person(member=member, name=phone, phone=phone)
            return self._write(till, (begun, welcomed), (person,))
        return self.met(till, known[0])

    def met(self, till: SimTill, member: uuid.UUID) -> None:
        """Somebody known: the cashier is asked if the server proposes it, and says yes."""
        found = till.disk.reader.member(member)
        twin = till.disk.reader.twin(member)
        if found is not None and twin is not None:
            now = self.sim.world
            fact = MembersMerged(
                id=now.new_id(), at_ms=now.ms + till.clock_off_ms, member=found.id, other=twin
            )
            self.sim.merged.append((found.id, twin))
            self.merges += 1
            self._write(till, (fact,), ())

    def _write(self, till: SimTill, facts: tuple[AnyFact, ...], people: tuple[Person, ...]) -> None:
        class Kept:
            def write(self, work: Work, done: Done) -> None:
                till.disk.commit(till.sim.world, facts=work.facts, people=work.people)
                till.sim.sold.update({encode(one): one for one in work.facts})
                done(None)

        reader = till.disk.reader
        journal = SettlingJournal(Kept(), reader, reader, lambda: self.programme)
        work = Work(facts=facts, people=people, keep_basket=True, at_ms=self.sim.world.ms)
        journal.write(work, lambda _: None)
        till.step(FactsAvailable())

    def compare(self) -> None:
        while twins.compare_new(self.sim.server.db, self.sim.server.context.secrets):
            pass

    def settle(self) -> None:
        """The world calms down, and everybody comes once more, until nobody is proposed."""
        self.sim.calm()
        self.compare()
        while twins.proposals(self.sim.server.db):
            self.sim.run(200)
            for till in self.sim.tills:
                for member in sorted(self.sim.members):
                    self.met(till, member)
            self.sim.calm()
            self.compare()
        self.sim.run(100)

    def check(self) -> int:
        """How many welcomes were taken back."""
        mine = {till.disk.writer.head.origin for till in self.sim.tills}
        count = 0
        for one in self.sim.server.feed_all():
            fact = decode(bytes(one.body))
            count += isinstance(fact, WelcomeReversed)
            if one.origin not in mine:
                assert isinstance(fact, WelcomeReversed | ReferralSettled)
                self.sim.sold[bytes(one.body)] = fact
        assert twins.proposals(self.sim.server.db) == []
        for till in self.sim.tills:
            for ids in self.ids.values():
                shown = [found for one in ids if (found := till.disk.reader.member(one)) is not None]
                assert len(shown) == len(ids)
                assert len({found.id for found in shown}) <= 1, f"{till.name}: one person, several members"
                for found in shown:
                    state = found.state
                    assert (state.balance_centi, state.counted("hello").uses) == (POINTS, 1), till.name
        self.sim.check()
        return count


def one_person(seed: int) -> tuple[int, int]:
    with world(seed) as sim:
        sim.merging = True
        shop = Customers(sim)
        for name in ("a", "b"):
            sim.add_till(name)
        for _ in range(6):
            for till in sim.tills:
                shop.visit(till)
            if sim.chance(50):
                shop.compare()
            if sim.chance(10):
                sim.server.restart()
            sim.run(sim.random.choice((0.1, 1, 5, 20, 100)))
        shop.settle()
        return shop.merges, shop.check()


def test_whoever_was_enrolled_twice_is_one_member_in_the_end_and_welcomed_once() -> None:
    counts = [one_person(seed) for seed in range(50_000, 50_004)]
    assert all(map(sum, zip(*counts, strict=True))), "some were merged, and some welcomes taken back"
