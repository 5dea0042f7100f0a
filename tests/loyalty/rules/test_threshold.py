from __future__ import annotations

import pytest

from tests.loyalty.support import line, off, price, programme, why


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


@pytest.mark.parametrize(
    ("give", "params"),
    [
        ("percent: 2.5%", {"percent": "2.5"}),
        ("amount: 20", {"amount_minor": 2_000}),
        ("points: 7", {"points_centi": 700}),
        ("gift: cup", {"gift": "cup"}),
    ],
)
def test_what_lacks_to_a_step_is_said_with_what_it_gives(give: str, params: dict[str, object]) -> None:
    compiled = programme(f"  - {{id: t, kind: threshold, NAME, steps: [{{from: 50, give: {{{give}}}}}]}}\n")
    reason = why(price(compiled, line("a", "40")), "t")
    assert reason.code == f"missing_to_{give.partition(':')[0]}"
    assert reason.params == {"missing_minor": 1_000, "from_minor": 5_000, **params}


def test_a_step_gives_its_own_thing_and_no_coupon_beside_a_discount() -> None:
    steps = "{from: 5, give: {points: 7}}, {from: 10, give: {percent: 10%}}, {from: 20, give: {gift: cup}}"
    compiled = programme(f"  - {{id: t, kind: threshold, NAME, steps: [{steps}]}}\n")
    for total, points, discount, gifts in (
        ("4.99", 0, 0, []),
        ("5", 700, 0, []),
        ("10", 0, 100, []),
        ("20", 0, 0, ["cup"]),
    ):
        decision = price(compiled, line("a", total))
        assert (decision.points.earned_centi, decision.discount_minor) == (points, discount)
        assert [each.item for each in decision.issued] == gifts
    assert price(compiled, line("a", "20"), state=None).issued == ()
