"""Spending what other tills could spend: holds while online, allowances while not, and nobody waits."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.checkout.ports import Work
from app.ledger.alone import Allowance, alone_of
from app.ledger.facts import Hold, PointsAdjusted, SaleCompleted
from app.loyalty.effects import Lot, PointsEarned
from app.loyalty.state import EMPTY
from app.store import rows
from sync.holding import SILENCE, Answer
from tests.support.shop import SHOP, Desk

LUCJA = "04A1B2C3D4E5F6"
BEANS = "5901234000161"
"""18.90"""
GOOD_MS = 600_000


@dataclass
class Server:
    """Stands for the lane that asks: what was asked waits for the test's answer."""

    online: bool = True
    asked: list[dict[str, Any]] = field(default_factory=list)
    given_back: set[uuid.UUID] = field(default_factory=set)

    def ask(
        self, id: uuid.UUID, kind: str, of: str, amount: int, *, sale: uuid.UUID, part: bool,
        answer: Callable[[Any], None],
    ) -> None:  # fmt: skip
        self.asked.append({"id": id, "kind": kind, "of": of, "amount": amount, "answer": answer})

    def give_back(self, ids: Iterable[uuid.UUID]) -> None:
        self.given_back |= set(ids)

    def say(self, answer: Answer | None = None, number: int = -1) -> None:
        """Answer a question: yes, to all that was asked for, unless said otherwise."""
        question = self.asked[number]
        question["answer"](answer or Answer("held", question["amount"], GOOD_MS))


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def desk(tmp_path: Path, server: Server) -> Desk:
    shop = msgspec.structs.replace(SHOP, gift_cards="server", redeem_cap_centi=None)
    desk = Desk(tmp_path / "till", shop=shop, holds=server).stock()
    desk.database.call(lambda: desk.database.writer.put_setting("credentials", b"{}"))
    allow(desk, points_centi=500_00, coupons_minor=1_00)
    desk.till.tap(LUCJA)
    earn(desk, 4000_00)
    return desk


def allow(desk: Desk, points_centi: int = 0, coupons_minor: int = 0) -> None:
    body = msgspec.json.encode(Allowance(points_centi=points_centi, coupons_minor=coupons_minor))
    with desk.database.writer.transaction() as sql:
        sql.execute("INSERT OR REPLACE INTO listed VALUES ('allowance', 'card', '', ?)", (body,))


def earn(desk: Desk, centi: int) -> None:
    member, id = desk.till.sale.member, desk.world.new_id()
    assert member is not None
    lot = Lot(str(id), "points", centi, desk.world.now_ms())
    fact = PointsAdjusted(
        id=id, at_ms=desk.world.now_ms(), member=member, reason="test", effects=(PointsEarned(lot),)
    )
    desk.database.write(Work(facts=(fact,), keep_basket=True, at_ms=fact.at_ms))
    desk.till.refresh_member()


def spent(desk: Desk) -> int:
    return desk.till.decision.points.spent_centi


def pay(desk: Desk) -> SaleCompleted:
    desk.till.pay_cash(max(desk.till.due_minor, 0), desk.heard.append)
    assert desk.heard[-1].code == "sold", desk.heard[-1]
    assert desk.till.last is not None
    return desk.till.last.sale


def renew(desk: Desk, held_centi: int = 0) -> None:
    """The server sends the member with all of this till's facts in the state."""
    member = desk.reader.holder(f"uid:{LUCJA}")
    assert member is not None
    known = desk.reader.member(member.member)
    head = desk.reader.head()
    assert known is not None
    assert head is not None
    snapshot = rows.encode_state(known.state)
    with desk.database.writer.transaction():
        projections = desk.database.writer.projections
        projections.put_snapshot(
            member.member.bytes, snapshot, desk.world.now_ms(), (head.epoch, head.seq), held_centi
        )


def test_points_are_spent_by_a_hold(desk: Desk, server: Server) -> None:
    till = desk.till
    till.scan(BEANS)
    assert till.decision.points.spendable_centi > 500_00, "online, a hold can give it"
    most = till.decision.points.spendable_centi
    till.redeem("max")
    assert (till.points_behind, spent(desk)) == ("asking", 500_00), "nobody waits"
    server.say()
    assert (till.points_behind, spent(desk)) == ("held", most)
    sale = pay(desk)
    (asked,) = server.asked
    assert sale.holds == (Hold(asked["id"], "points", most),)
    assert alone_of(sale) == (0, 0)
    assert server.given_back == set(), "it ends with the fact, not before"


def test_without_an_answer_the_allowance_decides_and_is_used_up(desk: Desk, server: Server) -> None:
    till = desk.till
    till.scan(BEANS)
    till.redeem("max")
    server.say(SILENCE)
    assert (till.points_behind, spent(desk)) == ("allowance", 500_00)
    sale = pay(desk)
    assert sale.holds == (Hold(server.asked[0]["id"], "points", 0),), "the server may have granted it"
    assert alone_of(sale).points_centi == 500_00
    server.online = False
    till.tap(LUCJA)
    till.scan(BEANS)
    assert till.decision.points.spendable_centi == 0, "the allowance is used up"
    desk.world.ms += 10 * 86_400_000
    till.refresh_member()
    assert till.decision.points.spendable_centi == 0, "and no clock renews it"
    renew(desk)
    till.refresh_member()
    assert till.decision.points.spendable_centi == 500_00, "syncing does"
    assert till.member is not None
    renew(desk, held_centi=till.member.state.balance_centi - 199_00)
    till.refresh_member()
    assert till.decision.points.spendable_centi == 100_00, "what others hold is not there"


def test_what_a_pull_does_not_contain_yet_stays_used_up(desk: Desk, server: Server) -> None:
    server.online = False
    till = desk.till
    till.scan(BEANS)
    till.redeem("max")
    pay(desk)
    head = desk.reader.head()
    assert head is not None
    member = desk.reader.holder(f"uid:{LUCJA}")
    assert member is not None
    with desk.database.writer.transaction():
        desk.database.writer.projections.put_snapshot(
            member.member.bytes, rows.encode_state(EMPTY), desk.world.now_ms(), (head.epoch, head.seq - 1)
        )
    left = desk.reader.allowances.left(member.member)
    assert left is not None
    assert left.points_centi == 0
    renew(desk)
    left = desk.reader.allowances.left(member.member)
    assert left is not None
    assert left.points_centi == 500_00


def test_a_refusal_is_final(desk: Desk, server: Server) -> None:
    till, said = desk.till, heard(desk)
    till.scan(BEANS)
    till.redeem("max")
    server.say(Answer("refused", code="not_enough"))
    assert spent(desk) == 0, "the allowance is for those who cannot ask"
    assert said == ["points_spent_elsewhere"]
    assert pay(desk).points_minor == 0


def test_an_allowance_below_the_least_is_said(desk: Desk, server: Server) -> None:
    allow(desk, points_centi=99_00)
    till, said = desk.till, heard(desk)
    till.scan(BEANS)
    assert till.redeem("max").code == "points_asked"
    server.say(SILENCE)
    assert (said, spent(desk), till.sale.redeem) == (["points_need_server"], 0, 0)
    server.online = False
    assert till.redeem("max").code == "nothing_to_redeem"


def test_less_than_was_asked_for_is_what_there_is(desk: Desk, server: Server) -> None:
    till = desk.till
    till.scan(BEANS)
    till.redeem("max")
    server.say(Answer("held", 300_00, GOOD_MS))
    assert (till.points_behind, spent(desk)) == ("held", 300_00)
    till.scan(BEANS)
    assert len(server.asked) == 1, "it said that there is no more"


def test_a_growing_basket_asks_for_more(desk: Desk, server: Server) -> None:
    till = desk.till
    till.scan(BEANS)
    till.redeem("max")
    server.say()
    first = spent(desk)
    till.scan(BEANS)
    assert spent(desk) == first + 500_00, "meanwhile the allowance goes on top"
    server.say()
    assert spent(desk) > first
    assert till.points_behind == "held"
    assert sum(hold.amount for hold in pay(desk).holds) >= first


@pytest.mark.parametrize("how", ["not redeeming", "detached", "cleared", "parked"])
def test_what_is_not_needed_is_given_back(desk: Desk, server: Server, how: str) -> None:
    till = desk.till
    till.scan(BEANS)
    till.redeem("max")
    server.say()
    id = server.asked[0]["id"]
    match how:
        case "not redeeming":
            till.redeem(0)
        case "detached":
            till.detach()
        case "cleared":
            till.clear()
        case _:
            till.parking.park()
    assert server.given_back == {id}
    if how == "parked":
        till.parking.resume(till.parking.list[0].slot)
    else:
        till.undo()
    assert till.sale.holds == () or server.asked[-1]["id"] != id, "an ended hold does not come back"
    assert till.points_behind in ("", "asking")


def test_a_hold_is_only_good_for_its_time(desk: Desk, server: Server) -> None:
    till = desk.till
    till.scan(BEANS)
    till.redeem("max")
    server.say()
    desk.world.ms += GOOD_MS
    till.start_payment()
    assert server.given_back == {server.asked[0]["id"]}
    assert (len(server.asked), spent(desk)) == (2, 500_00)
    server.say()
    desk.world.ms -= 60_000
    till.start_payment()
    assert till.points_behind == "asking", "a clock that was put back ends it, too"


def test_a_sale_in_hand_keeps_its_holds_over_a_restart(desk: Desk, server: Server) -> None:
    till = desk.till
    till.scan(BEANS)
    till.redeem("max")
    server.say()
    before = spent(desk)
    desk.restart()
    till = desk.till
    till.start_payment()
    assert (spent(desk), till.points_behind) == (before, "held")
    assert pay(desk).holds[0].id == server.asked[0]["id"]


def test_an_answer_after_the_sale_changes_nothing(desk: Desk, server: Server) -> None:
    till = desk.till
    till.scan(BEANS)
    till.redeem("max")
    sale = pay(desk)
    assert sale.holds[0].amount == 0
    server.say()
    assert till.sale.holds == ()
    assert server.given_back == set()


def test_a_till_that_was_never_enrolled_is_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "till", shop=SHOP).stock()
    desk.till.tap(LUCJA)
    earn(desk, 4000_00)
    desk.till.scan(BEANS)
    desk.till.redeem("max")
    assert spent(desk) > 500_00
    assert desk.till.points_behind == ""
    assert pay(desk).holds == ()
    desk.close()


def heard(desk: Desk) -> list[str]:
    codes: list[str] = []
    desk.outside.heard = lambda outcome: codes.append(outcome.code)
    return codes


def test_a_gift_card_is_the_servers_to_pay(desk: Desk, server: Server) -> None:
    till, said = desk.till, heard(desk)
    till.scan(BEANS)
    due = till.due_minor
    assert till.present_gift_card("G-1").code == "gift_card_asked"
    assert till.present_gift_card("G-1").code == "gift_card_asked"
    server.say(Answer("held", 10_00, GOOD_MS, left=0))
    assert (said, till.due_minor) == (["gift_card_taken"], due - 10_00)
    assert till.present_gift_card("G-1").code == "gift_card_here"
    sale = pay(desk)
    assert sale.tenders[0].reference == "G-1"
    assert sale.holds == (Hold(server.asked[0]["id"], "gift_card", 10_00, "G-1"),)


def test_a_gift_card_is_not_taken_without_the_server(desk: Desk, server: Server) -> None:
    till, said = desk.till, heard(desk)
    till.scan(BEANS)
    server.online = False
    assert till.present_gift_card("G-1").code == "gift_card_offline"
    server.online = True
    for answer in (SILENCE, Answer("refused", code="unknown_card"), Answer("refused", code="not_enough")):
        assert till.present_gift_card("G-1").code == "gift_card_asked"
        server.say(answer)
    assert said == ["gift_card_offline", "gift_card_unknown", "gift_card_empty"]
    assert till.tenders == ()
