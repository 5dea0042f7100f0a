"""A day's work on a real till: its Z agrees with the database's own ledger, and with the day's figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.checkout.outcome import Outcome
from app.checkout.paper.shift import z_report
from app.ledger.facts import AnyFact, SaleCompleted, ShiftOpened
from app.stats.moved import PointsMoved
from app.stats.shift import fold
from hardware.printers.escpos import encode as to_bytes
from hardware.printers.preview import as_text
from hardware.printers.profile import PROFILES
from hardware.receipt import PrintJob
from tests.support.shop import BASKET, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "till").stock()
    yield desk
    desk.close()


def worked(desk: Desk) -> None:
    """Members and strangers buy, one pays with points, one comes back with half of it, one is enrolled."""
    for uid in ("04A1B2C3D4E5F6", "", "04A1B2C3D4E5F6"):
        desk.world.ms += 60_000
        assert not desk.sell(uid=uid, cash_minor=500_00).refused
    desk.world.ms += 60_000
    assert not desk.till.tap("04A1B2C3D4E5F6").refused
    for code in BASKET:
        desk.till.scan(code)
    assert not desk.till.redeem("max").refused
    desk.till.pay_cash(500_00)
    desk.till.enrol("Jan Nowy", "+48 600 999 888", lang="pl")
    last = next(fact for fact in reversed(desk.facts()) if isinstance(fact, SaleCompleted))
    assert last.points_minor
    answers: list[Outcome] = []
    quantities = {line.line: line.qty_milli for line in last.lines[:2]}
    desk.till.refunds.refund(last.id, quantities, "cash", reason="Skwaśniało", answer=answers.append)
    assert not answers[0].refused


def of_shift(desk: Desk) -> list[AnyFact]:
    facts = desk.facts()
    return facts[next(place for place, fact in enumerate(facts) if isinstance(fact, ShiftOpened)) :]


def test_a_z_agrees_with_the_ledger_in_the_database(desk: Desk) -> None:
    worked(desk)
    figures, facts = fold(of_shift(desk)), of_shift(desk)
    sql = desk.database.file.connect()
    booked: Counter[str] = Counter()
    for fact in facts:
        query = "SELECT contra, amount FROM entry WHERE fact = ? AND account = 'points'"
        for contra, amount in sql.execute(query, (fact.id.bytes,)):
            booked[contra] += amount
    sql.close()
    moved = figures.points_moved
    shown = {name.removesuffix("_centi"): getattr(moved, name) for name in PointsMoved.__struct_fields__}
    assert {name: amount for name, amount in shown.items() if amount} == dict(booked)
    assert {"issued", "redeemed", "returned", "withdrawn"} <= booked.keys(), "a day with everything in it"
    assert moved.net_centi == sum(booked.values())


def test_a_z_agrees_with_the_day_and_the_drawer(desk: Desk) -> None:
    worked(desk)
    figures, day = fold(of_shift(desk)), desk.reader.day("2026-11-21")
    assert (figures.sales, figures.member_sales, figures.enrolled) == (
        day.sales,
        day.member_sales,
        day.enrolled,
    )
    assert (figures.goods_minor, figures.discount_minor) == (day.goods_minor, day.discount_minor)
    assert (figures.total_minor, figures.points_paid_minor) == (day.total_minor, day.points_paid_minor)
    assert {means: taken.net_minor for means, taken in figures.tenders.items()} == day.tenders
    assert (figures.refunds, figures.refunded_minor) == (day.refunds, day.refunded_minor)
    shift = desk.till.shift
    assert shift is not None
    assert figures.expected_minor == desk.reader.expected_cash_minor(shift)
    assert figures.expected_minor == 200_00 + figures.tenders["cash"].net_minor


def test_closing_the_shift_prints_its_z(desk: Desk) -> None:
    worked(desk)
    expected_minor = fold(of_shift(desk)).expected_minor
    desk.till.close_shift(expected_minor, expected_minor - 1_00)
    figures = fold(of_shift(desk))
    assert figures.difference_minor == -1_00
    profile = PROFILES["80mm-42"]
    text = as_text(to_bytes(PrintJob(z_report(figures, desk.shop, desk.programme)), profile), profile)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "NIEDOBÓR -1,00 zł" in lines
    assert f"Sprzedaż (4) {_amount(figures.total_minor)}" in lines
    assert "Nowi klienci 1" in lines


def _amount(minor: int) -> str:
    return f"{minor // 100},{minor % 100:02}"
