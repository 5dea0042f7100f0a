from __future__ import annotations

import pytest

from app.loyalty.basket import Code
from app.loyalty.decision import Decision
from app.loyalty.effects import StampsChanged
from app.loyalty.engine import Compiled
from app.loyalty.state import DAY_MS, EMPTY, MemberState, advance, apply
from tests.loyalty.support import NOON, line, off, price, programme, then, why

SIXTH = "  - {id: card, kind: stamps, NAME, size: 6, free: cheapest%s}\n"


def with_stamps(have: int) -> MemberState:
    return apply(EMPTY, [StampsChanged("card", have)], NOON)


def buy(compiled: Compiled, units: str, state: MemberState = EMPTY) -> Decision:
    return price(compiled, line("latte", "10", units), state=state)


@pytest.mark.parametrize(
    ("have", "units", "free", "after"),
    [(0, 1, 0, 1), (0, 5, 0, 5), (0, 6, 1, 0), (5, 1, 1, 0), (5, 2, 1, 1), (3, 15, 3, 0), (-2, 8, 1, 0)],
)
def test_every_sixth_unit_is_free_and_earns_no_stamp(have: int, units: int, free: int, after: int) -> None:
    decision = buy(programme(SIXTH % ""), str(units), with_stamps(have))
    assert off(decision).get("card", 0) == free * 1000
    card = decision.stamps[0]
    assert (card.free_units, card.have_after, card.earned) == (free, after, units - free)
    assert then(with_stamps(have), decision).card("card") == after


def test_the_cheapest_unit_is_free_or_the_dearest() -> None:
    goods = (line("a", "12"), line("b", "9"))
    assert off(price(programme(SIXTH % ""), *goods, state=with_stamps(4))) == {"card": 900}
    dearest = programme((SIXTH % "").replace("cheapest", "dearest"))
    assert off(price(dearest, *goods, state=with_stamps(4))) == {"card": 1200}


def test_what_lacks_to_the_free_one_is_said() -> None:
    reason = why(buy(programme(SIXTH % ""), "1", with_stamps(2)), "card")
    assert reason.code == "stamps_earned"
    offers = buy(programme(SIXTH % ""), "1", with_stamps(2)).offers
    assert (offers[0].code, offers[0].params["n"]) == ("stamps_to_free", 2)


def test_a_daily_cap_counts_over_receipts() -> None:
    compiled = programme(SIXTH % ", cap_per_day: 2")
    one = then(EMPTY, buy(compiled, "1"))
    two = then(one, buy(compiled, "4", one))
    assert two.card("card") == 2
    tomorrow = price(compiled, line("latte", "10", "1"), state=two, at_ms=NOON + DAY_MS)
    assert then(two, tomorrow).card("card") == 3


def test_a_weighed_line_gives_no_stamp() -> None:
    assert price(programme(SIXTH % ""), line("beans", "10", "0.5")).stamps == ()


def test_a_full_card_issues_its_reward_and_carries_over() -> None:
    full = "  - {id: card, kind: stamps, NAME, size: 3, per: 10, reward: {percent: 20%}}\n"
    compiled = programme(full)
    first = price(compiled, line("a", "45"))
    assert [grant.kind for grant in first.issued] == ["coupon"]
    state = then(EMPTY, first)
    assert state.card("card") == 1
    coupon = first.issued[0].code
    assert off(price(compiled, line("a", "10"), state=state, codes=(Code(coupon),))) == {"card": 200}
    assert off(price(compiled, line("a", "10"), state=state)) == {}
    used = then(state, price(compiled, line("a", "10"), state=state, codes=(Code(coupon),), sale_id="t"))
    assert used.held("card", NOON) == ()


def test_a_stamp_per_receipt_and_points_for_a_full_card() -> None:
    compiled = programme("  - {id: card, kind: stamps, NAME, size: 2, per: receipt, reward: {points: 30}}\n")
    state = then(EMPTY, price(compiled, line("a", "1", "9")))
    assert state.card("card") == 1
    state = then(state, price(compiled, line("a", "1"), state=state))
    assert (state.card("card"), state.balance_centi) == (0, 3000)


def test_without_carry_over_a_full_card_starts_empty() -> None:
    rule = "  - {id: card, kind: stamps, NAME, size: 2, per: unit, reward: {gift: cup}, carry_over: false}\n"
    decision = buy(programme(rule), "5")
    assert decision.stamps[0].have_after == 0
    assert [(grant.kind, grant.item, grant.uses) for grant in decision.issued] == [("reward", "cup", 1)]


def test_an_idle_card_lapses() -> None:
    compiled = programme(SIXTH % ", expires_after_idle_days: 60")
    state = then(EMPTY, buy(compiled, "3"))
    assert advance(state, NOON + 60 * DAY_MS).card("card") == 3
    assert advance(state, NOON + 62 * DAY_MS).card("card") == 0


def test_a_card_with_a_reward_lapses_by_idleness_too() -> None:
    rule = "  - {id: card, kind: stamps, NAME, size: 6, reward: {points: 5}, expires_after_idle_days: 60}\n"
    state = then(EMPTY, buy(programme(rule), "3"))
    assert [advance(state, NOON + days * DAY_MS).card("card") for days in (60, 61)] == [3, 0]
