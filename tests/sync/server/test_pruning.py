"""Tombstones of lists go after a month; whoever missed one begins again, and ends up with the same."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from sync import protocol
from sync.server import listing, persons, pruning, schema
from tests.sync.rig import Rig
from tests.sync.server.test_lists import Mirror, product, till_of

MONTH_MS = pruning.KEEP_MS


def publish(rig: Rig, *skus: str) -> None:
    listing.publish_rows(rig.db, "product", msgspec.json.encode([product(sku) for sku in skus]))


def rows(rig: Rig) -> int:
    with rig.db.read() as connection:
        where = schema.listing.c.list == "product"
        return connection.execute(
            sa.select(sa.func.count()).select_from(schema.listing).where(where)
        ).scalar_one()


def test_a_tombstone_goes_after_a_month_and_a_cursor_from_before_it_expires(rig: Rig) -> None:
    till, late = till_of(rig, "shop 1", 1), till_of(rig, "shop 1", 2)
    publish(rig, "1", "2", "3")
    mirror, old = Mirror(till).pull(), Mirror(late).pull()
    publish(rig, "1")
    mirror.pull()
    now_ms = rig.world.now_ms()
    assert pruning.prune(rig.db, now_ms) == 0, "dated first"
    assert pruning.prune(rig.db, now_ms + MONTH_MS - 1) == 0
    assert pruning.prune(rig.db, now_ms + MONTH_MS) == 2
    assert rows(rig) == 1
    assert set(mirror.pull().of("product")) == {"1"}, "who has heard of it goes on"
    answer = late.send("GET", f"/v1/pull?cursor={old.cursor}")
    assert (answer.status, answer.problem.code) == (410, "cursor_expired")
    assert set(Mirror(late).pull().of("product")) == {"1"}
    publish(rig, "1", "3")
    assert set(mirror.pull().of("product")) == {"1", "3"}, "what comes back is news"


def test_what_was_removed_and_came_back_is_no_tombstone(rig: Rig) -> None:
    publish(rig, "1", "2")
    publish(rig, "1")
    pruning.prune(rig.db, 0)
    publish(rig, "1", "2")
    assert pruning.prune(rig.db, 2 * MONTH_MS) == 0
    publish(rig, "1")
    assert pruning.prune(rig.db, 2 * MONTH_MS) == 0, "its month begins anew"
    assert pruning.prune(rig.db, 3 * MONTH_MS) == 1


def test_lists_do_not_grow_by_what_comes_and_goes(rig: Rig) -> None:
    for month in range(12):
        publish(rig, "always", *(f"{month}-{number}" for number in range(20)))
        pruning.prune(rig.db, month * MONTH_MS)
    assert rows(rig) <= 1 + 3 * 20


def test_an_erased_person_stays_erased(rig: Rig) -> None:
    till, member = till_of(rig, "shop 1", 1), rig.world.new_id()
    row = protocol.PersonRow(member=member, updated_ms=1, data=msgspec.Raw(b'{"name":"x"}'))
    target = f"/v1/tills/{till.credentials.till}/persons"
    body = protocol.pack(protocol.Persons(persons=[row]))
    assert till.send("POST", target, body).read(protocol.PersonsKept).kept == 1
    persons.erase(rig.db, member, 1)
    pruning.prune(rig.db, 100 * MONTH_MS)
    assert till.send("POST", target, body).read(protocol.PersonsKept).kept == 0
