"""`points`: earned by money, unit or visit; spent as money."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import gcd, lcm
from typing import Literal

import msgspec

from app.loyalty.benefit import LotTerms, earn, within_budget
from app.loyalty.decision import Reason
from app.loyalty.effects import Lot, PointsEarned, PointsSpent
from app.loyalty.model import (
    EVERYTHING,
    Factor,
    Filter,
    Money,
    Points,
    PointValue,
    PositiveMoney,
    Programme,
    Rule,
    Share,
)
from app.loyalty.plan import Kind, Plan, Run, Scene, Scope, Work
from app.loyalty.promise import Said, about, counted_on, factor, lots, min_receipt, percent, say, some
from app.loyalty.run import ONCE
from app.loyalty.state import lot_order, take_from
from app.loyalty.unused import unused
from app.values import POINT_CENTI, QTY_MILLI, Rounding, div_round, spread

Base = Literal["paid", "net", "gross"]
RoundTo = Literal["hundredth", "point", "point_down"]


class Earn(msgspec.Struct, frozen=True, kw_only=True):
    """`points` for every `per` of money, or for each piece or kilogram, or for the visit."""

    points: Points
    per: PositiveMoney | Literal["unit", "visit"]
    base: Base = "paid"
    """Money counted: what is paid beside points, the price after discounts, or the shelf price."""
    round_to: RoundTo = "hundredth"
    min_receipt: Money = 0


class Multiplier(msgspec.Struct, frozen=True, kw_only=True):
    """These goods earn so many times as much; the first that matches counts."""

    products: Filter
    times: Factor


class RedeemTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How points are spent."""

    value: PointValue
    min_points: Points | None = None
    block: Points = POINT_CENTI
    max_share: Share = Fraction(1)
    """Of the receipt's goods after discounts."""
    products: Filter = EVERYTHING
    """Goods that points may pay for."""
    same_sale: bool = False
    """Whether points that this sale earns may be spent in it."""


class PointsRule(Rule, frozen=True, kw_only=True):
    earn: Earn | None = None
    multipliers: tuple[Multiplier, ...] = ()
    lots: LotTerms = LotTerms()
    redeem: RedeemTerms | None = None

    def earns(self) -> bool:
        return self.earn is not None


class EarningPlan(Plan):
    """Earns points by line; the amount depends on what is paid in points, so it can be asked twice."""

    settle_order = 0
    base: Base = "paid"
    round_to: RoundTo = "hundredth"
    per_minor: tuple[int, int] | None = None
    """So many hundredths of a point for so much money, where the sum of its goods is all that it asks."""

    def weights(self, run: Run) -> list[tuple[Work, int]]:
        """What each line counts for, in any unit that `centi` understands."""
        raise NotImplementedError

    def centi(self, run: Run, weight: int) -> int:
        """Points for the sum of the weights."""
        raise NotImplementedError

    def earned(self, run: Run) -> int:
        """Points earned given what is spent now; 0 where the rule cannot apply."""
        if not run.member or not (self.unbound or self.may(run)):
            return 0
        if self.per_minor is None:
            centi = self.centi(run, self.weight(run))
        else:
            base = run.net_of(self.filter)
            if run.placed_minor and self.base == "paid":
                base -= run.points_on(self.filter)
            points, minor = self.per_minor
            centi = round_points(run, base * points, minor, self.round_to, self.rounding)
        return centi if self.rule.budget is None else within_budget(self, run, centi)

    def weight(self, run: Run) -> int:
        """The sum of the weights; a kind that can tell it without the lines does."""
        run.place_points()
        return sum([weight for _, weight in self.weights(run)])

    def may_settle(self, scene: Scene) -> bool:
        return scene.member and scene.has(self.filter) and not self.ruled_out(scene)

    def explain(self, run: Run) -> Reason | None:
        return None if run.member else self.no("members_only")

    def settle(self, run: Run) -> None:
        total = self.earned(run)
        if total <= 0:
            return
        earn(self, run, total, self.terms())
        if not run.brief:
            self._put_on_lines(run, total)

    def _put_on_lines(self, run: Run, total: int) -> None:
        weights = self.weights(run)
        if any(weight for _, weight in weights):
            parts = spread(total, [weight for _, weight in weights])
            for (work, _), part in zip(weights, parts, strict=True):
                if part:
                    work.earned.append((self.id, part))

    def terms(self) -> LotTerms:
        raise NotImplementedError


def base_minor(work: Work, base: Base) -> int:
    """The money of a line that counts for earning."""
    if base == "gross":
        return work.gross
    return work.net if base == "net" else work.net - work.points_minor


def round_points(run: Run, numerator: int, denominator: int, round_to: RoundTo, rounding: Rounding) -> int:
    """Hundredths of a point times the member's multiplier, exactly, rounded once as the rule says."""
    if run.multiplier is not ONCE:
        times, parts = run.multiplier.as_integer_ratio()
        numerator *= times
        denominator *= parts
    if round_to == "hundredth":
        return div_round(numerator, denominator, rounding)
    if round_to == "point_down":
        return numerator // (POINT_CENTI * denominator) * POINT_CENTI
    return POINT_CENTI * div_round(numerator, POINT_CENTI * denominator)


class PointsEarning(EarningPlan):
    def __init__(self, rule: PointsRule, terms: Earn, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.earn_terms = terms
        self.conditional = terms.min_receipt > 0
        self.base = terms.base
        self.lots = rule.lots
        times = [m.times for m in rule.multipliers]
        self.unit = lcm(*(t.denominator for t in times))
        self.multipliers = [(scope.filter(m.products), int(m.times * self.unit)) for m in rule.multipliers]
        self.round_to = terms.round_to
        if not self.multipliers and not isinstance(terms.per, str) and terms.base != "gross":
            self.per_minor = (terms.points, terms.per)

    def terms(self) -> LotTerms:
        return self.lots

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        missing = self.earn_terms.min_receipt - run.goods_minor()
        if missing > 0:
            return self.no("missing_for_points", missing_minor=missing)
        return None

    def weights(self, run: Run) -> list[tuple[Work, int]]:
        return [(work, self._measure(work) * self._times(work)) for work in self.works(run)]

    def weight(self, run: Run) -> int:
        return 0 if self.earn_terms.per == "visit" else super().weight(run)

    def _measure(self, work: Work) -> int:
        if self.earn_terms.per == "unit":
            return work.line.qty_milli
        return base_minor(work, self.base)

    def _times(self, work: Work) -> int:
        for number, times in self.multipliers:
            if number in work.profile.filters:
                return times
        return self.unit

    def centi(self, run: Run, weight: int) -> int:
        terms = self.earn_terms
        if terms.per == "visit":
            weight = int(bool(self.works(run)) and run.goods_minor() > 0)
            per = 1
        else:
            per = (QTY_MILLI if terms.per == "unit" else terms.per) * self.unit
        return round_points(run, weight * terms.points, per, terms.round_to, self.rounding)


class Redemption(Plan):
    """Stage 5: points as tender. There is one in a programme at most."""

    def __init__(self, rule: PointsRule, terms: RedeemTerms, scope: Scope) -> None:
        super().__init__(rule, scope, terms.products)
        self.terms = terms
        self.minor_per_centi = terms.value / POINT_CENTI
        self.rate = (self.minor_per_centi.numerator, self.minor_per_centi.denominator)
        self.share = (terms.max_share.numerator, terms.max_share.denominator)
        self.step = lcm(terms.block, self.minor_per_centi.denominator)

    def explain(self, run: Run) -> Reason | None:
        return None if run.member else self.no("members_only")

    def value_minor(self, centi: int) -> int:
        """What points are worth; exact for multiples of the step."""
        return centi * self.rate[0] // self.rate[1]

    def cap_centi(self, run: Run) -> int:
        """The most that this receipt takes in points, in steps."""
        cap = min(run.net_of(self.filter), run.goods_minor() * self.share[0] // self.share[1])
        return cap * self.rate[1] // self.rate[0] // self.step * self.step

    def spend(self, run: Run, earners: list[EarningPlan]) -> None:
        """Spend what is wished, within balance, allowance and caps; say what was safe to spend."""
        wish = run.context.redeem.points_centi
        if not wish and run.brief:
            return  # what could be spent is for a decision to say
        if not run.member or not (self.unbound or self.may(run)):
            if wish and (wish == "max" or wish > 0):
                run.refused.append(self.refused(run) or self.no("members_only"))
            return
        most = self._most(run, earners)
        if not most and run.brief:
            return
        run.spendable_centi = most
        run.spendable_minor = self.value_minor(most)
        if wish == "max":
            spent = most
        else:
            spent = min(wish, most) // self.step * self.step
            if spent < wish or 0 < wish < self._least():
                run.refused.append(self.no("points_limited", wish_centi=wish, spendable_centi=most))
            spent = spent if spent >= self._least() else 0
        if spent > 0:
            run.spent_centi = spent
            run.spent_minor = self.value_minor(spent)
            self._place(run, run.spent_minor)

    def _least(self) -> int:
        return self.terms.min_points or 0

    def _most(self, run: Run, earners: list[EarningPlan]) -> int:
        if not self.terms.same_sale and run.state.balance_centi < self.step:
            return 0
        limit = self.cap_centi(run)
        allowance = run.context.points_limit_centi
        if allowance is not None:
            limit = min(limit, max(0, allowance - run.rewards_centi) // self.step * self.step)
        ready = run.state.spendable_centi(run.context.at_ms)
        balance = max(0, ready - run.state.debt_centi - run.rewards_centi)
        if not self.terms.same_sale:
            most = min(limit, balance // self.step * self.step)
        else:
            most = self._most_same_sale(run, earners, limit, balance)
        return most if most >= self._least() else 0

    def _most_same_sale(self, run: Run, earners: list[EarningPlan], limit: int, balance: int) -> int:
        """The largest s in steps with s <= balance + earned(s): earning only falls as s grows.

        What must wait some days before it may be spent is not among what is earned here.
        """
        earners = [plan for plan in earners if not plan.terms().spendable_after_days]
        low, high = 0, limit // self.step
        while low < high:
            middle = (low + high + 1) // 2
            spent = middle * self.step
            self._place(run, self.value_minor(spent))
            if spent <= balance + sum(plan.earned(run) for plan in earners) - run.state.debt_centi:
                low = middle
            else:
                high = middle - 1
        self._place(run, 0)
        return low * self.step

    def _place(self, run: Run, minor: int) -> None:
        run.placed_minor, run.placed_by = minor, self
        if run.source is None:
            run.place_points()

    def put_on_lines(self, run: Run) -> None:
        """Spread what is paid in points over the goods that points may pay for."""
        minor = run.placed_minor
        works = self.works(run)
        parts = spread(minor, [work.net for work in works]) if minor else [0] * len(works)
        for work, part in zip(works, parts, strict=True):
            work.points_minor = part

    def take_lots(self, run: Run) -> None:
        """Name the lots that are spent, once it is known what this sale itself earned."""
        ready = ready_lots(run)
        if self.terms.same_sale:
            earned = [effect.lot for effect in run.effects if isinstance(effect, PointsEarned)]
            at_ms = run.context.at_ms
            ready += sorted((lot for lot in earned if lot.spendable_at_ms <= at_ms), key=lot_order)
        run.effects.append(PointsSpent(self.id, run.spent_centi, take_from(ready, run.spent_centi)))


def ready_lots(run: Run) -> list[Lot]:
    """Lots that may be spent now, without what rewards of this sale have taken from them already."""
    at_ms = run.context.at_ms
    ready = {lot.id: lot for lot in run.state.lots if lot.spendable_at_ms <= at_ms}
    if not run.rewards_centi:
        return [lot for lot in ready.values() if lot.amount_centi > 0]
    for effect in run.effects:
        for lot in effect.taken if isinstance(effect, PointsSpent) else ():
            if lot.id in ready:  # and not one that this sale itself has earned
                left = ready[lot.id].amount_centi - lot.amount_centi
                ready[lot.id] = msgspec.structs.replace(lot, amount_centi=left)
    return [lot for lot in ready.values() if lot.amount_centi > 0]


def plans(rule: PointsRule, scope: Scope) -> list[Plan]:
    made: list[Plan] = []
    if rule.earn is not None:
        made.append(PointsEarning(rule, rule.earn, scope))
    if rule.redeem is not None:
        made.append(Redemption(rule, rule.redeem, scope))
    return made


def check(rule: PointsRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if rule.earn is None and rule.redeem is None:
        yield "", "it neither earns nor spends points", "give it earn, redeem or both"
    if rule.redeem is not None:
        first = next((r for r in programme.rules if isinstance(r, PointsRule) and r.redeem is not None), rule)
        if first is not rule:
            yield "redeem", "points are spent by one rule only", f"{first.id!r} does it already"
    if rule.redeem is not None and gcd(rule.redeem.block, POINT_CENTI) < 1:
        yield "redeem.block", "a block is at least 0.01 points", "write block: 100, for example"
    if rule.earn is None:
        yield from unused(rule, "products", because="the rule earns nothing", hint="write it under redeem")
        yield from unused(rule, "multipliers", because="the rule earns nothing that could be multiplied")
    elif rule.earn.per in ("unit", "visit"):
        yield from unused(rule.earn, "base", because=f"points per {rule.earn.per} ask no price", path="earn.")
    if rule.earn is not None and rule.earn.per == "visit":
        yield from unused(rule, "multipliers", because="a visit earns the same whatever is bought")


def terms(rule: PointsRule, programme: Programme) -> Said:
    if rule.earn is not None:
        yield from _earning(rule.earn)
        for more in rule.multipliers:
            yield say("multiplied", times=factor(more.times), parts={"goods": some(programme, more.products)})
        yield from lots(rule.lots)
    if rule.redeem is not None:
        yield from _redeeming(rule.redeem, programme)


def _earning(earn: Earn) -> Said:
    if earn.per == "unit" or earn.per == "visit":
        yield say(f"earn_{earn.per}", points_centi=earn.points)
    else:
        yield say("earn_money", points_centi=earn.points, per_minor=earn.per)
    yield from counted_on(earn.base, earn.round_to)
    yield from min_receipt(earn.min_receipt)


def _redeeming(redeem: RedeemTerms, programme: Programme) -> Said:
    # So many points that they are worth a whole amount: one for 1.00, a thousand for a tenth of a penny.
    count = redeem.value.denominator
    yield say("worth", points_centi=count * POINT_CENTI, amount_minor=redeem.value.numerator)
    if redeem.block != POINT_CENTI:
        yield say("in_blocks", points_centi=redeem.block)
    if redeem.min_points is not None:
        yield say("min_points", points_centi=redeem.min_points)
    if redeem.max_share != 1:
        yield say("max_share", percent=percent(redeem.max_share))
    yield from about(programme, redeem.products, "points_pay")
    if redeem.same_sale:
        yield say("same_sale")


KIND = Kind(PointsRule, plans, check, terms=terms)
