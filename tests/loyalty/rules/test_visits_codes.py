from __future__ import annotations

import pytest

from app.loyalty.basket import Birthday, Code
from app.loyalty.effects import CodeUsed, Enrolled
from app.loyalty.refund import refund
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
from tests.loyalty.support import NOON, at, line, off, price, programme, then, why


@pytest.mark.parametrize("every", [5, 10, 20])
def test_every_nth_receipt(every: int) -> None:
    compiled = programme(f"  - {{id: n, kind: nth_purchase, NAME, every: {every}, give: {{percent: 10%}}}}\n")
    state, hits = EMPTY, []
    for visit in range(1, 2 * every + 1):
        decision = price(compiled, line("a", "10"), state=state, sale_id=str(visit))
        if off(decision):
            hits.append(visit)
        else:
            assert why(decision, "n").params["n"] == -visit % every
        state = then(state, decision)
    assert hits == [every, 2 * every]


def test_every_so_much_spent_with_the_remainder_carried_over() -> None:
    rule = "  - {id: n, kind: nth_purchase, NAME, every_spend: 100, give: {points: 5}}\n"
    compiled = programme(rule)
    first = price(compiled, line("a", "70"))
    assert why(first, "n").params == {"missing_minor": 3_000}
    second = price(compiled, line("a", "140"), state=then(EMPTY, first))
    assert second.points.earned_centi == 1_000


def test_points_of_a_round_outlive_the_sale_though_the_rule_counts_without_days() -> None:
    lots = "lots: {expires: {idle_days: 20}}"
    compiled = programme(f"  - {{id: n, kind: nth_purchase, NAME, every: 1, give: {{points: 5}}, {lots}}}\n")
    decision = price(compiled, line("a", "10"))
    assert then(EMPTY, decision).balance_centi == decision.points.balance_after_centi == 500


def test_a_receipt_below_the_minimum_does_not_count() -> None:
    rule = "  - {id: n, kind: nth_purchase, NAME, every: 2, min_receipt: 20, give: {amount: 5}}\n"
    compiled = programme(rule)
    state = then(EMPTY, price(compiled, line("a", "10")))
    assert off(price(compiled, line("a", "30"), state=state)) == {}


def test_the_first_purchase_of_a_person() -> None:
    compiled = programme("  - {id: w, kind: welcome, NAME, give: {percent: 10%}}\n")
    first = price(compiled, line("a", "10"))
    assert off(first) == {"w": 100}
    state = then(EMPTY, first)
    assert why(price(compiled, line("a", "10"), state=state), "w").code == "not_first_purchase"
    again = apply(state, refund(first, {"a": 1000}, at_ms=NOON).effects, NOON)
    assert off(price(compiled, line("a", "10"), state=again)) == {"w": 100}


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
    issued = at("2026-01-15 23:50")
    state = then(EMPTY, price(compiled, line("a", "10"), at_ms=issued))
    code = Code(state.grants[0].code)
    for hour in ("00:05", "23:55"):
        moment = at(f"2026-01-15 {hour}") + days * DAY_MS
        if moment >= issued:
            decision = price(compiled, line("a", "10"), state=state, at_ms=moment, codes=(code,), sale_id="t")
            assert off(decision).get("b", 0) == discount


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


def test_a_badge_of_the_same_rule_is_no_coupon() -> None:
    compiled = programme(
        "  - {id: c, kind: challenge, NAME, goal: receipts, target: 1, give: {percent: 10%}, badge: true}\n"
    )
    state = then(EMPTY, price(compiled, line("a", "10")))
    gained = {g.kind: Code(g.code) for g in state.grants}
    for kind, discount in (("badge", {}), ("coupon", {"c": 100})):
        decision = price(compiled, line("a", "10"), state=state, codes=(gained[kind],), sale_id="t")
        assert off(decision) == discount


def test_a_used_coupon_comes_back_with_a_full_refund() -> None:
    compiled = programme(COME_BACK)
    state = then(EMPTY, price(compiled, line("a", "10")))
    used = price(compiled, line("a", "10"), state=state, codes=(Code("s:b"),), sale_id="t")
    assert apply(then(state, used), refund(used, {"a": 1000}, at_ms=NOON).effects, NOON) == state


CODE = "  - {id: c, kind: promo_code, NAME, codes: [WELCOME10], give: {percent: 10%%}%s}\n"


def test_a_shared_code_in_any_case_with_its_limits() -> None:
    compiled = programme(CODE % ", total: 3, per_member: 1")
    used = price(compiled, line("a", "10"), codes=(Code("welcome10"),))
    assert off(used) == {"c": 100}
    assert CodeUsed("c", "welcome10") in used.effects
    state = then(EMPTY, used)
    assert (
        why(price(compiled, line("a", "10"), state=state, codes=(Code("WELCOME10"),)), "c").code
        == "code_used_up"
    )
    spent = price(compiled, line("a", "10"), codes=(Code("WELCOME10", used=3),))
    assert why(spent, "c").code == "code_used_up"


def test_an_unknown_code_is_refused_by_name() -> None:
    decision = price(programme(CODE % ""), line("a", "10"), codes=(Code("NOPE"),))
    assert [(reason.code, reason.params) for reason in decision.refused] == [
        ("code_unknown", {"code": "NOPE"})
    ]


def test_a_guest_may_use_a_code_without_limits_per_member() -> None:
    assert off(price(programme(CODE % ""), line("a", "10"), state=None, codes=(Code("WELCOME10"),))) == {
        "c": 100
    }


def test_a_losing_code_is_not_used_up_and_says_why() -> None:
    better = "  - {id: x, kind: threshold, NAME, steps: [{from: 1, give: {percent: 50%}}]}\n"
    decision = price(programme(better + CODE % ""), line("a", "10"), codes=(Code("WELCOME10"),))
    assert why(decision, "c").params["winner"] == "x"
    assert not any(isinstance(effect, CodeUsed) for effect in decision.effects)


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


def enrolled(moment: str) -> MemberState:
    return apply(EMPTY, [Enrolled(at(moment))], at(moment))


@pytest.mark.parametrize(
    ("moment", "gain"),
    [("2026-01-14 12:00", 0), ("2026-01-15 00:10", 500), ("2026-01-18 23:00", 500), ("2026-01-19 00:10", 0)],
)
def test_the_anniversary_of_joining(moment: str, gain: int) -> None:
    steps = "steps: [{years: 1, give: {amount: 5}}, {years: 9, give: {amount: 9}}], within_days: 3"
    compiled = programme(f"  - {{id: y, kind: tenure, NAME, {steps}}}\n")
    decision = price(compiled, line("a", "10"), state=enrolled("2024-01-15 18:00"), at_ms=at(moment))
    assert off(decision).get("y", 0) == gain


def test_the_anniversary_is_given_once() -> None:
    compiled = programme(
        "  - {id: y, kind: tenure, NAME, steps: [{years: 1, give: {amount: 5}}], within_days: 3}\n"
    )
    state = enrolled("2024-01-15 18:00")
    state = then(state, price(compiled, line("a", "10"), state=state))
    assert why(price(compiled, line("a", "10"), state=state), "y").code == "already_this_year"


@pytest.mark.parametrize(
    ("month", "day", "known", "code"),
    [
        (1, 18, 30, "applied"),
        (1, 19, 30, "not_near_birthday"),
        (1, 14, 30, "applied"),
        (1, 13, 30, "not_near_birthday"),
        (1, 15, 5, "not_near_birthday"),
    ],
)
def test_days_around_a_birthday_known_early_enough(month: int, day: int, known: int, code: str) -> None:
    window = "window: {before: 3, after: 1, known_days: 7}"
    compiled = programme(f"  - {{id: b, kind: birthday, NAME, {window}, give: {{percent: 10%}}}}\n")
    birthday = Birthday(month, day, NOON - known * DAY_MS)
    assert why(price(compiled, line("a", "10"), birthday=birthday), "b").code == code


def test_a_birthday_over_new_year_and_on_29_february() -> None:
    window = "window: {before: 3, after: 3}"
    compiled = programme(f"  - {{id: b, kind: birthday, NAME, {window}, give: {{percent: 10%}}}}\n")
    new_year = Birthday(1, 1, 0)
    assert off(price(compiled, line("a", "10"), birthday=new_year, at_ms=at("2026-12-30 12:00"))) == {
        "b": 100
    }
    leap = Birthday(2, 29, 0)
    assert off(price(compiled, line("a", "10"), birthday=leap, at_ms=at("2026-02-28 12:00"))) == {"b": 100}
