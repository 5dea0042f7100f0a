from __future__ import annotations

import pytest

from app.loyalty.basket import Code, Line
from app.loyalty.decision import Decision
from app.loyalty.effects import Counted, StampsChanged
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


def test_the_dearest_or_cheapest_units_of_several_lines_are_free_and_the_others_earn() -> None:
    goods = (line("a", "5", "2"), line("b", "9", "2"), line("c", "7", "3"))
    for which, given in (("cheapest", 500 * 2), ("dearest", 900 * 2)):
        compiled = programme(f"  - {{id: card, kind: stamps, NAME, size: 3, free: {which}}}\n")
        decision = price(compiled, *goods)
        assert off(decision) == {"card": given}
        card = decision.stamps[0]
        assert (card.have_before, card.earned, card.have_after, card.free_units) == (0, 5, 1, 2)
        assert (card.size, card.cards_filled) == (3, 2)
        by_line = {one.id: [(each.rule, each.delta) for each in one.stamps] for one in decision.lines}
        free = "a" if which == "cheapest" else "b"
        assert by_line == {"a": [("card", 2)], "b": [("card", 2)], "c": [("card", 3)], free: [("card", -4)]}


@pytest.mark.parametrize(
    ("have", "units", "free", "earned"),
    [(5, 1, 1, 0), (5, 3, 1, 2), (4, 1, 0, 1), (4, 2, 1, 1), (0, 9, 0, 2), (9, 2, 1, 1)],
)
def test_a_daily_cap_bounds_what_is_earned_and_what_that_makes_free(
    have: int, units: int, free: int, earned: int
) -> None:
    compiled = programme(SIXTH % ", cap_per_day: 2")
    decision = buy(compiled, str(units), with_stamps(have))
    card = decision.stamps[0]
    assert (card.free_units, card.earned, card.have_after) == (free, earned, have + earned - 5 * free)
    assert off(decision).get("card", 0) == 1000 * free
    assert [each.delta for each in decision.lines[0].stamps] == [earned - 5 * free]
    counted = next(each for each in decision.effects if isinstance(each, Counted))
    assert counted == Counted("card", NOON // DAY_MS, uses=earned, keep_days=1)


@pytest.mark.parametrize("rule", ["free: cheapest", "reward: {points: 5}"])
def test_a_least_receipt_and_a_card_of_ones_own_are_needed_for_stamps(rule: str) -> None:
    compiled = programme(f"  - {{id: card, kind: stamps, NAME, size: 6, min_receipt: 20, {rule}}}\n")
    short = price(compiled, line("latte", "19.99"))
    assert short.stamps == ()
    assert (why(short, "card").code, why(short, "card").params) == (
        "missing_for_stamps",
        {"missing_minor": 1},
    )
    assert price(compiled, line("latte", "20")).stamps[0].have_after == 1
    guest = price(compiled, line("latte", "20"), state=None)
    assert (guest.stamps, why(guest, "card").code) == ((), "members_only")


@pytest.mark.parametrize(
    ("have", "units", "code", "params"),
    [
        (0, "1", "stamps_earned", {"n": 1, "have": 1, "size": 6}),
        (3, "2", "stamps_earned", {"n": 2, "have": 5, "size": 6}),
        (5, "1", "applied", {"amount_minor": 1000}),
    ],
)
def test_what_a_card_says_of_a_receipt(have: int, units: str, code: str, params: dict[str, int]) -> None:
    reason = why(buy(programme(SIXTH % ""), units, with_stamps(have)), "card")
    assert (reason.code, reason.params) == (code, params)


@pytest.mark.parametrize(
    ("have", "units", "missing"), [(0, "1", 4), (4, "1", 0), (5, "1", None), (0, "6", None)]
)
def test_how_many_lack_to_the_free_one(have: int, units: str, missing: int | None) -> None:
    offers = buy(programme(SIXTH % ""), units, with_stamps(have)).offers
    lacking = {"n": missing, "have": have + int(units), "size": 6}
    assert [each.params for each in offers] == ([] if missing is None else [lacking])


@pytest.mark.parametrize(
    ("per", "goods", "earned"),
    [
        ("unit", (line("a", "3", "2"), line("b", "0", "5"), line("c", "9", "0.5")), 2),
        ("unit", (line("a", "0.01"),), 1),
        ("receipt", (line("a", "3", "2"), line("b", "4", "5")), 1),
        ("10", (line("a", "9.99"),), 0),
        ("10", (line("a", "10"),), 1),
        ("10", (line("a", "15"), line("b", "14.99")), 2),
        ("10", (line("a", "15"), line("b", "15")), 3),
    ],
)
def test_what_fills_a_card_with_a_reward(per: str, goods: tuple[Line, ...], earned: int) -> None:
    compiled = programme(
        f"  - {{id: card, kind: stamps, NAME, size: 9, per: {per}, reward: {{points: 5}}}}\n"
    )
    decision = price(compiled, *goods)
    assert [(each.earned, each.have_after) for each in decision.stamps] == [(earned, earned)] * bool(earned)


@pytest.mark.parametrize(
    ("carry_over", "have", "units", "after", "filled"),
    [
        ("true", 0, "2", 2, 0),
        ("true", 2, "1", 0, 1),
        ("true", 2, "5", 1, 2),
        ("false", 2, "1", 0, 1),
        ("false", 2, "5", 0, 1),
        ("false", 0, "2", 2, 0),
        ("true", -2, "4", 2, 0),
    ],
)
def test_full_cards_give_their_reward_and_what_is_left_carries_over_or_lapses(
    carry_over: str, have: int, units: str, after: int, filled: int
) -> None:
    rule = f"size: 3, reward: {{points: 5}}, carry_over: {carry_over}"
    decision = buy(programme(f"  - {{id: card, kind: stamps, NAME, {rule}}}\n"), units, with_stamps(have))
    card = decision.stamps[0]
    assert (card.have_before, card.earned, card.have_after, card.cards_filled) == (
        have,
        int(units),
        after,
        filled,
    )
    assert (card.free_units, card.size) == (0, 3)
    assert decision.points.earned_centi == 500 * filled
    assert then(with_stamps(have), decision).card("card") == after
    reason = why(decision, "card")
    if filled:
        assert reason.code == "points_earned"
    else:
        assert (reason.code, reason.params) == ("stamps_earned", {"n": int(units), "have": after, "size": 3})


def test_a_daily_cap_counts_its_own_day_alone_and_is_never_passed() -> None:
    compiled = programme(SIXTH % ", cap_per_day: 2")
    today = NOON // DAY_MS
    for day, uses, earned in (
        (today - 1, 2, 1),
        (today, 1, 1),
        (today, 2, 0),
        (today, 3, 0),
        (today + 1, 2, 1),
    ):
        state = apply(EMPTY, [Counted("card", day, uses=uses, keep_days=9)], NOON)
        assert buy(compiled, "1", state).stamps[0].earned == earned


def test_under_a_daily_cap_the_first_lines_earn() -> None:
    compiled = programme(SIXTH % ", cap_per_day: 3")
    decision = price(compiled, *(line(sku, "10", "2") for sku in "abc"))
    by_line = [[each.delta for each in one.stamps] for one in decision.lines]
    assert by_line == [[2], [1], []]


def test_a_daily_cap_holds_for_a_card_with_a_reward() -> None:
    rule = "  - {id: card, kind: stamps, NAME, size: 9, cap_per_day: 3, reward: {points: 5}}\n"
    compiled = programme(rule)
    state = then(EMPTY, buy(compiled, "2"))
    assert then(state, buy(compiled, "2", state)).card("card") == 3


def test_units_that_another_bundle_of_the_group_has_claimed_are_not_free_as_well() -> None:
    three_for_two = "  - {id: b, kind: bundle, NAME, group: stamps, n_for_m: {take: 3, pay: 2}}\n"
    assert off(buy(programme(SIXTH % ""), "3", with_stamps(5))) == {"card": 1000}
    assert off(buy(programme(three_for_two + SIXTH % ""), "3", with_stamps(5))) == {"b": 1000}


@pytest.mark.parametrize(
    ("reward", "given"), [("gift: cup", [("reward", 2)]), ("amount: 3", [("coupon", 1)] * 2)]
)
def test_full_cards_say_so_and_each_gives_its_reward(reward: str, given: list[tuple[str, int]]) -> None:
    rule = f"  - {{id: card, kind: stamps, NAME, size: 2, reward: {{{reward}}}}}\n"
    compiled = programme(rule)
    decision = buy(compiled, "4")
    assert [(each.kind, each.uses) for each in decision.issued] == given
    assert (why(decision, "card").code, why(decision, "card").params) == ("card_full", {"n": 2})


def test_of_two_cards_full_at_once_one_reward_is_used_at_a_time() -> None:
    compiled = programme("  - {id: card, kind: stamps, NAME, size: 2, reward: {amount: 3}}\n")
    state = then(EMPTY, buy(compiled, "4"))
    one, two = (grant.code for grant in state.grants)
    used = price(compiled, line("a", "10"), state=state, codes=(Code(one), Code(two)), sale_id="t")
    assert off(used) == {"card": 300}
    state = then(state, used)
    assert [(each.code, each.uses) for each in state.grants] == [(two, 1)]
    again = price(compiled, line("a", "10"), state=state, codes=(Code(one, used=1), Code(two)), sale_id="u")
    assert off(again) == {"card": 300}
    assert two not in {each.code for each in then(state, again).grants}


def test_points_for_a_full_card_are_no_coupon() -> None:
    compiled = programme("  - {id: card, kind: stamps, NAME, size: 2, reward: {points: 5}}\n")
    assert off(price(compiled, line("a", "10"), codes=(Code("slip", "card", NOON),))) == {}


@pytest.mark.parametrize("reward", ["gift: cup", "amount: 3", "points: 5"])
def test_a_card_that_is_not_full_gives_nothing(reward: str) -> None:
    compiled = programme(f"  - {{id: card, kind: stamps, NAME, size: 3, reward: {{{reward}}}}}\n")
    decision = buy(compiled, "2")
    assert (decision.issued, decision.points.earned_centi) == ((), 0)
