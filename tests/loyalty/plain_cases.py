"""Random cases of `tests.loyalty.cases` as the JSON that `stempel price` reads."""

from __future__ import annotations

from typing import Any

from app.loyalty.basket import Basket, Context
from app.loyalty.contract import Contract
from app.loyalty.plain import Plain, time_text
from app.loyalty.state import MemberState


def plain_case(
    contract: Contract, state: MemberState | None, basket: Basket, context: Context
) -> dict[str, Any]:
    """A case as one writes it by hand: decimal strings, defaults left out."""
    plain = contract.plain
    case: dict[str, Any] = {
        "at": time_text(context.at_ms),
        "store": context.store,
        "channel": context.channel,
        "sale": context.sale_id,
        "basket": [_line(plain, plain.write(line)) for line in basket.lines],
        "codes": [plain.write(code) for code in context.codes],
        "redeem": _redeem(plain, context),
        "budgets": {key: plain.money(minor) for key, minor in context.budgets.items()},
    }
    if context.points_limit_centi is not None:
        case["points_limit"] = plain.points(context.points_limit_centi)
    if state is not None:
        birthday = plain.write(context.birthday) if context.birthday else None
        person = {"id": context.member_id, "segments": list(context.segments), "birthday": birthday}
        case["member"] = {**person, "state": plain.write(state)}
    return case


def _line(plain: Plain, line: dict[str, Any]) -> dict[str, Any]:
    return {"line": line.pop("id"), **line}


def _redeem(plain: Plain, context: Context) -> dict[str, Any]:
    wish = context.redeem
    points = "max" if wish.points_centi == "max" else plain.points(wish.points_centi)
    cards = [plain.write(card) for card in wish.gift_cards]
    return {
        "points": points,
        "gift_cards": cards,
        "rewards": list(wish.rewards),
        "entitlements": list(wish.entitlements),
    }
