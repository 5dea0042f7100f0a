from __future__ import annotations

from app.loyalty.effects import Counted
from app.loyalty.state import DAY_MS, EMPTY
from tests.loyalty.support import NOON, line, off, price, programme, then

PAIR = "{bought: {skus: [camera]}, offer: {categories: [cards]}}"


def test_a_complement_is_offered_with_what_was_bought_now_or_before_and_never_itself() -> None:
    compiled = programme(
        f"  - {{id: c, kind: complement, NAME, pairs: [{PAIR}], before_days: 10, percent: 20%}}\n"
    )
    alone = price(compiled, line("camera", "500"))
    assert (alone.offers[0].code, alone.offers[0].params) == ("complement_category", {"category": "cards"})
    both = price(compiled, line("camera", "500"), line("sd", "50", category="cards"))
    assert off(both) == {"c": 1000}
    state = then(EMPTY, alone)
    for days, discount in ((10, 1000), (11, 0)):
        moment = NOON + days * DAY_MS
        later = price(compiled, line("sd", "50", category="cards"), state=state, at_ms=moment)
        assert off(later).get("c", 0) == discount
    itself = programme(
        "  - {id: c, kind: complement, NAME, percent: 20%, "
        "pairs: [{bought: {skus: [sd]}, offer: {categories: [cards]}}]}\n"
    )
    assert off(price(itself, line("sd", "50", category="cards"))) == {}


def test_a_complement_keeps_to_its_cap_over_all_its_pairs() -> None:
    pairs = "{bought: {skus: [a]}, offer: {skus: [b]}}, {bought: {skus: [a]}, offer: {skus: [c]}}"
    compiled = programme(
        f"  - {{id: c, kind: complement, NAME, pairs: [{pairs}], percent: 50%, max_discount: 3}}\n"
    )
    assert off(price(compiled, line("a", "1"), line("b", "10"), line("c", "10"))) == {"c": 300}
    pairs = "{bought: {skus: [a]}, offer: {skus: [c]}}, {bought: {skus: [b]}, offer: {skus: [c]}}"
    compiled = programme(
        f"  - {{id: c, kind: complement, NAME, pairs: [{pairs}], percent: 20%, max_discount: 3}}\n"
    )
    assert off(price(compiled, line("a", "1"), line("b", "10"), line("c", "10"))) == {"c": 200}


def test_an_earlier_purchase_is_remembered_as_long_as_it_counts() -> None:
    rule = f"  - {{id: c, kind: complement, NAME, pairs: [{PAIR}], percent: 10%, before_days: 30}}\n"
    counted = [e for e in price(programme(rule), line("camera", "10")).effects if isinstance(e, Counted)]
    assert [(each.key, each.receipts, each.keep_days) for each in counted] == [("c#0", 1, 30)]
