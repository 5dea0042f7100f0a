"""`free_delivery`: the delivery line becomes free from a goods total, or on the first order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.loyalty.decision import Reason
from app.loyalty.model import PositiveMoney, Programme, Rule
from app.loyalty.plan import Kind, Plan, Run, Scope, Work
from app.loyalty.promise import Said, say
from app.loyalty.unused import unused


class FreeDeliveryRule(Rule, frozen=True, kw_only=True):
    """One of the conditions is enough."""

    from_total: PositiveMoney | None = None
    """Goods after discounts; delivery itself does not count."""
    first_order: bool = False

    def takes_off(self) -> bool:
        return True


class FreeDelivery(Plan):
    conditional = True

    def __init__(self, rule: FreeDeliveryRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule

    def works(self, run: Run) -> Sequence[Work]:
        return [work for work in run.aside if work.profile.delivery]

    def refusal(self, run: Run) -> Reason | None:
        rule = self.settings
        if rule.first_order and run.member and run.state.receipts <= 0:
            return None
        if rule.from_total is None:
            return self.no("not_first_purchase" if run.member else "members_only")
        missing = rule.from_total - run.goods_minor()
        if missing > 0:
            return self.no("missing_for_delivery", missing_minor=missing, from_minor=rule.from_total)
        return None

    def deliver(self, run: Run) -> None:
        for work in self.works(run):
            limit = self.limit(run)
            off = work.net if limit is None else min(work.net, limit)
            if off > 0 and self.may(run):
                work.discounts.append((self, off))
                run.given[self.id] = run.given.get(self.id, 0) + off
                work.net -= off


def plans(rule: FreeDeliveryRule, scope: Scope) -> list[Plan]:
    return [FreeDelivery(rule, scope)]


def check(rule: FreeDeliveryRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if rule.from_total is None and not rule.first_order:
        yield "", "it never applies", "set from_total or first_order"
    yield from unused(rule, "products", because="all goods count towards free delivery")
    because = "delivery is priced after all groups, by every such rule"
    yield from unused(rule, "group", "priority", "exclusive", because=because)


def terms(rule: FreeDeliveryRule, programme: Programme) -> Said:
    if rule.from_total is not None:
        yield say("delivery_from", from_minor=rule.from_total)
    if rule.first_order:
        yield say("delivery_first")


KIND = Kind(FreeDeliveryRule, plans, check, terms=terms)
