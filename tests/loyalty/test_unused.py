"""No setting is silently ignored: in every shape of every kind it changes a decision, or it is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pytest

import resources
from app.loyalty.basket import Basket, Birthday, Code, Context, Line, Redeem
from app.loyalty.effects import (
    AnyEffect,
    Counted,
    Enrolled,
    Grant,
    Granted,
    Lot,
    PointsEarned,
    ReceiptCounted,
    StampsChanged,
)
from app.loyalty.engine import compile_programme, evaluate
from app.loyalty.events import Event, enrol, evaluate_event
from app.loyalty.model import Programme, Rule
from app.loyalty.programme import ProgrammeProblems, load_programme
from app.loyalty.rules import KINDS
from app.loyalty.state import DAY_MS, EMPTY, MemberState, apply
from tests.loyalty.cases import case
from tests.loyalty.rule_cases import CATEGORIES, NAMES, SPECIAL
from tests.loyalty.rule_cases import GOODS as GOODS_AND_TAGS
from tests.loyalty.support import NOON

SCHEMA: dict[str, Any] = json.loads(resources.path("schemas", "programme.schema.json").read_text("utf-8"))
Fields = dict[str, Any]
OFF, POINTS, GIFT = {"percent": "10%"}, {"points": "5"}, {"gift": "cup"}
FOOD, DRINKS = {"categories": ["food"]}, {"categories": ["drinks"]}
SHAPES: dict[str, list[Fields]] = {
    "price": [{"percent": "10%"}, {"amount": "0.50"}, {"price": "3"}],
    "bundle": [
        {"n_for_m": {"take": "3", "pay": "2"}},
        {"buy": "1", "get": {"products": FOOD, "percent": "50%"}},
        {"buy": "1", "products": FOOD, "get": {"products": FOOD, "percent": "50%"}},
        {"set": [{"products": FOOD}, {"products": DRINKS}], "price": "4"},
        {"set": [{"products": FOOD}, {"products": DRINKS}], "percent": "20%"},
    ],
    "threshold": [{"steps": [{"from": "10", "give": give}]} for give in (OFF, POINTS, GIFT)],
    "points": [
        {"earn": {"points": "1", "per": "1"}},
        {"earn": {"points": "1", "per": "unit"}},
        {"earn": {"points": "1", "per": "visit"}},
        {"redeem": {"value": "0.01"}},
        {"earn": {"points": "1", "per": "1"}, "redeem": {"value": "0.01"}},
    ],
    "cashback": [{"rate": "5%"}, {"rates": {"food": "5%"}}],
    "stamps": [
        {"size": "3", "free": "cheapest"},
        {"size": "3", "reward": OFF},
        {"size": "3", "per": "receipt", "reward": POINTS},
        {"size": "3", "per": "5", "reward": GIFT},
    ],
    "nth_purchase": [
        {"every": "2", "give": OFF},
        {"every": "2", "give": POINTS},
        {"every_spend": "20", "give": GIFT},
    ],
    "tier": [
        {"basis": "spend", "levels": [{"id": "l1", "name": NAMES, "from": "10", "percent": "10%"}]},
        {"basis": "receipts", "levels": [{"id": "l1", "name": NAMES, "from": "4", "multiplier": "2"}]},
        {
            "basis": "receipts",
            "window": "10",
            "levels": [{"id": "l1", "name": NAMES, "from": "4", "percent": "10%"}],
        },
    ],
    "vip": [{"percent": "10%"}, {"multiplier": "2"}, {"sold": "true", "products": {"skus": ["status"]}}],
    "welcome": [{"give": OFF}, {"give": POINTS}, {"give": GIFT}],
    "come_back": [{"steps": [{"days": "9", "percent": "15%"}]}],
    "promo_code": [{"codes": ["TEN"], "give": OFF}, {"codes": ["TEN"], "give": POINTS}, {"give": OFF}],
    "referral": [
        {"friend_points": "5"},
        {"referrer_points": "5"},
        {"friend_points": "5", "pays_on": "enrolment"},
        {"friend_points": "5", "pays_on": "each_purchase", "purchases": "2"},
    ],
    "free_delivery": [{"from_total": "5"}, {"first_order": "true"}],
    "challenge": [
        {"goal": "receipts", "target": "3", "give": OFF},
        {"goal": "units", "target": "3", "give": POINTS},
        {"goal_spend": "30", "badge": "true"},
        {"wheel": [{"weight": "1", "give": POINTS}, {"weight": "1"}]},
    ],
    "tenure": [{"steps": [{"years": "1", "give": give}]} for give in (OFF, POINTS, GIFT)],
    "birthday": [{"window": {"before": "2", "after": "2"}, "give": give} for give in (OFF, POINTS)],
    "complement": [
        {"pairs": [{"bought": FOOD, "offer": DRINKS}], "percent": "10%"},
        {"pairs": [{"bought": FOOD, "offer": DRINKS}], "amount": "0.30"},
        {"pairs": [{"bought": FOOD, "offer": DRINKS}]},
    ],
    "activity": [{"event": "review", "points": "5"}, {"event": "review", "percent": "10%"}],
    "reward": [{"items": [{"id": "cup", "name": NAMES, "points": "10"}]}],
    "entitlement": [
        {"uses": "2", "products": FOOD},
        {"uses": "2", "products": FOOD, "sold_by": {"skus": ["pass"]}},
    ],
    "partner": [
        {"partner": "bar", "products": {"brands": ["bar"]}, "points": "2", "per": "1"},
        {"partner": "bar", "partner_stores": ["w1"]},
    ],
    "gift_card": [{"products": {"skus": ["present"]}}],
    "access": [{"products": FOOD, "audience": {"segments": ["club"]}}],
}
"""The forms that a rule of each kind can take."""
VALUES: dict[str, list[Any]] = {
    "products": [DRINKS, {"brands": ["bar"]}, {"skus": ["apple"]}],
    "goods": [DRINKS, {"brands": ["bar"]}],
    "sold_by": [{"skus": ["pass"]}, {"skus": ["soap"]}],
    "priority": ["2", "-2"], "exclusive": ["true"], "group": ["early", "late", "tie"],
    "max_discount": ["0.05"], "budget": [{"total": "0.05"}],
    "when": [{"until": "2026-01-14"}], "audience": [{"stores": ["w2"]}, {"segments": ["club", "staff"]}],
    "lots": [{"expires": {"days": "9"}}], "expires": [{"days": "9"}, {"months": "1"}],
    "beside": [[{"products": {"brands": ["orchard"]}}]],
    "multipliers": [[{"products": FOOD, "times": "2"}]],
    "rates": [{"drinks": "7%"}], "chosen": [{"categories": ["coffee", "dairy"], "rate": "20%"}],
    "limits": [{"per_day": "1"}, {"ever": "1"}], "window": ["calendar_year", "5"],
    "base": ["gross", "net"], "round_to": ["point", "point_down"], "counts": ["now"],
    "downgrade": ["one_step", "never"], "pick": ["dearest"], "free": ["dearest"],
    "per": ["unit", "receipt", "visit", "2"],
    "codes": [["NONE", "UNIQUE"]], "redeem": [{"value": "0.03"}], "earn": [{"points": "3", "per": "0.5"}],
    "percent": ["33%"], "multiplier": ["3"], "max_share": ["10%"], "pays_on": ["enrolment", "first_purchase"],
    "goal": ["categories"], "rate": ["9%"], "times": ["3"], "basis": ["points"], "carry_over": ["false"],
    "wheel": [[{"weight": "3", "give": GIFT}, {"weight": "1"}]], "give": [GIFT, POINTS, OFF],
    "min_amount": ["9"], "max_amount": ["1"], "term_days": ["9"], "before_days": ["10"],
    "partner_stores": [["w1", "w2"]], "badge": ["true", "false"], "repeat": ["true"], "same_sale": ["true"],
    "cap_per_day": ["1"], "stock": ["1"], "per_member": ["1"], "total": ["1"], "once": ["false"],
    "expires_after_idle_days": ["10"], "within_days": ["0"], "known_days": ["9"], "grace_days": ["30"],
    "window_days": ["2"], "goal_spend": ["20"], "target": ["5"], "block": ["7"], "min_points": ["50"],
    "cost": ["0.50"], "sold": ["true", "false"], "first_order": ["true", "false"], "from_total": ["9"],
    "every": ["3"], "min_receipt": ["100"], "who": ["guests", "members"],
}  # fmt: skip
"""What a setting is set to in turn, until one of these shows. Others take a plain value of their type."""
PLAIN = ["2", "19", "7%", "true", "1", "0"]
UNREADABLE = re.compile("is not (a|one|true|between|above) ")
"""As in "7% is not a whole number": the value does not suit, which says nothing of the setting."""
TEXTS = {"name", "label", "terms", "id", "kind", "gift", "event", "partner"}
"""What people read and machines call it. Figures do not follow from them."""
PROMISED = {
    "referral": {"lots": "the referrer's points are somebody else's, and paid elsewhere"},
    "vip": {"term_days": "given by hand, its term is what the terms promise"},
    "entitlement": {
        "uses": "given by hand, what is promised is what the terms say",
        "expires": "given by hand, what is promised is what the terms say",
    },
}
"""Shapes in which a setting is a promise that people keep, not the engine: it changes the terms alone."""


def whole(rules: list[Fields]) -> Programme:
    categories = {name: {"parent": parent} if parent else {} for name, parent in CATEGORIES.items()}
    head = {"stempel": 1, "id": "one", "version": 1, "name": NAMES, "valid_from": "2019-01-01"}
    where = {"currency": "PLN", "time_zone": "Europe/Warsaw", "categories": categories}
    named = [{"id": "r0", "name": NAMES, **rule} for rule in rules]
    return load_programme(json.dumps({**head, **where, "rules": named}).encode())


@cache
def others(kind: str, number: int) -> tuple[Rule, ...]:
    """Rules beside it: its like, some it competes with, some after it, points to earn and spend."""
    shape = SHAPES[kind][number]
    rules: list[Fields] = [
        {"kind": "price", "amount": "0.40", "group": "line", "products": FOOD},
        {"kind": "price", "percent": "10%", "group": "tie"},
        {"kind": "threshold", "group": "receipt", "steps": [{"from": "1", "give": OFF}]},
        {"kind": "threshold", "group": "tie2", "steps": [{"from": "1", "give": {"percent": "3%"}}]},
        {"kind": "points", "earn": {"points": "1", "per": "3"}},
        {"kind": "vip", "multiplier": "1.5"},
    ]
    if "redeem" not in shape:
        rules.append({"kind": "points", "redeem": {"value": "0.01"}})
    if "codes" not in shape and kind != "gift_card":
        like = {key: value for key, value in shape.items() if key != "redeem"}
        rules += [{"kind": kind, **like}] * (like == shape or "earn" in like)
    return whole([{**rule, "id": f"z{n}"} for n, rule in enumerate(rules)]).rules


def rule_of(kind: str, shape: Fields) -> Rule:
    """The rule by itself. Raises ProgrammeProblems."""
    return whole([{"kind": kind, **shape}]).rules[0]


LIKES = ("z5", "z6", "z7")
"""Where the others have a status to hold, or the rule's like its own coupons and uses."""
GOODS = ["apple 3", "pear 2", "latte 2", "mocha 1", "soap 1", "pass 1", "status 1", "courier 1", "present 1"]


def made_situations() -> Iterator[tuple[MemberState | None, Basket, Context]]:
    """A full basket for members who hold whatever a rule may have given, and for one who is new."""
    kinds = {good[0]: good for good in (*GOODS_AND_TAGS, *SPECIAL)}
    lines: list[Line] = []
    for number, text in enumerate(GOODS):
        name, qty = text.split()
        sku, category, brand, tags = kinds[name]
        lines.append(Line(f"l{number}", sku, category, int(qty) * 1000, 420, "", brand, tags, 0, "A"))
    baskets = [Basket(tuple(lines)), Basket(tuple(line for line in lines if line.sku != "soap"))]
    begun = [Enrolled(NOON - 367 * DAY_MS, "anna"), PointsEarned(Lot("l", "r0", 9_000, NOON - DAY_MS))]
    for kind in ("coupon", "status", "uses"):
        issued = NOON - 2 * DAY_MS
        holds: list[AnyEffect] = [Granted(Grant(f"held:{r}", r, kind, issued, 2)) for r in ("r0", *LIKES)]
        stamps = StampsChanged("r0", 2)
        bought = Counted("r0", NOON // DAY_MS - 8, receipts=3, spend_minor=4000, units_milli=2000)
        past = apply(EMPTY, [*begun, *holds, stamps, bought, ReceiptCounted(2, 4000)], NOON)
        fresh = apply(EMPTY, [*begun, *holds], NOON)
        visits: list[tuple[MemberState, Basket, Any]] = [(past, baskets[0], "max"), (fresh, baskets[1], 0)]
        for state, each, points in [*visits, (EMPTY, baskets[0], 0)]:
            redeem = Redeem(points, (), ("r0/cup", "r0/cup"), ("r0", *LIKES, "r0", *LIKES))
            codes = (Code("TEN"), Code("UNIQUE", "r0"), *(Code(f"held:{r}") for r in ("r0", *LIKES)))
            where = Context(NOON, "s1", "w1", codes=codes, redeem=redeem, member_id="me", segments=("club",))
            yield state, each, where


@cache
def situations() -> list[Any]:
    """States, baskets and contexts: made ones, and random cases."""
    return [*made_situations(), *(case(seed)[1:] for seed in range(60))]


def answers(rules: tuple[Rule, ...]) -> Iterator[bytes]:
    """What a programme makes of every situation, of an event and of an enrolment, one after another."""
    compiled = compile_programme(msgspec.structs.replace(EMPTY_PROGRAMME, rules=rules))
    yield msgspec.json.encode(enrol(compiled, Context(at_ms=NOON, store="w1", member_id="me"), "anna"))
    for number, (state, basket, context) in enumerate(situations()):
        birthday = Birthday(1, 16 - number % 3, NOON - 8 * DAY_MS)  # tomorrow, today, yesterday
        context = msgspec.structs.replace(context, budgets={}, birthday=birthday)
        yield msgspec.json.encode(evaluate(compiled, state, basket, context, explain=True))
        if state is not None:
            for event in (Event("e", "review", 3000), Event("e", "", 3000, partner="bar")):
                yield msgspec.json.encode(evaluate_event(compiled, state, event, context))


EMPTY_PROGRAMME = whole([{"kind": "price", "percent": "1%"}])


@cache
def plain_answers(kind: str, number: int) -> list[bytes]:
    return list(answers((rule_of(kind, SHAPES[kind][number]), *others(kind, number))))


def settings_of(schema: Fields, given: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every setting that the schema knows here, deeper where the shape has something to set."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    for name, inner in schema.get("properties", {}).items():
        if name in TEXTS or (path and name in ("categories", "skus", "brands", "tags", "not")):
            continue
        yield (*path, name)
        value = given.get(name) if isinstance(given, dict) else None
        if isinstance(value, dict) and name != "rates":
            yield from settings_of(inner, value, (*path, name))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from settings_of(inner.get("items", {}), value[0], (*path, name, 0))


def schema_of(kind: str) -> Fields:
    return SCHEMA["$defs"][f"kind_{kind}"]


def changed(shape: Fields, path: tuple[Any, ...], value: Any) -> Fields:
    copy = json.loads(json.dumps(shape))
    place = copy
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return copy


CASES = [
    pytest.param(kind, number, path, id=f"{kind}{number}.{'.'.join(map(str, path))}")
    for kind, shapes in SHAPES.items()
    for number, shape in enumerate(shapes)
    for path in settings_of(schema_of(kind), shape)
]


def test_every_kind_has_its_shapes() -> None:
    assert set(SHAPES) == set(KINDS)


@pytest.mark.parametrize(("kind", "number", "path"), CASES)
def test_a_setting_changes_a_decision_or_is_refused(kind: str, number: int, path: tuple[Any, ...]) -> None:
    if path[-1] in PROMISED.get(kind, {}):
        return
    shape = SHAPES[kind][number]
    tried: list[Any] = []
    for value in VALUES.get(path[-1], PLAIN):
        other = changed(shape, path, value)
        if other == shape:
            continue
        try:
            rule = rule_of(kind, other)
        except ProgrammeProblems as refused:
            if not UNREADABLE.search(str(refused)):
                return
            tried.append((value, str(refused)))
            continue
        pairs = zip(plain_answers(kind, number), answers((rule, *others(kind, number))), strict=True)
        if any(one != two for one, two in pairs):
            return
        tried.append((value, "the same"))
    pytest.fail(f"{kind} {'.'.join(map(str, path))} does nothing in {shape}: {tried}")
