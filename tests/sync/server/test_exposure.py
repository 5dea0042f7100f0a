"""What head office sees of two tills and one card: the exposure, and what was spent twice."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.ledger.facts import Discount, Hold, SoldLine
from app.loyalty.effects import CodeUsed
from sync import holds, protocol
from sync.server import admin, exposure, holding, members
from sync.server.database import Database
from tests.sync.rig import NOW_MS, Answer, HandTill, Rig
from tests.sync.server.held import COUPON, enrolled, held_of, hold, member_with, sale, spending
from tests.sync.server.test_members import earned, fold_all, pull_all


@pytest.fixture
def till(rig: Rig) -> HandTill:
    return enrolled(rig, 1)


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


def test_what_is_published_while_a_till_pulls_is_not_what_it_acts_on(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(rig, {"points_centi": 5000})
    _, cursor = pull_all(till)
    contact = exposure.contact

    def a_moment_later(*arguments: Any) -> None:
        monkeypatch.setattr(exposure, "contact", contact)
        exposure.publish(rig.db, b'{"points_centi": 1000}')
        contact(*arguments)

    monkeypatch.setattr(exposure, "contact", a_moment_later)
    assert till.send("GET", f"/v1/pull?cursor={cursor}").status == 200
    figure = office(rig, "/v1/exposure", holds.Exposure)
    assert figure.by_till[0].points_centi >= 5000, "should it go offline now, it goes by the old one"


def test_a_hold_that_ran_out_while_its_till_was_away_is_exposure(rig: Rig, till: HandTill) -> None:
    member, head = member_with(rig, till, 500)
    pull_all(till)
    id = held_of(hold(till, member, 400)).id
    rig.world.ms += holding.LASTS_MS
    figure = office(rig, "/v1/exposure", holds.Exposure)
    assert (figure.lapsed_centi, figure.points_centi) == (400, 100_00 + 400)
    holding.lapse(rig.db, rig.world.ms)
    assert office(rig, "/v1/exposure", holds.Exposure).lapsed_centi == 400
    rig.world.ms += holding.KEPT_MS + 1
    holding.lapse(rig.db, rig.world.ms)
    assert office(rig, "/v1/exposure", holds.Exposure).lapsed_centi == 400, "however long it stays away"
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
