from __future__ import annotations

import pytest

from app.loyalty.basket import Code
from app.loyalty.effects import CodeUsed, Grant, GrantUsed
from app.loyalty.refund import refund
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, at, line, off, price, programme, then, why

COME_BACK = """
  - id: b
    kind: come_back
    NAME
    min_receipt: 5
    steps: [{days: 7, percent: 15%}, {days: 14, percent: 10%}, {days: 30, percent: 5%}]
"""


@pytest.mark.parametrize(
    ("days", "discount"),
    [(0, 150), (7, 150), (8, 100), (14, 100), (15, 50), (30, 50), (31, 0)],
)
def test_the_return_coupon_shrinks_with_both_boundary_days_included(days: int, discount: int) -> None:
    compiled = programme(COME_BACK)
    hours = ("00:00", "23:59")
    for issued in hours:
        issued_at_ms = at(f"2026-01-15 {issued}")
        state = then(EMPTY, price(compiled, line("a", "10"), at_ms=issued_at_ms))
        code = Code(state.grants[0].code)
        for hour in hours:
            at_ms = at(f"2026-01-15 {hour}") + days * DAY_MS
            if at_ms >= issued_at_ms:
                later = price(compiled, line("a", "10"), state=state, at_ms=at_ms, codes=(code,), sale_id="t")
                assert off(later).get("b", 0) == discount


def test_a_coupon_is_used_once_and_known_by_its_own_words_at_another_till() -> None:
    compiled = programme(COME_BACK)
    state = then(EMPTY, price(compiled, line("a", "10")))
    code = Code(state.grants[0].code)
    used = price(compiled, line("a", "10"), state=state, codes=(code,), sale_id="t")
    after = then(state, used)
    assert [grant.code for grant in after.grants] == ["t:b"]
    signed = Code("s:b", rule="b", issued_at_ms=NOON)
    elsewhere = price(compiled, line("a", "10"), state=EMPTY, codes=(signed,), sale_id="u")
    assert off(elsewhere) == {"b": 150}
    assert off(price(compiled, line("a", "10"), codes=(Code("s:b", "b", NOON, used=1),))) == {}


def test_a_coupon_used_by_nobody_known_is_used_all_the_same() -> None:
    compiled = programme(COME_BACK)
    slip = Code("slip", rule="b", issued_at_ms=NOON)
    used = price(compiled, line("a", "10"), state=None, codes=(slip,))
    assert off(used) == {"b": 150}
    assert used.effects == (CodeUsed("b", "slip"),)
    assert refund(used, {"a": 1000}, at_ms=NOON).effects == (CodeUsed("b", "slip", -1),)
    copied = price(compiled, line("a", "10"), state=None, codes=(Code("slip", "b", NOON, used=1),))
    assert (off(copied), why(copied, "b").code) == ({}, "coupon_used")


def test_a_return_coupon_is_issued_only_while_and_where_the_rule_holds() -> None:
    rule = COME_BACK + "    when: {until: 2026-01-15}\n    audience: {stores: [w1]}\n"
    compiled = programme(rule)
    assert [g.kind for g in price(compiled, line("a", "10"), store="w1").issued] == ["coupon"]
    assert price(compiled, line("a", "10"), store="w2").issued == ()
    assert price(compiled, line("a", "10"), store="w1", at_ms=NOON + DAY_MS).issued == ()


def test_a_used_coupon_comes_back_with_a_full_refund() -> None:
    compiled = programme(COME_BACK)
    state = then(EMPTY, price(compiled, line("a", "10")))
    used = price(compiled, line("a", "10"), state=state, codes=(Code("s:b"),), sale_id="t")
    assert apply(then(state, used), refund(used, {"a": 1000}, at_ms=NOON).effects, NOON) == state


def test_a_coupon_asks_for_its_least_receipt_also_while_another_is_issued() -> None:
    compiled = programme(COME_BACK)
    state = then(EMPTY, price(compiled, line("a", "10")))
    short = price(compiled, line("a", "4.99"), state=state, codes=(Code("s:b"),), sale_id="t")
    assert (off(short), why(short, "b").code) == ({}, "coupon_issued")
    lacking = ("b", "missing_for_coupon", {"missing_minor": 1})
    assert [(each.rule, each.code, each.params) for each in short.offers] == [lacking]
    guest = price(compiled, line("a", "4.99"), state=None, codes=(Code("s:b", "b", NOON),))
    assert (why(guest, "b").code, why(guest, "b").params) == lacking[1:]
    enough = price(compiled, line("a", "5"), state=state, codes=(Code("s:b"),), sale_id="t")
    assert off(enough) == {"b": 75}


def test_a_coupon_is_issued_to_members_for_a_receipt_large_enough_and_lapses_with_its_last_day() -> None:
    compiled = programme(COME_BACK + "    min_receipt_to_issue: 20\n")
    assert price(compiled, line("a", "19.99")).issued == ()
    assert price(compiled, line("a", "20"), state=None).issued == ()
    decision = price(compiled, line("a", "20"), at_ms=at("2026-01-15 23:59"))
    assert [(each.code, each.rule, each.kind, each.uses) for each in decision.issued] == [
        ("s:b", "b", "coupon", 1)
    ]
    assert decision.issued[0].expires_at_ms == at("2026-02-15 00:00")
    reason = why(decision, "b")
    assert (reason.applied, reason.code, reason.params) == (True, "coupon_issued", {"n": 30})
    assert price(programme(COME_BACK), line("a", "0")).issued == ()
    assert len(price(programme(COME_BACK), line("a", "0.01")).issued) == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (None, "coupon_not_presented"),
        (Code("other"), "coupon_not_presented"),
        (Code("s:b", "b"), "coupon_not_presented"),  # nobody signed when it was issued
        (Code("s:b", "b", NOON, used=1), "coupon_used"),
        (Code("s:b", "b", NOON, used_by_member=1), "coupon_used"),
        (Code("s:b", "b", NOON - 31 * DAY_MS), "coupon_expired"),
        (Code("s:b", "b", NOON + DAY_MS), "coupon_expired"),  # of another till's tomorrow
        (Code("s:b", "b", NOON), "applied"),
    ],
)
def test_why_a_coupon_is_taken_or_not(code: Code | None, reason: str) -> None:
    decision = price(programme(COME_BACK), line("a", "10"), codes=(code,) if code else (), state=None)
    assert why(decision, "b").code == reason


def test_of_two_coupons_the_first_that_may_be_used_is_and_the_other_stays() -> None:
    compiled = programme(COME_BACK)
    state = then(EMPTY, price(compiled, line("a", "10")))
    state = then(state, price(compiled, line("a", "10"), state=state, sale_id="t"))
    codes = (Code("s:b", used=1), Code("t:b"))
    decision = price(compiled, line("a", "10"), state=state, codes=codes, sale_id="u")
    assert CodeUsed("b", "t:b") in decision.effects
    assert sorted(each.code for each in then(state, decision).grants) == ["s:b", "u:b"]


def test_a_coupon_that_another_rule_has_beaten_is_kept() -> None:
    better = "  - {id: x, kind: threshold, NAME, steps: [{from: 1, give: {percent: 50%}}]}\n"
    compiled = programme(COME_BACK + better)
    state = then(EMPTY, price(compiled, line("a", "10")))
    decision = price(compiled, line("a", "10"), state=state, codes=(Code("s:b"),), sale_id="t")
    assert off(decision) == {"x": 500}
    assert sorted(each.code for each in then(state, decision).grants) == ["s:b", "t:b"]


def test_a_coupon_known_by_its_words_alone_is_written_down_as_used_like_any_other() -> None:
    decision = price(programme(COME_BACK), line("a", "10"), codes=(Code("slip", "b", NOON - DAY_MS),))
    assert GrantUsed(Grant("slip", "b", "coupon", NOON - DAY_MS)) in decision.effects
