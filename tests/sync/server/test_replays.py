"""Pushes that come again, long enough that the server asks first whether it knows them all."""

from __future__ import annotations

import msgspec
import pytest
import sqlalchemy as sa

from app.ledger.chain import Head, verify
from sync import protocol
from sync.protocol.batch import write_bodies
from sync.server import ingest, schema
from sync.server.database import Database
from tests.sync.memory import body_of
from tests.sync.rig import Answer, HandTill, Rig

COUNT = 2 * ingest.ASKED_FIRST


@pytest.fixture
def till(rig: Rig) -> HandTill:
    till = HandTill(rig)
    assert till.enrol().status == 200
    return till


@pytest.fixture
def bodies(rig: Rig) -> list[bytes]:
    return [body_of(rig.world, n=n) for n in range(COUNT)]


def columns(till: HandTill, after: Head, bodies: list[bytes]) -> protocol.PushColumns:
    """The bodies in columns, whether that is shorter or not."""
    push = till.message(after, bodies)
    batch = write_bodies(bodies)
    assert batch is not None
    return protocol.PushColumns(
        epoch=push.epoch, first_seq=push.first_seq, last_seq=push.last_seq, prev_hash=push.prev_hash,
        last_hash=verify(after, bodies).hash, clock_ms=push.clock_ms, batch=batch,
    )  # fmt: skip


def send(till: HandTill, push: protocol.PushColumns) -> Answer:
    packed = protocol.pack_bytes(msgspec.msgpack.encode(push), 3)
    return till.send("POST", f"/v1/tills/{till.credentials.till}/facts", packed)


def read_only(monkeypatch: pytest.MonkeyPatch, rig: Rig) -> None:
    """From here on SQLite must not be written to."""
    if not rig.db.postgresql:
        monkeypatch.setattr(Database, "write", Database.read)
        with rig.db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA query_only=ON")


def test_a_whole_push_again_is_acknowledged_without_writing(
    rig: Rig, till: HandTill, bodies: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    till.push_ok(till.start, bodies)
    read_only(monkeypatch, rig)
    assert till.push_ok(till.start, bodies)[0].acked_seq == COUNT
    half = verify(till.start, bodies[: COUNT // 2])
    assert till.push_ok(half, bodies[COUNT // 2 :])[0].acked_seq == COUNT
    assert till.push_ok(till.start, bodies[: COUNT // 2])[0].acked_seq == COUNT
    assert send(till, columns(till, till.start, bodies)).read(protocol.Pushed).acked_seq == COUNT


def test_what_is_new_after_what_is_known_is_taken(rig: Rig, till: HandTill, bodies: list[bytes]) -> None:
    till.push_ok(till.start, bodies[: COUNT // 2])
    assert send(till, columns(till, till.start, bodies)).read(protocol.Pushed).acked_seq == COUNT
    assert [bytes(fact.body) for fact in rig.feed_all()] == bodies


@pytest.mark.parametrize("place", [0, 1, COUNT // 2, COUNT - 1])
def test_another_fact_among_known_ones_is_a_fork_at_its_number(
    rig: Rig, till: HandTill, bodies: list[bytes], place: int
) -> None:
    till.push_ok(till.start, bodies)
    other = [*bodies[:place], body_of(rig.world, other=True), *bodies[place + 1 :]]
    for answer in (till.push(till.start, other), send(till, columns(till, till.start, other))):
        assert (answer.status, answer.problem.code, answer.problem.seq) == (409, "fork", place + 1)
    longer = [*other, body_of(rig.world)]
    assert till.push(till.start, longer).problem.seq == place + 1
    assert [bytes(fact.body) for fact in rig.feed_all()] == bodies


def test_another_history_before_known_facts_is_a_fork(rig: Rig, till: HandTill, bodies: list[bytes]) -> None:
    till.push_ok(till.start, bodies)
    half = COUNT // 2
    wrong = msgspec.structs.replace(verify(till.start, bodies[:half]), hash=bytes(range(32)))
    assert till.push(wrong, bodies[half:]).problem.code == "fork"
    right = columns(till, verify(till.start, bodies[:half]), bodies[half:])
    answer = send(till, msgspec.structs.replace(right, prev_hash=bytes(range(32))))
    assert answer.problem.code in ("fork", "other_bytes"), "the end alone is not believed"


def test_bytes_that_are_not_what_their_hash_says_change_nothing(
    rig: Rig, till: HandTill, bodies: list[bytes]
) -> None:
    other = columns(till, till.start, [body_of(rig.world, other=n) for n in range(COUNT)])
    lying = msgspec.structs.replace(other, last_hash=verify(till.start, bodies).hash)
    assert send(till, lying).problem.code == "other_bytes"
    till.push_ok(till.start, bodies)
    assert send(till, lying).read(protocol.Pushed).acked_seq == COUNT, "it means what the server has"
    assert [bytes(fact.body) for fact in rig.feed_all()] == bodies


def test_quarantined_facts_are_known_again(rig: Rig, till: HandTill, bodies: list[bytes]) -> None:
    poisoned = [*bodies[:-1], b"no fact"]
    assert till.push_ok(till.start, poisoned)[0].flagged == (protocol.Flag(COUNT, "quarantined"),)
    assert till.push_ok(till.start, poisoned)[0].acked_seq == COUNT
    with rig.db.read() as connection:
        kept = connection.execute(sa.select(schema.quarantine.c.body)).scalars().all()
    assert list(map(bytes, kept)) == [b"no fact"]
