"""The load of the engine's bench: 500 promotions and baskets, the same for every engine compared.

A third takes a percentage off a category, a third is buy-2-get-1 of a category, the rest are receipt
thresholds and fixed amounts off an article.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from app.loyalty.basket import Basket, Line
from app.loyalty.engine import Compiled, compile_programme
from app.loyalty.programme import load_programme

CATEGORIES = 100
ARTICLES = 2_000
NAMES = {"ru": "имя", "pl": "nazwa", "en": "name"}


def promotions(count: int, prefix: str = "c") -> list[dict[str, Any]]:
    """Promotions as plain facts: kind, category or article, figure. `prefix` "none" matches nothing."""
    rng = Random(7)
    made: list[dict[str, Any]] = []
    for n in range(count):
        if n % 3 == 0:
            made.append(
                {"kind": "percent", "category": f"{prefix}{rng.randrange(CATEGORIES)}", "value": n % 25 + 5}
            )
        elif n % 3 == 1:
            made.append({"kind": "buyget", "category": f"{prefix}{rng.randrange(CATEGORIES)}", "value": 1})
        elif n % 2 == 0:
            made.append({"kind": "threshold", "from": rng.randrange(50, 2_000), "value": n % 10 + 1})
        else:
            made.append({"kind": "fixed", "sku": f"{prefix}s{rng.randrange(ARTICLES)}", "value": n % 9 + 1})
    return made


def compiled(count: int, prefix: str = "c", *, thresholds: bool = True) -> Compiled:
    """The promotions as a programme of ours."""
    wanted = [p for p in promotions(count, prefix) if thresholds or p["kind"] != "threshold"]
    rules = [rule(n, promotion) for n, promotion in enumerate(wanted)]
    programme = {
        "stempel": 1, "id": "bench", "version": 1, "name": NAMES, "valid_from": "2026-01-01",
        "currency": "PLN", "time_zone": "Europe/Warsaw", "rules": rules,
    }  # fmt: skip
    return compile_programme(load_programme(json.dumps(programme).encode()))


def rule(number: int, promotion: dict[str, Any]) -> dict[str, Any]:
    """A promotion as a rule of a programme file."""
    base: dict[str, Any] = {"id": f"p{number}", "name": NAMES}
    match promotion["kind"]:
        case "percent":
            goods = {"categories": [promotion["category"]]}
            return {**base, "kind": "price", "percent": f"{promotion['value']}%", "products": goods}
        case "buyget":
            goods = {"categories": [promotion["category"]]}
            return {**base, "kind": "bundle", "n_for_m": {"take": 3, "pay": 2}, "products": goods}
        case "threshold":
            step = {"from": promotion["from"], "give": {"percent": f"{promotion['value']}%"}}
            return {**base, "kind": "threshold", "steps": [step]}
        case _:
            goods = {"skus": [promotion["sku"]]}
            return {**base, "kind": "price", "amount": f"0.{promotion['value']:02}", "products": goods}


def basket(lines: int, seed: int = 1) -> Basket:
    rng = Random(seed)
    made: list[Line] = []
    for n in range(lines):
        article = rng.randrange(ARTICLES)
        qty = rng.choice([1, 1, 1, 2, 3, 4]) * 1000
        made.append(
            Line(f"l{n}", f"cs{article}", f"c{article % CATEGORIES}", qty, rng.randrange(99, 4_999), tax="A")
        )
    return Basket(tuple(made))
