"""A sale's fiscal lines: they add up to what was paid, none is below zero, and each rate keeps its share."""

from __future__ import annotations

import uuid
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.checkout.fiscal import fiscal_document, fiscal_lines
from app.ledger.facts import SaleCompleted, SaleRefunded, SoldLine, Tender

ID = uuid.UUID(int=7)


def sale(
    nets: list[int], *, points: list[int] | None = None, points_minor: int = 0, rounding: int = 0,
    taxes: list[str] | None = None, extra_minor: int = 0,
) -> SaleCompleted:  # fmt: skip
    """A sale of lines at these prices; `extra_minor` is charged beside them."""
    lines = tuple(
        SoldLine(
            line=number,
            sku=str(number),
            name=f"P{number}",
            qty_milli=1000,
            price_minor=net,
            gross_minor=net,
            net_minor=net,
            tax=taxes[number] if taxes else "23",
            points_minor=points[number] if points else 0,
        )
        for number, net in enumerate(nets)
    )
    total, off = sum(nets) + extra_minor, sum(points) if points else points_minor
    paid = total - off - rounding
    return SaleCompleted(
        id=ID, at_ms=1, number=1, shift=ID, business_day="2026-11-21", cashier="Anna", currency="PLN",
        programme="demo@1", lines=lines, goods_minor=total, total_minor=total, points_minor=off,
        rounding_minor=rounding, tenders=(Tender(means="cash", amount_minor=paid),) if paid else (),
    )  # fmt: skip


@st.composite
def sales(draw: st.DrawFn) -> SaleCompleted:
    nets = draw(st.lists(st.integers(0, 200_00), min_size=1, max_size=12))
    if draw(st.booleans()):
        nets.append(-draw(st.integers(0, sum(nets))))
    taxes = draw(st.lists(st.sampled_from(["23", "8", "5", "zw"]), min_size=len(nets), max_size=len(nets)))
    spread_out = draw(st.booleans()) and min(nets) >= 0
    points = [draw(st.integers(0, net)) for net in nets] if spread_out else None
    spent = 0 if points else draw(st.integers(0, sum(nets)))
    due = sum(nets) - (sum(points) if points else spent)
    rounding = draw(st.integers(-250, min(250, due))) if due else 0
    return sale(nets, points=points, points_minor=spent, rounding=rounding, taxes=taxes)


@given(sales())
def test_lines_add_up_to_what_was_paid_and_none_is_below_zero(sold: SaleCompleted) -> None:
    lines = fiscal_lines(sold)
    assert sum(line.amount_minor for line in lines) == sum(tender.amount_minor for tender in sold.tenders)
    assert all(line.amount_minor >= 0 for line in lines)
    assert [line.name for line in lines[: len(sold.lines)]] == [line.name for line in sold.lines]


@given(sales())
def test_each_rate_keeps_its_share(sold: SaleCompleted) -> None:
    """No rate is charged more than its goods cost, but for a rounding; points stay where they were."""
    before, after = Counter[str](), Counter[str]()
    for line in sold.lines:
        before[line.tax] += max(line.net_minor, 0)
    for line in fiscal_lines(sold):
        after[line.tax] += line.amount_minor
    up = max(-sold.rounding_minor, 0)
    assert all(after[tax] <= before[tax] + up for tax in after)
    told = sum(line.points_minor for line in sold.lines) == sold.points_minor
    if told and not sold.rounding_minor and all(line.net_minor >= 0 for line in sold.lines):
        for line, fiscal in zip(sold.lines, fiscal_lines(sold), strict=False):
            assert fiscal.amount_minor == line.net_minor - line.points_minor


@given(sales())
def test_the_device_would_take_the_document(sold: SaleCompleted) -> None:
    from hardware.ports import FiscalOutcome
    from hardware.simulated.fiscal import SimulatedFiscal

    device = SimulatedFiscal()
    device.open_shift("Anna")
    document = fiscal_document(sold, "r1")
    assert device.register(document).outcome is FiscalOutcome.REGISTERED
    assert (document.kind, document.request, document.cashier) == ("sale", "r1", "Anna")


def test_points_of_an_old_fact_come_off_by_price() -> None:
    lines = fiscal_lines(sale([10_00, 5_00], points_minor=3_00))
    assert [line.amount_minor for line in lines] == [8_00, 4_00]


def test_points_come_off_the_lines_they_were_spent_on() -> None:
    lines = fiscal_lines(sale([10_00, 5_00], points=[0, 3_00]))
    assert [line.amount_minor for line in lines] == [10_00, 2_00]


def test_what_no_line_carries_is_a_line_taxed_as_the_dearest_goods() -> None:
    lines = fiscal_lines(sale([10_00, 50_00], taxes=["8", "23"], extra_minor=9_99))
    assert [(line.amount_minor, line.tax) for line in lines] == [(10_00, "8"), (50_00, "23"), (9_99, "23")]


def test_a_sale_paid_whole_with_points_has_lines_of_nothing() -> None:
    assert [line.amount_minor for line in fiscal_lines(sale([10_00], points=[10_00]))] == [0]


def test_a_deposit_taken_back_lowers_the_goods() -> None:
    assert [line.amount_minor for line in fiscal_lines(sale([10_00, -50, 5_00]))] == [9_67, 0, 4_83]


def test_a_refund_names_the_sale_it_is_about() -> None:
    sold = sale([10_00])
    back = SaleRefunded(
        id=ID, at_ms=2, number=2, shift=ID, business_day="2026-11-21", cashier="Ewa", currency="PLN",
        sale=sold.id, lines=sold.lines, goods_minor=10_00, total_minor=10_00, tenders=sold.tenders,
    )  # fmt: skip
    document = fiscal_document(back, "r2", of="17")
    assert (document.kind, document.of, document.tenders) == ("refund", "17", (("cash", 10_00),))
