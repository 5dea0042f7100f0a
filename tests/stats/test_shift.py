"""A shift's figures: every amount accounted for, and the loyalty columns equal to the ledger's entries."""

from __future__ import annotations

import uuid
from collections import Counter
from itertools import count

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ledger.entries import POINTS, entries
from app.ledger.facts import (
    AnyFact,
    CardLinked,
    CashMoved,
    Discount,
    GoodsOut,
    LineVoided,
    MemberEnrolled,
    NoSale,
    OpeningBalance,
    PointsAdjusted,
    Privileged,
    SaleAbandoned,
    SaleCompleted,
    SaleGivenTo,
    SaleRefunded,
    SaleTakenFrom,
    SaleVoided,
    ShiftClosed,
    ShiftOpened,
    SoldLine,
    Tender,
    effects_of,
)
from app.loyalty.effects import (
    AnyEffect,
    Lot,
    PointsEarned,
    PointsReturned,
    PointsSpent,
    PointsTakenBack,
    StampsChanged,
)
from app.stats.moved import PointsMoved, StampsMoved
from app.stats.shift import ShiftFigures, add, fold, opened, tax_included_minor

SHIFT, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
MEMBER = uuid.UUID(int=9)
RULES = ("points", "cashback", "welcome")
TAXES = ("23", "8", "5", "zw", "")
minor = st.integers(0, 10_000_00)
centi = st.integers(1, 5_000_00)
rules = st.sampled_from(RULES)
_ids = count(100)


def new_id() -> uuid.UUID:
    return uuid.UUID(int=next(_ids))


lots = st.builds(Lot, st.text("abc", min_size=1, max_size=3), rules, centi, st.just(0))
effects: st.SearchStrategy[AnyEffect] = st.one_of(
    st.builds(PointsEarned, lots),
    st.builds(PointsSpent, rules, centi),
    st.builds(PointsReturned, rules, st.lists(lots, max_size=2).map(tuple)),
    st.builds(PointsTakenBack, rules, st.just("a"), centi),
    st.builds(StampsChanged, rules, st.integers(-9, 9)),
)


@st.composite
def sold_lines(draw: st.DrawFn) -> tuple[SoldLine, ...]:
    made: list[SoldLine] = []
    for number in range(draw(st.integers(1, 4))):
        gross = draw(minor)
        off = draw(st.integers(0, gross))
        net = gross - off
        made.append(
            SoldLine(
                line=number, sku="1", name="x", qty_milli=1000, price_minor=gross, gross_minor=gross,
                discounts=(Discount(draw(rules), off),) if off else (), net_minor=net,
                tax=draw(st.sampled_from(TAXES)), points_minor=draw(st.integers(0, net)),
            )
        )  # fmt: skip
    return tuple(made)


def _paid(draw: st.DrawFn, due: int) -> tuple[tuple[Tender, ...], int]:
    """Tenders for what is due, cash rounded to 5 of the smallest unit, and that rounding."""
    card = draw(st.integers(0, due))
    cash = due - card
    rounded = (cash + 2) // 5 * 5
    made = (Tender(means="card", amount_minor=card), Tender(means="cash", amount_minor=rounded))
    return tuple(tender for tender in made if tender.amount_minor), cash - rounded


@st.composite
def sales(draw: st.DrawFn) -> SaleCompleted:
    lines = draw(sold_lines())
    total, points = sum(line.net_minor for line in lines), sum(line.points_minor for line in lines)
    tenders, rounding = _paid(draw, total - points)
    goods = sum(line.gross_minor for line in lines)
    return SaleCompleted(
        id=new_id(), at_ms=1, number=draw(st.integers(1, 999)),
        shift=draw(st.sampled_from((SHIFT, SHIFT, OTHER))),
        business_day="2026-11-21", cashier="Anna", currency="PLN", programme="demo@1", lines=lines,
        goods_minor=goods, discount_minor=goods - total, total_minor=total, points_minor=points,
        rounding_minor=rounding, tenders=tenders, member=draw(st.sampled_from((None, MEMBER))),
        effects=draw(st.lists(effects, max_size=4).map(tuple)),
    )  # fmt: skip


@st.composite
def refunds(draw: st.DrawFn) -> SaleRefunded:
    sold = draw(sales())
    fields = {name: getattr(sold, name) for name in SaleRefunded.__struct_fields__ if hasattr(sold, name)}
    return SaleRefunded(**{**fields, "sale": sold.id})


facts: st.SearchStrategy[AnyFact] = st.one_of(
    sales(),
    refunds(),
    st.builds(CashMoved, id=st.builds(new_id), at_ms=st.just(1), shift=st.sampled_from((SHIFT, OTHER)),
              cashier=st.just("A"), amount_minor=st.integers(-500_00, 500_00), reason=st.just("r")),
    st.builds(NoSale, id=st.builds(new_id), at_ms=st.just(1), shift=st.just(SHIFT), cashier=st.just("A")),
    st.builds(SaleVoided, id=st.builds(new_id), at_ms=st.just(1), sale=st.builds(new_id),
              reason=st.just("r")),
    st.builds(MemberEnrolled, id=st.builds(new_id), at_ms=st.just(1), member=st.just(MEMBER),
              effects=st.lists(effects, max_size=2).map(tuple)),
    st.builds(CardLinked, id=st.builds(new_id), at_ms=st.just(1), member=st.just(MEMBER), card=st.just("c")),
    st.builds(OpeningBalance, id=st.builds(new_id), at_ms=st.just(1), member=st.just(MEMBER),
              source=st.just("s"), effects=st.lists(effects, max_size=2).map(tuple)),
    st.builds(PointsAdjusted, id=st.builds(new_id), at_ms=st.just(1), member=st.just(MEMBER),
              reason=st.just("r"), effects=st.lists(effects, max_size=2).map(tuple)),
    st.builds(SaleTakenFrom, id=st.builds(new_id), at_ms=st.just(1), sale=st.builds(new_id),
              member=st.just(MEMBER), reason=st.just("r"), cashier=st.just("A"),
              effects=st.lists(effects, max_size=2).map(tuple)),
    st.builds(SaleGivenTo, id=st.builds(new_id), at_ms=st.just(1), sale=st.builds(new_id),
              member=st.just(MEMBER), reason=st.just("r"), cashier=st.just("A"),
              effects=st.lists(effects, max_size=2).map(tuple)),
    st.builds(LineVoided, id=st.builds(new_id), at_ms=st.just(1), sale=st.builds(new_id),
              shift=st.sampled_from((SHIFT, OTHER)), cashier=st.just("A"), line=st.just(1), sku=st.just("s"),
              name=st.just("n"), qty_milli=st.sampled_from((-1000, 1000)),
              amount_minor=st.integers(-9_00, 9_00)),
    st.builds(SaleAbandoned, id=st.builds(new_id), at_ms=st.just(1), sale=st.builds(new_id),
              shift=st.sampled_from((SHIFT, OTHER)), cashier=st.just("A"),
              lines=st.just((GoodsOut(1, "s", "n", 1000, 5),)), amount_minor=minor),
    st.builds(Privileged, id=st.builds(new_id), at_ms=st.just(1), act=st.sampled_from(("refund", "discount")),
              cashier=st.just("A")),
)  # fmt: skip


def opening(float_minor: int = 200_00) -> ShiftOpened:
    return ShiftOpened(id=new_id(), at_ms=0, shift=SHIFT, number=12, business_day="2026-11-21",
                       cashier="Anna", float_minor=float_minor)  # fmt: skip


def closing(counted_minor: int | None) -> ShiftClosed:
    return ShiftClosed(id=new_id(), at_ms=9, shift=SHIFT, cashier="Ewa", expected_minor=0,
                       counted_minor=counted_minor)  # fmt: skip


def mine(happened: list[AnyFact]) -> list[AnyFact]:
    return [fact for fact in happened if getattr(fact, "shift", SHIFT) == SHIFT]


@settings(deadline=None, max_examples=50)
@given(st.lists(facts, max_size=12))
def test_the_loyalty_columns_equal_the_ledgers_entries(happened: list[AnyFact]) -> None:
    """By rule and reason: what a Z says was issued, redeemed, returned and withdrawn is in the ledger."""
    figures = fold([opening(), *happened])
    booked: Counter[tuple[str, str]] = Counter()
    stamps: Counter[str] = Counter()
    for fact in mine(happened):
        for effect in effects_of(fact):
            alone = msgspec.structs.replace(fact, effects=(effect,))
            rule = effect.lot.rule if isinstance(effect, PointsEarned) else getattr(effect, "rule", "")
            for entry in entries(alone):
                if entry.account == POINTS:
                    booked[rule, entry.contra] += entry.amount
                else:
                    stamps[entry.account] += entry.amount
    shown = {
        (rule, field.removesuffix("_centi")): getattr(moved, field)
        for rule, moved in figures.points.items()
        for field in PointsMoved.__struct_fields__
    }
    assert {key: amount for key, amount in shown.items() if amount} == {k: v for k, v in booked.items() if v}
    for rule, moved in figures.points.items():
        assert moved.net_centi == sum(amount for (each, _), amount in booked.items() if each == rule)
    assert figures.points_moved.net_centi == booked.total()
    shown_stamps = {f"stamps:{rule}": moved.issued - moved.filled for rule, moved in figures.stamps.items()}
    assert Counter(shown_stamps) == stamps


@settings(deadline=None, max_examples=50)
@given(st.lists(facts, max_size=12), minor)
def test_every_amount_is_accounted_for(happened: list[AnyFact], float_minor: int) -> None:
    figures = fold([opening(float_minor), *happened])
    sold = [fact for fact in mine(happened) if isinstance(fact, SaleCompleted)]
    back = [fact for fact in mine(happened) if isinstance(fact, SaleRefunded)]
    moved = sum(fact.amount_minor for fact in mine(happened) if isinstance(fact, CashMoved))
    assert (figures.sales, figures.refunds) == (len(sold), len(back))
    assert figures.goods_minor - figures.discount_minor == figures.total_minor
    assert figures.net_minor == sum(s.total_minor for s in sold) - sum(r.total_minor for r in back)
    in_points = figures.points_paid_minor - figures.points_refunded_minor
    in_money = sum(taken.net_minor for taken in figures.tenders.values())
    assert figures.net_minor == in_money + in_points + figures.rounding_minor
    assert sum(figures.taxes.values()) == figures.net_minor - in_points
    refunded_discounts = sum(r.discount_minor for r in back)
    assert sum(figures.rules.values()) == figures.discount_minor - refunded_discounts
    cash = sum(t.amount_minor for s in sold for t in s.tenders if t.means == "cash")
    cash -= sum(t.amount_minor for r in back for t in r.tenders if t.means == "cash")
    assert figures.expected_minor == float_minor + cash + moved
    voids = [fact for fact in mine(happened) if isinstance(fact, LineVoided)]
    assert figures.voids_minor == sum(fact.amount_minor for fact in voids)
    assert figures.voids == sum(1 if fact.qty_milli > 0 else -1 for fact in voids)
    given_up = [fact for fact in mine(happened) if isinstance(fact, SaleAbandoned)]
    assert figures.abandoned == len(given_up)
    assert figures.abandoned_minor == sum(fact.amount_minor for fact in given_up)
    assert figures.average_minor == (figures.total_minor // len(sold) if sold else 0)


@settings(deadline=None, max_examples=50)
@given(st.lists(facts, max_size=8), st.integers(0, 8))
def test_a_fold_may_stop_and_go_on(happened: list[AnyFact], at: int) -> None:
    """What is kept of a shift between two reports is as good as its facts, through JSON too."""
    half = fold([opening(), *happened[:at]])
    kept = msgspec.json.decode(msgspec.json.encode(half), type=ShiftFigures)
    for fact in happened[at:]:
        kept = add(kept, fact)
    assert kept == fold([opening(), *happened])


def test_a_closed_shift_knows_what_was_counted() -> None:
    counted = fold([opening(100_00), closing(98_00)])
    assert (counted.closed_ms, counted.closed_by) == (9, "Ewa")
    assert (counted.expected_minor, counted.counted_minor, counted.difference_minor) == (100_00, 98_00, -2_00)
    assert fold([opening(), closing(None)]).difference_minor is None
    assert opened(opening()).closed_ms is None


def test_facts_of_another_shift_change_nothing() -> None:
    strange = CashMoved(id=new_id(), at_ms=1, shift=OTHER, cashier="A", amount_minor=5, reason="")
    assert add(opened(opening()), strange) == opened(opening())


def test_figures_begin_with_an_opening() -> None:
    with pytest.raises(ValueError, match="begin with its opening"):
        fold([closing(None)])
    with pytest.raises(ValueError, match="begin with its opening"):
        fold([])


def test_numbers_run_over_sales_and_refunds() -> None:
    line = SoldLine(line=1, sku="1", name="x", qty_milli=1000, price_minor=5, gross_minor=5, net_minor=5)
    sale = SaleCompleted(
        id=new_id(), at_ms=1, number=7, shift=SHIFT, business_day="", cashier="", currency="PLN",
        programme="", lines=(line,), goods_minor=5, total_minor=5,
        tenders=(Tender(means="cash", amount_minor=5),),
    )  # fmt: skip
    figures = fold([opening(), sale, msgspec.structs.replace(sale, id=new_id(), number=9)])
    assert (figures.first_number, figures.last_number, figures.average_minor) == (7, 9, 5)


def test_points_of_an_older_fact_are_spread_over_its_lines() -> None:
    lines = tuple(
        SoldLine(
            line=n,
            sku="1",
            name="x",
            qty_milli=1000,
            price_minor=net,
            gross_minor=net,
            net_minor=net,
            tax=tax,
        )
        for n, (net, tax) in enumerate(((100, "23"), (200, "5")))
    )
    sale = SaleCompleted(
        id=new_id(), at_ms=1, number=7, shift=SHIFT, business_day="", cashier="", currency="PLN",
        programme="", lines=lines, goods_minor=300, total_minor=300, points_minor=30,
        tenders=(Tender(means="cash", amount_minor=270),),
    )  # fmt: skip
    assert fold([opening(), sale]).taxes == {"23": 90, "5": 180}


def test_stamps_given_and_used_up_are_told_apart() -> None:
    effects = (StampsChanged("coffee", 3), StampsChanged("coffee", -10))
    enrolled = MemberEnrolled(id=new_id(), at_ms=1, member=MEMBER, effects=effects)
    assert fold([opening(), enrolled]).stamps == {"coffee": StampsMoved(3, 10)}


@pytest.mark.parametrize(
    ("amount", "tax", "included"),
    [(123_00, "23", 23_00), (108_00, "8 %", 8_00), (100, "5", 5), (110, "10%", 10), (100, "0", 0),
     (-123, "23", -23), (105_50, "5.5", 5_50), (100, "zw", None), (100, "", None), (100, "NP", None)],
)  # fmt: skip
def test_the_tax_inside_an_amount(amount: int, tax: str, included: int | None) -> None:
    assert tax_included_minor(amount, tax) == included
