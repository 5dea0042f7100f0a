from __future__ import annotations

from app.loyalty.basket import Code
from app.loyalty.effects import CodeUsed
from app.loyalty.state import EMPTY
from tests.loyalty.support import line, off, price, programme, then, why

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
