"""`stamps`: a card that fills by unit, receipt or money; the Nth unit free, or a reward when it is full."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from app.loyalty.benefit import LotTerms, benefit_problems, hand_over
from app.loyalty.coupon import CouponPlan
from app.loyalty.decision import Reason, StampsView
from app.loyalty.effects import Counted, StampsChanged
from app.loyalty.model import Benefit, Count, Money, PositiveMoney, Programme, Rule, TermDays
from app.loyalty.plan import BundlePlan, Claim, Kind, Plan, Run, Scene, Scope, Work
from app.loyalty.promise import Said, gives, lots, min_receipt, say
from app.loyalty.rules.bundle import unit_price
from app.loyalty.unused import unused


class StampsRule(Rule, frozen=True, kw_only=True):
    size: Count
    """Places on the card; with `free: cheapest` the last one is the free unit itself."""
    per: Literal["unit", "receipt"] | PositiveMoney = "unit"
    free: Literal["cheapest", "dearest"] | None = None
    """The unit that fills the card is free; it earns no stamp."""
    reward: Benefit | None = None
    """Given when the card is full: points and gifts at once, a discount as a coupon for later."""
    carry_over: bool = True
    """Whether stamps beyond a full card begin the next one."""
    cap_per_day: Count | None = None
    min_receipt: Money = 0
    expires_after_idle_days: TermDays | None = None
    lots: LotTerms = LotTerms()

    def takes_off(self) -> bool:
        return self.free is not None or super().takes_off()

    def grants(self) -> bool:
        """A full card's discount comes as a coupon."""
        return self.reward is not None and self.reward.points is None


class _StampCard:
    """What both forms of the card share: how many stamps a receipt could give."""

    def __init__(self, rule: StampsRule) -> None:
        self.settings = rule

    def day_left(self, run: Run) -> int | None:
        cap = self.settings.cap_per_day
        if cap is None:
            return None
        today = run.state.counted(self.settings.id, run.now.day, run.now.day)
        return max(0, cap - today.uses)

    def count(self, run: Run, stamps: int) -> None:
        """Record the day's stamps, where a cap asks for it."""
        if self.settings.cap_per_day is not None:
            run.effects.append(Counted(self.settings.id, run.now.day, uses=stamps, keep_days=1))

    def show(self, run: Run, before: int, earned: int, after: int, free: int, filled: int) -> None:
        rule = self.settings
        run.stamps.append(StampsView(rule.id, before, earned, after, rule.size, free, filled))


class FreeUnit(BundlePlan):
    """Every Nth unit is free: a bundle over this receipt's units and the stamps on the card."""

    group = "stamps"
    conditional = True

    def __init__(self, rule: StampsRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule
        self.card = _StampCard(rule)

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        missing = self.settings.min_receipt - run.goods_minor()
        return self.no("missing_for_stamps", missing_minor=missing) if missing > 0 else None

    def free_units(self, run: Run, units: int) -> int:
        """How many of these units are free: each needs size - 1 stamps, and earns none."""
        size, have = self.settings.size, run.state.card(self.id)
        free = max(0, min(units, (have + units) // size))
        left = self.card.day_left(run)
        if left is not None:
            free = max(0, min(free, (have + left) // (size - 1)))
        return free

    def claim(self, run: Run, left: dict[Work, int]) -> Claim | None:
        queue = [(work, left.get(work, work.units)) for work in self.works(run) if work.room]
        queue = [(work, count) for work, count in queue if count > 0]
        free = self.free_units(run, sum(count for _, count in queue))
        if not free:
            return None
        queue.sort(key=lambda entry: unit_price(entry[0]), reverse=self.settings.free == "dearest")
        claim = Claim({}, [], free_units=True)
        for work, count in queue:
            part = min(count, free)
            if part:
                claim.units[work] = part
                claim.parts.append((work, part * unit_price(work)))
                free -= part
        return claim

    def may_discount(self, scene: Scene) -> bool:
        return scene.member and super().may_discount(scene)

    def may_settle(self, scene: Scene) -> bool:
        return scene.member and scene.has(self.filter) and not self.ruled_out(scene)

    def settle(self, run: Run) -> None:
        if not self.here(run) or not self.may(run):
            return
        units = sum(work.units for work in self.works(run))
        if not units:
            return
        free_units = run.free_units.get(self.id, {})
        free = sum(free_units.values())
        left = self.card.day_left(run)
        earned = units - free if left is None else min(units - free, left)
        self._put_on_lines(run, free_units, earned)
        before = run.state.card(self.id)
        delta = earned - free * (self.settings.size - 1)
        if delta:
            run.effects.append(StampsChanged(self.id, delta, self.settings.expires_after_idle_days))
        self.card.count(run, earned)
        self.card.show(run, before, earned, before + delta, free, free)

    def _put_on_lines(self, run: Run, free: dict[Work, int], earned: int) -> None:
        """Say which line changed the card by how much; under a daily cap the first lines earn."""
        for work in self.works(run):
            paid = min(earned, work.units - free.get(work, 0))
            earned -= paid
            delta = paid - free.get(work, 0) * (self.settings.size - 1)
            if delta:
                work.stamps.append((self.id, delta))

    def explain(self, run: Run) -> Reason | None:
        size, have = self.settings.size, run.state.card(self.id)
        units = sum(work.units for work in self.works(run))
        missing = size - 1 - have - units
        if not units or missing < 0:
            return None
        return self.no("stamps_to_free", n=missing, have=have + units, size=size)


class FullCard(Plan):
    """Stamps by unit, receipt or money; a full card gives its reward at payment."""

    conditional = True

    def __init__(self, rule: StampsRule, reward: Benefit, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule
        self.reward = reward
        self.card = _StampCard(rule)

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        missing = self.settings.min_receipt - run.goods_minor()
        return self.no("missing_for_stamps", missing_minor=missing) if missing > 0 else None

    def stamps(self, run: Run) -> int:
        works = self.works(run)
        per = self.settings.per
        if per == "receipt":
            return 1
        if per == "unit":
            return sum(work.units for work in works if work.net > 0)
        return sum(work.net for work in works) // per

    def may_settle(self, scene: Scene) -> bool:
        return scene.member and scene.has(self.filter) and not self.ruled_out(scene)

    def settle(self, run: Run) -> None:
        if not self.here(run) or not self.may(run):
            return
        earned = self.stamps(run)
        left = self.card.day_left(run)
        if left is not None:
            earned = min(earned, left)
        if earned <= 0:
            return
        size, before = self.settings.size, run.state.card(self.id)
        filled = max(0, (before + earned) // size)
        if filled and not self.settings.carry_over:
            filled, after = 1, 0
        else:
            after = before + earned - filled * size
        idle_days = self.settings.expires_after_idle_days
        run.effects.append(StampsChanged(self.id, earned, idle_days))
        if filled:
            # By itself: while a part of the goods comes back the reward stays, and so what it took.
            run.effects.append(StampsChanged(self.id, after - before - earned, idle_days))
        self.card.count(run, earned)
        hand_over(self, run, self.reward, terms=self.settings.lots, times=filled, now=False)
        self.card.show(run, before, earned, after, 0, filled)
        run.notes[self.id] = (
            self.yes("card_full", n=filled)
            if filled
            else self.yes("stamps_earned", n=earned, have=after, size=size)
        )


def plans(rule: StampsRule, scope: Scope) -> list[Plan]:
    if rule.reward is None:
        return [FreeUnit(rule, scope)]
    made: list[Plan] = [FullCard(rule, rule.reward, scope)]
    if rule.reward.percent is not None or rule.reward.amount is not None:
        made.append(CouponPlan(rule, rule.reward, scope))
    return made


def check(rule: StampsRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if (rule.free is None) == (rule.reward is None):
        yield "", "a full card gives either a free unit or a reward", "set free or reward"
    if rule.free is not None and rule.per != "unit":
        yield "per", "a free unit needs stamps per unit", "use per: unit, or a reward"
    if rule.size < 2:
        yield "size", "a card has at least two places", "write size: 6 for five bought and the sixth free"
    if rule.reward is not None:
        yield from benefit_problems(rule.reward, "reward")
    else:
        because = "with a free unit stamps beyond a full card always begin the next one"
        yield from unused(rule, "carry_over", because=because)


def terms(rule: StampsRule, programme: Programme) -> Said:
    if rule.per == "unit" or rule.per == "receipt":
        yield say(f"stamp_{rule.per}")
    else:
        yield say("stamp_money", per_minor=rule.per)
    if rule.free is not None:
        yield say(f"stamps_free_{rule.free}", n=rule.size)
    elif rule.reward is not None:
        yield say("stamps_card", n=rule.size)
        yield gives(rule.reward)
        yield from lots(rule.lots, where=rule.reward.points is not None)
    yield from min_receipt(rule.min_receipt)
    if rule.cap_per_day is not None:
        yield say("stamps_cap", n=rule.cap_per_day)
    if not rule.carry_over:
        yield say("stamps_lapse")
    if rule.expires_after_idle_days is not None:
        yield say("valid_idle", n=rule.expires_after_idle_days)


KIND = Kind(StampsRule, plans, check, terms=terms)
