from __future__ import annotations

import pytest

from app.loyalty.basket import Code
from app.loyalty.effects import CodeUsed, Counted
from app.loyalty.state import EMPTY
from tests.loyalty.support import line, off, price, programme, then, why

CODE = "  - {id: c, kind: promo_code, NAME, codes: [WELCOME10], give: {percent: 10%%}%s}\n"


def test_a_shared_code_in_any_case_with_its_limits() -> None:
    compiled = programme(CODE % ", total: 3, per_member: 1")
    used = price(compiled, line("a", "10"), codes=(Code("welcome10"),))
    assert off(used) == {"c": 100}
    assert CodeUsed("c", "WELCOME10") in used.effects
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


@pytest.mark.parametrize(
    ("terms", "code", "reason"),
    [
        ("", Code("WELCOME10", used=99), "applied"),
        (", total: 3", Code("WELCOME10", used=2), "applied"),
        (", total: 3", Code("WELCOME10", used=3), "code_used_up"),
        (", total: 3", Code("Unique-1", "c"), "applied"),
        (", total: 3", Code("Unique-1", "c", used=1), "code_used_up"),  # once, whatever a shared one may
        (", per_member: 2", Code("WELCOME10", used_by_member=1), "applied"),
        (", per_member: 2", Code("WELCOME10", used_by_member=2), "code_used_up"),
        ("", Code("OTHER"), "code_not_presented"),
        ("", Code("OTHER", "x"), "code_not_presented"),
    ],
)
def test_how_often_a_code_may_be_used(terms: str, code: Code, reason: str) -> None:
    decision = price(programme(CODE % terms), line("a", "10"), codes=(code,))
    assert why(decision, "c").code == reason
    assert off(decision) == ({"c": 100} if reason == "applied" else {})
    assert (CodeUsed("c", code.code) in decision.effects) == (reason == "applied")


def test_uses_are_counted_for_the_member_whichever_code_it_was() -> None:
    compiled = programme(CODE % ", per_member: 2")
    state, given = EMPTY, []
    for number in range(3):
        decision = price(compiled, line("a", "10"), state=state, codes=(Code(f"u{number}", "c"),))
        given.append(off(decision).get("c", 0))
        state = then(state, decision)
    assert given == [100, 100, 0]


def test_of_two_codes_the_first_that_may_still_be_used_is() -> None:
    codes = Code("u1", "c", used=1), Code("u2", "c"), Code("u3", "c")
    decision = price(programme(CODE % ""), line("a", "10"), codes=codes)
    assert [each for each in decision.effects if isinstance(each, CodeUsed)] == [CodeUsed("c", "u2")]


@pytest.mark.parametrize(
    ("goods", "code", "params"),
    [("9.99", "missing_for_code", {"missing_minor": 1}), ("10", "applied", {"amount_minor": 100})],
)
def test_a_code_asks_for_its_least_receipt(goods: str, code: str, params: dict[str, int]) -> None:
    compiled = programme(CODE % ", min_receipt: 10")
    reason = why(price(compiled, line("a", goods), codes=(Code("WELCOME10"),)), "c")
    assert (reason.code, reason.params) == (code, params)


@pytest.mark.parametrize("give", ["points: 5", "gift: cup"])
def test_a_code_for_something_to_keep_waits_for_a_member(give: str) -> None:
    compiled = programme(f"  - {{id: c, kind: promo_code, NAME, codes: [FIVE], give: {{{give}}}}}\n")
    code = Code("five")
    guest = price(compiled, line("a", "10"), state=None, codes=(code,))
    assert (guest.effects, why(guest, "c").code) == ((), "members_only")
    member = price(compiled, line("a", "10"), codes=(code,))
    assert CodeUsed("c", "FIVE") in member.effects
    assert (member.points.earned_centi, len(member.issued)) == ((500, 0) if "5" in give else (0, 1))


def test_a_code_about_some_goods_is_not_used_up_by_others() -> None:
    compiled = programme(CODE % ", products: {skus: [a]}")
    assert not price(compiled, line("b", "10"), state=None, codes=(Code("WELCOME10"),)).effects
    guests = price(
        programme(CODE % ", per_member: 1"), line("a", "10"), state=None, codes=(Code("WELCOME10"),)
    )
    assert (off(guests), why(guests, "c").code) == ({}, "members_only")


def test_a_use_is_counted_for_ever() -> None:
    decision = price(programme(CODE % ", per_member: 1"), line("a", "10"), codes=(Code("WELCOME10"),))
    assert Counted("c", 0, uses=1) in decision.effects
