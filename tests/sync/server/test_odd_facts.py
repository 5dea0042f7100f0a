"""Facts that can be read and that no till can have meant: none of them keeps the others back."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from app.ledger import facts
from app.ledger.facts import SaleCompleted
from sync.server import export, exposure, findings, listing, overdrafts
from tests.sync.rig import NOW_MS, HandTill, Rig
from tests.sync.server.held import COUPON, enrolled, sale
from tests.sync.server.test_findings import PROGRAMME, cheaper, checked
from tests.sync.server.test_findings import sale as priced
from tests.sync.server.test_members import earned, pull_all

BIG: Final = 2**70
Odd = Callable[[Rig, uuid.UUID], bytes]


@pytest.fixture
def till(rig: Rig) -> HandTill:
    return enrolled(rig, 1)


def odd(**fields: Any) -> Odd:
    """A sale of a member's with other fields than tills write."""

    def made(rig: Rig, member: uuid.UUID) -> bytes:
        plain = msgspec.json.decode(sale(rig, member=member))
        return msgspec.json.encode(plain | fields)

    return made


def gift(amount_minor: int, code: str = "G-1") -> dict[str, Any]:
    return {"means": "gift_card", "amount_minor": amount_minor, "reference": code}


def lot(**fields: Any) -> dict[str, Any]:
    plain = {"id": "a", "rule": "points", "amount_centi": 500, "earned_at_ms": NOW_MS}
    return {"do": "earned", "lot": plain | fields}


def linked(card: str) -> Odd:
    return lambda rig, member: facts.encode(
        facts.CardLinked(id=rig.world.new_id(), at_ms=NOW_MS, member=member, card=card)
    )


ODD: Final[dict[str, Odd]] = {
    "spent": odd(effects=[{"do": "spent", "rule": "points", "amount_centi": BIG}]),
    "earned": odd(effects=[lot(amount_centi=BIG)]),
    "moments": odd(effects=[lot(earned_at_ms=BIG, expires_at_ms=-BIG, idle_days=BIG)]),
    "counted": odd(effects=[{"do": "counted", "key": "k", "day": BIG, "receipts": 1, "keep_days": BIG}]),
    "times": odd(effects=[{"do": "code_used", "rule": "x", "code": COUPON, "times": BIG}]),
    "rule": odd(effects=[{"do": "code_used", "rule": "x\0y", "code": COUPON, "times": 1}]),
    "gift card": odd(tenders=[gift(BIG)]),
    "gift card of 64 bits": odd(tenders=[gift(2**63)]),
    "long code": odd(tenders=[gift(5, "\N{SNOWMAN}" * 9000)]),
    "hold": odd(holds=[[str(uuid.UUID(int=1)), "points\0", 5, "x"]]),
    "long hold": odd(holds=[[str(uuid.UUID(int=1)), "gift_card", 5, "x" * 9000]], tenders=[gift(5)]),
    "total": odd(total_minor=BIG),
    "far future": odd(at_ms=2**62),
    "far past": odd(at_ms=-(2**62)),
    "long card": linked("x" * 9000),
    "nul card": linked("x\0y"),
}


@pytest.mark.parametrize("name", ODD)
def test_no_fact_keeps_others_from_being_folded_dated_and_exported(
    rig: Rig, till: HandTill, name: str
) -> None:
    member, other, good = rig.world.new_id(), enrolled(rig, 2), rig.world.new_id()
    till.push_ok(till.start, [ODD[name](rig, member)])
    other.push_ok(other.start, [earned(rig, good, 500)])
    checked(rig)
    assert good in pull_all(other)[0]
    while export.date_new(rig.db, rig.context.programmes, NOW_MS):
        pass
    for form in ("csv", "xlsx", "parquet"):
        export.Day(rig.db, "2026-09-22").write(io.BytesIO(), form)
    exposure.figure(rig.db, NOW_MS)
    overdrafts.listed(rig.db)


def without_its_zone(fact: SaleCompleted) -> SaleCompleted:
    assert fact.basis is not None
    return msgspec.structs.replace(
        fact, basis=msgspec.structs.replace(fact.basis, time_zone="Europe/Nowhere")
    )


UNPRICED: Final[dict[str, Callable[[SaleCompleted], SaleCompleted]]] = {
    "zone": without_its_zone,
    "year 10000": lambda fact: msgspec.structs.replace(fact, at_ms=253_402_300_800_000),
    "far past": lambda fact: msgspec.structs.replace(fact, at_ms=-(2**62)),
    "one line twice": lambda fact: msgspec.structs.replace(fact, lines=fact.lines * 2),
    "total": lambda fact: msgspec.structs.replace(fact, total_minor=BIG),
    "no pieces": lambda fact: msgspec.structs.replace(
        fact, lines=(msgspec.structs.replace(fact.lines[0], qty_milli=0),)
    ),
}


@pytest.mark.parametrize("name", UNPRICED)
def test_no_sale_keeps_others_from_being_checked(rig: Rig, till: HandTill, name: str) -> None:
    listing.publish_programme(rig.db, PROGRAMME.read_bytes())
    strange, other = UNPRICED[name](priced(rig)), enrolled(rig, 2)
    till.push_ok(till.start, [facts.encode(strange)])
    other.push_ok(other.start, [facts.encode(cheaper(priced(rig)))])
    checked(rig)
    counts = findings.counts(rig.db)
    assert (counts.behind_facts, counts.defects >= 1) == (0, True)
    assert rig.call("GET", f"/r/{strange.id.hex}").status in (200, 404)
