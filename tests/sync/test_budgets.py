"""One budget and several tills: in the end all know what is left, and nobody gives what they know is gone."""

from __future__ import annotations

from functools import cache

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.checkout.ports import Product
from app.checkout.till import Till
from app.ledger.facts import SaleCompleted
from app.ledger.inputs import programme_digest
from app.loyalty.engine import Compiled, compile_programme
from app.loyalty.programme import load_programme
from app.store.budgets import Budgets
from sync.server import budgets, listing
from tests.loyalty.support import HEAD, NAME
from tests.sync.sim_sales import Counter, check_all, fine, found
from tests.sync.simulator import CALM, Faults, Simulation, charged
from tests.sync.test_simulation import what_is_wrong, world

TOTAL_MINOR = 40_00
RULES = f"""
rules:
  - {{id: autumn, kind: price, {NAME}, products: {{categories: [beans]}}, percent: 50%,
     budget: {{total: 40.00}}}}
"""
SOURCE = (HEAD + RULES).encode()
BEANS = Product(sku="1", name="Beans", price_minor=18_90, category="beans", tax="8")


@cache
def limited() -> Compiled:
    return compile_programme(load_programme(SOURCE))


class Stall(Counter):
    """A till that sells beans at half the price, while the budget lasts."""

    worst_minor = 0
    """The most that the other tills had given at some sale, and this one had not heard of."""

    @property
    def compiled(self) -> Compiled:
        return limited()

    def till_now(self) -> Till:
        till = self.opened()
        if till.shift is None:
            till.open_shift("Anna", answer=fine)
            self.shift = till.shift
        return till

    @property
    def truth_minor(self) -> int:
        return charged(self.sim.sold.values())["autumn#existing"]

    @property
    def known_minor(self) -> int:
        return self.till.disk.reader.spent().get("autumn#existing", 0)

    def sell(self, pieces: int) -> None:
        till = self.till_now()
        till.ring(BEANS, pieces * 1000)
        self.worst_minor = max(self.worst_minor, self.truth_minor - self.known_minor)
        left_minor = max(TOTAL_MINOR - self.known_minor, 0)
        assert till.decision.discount_minor == min(9_45 * pieces, left_minor)
        till.pay_cash(max(till.due_minor, 0), fine)
        self.tell()

    def take_back(self) -> None:
        till = self.till_now()
        for sale in self.till.disk.reader.recent_sales(limit=1):
            found = till.refunds.find(sale.id.hex)
            if found is not None and any(found.whole.values()):
                till.refunds.refund(sale.id, found.whole, answer=fine)
        self.tell()


def stalls(sim: Simulation, count: int) -> list[Stall]:
    listing.publish_programme(sim.server.db, SOURCE)
    return [Stall(sim, sim.add_till(name)) for name in "abc"[:count]]


ACTS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from((0, 1, 1, 2, 3)), st.sampled_from((0.0, 0.1, 3.0, 30.0))),
    min_size=3,
    max_size=14,
)
"""At which till how many pieces are sold (0: the last sale comes back), and how long nothing happens then."""


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), ACTS, st.booleans())
def test_in_the_end_all_know_and_no_more_is_given_than_was_not_known(
    seed: int, count: int, acts: list[tuple[int, int, float]], hostile: bool
) -> None:
    with world(seed, Faults() if hostile else CALM) as sim:
        tills = stalls(sim, count)
        most_minor = 0
        for at, pieces, pause_s in acts:
            stall = tills[at % count]
            if pieces:
                stall.sell(pieces)
            else:
                stall.take_back()
            most_minor = max(most_minor, stall.truth_minor)
            sim.run(pause_s)
        unknown_minor = max(stall.worst_minor for stall in tills)
        assert most_minor <= TOTAL_MINOR + unknown_minor
        sim.calm()
        sim.check()
        assert {stall.known_minor for stall in tills} == {tills[0].truth_minor}
        (state,) = budgets.states(sim.server.context).budgets
        assert state.spent == tills[0].truth_minor
        assert state.left - state.over == TOTAL_MINOR - state.spent
        assert not (state.left and state.over)
        check_all(sim)
        assert found(sim, "defects") + found(sim, "exposure") == []


def test_the_offer_pauses_at_the_second_till_after_a_sync() -> None:
    with world(1, CALM) as sim:
        here, there = stalls(sim, 2)
        sim.run(120)
        here.sell(4)
        sim.run(120)
        assert there.known_minor == 37_80
        there.sell(1)  # what is left
        here.sell(1)  # and once more: they have not heard of each other
        sim.run(120)
        assert here.truth_minor == 42_20
        (state,) = budgets.states(sim.server.context).budgets
        assert (state.spent, state.left, state.over) == (42_20, 0, 2_20)
        there.sell(2)
        here.sell(2)
        last = [stall.till.disk.reader.last_sale() for stall in (here, there)]
        assert [sale.discount_minor for sale in last if sale] == [0, 0]
        sim.calm()
        check_all(sim)
        assert found(sim, "defects") == []


def test_a_sale_that_says_more_was_left_is_found() -> None:
    """What was left is a sale's own word; that the price follows from it is checked."""

    def lie(sale: SaleCompleted) -> SaleCompleted:
        assert sale.basis is not None
        assert sale.basis.programme == programme_digest(limited())
        basis = msgspec.structs.replace(sale.basis, budgets={"autumn": 1_00})
        return msgspec.structs.replace(sale, basis=basis)

    with world(2, CALM) as sim:
        (stall,) = stalls(sim, 1)
        stall.lie = lie
        sim.run(120)
        stall.sell(1)
        sim.calm()
        check_all(sim)
        (finding,) = found(sim, "defects")
        assert (finding.code, finding.given_minor) == ("figures", 8_45)


def test_the_simulator_catches_a_till_that_counts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    take = Budgets.take
    monkeypatch.setattr(Budgets, "take", lambda self, spent, epoch, seq: take(self, spent, 0, 0))
    found = [message for seed in range(3) if (message := what_is_wrong(seed))]
    assert any("offer#" in message for message in found), found
