"""0 lost, 0 doubled: the real client, store and server in a hostile world, seed by seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from app.store.inbox import Taker
from app.store.projections import Projections
from sync.events import Send
from sync.server import member_scope
from sync.server.database import Database
from sync.server.member_scope import MemberScope
from tests.sync.rig import Answer, Rig
from tests.sync.simulator import Faults, SimServer, Simulation

HOUR_MS = 3_600_000


@contextmanager
def world(seed: int, faults: Faults | None = None) -> Iterator[Simulation]:
    sim = Simulation(seed, faults or Faults())
    try:
        yield sim
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    finally:
        sim.close()


def trade(sim: Simulation, rounds: int, *, erasing: bool = True) -> None:
    """Shops sell at their own pace, head office publishes, the server is restarted now and then."""
    for _ in range(rounds):
        for till in sim.tills:
            for _ in range(sim.random.choice((0, 1, 1, 2, 9))):
                till.sell()
        if sim.chance(20):
            sim.publish()
        if sim.members and sim.chance(20):
            sim.random.choice(sim.tills).rename()
        if erasing and sim.chance(5):
            sim.erase()
        if sim.chance(5):
            sim.server.restart()
        sim.run(sim.random.choice((0.1, 1, 5, 20, 100)))


def a_day(seed: int) -> None:
    with world(seed) as sim:
        sim.add_till("a")
        sim.add_till("b", clock_off_ms=-400 * 24 * HOUR_MS if seed % 4 == 0 else 0)
        trade(sim, 5)
        sim.calm()
        sim.check()


def copied_disks(seed: int) -> None:
    with world(seed) as sim:
        till = sim.add_till("a")
        trade(sim, 2)
        while not till.disk.acked_seq:
            trade(sim, 1)
        till = sim.clone(till)
        trade(sim, 2)
        sim.clone(till)
        trade(sim, 2)
        for till in sim.tills:
            till.sell()  # whatever else they did: a copy that did nothing of its own is no other till
        sim.calm()
        sim.check()
        epochs = [till.disk.writer.head.epoch for till in sim.tills]
        assert len(set(epochs)) == 3, "each goes its own way"
        assert max(epochs) <= 6, "and no more often than forks and lost answers ask for"


def restored_server(seed: int) -> None:
    with world(seed) as sim:
        sim.add_till("a")
        trade(sim, 3, erasing=False)
        backup = sim.backup()
        sim.add_till("b")  # the backup has never heard of it
        trade(sim, 3, erasing=False)
        sim.restore(backup)
        trade(sim, 2, erasing=False)
        sim.calm()
        sim.check()


def merged_members(seed: int) -> None:
    with world(seed) as sim:
        sim.merging = True
        sim.add_till("a")
        sim.add_till("b")
        trade(sim, 6, erasing=False)
        sim.calm()
        sim.check()


def merges_put_back(seed: int) -> None:
    draw = random.Random(seed)
    with world(seed, Faults(crash=2, lose_hint=draw.uniform(0, 100))) as sim:
        sim.merging = True
        for name in "ab":
            sim.add_till(name)
        trade(sim, draw.randint(1, 3), erasing=False)
        backup = sim.backup()
        trade(sim, draw.randint(1, 3), erasing=False)
        sim.restore(backup)
        trade(sim, draw.randint(1, 3), erasing=False)
        sim.calm()
        sim.check()


def test_merges_of_which_a_server_put_back_has_not_heard() -> None:
    for seed in (
        40_005,
        40_021,
        40_040,
        40_066,
        40_071,
        40_088,
    ):  # tills counted facts of both twice in these
        merges_put_back(seed)


@pytest.mark.parametrize("block", range(2))
def test_merged_members_are_one_at_every_till(block: int) -> None:
    for seed in range(30_000 + block * 25, 30_000 + block * 25 + 25):
        merged_members(seed)


def crossing_the_limit(seed: int) -> int:
    """A chain that is told of its store's members alone, and of everybody, and back again; how often tills
    pulled everything anew."""
    with world(seed) as sim:
        sim.add_till("a")
        sim.add_till("b")
        for _ in range(3):
            trade(sim, 2)
            full_up_to = sim.random.choice((0, 10**6))
            member_scope.publish(sim.server.db, MemberScope(full_up_to=full_up_to))
        sim.calm()
        sim.check()
        return sum(int(till.disk.reader.setting("pull.number") or b"0") for till in sim.tills)


def test_a_chain_at_its_limit_loses_nobody() -> None:
    assert sum(map(crossing_the_limit, range(60_000, 60_020))) > 10


@pytest.mark.parametrize("block", range(20))
def test_nothing_is_lost_or_doubled(block: int) -> None:
    for seed in range(block * 40, block * 40 + 40):
        a_day(seed)


@pytest.mark.parametrize("block", range(5))
def test_a_copied_disk_and_a_pulled_one_both_go_on(block: int) -> None:
    for seed in range(10_000 + block * 20, 10_000 + block * 20 + 20):
        copied_disks(seed)


@pytest.mark.parametrize("block", range(5))
def test_a_server_restored_from_a_backup_is_healed_by_the_tills(block: int) -> None:
    for seed in range(20_000 + block * 20, 20_000 + block * 20 + 20):
        restored_server(seed)


def test_a_seed_repeats_exactly() -> None:
    def run() -> list[bytes]:
        with world(7) as sim:
            sim.add_till("a")
            sim.add_till("b")
            trade(sim, 6)
            shown = [repr(till.status).encode() for till in sim.tills]
            return [bytes(fact.body) for fact in sim.server.feed_all()] + shown

    first, second = run(), run()
    assert first == second
    assert len(first) > 5


def plain(answer: Answer) -> dict[str, object]:
    """Without what differs from request to request."""
    return {name: value for name, value in answer.read(dict).items() if name != "request_id"}


def test_the_shortcuts_past_the_frameworks_give_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request of a few worlds, asked both ways of the same database: what is simulated is what HTTP
    would bring from handlers that use SQLAlchemy as it is."""
    asked: list[int] = []

    def both(server: SimServer, send: Send) -> Answer:
        request = (send.method, send.target, send.body, send.headers)
        first = server.call(send)
        server.db.driver.end_world(keep=True)
        rig.context = replace(server.context, db=whole)
        by_asgi = rig.call(*request)
        if first.status != 200 or send.method == "GET":
            assert (by_asgi.status, plain(by_asgi)) == (first.status, plain(first))
        else:  # the second of two equal pushes or enrolments is answered alike
            assert by_asgi.status == 200
        asked.append(first.status)
        return first

    for seed in (10_000, 20_000):
        with world(seed) as sim:
            sim.server.db.driver.end_world(keep=True)
            whole = Database(sim.server.db.engine)
            rig = Rig(whole)
            monkeypatch.setattr(Simulation, "ask", lambda sim, send: both(sim.server, send))
            till = sim.add_till("a")
            trade(sim, 3)
            sim.clone(till)
            backup = sim.backup()
            trade(sim, 2)
            sim.restore(backup)
            trade(sim, 2)
            rig.close()
    assert {200, 409, 410} <= set(asked)


def test_the_simulator_catches_a_client_that_believes_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a fault planted in the client must turn the run red."""
    monkeypatch.setattr("sync.pushing.agrees", lambda _run, _state: True)
    found = [message for seed in range(10_000, 10_020) if (message := what_is_wrong(seed, copied_disks))]
    assert any("lost" in message for message in found), found


@pytest.mark.parametrize(
    ("fault", "words"),
    [("every fact again", "twice"), ("no fact again", "missing"), ("one mark for all members", "missing")],
)
def test_the_simulator_catches_a_store_that_folds_wrongly(
    fault: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the pulls: what is folded on top of a snapshot, and from where, decides everything."""
    if fault == "every fact again":
        monkeypatch.setattr(Taker, "_mark", lambda *_: (0, 0))
    elif fault == "no fact again":
        monkeypatch.setattr(Projections, "_fold_later", lambda *_: None)
    else:
        monkeypatch.setattr(Taker, "_mark", lambda self, _: (self._epoch, self._acked_seq))
    found = [message for seed in range(10) if (message := what_is_wrong(seed))]
    assert found, "no seed noticed it"
    assert all(word in " ".join(found) for word in words.split("|")), found


def what_is_wrong(seed: int, run: Callable[[int], None] = a_day) -> str:
    try:
        run(seed)
    except AssertionError as error:
        return str(error)
    return ""
