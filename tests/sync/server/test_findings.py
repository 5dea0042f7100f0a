"""The lists of findings as head office reads them, and what is said of sales that cannot be priced again."""

from __future__ import annotations

import uuid

import msgspec
import pytest
import sqlalchemy as sa

from app.ledger.basis import ENGINE
from app.ledger.facts import Discount, SaleCompleted, SoldLine, Tender, encode
from app.ledger.inputs import basis_of
from app.loyalty.basket import Basket, Context, Line
from app.loyalty.compiled import Compiled
from app.loyalty.engine import compile_programme, evaluate
from app.loyalty.programme import load_programme
from sync.server import findings, listing, members, schema
from sync.server.checking import Checker
from sync.server.findings import Findings
from tests.sync.rig import NOW_MS, HandTill, Rig
from tests.sync.sim_sales import PROGRAMME, programme


@pytest.fixture
def till(rig: Rig) -> HandTill:
    till = HandTill(rig)
    assert till.enrol().status == 200
    return till


def sale(rig: Rig, pieces: int = 1, compiled: Compiled | None = None) -> SaleCompleted:
    """Coffee to somebody without a card."""
    compiled = compiled or programme()
    id, at_ms = rig.world.new_id(), NOW_MS
    line = Line("1", "c", "coffee-drinks", pieces * 1000, 1299, name="Latte", tax="8")
    context = Context(at_ms=at_ms - 400, store="1", sale_id=str(id), time_zone="Europe/Warsaw")
    decided = evaluate(compiled, None, Basket((line,)), context)
    (figures,) = decided.lines
    sold = SoldLine(
        line=1, sku="c", name="Latte", category="coffee-drinks", qty_milli=pieces * 1000, price_minor=1299,
        gross_minor=figures.gross_minor, net_minor=figures.net_minor, tax="8",
        discounts=tuple(Discount(off.rule, off.amount_minor) for off in figures.discounts),
    )  # fmt: skip
    return SaleCompleted(
        id=id, at_ms=at_ms, number=1, shift=uuid.UUID(int=1), business_day="2026-09-21", cashier="1",
        currency="PLN", programme=f"{decided.programme}@{decided.version}", lines=(sold,),
        goods_minor=decided.goods_minor, discount_minor=decided.discount_minor,
        total_minor=decided.total_minor, tenders=(Tender(means="cash", amount_minor=decided.due_minor),),
        effects=decided.effects, basis=basis_of(compiled, context, None, at_ms),
    )  # fmt: skip


def checked(rig: Rig) -> None:
    while members.fold_new(rig.db):
        pass
    checker = Checker(rig.db, rig.context.secrets.feed_epoch, rig.world.now_ms)
    while checker.check_new():
        pass


def asked(rig: Rig, query: str = "") -> Findings:
    answer = rig.office(f"/v1/findings?{query}")
    assert answer.status == 200, answer.body
    return answer.read(Findings)


def cheaper(fact: SaleCompleted) -> SaleCompleted:
    return msgspec.structs.replace(fact, total_minor=fact.total_minor - 100)


def test_sales_that_come_out_otherwise_are_listed_with_what_was_expected(rig: Rig, till: HandTill) -> None:
    listing.publish_programme(rig.db, PROGRAMME.read_bytes())
    honest = [sale(rig, pieces) for pieces in (1, 2, 3)]
    lies = [cheaper(sale(rig, pieces)) for pieces in (1, 2, 3)]
    till.push_ok(till.start, [encode(one) for one in (*honest, *lies)])
    assert asked(rig).behind == 6
    checked(rig)
    found: list[findings.Finding] = []
    after, first = "", True
    while first or after:
        page = asked(rig, f"list=defects&limit=2&after={after}")
        found += page.findings
        after, first = page.next, False
    assert {one.sale for one in found} == {one.id for one in lies}
    one = next(one for one in found if one.sale == lies[0].id)
    assert (one.code, one.given_minor, one.engine) == ("figures", 100, ENGINE)
    (difference,) = one.differences
    recorded = lies[0].total_minor
    assert (difference.what, difference.expected, difference.recorded) == (
        "total_minor",
        recorded + 100,
        recorded,
    )
    assert (one.origin, one.epoch, one.seq) == (till.credentials.till, 1, 4)
    assert one.programme == lies[0].programme
    exposure = asked(rig, "list=exposure")
    assert (exposure.findings, exposure.unchecked, exposure.behind) == ((), (), 0)
    counts = findings.counts(rig.db)
    assert (counts.sales, counts.defects, counts.exposure, counts.unchecked) == (6, 3, 0, 0)
    assert rig.office("/v1/findings?list=both").status == 400
    for after in ("x", f"-1:{uuid.UUID(int=1)}", f"{'9' * 25}:{uuid.UUID(int=1)}"):
        assert rig.office(f"/v1/findings?after={after}").problem.code == "bad_cursor"


def test_what_cannot_be_priced_again_is_counted_by_till_and_reason(rig: Rig, till: HandTill) -> None:
    one = sale(rig)
    assert one.basis is not None
    older = msgspec.structs.replace(sale(rig), basis=None)
    newer = msgspec.structs.replace(sale(rig), basis=msgspec.structs.replace(one.basis, engine=ENGINE + 1))
    strange = encode(sale(rig)).replace(b'"lines":[', b'"lines":[7,')
    later = encode(sale(rig)).replace(b"{", b'{"effects":[{"type":"not_thought_of_yet"}],', 1)
    bodies = [encode(one), encode(sale(rig)), encode(older), encode(newer), strange, later]
    till.push_ok(till.start, bodies)
    checked(rig)
    said = {(each.reason, each.sales) for each in asked(rig).unchecked}
    assert said == {("programme", 2), ("no_basis", 1), ("engine", 1), ("unreadable", 2)}
    assert all(each.origin == till.credentials.till for each in asked(rig).unchecked)
    assert asked(rig).findings == ()
    counts = findings.counts(rig.db)
    assert (counts.sales, counts.unchecked, counts.behind_facts) == (6, 6, 0)


def test_a_withdrawn_programme_still_prices_what_was_sold_under_it(rig: Rig, till: HandTill) -> None:
    listing.publish_programme(rig.db, PROGRAMME.read_bytes())
    one = cheaper(sale(rig))
    listing.withdraw_programme(rig.db, one.programme)
    till.push_ok(till.start, [encode(one)])
    checked(rig)
    assert [each.sale for each in asked(rig).findings] == [one.id]


def test_the_same_id_and_version_with_other_content_is_another_programme(rig: Rig, till: HandTill) -> None:
    listing.publish_programme(rig.db, PROGRAMME.read_bytes())
    own = PROGRAMME.read_bytes().replace(b"percent: 50%", b"percent: 60%")
    assert own != PROGRAMME.read_bytes()
    other = compile_programme(load_programme(own))
    till.push_ok(till.start, [encode(sale(rig, 3, other))])
    checked(rig)
    assert [each.reason for each in asked(rig).unchecked] == ["programme"]
    assert asked(rig).findings == ()


def test_a_crash_before_it_is_recorded_repeats_and_changes_nothing(rig: Rig, till: HandTill) -> None:
    listing.publish_programme(rig.db, PROGRAMME.read_bytes())
    till.push_ok(till.start, [encode(cheaper(sale(rig))), encode(sale(rig))])
    checked(rig)
    before = replace_found(asked(rig))
    with rig.db.write() as connection:
        connection.execute(sa.update(schema.checked).values(pos=0))
    checked(rig)
    assert replace_found(asked(rig)) == before


def replace_found(page: Findings) -> list[findings.Finding]:
    return [msgspec.structs.replace(one, found_ms=0) for one in page.findings]


def test_the_lane_takes_bounded_batches(rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.server.checking.BATCH", 2)
    till.push_ok(till.start, [encode(sale(rig)) for _ in range(5)])
    while members.fold_new(rig.db):
        pass
    checker = Checker(rig.db, rig.context.secrets.feed_epoch, rig.world.now_ms)
    assert [checker.check_new() for _ in range(4)] == [2, 2, 1, 0]
