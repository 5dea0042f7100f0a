"""What all customers share: budgets of rules and stocks of rewards, and what facts charge to them.

A budget belongs to the id of its rule, through every version of the programme, and so does the stock of a
reward. What a fact charges is kept by **part**: `rule#new` and `rule#existing`, in minor units, by whether
the customer was a new member; `rule/item` for a reward, in pieces. A budget that is not split is both parts
of it, so that a later version may begin to split it, or cease to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from app.loyalty.effects import AnyEffect, BudgetSpent, Counted, PointsReturned, PointsSpent
from app.loyalty.engine import Compiled
from app.loyalty.model import Rule
from app.loyalty.rules.reward import RewardRule

Charges = Mapping[str, int]
"""What was given, by part; below zero where more came back than was given."""

_CHARGES: Final = re.compile(rb'"budget"|"key":"[^"#]+#')


def may_charge(body: bytes) -> bool:
    """Whether a fact's bytes may charge anything: most do not, and need not be decoded to know it."""
    return _CHARGES.search(body) is not None


def charges_of(effects: Iterable[AnyEffect]) -> dict[str, int]:
    """What the effects of a fact charge, by part. A refund's are below zero: it gives back."""
    found: dict[str, int] = {}
    bought: set[str] = set()
    for effect in effects:
        match effect:
            case BudgetSpent(rule, amount_minor, new_member):
                part = f"{rule}#new" if new_member else f"{rule}#existing"
                found[part] = found.get(part, 0) + amount_minor
            case PointsSpent(rule, tender=False) | PointsReturned(rule):
                bought.add(rule)
            case Counted(key, 0, uses=uses) if uses and "#" in key:
                # Other kinds count by such keys, too; only a reward is paid for in the same breath.
                rule, _, item = key.partition("#")
                if rule in bought:
                    part = f"{rule}/{item}"
                    found[part] = found.get(part, 0) + uses
            case _:
                pass
    return {part: amount for part, amount in found.items() if amount}


class Limit(NamedTuple):
    """A budget or a stock of a programme, and the parts that are charged to it. `pieces`: a stock."""

    rule: str
    total: int
    parts: tuple[str, ...]
    pieces: bool = False

    def left(self, spent: Charges) -> int:
        """Never below zero, and never more than there was: a sale may be unknown here whose refund is not."""
        return min(max(self.total - self.spent(spent), 0), self.total)

    def spent(self, spent: Charges) -> int:
        return sum(spent.get(part, 0) for part in self.parts)


Limits = Mapping[str, Limit]
"""By the key of the engine's `Context.budgets`."""
_limits: WeakKeyDictionary[Compiled, Limits] = WeakKeyDictionary()


def limits_of(compiled: Compiled) -> Limits:
    """Every budget and stock of a programme; worked out once."""
    found = _limits.get(compiled)
    if found is None:
        named = (pair for rule in compiled.programme.rules for pair in _of(rule))
        found = _limits[compiled] = dict(named)
    return found


def _of(rule: Rule) -> Iterable[tuple[str, Limit]]:
    new, existing = f"{rule.id}#new", f"{rule.id}#existing"
    if rule.budget is not None:
        total, for_new = rule.budget.total, rule.budget.new_members
        if for_new is None:
            yield rule.id, Limit(rule.id, total, (new, existing))
        else:
            yield new, Limit(rule.id, for_new, (new,))
            yield existing, Limit(rule.id, total - for_new, (existing,))
    if isinstance(rule, RewardRule):
        for item in rule.items:
            if item.stock is not None:
                part = f"{rule.id}/{item.id}"
                yield part, Limit(rule.id, item.stock, (part,), pieces=True)


def left_of(compiled: Compiled, spent: Charges) -> dict[str, int]:
    """What is left, for `Context.budgets`. What nobody has touched is not named: then all of it is left."""
    found: dict[str, int] = {}
    for key, (_, total, parts, _) in limits_of(compiled).items() if spent else ():
        gave = 0
        for part in parts:  # at every scan: a call for each budget would take most of the time
            gave += spent.get(part, 0)
        if gave:
            found[key] = min(max(total - gave, 0), total)
    return found
