"""Sales priced again at the server: honest tills are never reported, lying ones are, sale by sale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from app.ledger.facts import SaleCompleted
from app.ledger.inputs import state_digest
from app.loyalty.effects import Lot, PointsEarned
from app.loyalty.state import MemberState
from sync.server import findings, schema
from tests.sync.sim_sales import Counter, Lie, check_all, found, publish
from tests.sync.simulator import Simulation, adjusted
from tests.sync.test_simulation import world


def shops(sim: Simulation, **lies: Lie) -> list[Counter]:
    """Two tills, "a" and "b", and members with points to spend; whoever has a lie tells it."""
    publish(sim)
    counters = [Counter(sim, sim.add_till(name), lies.get(name)) for name in ("a", "b")]
    first = counters[0].till
    for _ in range(3):
        first.enrol(sim.world.ms)
        member = sim.members[-1]
        first.write(adjusted(sim.world.new_id(), sim.world.ms, member, 300_00))
        sim.spent.add(member)
    sim.run(30)
    return counters


def trade(sim: Simulation, counters: list[Counter], rounds: int) -> None:
    """Sales, enrolments and adjustments, with folding and checking whenever they come to it."""
    for _ in range(rounds):
        for counter in counters:
            for _ in range(sim.random.choice((0, 1, 2, 3))):
                (counter.serve if sim.chance(70) else counter.till.sell)()
        if sim.chance(50):
            check_all(sim)
        sim.run(sim.random.choice((0.1, 1, 5, 20, 100)))


def settle(sim: Simulation) -> None:
    sim.calm()
    sim.check()
    check_all(sim)


def reasons(sim: Simulation) -> set[str]:
    return {one.reason for one in findings.read(sim.server.db, "defects").unchecked}


def sales_of(sim: Simulation) -> int:
    return sum(isinstance(fact, SaleCompleted) for fact in sim.sold.values())


def exposures(sim: Simulation) -> dict[Any, Any]:
    return {one.sale: (one.given_minor, one.given_centi, one.differences) for one in found(sim, "exposure")}


def honest(seed: int) -> int:
    with world(seed) as sim:
        counters = shops(sim)
        trade(sim, counters, 6)
        settle(sim)
        assert found(sim, "defects") == []
        assert reasons(sim) == set()
        counts = findings.counts(sim.server.db)
        assert (counts.sales, counts.behind_facts) == (sales_of(sim), 0)
        exposed = exposures(sim)
        with sim.server.db.write() as connection:  # everything once more, all facts being there
            connection.execute(sa.delete(schema.finding))
            connection.execute(sa.update(schema.checked).values(pos=0, sales=0))
        check_all(sim)
        assert exposures(sim) == exposed, "late facts were looked at as they came"
        assert found(sim, "defects") == []
        return len(exposed)


def test_honest_tills_are_never_reported() -> None:
    assert sum(map(honest, (40_000, 40_015, 40_023))) > 0, "tills apart give too much now and then"


def cheaper(sale: SaleCompleted) -> SaleCompleted:
    """A friend of the cashier's: a zloty off the first line, and off the total."""
    first, *others = sale.lines
    if first.net_minor < 200:
        return sale
    first = msgspec.structs.replace(first, net_minor=first.net_minor - 100)
    return msgspec.structs.replace(sale, lines=(first, *others), total_minor=sale.total_minor - 100)


def richer(sale: SaleCompleted) -> SaleCompleted:
    """Points out of nothing."""
    if sale.member is None:
        return sale
    lot = PointsEarned(Lot(str(sale.id), "points", 500, sale.at_ms))
    return msgspec.structs.replace(sale, effects=(*sale.effects, lot))


def dreamer(sale: SaleCompleted) -> SaleCompleted:
    """A state that never was."""
    if sale.basis is None or not sale.basis.state:
        return sale
    state = state_digest(MemberState(receipts=777))
    return msgspec.structs.replace(sale, basis=msgspec.structs.replace(sale.basis, state=state))


def forgetful(sale: SaleCompleted) -> SaleCompleted:
    """Without one of the till's own facts about the member."""
    if sale.basis is None or not sale.basis.own:
        return sale
    basis = msgspec.structs.replace(sale.basis, own=sale.basis.own - 1, state="00" * 8)
    return msgspec.structs.replace(sale, basis=basis)


def lying(seed: int, lie: Lie, codes: set[str]) -> int:
    with world(seed) as sim:
        counters = shops(sim, b=lie)
        trade(sim, counters, 6)
        settle(sim)
        defects = found(sim, "defects")
        assert {one.sale for one in defects} == counters[1].lied
        assert {one.code for one in defects} <= codes
        assert not {one.sale for one in found(sim, "exposure")} & counters[1].lied, "the lists never mix"
        assert all(one.differences for one in defects if one.code == "figures")
        return len(defects)


@pytest.mark.parametrize(
    ("lie", "codes"),
    [(cheaper, {"figures"}), (richer, {"figures"}), (dreamer, {"state"}), (forgetful, {"state", "stale"})],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_lying_till_is_reported_sale_by_sale(lie: Lie, codes: set[str]) -> None:
    assert sum(lying(seed, lie, codes) for seed in (41_003,)) > 0


def restored(seed: int) -> set[str]:
    with world(seed) as sim:
        counters = shops(sim)
        trade(sim, counters, 3)
        backup = sim.backup()
        trade(sim, counters, 2)
        sim.restore(backup)
        trade(sim, counters, 3)
        settle(sim)
        assert found(sim, "defects") == []
        return reasons(sim)


def copied(seed: int) -> set[str]:
    with world(seed) as sim:
        counters = shops(sim)
        trade(sim, counters, 2)
        twin = Counter(sim, sim.clone(counters[0].till), shift=counters[0].shift)
        trade(sim, [*counters, twin], 4)
        settle(sim)
        assert found(sim, "defects") == []
        return reasons(sim)


def merged(seed: int) -> set[str]:
    with world(seed) as sim:
        counters = shops(sim)
        sim.merging = True
        trade(sim, counters, 4)
        sim.calm()
        check_all(sim)
        assert found(sim, "defects") == []
        return reasons(sim)


@pytest.mark.parametrize(
    ("history", "words"),
    [(restored, {"restored"}), (copied, {"forked"}), (merged, {"merged"})],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_checked_is_said_and_never_called_a_defect(
    history: Callable[[int], set[str]], words: set[str]
) -> None:
    said = [history(seed) for seed in range(42_000, 42_002)]
    assert set.union(*said) <= words
