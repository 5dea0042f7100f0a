"""Ingest through the HTTP interface: once, in order, whatever comes twice, late, torn or poisoned."""

from __future__ import annotations

import uuid

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from app.ledger.chain import verify
from sync import protocol
from sync.server import admin, schema
from tests.sync.memory import body_of
from tests.sync.rig import NOW_MS, Answer, HandTill, Rig


@pytest.fixture
def till(rig: Rig) -> HandTill:
    till = HandTill(rig)
    assert till.enrol().status == 200
    return till


def bodies_of(rig: Rig, count: int) -> list[bytes]:
    return [body_of(rig.world, n=n) for n in range(count)]


def test_what_is_pushed_is_in_the_feed_byte_for_byte(rig: Rig, till: HandTill) -> None:
    bodies = [body_of(rig.world, text='żółw "ё" \\u0041', n=1.50), *bodies_of(rig, 2)]
    pushed, head = till.push_ok(till.start, bodies)
    assert (pushed.acked_seq, pushed.flagged) == (3, ())
    facts = rig.feed_all()
    assert [bytes(fact.body) for fact in facts] == bodies
    assert [(fact.origin, fact.epoch, fact.seq, fact.pos) for fact in facts] == [
        (till.credentials.till, 1, seq, seq) for seq in (1, 2, 3)
    ]
    assert facts[0].received_ms == NOW_MS
    assert till.state().acked_seq == 3
    assert till.state().hash == head.hash


def test_a_push_sent_again_is_acknowledged_again_and_changes_nothing(rig: Rig, till: HandTill) -> None:
    bodies = bodies_of(rig, 5)
    till.push_ok(till.start, bodies)
    again, _ = till.push_ok(till.start, bodies)
    assert again.acked_seq == 5
    assert len(rig.feed_all()) == 5


def test_a_push_that_overlaps_adds_only_what_is_new(rig: Rig, till: HandTill) -> None:
    bodies = bodies_of(rig, 6)
    till.push_ok(till.start, bodies[:4])
    pushed, _ = till.push_ok(verify(till.start, bodies[:2]), bodies[2:])
    assert pushed.acked_seq == 6
    assert [bytes(fact.body) for fact in rig.feed_all()] == bodies


def test_an_old_push_that_arrives_late_takes_nothing_back(rig: Rig, till: HandTill) -> None:
    bodies = bodies_of(rig, 6)
    till.push_ok(till.start, bodies)
    late, _ = till.push_ok(till.start, bodies[:2])
    assert late.acked_seq == 6
    assert till.state().acked_seq == 6


def test_a_gap_is_refused_and_says_what_is_missing(rig: Rig, till: HandTill) -> None:
    bodies = bodies_of(rig, 4)
    till.push_ok(till.start, bodies[:1])
    answer = till.push(verify(till.start, bodies[:3]), bodies[3:])
    assert (answer.status, answer.problem.code, answer.problem.expected) == (409, "gap", 2)
    assert len(rig.feed_all()) == 1


def test_another_fact_at_a_known_number_is_a_fork_not_a_duplicate(rig: Rig, till: HandTill) -> None:
    bodies = bodies_of(rig, 3)
    till.push_ok(till.start, bodies)
    other = [bodies[0], body_of(rig.world, other=True), bodies[2]]
    answer = till.push(till.start, other)
    assert (answer.status, answer.problem.code, answer.problem.seq) == (409, "fork", 2)
    assert [bytes(fact.body) for fact in rig.feed_all()] == bodies


def test_another_history_before_a_new_fact_is_a_fork(rig: Rig, till: HandTill) -> None:
    bodies = bodies_of(rig, 2)
    till.push_ok(till.start, bodies)
    wrong = msgspec.structs.replace(verify(till.start, bodies), hash=bytes(range(32)))
    answer = till.push(wrong, bodies_of(rig, 1))
    assert (answer.status, answer.problem.code) == (409, "fork")
    first = msgspec.structs.replace(till.start, hash=bytes(range(32)))
    assert till.push(first, bodies).problem.code == "fork"


def test_after_a_fork_the_suffix_goes_under_a_new_epoch_and_nothing_doubles(rig: Rig, till: HandTill) -> None:
    bodies = bodies_of(rig, 3)
    till.push_ok(till.start, bodies)
    divergent = [bodies[2], body_of(rig.world, ours=True)]  # one of them had reached the server already
    old_key, original = till.private_key, till.credentials
    assert till.enrol_again(bytes(reversed(range(32)))).status == 200
    assert till.credentials.epoch == 2
    pushed, _ = till.push_ok(till.start, divergent)
    assert pushed.acked_seq == 2
    assert [bytes(fact.body) for fact in rig.feed_all()] == [*bodies, divergent[1]]
    till.credentials, till.private_key = original, old_key
    pushed, _ = till.push_ok(verify(till.start, bodies), bodies_of(rig, 1))
    assert pushed.acked_seq == 4, "the original goes on under its own epoch and key"


@pytest.mark.parametrize(
    "poison",
    [
        b"",
        b"\xff\xfe\x00 not json",
        b'{"kind":"x"}',
        b'{"kind":"x","id":"not a uuid","at_ms":1}',
        b'{"kind":"x","id":"019a0000-0000-7000-8000-000000000001","at_ms":1' + b"0" * 30 + b"}",
        b'{"kind":"a\\u0000b","id":"019a0000-0000-7000-8000-000000000001","at_ms":1}',
        b'{"kind":"x","id":"019a0000-0000-7000-8000-000000000001","at_ms":1,"t":"\xff"}',
        b'{"kind":"x","id":"019a0000-0000-7000-8000-000000000001","at_ms":1,"d":'
        + b"[" * 5000
        + b"]" * 5000
        + b"}",
    ],
    ids=range(8),
)
def test_a_poison_fact_is_kept_aside_and_blocks_nobody(rig: Rig, till: HandTill, poison: bytes) -> None:
    before, after = bodies_of(rig, 1), bodies_of(rig, 1)
    pushed, head = till.push_ok(till.start, [*before, poison, *after])
    assert pushed.acked_seq == 3
    assert pushed.flagged == (protocol.Flag(2, "quarantined"),)
    assert [bytes(fact.body) for fact in rig.feed_all()] == [*before, *after]
    with rig.db.read() as connection:
        kept = connection.execute(sa.select(schema.quarantine.c.body)).scalar_one()
    assert kept == poison
    assert till.state().hash == head.hash
    again, _ = till.push_ok(till.start, [*before, poison, *after])
    assert again.acked_seq == 3, "and it may be sent again"


@pytest.mark.parametrize(
    "body",
    [
        b'{"kind":"x","id":"019a0000-0000-7000-8000-000000000001","at_ms":1,"t":"a\\u0000b"}',
        b'{"kind":"x","id":"019a0000-0000-7000-8000-000000000001","at_ms":1,"n":1e999999}',
    ],
)
def test_json_that_only_the_database_cannot_represent_is_a_fact_all_the_same(
    rig: Rig, till: HandTill, body: bytes
) -> None:
    others = bodies_of(rig, 2)
    pushed, _ = till.push_ok(till.start, [others[0], body, others[1]])
    assert [bytes(fact.body) for fact in rig.feed_all()] == [others[0], body, others[1]]
    assert pushed.flagged == ((protocol.Flag(2, "no_document"),) if rig.db.postgresql else ())


def test_an_id_used_for_another_fact_is_set_aside(rig: Rig, till: HandTill) -> None:
    body = body_of(rig.world)
    other = body[:-1] + b',"more":1}'
    pushed, _ = till.push_ok(till.start, [body, other, body])
    assert pushed.flagged == (protocol.Flag(2, "id_reused"),)
    assert [bytes(fact.body) for fact in rig.feed_all()] == [body]


def test_a_clock_that_is_wrong_is_flagged_and_believed(rig: Rig, till: HandTill) -> None:
    message = msgspec.structs.replace(till.message(till.start, bodies_of(rig, 2)), clock_ms=0)
    answer = till.send("POST", f"/v1/tills/{till.credentials.till}/facts", protocol.pack(message))
    assert answer.read(protocol.Pushed).flagged == (protocol.Flag(2, "clock_skew"),)
    (row,) = admin.tills(rig.db)
    assert row.clock_skew_ms == -NOW_MS


def test_the_most_facts_a_push_may_carry(rig: Rig, till: HandTill) -> None:
    bodies = bodies_of(rig, protocol.FACTS_MAX + 1)
    pushed, _ = till.push_ok(till.start, bodies[:-1])
    assert pushed.acked_seq == protocol.FACTS_MAX
    assert till.push(till.start, bodies).problem.code == "malformed"
    assert till.push(till.start, []).problem.code == "malformed"


@pytest.mark.parametrize(
    "changes",
    [
        {"last_seq": 7},
        {"first_seq": 0, "last_seq": 1},
        {"prev_hash": b"short"},
        {"epoch": 2},
        {"first_seq": -1},
        {"first_seq": 2**70, "last_seq": 2**70 + 1},
    ],
)
def test_a_push_whose_numbers_do_not_fit_is_malformed(
    rig: Rig, till: HandTill, changes: dict[str, object]
) -> None:
    message = msgspec.structs.replace(till.message(till.start, bodies_of(rig, 2)), **changes)
    answer = till.send("POST", f"/v1/tills/{till.credentials.till}/facts", protocol.pack(message))
    assert (answer.status, answer.problem.code) == (400, "malformed")
    assert rig.feed_all() == []


@pytest.mark.parametrize("body", [b"", b"junk", b"[]", b"null", b'{"v":1}', b"[" * 100_000])
def test_a_body_that_is_no_message_is_malformed(rig: Rig, till: HandTill, body: bytes) -> None:
    import zstandard

    target = f"/v1/tills/{till.credentials.till}/facts"
    for sent in (body, zstandard.ZstdCompressor().compress(body)):
        answer = till.send("POST", target, sent)
        assert (answer.status, answer.problem.code) == (400, "malformed")


def test_a_decompression_bomb_is_refused_before_it_unfolds(rig: Rig, till: HandTill) -> None:
    import zstandard

    target = f"/v1/tills/{till.credentials.till}/facts"
    for honest in (True, False):
        bomb = zstandard.ZstdCompressor(write_content_size=honest).compress(b" " * (200 << 20))
        assert len(bomb) < 100_000
        answer = till.send("POST", target, bomb)
        assert (answer.status, answer.problem.code) == (413, "too_large")


def test_an_oversize_request_is_refused(rig: Rig, till: HandTill) -> None:
    answer = till.send("POST", f"/v1/tills/{till.credentials.till}/facts", bytes(protocol.PACKED_MAX + 1))
    assert (answer.status, answer.problem.code) == (413, "too_large")


def test_facts_cannot_be_changed_or_removed_even_by_hand(rig: Rig, till: HandTill) -> None:
    till.push_ok(till.start, bodies_of(rig, 1))
    changes = ("UPDATE fact SET kind = 'x'", "UPDATE envelope SET hash = hash")
    for statement in (*changes, "DELETE FROM fact", "DELETE FROM envelope"):
        with pytest.raises(DBAPIError, match="append-only"), rig.db.write() as connection:
            connection.exec_driver_sql(statement)
    assert len(rig.feed_all()) == 1


def test_a_restarted_server_goes_on_where_it_was(rig: Rig, till: HandTill) -> None:
    bodies = bodies_of(rig, 4)
    _, head = till.push_ok(till.start, bodies[:2])
    cursor = rig.feed().cursor
    rig.restart()
    assert till.state().acked_seq == 2
    till.push_ok(head, bodies[2:])
    assert [bytes(fact.body) for fact in rig.feed(cursor).facts] == bodies[2:]


def test_bodies_cross_the_wire_as_they_are() -> None:
    for body in (
        b'{"a":1}',
        b' {"a":1}',
        b'{"a":1}\n',
        b"",
        b"[1]",
        b'"x"',
        b'{"a":"\xff"}',
        b'{"a":1}{"b":2}',
    ):
        item = protocol.embed(body)
        carried = msgspec.json.decode(msgspec.json.encode([item]), type=list[msgspec.Raw])
        assert protocol.extract(carried[0]) == body
    for bad in (b"1", b"null", b'"%%%"', b"[]"):
        with pytest.raises(protocol.WireProblem):
            protocol.extract(msgspec.Raw(bad))


@pytest.mark.parametrize(
    ("origin", "shard"),
    [
        ("00000000-0000-0000-0000-000000000000", 55),
        ("019a0000-0000-7000-8000-000000000001", 50),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", 26),
    ],
)
def test_shards_never_move(origin: str, shard: int) -> None:
    """The shard of an origin is for ever: a change of these values would lose every fact."""
    assert schema.shard_of(uuid.UUID(origin)) == shard


def in_columns(till: HandTill, bodies: list[bytes], last_hash: bytes) -> Answer:
    packed = protocol.pack_push(till.message(till.start, bodies), last_hash, 2)
    assert protocol.unpack(packed)[:1] != b"{"
    return till.send("POST", f"/v1/tills/{till.credentials.till}/facts", packed)


def test_a_push_in_columns_brings_the_same_facts(rig: Rig, till: HandTill) -> None:
    bodies = bodies_of(rig, 20)
    answer = in_columns(till, bodies, verify(till.start, bodies).hash)
    assert answer.status == 200
    assert answer.read(protocol.Pushed).push_v == 2
    assert [bytes(fact.body) for fact in rig.feed_all()] == bodies
    assert till.state().hash == verify(till.start, bodies).hash


def test_a_push_in_columns_that_does_not_end_at_its_hash_is_refused_whole(rig: Rig, till: HandTill) -> None:
    answer = in_columns(till, bodies_of(rig, 20), bytes(range(32)))
    assert answer.status == 400
    assert answer.read(protocol.Problem).code == "other_bytes"
    assert rig.feed_all() == []
