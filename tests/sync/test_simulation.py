"""0 lost, 0 doubled: the real client and the real server in a hostile world, seed by seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.server.database import Database
from tests.sync.rig import Rig
from tests.sync.simulator import Simulation

HOUR_MS = 3_600_000


@pytest.fixture
def memory_rig() -> Iterator[Rig]:
    database = Database.sqlite(None)
    database.migrate()
    rig = Rig(database)
    yield rig
    rig.close()
    database.close()


def trade(sim: Simulation, rounds: int) -> None:
    """Shops sell at their own pace, the server is restarted now and then."""
    for _ in range(rounds):
        for till in sim.tills:
            for _ in range(sim.random.choice((0, 1, 1, 2, 20))):
                till.sell()
        if sim.chance(5):
            sim.rig.restart()
        sim.run(sim.random.choice((0.1, 1, 10, 60, 600)))


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_or_doubled(memory_rig: Rig, seed: int) -> None:
    sim = Simulation(memory_rig, seed)
    sim.add_till("a")
    sim.add_till("b", clock_off_ms=-400 * 24 * HOUR_MS)
    trade(sim, 12)
    sim.calm()
    sim.check()


@pytest.mark.parametrize("seed", range(1000, 1010))
def test_a_copied_disk_and_a_pulled_one_both_go_on(memory_rig: Rig, seed: int) -> None:
    sim = Simulation(memory_rig, seed)
    till = sim.add_till("a")
    trade(sim, 4)
    while not till.outbox.acked[1]:
        trade(sim, 1)
    till = sim.clone(till)
    trade(sim, 4)
    sim.clone(till)
    trade(sim, 4)
    sim.calm()
    sim.check()
    epochs = [till.outbox.acked[0] for till in sim.tills]
    assert len(set(epochs)) == 3, "each goes its own way"
    assert max(epochs) <= 6, "and no more often than forks and lost answers ask for"


@pytest.mark.parametrize("seed", range(2000, 2010))
def test_a_server_restored_from_a_backup_is_healed_by_the_tills(
    memory_rig: Rig, seed: int, tmp_path: Path
) -> None:
    sim = Simulation(memory_rig, seed)
    sim.add_till("a")
    trade(sim, 4)
    backup = sim.backup(tmp_path / "backup.sqlite")
    sim.add_till("b")  # the backup has never heard of it
    trade(sim, 6)
    sim.restore(backup)
    trade(sim, 3)
    sim.calm()
    sim.check()


def test_a_seed_repeats_exactly(memory_rig: Rig) -> None:
    def run(rig: Rig) -> list[bytes]:
        sim = Simulation(rig, 7)
        sim.add_till("a")
        trade(sim, 6)
        return [bytes(fact.body) for fact in rig.feed_all()] + [
            repr(till.status).encode() for till in sim.tills
        ]

    other = Database.sqlite(None)
    other.migrate()
    first, second = run(memory_rig), run(Rig(other))
    other.close()
    assert first == second
    assert len(first) > 3


def test_the_simulator_catches_a_client_that_believes_too_much(
    memory_rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a fault planted in the client must turn the run red."""
    monkeypatch.setattr("sync.client._agrees", lambda _run, _state: True)
    sim = Simulation(memory_rig, 1)
    till = sim.add_till("a")
    trade(sim, 4)
    clone = sim.clone(till)
    for _ in range(4):  # the copy falls behind, and takes the other's facts for its own
        for seller in (till, clone, till, till, till):
            seller.sell()
        sim.run(10)
    sim.calm(hours=0.2)
    with pytest.raises(AssertionError, match="lost"):
        sim.check()
