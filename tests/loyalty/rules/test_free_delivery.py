from __future__ import annotations

import pytest

from app.loyalty.effects import ReceiptCounted
from app.loyalty.state import EMPTY, MemberState, apply
from tests.loyalty.support import NOON, line, off, price, programme, then, why

DELIVERY = line("courier", "9.90", tags=("delivery",))
REGULAR = apply(EMPTY, [ReceiptCounted(1, 100)], NOON)


def test_delivery_is_free_from_a_goods_total_after_discounts_and_neither_counts_nor_earns() -> None:
    rules = (
        "  - {id: p, kind: price, NAME, percent: 10%}\n"
        "  - {id: d, kind: free_delivery, NAME, from_total: 90}\n"
        "  - {id: e, kind: points, NAME, earn: {points: 1, per: 1}}\n"
    )
    compiled = programme(rules)
    free = price(compiled, line("a", "100"), DELIVERY)
    assert (free.total_minor, free.delivery_minor, free.points.earned_centi) == (9_000, 990, 9_000)
    paid = price(compiled, line("a", "99"), DELIVERY)
    assert (paid.total_minor, paid.points.earned_centi) == (8_910 + 990, 8_910)
    assert why(paid, "d").params == {"missing_minor": 90, "from_minor": 9_000}


def test_free_delivery_keeps_to_its_cap_and_budget_over_several_deliveries() -> None:
    rule = (
        "  - {id: d, kind: free_delivery, NAME, first_order: true, max_discount: %s, budget: {total: %s}}\n"
    )
    second = line("pallet", "20", tags=("delivery",))
    for cap, total, given in (("15", "100", 1_500), ("100", "12", 1_200), ("100", "100", 2_990)):
        decision = price(programme(rule % (cap, total)), line("a", "1"), DELIVERY, second)
        assert off(decision) == {"d": given}


def test_delivery_is_free_on_the_first_order() -> None:
    compiled = programme("  - {id: d, kind: free_delivery, NAME, first_order: true}\n")
    first = price(compiled, line("a", "1"), DELIVERY)
    assert first.total_minor == 100
    assert price(compiled, line("a", "1"), DELIVERY, state=then(EMPTY, first)).total_minor == 1_090


@pytest.mark.parametrize(
    ("terms", "state", "goods", "code", "params"),
    [
        ("from_total: 50", None, "49.99", "missing_for_delivery", {"missing_minor": 1, "from_minor": 5_000}),
        ("from_total: 50", None, "50", "applied", {"amount_minor": 990}),
        ("first_order: true", None, "50", "members_only", {}),
        ("first_order: true", REGULAR, "50", "not_first_purchase", {}),
        ("first_order: true", EMPTY, "50", "applied", {"amount_minor": 990}),
        ("first_order: true, from_total: 50", REGULAR, "50", "applied", {"amount_minor": 990}),
        ("first_order: true, from_total: 50", EMPTY, "1", "applied", {"amount_minor": 990}),
    ],
)
def test_either_condition_is_enough(
    terms: str, state: MemberState | None, goods: str, code: str, params: dict[str, int]
) -> None:
    compiled = programme(f"  - {{id: d, kind: free_delivery, NAME, {terms}}}\n")
    decision = price(compiled, line("a", goods), DELIVERY, state=state)
    assert (why(decision, "d").code, why(decision, "d").params) == (code, params)
    assert [each.net_minor for each in decision.lines][1] == (0 if code == "applied" else 990)


def test_free_delivery_takes_off_the_last_penny_and_nothing_of_what_is_free() -> None:
    compiled = programme("  - {id: d, kind: free_delivery, NAME, first_order: true}\n")
    for fee, given in (("0.01", {"d": 1}), ("0", {})):
        decision = price(compiled, line("a", "1"), line("courier", fee, tags=("delivery",)))
        assert off(decision) == given
        assert len(decision.lines[1].discounts) == len(given)


def test_of_a_delivery_beyond_the_cap_nothing_is_taken_off() -> None:
    rule = "  - {id: d, kind: free_delivery, NAME, first_order: true, max_discount: 15}\n"
    fees = [line(sku, "10", tags=("delivery",)) for sku in "bcd"]
    decision = price(programme(rule), line("a", "1"), *fees)
    assert [each.net_minor for each in decision.lines[1:]] == [0, 500, 1_000]
