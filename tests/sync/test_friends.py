"""Friends in a hostile world: every referrer is paid once for each purchase that stays, by whoever could."""

from __future__ import annotations

import uuid

from app.checkout.ports import Done, Work
from app.checkout.settling import SettlingJournal
from app.ledger.facts import PointsAdjusted, ReferralSettled, decode, encode
from app.loyalty.effects import Lot, ReferralDue
from sync.events import FactsAvailable
from tests.sync.rig import NOW_MS
from tests.sync.sim_sales import programme
from tests.sync.simulator import SimTill, Simulation
from tests.sync.test_simulation import trade, world

POINTS = 1_000


class Friends:
    """What friends buy and bring back at the tills, each of which settles what it can."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.bought: dict[uuid.UUID, tuple[uuid.UUID, uuid.UUID]] = {}
        """Friend and referrer by sale, of those that stay."""
        self.back: set[uuid.UUID] = set()

    def serve(self, till: SimTill) -> None:
        """A friend buys, or brings back what somebody sold them."""
        draw, known = self.sim.random, self.sim.members
        left = [sale for sale in self.bought if sale not in self.back]
        if left and draw.random() < 0.4:
            sale = draw.choice(left)
            self.back.add(sale)
            self._write(till, sale, back=True)
        elif len(known) > 1:
            friend, referrer = draw.sample(known, 2)
            sale = self.sim.world.new_id()
            self.bought[sale] = (friend, referrer)
            self._write(till, sale, back=False)

    def _write(self, till: SimTill, sale: uuid.UUID, *, back: bool) -> None:
        friend, referrer = self.bought[sale]
        self.sim.spent |= {friend, referrer}
        at_ms = self.sim.world.ms + till.clock_off_ms
        lot = Lot(f"{sale}:r:{friend}", "r", POINTS, NOW_MS)
        due = ReferralDue("r", str(referrer), -POINTS if back else POINTS, NOW_MS, lot=lot, day=20_000)
        id = self.sim.world.new_id() if back else sale
        fact = PointsAdjusted(id=id, at_ms=at_ms, member=friend, reason="test", effects=(due,))

        class Kept:
            def write(self, work: Work, done: Done) -> None:
                till.disk.commit(till.sim.world, facts=work.facts, people=())
                till.sim.sold.update({encode(one): one for one in work.facts})
                done(None)

        reader = till.disk.reader
        work = Work(facts=(fact,), keep_basket=True, at_ms=at_ms)
        SettlingJournal(Kept(), reader, reader, programme).write(work, lambda _: None)
        till.step(FactsAvailable())

    def check(self) -> list[ReferralSettled]:
        """What the server wrote itself is taken into the books; each purchase was settled as it should be."""
        settled: list[ReferralSettled] = []
        mine = {till.disk.writer.head.origin for till in self.sim.tills}
        for one in self.sim.server.feed_all():
            fact = decode(bytes(one.body))
            if one.origin not in mine:
                assert isinstance(fact, ReferralSettled)
                self.sim.sold[bytes(one.body)] = fact
            if isinstance(fact, ReferralSettled):
                settled.append(fact)
        self.sim.check()
        ids = [fact.id for fact in settled]
        assert len(ids) == len(set(ids)), "a referral is settled twice"
        paid = {fact.of: fact.member for fact in settled if not fact.back}
        assert paid == {sale: referrer for sale, (_, referrer) in self.bought.items()}
        assert len(settled) == len(self.bought) + len(self.back)
        return settled


def friends(seed: int, *, restoring: bool = False) -> tuple[int, int]:
    """Referrals that tills settled, and those that the server did."""
    with world(seed) as sim:
        shop = Friends(sim)
        for name in ("a", "b"):
            sim.add_till(name)
        backup = None
        for turn in range(5):
            trade(sim, 1, erasing=False)
            for till in sim.tills:
                shop.serve(till)
            if restoring and turn == 1:
                backup = sim.backup()
        if backup is not None:
            sim.restore(backup)
        sim.calm()
        settled = shop.check()
        by_tills = {body for till in sim.tills for body in till.disk.bodies()}
        here = sum(encode(fact) in by_tills for fact in settled)
        return here, len(settled) - here


def test_each_purchase_is_settled_once_wherever_the_referrer_is_known() -> None:
    counts = [friends(seed) for seed in range(40_000, 40_008)]
    assert all(map(sum, zip(*counts, strict=True))), "both tills and the server have settled some"


def test_a_server_that_lost_what_it_settled_settles_it_again() -> None:
    for seed in range(41_000, 41_003):
        friends(seed, restoring=True)
