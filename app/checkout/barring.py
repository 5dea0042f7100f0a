"""Why no money is taken for what is in the basket: goods, the hour, a reward that is not given any more."""

from __future__ import annotations

from typing import Final

import msgspec

from app.checkout import restricting
from app.checkout.heart import Heart
from app.checkout.outcome import Outcome, refused

BARRED: Final = frozenset({"access_only", "gift_card_too_small", "gift_card_too_large"})
"""What the engine refuses of the goods themselves; a refused code or wish only goes unheeded."""


def barred(heart: Heart) -> Outcome | None:
    """Goods that this customer may not buy, or not yet: no money is taken while they are there."""
    age = restricting.age_of(heart.sale, heart.shop)
    if age > heart.sale.age_checked:
        return refused("ask_age", age=age)
    for line in heart.sale.lines:
        # Rung up in time, and paid for too late: the hour of the sale is the hour it is paid.
        closed = restricting.out_of_hours(line.tags, heart.shop, heart.world.now_ms())
        if closed is not None:
            return msgspec.structs.replace(closed, line=line.key)
    nameless = next((x for x in heart.sale.lines if "gift_card" in x.tags and not x.code), None)
    if nameless is not None and heart.shop.gift_cards != "off":
        return refused("gift_card_number", line=nameless.key)
    if (over := heart.holding.barred()) is not None:
        return over
    if (item := _not_given(heart)) is not None:
        return refused("reward_not_now", item=item)
    for reason in heart.decision.refused:
        if reason.code in BARRED:
            line = reason.params.get("line")
            return refused("not_for_sale", line=int(line) if line else None, rule=reason.rule)
    return None


def _not_given(heart: Heart) -> str | None:
    """A reward on the sale that is not given any more: nobody is to hand it over. None if all are."""
    if not heart.sale.rewards:
        return None
    catalogues = {plan.id for plan in heart.programme.buying}
    for reason in heart.decision.refused:
        if reason.rule in catalogues or reason.code == "reward_unknown":
            return str(reason.params.get("item", reason.rule))
    return None
