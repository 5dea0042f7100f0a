"""Holds: never more than there is; ended by the fact, by DELETE, by the clock."""

from __future__ import annotations

import itertools
import random
import uuid
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from app.ledger import facts
from app.ledger.facts import Hold, PointsAdjusted, SoldLine, Tender
from app.loyalty.effects import CodeUsed, Lot, PointsEarned
from sync import holds
from sync.server import holding, members, overdrafts, schema
from sync.server.tills import Refused
from tests.sync.rig import NOW_MS, HandTill, Rig
from tests.sync.server.held import COUPON, enrolled, held_of, hold, member_with, sale, spending
from tests.sync.server.test_members import earned, fold_all, merged, pull_all


@pytest.fixture
def till(rig: Rig) -> HandTill:
    return enrolled(rig, 1)


def test_a_hold_is_granted_while_there_is_enough(rig: Rig, till: HandTill) -> None:
    member, _ = member_with(rig, till, 500)
    other = enrolled(rig, 2)
    first = held_of(hold(till, member, 300))
    assert (first.amount, first.left, first.good_ms) == (300, 200, holding.GOOD_MS)
    refused = hold(other, member, 300)
    assert (refused.status, refused.problem.code) == (409, "not_enough")
    assert held_of(hold(other, member, 300, part=True)).amount == 200
    assert hold(other, member, 1, part=True).problem.code == "not_enough"
    assert hold(other, rig.world.new_id(), 1).problem.code == "not_enough", "nobody has nothing"


def test_asking_again_gives_the_same_answer(rig: Rig, till: HandTill) -> None:
    member, _ = member_with(rig, till, 500)
    id = rig.world.new_id()
    first = held_of(hold(till, member, 300, id=id))
    rig.world.ms += 60_000
    again = held_of(hold(till, member, 300, id=id))
    assert (again.amount, again.good_ms) == (first.amount, first.good_ms - 60_000)
    assert held_of(hold(till, member, 200)).amount == 200, "it is held once"
    assert hold(enrolled(rig, 2), member, 1, id=id).problem.code == "other_hold"


def test_a_hold_ends_with_the_fact_that_names_it(rig: Rig, till: HandTill) -> None:
    member, head = member_with(rig, till, 500)
    id = rig.world.new_id()
    held_of(hold(till, member, 300, id=id))
    till.push_ok(head, [spending(rig, member, 250, Hold(id, "points", 300))])
    assert hold(till, member, 201, part=False).problem.code == "not_enough", "taken, not yet folded"
    fold_all(rig)
    assert held_of(hold(till, member, 250)).left == 0, "what the sale did not need is free"
    assert hold(till, member, 300, id=id).problem.code == "hold_ended"


def test_a_request_that_comes_after_the_fact_begins_nothing(rig: Rig, till: HandTill) -> None:
    member, head = member_with(rig, till, 500)
    id = rig.world.new_id()
    till.push_ok(head, [spending(rig, member, 100, Hold(id, "points", 0))])
    fold_all(rig)
    assert hold(till, member, 300, id=id).problem.code == "hold_ended"
    assert held_of(hold(till, member, 400)).left == 0


def test_a_hold_is_given_back(rig: Rig, till: HandTill) -> None:
    member, _ = member_with(rig, till, 500)
    id = held_of(hold(till, member, 500)).id
    other = enrolled(rig, 2)
    assert other.send("DELETE", f"/v1/holds/{id}").status == 204
    assert hold(other, member, 1).status == 409, "another till's cannot be given back"
    assert till.send("DELETE", f"/v1/holds/{id}").status == 204
    assert till.send("DELETE", f"/v1/holds/{id}").status == 204
    assert held_of(hold(other, member, 500)).amount == 500
    assert hold(till, member, 500, id=id).problem.code == "hold_ended"


def test_a_hold_runs_out_by_the_servers_clock(rig: Rig, till: HandTill) -> None:
    member, _ = member_with(rig, till, 500)
    id = held_of(hold(till, member, 500)).id
    rig.world.ms += holding.LASTS_MS - 1
    assert hold(till, member, 1).status == 409
    rig.world.ms += 1
    assert held_of(hold(till, member, 1)).amount == 1, "whether or not it was swept"
    assert holding.lapse(rig.db, rig.world.ms) == 1
    assert hold(till, member, 500, id=id).problem.code == "hold_ended"
    rig.world.ms += holding.KEPT_MS + holding.LASTS_MS
    pull_all(till)
    assert holding.lapse(rig.db, rig.world.ms) == 1
    assert holding.lapse(rig.db, rig.world.ms + holding.KEPT_MS + 1) == 0
    with rig.db.read() as connection:
        assert connection.execute(schema.hold.select()).all() == []


def test_what_is_held_of_a_member_stays_held_when_they_are_merged(rig: Rig, till: HandTill) -> None:
    ids = iter(rig.world.new_id() for _ in range(400))
    anna, head = member_with(rig, till, 10_000)
    near = next(id for id in ids if schema.shard_of(id) == schema.shard_of(anna))
    far = next(id for id in ids if schema.shard_of(id) != schema.shard_of(anna))
    first, second = (held_of(hold(till, anna, centi)).id for centi in (7_000, 3_000))
    other, left = enrolled(rig, 2), 0
    for ann in (near, far):
        _, head = till.push_ok(head, [earned(rig, ann, 100), merged(rig, ann, anna)])
        fold_all(rig)
        left += 100
        assert hold(other, ann, left + 1).problem.code == "not_enough"
        assert pull_all(other)[0][ann].held_centi == 10_000
        anna = ann
    assert held_of(hold(till, anna, 7_000, id=first)).amount == 7_000, "asked again"
    assert till.send("DELETE", f"/v1/holds/{second}").status == 204
    assert held_of(hold(other, anna, 3_000)).amount == 3_000
    till.push_ok(head, [spending(rig, near, 7_000, Hold(first, "points", 7_000))])
    fold_all(rig)
    assert hold(other, anna, 201).status == 409
    assert held_of(hold(other, anna, 200)).amount == 200


def test_other_tills_pull_what_is_held(rig: Rig, till: HandTill) -> None:
    member, _ = member_with(rig, till, 500)
    other = enrolled(rig, 2)
    _, mine = pull_all(till)
    rows, theirs = pull_all(other)
    assert rows[member].held_centi == 0
    id = held_of(hold(till, member, 300)).id
    rows, theirs = pull_all(other, theirs)
    assert rows[member].held_centi == 300
    assert pull_all(till, mine)[0][member].held_centi == 0, "its own it knows"
    assert till.send("DELETE", f"/v1/holds/{id}").status == 204
    rows, theirs = pull_all(other, theirs)
    assert rows[member].held_centi == 0
    held_of(hold(till, member, 300))
    pull_all(other, theirs)
    rig.world.ms += holding.LASTS_MS
    holding.lapse(rig.db, rig.world.ms)
    assert pull_all(other, theirs)[0][member].held_centi == 0


def test_points_that_wait_or_are_owed_are_not_held(rig: Rig, till: HandTill) -> None:
    member = rig.world.new_id()
    lot = Lot("l", "points", 500, NOW_MS, spendable_at_ms=NOW_MS + 1000)
    body = facts.encode(
        PointsAdjusted(
            id=rig.world.new_id(), at_ms=NOW_MS, member=member, reason="x", effects=(PointsEarned(lot),)
        )
    )
    till.push_ok(till.start, [body])
    fold_all(rig)
    assert hold(till, member, 1).status == 409
    rig.world.ms += 1000
    assert held_of(hold(till, member, 500)).amount == 500


def test_a_coupon_is_held_once_and_spent_once(rig: Rig, till: HandTill) -> None:
    other = enrolled(rig, 2)
    id = held_of(hold(till, COUPON, 1, kind="coupon")).id
    assert hold(other, COUPON, 1, kind="coupon").problem.code == "held"
    used = sale(rig, effects=(CodeUsed("come_back", COUPON),), holds=(Hold(id, "coupon", 1, COUPON),))
    _, head = till.push_ok(till.start, [used])
    fold_all(rig)
    assert hold(other, COUPON, 1, kind="coupon").problem.code == "spent"
    refund = sale(rig, effects=(CodeUsed("come_back", COUPON, -1),))
    till.push_ok(head, [refund])
    fold_all(rig)
    assert held_of(hold(other, COUPON, 1, kind="coupon")).amount == 1, "a refund gave it back"


def test_a_coupon_that_gave_nothing_is_free_after_the_sale(rig: Rig, till: HandTill) -> None:
    id = held_of(hold(till, COUPON, 1, kind="coupon")).id
    till.push_ok(till.start, [sale(rig, holds=(Hold(id, "coupon", 1, COUPON),))])
    fold_all(rig)
    assert held_of(hold(enrolled(rig, 2), COUPON, 1, kind="coupon")).amount == 1


def test_a_gift_card_is_held_as_far_as_it_goes(rig: Rig, till: HandTill) -> None:
    assert hold(till, "G-1", 500, kind="gift_card", part=True).problem.code == "unknown_card"
    line = SoldLine(
        line=1, sku="g", name="x", qty_milli=1000, price_minor=5000, gross_minor=5000, net_minor=5000,
        apart="gift_card", code="G-1",
    )  # fmt: skip
    _, head = till.push_ok(till.start, [sale(rig, lines=(line,))])
    fold_all(rig)
    first = held_of(hold(till, "G-1", 2000, kind="gift_card", part=True))
    assert (first.amount, first.left) == (2000, 3000)
    second = held_of(hold(enrolled(rig, 2), "G-1", 9000, kind="gift_card", part=True))
    assert (second.amount, second.left) == (3000, 0)
    paid = sale(
        rig, tenders=(Tender(means="gift_card", amount_minor=1500, reference="G-1"),),
        holds=(Hold(first.id, "gift_card", 2000, "G-1"),),
    )  # fmt: skip
    till.push_ok(head, [paid])
    fold_all(rig)
    assert held_of(hold(till, "G-1", 9000, kind="gift_card", part=True)).amount == 500


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "points", "of": "no-member", "amount": 1},
        {"kind": "coupon", "of": "\0", "amount": 1},
        {"kind": "points", "of": str(uuid.UUID(int=1)), "amount": 0},
        {"kind": "wish", "of": "x", "amount": 1},
    ],
)
def test_what_is_no_hold_is_refused(rig: Rig, till: HandTill, wish: dict[str, object]) -> None:
    import zstandard

    body = msgspec.json.encode({"id": str(rig.world.new_id()), **wish})
    answer = till.send("POST", "/v1/holds", zstandard.compress(body))
    assert (answer.status, answer.problem.code) == (400, "malformed")
    assert rig.call("POST", "/v1/holds", zstandard.compress(body)).status == 401


def test_many_at_once_never_hold_more_than_there_is(rig: Rig, till: HandTill) -> None:
    """On every database, from many threads."""
    member, _ = member_with(rig, till, 1000)
    ids = [rig.world.new_id() for _ in range(40)]

    def one(id: uuid.UUID) -> int:
        wish = holds.Hold(id=id, kind="points", of=str(member), amount=70, part=True)
        try:
            return holding.take(rig.db, till.credentials.till, wish, NOW_MS).amount
        except Refused:
            return 0

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(one, ids))
    assert sum(taken) == 1000
    assert sorted(taken)[-14:-1] == [70] * 13


@pytest.mark.parametrize("seed", range(1))
def test_holds_and_spends_never_exceed_the_balance(rig: Rig, till: HandTill, seed: int) -> None:
    """Any history of tills that spend only what they hold: no debt ever, and the sum is what it should be."""
    draw = random.Random(seed)
    member, head = member_with(rig, till, 1000)
    left, open_holds, clock = 1000, {}, itertools.count(NOW_MS + 10)
    for _ in range(40):
        match draw.choice(("hold", "hold", "spend", "drop", "again")):
            case "hold":
                answer = hold(till, member, draw.randrange(1, 400), part=draw.random() < 0.5)
                if answer.status == 200:
                    held = answer.read(holds.Held)
                    open_holds[held.id] = held.amount
            case "spend" if open_holds:
                id, amount = open_holds.popitem()
                spent = draw.randrange(0, amount + 1)
                body = spending(rig, member, spent, Hold(id, "points", amount), at_ms=next(clock))
                _, head = till.push_ok(head, [body])
                fold_all(rig)
                left -= spent
            case "drop" if open_holds:
                id, _ = open_holds.popitem()
                till.send("DELETE", f"/v1/holds/{id}")
            case "again" if open_holds:
                id, amount = next(iter(open_holds.items()))
                assert held_of(hold(till, member, amount, id=id)).amount == amount
            case _:
                pass
        assert sum(open_holds.values()) <= left
    assert overdrafts.listed(rig.db).points == []
    rest = left - sum(open_holds.values())
    assert hold(till, member, rest + 1).status == 409
    assert rest == 0 or held_of(hold(till, member, rest)).left == 0
    assert members.check(rig.db) == []
    assert members.rebuild(rig.db)
    assert hold(till, member, 1).status == 409, "a rebuild ends no hold"
