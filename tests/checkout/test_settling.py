"""What follows from a fact for others: referrers are paid once, a person who was two is welcomed once."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from app.checkout.paper.member import movements
from app.checkout.ports import Person
from app.ledger.facts import MemberEnrolled, ReferralSettled
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from app.loyalty.state import MemberState
from tests.support.shop import BASKET, Desk

LUCJA, LUDMILA = "uid:04A1B2C3D4E5F6", "uid:04B1B2C3D4E5F6"
DAY_MS = 86_400_000
PROGRAMME = """
stempel: 1
id: friends
version: 1
valid_from: 2026-01-01
currency: PLN
time_zone: Europe/Warsaw
name: {ru: Friends, pl: Friends, en: Friends}
rules:
  - id: points
    kind: points
    name: {ru: Points, pl: Points, en: Points}
    redeem: {value: 0.10}
  - id: friend
    kind: referral
    name: {ru: A friend, pl: A friend, en: A friend}
    referrer_points: 10
    friend_points: 5
%s
"""


def desk_with(folder: Path, settings: str = "") -> Desk:
    desk = Desk(folder).stock()
    desk.close()
    desk.programme = compile_programme(load_programme((PROGRAMME % settings).encode()))
    desk.open()
    return desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_with(tmp_path / "till")


def bring(desk: Desk, card: str, by: uuid.UUID, name: str = "Jan Nowak") -> uuid.UUID:
    desk.till.enrol(name, "", card=card, referred_by=by, answer=desk.heard.append)
    assert desk.heard[-1].code == "enrolled"
    return desk.member(card)


def buy(desk: Desk, card: str) -> uuid.UUID:
    desk.till.attach(desk.member(card))
    assert desk.sell(*BASKET, uid="").code == "sold"
    assert desk.till.last is not None
    return desk.till.last.sale.id


def state(desk: Desk, member: uuid.UUID) -> MemberState:
    found = desk.reader.member(member)
    assert found is not None
    return found.state


def settled(desk: Desk) -> list[ReferralSettled]:
    return [fact for fact in desk.facts() if isinstance(fact, ReferralSettled)]


def test_the_referrer_is_paid_with_the_friends_first_purchase_and_not_with_the_second(desk: Desk) -> None:
    before = desk.points_centi(LUCJA)
    friend = bring(desk, "code:J1", desk.member(LUCJA))
    assert desk.points_centi(LUCJA) == before
    assert state(desk, friend).referred_by == str(desk.member(LUCJA))
    sale = buy(desk, "code:J1")
    buy(desk, "code:J1")
    (paid,) = settled(desk)
    assert (paid.of, paid.member, paid.rule, paid.back) == (sale, desk.member(LUCJA), "friend", False)
    assert desk.points_centi(LUCJA) == before + 10_00
    assert desk.points_centi("code:J1") == 5_00
    kinds = desk.log()
    assert kinds.index("referral_settled") == kinds.index("sale_completed") - 1, "before what it follows from"
    assert desk.database.writer.check()[1] == []


def test_a_refund_of_the_friends_purchase_takes_it_back_once(desk: Desk) -> None:
    before = desk.points_centi(LUCJA)
    bring(desk, "code:J1", desk.member(LUCJA))
    sale = buy(desk, "code:J1")
    found = desk.reader.sale(sale)
    assert found is not None
    first, *rest = found.lines
    half = {first.line: first.qty_milli}
    desk.till.refunds.refund(sale, half, reason="damaged", answer=desk.heard.append)
    assert desk.heard[-1].code == "refunded"
    assert desk.points_centi(LUCJA) == before + 10_00, "a part of the purchase stays"
    whole = {line.line: line.qty_milli for line in rest}
    desk.till.refunds.refund(sale, whole, reason="damaged", answer=desk.heard.append)
    assert desk.heard[-1].code == "refunded"
    assert desk.points_centi(LUCJA) == before
    paid, back = settled(desk)
    assert (back.member, back.back, back.id == paid.id) == (paid.member, True, False)
    moved = movements(desk.reader.history(paid.member))
    assert [(each.reason, each.amount_centi) for each in moved[:2]] == [
        ("referral_back", -10_00),
        ("referral", 10_00),
    ]
    # The next purchase is the friend's first again.
    buy(desk, "code:J1")
    assert desk.points_centi(LUCJA) == before + 10_00


def test_points_that_wait_are_there_and_cannot_be_spent_yet(tmp_path: Path) -> None:
    desk = desk_with(tmp_path / "till", "    after_days: 14")
    now = state(desk, desk.member(LUCJA)).spendable_centi(desk.world.ms)
    bring(desk, "code:J1", desk.member(LUCJA))
    buy(desk, "code:J1")
    after = state(desk, desk.member(LUCJA))
    assert after.spendable_centi(desk.world.ms) == now
    assert after.spendable_centi(desk.world.ms + 14 * DAY_MS) == now + 10_00


def test_no_more_friends_a_month_than_the_rule_says(tmp_path: Path) -> None:
    desk = desk_with(tmp_path / "till", "    cap_per_month: 2")
    before = desk.points_centi(LUCJA)
    for number in range(3):
        bring(desk, f"code:J{number}", desk.member(LUCJA), f"Friend {number}")
        buy(desk, f"code:J{number}")
    assert (desk.points_centi(LUCJA), len(settled(desk))) == (before + 20_00, 2)
    desk.world.ms += 15 * DAY_MS  # from 21 November into December
    bring(desk, "code:J9", desk.member(LUCJA), "Friend 9")
    buy(desk, "code:J9")
    assert desk.points_centi(LUCJA) == before + 30_00


def test_one_who_pays_on_enrolment_pays_both_at_once(tmp_path: Path) -> None:
    desk = desk_with(tmp_path / "till", "    pays_on: enrolment")
    before = desk.points_centi(LUCJA)
    friend = bring(desk, "code:J1", desk.member(LUCJA))
    assert (desk.points_centi(LUCJA), desk.points_centi("code:J1")) == (before + 10_00, 5_00)
    (begun,) = [f for f in desk.facts() if isinstance(f, MemberEnrolled) and f.member == friend]
    assert settled(desk)[0].of == begun.id


def test_whom_this_till_does_not_know_the_server_pays(desk: Desk) -> None:
    bring(desk, "code:J1", uuid.uuid4())
    buy(desk, "code:J1")
    assert settled(desk) == []


def test_a_moved_sale_takes_the_referral_along(desk: Desk) -> None:
    lucja, ludmila = desk.points_centi(LUCJA), desk.points_centi(LUDMILA)
    bring(desk, "code:J1", desk.member(LUCJA))
    other = bring(desk, "code:J2", desk.member(LUDMILA), "Ewa Nowak")
    sale = buy(desk, "code:J1")
    desk.till.moving.move(sale, other, reason="wrong_card", answer=desk.heard.append)
    assert desk.heard[-1].code == "sale_moved"
    assert (desk.points_centi(LUCJA), desk.points_centi(LUDMILA)) == (lucja, ludmila + 10_00)


def test_two_who_turn_out_to_be_one_person_owe_each_other_nothing(desk: Desk) -> None:
    before = desk.points_centi(LUCJA)
    friend = bring(desk, "code:J1", desk.member(LUCJA))
    desk.till.care.edit(Person(member=friend, name="Jan"), desk.heard.append)
    desk.till.care.merge(desk.member(LUCJA), friend, answer=desk.heard.append)
    assert desk.heard[-1].code == "merged"
    buy(desk, "code:J1")
    assert settled(desk) == []
    assert desk.points_centi(LUCJA) == before


WELCOME = """
  - id: hello
    kind: welcome
    name: {ru: Hello, pl: Hello, en: Hello}
    give: {points: 50}
"""


def newcomer(desk: Desk, card: str, name: str) -> uuid.UUID:
    desk.till.enrol(name, "", card=card, answer=desk.heard.append)
    assert desk.heard[-1].code == "enrolled"
    return desk.member(card)


def test_a_merge_takes_the_later_welcome_back_and_a_refund_of_the_other_gives_it_again(
    tmp_path: Path,
) -> None:
    desk = desk_with(tmp_path / "till", WELCOME)
    one = newcomer(desk, "code:A", "Jan Nowak")
    first = buy(desk, "code:A")
    two = newcomer(desk, "code:B", "Jan Nowak")
    desk.world.ms += 60_000
    later = buy(desk, "code:B")
    assert (desk.points_centi("code:A"), desk.points_centi("code:B")) == (50_00, 50_00)
    desk.till.care.merge(two, one, answer=desk.heard.append)
    assert desk.heard[-1].code == "merged"
    assert desk.points_centi("code:A") == 50_00
    assert state(desk, one).counted("hello").uses == 1
    moved = movements(desk.reader.history(two))
    assert ("welcome_twice", -50_00) in [(each.reason, each.amount_centi) for each in moved]
    for sale, left in ((first, 50_00), (later, 0)):
        found = desk.reader.sale(sale)
        assert found is not None
        whole = {line.line: line.qty_milli for line in found.lines}
        desk.till.refunds.refund(sale, whole, reason="damaged", answer=desk.heard.append)
        assert desk.heard[-1].code == "refunded"
        assert desk.points_centi("code:A") == left
    assert desk.database.writer.check()[1] == []
