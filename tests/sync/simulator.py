"""Tills, network and server in one process on a virtual clock, everything drawn from one seed.

The real client, the till's real store and the real server run; only the network, the disk's medium and time
are simulated. A seed that fails once fails the same way each time.
"""

from __future__ import annotations

import heapq
import itertools
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from app.checkout.ports import Person
from app.lanes import FixedWorld
from app.ledger.budgets import charges_of
from app.ledger.facts import (
    AnyFact,
    CardLinked,
    MemberEnrolled,
    MembersMerged,
    NoSale,
    PointsAdjusted,
    effects_of,
    encode,
    header,
    member_of,
)
from app.ledger.fold import fold
from app.loyalty.effects import BudgetSpent, Lot, PointsEarned, PointsSpent
from app.loyalty.state import EMPTY, MemberState, advance
from sync import protocol
from sync.client import Client
from sync.events import (
    Applied,
    Apply,
    BeginAgain,
    BeginEpoch,
    Deaf,
    Effect,
    EnrolWith,
    Event,
    FactsAvailable,
    FactsRead,
    Failed,
    Hinted,
    KeepEnrolment,
    Listen,
    Listening,
    PersonsRead,
    ReadFacts,
    ReadPersons,
    Replied,
    Send,
    SetAcked,
    SetHanded,
    Started,
    Status,
    Tell,
    TimerFired,
    Wait,
)
from sync.server import admin, listing, members, persons, schema
from sync.server.context import Context, Inline
from sync.server.tills import load_secrets
from tests.sync import direct
from tests.sync.disk import Disk, copied, server_from
from tests.sync.rig import NOW_MS, Answer

STORE = "shop 1"


@dataclass(frozen=True)
class Faults:
    """How often, of a hundred messages or steps, each thing goes wrong."""

    lose_request: float = 8
    lose_answer: float = 8
    double_request: float = 8
    cut_answer: float = 4
    nonsense: float = 4
    crash: float = 1
    lose_hint: float = 30


CALM = Faults(0, 0, 0, 0, 0, 0, 0)


class Crashed(Exception):
    """The till's process ended between two effects, or between two of its transactions."""


class SimServer:
    """The server's code over a database in memory."""

    def __init__(self, world: FixedWorld) -> None:
        self.world = world
        self.db = server_from()
        self.restart()

    def restart(self) -> None:
        """A new process on the same database."""
        self.context = Context(self.db, load_secrets(self.db), self.world, Inline())

    def call(self, send: Send) -> Answer:
        return direct.call(self.context, send.method, send.target, send.body, send.headers)

    def code(self, **options: Any) -> str:
        return admin.create_enrol_code(self.db, STORE, self.world.now_ms(), **options)

    def feed_all(self) -> list[protocol.FeedFact]:
        """Every fact, as head office reads them."""
        found: list[protocol.FeedFact] = []
        cursor, more = "", True
        while more:
            page = self.context.feed().page(cursor, 50)
            found, cursor, more = found + page.facts, page.cursor, page.more
        return found


class SimTill:
    """A till's process, started and killed at will, over a disk that stays."""

    def __init__(self, sim: Simulation, name: str, disk: Disk, of: SimTill | None = None) -> None:
        self.sim = sim
        self.name = name
        self.disk = disk
        self.copied = of is not None
        # One for its life: no crash on the way may spend it in vain.
        self.code = of.code if of is not None else sim.server.code()
        self.clock_off_ms = 0
        self.status = Status()
        self.listens = False
        self.pulled = False
        self._life = 0
        self.start()

    def start(self) -> None:
        """A new process: only the disk is known."""
        self._life += 1
        self.disk.start(self.sim.maybe_crash)
        self.client = Client(self.sim.random.randbytes, batch_max=7)
        self.listens = False
        life = self._life
        outbox = self.disk.outbox
        self.step(Started(outbox.credentials(), self.disk.inbox.cursor(), outbox.enrolment()))
        if life == self._life and self.disk.outbox.credentials() is None:
            self.step(EnrolWith(self.code))

    @property
    def quiet(self) -> bool:
        """Whether the server has it all, and the screen says so."""
        done = self.disk.acked_seq == self.disk.writer.head.seq and not self.disk.inbox.persons(1)
        return done and (self.status.unsynced, self.status.problem, self.status.state) == (0, "", "online")

    def write(self, *facts: AnyFact, people: tuple[Person, ...] = ()) -> None:
        """Commit facts, then tell sync."""
        self.disk.commit(self.sim.world, facts=facts, people=people)
        for fact in facts:
            self.sim.sold[encode(fact)] = fact
        self.step(FactsAvailable())

    def sell(self) -> None:
        """One thing that happens at a till."""
        world, draw = self.sim.world, self.sim.random
        at_ms = world.ms + self.clock_off_ms
        known = self.sim.members
        last = "merge" if self.sim.merging else "spend"
        match draw.choice(("enrol", "earn", "earn", "earn", last, "nothing")):
            case "merge" if len(known) > 1:
                member, other = draw.sample(known, 2)
                self.write(MembersMerged(id=world.new_id(), at_ms=at_ms, member=member, other=other))
                self.sim.merged.append((member, other))
            case "enrol" if len(known) < 6:
                self.enrol(at_ms)
            case "spend" if known:
                member = draw.choice(known)
                self.write(adjusted(world.new_id(), at_ms, member, -draw.randrange(1, 300)))
                self.sim.spent.add(member)
            case "earn" if known:
                self.write(adjusted(world.new_id(), at_ms, draw.choice(known), draw.randrange(1, 500)))
            case _:
                self.write(NoSale(id=world.new_id(), at_ms=at_ms, shift=uuid.UUID(int=0), cashier=self.name))

    def enrol(self, at_ms: int) -> None:
        world = self.sim.world
        member = world.new_id()
        person = Person(member=member, name=f"{self.name} {len(self.sim.members)}", phone="600")
        self.sim.members.append(member)
        card = f"code:{len(self.sim.members)}"
        self.write(
            MemberEnrolled(id=world.new_id(), at_ms=at_ms, member=member),
            CardLinked(id=world.new_id(), at_ms=at_ms, member=member, card=card),
            people=(person,),
        )
        self.sim.cards[card] = member

    def rename(self) -> None:
        """Someone this till knows tells another name."""
        found = self.disk.reader.person(self.sim.random.choice(self.sim.members))
        if found is not None:
            name = f"{self.name} {self.sim.random.randrange(1000)}"
            self.write(people=(msgspec.structs.replace(found, name=name),))

    def step(self, event: Event) -> None:
        pending: list[Event] = [event]
        try:
            while pending:
                for effect in self.client.step(pending.pop(0), self.sim.world.ms + self.clock_off_ms):
                    self.sim.maybe_crash()
                    self._execute(effect, pending)
                    self.sim.maybe_crash()
        except Crashed:
            self._life += 1
            life = self._life
            self.sim.after(2_000, lambda: life == self._life and self.start())

    def _execute(self, effect: Effect, pending: list[Event]) -> None:
        outbox, inbox = self.disk.outbox, self.disk.inbox
        match effect:
            case ReadFacts(ticket, after_seq, limit):
                pending.append(FactsRead(ticket, outbox.read(after_seq, limit)))
            case SetAcked(epoch, seq):
                outbox.set_acked(epoch, seq)
            case KeepEnrolment(enrolment):
                outbox.keep_enrolment(enrolment)
            case BeginEpoch(credentials):
                outbox.begin_epoch(credentials)
            case ReadPersons(ticket, limit):
                pending.append(PersonsRead(ticket, tuple(inbox.persons(limit))))
            case SetHanded(people):
                inbox.handed(people)
            case BeginAgain():
                inbox.begin_again()
            case Apply(ticket, page, asked_ms):
                inbox.apply(page, asked_ms)
                self.sim.check_while(self)
                pending.append(Applied(ticket))
            case Listen():
                self._listen()
            case Wait(ticket, seconds):
                self._later(seconds * 1000, TimerFired(ticket))
            case Tell(status):
                self.status = status
                if status.problem in ("till_exists", "bad_code", "code_used"):
                    assert self.copied or self.sim.restored, f"{self.name}: its code was spent in vain"
                    # Head office makes a code for this very till.
                    self.code = self.sim.server.code(till=self.disk.writer.head.origin)
                    self._later(5_000, EnrolWith(self.code))
            case Send():
                self.sim.carry(effect, self._later)

    def _listen(self) -> None:
        fails = self.sim.chance(self.sim.faults.lose_request)
        self.listens = not fails
        self._later(self.sim.random.uniform(1, 200), Deaf() if fails else Listening())

    def hint(self) -> None:
        """The server has something, and the stream may or may not carry it."""
        if not self.listens:
            return
        if self.sim.chance(self.sim.faults.lose_hint):
            self.listens = False
            self._later(30_000, Deaf())
        else:
            self._later(self.sim.random.uniform(1, 300), Hinted())

    def _later(self, delay_ms: float, event: Event) -> None:
        life = self._life
        self.sim.after(delay_ms, lambda: self.step(event) if life == self._life else None)


class Simulation:
    """One run. `faults` may be changed at any time; `calm()` heals the world and lets it settle."""

    def __init__(self, seed: int, faults: Faults = Faults()) -> None:
        self.random = random.Random(seed)
        self.world = FixedWorld(NOW_MS, seed=seed)
        self.server = SimServer(self.world)
        self.faults = faults
        self.sold: dict[bytes, AnyFact] = {}
        self.members: list[uuid.UUID] = []
        self.spent: set[uuid.UUID] = set()
        self.cards: dict[str, uuid.UUID] = {}
        self.erased: set[uuid.UUID] = set()
        self.tills: list[SimTill] = []
        self._order = itertools.count()
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._folding = False
        self._least_rows = 0
        self.slowest_ms = 200.0
        """How long a request or an answer takes at most."""
        self.restored = False
        self.merging = False
        """Whether tills merge members; in such a world nobody spends."""
        self.merged: list[tuple[uuid.UUID, uuid.UUID]] = []

    def one_person(self, member: uuid.UUID) -> set[uuid.UUID]:
        """All the ids that a member has had."""
        found = {member}
        while more := {id for pair in self.merged if found & set(pair) for id in pair} - found:
            found |= more
        return found

    def close(self) -> None:
        for till in self.tills:
            till.disk.close()

    def add_till(self, name: str, *, clock_off_ms: int = 0) -> SimTill:
        disk = Disk(uuid.UUID(bytes=self.random.randbytes(16), version=4))
        till = SimTill(self, name, disk)
        till.clock_off_ms = clock_off_ms
        self.tills.append(till)
        return till

    def clone(self, till: SimTill) -> SimTill:
        """The till's disk copied to another machine, and both go on; before it enrolled, with one code."""
        till.copied = True
        other = SimTill(self, till.name + "'", till.disk.copy(), till)
        self.tills.append(other)
        return other

    def backup(self) -> Any:
        """The server's database as it is now."""
        return copied(self.server.db.driver)

    def restore(self, backup: Any) -> None:
        """The server goes back to a backup; the tills know nothing of it. Head office publishes again."""
        self.server.db = server_from(backup)
        admin.after_restore(self.server.db)
        self.restored = True
        self._least_rows = 1  # a list that comes empty leaves the one before
        self.publish()
        self.server.restart()

    def publish(self) -> None:
        """Head office changes its products."""
        rows = [
            {"sku": str(sku), "name": "x", "price_minor": self.random.randrange(99)}
            for sku in range(self.random.randrange(self._least_rows, 4))
        ]
        listing.publish_rows(self.server.db, "product", msgspec.json.encode(rows))
        self._tell_all()

    def erase(self) -> None:
        """Somebody asks to be forgotten."""
        if self.members:
            member = self.random.choice(self.members)
            persons.erase(self.server.db, member, self.world.ms)
            self.erased.add(member)

    def chance(self, percent: float) -> bool:
        return self.random.uniform(0, 100) < percent

    def maybe_crash(self) -> None:
        if self.faults.crash and self.chance(self.faults.crash):
            raise Crashed

    # Time

    def after(self, delay_ms: float, what: Callable[[], object]) -> None:
        heapq.heappush(self._agenda, (self.world.ms + delay_ms, next(self._order), what))

    def run(self, seconds: float) -> None:
        """Let the virtual clock go on."""
        until = self.world.ms + int(seconds * 1000)
        while self._agenda and self._agenda[0][0] <= until:
            due, _, what = heapq.heappop(self._agenda)
            self.world.ms = max(self.world.ms, int(due))
            what()
        self.world.ms = until

    def calm(self, hours: float = 2) -> None:
        """No more faults, until all is quiet and pulled; long enough for every back-off to end."""
        self.faults = CALM
        if self._least_rows:
            self.run(160)  # longer than a till goes without asking: it does not know what is lacking
        for _ in range(int(hours * 120)):
            self.run(30)
            if all(till.quiet for till in self.tills):
                break
        self._fold()
        self.run(20)

    # The network

    def carry(self, send: Send, reply: Callable[[float, Event], None]) -> None:
        """A request goes out now, an answer or a time-out comes back later: maybe to a process that began
        since, and that counts its tickets anew, as if something on the way mixed up answers."""
        if self.chance(self.faults.lose_request):
            reply(30_000, Failed(send.ticket))
            return
        if self.chance(self.faults.double_request):
            self.after(self.random.uniform(1, 90_000), lambda: self._deliver(send))
        self.after(self.random.uniform(1, self.slowest_ms), lambda: self._answer(send, reply))

    def ask(self, send: Send) -> Answer:
        """One request to the server, whole and at once."""
        return self.server.call(send)

    def _deliver(self, send: Send) -> Answer:
        answer = self.ask(send)
        assert answer.status != 500, answer
        if send.method == "POST" and answer.status == 200 and not self._folding:
            self._folding = True
            self.after(self.random.uniform(10, 2_000), self._fold)
        return answer

    def _fold(self) -> None:
        self._folding = False
        while members.fold_new(self.server.db):
            pass
        self._tell_all()

    def _tell_all(self) -> None:
        for till in self.tills:
            till.hint()

    def _answer(self, send: Send, reply: Callable[[float, Event], None]) -> None:
        if self.chance(self.faults.nonsense):
            status, body = self.random.choice(
                [
                    (500, b"oops"),
                    (200, b"<html>"),
                    (200, b"{}"),
                    (503, b""),
                    (404, b""),
                    (302, b""),
                    (409, b"{}"),
                ]
            )
            reply(self.random.uniform(1, self.slowest_ms), Replied(send.ticket, status, body))
            return
        answer = self._deliver(send)
        if self.chance(self.faults.lose_answer):
            reply(30_000, Failed(send.ticket))
        elif self.chance(self.faults.cut_answer):
            cut = answer.body[: self.random.randrange(max(len(answer.body), 1))]
            reply(self.random.uniform(1, self.slowest_ms), Replied(send.ticket, answer.status, cut))
        else:
            reply(self.random.uniform(1, self.slowest_ms), Replied(send.ticket, answer.status, answer.body))

    # What must hold

    def check_while(self, till: SimTill) -> None:
        """At any moment: of a member who never spent, the till shows each of its own facts and each of those
        that it pulled exactly once, and none that never happened."""
        truth: dict[uuid.UUID, dict[str, int]] = {member: {} for member in self.members}
        for fact in self.sold.values():
            for lot in lots_of(fact):
                truth[fact.member][lot.id] = lot.amount_centi  # type: ignore[union-attr]
        own: dict[uuid.UUID, set[str]] = {member: set() for member in self.members}
        for body in till.disk.bodies():
            for lot in lots_of(self.sold[body]):
                own[self.sold[body].member].add(lot.id)  # type: ignore[union-attr]
        for member in self.members:
            shown = till.disk.reader.member(member)
            if member in self.spent or shown is None:
                continue
            held = {lot.id: lot.amount_centi for lot in shown.state.lots}
            all_of: dict[str, int] = {}
            for one in self.one_person(member):
                all_of |= truth[one]
            assert held.items() <= all_of.items(), f"{till.name}: a fact counted twice"
            assert own[member] <= held.keys(), f"{till.name}: a fact of its own is missing"
        self._check_budgets(till)

    def _check_budgets(self, till: SimTill) -> None:
        """Of budgets a till knows all that it gave itself, and what others gave at most once."""
        here = set(till.disk.bodies())
        own = charged(self.sold[body] for body in here)
        least, most = Counter(own), Counter(own)
        for body, fact in self.sold.items():
            for part, amount in charges_of(effects_of(fact)).items() if body not in here else ():
                (most if amount > 0 else least)[part] += amount
        known = till.disk.reader.spent()
        for part in known.keys() | most.keys():
            shown = known.get(part, 0)
            assert least[part] <= shown <= most[part], (
                f"{till.name}: {part} {least[part]} {shown} {most[part]}"
            )

    def check(self) -> None:
        """Every fact is at the server exactly once, byte for byte, in its till's order, without a hole; and
        every till shows what all of them come to."""
        facts = self.server.feed_all()
        bodies = [bytes(fact.body) for fact in facts]
        assert len(bodies) == len(set(bodies)), "a fact is there twice"
        assert set(bodies) == self.sold.keys(), f"{len(self.sold.keys() - set(bodies))} lost"
        heads: dict[int, int] = {}
        place = {body: (fact.shard, fact.pos) for body, fact in zip(bodies, facts, strict=True)}
        for fact in facts:
            assert fact.pos == heads.get(fact.shard, 0) + 1, "a hole in the feed"
            heads[fact.shard] = fact.pos
        for till in self.tills:
            own = [place[body] for body in till.disk.bodies()]
            assert own == sorted(own), f"{till.name}: out of order"
            assert till.quiet, f"{till.name}: {till.status}"
            assert len({header(body).id for body in till.disk.bodies()}) == len(own)
            self.check_while(till)
            assert Counter(till.disk.reader.spent()) == charged(self.sold.values()), f"{till.name}: budgets"
        self._check_states(facts)
        self._check_lists()

    def _check_states(self, facts: list[protocol.FeedFact]) -> None:
        """By an independent fold of everything."""
        ordered = sorted(facts, key=lambda f: (header(bytes(f.body)).at_ms, f.origin.bytes, f.epoch, f.seq))
        truth = refolded([self.sold[bytes(fact.body)] for fact in ordered])
        later = NOW_MS + 10**12
        for till in self.tills if self.merging else ():
            self._check_merged(till, truth)
        for till in () if self.merging else self.tills:
            for member in self.members:
                shown = till.disk.reader.member(member)
                assert shown is not None, f"{till.name} does not know {member}"
                assert settled(shown.state, later) == settled(truth[member], later), f"{till.name}: {member}"
            assert till.disk.writer.check()[1] == [], f"{till.name}: a rebuild gives something else"
            for card, member in self.cards.items():
                holder = till.disk.reader.holder(card)
                assert holder is not None, f"{till.name} does not know {card}"
                assert holder.member == member

    def _check_merged(self, till: SimTill, truth: dict[uuid.UUID, MemberState]) -> None:
        """Whoever was merged shows, under every id, what all of them earned; after a rebuild, too, although
        another of the ids may lead then (merges made at several tills have no order among them)."""
        for _ in range(2):
            for member in self.members:
                shown = till.disk.reader.member(member)
                assert shown is not None, f"{till.name} does not know {member}"
                whole = sum(truth[one].balance_centi for one in self.one_person(member))
                assert shown.state.balance_centi == whole, f"{till.name}: {member} merged wrongly"
            for card, member in self.cards.items():
                holder = till.disk.reader.holder(card)
                assert holder is not None, f"{till.name} does not know {card}"
                assert holder.member in self.one_person(member)
            till.disk.writer.rebuild()

    def _check_lists(self) -> None:
        with self.server.db.read() as connection:
            query = "SELECT key FROM listing WHERE list = 'product' AND body IS NOT NULL"
            products = sorted(connection.exec_driver_sql(query).scalars())
            query = sa.select(schema.person.c.member, schema.person.c.data).where(
                schema.person.c.data.is_not(None)
            )
            # A merged member may go by the other's data, which names the id it was written under.
            people = sorted(
                msgspec.json.encode(
                    msgspec.structs.replace(msgspec.json.decode(data, type=Person), member=id)
                )
                for id, data in connection.execute(query)
            )
        for till in self.tills:
            skus = sorted(row[0] for row in till.disk.rows("SELECT sku FROM product"))
            assert skus == products, f"{till.name}: other products"
            found = [till.disk.reader.person(member) for member in self.members]
            known = sorted(msgspec.json.encode(one) for one in found if one is not None)
            assert known == people, f"{till.name}: other persons {known} {people}"
            erased = [till.disk.reader.person(member) for member in self.erased]
            assert not any(erased), f"{till.name}: a person that was erased"


def adjusted(id: uuid.UUID, at_ms: int, member: uuid.UUID, centi: int) -> PointsAdjusted:
    """Points earned, charged to a budget, or spent if below zero."""
    lot, offer = Lot(str(id), "points", centi, at_ms), BudgetSpent("offer", centi, new_member=centi % 3 == 0)
    effects = (PointsEarned(lot), offer) if centi > 0 else (PointsSpent("points", -centi),)
    return PointsAdjusted(id=id, at_ms=at_ms, member=member, reason="test", effects=effects)


def charged(facts: Iterable[AnyFact]) -> Counter[str]:
    """What facts charged to budgets, by part."""
    found: Counter[str] = Counter()
    for fact in facts:
        found.update(charges_of(effects_of(fact)))
    return found


def lots_of(fact: AnyFact) -> list[Lot]:
    effects = getattr(fact, "effects", ())
    return [effect.lot for effect in effects if isinstance(effect, PointsEarned)]


def refolded(facts: list[AnyFact]) -> dict[uuid.UUID, MemberState]:
    """Every member's state, from facts in the order of folding."""
    states: dict[uuid.UUID, MemberState] = {}
    for fact in facts:
        member = member_of(fact)
        if member is not None:
            states[member] = fold(states.get(member, EMPTY), fact)
    return states


def settled(state: MemberState, later_ms: int) -> MemberState:
    """As it will be: when a date took its effect does not matter."""
    return advance(state, later_ms)
