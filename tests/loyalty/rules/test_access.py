from __future__ import annotations

from app.loyalty.effects import (
    Grant,
    Granted,
)
from app.loyalty.state import DAY_MS, EMPTY, apply
from tests.loyalty.support import NOON, line, price, programme


def test_goods_kept_for_some_are_refused_to_others_until_the_date() -> None:
    limits = "when: {until: 2026-01-31}, audience: {vip: [v]}"
    rule = f"  - {{id: x, kind: access, NAME, products: {{skus: [new]}}, {limits}}}\n"
    vip = "  - {id: v, kind: vip, NAME}\n"
    compiled = programme(rule + vip)
    barred = price(compiled, line("new", "10"))
    assert barred.refused[0].params == {"needed": "v", "line": "new"}
    held = apply(EMPTY, [Granted(Grant("g", "v", "status", NOON))], NOON)
    assert price(compiled, line("new", "10"), state=held).refused == ()
    assert price(compiled, line("new", "10"), at_ms=NOON + 17 * DAY_MS).refused == ()
