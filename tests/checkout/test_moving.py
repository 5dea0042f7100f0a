"""A finished sale that belongs to another: what it did goes with it, once, and the prices stand."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import resources
from app.ledger.facts import SaleCompleted, SaleGivenTo, SaleTakenFrom
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from tests.support.shop import BASKET, Desk

LUCJA, LUDMILA = "uid:04A1B2C3D4E5F6", "uid:04B1B2C3D4E5F6"
DAY_MS = 86_400_000


def sold(desk: Desk, *codes: str, uid: str = LUCJA[4:]) -> SaleCompleted:
    desk.sell(*codes, uid=uid)
    assert desk.till.last is not None
    return desk.till.last.sale


def move(desk: Desk, sale: SaleCompleted, to: uuid.UUID | None, reason: str = "wrong card") -> str:
    desk.till.moving.move(sale.id, to, reason=reason, answer=desk.heard.append)
    return desk.heard[-1].code


def claim(desk: Desk, sale: SaleCompleted, to: uuid.UUID) -> str:
    desk.till.moving.claim(sale.id, to, desk.heard.append)
    return desk.heard[-1].code


def test_a_sale_on_the_wrong_card_goes_to_the_right_one(desk: Desk) -> None:
    before = desk.points_centi(LUCJA), desk.points_centi(LUDMILA)
    sale = sold(desk)
    assert move(desk, sale, desk.member(LUDMILA)) == "sale_moved"
    taken, given = desk.facts()[-3:-1]
    assert isinstance(taken, SaleTakenFrom)
    assert isinstance(given, SaleGivenTo)
    assert desk.points_centi(LUCJA) == before[0]
    assert desk.points_centi(LUDMILA) > before[1]
    assert desk.reader.owner(sale.id) == desk.member(LUDMILA)
    desk.restart()
    assert [each.id for each in desk.till.refunds.latest(desk.member(LUDMILA))] == [sale.id]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(BASKET), min_size=1, max_size=5), st.integers(1, 3))
def test_there_and_back_and_a_refund_leave_everybody_as_they_were(
    desk: Desk, codes: list[str], times: int
) -> None:
    before = desk.points_centi(LUCJA), desk.points_centi(LUDMILA)
    sale = sold(desk, *codes)
    for n in range(times):
        assert move(desk, sale, desk.member(LUCJA if n % 2 else LUDMILA)) == "sale_moved"
    found = desk.till.refunds.find(sale.id.hex)
    assert found is not None
    desk.till.refunds.refund(sale.id, found.whole, answer=desk.heard.append)
    assert desk.heard[-1].values["amount_minor"] == sale.total_minor
    assert (desk.points_centi(LUCJA), desk.points_centi(LUDMILA)) == before


def test_a_forgotten_card_is_claimed_by_the_receipt_once(desk: Desk) -> None:
    before = desk.points_centi()
    sale = sold(desk, uid="")
    desk.world.ms += 13 * DAY_MS
    assert claim(desk, sale, desk.member()) == "sale_claimed"
    assert desk.points_centi() > before
    assert claim(desk, sale, desk.member()) == "claimed_already"
    assert claim(desk, sale, desk.member(LUDMILA)) == "claimed_already"
    assert move(desk, sale, None) == "sale_moved"
    assert desk.points_centi() == before
    assert desk.reader.owner(sale.id) is None


def test_claims_end(desk: Desk) -> None:
    sale = sold(desk, uid="")
    desk.world.ms += 14 * DAY_MS + 1
    assert claim(desk, sale, desk.member()) == "claimed_late"
    assert "sale_given_to" not in desk.log()


@pytest.mark.parametrize("act", ["move", "claim"])
def test_what_came_back_stays_where_it_is(desk: Desk, act: str) -> None:
    sale = sold(desk, uid="" if act == "claim" else LUCJA[4:])
    desk.till.refunds.refund(sale.id, {1: 1000}, answer=desk.heard.append)
    to = desk.member(LUDMILA)
    assert (move(desk, sale, to) if act == "move" else claim(desk, sale, to)) == "came_back"


def test_what_cannot_be_moved(desk: Desk) -> None:
    sale = sold(desk)
    assert move(desk, sale, desk.member()) == "same_member"
    assert move(desk, sale, uuid.uuid4()) == "no_member"
    assert move(desk, sale, desk.member(LUDMILA), " ") == "reason_missing"
    nobodys = sold(desk, uid="")
    assert move(desk, nobodys, desk.member()) == "sale_of_nobody"
    desk.till.tap(LUCJA[4:])
    for code in BASKET * 3:
        desk.till.scan(code)
    assert not desk.till.redeem("max").refused
    desk.till.pay_cash(200_00, desk.heard.append)
    assert desk.till.last is not None
    assert move(desk, desk.till.last.sale, desk.member(LUDMILA)) == "paid_in_points"
    desk.till.moving.move(uuid.uuid4(), None, reason="x", answer=desk.heard.append)
    assert desk.heard[-1].code == "sale_unknown"


def test_what_the_member_gave_for_it_stays_with_the_sale(desk: Desk) -> None:
    """Points that fetched a reward came back to whoever had fetched it, and the reward stayed out."""
    gallery = resources.path("programmes", "gallery", "promo-code.yaml").read_text("utf-8")
    items = "items: [{id: mug, name: {ru: a, pl: a, en: a}, points: 500}]"
    rule = f"  - {{id: shelf, kind: reward, name: {{ru: a, pl: a, en: a}}, {items}}}"
    points = "  - {id: points, kind: points, name: {ru: a, pl: a, en: a}, earn: {points: 1, per: 1.00}}"
    text = f"{gallery.partition('rules:')[0]}rules:\n{points}\n{rule}\n"
    desk.programme = compile_programme(load_programme(text.encode()))
    desk.till.use(desk.programme)
    desk.till.tap(LUCJA[4:])
    desk.till.scan("5901234000178")
    assert not desk.till.rewards.take("shelf/mug").refused
    desk.till.pay_cash(100_00, desk.heard.append)
    assert desk.till.last is not None
    assert move(desk, desk.till.last.sale, desk.member(LUDMILA)) == "used_up_with_it"


def test_uses_sold_without_a_card_go_with_their_goods_after_a_claim(desk: Desk) -> None:
    gallery = resources.path("programmes", "gallery", "promo-code.yaml").read_text("utf-8")
    goods = "products: {skus: ['1017']}, uses: 3, sold_by: {skus: ['1016']}"
    rule = f"  - {{id: care, kind: entitlement, name: {{ru: a, pl: a, en: a}}, {goods}}}"
    text = f"{gallery.partition('rules:')[0]}rules:\n{rule}\n"
    desk.programme = compile_programme(load_programme(text.encode()))
    desk.till.use(desk.programme)
    sale = sold(desk, "5901234000161", uid="")
    assert claim(desk, sale, desk.member(LUDMILA)) == "sale_claimed"
    member = desk.reader.member(desk.member(LUDMILA))
    assert member is not None
    assert [grant.uses for grant in member.state.grants] == [3]
    desk.till.refunds.refund(sale.id, {1: 1000}, answer=desk.heard.append)
    assert desk.heard[-1].code == "refunded"
    member = desk.reader.member(desk.member(LUDMILA))
    assert member is not None
    assert member.state.grants == ()
