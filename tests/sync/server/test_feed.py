"""The feed: every fact once, in commit order of its shard, while others are being written."""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict

import pytest
import sqlalchemy as sa

from app.lanes import RealWorld
from app.ledger.chain import verify
from sync import protocol
from sync.server import admin, feed, ingest, schema
from tests.sync.memory import body_of
from tests.sync.rig import NOW_MS, HandTill, Rig


def till_of(rig: Rig, number: int) -> HandTill:
    till = HandTill(rig, number.to_bytes(32, "big"))
    assert till.enrol().status == 200
    return till


def bodies_of(rig: Rig, count: int) -> list[bytes]:
    return [body_of(rig.world) for _ in range(count)]


def enrolled_in_one_shard(rig: Rig, count: int = 2) -> list[HandTill]:
    """Tills whose facts share positions."""
    ids = [uuid.UUID(int=number) for number in range(1, 1000)]
    alike = [id for id in ids if schema.shard_of(id) == schema.shard_of(ids[0])][:count]
    tills = [HandTill(rig, bytes([number]) * 32) for number in range(count)]
    for till, id in zip(tills, alike, strict=True):
        assert till.enrol(till=id).status == 200
    return tills


def forget(rig: Rig, after: int) -> None:
    """The database as it was before the facts after a position."""
    with rig.db.write() as connection:
        kept: list[str] = []
        if rig.db.postgresql:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # past the triggers
        else:
            triggers = connection.exec_driver_sql(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            )
            for name, source in triggers.all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
                kept.append(source)
        gone = sa.select(schema.fact.c.id).where(schema.fact.c.pos > after)
        connection.execute(sa.delete(schema.envelope).where(schema.envelope.c.fact_id.in_(gone)))
        connection.execute(sa.delete(schema.fact).where(schema.fact.c.pos > after))
        heads = schema.shard_head
        connection.execute(sa.update(heads).where(heads.c.head > after).values(head=after))
        for source in kept:
            connection.exec_driver_sql(source)


def test_pages_add_up_to_everything_once_and_start_anywhere(rig: Rig) -> None:
    expected = set()
    for number in range(1, 6):
        till = till_of(rig, number)
        bodies = [body_of(rig.world) for _ in range(number * 3)]
        till.push_ok(till.start, bodies)
        expected |= set(bodies)
    for limit in (1, 2, 7, 500):
        got = [bytes(fact.body) for fact in rig.feed_all(limit)]
        assert len(got) == len(expected)
        assert set(got) == expected


def test_the_end_is_said_and_the_cursor_goes_on_from_there(rig: Rig) -> None:
    till = till_of(rig, 1)
    _, head = till.push_ok(till.start, [body_of(rig.world)])
    page = rig.feed()
    assert (len(page.facts), page.more) == (1, False)
    assert rig.feed(page.cursor).facts == []
    later = body_of(rig.world)
    till.push_ok(head, [later])
    assert [bytes(fact.body) for fact in rig.feed(page.cursor).facts] == [later]


def test_a_busy_shard_does_not_starve_the_others(rig: Rig) -> None:
    tills = [till_of(rig, number) for number in range(1, 9)]
    for till in tills:
        till.push_ok(till.start, [body_of(rig.world) for _ in range(20)])
    shards = {schema.shard_of(till.credentials.till) for till in tills}
    assert len(shards) == 8
    seen, cursor = set(), ""
    for _ in range(len(shards)):
        page = rig.feed(cursor, limit=5)
        seen |= {fact.shard for fact in page.facts}
        cursor = page.cursor
    assert seen == shards


def test_a_page_is_limited_in_bytes_but_never_empty(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PAGE_BYTES_MAX", 1000)
    till = till_of(rig, 1)
    bodies = [body_of(rig.world, text="x" * 700) for _ in range(5)]
    till.push_ok(till.start, bodies)
    page = rig.feed()
    assert (len(page.facts), page.more) == (2, True)
    assert [bytes(fact.body) for fact in rig.feed_all()] == bodies


@pytest.mark.parametrize("cursor", ["x", "AAAA", "é", "=", "A" * 3000])
def test_a_cursor_that_is_not_ours_is_refused(rig: Rig, cursor: str) -> None:
    from urllib.parse import quote

    answer = rig.office(f"/v1/feed?cursor={quote(cursor)}")
    assert (answer.status, answer.problem.code) == (400, "bad_cursor")


def test_a_changed_cursor_is_refused(rig: Rig) -> None:
    cursor = rig.feed().cursor
    changed = cursor[:-2] + ("AA" if not cursor.endswith("AA") else "BB")
    assert rig.office(f"/v1/feed?cursor={changed}").problem.code == "bad_cursor"


@pytest.mark.parametrize("query", ["limit=0", "limit=5001", "limit=x", "cursor=" + "A" * 5000])
def test_a_query_out_of_range_is_malformed(rig: Rig, query: str) -> None:
    answer = rig.office(f"/v1/feed?{query}")
    assert (answer.status, answer.problem.code) == (400, "malformed")


def test_after_a_restore_old_cursors_are_told_to_begin_again(rig: Rig) -> None:
    till = till_of(rig, 1)
    till.push_ok(till.start, [body_of(rig.world)])
    cursor = rig.feed().cursor
    admin.after_restore(rig.db)
    rig.restart()
    answer = rig.office(f"/v1/feed?cursor={cursor}")
    assert (answer.status, answer.problem.code) == (410, "feed_reset")
    assert len(rig.feed_all()) == 1


def test_nothing_is_skipped_while_many_write(rig: Rig) -> None:
    """Writers in threads, a reader among them: what was read at the end is all there is, in order."""
    writers, pushes, batch = 6, 12, 9
    tills = [till_of(rig, number) for number in range(1, writers + 1)]
    errors: list[BaseException] = []

    def write(till: HandTill) -> None:
        try:
            after = till.start
            for _ in range(pushes):
                bodies = [body_of(world, w=str(till.credentials.till)) for _ in range(batch)]
                push = till.message(after, bodies)
                outcome = ingest.take(rig.db, till.credentials.till, push, NOW_MS)
                after = verify(after, bodies)
                assert outcome.acked_seq == after.seq
        except BaseException as error:
            errors.append(error)

    world = RealWorld()
    threads = [threading.Thread(target=write, args=(till,)) for till in tills]
    for thread in threads:
        thread.start()
    reader, cursor = rig.context.feed(), ""
    got: list[protocol.FeedFact] = []
    while True:
        alive = any(thread.is_alive() for thread in threads)
        page = reader.page(cursor, 50)
        cursor = page.cursor
        got += page.facts
        if not alive and not page.more:
            break
    assert not errors
    per_shard: dict[int, list[int]] = defaultdict(list)
    per_till: dict[uuid.UUID, list[int]] = defaultdict(list)
    for fact in got:
        per_shard[fact.shard].append(fact.pos)
        per_till[fact.origin].append(fact.seq)
    assert len(got) == writers * pushes * batch
    for positions in per_shard.values():
        assert positions == list(range(1, len(positions) + 1))
    for numbers in per_till.values():
        assert numbers == list(range(1, pushes * batch + 1))


def test_a_reader_is_told_when_history_was_forgotten_and_written_anew(rig: Rig) -> None:
    """As after a failover to a replica that lagged: positions that a reader has seen are given to others."""
    one, two = enrolled_in_one_shard(rig)
    early, late, others = (bodies_of(rig, count) for count in (3, 2, 2))
    _, head = one.push_ok(one.start, early)
    one.push_ok(head, late)
    cursor = rig.feed().cursor
    forget(rig, 3)
    assert rig.office(f"/v1/feed?cursor={cursor}").problem.code == "feed_reset", "ahead of the database"
    two.push_ok(two.start, others)
    assert rig.feed(cursor).facts == [], "as far as the reader: nothing to look at yet"
    one.push_ok(head, late)
    assert rig.office(f"/v1/feed?cursor={cursor}").problem.code == "feed_reset", "others are in their places"
    assert [bytes(fact.body) for fact in rig.feed_all()] == early + others + late


def test_the_same_facts_taken_a_second_time_are_told_from_the_first(rig: Rig) -> None:
    """The last one that was seen is where it was, while those before it have changed places."""
    one, two, three = enrolled_in_one_shard(rig, 3)
    first, second, third = (bodies_of(rig, 1) for _ in range(3))
    one.push_ok(one.start, first)
    two.push_ok(two.start, second)
    cursor = rig.feed().cursor
    forget(rig, 0)
    rig.world.ms += 1000
    three.push_ok(three.start, third)
    two.push_ok(two.start, second)
    one.push_ok(one.start, first)
    assert rig.office(f"/v1/feed?cursor={cursor}").problem.code == "feed_reset"


def test_a_reader_goes_on_when_nothing_it_saw_was_forgotten(rig: Rig) -> None:
    one, _ = enrolled_in_one_shard(rig)
    early, late = bodies_of(rig, 3), bodies_of(rig, 2)
    _, head = one.push_ok(one.start, early)
    cursor = rig.feed().cursor
    one.push_ok(head, late)
    forget(rig, 3)
    assert rig.feed(cursor).facts == []
    one.push_ok(head, late)
    assert [bytes(fact.body) for fact in rig.feed(cursor).facts] == late


def test_a_cursor_of_an_earlier_version_is_still_good(rig: Rig) -> None:
    till = till_of(rig, 1)
    _, head = till.push_ok(till.start, bodies_of(rig, 2))
    cursors = rig.context._cursors("feed")
    cursor = cursors.open(rig.feed().cursor)
    cursor.marks = {}
    till.push_ok(head, bodies_of(rig, 1))
    assert len(rig.feed(cursors.seal(cursor)).facts) == 1
