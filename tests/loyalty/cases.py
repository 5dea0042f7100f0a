"""Random programmes, members and baskets from a seed: small goods and round figures, so that rules meet."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from app.loyalty.basket import Basket, Code, Context, GiftCard, Line, Redeem
from app.loyalty.effects import Counted, Lot, PointsEarned, ReceiptCounted, StampsChanged
from app.loyalty.model import Programme
from app.loyalty.programme import load_programme
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
from tests.loyalty.support import NOON

CATEGORIES = {
    "food": "",
    "fruit": "food",
    "apples": "fruit",
    "dairy": "food",
    "drinks": "",
    "coffee": "drinks",
}
GOODS = [
    ("apple", "apples", "orchard", ()),
    ("pear", "fruit", "orchard", ("organic",)),
    ("milk", "dairy", "farm", ()),
    ("curd", "dairy", "", ("organic",)),
    ("latte", "coffee", "", ()),
    ("mocha", "coffee", "bar", ("new",)),
    ("water", "drinks", "bar", ("no_discount",)),
    ("soap", "other", "", ()),
]
NAMES = {"ru": "имя", "pl": "nazwa", "en": "name"}
Rules = list[dict[str, Any]]


def case(seed: int) -> tuple[Programme, MemberState | None, Basket, Context]:
    """Everything that `evaluate` takes, of one seed."""
    rng = Random(seed)
    return programme(rng), state(rng), basket(rng), context(rng)


def programme(rng: Random) -> Programme:
    rules = [_rule(rng, number) for number in range(rng.randint(1, 7))]
    if sum("redeem" in rule for rule in rules) > 1:
        for rule in [rule for rule in rules if "redeem" in rule][1:]:
            rule.pop("redeem")
            rule.setdefault("earn", {"points": "1", "per": "1"})
    whole: dict[str, Any] = {
        "stempel": 1,
        "id": "random",
        "version": 1,
        "name": NAMES,
        "valid_from": "2020-01-01",
        "currency": "PLN",
        "time_zone": "Europe/Warsaw",
        "rounding": rng.choice(["half_up", "down"]),
        "categories": {name: {"parent": parent} if parent else {} for name, parent in CATEGORIES.items()},
        "rules": rules,
    }
    if rng.random() < 0.3:
        whole["caps"] = {
            key: f"{rng.randint(5, 90)}%" for key in rng.sample(["line", "receipt"], rng.randint(1, 2))
        }
    if rng.random() < 0.3:
        whole["floors"] = [_floor(rng)]
    return load_programme(json.dumps(whole).encode())


def _floor(rng: Random) -> dict[str, Any]:
    limit = {"price": _money(rng, 1, 400)} if rng.random() < 0.5 else {"share": f"{rng.randint(10, 100)}%"}
    return {"products": _filter(rng), **limit}


def _rule(rng: Random, number: int) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": f"r{number}", "name": NAMES}
    if rng.random() < 0.6:
        rule["products"] = _filter(rng)
    if rng.random() < 0.3:
        rule["priority"] = str(rng.randint(-1, 2))
    if rng.random() < 0.1:
        rule["exclusive"] = "true"
    if rng.random() < 0.15:
        rule["max_discount"] = _money(rng, 1, 900)
    if rng.random() < 0.1:
        rule["audience"] = {"who": rng.choice(["members", "guests"])}
    return rule | rng.choice(
        [_price, _price, _bundle, _bundle, _threshold, _stamps, _tier, _points, _cashback]
    )(rng)


def _filter(rng: Random) -> dict[str, Any]:
    _, category, brand, tags = rng.choice(GOODS)
    choices: list[dict[str, Any]] = [
        {"categories": [rng.choice(list(CATEGORIES))]},
        {"skus": [good[0] for good in rng.sample(GOODS, rng.randint(1, 3))]},
        {"not": {"categories": [category if category in CATEGORIES else "food"]}},
    ]
    choices += [{"brands": [brand]}] if brand else []
    choices += [{"tags": list(tags)}] if tags else []
    return rng.choice(choices)


def _money(rng: Random, low: int, high: int) -> str:
    minor = rng.randint(low, high)
    return f"{minor // 100}.{minor % 100:02}"


def _percent(rng: Random) -> str:
    return f"{rng.choice([1, 2.5, 5, 7, 10, 12.5, 15, 33, 50, 100])}%"


def _group(rng: Random, *names: str) -> dict[str, Any]:
    return {"group": rng.choice(names)} if rng.random() < 0.4 else {}


def _price(rng: Random) -> dict[str, Any]:
    how = rng.choice(
        [{"percent": _percent(rng)}, {"amount": _money(rng, 1, 300)}, {"price": _money(rng, 0, 900)}]
    )
    return {"kind": "price", **how, **_group(rng, "line", "second")}


def _bundle(rng: Random) -> dict[str, Any]:
    shape = rng.randint(0, 2)
    group = _group(rng, "line", "second")
    if shape == 0:
        take = rng.randint(2, 4)
        return {"kind": "bundle", "n_for_m": {"take": take, "pay": rng.randint(1, take - 1)}, **group}
    if shape == 1:
        get = {
            "products": _filter(rng),
            "percent": _percent(rng),
            "pick": rng.choice(["cheapest", "dearest"]),
        }
        return {"kind": "bundle", "buy": rng.randint(1, 2), "get": get, **group}
    parts = [{"products": _filter(rng), "qty": rng.randint(1, 2)} for _ in range(2)]
    price = {"price": _money(rng, 100, 1500)} if rng.random() < 0.5 else {"percent": _percent(rng)}
    return {"kind": "bundle", "set": parts, **price, **group}


def _benefit(rng: Random) -> dict[str, Any]:
    return rng.choice(
        [{"percent": _percent(rng)}, {"amount": _money(rng, 1, 2000)}, {"points": "50"}, {"gift": "cup"}]
    )


def _threshold(rng: Random) -> dict[str, Any]:
    limits = sorted(rng.sample(range(100, 6000, 50), rng.randint(1, 3)))
    steps = [{"from": f"{limit // 100}.{limit % 100:02}", "give": _benefit(rng)} for limit in limits]
    return {"kind": "threshold", "steps": steps, **_group(rng, "receipt", "late")}


def _stamps(rng: Random) -> dict[str, Any]:
    common: dict[str, Any] = {"kind": "stamps", "size": rng.randint(2, 6)}
    if rng.random() < 0.3:
        common["cap_per_day"] = rng.randint(1, 4)
    if rng.random() < 0.6:
        return {**common, "free": rng.choice(["cheapest", "dearest"])}
    per = rng.choice(["unit", "receipt", _money(rng, 100, 1000)])
    return {**common, "per": per, "reward": _benefit(rng), "carry_over": rng.choice(["true", "false"])}


def _tier(rng: Random) -> dict[str, Any]:
    basis = rng.choice(["spend", "points", "receipts"])
    limits = sorted(rng.sample(range(1, 60), 2))
    levels = [
        {
            "id": f"l{n}",
            "name": NAMES,
            "from": limit,
            "percent": _percent(rng),
            "multiplier": rng.choice(["1", "1.5"]),
        }
        for n, limit in enumerate(limits)
    ]
    window = rng.choice(["lifetime", "calendar_year", 30])
    more = {
        "window": window,
        "counts": rng.choice(["now", "next_sale"]),
        "group": rng.choice(["tier", "receipt"]),
    }
    return {"kind": "tier", "basis": basis, "levels": levels, **more}


def _points(rng: Random) -> dict[str, Any]:
    earn: dict[str, Any] = {
        "points": rng.choice(["1", "0.5", "3"]),
        "per": rng.choice(["1", "10", "0.33", "unit", "visit"]),
        "base": rng.choice(["paid", "net", "gross"]),
        "round_to": rng.choice(["hundredth", "point", "point_down"]),
    }
    rule: dict[str, Any] = {"kind": "points", "earn": earn}
    if rng.random() < 0.3:
        rule["multipliers"] = [{"products": _filter(rng), "times": rng.choice(["2", "1.5", "0"])}]
    if rng.random() < 0.7:
        redeem = {
            "value": rng.choice(["0.01", "0.005", "1", "0.03"]),
            "block": rng.choice(["1", "10", "0.5"]),
        }
        redeem["max_share"] = rng.choice(["100%", "50%", "33%"])
        rule["redeem"] = {**redeem, "same_sale": rng.choice(["true", "false"])}
    return rule


def _cashback(rng: Random) -> dict[str, Any]:
    rates = {name: _percent(rng) for name in rng.sample(list(CATEGORIES), 2)}
    return {
        "kind": "cashback",
        "rate": rng.choice(["0%", "1%"]),
        "rates": rates,
        "base": rng.choice(["paid", "net"]),
    }


def state(rng: Random) -> MemberState | None:
    if rng.random() < 0.15:
        return None
    effects: list[Any] = []
    for number in range(rng.randint(0, 3)):
        expires = rng.choice([None, NOON + rng.randint(1, 90) * DAY_MS])
        ready = rng.choice([0, 0, NOON + DAY_MS])
        effects.append(
            PointsEarned(Lot(f"lot{number}", "r0", rng.randint(1, 90_000), NOON - DAY_MS, ready, expires))
        )
    for number in range(7):
        if rng.random() < 0.5:
            effects.append(StampsChanged(f"r{number}", rng.randint(-1, 5)))
            day = rng.choice([0, NOON // DAY_MS - rng.randint(1, 20)])
            counted = {"receipts": rng.randint(1, 30), "spend_minor": rng.randint(0, 5000)}
            effects.append(Counted(f"r{number}", day, points_centi=rng.randint(0, 5000), **counted))
    if effects:
        effects.append(ReceiptCounted(rng.randint(0, 3), 1000))
    return apply(EMPTY, effects, NOON - DAY_MS)


def basket(rng: Random) -> Basket:
    lines: list[Line] = []
    for number in range(rng.randint(1, 8)):
        sku, category, brand, tags = rng.choice(GOODS)
        qty = rng.choice([1, 1, 1, 2, 3, 4, 7]) * 1000 if rng.random() < 0.85 else rng.randint(1, 3000)
        price = rng.choice([1, 99, 100, 420, 649, 1200, 1890, rng.randint(0, 3000)])
        tax = rng.choice(["A", "B"])
        lines.append(Line(f"l{number}", sku, category, qty, price, brand=brand, tags=tags, tax=tax))
    return Basket(tuple(lines))


def context(rng: Random) -> Context:
    points: Any = rng.choice([0, 0, "max", rng.randint(1, 100) * 100])
    cards = (GiftCard("g", rng.randint(0, 3000)),) if rng.random() < 0.2 else ()
    limit = rng.choice([None, None, 0, 20_000])
    redeem = Redeem(points, cards)
    return Context(at_ms=NOON, sale_id="s", codes=(Code("x"),), redeem=redeem, points_limit_centi=limit)
