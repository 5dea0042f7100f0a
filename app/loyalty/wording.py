"""What a Decision wants said, as message ids with parameters: no prose, no language, no formatting.

resources/texts/loyalty.{ru,pl,en}.yaml hold the texts by code with CLDR plural categories; `app.texts`
chooses the form and formats the parameters by the ending of their names: `_minor` money, `_centi`
points, `_milli` quantity, `percent` a decimal; `winner`, `needed`, `level`, `item` and `category`
are ids whose translated names `name_of` gives.
"""

from __future__ import annotations

import msgspec

from app.loyalty.benefit import percent_text
from app.loyalty.compiled import Compiled
from app.loyalty.decision import DecidedLine, Decision, Offer, Param, Reason
from app.loyalty.manual import MANUAL, RULE
from app.loyalty.model import Names, Rule
from app.loyalty.rules.cashback import Cashback
from app.loyalty.rules.price import PriceRule
from app.loyalty.rules.reward import Rewards
from app.loyalty.rules.tier import TierRule


class Message(msgspec.Struct, frozen=True):
    """A text to show: its id in the catalogue, its parameters, and the rule's own words for `{name}`."""

    code: str
    params: dict[str, Param]
    name: Names


def name_of(compiled: Compiled, id: str) -> Names:
    """The translated name of a rule, a level or a category; the id itself where it has none."""
    rule = compiled.rules.get(id) or (RULE if id == MANUAL else None)
    if rule is not None:
        return rule.name
    for tier in compiled.tiers:
        for level in tier.settings.levels:
            if level.id == id:
                return level.name
    for plan in compiled.of(Rewards):
        if id in plan.items:
            return plan.items[id].name
    category = compiled.programme.categories.get(id)
    return category.name if category and category.name else Names(id, id, id)


def reason_message(compiled: Compiled, reason: Reason | Offer) -> Message:
    """The text of a reason or an offer."""
    return Message(reason.code, reason.params, name_of(compiled, reason.rule))


def line_messages(compiled: Compiled, decision: Decision, index: int) -> list[Message]:
    """What to show under a line of the Decision: each discount, then what comes back in points."""
    line = decision.lines[index]
    messages = [
        _discount(compiled.rules.get(discount.rule) or RULE, decision, discount.amount_minor)
        for discount in line.discounts
    ]
    return messages + _cashback(compiled, line)


def _discount(rule: Rule, decision: Decision, amount_minor: int) -> Message:
    label = rule.label or rule.name
    params: dict[str, Param] = {"amount_minor": amount_minor}
    if isinstance(rule, PriceRule) and rule.percent:
        return Message("line_percent", {**params, "percent": percent_text(rule.percent)}, label)
    if isinstance(rule, TierRule):
        reached = next((view.level for view in decision.tiers if view.rule == rule.id), "")
        level = next((level for level in rule.levels if level.id == reached), None)
        if level is not None and level.percent:
            return Message("line_percent", {**params, "percent": percent_text(level.percent)}, level.name)
    return Message("line_discount", params, label)


def _cashback(compiled: Compiled, line: DecidedLine) -> list[Message]:
    messages: list[Message] = []
    for earned in line.earned:
        rule = compiled.rules[earned.rule]
        if any(isinstance(plan, Cashback) for plan in compiled.by_rule[rule.id]):
            messages.append(Message("line_cashback", {"points_centi": earned.amount_centi}, rule.name))
    return messages
