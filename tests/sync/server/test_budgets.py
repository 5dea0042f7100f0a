"""What budgets have given by all tills' facts: each fact once, and each till told which of its own are in."""

from __future__ import annotations

import threading
import uuid

import pytest
import sqlalchemy as sa

from app.ledger import facts
from app.ledger.chain import Head
from app.ledger.facts import PointsAdjusted
from app.loyalty.effects import AnyEffect, BudgetSpent, Counted, PointsSpent
from sync import protocol
from sync.server import budgets, listing, members, schema
from sync.server.budgets import BudgetStates
from sync.server.outside_events import EventResults
from tests.loyalty.support import HEAD, NAME
from tests.sync.memory import body_of
from tests.sync.rig import NOW_MS, HandTill, Rig
from tests.sync.server import test_outside_events as outside
from tests.sync.server.test_members import fold_all, pull

PROGRAMME = """
stempel: 1
version: 3
valid_from: 2026-01-01
id: shop
name: {ru: Shop, pl: Shop, en: Shop}
currency: PLN
time_zone: Europe/Warsaw
rules:
  - id: autumn
    kind: price
    name: {ru: Autumn, pl: Autumn, en: Autumn}
    percent: 10%
    budget: {total: 100}
  - id: hello
    kind: price
    name: {ru: Hello, pl: Hello, en: Hello}
    percent: 10%
    budget: {total: 30, new_members: 10}
  - id: gifts
    kind: reward
    name: {ru: Gifts, pl: Gifts, en: Gifts}
    items: [{id: mug, name: {ru: Mug, pl: Mug, en: Mug}, points: 5, stock: 2}]
"""


def fact(rig: Rig, *effects: AnyEffect) -> bytes:
    id = rig.world.new_id()
    return facts.encode(
        PointsAdjusted(id=id, at_ms=NOW_MS, member=uuid.UUID(int=7), reason="test", effects=effects)
    )


def old(amount_minor: int) -> BudgetSpent:
    return BudgetSpent("autumn", amount_minor)


MUG = PointsSpent("gifts", 500, tender=False), Counted("gifts#mug", 0, uses=1)


def enrolled(rig: Rig, key: bytes) -> HandTill:
    till = HandTill(rig, key)
    assert till.enrol().status == 200
    return till


@pytest.fixture
def till(rig: Rig) -> HandTill:
    return enrolled(rig, bytes(range(32)))


@pytest.fixture
def other(rig: Rig) -> HandTill:
    return enrolled(rig, bytes(32))


def known(till: HandTill) -> protocol.Budgets:
    found = pull(till).budgets
    assert found is not None
    return found


def test_all_tills_are_summed_and_each_hears_of_its_own(rig: Rig, till: HandTill, other: HandTill) -> None:
    assert known(till) == protocol.Budgets()
    bodies = [fact(rig, old(500), *MUG), body_of(rig.world), fact(rig, old(-200)), body_of(rig.world)]
    _, head = till.push_ok(till.start, bodies)
    assert known(till) == protocol.Budgets(), "nothing is folded yet"
    fold_all(rig)
    other.push_ok(other.start, [fact(rig, BudgetSpent("autumn", 30, new_member=True), old(7))])
    assert known(till) == protocol.Budgets({"autumn#existing": 300, "gifts/mug": 1}, 1, 4)
    fold_all(rig)
    both = {"autumn#existing": 307, "autumn#new": 30, "gifts/mug": 1}
    assert known(till) == protocol.Budgets(both, 1, 4)
    assert known(other) == protocol.Budgets(both, 1, 1)
    till.push_ok(head, [fact(rig, old(1))])
    assert known(till) == protocol.Budgets(both, 1, 4), "the fifth is not in the sums"
    fold_all(rig)
    assert known(till) == protocol.Budgets({**both, "autumn#existing": 308}, 1, 5)


@outside.ONE
def test_budgets_come_with_the_last_page_alone(rig: Rig, till: HandTill) -> None:
    till.push_ok(till.start, [fact(rig, old(5))])
    products = '[{"sku": "1", "name": "x", "price_minor": 1}, {"sku": "2", "name": "x", "price_minor": 1}]'
    listing.publish_rows(rig.db, "product", products.encode())
    fold_all(rig)
    page = pull(till, limit=1)
    assert (page.more, page.budgets) == (True, None)
    while page.more:
        page = pull(till, page.cursor, 1)
    assert page.budgets == protocol.Budgets({"autumn#existing": 5}, 1, 1)
    answer = till.send("GET", "/v1/pull?scope=product")
    assert answer.read(protocol.PullPage).budgets is None


@outside.ONE
def test_what_came_back_whole_leaves_a_mark(rig: Rig, till: HandTill) -> None:
    till.push_ok(till.start, [fact(rig, old(5)), fact(rig, old(-5))])
    fold_all(rig)
    assert known(till) == protocol.Budgets({}, 1, 2)


def test_a_batch_folded_again_counts_once(rig: Rig, till: HandTill) -> None:
    till.push_ok(till.start, [fact(rig, old(n)) for n in range(1, 8)])
    shard = schema.shard_of(till.credentials.till)
    columns = (schema.fact.c.pos, schema.fact.c.id, schema.fact.c.body)
    with rig.db.read() as connection:
        rows = connection.execute(
            sa.select(*columns).where(schema.fact.c.shard == shard).order_by(schema.fact.c.pos)
        ).all()
    for some in (rows[:3], rows[:3], rows[1:5], rows[3:5], rows[:0]):
        with rig.db.write() as connection:
            budgets.add(connection, shard, some)
    assert known(till) == protocol.Budgets({"autumn#existing": 15}, 1, 5)
    fold_all(rig)
    fold_all(rig)
    assert known(till) == protocol.Budgets({"autumn#existing": 28}, 1, 7)


def test_two_servers_fold_at_once(rig: Rig, till: HandTill, other: HandTill) -> None:
    heads: dict[int, Head] = {0: till.start, 1: other.start}
    for _ in range(6):
        for number, one in enumerate((till, other)):
            bodies = [fact(rig, old(1)) for _ in range(10)]
            _, heads[number] = one.push_ok(heads[number], bodies)
        servers = [threading.Thread(target=members.fold_new, args=(rig.db,)) for _ in range(2)]
        for server in servers:
            server.start()
        for server in servers:
            server.join()
    fold_all(rig)
    assert known(till) == protocol.Budgets({"autumn#existing": 120}, 1, 60)


@outside.ONE
def test_facts_of_before_there_were_sums_are_counted(rig: Rig, till: HandTill, other: HandTill) -> None:
    _, head = till.push_ok(till.start, [fact(rig, old(5)) for _ in range(5)])
    other.push_ok(other.start, [fact(rig, old(100))])
    fold_all(rig)
    with rig.db.write() as connection:
        connection.execute(sa.update(schema.budgeted).values(pos=0))
        connection.execute(sa.delete(schema.budget_spent))
    till.push_ok(head, [fact(rig, old(1))])
    fold_all(rig)
    assert known(till) == protocol.Budgets({"autumn#existing": 126}, 1, 6)


def test_rebuilding_members_keeps_the_sums_and_counts_them_anew(rig: Rig, till: HandTill) -> None:
    till.push_ok(till.start, [fact(rig, old(5)), fact(rig, *MUG, BudgetSpent("autumn", 3, new_member=True))])
    fold_all(rig)
    before = known(till)
    with rig.db.write() as connection:
        connection.execute(sa.update(schema.budget_spent).values(amount=999))
    members.rebuild(rig.db)
    assert (
        known(till)
        == before
        == protocol.Budgets({"autumn#existing": 5, "autumn#new": 3, "gifts/mug": 1}, 1, 2)
    )


@outside.ONE
def test_nonsense_of_a_tills_keeps_nobody_back(rig: Rig, till: HandTill) -> None:
    many = [BudgetSpent("autumn", 2**62), BudgetSpent("x" * 500, 1), BudgetSpent("a\0b", 1)]
    bodies = [fact(rig, one) for one in many]
    bodies.append(fact(rig, old(1)).replace(b'"do":"budget"', b'"do":"budget","amount_minor":"x"'))
    till.push_ok(till.start, [*bodies, fact(rig, old(4))])
    fold_all(rig)
    assert known(till).spent == {"autumn#existing": 4}


def test_a_new_epoch_hears_of_its_facts_though_they_came_under_the_old_one(rig: Rig, till: HandTill) -> None:
    bodies = [fact(rig, old(n)) for n in (1, 20, 300)]
    till.push_ok(till.start, bodies)
    fold_all(rig)
    first, old_key = till.credentials, till.private_key
    assert till.enrol_again(bytes([9] * 32)).status == 200
    assert known(till) == protocol.Budgets({"autumn#existing": 321}, 1, 3)
    # It had not heard that the last two were taken, and sends them under its new epoch.
    till.push_ok(till.start, [*bodies[1:], fact(rig, old(4_000))])
    assert known(till) == protocol.Budgets({"autumn#existing": 321}, 2, 2)
    fold_all(rig)
    assert known(till) == protocol.Budgets({"autumn#existing": 4_321}, 2, 3)
    till.credentials, till.private_key = first, old_key
    assert known(till) == protocol.Budgets({"autumn#existing": 4_321}, 1, 3), "the copy left behind"


@outside.ONE
def test_head_office_sees_what_is_left_and_what_is_over(rig: Rig, till: HandTill, other: HandTill) -> None:
    listing.publish_programme(rig.db, PROGRAMME.encode())
    store = PROGRAMME.replace("total: 100", "total: 50").replace("version: 3", "version: 4")
    listing.publish_programme(rig.db, store.encode(), "shop 1")
    till.push_ok(
        till.start, [fact(rig, old(70_00), *MUG, *MUG, BudgetSpent("hello", 12_00, new_member=True))]
    )
    other.push_ok(other.start, [fact(rig, old(20_00), *MUG), fact(rig, BudgetSpent("gone", 1))])
    fold_all(rig)
    found = rig.office("/v1/budgets").read(BudgetStates)
    assert found.at_ms == NOW_MS
    assert found.spent == {
        "autumn#existing": 90_00, "gifts/mug": 3, "gone#existing": 1, "hello#new": 12_00,
    }  # fmt: skip
    all_stores = [one for one in found.budgets if one.store == ""]
    figures = {one.key: (one.total, one.spent, one.left, one.over, one.pieces) for one in all_stores}
    assert figures == {
        "autumn": (100_00, 90_00, 10_00, 0, False),
        "hello#new": (10_00, 12_00, 0, 2_00, False),
        "hello#existing": (20_00, 0, 20_00, 0, False),
        "gifts/mug": (2, 3, 0, 1, True),
    }
    (own,) = (one for one in found.budgets if (one.store, one.key) == ("shop 1", "autumn"))
    assert (own.programme, own.rule, own.over) == ("shop@4", "autumn", 40_00)
    assert till.send("GET", "/v1/budgets").status == 401


@outside.ONE
def test_events_from_outside_are_paid_while_the_budget_lasts(rig: Rig, till: HandTill) -> None:
    rule = f"{{id: web, kind: activity, {NAME}, event: web-order, percent: 10%, budget: {{total: 1.50}}}}"
    outside.publish(rig, f"{HEAD}\nrules: [{rule}]\n".encode())
    (ann,) = outside.member_of(rig, till)
    events = [outside.event(ann, str(n), "web-order", amount_minor=10_00, currency="PLN") for n in range(3)]
    results = [outside.told(outside.send(rig, one)) for one in events[:1]]
    fold_all(rig)
    results += outside.send(rig, {"events": events[1:]}).read(EventResults).events
    assert [one.earned_centi for one in results] == [100, 50, 0], "the third is of one batch with the second"
    assert [why.code for why in results[2].why] == ["budget_spent"]
    fold_all(rig)
    assert known(till).spent == {"web#new": 1_50}
