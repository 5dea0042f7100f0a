"""`entitlement`: a number of uses that a purchase gives (or a status, or a reward); each use recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from app.loyalty.benefit import Expiry, expiry_ms, make_grant
from app.loyalty.conditions import common_refusal
from app.loyalty.decision import Reason
from app.loyalty.effects import Grant, GrantUsed
from app.loyalty.model import EVERYTHING, Count, Filter, Programme, Rule
from app.loyalty.plan import BundlePlan, Claim, Kind, Plan, Run, Scope, Work
from app.loyalty.promise import Said, expiry, say, some
from app.loyalty.rules.bundle import unit_price


class EntitlementRule(Rule, frozen=True, kw_only=True):
    """`products` are the services that a use makes free."""

    uses: Count
    sold_by: Filter | None = None
    """Goods that give the uses when they are bought; without it, they are given by hand."""
    expires: Expiry | None = None

    def takes_off(self) -> bool:
        return True

    def grants(self) -> bool:
        return True


class Covered(BundlePlan):
    """Makes a unit free for every use that the customer wishes to take."""

    group = "entitlements"
    conditional = True
    hand_valuable = True

    def __init__(self, rule: EntitlementRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.terms = rule

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        if not self.held(run):
            return self.no("no_uses_left")
        if self.wished(run) == 0:
            return self.no("uses_left", n=sum(grant.uses for grant in self.held(run)))
        return None

    def held(self, run: Run) -> list[Grant]:
        """Uses held, soonest to expire first."""
        held = run.state.held(self.id, run.context.at_ms)
        return sorted(held, key=lambda g: (g.expires_at_ms is None, g.expires_at_ms or 0, g.code))

    def wished(self, run: Run) -> int:
        return run.context.redeem.entitlements.count(self.id)

    def claim(self, run: Run, left: dict[Work, int]) -> Claim | None:
        uses = min(self.wished(run), sum(grant.uses for grant in self.held(run)))
        works = [work for work in self.works(run) if work.room and work.units]
        works.sort(key=unit_price, reverse=True)
        claim = Claim({}, [], free_units=True)
        for work in works:
            count = min(uses, left.get(work, work.units))
            if count:
                claim.units[work] = count
                claim.parts.append((work, count * unit_price(work)))
                uses -= count
        return claim if claim.units else None

    def at_hand(self, run: Run) -> Sequence[str]:
        return ("",) if self.terms.sold_by is None else ()

    def refused_by_hand(self, run: Run) -> Reason | None:
        return common_refusal(self, run)

    def hand(self, run: Run, item: str) -> None:
        grant = make_grant(self, run, "uses", uses=self.terms.uses)
        run.grant(msgspec.structs.replace(grant, expires_at_ms=expiry_ms(self.terms.expires, run)))

    def settle(self, run: Run) -> None:
        used = sum(run.free_units.get(self.id, {}).values())
        for grant in self.held(run):
            part = min(used, grant.uses)
            if part:
                run.effects.append(GrantUsed(msgspec.structs.replace(grant, uses=part)))
                used -= part


class Sold(Plan):
    """Gives the uses when the goods that carry them are bought."""

    def __init__(self, rule: EntitlementRule, goods: Filter, scope: Scope) -> None:
        super().__init__(rule, scope, goods)
        self.settings = rule

    def settle(self, run: Run) -> None:
        if not run.member or not self.may(run):
            return
        for work in self.works(run):
            uses = self.settings.uses * max(1, work.units)
            grant = make_grant(self, run, "uses", uses=uses, item=work.line.id)
            ends_at_ms = expiry_ms(self.settings.expires, run)
            run.grant(msgspec.structs.replace(grant, expires_at_ms=ends_at_ms), work.line.id)
            run.notes[self.id] = self.yes("uses_given", n=uses)


def plans(rule: EntitlementRule, scope: Scope) -> list[Plan]:
    made: list[Plan] = [Covered(rule, scope)]
    if rule.sold_by is not None:
        made.append(Sold(rule, rule.sold_by, scope))
    return made


def check(rule: EntitlementRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if rule.products == EVERYTHING:
        yield "products", "a use would make anything free", "name the services it is for"
    if rule.sold_by is not None and rule.sold_by == EVERYTHING:
        yield "sold_by", "every article would give uses", "name the goods that do"


def terms(rule: EntitlementRule, programme: Programme) -> Said:
    yield say("uses", n=rule.uses)
    if rule.sold_by is not None:
        yield say("uses_sold_by", parts={"goods": some(programme, rule.sold_by)})
    yield from expiry(rule.expires)


KIND = Kind(EntitlementRule, plans, check, terms=terms)
