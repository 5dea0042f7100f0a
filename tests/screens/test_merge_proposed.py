"""The server proposes to merge two members: whoever meets one is asked once, and may go on as if not."""

from __future__ import annotations

import uuid

import msgspec
import pytest

from app.checkout.pin import hash_pin
from app.checkout.rights import Role, Staff
from app.ledger.facts import MembersMerged, Privileged
from app.screens import views
from hardware.ports import CardTapped
from sync.protocol import MergeBody
from tests.screens.conftest import Screen

LUCJA, LUDMILA = "04A1B2C3D4E5F6", "04B1B2C3D4E5F6"
MILK = "5901234000178"


def propose(screen: Screen, *, dismissed: bool = False) -> tuple[uuid.UUID, uuid.UUID]:
    """As the server's list tells it."""
    pair = screen.desk.member(f"uid:{LUCJA}"), screen.desk.member(f"uid:{LUDMILA}")
    body = msgspec.json.encode(MergeBody(members=pair, dismissed=dismissed))
    with screen.desk.database.writer.transaction() as sql:
        row = ("merge", f"{pair[0].hex} {pair[1].hex}", "1", body)
        sql.execute("INSERT OR REPLACE INTO listed (list, key, store, body) VALUES (?, ?, ?, ?)", row)
    return pair


def tap(screen: Screen, uid: str) -> views.Middle:
    screen.presenter.card(CardTapped("Reader 00", 1, uid, "ntag213"))
    return screen.view.middle


@pytest.mark.parametrize("uid", [LUCJA, LUDMILA])
def test_one_tap_merges_the_two_and_nobody_is_asked_again(screen: Screen, uid: str) -> None:
    pair = propose(screen)
    points = sum(screen.desk.points_centi(f"uid:{card}") for card in (LUCJA, LUDMILA))
    asked = tap(screen, uid)
    assert isinstance(asked, views.Compare)
    here, other = asked.sides
    met = screen.desk.reader.person(screen.desk.member(f"uid:{uid}"))
    assert met is not None
    assert here.name == met.name != other.name
    assert "same phone number" in asked.detail
    screen.presenter.press("yes")
    (merged,) = [fact for fact in screen.desk.facts() if isinstance(fact, MembersMerged)]
    assert {merged.member, merged.other} == set(pair)
    assert merged.member == met.member
    assert not isinstance(screen.view.middle, views.Compare)
    assert screen.desk.points_centi(f"uid:{LUCJA}") == screen.desk.points_centi(f"uid:{LUDMILA}") == points
    screen.presenter.detach()
    assert not isinstance(tap(screen, LUDMILA), views.Compare)


def test_a_product_goes_on_and_back_leaves_it_for_the_next_time(screen: Screen) -> None:
    propose(screen)
    assert isinstance(tap(screen, LUCJA), views.Compare)
    screen.presenter.scan(MILK)
    assert not isinstance(screen.view.middle, views.Compare)
    assert len(screen.view.basket.lines) == 1
    screen.presenter.detach()
    assert isinstance(tap(screen, LUCJA), views.Compare)
    screen.presenter.take()  # Enter is no answer
    assert isinstance(screen.view.middle, views.Compare)
    screen.presenter.press("back")
    assert not isinstance(screen.view.middle, views.Compare)
    assert not [fact for fact in screen.desk.facts() if isinstance(fact, MembersMerged)]


def test_nobody_is_asked_while_something_else_is_done_or_after_head_offices_no(screen: Screen) -> None:
    propose(screen)
    screen.presenter.open_tool("shift")
    assert not isinstance(tap(screen, LUCJA), views.Compare)
    screen.presenter.leave()
    screen.presenter.detach()
    propose(screen, dismissed=True)
    assert not isinstance(tap(screen, LUCJA), views.Compare)


def test_any_cashier_may_do_what_the_server_proposes(screen: Screen) -> None:
    pair = propose(screen)
    pin = hash_pin("1234", lambda size: bytes(size))
    staff = [Staff(id="ola", name="Ola", role=Role.CASHIER, pin=pin, token="uid:0A0B0C0D")]
    screen.desk.database.writer.put_staff(staff)
    screen.desk.till.people.refresh()
    assert screen.desk.till.people.present("uid:0A0B0C0D", "card") is not None
    third = screen.desk.member("uid:04C1B2C3D4E5F6")
    heard = screen.desk.heard
    screen.desk.till.care.merge(pair[0], third, answer=heard.append)
    assert heard[-1].code == "needs_approval"
    screen.desk.till.care.merge(*pair, answer=heard.append)
    assert heard[-1].code == "merged"
    (act,) = [fact for fact in screen.desk.facts() if isinstance(fact, Privileged)]
    assert (act.act, act.cashier) == ("merge_proposed", "ola")
