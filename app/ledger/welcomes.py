"""One person is welcomed once: of two memberships that became one, the later welcome is taken back.

Worked out from all facts of the person that somebody knows, and from what was taken back already, so that
facts that come late, or again, lead to the same. A refund of the sale that gave it ends the matter for that
sale: what was taken back for it is given again, for the refund takes it itself. What was taken off a price
stays taken off.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from app.ledger.facts import (
    AnyFact,
    SaleCompleted,
    SaleGivenTo,
    SaleRefunded,
    SaleTakenFrom,
    WelcomeReversed,
    effects_of,
    member_of,
)
from app.loyalty.effects import (
    AnyEffect,
    Counted,
    Grant,
    Granted,
    GrantUsed,
    Lot,
    PointsEarned,
    PointsTakenBack,
)

COUNT: Final = ""
"""The key of how often a sale welcomed its member; other keys are lots and grants."""
Amounts = Counter[str]


class _Welcome:
    """What one sale gave by one rule, less what came back, and what was taken back beside."""

    def __init__(self) -> None:
        self.member: uuid.UUID | None = None
        self.place: tuple[int, bytes] = (0, b"")
        self.given, self.reversed = Amounts(), Amounts()
        self.things: dict[str, Lot | Grant] = {}
        self.times = 0
        """Facts about it so far."""


class _Name(NamedTuple):
    sale: uuid.UUID
    rule: str


def reversals(facts: Iterable[AnyFact], rules: Collection[str]) -> list[WelcomeReversed]:
    """The facts that are lacking. `facts` are one person's, under all their ids, in any order; `rules` the
    ids of rules that welcome."""
    known: dict[_Name, _Welcome] = defaultdict(_Welcome)
    at_ms = 0
    for fact in facts:
        at_ms = max(at_ms, fact.at_ms)
        for name in _names(fact, rules):
            _note(known[name], fact, name.rule)
    by_rule: dict[str, list[tuple[_Name, _Welcome]]] = defaultdict(list)
    for name, welcome in known.items():
        if welcome.member is not None:
            by_rule[name.rule].append((name, welcome))
    made: list[WelcomeReversed] = []
    for _, theirs in sorted(by_rule.items()):
        theirs.sort(key=lambda one: one[1].place)
        first = next((name for name, welcome in theirs if welcome.given[COUNT] > 0), None)
        for name, welcome in theirs:
            effects = tuple(_effects(name.rule, welcome, wanted=name != first))
            if effects:
                made.append(_fact(name, welcome, at_ms, effects))
    return made


def _names(fact: AnyFact, rules: Collection[str]) -> Iterator[_Name]:
    if isinstance(fact, WelcomeReversed):
        yield _Name(fact.of, fact.rule)
        return
    if not isinstance(fact, SaleCompleted | SaleGivenTo | SaleRefunded | SaleTakenFrom):
        return
    sale = fact.id if isinstance(fact, SaleCompleted) else fact.sale
    if sale is not None:
        counted = {e.key for e in effects_of(fact) if isinstance(e, Counted) and e.day == 0}
        lots = {e.rule for e in effects_of(fact) if isinstance(e, PointsTakenBack)}
        yield from (_Name(sale, rule) for rule in sorted((counted | lots) & set(rules)))


def _note(welcome: _Welcome, fact: AnyFact, rule: str) -> None:
    into = welcome.reversed if isinstance(fact, WelcomeReversed) else welcome.given
    for effect in effects_of(fact):
        match effect:
            case PointsEarned(lot) if lot.rule == rule:
                into[lot.id] += lot.amount_centi
                welcome.things.setdefault(lot.id, lot)
            case PointsTakenBack(of, lot_id, amount_centi) if of == rule:
                into[lot_id] -= amount_centi
            case Granted(grant) if grant.rule == rule:
                into[grant.code] += grant.uses
                welcome.things.setdefault(grant.code, grant)
            case GrantUsed(grant, False) if grant.rule == rule:
                into[grant.code] -= grant.uses
            case Counted(key, 0) if key == rule:
                into[COUNT] += effect.uses
            case _:
                pass
    if isinstance(fact, WelcomeReversed):
        welcome.times += 1
    elif isinstance(fact, SaleCompleted | SaleGivenTo):
        welcome.member, welcome.place = member_of(fact), (fact.at_ms, fact.id.bytes)


def _effects(rule: str, welcome: _Welcome, *, wanted: bool) -> Iterator[AnyEffect]:
    """From what was taken back to what should be: `reversed` counts below zero."""
    if not welcome.things:
        return
    for key in (*welcome.things, COUNT):
        more = (welcome.given[key] if wanted else 0) + welcome.reversed[key]
        thing = welcome.things.get(key)
        if not more:
            continue
        if isinstance(thing, Lot):
            yield _points(rule, thing, more)
        elif isinstance(thing, Grant):
            uses = msgspec.structs.replace(thing, uses=abs(more))
            yield GrantUsed(uses, restore=False) if more > 0 else Granted(uses)
        else:
            yield Counted(rule, 0, uses=-more)


def _points(rule: str, lot: Lot, centi: int) -> AnyEffect:
    if centi > 0:
        return PointsTakenBack(rule, lot.id, centi)
    return PointsEarned(msgspec.structs.replace(lot, amount_centi=-centi))


def _fact(name: _Name, welcome: _Welcome, at_ms: int, effects: tuple[AnyEffect, ...]) -> WelcomeReversed:
    assert welcome.member is not None
    text = f"stempel welcome reversed\n{name.sale} {name.rule} {welcome.times}"
    made = bytearray(hashlib.sha256(text.encode()).digest()[:16])
    made[6], made[8] = made[6] & 0x0F | 0x80, made[8] & 0x3F | 0x80
    return WelcomeReversed(
        id=uuid.UUID(bytes=bytes(made)),
        at_ms=at_ms,
        member=welcome.member,
        of=name.sale,
        rule=name.rule,
        effects=effects,
    )
