from __future__ import annotations

import pytest

from app.loyalty.effects import Counted
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, line, off, price, programme, then, why

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


@pytest.mark.parametrize(("before_days", "ago", "discount"), [(0, 0, 0), (1, 0, 100), (1, 1, 100), (1, 2, 0)])
def test_how_long_an_earlier_purchase_counts(before_days: int, ago: int, discount: int) -> None:
    rule = f"pairs: [{PAIR}], before_days: {before_days}, percent: 10%"
    compiled = programme(f"  - {{id: c, kind: complement, NAME, {rule}}}\n")
    then_ms = NOON - ago * DAY_MS
    state = apply(EMPTY, [Counted("c#0", then_ms // DAY_MS, receipts=1)], then_ms)
    decision = price(compiled, line("sd", "10", category="cards"), state=state)
    assert off(decision).get("c", 0) == discount
    assert (why(decision, "c").code == "complement_not_bought") == (not discount)


@pytest.mark.parametrize(
    ("offer", "said"),
    [
        ("skus: [sd, xd]", ("complement_sku", {"sku": "sd"})),
        ("categories: [cards]", ("complement_category", {"category": "cards"})),
        ("brands: [fast]", None),
    ],
)
def test_what_is_mentioned_is_an_article_or_a_category(
    offer: str, said: tuple[str, dict[str, str]] | None
) -> None:
    pair = f"{{bought: {{skus: [camera]}}, offer: {{{offer}}}}}"
    compiled = programme(f"  - {{id: c, kind: complement, NAME, pairs: [{pair}]}}\n")
    decision = price(compiled, line("camera", "500"))
    assert [(each.code, each.params) for each in decision.offers] == ([said] if said else [])


def test_an_offer_that_is_only_mentioned_takes_nothing_off() -> None:
    compiled = programme(f"  - {{id: c, kind: complement, NAME, pairs: [{PAIR}]}}\n")
    assert off(price(compiled, line("camera", "500"), line("sd", "50", category="cards"))) == {}


@pytest.mark.parametrize(
    ("terms", "unit", "qty"), [("percent: 10%", "0.05", "1"), ("amount: 0.05", "9", "0.1")]
)
@pytest.mark.parametrize(("rounding", "discount"), [("half_up", 1), ("down", 0)])
def test_what_is_taken_off_is_rounded_as_the_programme_says(
    terms: str, unit: str, qty: str, rounding: str, discount: int
) -> None:
    rule = f"  - {{id: c, kind: complement, NAME, pairs: [{PAIR}], {terms}}}\n"
    compiled = programme(rule, head=f"rounding: {rounding}")
    goods = line("camera", "500"), line("sd", unit, qty, category="cards")
    assert price(compiled, *goods).discount_minor == discount
