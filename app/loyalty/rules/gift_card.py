"""`gift_card`: stored value; which goods are gift cards, and between which amounts they are sold.

Selling one earns nothing and takes no discount; paying with one is tender, after points
(app.loyalty.spending).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.loyalty.effects import GiftCardSold
from app.loyalty.model import EVERYTHING, PositiveMoney, Programme, Rule
from app.loyalty.plan import Kind, Plan, Run, Scope, Work
from app.loyalty.promise import Said, say
from app.loyalty.unused import unused


class GiftCardRule(Rule, frozen=True, kw_only=True):
    """`products` are the goods that are gift cards (those tagged `gift_card` are so anyway)."""

    min_amount: PositiveMoney | None = None
    max_amount: PositiveMoney | None = None


class GiftCards(Plan):
    def __init__(self, rule: GiftCardRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule

    def works(self, run: Run) -> Sequence[Work]:
        return [w for w in run.aside if self.filter in w.profile.filters and w.line.qty_milli > 0]

    def settle(self, run: Run) -> None:
        rule = self.settings
        for work in self.works(run):
            price = work.line.unit_price_minor
            if rule.min_amount is not None and price < rule.min_amount:
                run.refused.append(self.no("gift_card_too_small", min_minor=rule.min_amount))
            elif rule.max_amount is not None and price > rule.max_amount:
                run.refused.append(self.no("gift_card_too_large", max_minor=rule.max_amount))
            else:
                run.effects.append(GiftCardSold(self.id, work.line.id, work.net))
                run.notes[self.id] = self.yes("gift_card_sold", amount_minor=work.net)


def plans(rule: GiftCardRule, scope: Scope) -> list[Plan]:
    return [GiftCards(rule, scope)]


def check(rule: GiftCardRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if rule.products == EVERYTHING:
        yield "products", "every article would be a gift card", "name the goods that are"
    if rule.min_amount is not None and rule.max_amount is not None and rule.max_amount < rule.min_amount:
        yield "max_amount", "it is less than min_amount", "raise max_amount or lower min_amount"
    yield from unused(rule, "when", "audience", because="a gift card is one at any time and whoever buys it")


def terms(rule: GiftCardRule, programme: Programme) -> Said:
    yield say("gift_card")
    if rule.min_amount is not None:
        yield say("gift_card_min", amount_minor=rule.min_amount)
    if rule.max_amount is not None:
        yield say("gift_card_max", amount_minor=rule.max_amount)


KIND = Kind(GiftCardRule, plans, check, terms=terms)
