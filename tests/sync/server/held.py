"""Tills, members with points, holds and the sales that spend them."""

from __future__ import annotations

import uuid
from typing import Any

from app.ledger import facts
from app.ledger.chain import Head
from app.ledger.facts import Hold, SaleCompleted, SoldLine, Tender
from app.loyalty.effects import PointsSpent
from sync import holds, protocol
from tests.sync.rig import NOW_MS, Answer, HandTill, Rig
from tests.sync.server.test_members import earned, fold_all

COUPON = "019a0000-0000-7000-8000-000000000001:come_back"


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
