"""The feed: every fact once, in commit order of its shard, while others are being written."""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict

import pytest

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
