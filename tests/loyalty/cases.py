"""Random programmes of every kind of rule, with members, baskets and contexts, from a seed."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from app.loyalty.basket import Basket, Birthday, Code, Context, GiftCard, Line, Redeem
from app.loyalty.effects import (
    PURCHASES,
    Counted,
    Enrolled,
    Grant,
    Granted,
    Lot,
    PointsEarned,
    PointsSpent,
    ReceiptCounted,
    StampsChanged,
)
from app.loyalty.model import Programme
from app.loyalty.programme import ProgrammeProblems, load_programme
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
from tests.loyalty.rule_cases import CATEGORIES, GOODS, MAKERS, NAMES, SPECIAL, goods_filter, money, percent
from tests.loyalty.support import NOON

FREQUENT = ("price", "price", "bundle", "bundle", "threshold", "stamps", "tier", "points", "cashback")
"""Kinds that meet others most often are drawn more often."""
NOT_ABOUT_GOODS = {"activity", "complement", "free_delivery", "reward"}
TAKE_NOTHING_OFF = {"access", "activity", "cashback", "gift_card", "partner", "points", "referral", "reward"}
RULES_MAX = 7
TODAY = NOON // DAY_MS


def case(seed: int) -> tuple[Programme, MemberState | None, Basket, Context]:
    """Everything that `evaluate` takes, of one seed."""
    rng = Random(seed)
    rules = programme(rng)
    return rules, state(rng, rules), basket(rng), context(rng)


def programme(rng: Random) -> Programme:
    rules = [_rule(rng, number) for number in range(rng.randint(1, RULES_MAX))]
    for rule in [rule for rule in rules if "redeem" in rule][1:]:
        rule.pop("redeem")  # points are spent by one rule only
    for rule in [rule for rule in rules if rule["kind"] == "promo_code"][1:]:
        rule["codes"] = [f"{code}-{rule['id']}" for code in rule["codes"]]
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
        caps = {"line": percent(rng), "receipt": percent(rng), "receipt_amount": money(rng, 1, 900)}
        whole["caps"] = {key: caps[key] for key in rng.sample(list(caps), rng.randint(1, 2))}
    if rng.random() < 0.3:
        whole["floors"] = [_floor(rng)]
    named = sorted({rule["group"] for rule in rules if "group" in rule})
    if named and rng.random() < 0.4:
        whole["groups"] = rng.sample(named, len(named))
    return without_unused(whole)


def without_unused(whole: dict[str, Any]) -> Programme:
    """The programme without what the check refuses as doing nothing: makers need not know it all."""
    try:
        return load_programme(json.dumps(whole).encode())
    except ProgrammeProblems as refused:
        for path in sorted({problem.path for problem in refused.problems}, reverse=True):
            place: Any = whole
            *way, last = path.replace("[", ".").replace("]", "").split(".")
            for part in way:
                place = place[int(part)] if isinstance(place, list) else place[part]
            del place[int(last) if isinstance(place, list) else last]
        return without_unused(whole)


def _floor(rng: Random) -> dict[str, Any]:
    limit = {"price": money(rng, 1, 400)} if rng.random() < 0.5 else {"share": f"{rng.randint(10, 100)}%"}
    return {"products": goods_filter(rng), **limit}


def _rule(rng: Random, number: int) -> dict[str, Any]:
    kind = rng.choice([*MAKERS, *FREQUENT])
    rule: dict[str, Any] = {"id": f"r{number}", "kind": kind, "name": NAMES}
    if rng.random() < 0.6 and kind not in NOT_ABOUT_GOODS:
        rule["products"] = goods_filter(rng)
    if kind not in TAKE_NOTHING_OFF:
        if rng.random() < 0.3:
            rule["priority"] = str(rng.randint(-1, 2))
        if rng.random() < 0.1:
            rule["exclusive"] = "true"
        if rng.random() < 0.15:
            rule["max_discount"] = money(rng, 1, 900)
    if rng.random() < 0.2:
        rule["audience"] = rng.choice(_AUDIENCES)
    if rng.random() < 0.15:
        rule["when"] = rng.choice(_WHENS)
    if rng.random() < 0.1:
        rule["budget"] = {"total": money(rng, 1, 900)}
        if rng.random() < 0.4:
            rule["budget"]["new_members"] = "0.50"
            rule["budget"]["total"] = "4.00"
    return rule | MAKERS[kind](rng)


_AUDIENCES: list[dict[str, Any]] = [
    {"who": "members"},
    {"who": "guests"},
    {"segments": ["club", "staff"]},
    {"stores": ["w1"]},
    {"channels": ["web"]},
    {"birthday": {"before": 2, "after": 2, "known_days": 3}},
]
_WHENS: list[dict[str, Any]] = [
    {"weekdays": ["thu", "fri"]},  # NOON is a Thursday
    {"weekdays": ["sat"]},
    {"hours": "12:00-13:00"},
    {"hours": "22:00-12:00"},
    {"from": "2026-01-15"},
    {"until": "2026-01-14"},
]


def state(rng: Random, rules: Programme) -> MemberState | None:
    """A member with a history under rules of these names, of whatever kind they are now."""
    if rng.random() < 0.15:
        return None
    if rng.random() < 0.1:
        return EMPTY
    effects: list[Any] = [Enrolled(NOON - rng.choice([0, 3, 366, 800]) * DAY_MS, rng.choice(["", "anna"]))]
    for number in range(rng.randint(0, 3)):
        expires = rng.choice([None, NOON + rng.randint(1, 90) * DAY_MS])
        ready = rng.choice([0, 0, NOON + DAY_MS])
        idle = rng.choice([None, None, 5])
        earned = NOON - rng.choice([1, 1, 9]) * DAY_MS
        effects.append(
            PointsEarned(Lot(f"lot{number}", "r0", rng.randint(1, 90_000), earned, ready, expires, idle))
        )
    if rng.random() < 0.5:  # five days and ten are what lots and cards may be idle for
        day = TODAY - rng.choice([0, 1, 4, 5, 6, 10, 11])
        effects.append(Counted(PURCHASES, day, receipts=rng.choice([1, 1, 2, -1]), keep_days=10))
    for number in range(RULES_MAX):
        if rng.random() < 0.5:
            idle = next(
                (getattr(r, "expires_after_idle_days", None) for r in rules.rules if r.id == f"r{number}"),
                None,
            )
            effects += _history(rng, f"r{number}", idle)
        if rng.random() < 0.4:
            effects.append(Granted(_grant(rng, f"r{number}")))
    if rng.random() < 0.1:
        effects.append(PointsSpent("r0", rng.randint(1, 20_000)))  # more than there is: a debt
    effects.append(ReceiptCounted(rng.choice([0, 0, 1, 3]), 1000))
    return apply(EMPTY, effects, NOON - DAY_MS)


def _history(rng: Random, rule: str, idle_days: int | None) -> list[Any]:
    day = rng.choice([0, TODAY - rng.randint(0, 20)])
    counted = Counted(
        rule,
        day,
        receipts=rng.randint(1, 30),
        spend_minor=rng.randint(0, 5000),
        points_centi=rng.randint(0, 5000),
        units_milli=rng.randint(0, 5) * 1000,
        uses=rng.choice([0, 0, 1]),
    )
    keys = [f"{rule}#category:food", f"{rule}#category:dairy", f"{rule}#done", f"{rule}#0", f"{rule}#cup"]
    more = Counted(rng.choice(keys), TODAY - rng.randint(0, 20), receipts=1, uses=1)
    return [StampsChanged(rule, rng.randint(-1, 5), idle_days), counted, more][: rng.randint(1, 3)]


def _grant(rng: Random, rule: str) -> Grant:
    """Something held of a rule, of whatever kind that is: a coupon, a status, uses, a picked category."""
    kind = rng.choice(["coupon", "status", "uses", "reward"])
    ends = rng.choice([None, NOON + rng.randint(1, 9) * DAY_MS])
    issued = NOON - rng.choice([1, 7, 8, 14, 31]) * DAY_MS
    item = rng.choice(["", "dairy", "coffee"])
    return Grant(f"held:{rule}", rule, kind, issued, rng.randint(1, 3), 0, ends, item)


def basket(rng: Random) -> Basket:
    lines: list[Line] = []
    for number in range(rng.randint(1, 8)):
        sku, category, brand, tags = rng.choice(GOODS if rng.random() < 0.85 else SPECIAL)
        qty = rng.choice([1, 1, 1, 2, 3, 4, 7]) * 1000 if rng.random() < 0.85 else rng.randint(1, 3000)
        price = rng.choice([1, 99, 100, 420, 649, 1200, 1890, rng.randint(0, 3000)])
        tax = rng.choice(["A", "B"])
        manual = rng.randint(1, 900) if rng.random() < 0.1 else 0
        lines.append(Line(f"l{number}", sku, category, qty, price, "", brand, tags, manual, tax))
    return Basket(tuple(lines))


def context(rng: Random) -> Context:
    def some(values: list[Any], chance: float) -> tuple[Any, ...]:
        return tuple(value for value in values if rng.random() < chance)

    points: Any = rng.choice([0, 0, "max", rng.randint(1, 100) * 100])
    rules = [f"r{number}" for number in range(RULES_MAX)]
    codes = [Code("ten", used=rng.choice([0, 1])), Code("nonsense"), Code("unique", rng.choice(rules))]
    codes += [Code(f"held:{rule}") for rule in rules]
    rewards = [*(f"{rule}/cup" for rule in rules), *(f"held:{rule}" for rule in rules)]
    uses = [rule for rule in rules for _ in range(2)]
    redeem = Redeem(
        points, some([GiftCard("g", rng.randint(0, 3000))], 0.2), some(rewards, 0.3), some(uses, 0.3)
    )
    return Context(
        at_ms=NOON,
        sale_id=f"s{rng.randint(0, 9)}",
        store=rng.choice(["w1", "w2"]),
        channel=rng.choice(["till", "web"]),
        codes=some(codes, 0.3),
        redeem=redeem,
        member_id=rng.choice(["me", "anna"]),
        segments=some(["club"], 0.5),
        birthday=Birthday(1, rng.randint(11, 19), NOON - rng.choice([2, 30]) * DAY_MS),
        points_limit_centi=rng.choice([None, None, 0, 20_000]),
        budgets={
            rule + rng.choice(["", "#new", "#existing", "/cup"]): rng.choice([0, 1, 50, 2000])
            for rule in some(rules, 0.3)
        },
    )
