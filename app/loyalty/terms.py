"""The terms of a programme for customers, from its settings, as sentences (`app.loyalty.promise`).

`stempel programme explain` writes them out. What a kind promises is said by the kind itself; here is what
holds for rules of any kind, and for the programme as a whole.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from app.loyalty.compiled import stages_by_group
from app.loyalty.model import Audience, Budget, Names, Programme, Rule, When
from app.loyalty.promise import Said, Term, about, birthday_window, joined, percent, plain, say, some
from app.loyalty.rules import KINDS
from app.loyalty.rules.tier import TierRule


class RuleTerms(msgspec.Struct, frozen=True):
    """What one rule promises, and under which conditions."""

    rule: str
    name: Names
    terms: tuple[Term, ...]
    fine_print: Names | None = None


def explain(programme: Programme) -> tuple[RuleTerms, ...]:
    """Every rule's terms, in the programme's order."""
    return tuple(
        RuleTerms(rule.id, rule.name, tuple(_rule(programme, rule)), rule.terms) for rule in programme.rules
    )


def general(programme: Programme) -> tuple[Term, ...]:
    """What holds for all rules together: from when, which of several wins, how much at most."""
    return tuple(_general(programme))


def _rule(programme: Programme, rule: Rule) -> Said:
    yield from about(programme, rule.products)
    yield from KINDS[rule.kind].terms(rule, programme)
    if rule.max_discount is not None:
        yield say("max_discount", amount_minor=rule.max_discount)
    if rule.exclusive:
        yield say("exclusive")
    yield from _when(rule.when)
    yield from _audience(programme, rule.audience)
    yield from _budget(rule.budget)


def _when(when: When) -> Said:
    if when.from_ is not None:
        yield say("when_from", date=when.from_.isoformat())
    if when.until is not None:
        yield say("when_until", date=when.until.isoformat())
    if when.weekdays:
        yield say("when_weekdays", weekdays=",".join(when.weekdays))
    if when.hours is not None:
        start, end = when.hours
        yield say("when_hours", hours=f"{start // 60:02}:{start % 60:02}–{end // 60:02}:{end % 60:02}")


def _audience(programme: Programme, audience: Audience) -> Said:
    if audience.who != "anyone":
        yield say(f"{audience.who}_only")
    if audience.tiers:
        levels = {
            level.id: level.name for r in programme.rules if isinstance(r, TierRule) for level in r.levels
        }
        yield say("levels_only", names={"levels": joined(levels.get(id, plain(id)) for id in audience.tiers)})
    if audience.vip:
        rules = {rule.id: rule.name for rule in programme.rules}
        yield say("status_only", names={"statuses": joined(rules.get(id, plain(id)) for id in audience.vip)})
    for code in ("segments", "stores", "channels"):
        values: tuple[str, ...] = getattr(audience, code)
        if values:
            yield say(f"{code}_only", list=", ".join(values))
    if audience.birthday is not None:
        yield from birthday_window(audience.birthday)


def _budget(budget: Budget | None) -> Said:
    if budget is not None:
        yield say("budget")


def _general(programme: Programme) -> Said:
    yield say("when_from", date=programme.valid_from.isoformat())
    if any(count > 1 for count in Counter(_groups(programme)).values()):
        yield say("best_of_group")
    caps = programme.caps
    if caps.line is not None:
        yield say("cap_line", percent=percent(caps.line))
    if caps.receipt is not None:
        yield say("cap_receipt", percent=percent(caps.receipt))
    if caps.receipt_amount is not None:
        yield say("cap_amount", amount_minor=caps.receipt_amount)
    for floor in programme.floors:
        named = {"goods": some(programme, floor.products)}
        if floor.price is not None:
            yield say("floor_price", parts=named, amount_minor=floor.price)
        if floor.share is not None:
            yield say("floor_share", parts=named, percent=percent(floor.share))


def _groups(programme: Programme) -> list[str]:
    """The group of every rule that competes in one."""
    return [name for name, rules in stages_by_group(programme).items() for _ in rules]
