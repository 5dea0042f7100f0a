"""What a cashier takes off by hand: down to the floor of the goods and no further."""

from __future__ import annotations

import pytest

from tests.loyalty.support import line, off, price, programme

FLOOR = "floors: [{products: {skus: [a]}, price: 7}]"
NONE = "  - {id: n, kind: price, NAME, percent: 50%, products: {skus: [other]}}\n"


@pytest.mark.parametrize(
    ("given", "taken"), [(0, 0), (1, 1), (299, 299), (300, 300), (301, 300), (5_000, 300)]
)
def test_a_discount_by_hand_stops_at_the_floor(given: int, taken: int) -> None:
    decision = price(programme(NONE, head=FLOOR), line("a", "10", manual_minor=given))
    assert off(decision) == ({"manual": taken} if taken else {})
    assert decision.total_minor == 1_000 - taken


def test_it_comes_after_the_programmes_own() -> None:
    half = "  - {id: h, kind: price, NAME, percent: 50%}\n"
    decision = price(programme(half), line("a", "10", manual_minor=900))
    assert off(decision) == {"h": 500, "manual": 500}
