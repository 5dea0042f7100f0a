"""One card on many tills: the simulator's world with the till's real checkout in it.

Tills sell to one customer, who pays with points wherever it is possible. The way to the server is as bad as
the simulator makes it; single tills can be cut off altogether.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from app.checkout.outcome import Outcome
from app.checkout.ports import Inline, Product, Work
from app.checkout.shop import Shop
from app.checkout.till import Till
from app.ledger.facts import MemberEnrolled, encode
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from app.loyalty.state import MemberState
from sync import holding, holds
from sync.events import Event, FactsAvailable, Failed, Replied, Send
from sync.server import exposure, schema
from sync.server.holding import lapse
from tests.sync.disk import Disk
from tests.sync.simulator import CALM, STORE, Faults, SimTill, Simulation, adjusted

PROGRAMME = compile_programme(
    load_programme(
        b"""
stempel: 1
id: one-card
version: 1
name: {ru: A, pl: A, en: A}
valid_from: 2020-01-01
currency: PLN
time_zone: Europe/Warsaw
rules:
  - id: points
    kind: points
    name: {ru: A, pl: A, en: A}
    redeem: {value: 0.01, block: 1}
"""
    )
)
SHOP = Shop(name="x", currency="PLN", time_zone="Europe/Warsaw", store=STORE, redeem_cap_centi=None)
GOODS = Product(sku="1", name="x", price_minor=1000_00)
FAULTY = Faults()
DEADLINE_MS = holding.DEADLINE_S * 1000


class SimHolds:
    """The lane that asks for holds, on the simulator's network."""

    def __init__(self, till: CardTill) -> None:
        self._till = till

    @property
    def online(self) -> bool:
        return self._till.alive and self._till.status.state == "online"

    def ask(
        self, id: uuid.UUID, kind: Any, of: str, amount: int, *, sale: uuid.UUID, part: bool,
        answer: Callable[[Any], None],
    ) -> None:  # fmt: skip
        till, ours = self._till, self._till.client.credentials
        assert ours is not None
        hold = holds.Hold(id=id, kind=kind, of=of, amount=amount, sale=sale, part=part)
        target, body, headers = holding.request(ours, hold)
        waits = [answer]

        def told(outcome: holding.Answer) -> None:
            if waits:
                waits.pop()(outcome)
            elif outcome.outcome == "held":
                self.give_back([id])

        def reply(delay_ms: float, event: Event) -> None:
            said = holding.SILENCE
            if isinstance(event, Replied):
                said = holding.read(hold, event.status, event.body)
            if not isinstance(event, Failed):
                till.in_this_life(delay_ms, lambda: told(said))

        till.in_this_life(DEADLINE_MS, lambda: told(holding.SILENCE))
        till.send(Send(0, "POST", target, tuple(headers.items()), body), reply)

    def give_back(self, ids: Iterable[uuid.UUID]) -> None:
        ours = self._till.client.credentials
        for id in ids if ours is not None else ():
            assert ours is not None
            target = f"/v1/holds/{id}"
            signed = holding._signed(ours, "DELETE", target, b"")
            self._till.send(
                Send(0, "DELETE", target, tuple(signed.items()), b""), lambda _delay, _event: None
            )


class CardTill(SimTill):
    """A till that sells, by the code that tills run."""

    cut = False
    """No network at all."""

    def start(self) -> None:
        self._born = self._life + 1
        super().start()
        if not self.alive:
            return
        self.disk.writer.put_products([GOODS])
        sale, shift = self.disk.reader.next_numbers()
        reader = self.disk.reader
        self.till = Till(
            shop=SHOP,
            catalogue=reader,
            members=reader,
            sales=reader,
            journal=Inline(self._write),
            programme=PROGRAMME,
            world=self.sim.world,
            next_sale=sale,
            next_shift=shift,
            shift=reader.open_shift(),
            kept=reader.basket(),
            holds=SimHolds(self),
            allowances=reader.allowances,
        )
        if self.till.shift is None:
            self.till.open_shift("1")

    @property
    def alive(self) -> bool:
        return self._born == self._life

    def in_this_life(self, delay_ms: float, what: Callable[[], None]) -> None:
        life = self._life
        self.sim.after(delay_ms, lambda: what() if life == self._life and self.alive else None)

    def send(self, send: Send, reply: Callable[[float, Event], None]) -> None:
        if self.cut:
            reply(30_000, Failed(send.ticket))
        else:
            self.sim.carry(send, reply)

    def _execute(self, effect: Any, pending: list[Event]) -> None:
        if isinstance(effect, Send) and self.cut:
            self._later(30_000, Failed(effect.ticket))
        else:
            super()._execute(effect, pending)

    def _write(self, work: Work) -> None:
        self.disk.writer.commit(work)
        for fact in work.facts:
            self.sim.sold[encode(fact)] = fact
        if work.facts:
            # After the act: what follows is another event of the lane.
            self.in_this_life(0, lambda: self.step(FactsAvailable()))

    # What a cashier does

    def begin(self, member: uuid.UUID) -> bool:
        """The card is read, goods are rung up; False while the till does not know the card."""
        if not self.till.sale.lines:
            if self.till.attach(member).refused:
                return False
            self.till.ring(GOODS)
        return True

    def ask_for(self, centi: int | str) -> Outcome:
        return self.till.redeem(centi)  # type: ignore[arg-type]

    def pay(self) -> None:
        told: list[Outcome] = []
        if self.till.sale.lines and not self.till.start_payment().refused:
            self.till.pay_cash(max(self.till.cash_due_minor, 0), told.append)
            assert told[-1].code == "sold", told


class OneCard(Simulation):
    """A world with one member. `worst_centi` is the greatest figure that was published so far."""

    def __init__(self, seed: int, tills: int, allowance_centi: int, faults: Faults = FAULTY) -> None:
        super().__init__(seed, faults)
        self.allowance_centi = allowance_centi
        self.worst_centi = 0
        exposure.publish(self.server.db, msgspec.json.encode({"points_centi": allowance_centi}))
        self.member = self.world.new_id()
        self.members.append(self.member)
        self.spent.add(self.member)
        self.cards_at = [self._add(f"till {number}") for number in range(tills)]

    def _add(self, name: str) -> CardTill:
        till = CardTill(self, name, Disk(uuid.UUID(bytes=self.random.randbytes(16), version=4)))
        self.tills.append(till)
        return till

    def open(self, balance_centi: int) -> None:
        """The member enrols at the first till with so many points, and every till learns of it."""
        faults, self.faults = self.faults, CALM
        first = self.cards_at[0]
        self.run(5)
        first.write(MemberEnrolled(id=self.world.new_id(), at_ms=self.world.ms, member=self.member))
        first.write(adjusted(self.world.new_id(), self.world.ms, self.member, balance_centi))
        for _ in range(40):
            self.run(30)
            if all(till.disk.reader.member(self.member) for till in self.cards_at):
                break
        self.run(100)
        self.faults = faults

    def state(self) -> MemberState:
        """What the server knows of the member."""
        table = schema.member.c
        with self.server.db.read() as connection:
            query = schema.member.select().where(
                table.shard == schema.shard_of(self.member), table.id == self.member
            )
            row = connection.execute(query).first()
        return MemberState() if row is None else msgspec.json.decode(row.state, type=MemberState)

    def held_centi(self) -> int:
        hold = schema.hold.c
        with self.server.db.read() as connection:
            rows = connection.execute(
                schema.hold.select().where(hold.state == 0, hold.expires_ms > self.world.ms)
            )
            return sum(row.amount for row in rows)

    def figure(self) -> holds.Exposure:
        return exposure.figure(self.server.db, self.world.ms)

    def _fold(self) -> None:
        lapse(self.server.db, self.world.ms)
        self.worst_centi = max(self.worst_centi, -self.figure().floor_centi)
        super()._fold()
        self.check_card()

    def check_card(self) -> None:
        """Never below the published floor, whatever came."""
        balance = self.state().balance_centi
        assert balance >= -self.worst_centi, f"{-balance} overdrawn, {self.worst_centi} were published"

    def _check_lists(self) -> None:
        """Nothing is published here."""

    def trade(self, rounds: int) -> None:
        """The card is everywhere at once."""
        for _ in range(rounds):
            for till in self.cards_at:
                if till.alive:
                    self.act(till)
            self.run(self.random.choice((0.05, 0.2, 0.5, 2, 10, 60)))

    def act(self, till: CardTill) -> None:
        """One thing that happens at a till."""
        draw = self.random
        match draw.choice(("redeem", "redeem", "pay", "pay", "pay", "drop", "more", "earn")):
            case "redeem" if till.begin(self.member):
                till.ask_for(draw.choice(("max", draw.randrange(1, 300_00))))
            case "pay":
                till.pay()
            case "drop":
                draw.choice((till.till.clear, till.till.detach, lambda: till.ask_for(0)))()
            case "more" if till.till.sale.lines:
                till.till.ring(GOODS)
            case "earn" if draw.random() < 0.2 and till.disk.reader.member(self.member) is not None:
                till.write(
                    adjusted(self.world.new_id(), self.world.ms, self.member, draw.randrange(1, 200_00))
                )
            case _:
                pass
