"""Holds: never more than there is; ended by the fact, by DELETE, by the clock. And what was spent twice."""

from __future__ import annotations

import itertools
import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from app.ledger import facts
from app.ledger.chain import Head
from app.ledger.facts import Discount, Hold, PointsAdjusted, SaleCompleted, SoldLine, Tender
from app.loyalty.effects import CodeUsed, Lot, PointsEarned, PointsSpent
from sync import holds, protocol
from sync.server import admin, exposure, holding, members, overdrafts, schema
from sync.server.database import Database
from sync.server.tills import Refused
from tests.sync.rig import NOW_MS, Answer, HandTill, Rig
from tests.sync.server.test_members import earned, fold_all, pull_all

COUPON = "019a0000-0000-7000-8000-000000000001:come_back"


@pytest.fixture
def till(rig: Rig) -> HandTill:
    return enrolled(rig, 1)


def enrolled(rig: Rig, number: int) -> HandTill:
    till = HandTill(rig, private_key=bytes([number]) * 32)
    assert till.enrol().status == 200
    return till


def member_with(rig: Rig, till: HandTill, centi: int) -> tuple[uuid.UUID, Head]:
    member = rig.world.new_id()
    _, head = till.push_ok(till.start, [earned(rig, member, centi)])
    fold_all(rig)
    return member, head


def hold(till: HandTill, of: object, amount: int, **more: Any) -> Answer:
    wish = holds.Hold(
        id=more.pop("id", None) or till.rig.world.new_id(), kind=more.pop("kind", "points"), of=str(of),
        amount=amount, **more,
    )  # fmt: skip
    return till.send("POST", "/v1/holds", protocol.pack(wish))


def sale(rig: Rig, *, at_ms: int = NOW_MS, **fields: Any) -> bytes:
    zero = uuid.UUID(int=0)
    line = SoldLine(
        line=1, sku="1", name="x", qty_milli=1000, price_minor=1000, gross_minor=1000, net_minor=1000
    )
    filled: dict[str, Any] = {
        "number": 1, "shift": zero, "business_day": "2026-09-22", "cashier": "1", "currency": "PLN",
        "programme": "p@1", "lines": (line,), "goods_minor": 1000, "total_minor": 1000,
        "tenders": (Tender(means="cash", amount_minor=1000),),
    }  # fmt: skip
    return facts.encode(SaleCompleted(id=rig.world.new_id(), at_ms=at_ms, **filled | fields))


def spending(rig: Rig, member: uuid.UUID, centi: int, *named: Hold, at_ms: int = NOW_MS + 1) -> bytes:
    return sale(rig, member=member, effects=(PointsSpent("points", centi),), holds=named, at_ms=at_ms)


def held_of(answer: Answer) -> holds.Held:
    assert answer.status == 200, answer.body
    return answer.read(holds.Held)


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
    assert holding.lapse(rig.db, rig.world.ms) == 1
    assert holding.lapse(rig.db, rig.world.ms + holding.KEPT_MS + 1) == 0
    with rig.db.read() as connection:
        assert connection.execute(schema.hold.select()).all() == []


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


# What head office sees


def office(rig: Rig, path: str, kind: Any) -> Any:
    answer = rig.office(path)
    assert answer.status == 200, answer.body
    return answer.read(kind)


def allow(rig: Rig, body: dict[str, object], query: str = "") -> Answer:
    token = [("Authorization", f"Bearer {rig.token}")]
    return rig.call("PUT", f"/v1/allowance{query}", msgspec.json.encode(body), token)


def test_the_figure_is_tills_away_times_what_each_may(rig: Rig, till: HandTill) -> None:
    other = enrolled(rig, 2)
    figure = office(rig, "/v1/exposure", holds.Exposure)
    assert (figure.tills, figure.tills_offline, figure.points_centi) == (2, 2, 200_00), "nobody synced yet"
    assert allow(rig, {"points_centi": 3000, "coupons_minor": 700}).status == 200
    pull_all(other, pull_all(other)[1])
    pull_all(till, pull_all(till)[1])
    assert office(rig, "/v1/exposure", holds.Exposure).tills_offline == 0
    rig.world.ms += exposure.AWAY_MS + 1
    pull_all(till)
    figure = office(rig, "/v1/exposure", holds.Exposure)
    assert (figure.tills_offline, figure.points_centi, figure.coupons_minor) == (1, 3000, 700)
    assert figure.floor_centi == -6000
    away = next(one for one in figure.by_till if not one.online)
    assert (away.till, away.points_centi) == (other.credentials.till, 3000)
    admin.revoke_till(rig.db, other.credentials.till, rig.world.ms)
    pull_all(till)
    figure = office(rig, "/v1/exposure", holds.Exposure)
    assert (figure.tills, figure.tills_offline, figure.tills_revoked) == (2, 1, 1)
    assert figure.floor_centi == -6000, "what it sells meanwhile comes when it is let in again"
    rig.world.ms -= exposure.AWAY_MS
    assert office(rig, "/v1/exposure", holds.Exposure).tills_offline == 1, "however lately it synced"


def test_a_till_that_has_not_heard_of_less_is_counted_with_more(rig: Rig, till: HandTill) -> None:
    def counted() -> int:
        return office(rig, "/v1/exposure", holds.Exposure).by_till[0].points_centi

    allow(rig, {"points_centi": 5000})
    _, cursor = pull_all(till)
    assert counted() == 100_00, "the default, until it says that it has the page"
    _, cursor = pull_all(till, cursor)
    assert counted() == 5000
    allow(rig, {"points_centi": 1000})
    assert counted() == 5000
    _, cursor = pull_all(till, cursor)
    assert counted() == 5000
    pull_all(till, cursor)
    assert counted() == 1000
    allow(rig, {"points_centi": 9000}, "?store=shop%201")
    _, cursor = pull_all(till, cursor)
    assert counted() == 9000


def test_a_hold_that_ran_out_while_its_till_was_away_is_exposure(rig: Rig, till: HandTill) -> None:
    member, head = member_with(rig, till, 500)
    pull_all(till)
    id = held_of(hold(till, member, 400)).id
    rig.world.ms += holding.LASTS_MS
    figure = office(rig, "/v1/exposure", holds.Exposure)
    assert (figure.lapsed_centi, figure.points_centi) == (400, 100_00 + 400)
    holding.lapse(rig.db, rig.world.ms)
    assert office(rig, "/v1/exposure", holds.Exposure).lapsed_centi == 400
    till.push_ok(head, [spending(rig, member, 400, Hold(id, "points", 400))])
    fold_all(rig)
    assert office(rig, "/v1/exposure", holds.Exposure).lapsed_centi == 0


def test_a_till_that_came_back_has_spent_what_it_has_spent(rig: Rig, till: HandTill) -> None:
    member, _ = member_with(rig, till, 500)
    held_of(hold(till, member, 400))
    rig.world.ms += holding.LASTS_MS + 1
    pull_all(till)
    assert office(rig, "/v1/exposure", holds.Exposure).lapsed_centi == 0


def test_every_overdraft_is_listed(rig: Rig, till: HandTill) -> None:
    member, head = member_with(rig, till, 500)
    first = spending(rig, member, 400, at_ms=NOW_MS + 1)
    second = spending(rig, member, 300, at_ms=NOW_MS + 5)
    third = spending(rig, member, 50, at_ms=NOW_MS + 6)
    late = spending(rig, member, 100, at_ms=NOW_MS + 2)
    _, head = till.push_ok(head, [first, second, third])
    fold_all(rig)
    found = office(rig, "/v1/overdrafts", holds.Overdrafts).points
    assert [(one.by_centi, one.debt_centi) for one in found] == [(50, 250), (200, 200)]
    _, head = till.push_ok(head, [late, earned(rig, member, 300, NOW_MS + 7)])
    fold_all(rig)
    listed = office(rig, "/v1/overdrafts", holds.Overdrafts)
    assert [(one.by_centi, one.debt_centi) for one in listed.points] == [(50, 350), (300, 300)]
    assert {one.debt_now_centi for one in listed.points} == {50}, "later earning repays"
    assert not listed.more
    assert office(rig, "/v1/overdrafts?limit=1", holds.Overdrafts).more
    assert len(office(rig, f"/v1/overdrafts?since_ms={NOW_MS + 6}", holds.Overdrafts).points) == 1
    assert members.rebuild(rig.db)
    assert office(rig, "/v1/overdrafts", holds.Overdrafts) == listed
    assert till.send("GET", "/v1/overdrafts").status == 401


def test_a_coupon_used_twice_is_listed_with_both_uses(rig: Rig, till: HandTill) -> None:
    other = enrolled(rig, 2)
    line = SoldLine(
        line=1, sku="1", name="x", qty_milli=1000, price_minor=1000, gross_minor=1000, net_minor=850,
        discounts=(Discount("come_back", 150),),
    )  # fmt: skip
    for one, at_ms in ((till, NOW_MS + 1), (other, NOW_MS)):
        used = sale(
            rig,
            lines=(line,),
            effects=(CodeUsed("come_back", COUPON), CodeUsed("code", "SUMMER")),
            at_ms=at_ms,
        )
        one.push_ok(one.start, [used])
        fold_all(rig)
    (double,) = office(rig, "/v1/overdrafts", holds.Overdrafts).codes
    assert (double.code, double.rule) == (COUPON, "come_back")
    assert [(use.till, use.amount_minor) for use in double.uses] == [
        (other.credentials.till, 150), (till.credentials.till, 150)
    ]  # fmt: skip


def test_an_allowance_is_checked(rig: Rig) -> None:
    assert allow(rig, {"points_centi": -1}).status == 422
    assert allow(rig, {"unknown_codes": "perhaps"}).status == 422
    assert allow(rig, {}).read(protocol.Published).added == 1
    assert allow(rig, {}).read(protocol.Published).same == 1


def test_keys_of_tills_are_pulled(rig: Rig, db: Database, till: HandTill) -> None:
    def keys() -> list[holds.TillKey]:
        listed = till.send("GET", "/v1/pull").read(protocol.PullPage).listed
        return [msgspec.json.decode(row.body, type=holds.TillKey) for row in listed if row.list == "till_key"]

    other = enrolled(rig, 2)
    mine = next(key for key in keys() if key.till == till.credentials.till)
    assert mine.public_key == protocol.public_key_of(till.private_key)
    assert other.enrol_again(bytes([9]) * 32).status == 200
    theirs = [key for key in keys() if key.till == other.credentials.till]
    assert sorted(key.epoch for key in theirs) == [1, 2]
    admin.revoke_till(db, other.credentials.till, NOW_MS + 7)
    assert {key.revoked_ms for key in keys() if key.till == other.credentials.till} == {NOW_MS + 7}
