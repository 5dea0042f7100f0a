from __future__ import annotations

from app.loyalty.basket import Context, Redeem
from app.loyalty.by_hand import give_by_hand
from app.loyalty.decision import Reason
from app.loyalty.effects import Grant, Granted, GrantUsed
from app.loyalty.refund import refund
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, at, line, off, price, programme, then, why

CARE = (
    "  - {id: u, kind: entitlement, NAME, uses: 3, products: {skus: [check]},"
    " sold_by: {skus: [plan]}, expires: {days: 365}}\n"
)


def test_uses_are_sold_taken_one_by_one_and_run_out() -> None:
    compiled = programme(CARE)
    state = then(EMPTY, price(compiled, line("plan", "99")))
    for left in (2, 1, 0):
        decision = price(
            compiled, line("check", "40"), state=state, redeem=Redeem(entitlements=("u",)), sale_id="t"
        )
        assert off(decision) == {"u": 4_000}
        state = then(state, decision)
        assert sum(grant.uses for grant in state.held("u", NOON)) == left
    assert why(price(compiled, line("check", "40"), state=state), "u").code == "no_uses_left"


def test_an_unasked_use_is_offered_and_not_taken() -> None:
    compiled = programme(CARE)
    state = then(EMPTY, price(compiled, line("plan", "99")))
    decision = price(compiled, line("check", "40"), state=state)
    assert (off(decision), decision.offers[0].code) == ({}, "uses_left")


def test_uses_go_to_the_dearest_units_over_several_lines() -> None:
    rule = "  - {id: care, kind: entitlement, NAME, uses: 1, products: {tags: [care]}}\n"
    state = apply(EMPTY, [Granted(Grant("g", "care", "uses", NOON, uses=3))], NOON)
    wish = Redeem(entitlements=("care",) * 3)
    goods = (
        line("b", "5", "2", tags=("care",)),
        line("a", "10", tags=("care",)),
        line("c", "4", tags=("care",)),
    )
    decision = price(programme(rule), *goods, state=state, redeem=wish)
    assert [each.net_minor for each in decision.lines] == [0, 0, 400]
    assert then(state, decision).held("care", NOON) == ()


def test_every_piece_sold_gives_its_uses_to_a_member_for_their_time() -> None:
    compiled = programme(CARE)
    for pieces, uses in (("1", 3), ("2", 6), ("0.5", 3)):
        decision = price(compiled, line("plan", "99", pieces))
        assert [(each.rule, each.kind, each.uses, each.item) for each in decision.issued] == [
            ("u", "uses", uses, "plan")
        ]
    state = then(EMPTY, price(compiled, line("plan", "99")))
    assert [len(state.held("u", NOON + days * DAY_MS)) for days in (365, 366)] == [1, 0]
    assert price(compiled, line("plan", "99"), state=None).issued == ()
    assert price(compiled, line("check", "99")).issued == ()


def test_uses_are_taken_of_what_lapses_first_and_never_more_than_there_are() -> None:
    compiled = programme(CARE)
    grants = (
        Grant("a", "u", "uses", NOON, uses=2),
        Grant("b", "u", "uses", NOON, uses=1, expires_at_ms=NOON + 2 * DAY_MS),
        Grant("c", "u", "uses", NOON, uses=1, expires_at_ms=NOON + DAY_MS),
    )
    state = apply(EMPTY, [Granted(each) for each in grants], NOON)
    for wished, units, taken in (
        (0, "9", {}),
        (1, "9", {"c": 1}),
        (3, "9", {"c": 1, "b": 1, "a": 1}),
        (3, "2", {"c": 1, "b": 1}),
        (9, "9", {"c": 1, "b": 1, "a": 2}),
    ):
        redeem = Redeem(entitlements=("u",) * wished + ("other",))
        decision = price(compiled, line("check", "40", units), state=state, redeem=redeem)
        used = {each.grant.code: each.grant.uses for each in decision.effects if isinstance(each, GrantUsed)}
        assert used == taken
        assert off(decision).get("u", 0) == 4_000 * sum(taken.values())


def test_why_no_use_is_taken() -> None:
    compiled = programme(CARE)
    held = apply(EMPTY, [Granted(Grant("a", "u", "uses", NOON, uses=2))], NOON)
    for state, code, params in (
        (None, "members_only", {}), (EMPTY, "no_uses_left", {}), (held, "uses_left", {"n": 2})
    ):  # fmt: skip
        reason = why(price(compiled, line("check", "40"), state=state), "u")
        assert (reason.code, reason.params) == (code, params)


def test_uses_are_taken_on_pieces_that_still_cost_something_and_that_nothing_else_has_claimed() -> None:
    two_for_one = "  - {id: b, kind: bundle, NAME, group: entitlements, n_for_m: {take: 2, pay: 1}}\n"
    held = apply(EMPTY, [Granted(Grant("a", "u", "uses", NOON, uses=9))], NOON)
    wish = Redeem(entitlements=("u",) * 9)
    both = price(programme(CARE + two_for_one), line("check", "40", "3"), state=held, redeem=wish)
    assert off(both) == {"u": 12_000}, "three free are more than one of two"
    asked = Redeem(entitlements=("u",))
    fewer = price(programme(CARE + two_for_one), line("check", "40", "3"), state=held, redeem=asked)
    assert off(fewer) == {"b": 4_000, "u": 4_000}
    three_for_one = two_for_one.replace("take: 2", "take: 3")
    two = Redeem(entitlements=("u", "u"))
    rest = price(programme(CARE + three_for_one), line("check", "40", "4"), state=held, redeem=two)
    assert off(rest) == {"b": 8_000, "u": 4_000}
    weighed = price(programme(CARE), line("check", "40", "0.5"), state=held, redeem=two)
    assert off(weighed) == {}
    gift = "  - {id: g, kind: price, NAME, percent: 100%, products: {skus: [check]}}\n"
    nothing = price(programme(gift + CARE), line("check", "40"), state=held, redeem=wish)
    assert off(nothing) == {"g": 4_000}
    assert then(held, nothing) == then(held, price(programme(gift), line("check", "40"), state=held))


def test_uses_given_by_hand_are_uses_where_nothing_sells_them_and_the_rule_holds() -> None:
    care = "  - {id: u, kind: entitlement, NAME, uses: 3, products: {skus: [check]}, expires: {days: 5}%s}\n"
    here = Context(at_ms=NOON, sale_id="f", store="w1")
    given = give_by_hand(programme(care % ", audience: {stores: [w1]}"), EMPTY, here, "u")
    assert given == (Granted(Grant("f:u", "u", "uses", NOON, 3, 0, at("2026-01-21 00:00"))),)
    for more, code in (
        (", audience: {stores: [w2]}", "other_store"),
        (", sold_by: {skus: [plan]}", "nothing_to_give"),
    ):
        refused = give_by_hand(programme(care % more), EMPTY, here, "u")
        assert isinstance(refused, Reason)
        assert refused.code == code


def test_uses_that_were_sold_go_with_their_line_and_are_told() -> None:
    compiled = programme(CARE)
    sale = price(compiled, line("plan", "99", "2"), line("a", "10"))
    assert (why(sale, "u").code, why(sale, "u").params) == ("uses_given", {"n": 6})
    state = then(then(EMPTY, sale), refund(sale, {"plan": 2_000}, at_ms=NOON))
    assert state.held("u", NOON) == ()


def test_no_use_is_wasted_on_what_cannot_become_cheaper() -> None:
    compiled = programme("  - {id: u, kind: entitlement, NAME, uses: 1, products: {tags: [care]}}\n")
    held = apply(EMPTY, [Granted(Grant("a", "u", "uses", NOON))], NOON)
    goods = line("a", "10", tags=("care", "no_discount")), line("b", "5", tags=("care",))
    decision = price(compiled, *goods, state=held, redeem=Redeem(entitlements=("u",)))
    assert [each.net_minor for each in decision.lines] == [1_000, 0]
