"""Long runs of sync: many seeds of the simulator, and a real server killed again and again under load."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.sync.postgres import running
from tests.sync.process import ServerProcess
from tests.sync.simulator import Faults
from tests.sync.test_processes import Shop, read_all, synced
from tests.sync.test_simulation import trade, world

pytestmark = pytest.mark.faults

SEEDS = int(os.environ.get("STEMPEL_SEEDS", "100000"))
FIRST = int(os.environ.get("STEMPEL_SEED", "1"))
BLOCKS = 50
KILLS = int(os.environ.get("STEMPEL_KILLS", "300"))


def one_world(seed: int) -> None:
    """A world of its own kind for every seed: wrong clocks, merges, and copied disks or a server put back.

    Not both in one: facts of an epoch that a till has left are not sent anew to a restored server, and
    docs/operate.md says so. Most worlds are short, since most faults need little; each thirty-second is long.
    """
    draw = random.Random(seed)
    faults = Faults(*(draw.uniform(0, 20) for _ in range(5)), crash=2, lose_hint=draw.uniform(0, 100))
    long = seed % 32 == 0
    periods, rounds = (draw.randint(2, 6), 3) if long else (draw.randint(1, 3), 1)
    with world(seed, faults) as sim:
        sim.merging = draw.random() < 0.1
        for number in range(draw.choice((1, 1, 2, 2, 3))):
            sim.add_till(f"till {number}", clock_off_ms=draw.choice((0, 0, 86_400_000, -(10**12))))
        backup, clones = None, draw.random() < 0.5
        for _ in range(periods):
            trade(sim, rounds, erasing=clones and not sim.merging)
            if clones and sim.chance(40):
                sim.clone(sim.random.choice(sim.tills))
            if backup is not None and sim.chance(50):
                sim.restore(backup)
                backup = None
            elif not clones and sim.chance(50):
                backup = sim.backup()
        sim.calm(hours=6)
        sim.check()


@pytest.mark.parametrize("block", range(BLOCKS))
def test_no_seed_loses_or_doubles_anything(block: int) -> None:
    for seed in range(FIRST + block * SEEDS // BLOCKS, FIRST + (block + 1) * SEEDS // BLOCKS):
        one_world(seed)


@pytest.mark.parametrize("seed", [1_004_030, 10_951])
def test_a_server_put_back_to_before_a_merge(seed: int) -> None:
    one_world(seed)


def test_an_answer_that_was_for_another_request() -> None:
    """A copied till took what a question of another process was answered for an acknowledgement."""
    one_world(84_941)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_server_killed_again_and_again_loses_nothing(kind: str, tmp_path: Path) -> None:
    draw = random.Random(1)
    with running() as postgres:
        server = ServerProcess(tmp_path, "" if kind == "sqlite" else postgres.fresh_database())
        shop = Shop(server.url)
        shop.worker.enrol(server.first_run["enrol_code"])
        shop.until(synced)
        for _ in range(KILLS):
            for _ in range(draw.randrange(1, 30)):
                shop.sell(draw.randrange(1, 4))
                time.sleep(draw.uniform(0, 0.01))
            server.kill()
            server.start()
            shop.worker.sync_now()
        shop.until(synced, 120)
        assert read_all(server) == shop.outbox.bodies
        assert shop.worker.stop()
        server.kill()
