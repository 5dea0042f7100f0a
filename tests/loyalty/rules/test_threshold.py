from __future__ import annotations

from tests.loyalty.support import line, off, price, programme


def test_thresholds_give_the_highest_step_only_and_say_what_lacks_to_the_next() -> None:
    steps = "steps: [{from: 50, give: {percent: 5%}}, {from: 100, give: {percent: 10%}}]"
    compiled = programme(f"  - {{id: t, kind: threshold, NAME, {steps}}}\n")
    assert off(price(compiled, line("a", "49.99"))) == {}
    assert off(price(compiled, line("a", "50"))) == {"t": 250}
    assert off(price(compiled, line("a", "100"))) == {"t": 1000}
    offer = price(compiled, line("a", "87.60")).offers[0]
    assert offer.params == {"missing_minor": 1240, "from_minor": 10_000, "percent": "10"}


def test_an_amount_off_the_receipt_never_passes_it() -> None:
    compiled = programme("  - {id: t, kind: threshold, NAME, steps: [{from: 1, give: {amount: 20}}]}\n")
    decision = price(compiled, line("a", "5"), line("b", "10"))
    assert decision.total_minor == 0
