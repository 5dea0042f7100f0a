"""Random rules of every kind: small goods and round figures, so that rules meet."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

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
    ("grapes", "fruit", "", ("weighed",)),
]
SPECIAL = [
    ("courier", "service", "", ("delivery",)),
    ("voucher", "voucher", "", ("gift_card",)),
    ("present", "voucher", "bar", ()),
    ("pass", "service", "", ()),
    ("status", "service", "", ()),
]
"""Goods that some kinds are about: delivery, gift cards, what sells uses or a status."""
NAMES = {"ru": "имя", "pl": "nazwa", "en": "name"}
Fields = dict[str, Any]


def goods_filter(rng: Random) -> Fields:
    _, category, brand, tags = rng.choice(GOODS)
    choices: list[Fields] = [
        {"categories": [rng.choice(list(CATEGORIES))]},
        {"skus": [good[0] for good in rng.sample(GOODS, rng.randint(1, 3))]},
        {"not": {"categories": [category if category in CATEGORIES else "food"]}},
    ]
    choices += [{"brands": [brand]}] if brand else []
    choices += [{"tags": list(tags)}] if tags else []
    return rng.choice(choices)


def money(rng: Random, low: int, high: int) -> str:
    minor = rng.randint(low, high)
    return f"{minor // 100}.{minor % 100:02}"


def percent(rng: Random) -> str:
    return f"{rng.choice([1, 2.5, 5, 7, 10, 12.5, 15, 33, 50, 100])}%"


def benefit(rng: Random) -> Fields:
    return rng.choice(
        [{"percent": percent(rng)}, {"amount": money(rng, 1, 2000)}, {"points": "50"}, {"gift": "cup"}]
    )


def _group(rng: Random, *names: str) -> Fields:
    return {"group": rng.choice(names)} if rng.random() < 0.4 else {}


def _least(rng: Random) -> Fields:
    return {"min_receipt": money(rng, 1, 3000)} if rng.random() < 0.3 else {}


def _lots(rng: Random) -> Fields:
    if rng.random() < 0.6:
        return {}
    expires = rng.choice([{"days": 30}, {"months": 1, "to_month_end": "true"}, {"idle_days": 20}])
    return {"lots": {"spendable_after_days": rng.choice([0, 3]), "expires": expires}}


def _price(rng: Random) -> Fields:
    how = rng.choice(
        [{"percent": percent(rng)}, {"amount": money(rng, 1, 300)}, {"price": money(rng, 0, 900)}]
    )
    return {**how, **_group(rng, "line", "second")}


def _bundle(rng: Random) -> Fields:
    shape = rng.randint(0, 2)
    group = _group(rng, "line", "second")
    if shape == 0:
        take = rng.randint(2, 4)
        share = {"percent": percent(rng)} if rng.random() < 0.3 else {}
        return {"n_for_m": {"take": take, "pay": rng.randint(1, take - 1), **share}, **group}
    if shape == 1:
        get = {
            "products": goods_filter(rng),
            "percent": percent(rng),
            "pick": rng.choice(["cheapest", "dearest"]),
        }
        beside = [{"products": goods_filter(rng), "qty": rng.randint(1, 2)}] if rng.random() < 0.3 else []
        return {"buy": rng.randint(1, 2), "beside": beside, "get": get, **group}
    parts = [{"products": goods_filter(rng), "qty": rng.randint(1, 2)} for _ in range(2)]
    price = {"price": money(rng, 100, 1500)} if rng.random() < 0.5 else {"percent": percent(rng)}
    return {"set": parts, **price, **group}


def _threshold(rng: Random) -> Fields:
    limits = sorted(rng.sample(range(100, 6000, 50), rng.randint(1, 3)))
    steps = [{"from": f"{limit // 100}.{limit % 100:02}", "give": benefit(rng)} for limit in limits]
    return {"steps": steps, **_group(rng, "receipt", "late")}


def _stamps(rng: Random) -> Fields:
    common: Fields = {"size": rng.randint(2, 6), **_least(rng)}
    if rng.random() < 0.3:
        common["cap_per_day"] = rng.randint(1, 4)
    if rng.random() < 0.2:
        common["expires_after_idle_days"] = 10
    if rng.random() < 0.6:
        return {**common, "free": rng.choice(["cheapest", "dearest"])}
    per = rng.choice(["unit", "receipt", money(rng, 100, 1000)])
    return {**common, "per": per, "reward": benefit(rng), "carry_over": rng.choice(["true", "false"])}


def _tier(rng: Random) -> Fields:
    limits = sorted(rng.sample(range(1, 60), 2))
    levels = [
        {
            "id": f"l{n}",
            "name": NAMES,
            "from": limit,
            "percent": percent(rng),
            "multiplier": rng.choice(["1", "1.5"]),
        }
        for n, limit in enumerate(limits)
    ]
    return {
        "basis": rng.choice(["spend", "points", "receipts"]),
        "levels": levels,
        "window": rng.choice(["lifetime", "calendar_year", 30]),
        "counts": rng.choice(["now", "next_sale"]),
        "group": rng.choice(["tier", "receipt"]),
    }


def _points(rng: Random) -> Fields:
    earn: Fields = {
        "points": rng.choice(["1", "0.5", "3"]),
        "per": rng.choice(["1", "10", "0.33", "unit", "visit"]),
        "base": rng.choice(["paid", "net", "gross"]),
        "round_to": rng.choice(["hundredth", "point", "point_down"]),
        **_least(rng),
    }
    rule: Fields = {"earn": earn, **_lots(rng)}
    if rng.random() < 0.3:
        rule["multipliers"] = [{"products": goods_filter(rng), "times": rng.choice(["2", "1.5", "0"])}]
    if rng.random() < 0.7:
        redeem: Fields = {
            "value": rng.choice(["0.01", "0.005", "1", "0.03"]),
            "block": rng.choice(["1", "10", "0.5"]),
            "max_share": rng.choice(["100%", "50%", "33%"]),
            "same_sale": rng.choice(["true", "false"]),
        }
        if rng.random() < 0.3:
            redeem["min_points"] = rng.choice(["5", "100"])
        if rng.random() < 0.3:
            redeem["products"] = goods_filter(rng)
        rule["redeem"] = redeem
    return rule


def _cashback(rng: Random) -> Fields:
    rates = {name: percent(rng) for name in rng.sample(list(CATEGORIES), 2)}
    rule: Fields = {"rate": rng.choice(["0%", "1%"]), "rates": rates, **_least(rng), **_lots(rng)}
    if rng.random() < 0.3:
        names = rng.sample(list(CATEGORIES), 2)
        rule["chosen"] = {"categories": names, "rate": percent(rng), "picks": rng.randint(1, 2)}
    return {
        **rule,
        "base": rng.choice(["paid", "net"]),
        "round_to": rng.choice(["hundredth", "point", "point_down"]),
    }


def _nth_purchase(rng: Random) -> Fields:
    count = {"every": rng.randint(1, 4)} if rng.random() < 0.6 else {"every_spend": money(rng, 100, 4000)}
    return {**count, "give": benefit(rng), **_least(rng), **_lots(rng), **_group(rng, "receipt", "late")}


def _vip(rng: Random) -> Fields:
    rule: Fields = {"percent": percent(rng), "multiplier": rng.choice(["1", "2"]), "term_days": 30}
    if rng.random() < 0.5:
        rule |= {"sold": "true", "products": {"skus": ["status"]}}
    if rng.random() < 0.4:
        rule["goods"] = goods_filter(rng)
    return rule


def _welcome(rng: Random) -> Fields:
    return {"give": benefit(rng), **_least(rng), **_group(rng, "receipt", "late")}


def _come_back(rng: Random) -> Fields:
    steps = [{"days": 7, "percent": "15%"}, {"days": 14, "percent": "10%"}, {"days": 30, "percent": "5%"}]
    least = {"min_receipt_to_issue": money(rng, 1, 3000)} if rng.random() < 0.4 else {}
    return {"steps": steps[: rng.randint(1, 3)], **_least(rng), **least}


def _promo_code(rng: Random) -> Fields:
    limits = {key: rng.randint(1, 2) for key in ("per_member", "total") if rng.random() < 0.4}
    return {"codes": [rng.choice(["TEN", "Ten"])], "give": benefit(rng), **limits, **_least(rng)}


def _referral(rng: Random) -> Fields:
    pays = rng.choice(
        [
            {"pays_on": "first_purchase"},
            {"pays_on": "each_purchase", "purchases": 2},
            {"pays_on": "enrolment"},
        ]
    )
    return {**pays, "friend_points": "5", "referrer_points": "10", "after_days": 14, **_least(rng)}


def _free_delivery(rng: Random) -> Fields:
    both = {"from_total": money(rng, 100, 4000), "first_order": "true"}
    return {key: both[key] for key in rng.sample(list(both), rng.randint(1, 2))}


def _challenge(rng: Random) -> Fields:
    goal = rng.choice(
        [
            {"goal": rng.choice(["receipts", "weeks"]), "target": rng.randint(1, 3)},
            {"goal": rng.choice(["units", "categories"]), "target": rng.randint(2, 6)},
            {"goal_spend": money(rng, 500, 6000)},
            {"wheel": [{"weight": 1, "give": {"points": "7"}, "cost": "1.00"}, {"weight": 2}]},
        ]
    )
    window = {"window_days": rng.choice([7, 30])} if rng.random() < 0.5 else {}
    prize = {} if "wheel" in goal else {"give": benefit(rng), "badge": "true"}
    return {**goal, **window, **prize, **_least(rng), "repeat": rng.choice(["true", "false"])}


def _tenure(rng: Random) -> Fields:
    steps = [{"years": years, "give": benefit(rng)} for years in rng.sample([1, 2, 3], rng.randint(1, 2))]
    within = {"within_days": rng.choice([0, 3, 400])} if rng.random() < 0.6 else {}
    return {"steps": steps, **within, **_group(rng, "receipt", "late")}


def _birthday(rng: Random) -> Fields:
    window = {"before": rng.randint(0, 3), "after": rng.randint(0, 3), "known_days": rng.choice([0, 7])}
    return {"window": window, "give": benefit(rng), "once": rng.choice(["true", "false"])}


def _complement(rng: Random) -> Fields:
    bought, offered = rng.sample([good[0] for good in GOODS], 2)
    pairs = [{"bought": {"skus": [bought]}, "offer": {"skus": [offered]}}]
    if rng.random() < 0.4:
        pairs.append({"bought": {"categories": ["drinks"]}, "offer": {"categories": ["food"]}})
    how = rng.choice([{"percent": percent(rng)}, {"amount": money(rng, 1, 300)}, {}])
    return {"pairs": pairs, "before_days": rng.choice([0, 10]), **how, **_group(rng, "line", "second")}


def _activity(rng: Random) -> Fields:
    limits = {key: rng.randint(1, 2) for key in ("per_day", "per_week", "per_month", "ever")}
    chosen = {key: limits[key] for key in rng.sample(list(limits), 2)}
    gives = rng.choice([{"points": "5"}, {"percent": percent(rng)}])
    return {"event": "review", "limits": chosen, **gives, **_lots(rng)}


def _reward(rng: Random) -> Fields:
    cup: Fields = {"id": "cup", "name": NAMES, "points": rng.choice(["10", "80"])}
    for key in ("stock", "per_member"):
        if rng.random() < 0.4:
            cup[key] = rng.randint(1, 2)
    return {"items": [cup, {"id": "toy", "name": NAMES, "points": "300"}]}


def _entitlement(rng: Random) -> Fields:
    rule: Fields = {"uses": rng.randint(1, 3), "products": goods_filter(rng)}
    return rule | ({"sold_by": {"skus": ["pass"]}, "expires": {"days": 30}} if rng.random() < 0.6 else {})


def _partner(rng: Random) -> Fields:
    both = {"partner": "roaster", "products": {"brands": ["bar"]}, **_lots(rng)}
    earning = {"points": "2", "per": rng.choice(["1", "0.30"])} if rng.random() < 0.8 else {}
    return {**both, **earning, "partner_stores": ["w1"]}


def _gift_card(rng: Random) -> Fields:
    return {"products": {"skus": ["present"]}, "min_amount": "1", "max_amount": "20"}


def _access(rng: Random) -> Fields:
    until = rng.choice(["2026-01-14", "2026-01-31"])
    return {"products": goods_filter(rng), "audience": {"segments": ["club"]}, "when": {"until": until}}


MAKERS: dict[str, Callable[[Random], Fields]] = {
    "points": _points,
    "cashback": _cashback,
    "stamps": _stamps,
    "nth_purchase": _nth_purchase,
    "tier": _tier,
    "vip": _vip,
    "welcome": _welcome,
    "come_back": _come_back,
    "promo_code": _promo_code,
    "referral": _referral,
    "free_delivery": _free_delivery,
    "challenge": _challenge,
    "tenure": _tenure,
    "birthday": _birthday,
    "bundle": _bundle,
    "threshold": _threshold,
    "price": _price,
    "complement": _complement,
    "activity": _activity,
    "reward": _reward,
    "entitlement": _entitlement,
    "partner": _partner,
    "gift_card": _gift_card,
    "access": _access,
}
"""By kind, what is its own; `tests.loyalty.cases` adds what every kind has."""
