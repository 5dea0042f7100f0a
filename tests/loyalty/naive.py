"""The programme's meaning a second time: slow, unit by unit, in fractions, straight from the document.

It shares the settings' structs with the engine and nothing else: no index, no compiled plans, no
integer arithmetic of the engine's. It knows the kinds that `tests.loyalty.cases` makes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Any

from app.loyalty.basket import Basket, Context, Line
from app.loyalty.model import Benefit, Filter, Programme, Rule
from app.loyalty.rules.bundle import BundleRule
from app.loyalty.rules.cashback import CashbackRule
from app.loyalty.rules.points import PointsRule
from app.loyalty.rules.price import PriceRule
from app.loyalty.rules.stamps import StampsRule
from app.loyalty.rules.threshold import ThresholdRule
from app.loyalty.rules.tier import TierRule
from app.loyalty.state import DAY_MS, MemberState

F = Fraction


@dataclass
class Priced:
    """A line; `off` is its discount by rule."""

    line: Line
    gross: int
    floor: int
    off: Counter[str] = field(default_factory=Counter[str])
    closed: bool = False
    points: int = 0

    @property
    def net(self) -> int:
        return self.gross - sum(self.off.values())

    @property
    def room(self) -> int:
        return 0 if self.closed else max(0, self.net - self.floor)

    @property
    def units(self) -> int:
        return self.line.qty_milli // 1000 if self.line.qty_milli % 1000 == 0 else 0

    @property
    def unit(self) -> int:
        return self.net // self.units


@dataclass
class Answer:
    """What is compared with the engine's Decision."""

    discounts: dict[str, dict[str, int]]
    nets: dict[str, int]
    earned: dict[str, int]
    spent: int
    spendable: int
    stamps: dict[str, int]
    levels: dict[str, str]


def portions(amount: int, weights: list[int]) -> list[int]:
    """Largest remainder."""
    total = sum(weights)
    if not amount or not total:
        return [0] * len(weights)
    exact = [F(amount * weight, total) for weight in weights]
    parts = [floor(part) for part in exact]
    order = sorted(range(len(weights)), key=lambda n: (parts[n] - exact[n], n))
    for n in order[: amount - sum(parts)]:
        parts[n] += 1
    return parts


class Naive:
    def __init__(
        self, programme: Programme, state: MemberState | None, basket: Basket, context: Context
    ) -> None:
        self.programme, self.state, self.context = programme, state, context
        lines = sorted(
            basket.lines,
            key=lambda x: (x.sku, x.unit_price_minor, x.qty_milli, x.category, x.brand, x.tags, x.tax, x.id),
        )
        self.lines = [self.priced(line) for line in lines]
        self.levels: dict[str, int] = {}
        self.free: dict[str, int] = {}
        self.earned: Counter[str] = Counter()

    def round(self, exact: Fraction, how: str = "") -> int:
        return floor(exact) if (how or self.programme.rounding) == "down" else floor(exact + F(1, 2))

    def priced(self, line: Line) -> Priced:
        gross = self.round(F(line.unit_price_minor * line.qty_milli, 1000))
        floors = [0]
        for rule in self.programme.floors:
            if self.match(rule.products, line):
                if rule.price is not None:
                    floors.append(self.round(F(rule.price * line.qty_milli, 1000), "half_up"))
                if rule.share is not None:
                    floors.append(ceil(gross * rule.share))
        if self.programme.caps.line is not None:
            floors.append(gross - floor(gross * self.programme.caps.line))
        if "no_discount" in line.tags:
            floors.append(gross)
        return Priced(line, gross, min(gross, max(floors)))

    def match(self, goods: Filter, line: Line) -> bool:
        above = [line.category]
        while above[-1] in self.programme.categories and self.programme.categories[above[-1]].parent:
            above.append(self.programme.categories[above[-1]].parent)
        mine = [(goods, {line.sku}), (goods.not_, {line.sku})]
        inside = [
            not wanted or bool(set(wanted) & have)
            for wanted, have in [
                (mine[0][0].skus, {line.sku}),
                (goods.categories, set(above)),
                (goods.brands, {line.brand}),
                (goods.tags, set(line.tags)),
            ]
        ]
        out = goods.not_
        outside = [
            bool(set(out.skus) & {line.sku}),
            bool(set(out.categories) & set(above)),
            bool(set(out.brands) & {line.brand}),
            bool(set(out.tags) & set(line.tags)),
        ]
        return all(inside) and not any(outside)

    def of(self, rule: Rule, goods: Filter | None = None) -> list[Priced]:
        return [each for each in self.lines if self.match(goods or rule.products, each.line)]

    def open_to(self, rule: Rule) -> bool:
        if rule.audience.who == "members":
            return self.state is not None
        return rule.audience.who == "anyone" or self.state is None

    # -- stage 1 -------------------------------------------------------------------------------------

    def line_value(self, rule: PriceRule, each: Priced) -> int:
        qty = F(each.line.qty_milli, 1000)
        if rule.percent is not None:
            value = self.round(each.net * rule.percent)
        elif rule.amount is not None:
            value = min(each.net, self.round(rule.amount * qty))
        else:
            value = max(0, each.net - self.round((rule.price or 0) * qty))
        return min(value, each.room)

    def line_values(self, rule: PriceRule) -> dict[str, int]:
        """By line id, within the rule's own cap."""
        mine = [each for each in self.of(rule) if each.room]
        parts = [self.line_value(rule, each) for each in mine]
        if rule.max_discount is not None and sum(parts) > self.left(rule):
            parts = portions(self.left(rule), parts)
        return {each.line.id: part for each, part in zip(mine, parts, strict=True) if part}

    def left(self, rule: Rule) -> int:
        assert rule.max_discount is not None
        return max(0, rule.max_discount - sum(each.off[rule.id] for each in self.lines))

    def claim(self, rule: Any, units: dict[str, int]) -> tuple[Counter[str], dict[str, int]]:
        """Units claimed and discount by line id, from the units that are left."""
        if isinstance(rule, StampsRule):
            return self.claim_free(rule, units)
        if rule.n_for_m is not None:
            n_for_m = rule.n_for_m
            return self.claim_chunks(rule, units, n_for_m.take, n_for_m.pay, n_for_m.percent)
        if rule.get is not None and rule.get.products == rule.products:
            take = rule.buy + rule.get.qty
            return self.claim_chunks(rule, units, take, rule.buy, rule.get.percent)
        return self.claim_sets(rule, units)

    def claim_chunks(
        self, rule: BundleRule, units: dict[str, int], take: int, pay: int, share: Fraction
    ) -> tuple[Counter[str], dict[str, int]]:
        queue = self.queue(rule.products, units)
        claimed: Counter[str] = Counter()
        off: Counter[str] = Counter()
        while len(queue) >= take:
            chunk, queue = queue[:take], queue[take:]
            for n, each in enumerate(chunk):
                claimed[each.line.id] += 1
                if n >= pay:
                    off[each.line.id] += self.round(each.unit * share)
        return claimed, dict(off)

    def queue(self, goods: Filter, units: dict[str, int]) -> list[Priced]:
        """One entry a unit, the dearest first."""
        lines = [e for e in self.lines if self.match(goods, e.line) and e.room and units[e.line.id]]
        return [e for e in sorted(lines, key=lambda e: -e.unit) for _ in range(units[e.line.id])]

    def claim_sets(self, rule: BundleRule, units: dict[str, int]) -> tuple[Counter[str], dict[str, int]]:
        if rule.get is not None:
            wanted = [(rule.products, rule.buy or 0, False)]
            wanted.append((rule.get.products, rule.get.qty, rule.get.pick == "cheapest"))
        else:
            wanted = [(part.products, part.qty, False) for part in rule.set]
        claimed: Counter[str] = Counter()
        off: Counter[str] = Counter()
        weights: Counter[str] = Counter()
        saved = 0
        left = dict(units)
        while True:
            chosen = self.choose(wanted, left)
            if chosen is None:
                break
            if rule.get is None:
                total = sum(each.unit for part in chosen for each in part)
                gain = (
                    total - rule.price
                    if rule.price is not None
                    else self.round(total * (rule.percent or F(0)))
                )
                if gain <= 0:
                    break
                saved += gain
            else:
                for each in chosen[-1]:
                    off[each.line.id] += self.round(each.unit * rule.get.percent)
            for each in [each for part in chosen for each in part]:
                left[each.line.id] -= 1
                claimed[each.line.id] += 1
                weights[each.line.id] += each.unit
        if rule.get is None:
            ids = list(weights)  # in the order in which lines were first claimed
            off.update(dict(zip(ids, portions(saved, [weights[id] for id in ids]), strict=True)))
        return claimed, dict(off)

    def choose(
        self, wanted: list[tuple[Filter, int, bool]], left: dict[str, int]
    ) -> list[list[Priced]] | None:
        used: Counter[str] = Counter()
        chosen: list[list[Priced]] = []
        for goods, qty, cheapest in wanted:
            queue = self.queue(goods, left)
            ids = list(dict.fromkeys(each.line.id for each in queue))
            by_id = {each.line.id: each for each in queue}
            part: list[Priced] = []
            for id in reversed(ids) if cheapest else ids:
                while left[id] > used[id] and len(part) < qty:
                    part.append(by_id[id])
                    used[id] += 1
            if len(part) < qty:
                return None
            chosen.append(part)
        return chosen

    def claim_free(self, rule: StampsRule, units: dict[str, int]) -> tuple[Counter[str], dict[str, int]]:
        assert self.state is not None
        lines = [each for each in self.of(rule) if each.room and units[each.line.id]]
        lines.sort(key=lambda each: each.unit, reverse=rule.free == "dearest")
        queue = [each for each in lines for _ in range(units[each.line.id])]
        free = 0
        for tried in range(len(queue) + 1):
            paid = len(queue) - tried
            if rule.cap_per_day is not None:
                paid = min(paid, max(0, rule.cap_per_day - self.stamped_today(rule)))
            if self.state.card(rule.id) + paid >= tried * (rule.size - 1):
                free = tried
        claimed = Counter(each.line.id for each in queue[:free])
        off: Counter[str] = Counter()
        for each in queue[:free]:
            off[each.line.id] += each.unit
        return claimed, dict(off)

    def stamped_today(self, rule: Rule) -> int:
        day = self.context.at_ms // DAY_MS
        assert self.state is not None
        return sum(b.uses for b in self.state.counters.get(rule.id, ()) if b.day == day)

    def within(self, rule: Rule, off: dict[str, int], rooms: dict[str, int]) -> dict[str, int]:
        parts = {id: min(amount, rooms[id]) for id, amount in off.items()}
        if rule.max_discount is not None and sum(parts.values()) > self.left(rule):
            spread = portions(self.left(rule), list(parts.values()))
            parts = dict(zip(parts, spread, strict=True))
        return {id: amount for id, amount in parts.items() if amount}

    def line_group(self, rules: list[Any]) -> None:
        singles: dict[str, tuple[int, tuple[int, str], Rule]] = {}
        for rule in rules:
            if isinstance(rule, PriceRule) and self.open_to(rule):
                for id, value in self.line_values(rule).items():
                    entry = (-value, (-rule.priority, rule.id), rule)
                    singles[id] = min(singles.get(id, entry), entry, key=lambda e: e[:2])
        claims = self.claims([rule for rule in rules if not isinstance(rule, PriceRule)])
        claimed = {id for _, units, _ in claims for id in units}
        bundled = sum(sum(off.values()) for _, _, off in claims)
        beside = {id: entry for id, entry in singles.items() if id not in claimed}
        if bundled - sum(e[0] for e in beside.values()) > -sum(e[0] for e in singles.values()):
            singles = beside
            for rule, units, off in claims:
                if isinstance(rule, StampsRule):
                    self.free[rule.id] = sum(units.values())
                self.give(rule, off)
        for id, (value, _, rule) in singles.items():
            self.give(rule, {id: -value})

    def claims(self, rules: list[Any]) -> list[tuple[Rule, Counter[str], dict[str, int]]]:
        units = {each.line.id: each.units for each in self.lines}
        rooms = {each.line.id: each.room for each in self.lines}
        alone: list[tuple[int, tuple[int, str], Rule, Counter[str], dict[str, int]]] = []
        for rule in rules:
            if not self.open_to(rule) or (isinstance(rule, StampsRule) and self.state is None):
                continue
            claimed, off = self.claim(rule, units)
            off = self.within(rule, off, rooms)
            if off:
                alone.append((-sum(off.values()), (-rule.priority, rule.id), rule, claimed, off))
        taken: list[tuple[Rule, Counter[str], dict[str, int]]] = []
        for _, _, rule, claimed, off in sorted(alone, key=lambda e: e[:2]):
            if any(units[id] < self.by_id(id).units for id in claimed):
                claimed, off = self.claim(rule, units)
                off = self.within(rule, off, rooms)
                if not off:
                    continue
            taken.append((rule, claimed, off))
            for id, count in claimed.items():
                units[id] -= count
            for id, amount in off.items():
                rooms[id] -= amount
        return taken

    def by_id(self, id: str) -> Priced:
        return next(each for each in self.lines if each.line.id == id)

    def give(self, rule: Rule, off: dict[str, int]) -> None:
        for id, amount in off.items():
            each = self.by_id(id)
            each.off[rule.id] += amount
            each.closed = each.closed or rule.exclusive

    # -- stage 2 and 3 -------------------------------------------------------------------------------

    def receipt_group(self, rules: list[Any]) -> None:
        best: tuple[int, tuple[int, str], Rule, dict[str, int]] | None = None
        for rule in rules:
            for off in self.receipt_offers(rule):
                if off:
                    entry = (-sum(off.values()), (-rule.priority, rule.id), rule, off)
                    best = min(best or entry, entry, key=lambda e: e[:2])
        if best is not None:
            self.give(best[2], best[3])

    def receipt_offers(self, rule: Any) -> list[dict[str, int]]:
        if not self.open_to(rule):
            return []
        if isinstance(rule, ThresholdRule):
            lines = self.of(rule)
            total = sum(each.net for each in lines)
            reached = [step for step in rule.steps if total >= step.from_]
            if not lines or not reached:
                return []
            give = max(reached, key=lambda step: step.from_).give
            self.steps[rule.id] = give
            return [self.receipt_off(rule, lines, give.percent, give.amount)]
        number = self.levels.get(rule.id, 0)
        if self.state is None or not number:
            return []
        level = rule.levels[number - 1]
        return [
            self.receipt_off(
                rule, self.of(rule, level.products if _narrow(level) else None), level.percent, None
            )
        ]

    def receipt_off(
        self, rule: Rule, lines: list[Priced], percent: Fraction | None, amount: int | None
    ) -> dict[str, int]:
        if percent is not None:
            off = self.round(sum(each.net for each in lines if not each.closed) * percent)
        else:
            off = amount or 0
        if rule.max_discount is not None:
            off = min(off, self.left(rule))
        if percent is not None:
            parts = portions(off, [0 if each.closed else each.net for each in lines])
        else:
            parts = portions(min(off, sum(each.room for each in lines)), [each.room for each in lines])
        pairs = zip(lines, parts, strict=True)
        return {each.line.id: min(part, each.room) for each, part in pairs if min(part, each.room) > 0}

    def cap(self) -> None:
        share = self.programme.caps.receipt
        if share is None:
            return
        entries = [(each, rule) for each in self.lines for rule in each.off]
        amounts = [each.off[rule] for each, rule in entries]
        limit = min(sum(amounts), floor(sum(each.gross for each in self.lines) * share))
        for (each, rule), part in zip(entries, portions(limit, amounts), strict=True):
            each.off[rule] = part

    # -- stage 5 and 6 -------------------------------------------------------------------------------

    def goods(self) -> int:
        return sum(each.net for each in self.lines)

    def base(self, each: Priced, base: str) -> int:
        return {"gross": each.gross, "net": each.net, "paid": each.net - each.points}[base]

    def multiplier(self) -> Fraction:
        rules = {rule.id: rule for rule in self.programme.rules if isinstance(rule, TierRule)}
        return max([F(1), *(rules[id].levels[n - 1].multiplier for id, n in self.levels.items() if n)])

    def earnings(self) -> dict[str, int]:
        """Hundredths of points by rule, for what is paid in points now."""
        earned: dict[str, int] = {}
        for rule in self.programme.rules:
            if self.state is None or not self.open_to(rule):
                continue
            if isinstance(rule, PointsRule) and rule.earn is not None:
                earned[rule.id] = self.by_points(rule)
            elif isinstance(rule, CashbackRule):
                exact = sum(
                    (
                        self.base(each, rule.base) * self.cashback_rate(rule, each.line.category)
                        for each in self.of(rule)
                    ),
                    F(0),
                )
                earned[rule.id] = self.rounded(
                    exact * 100 / self.point_minor() * self.multiplier(), rule.round_to
                )
        return earned

    def rounded(self, centi: Fraction, to: str) -> int:
        if to == "hundredth":
            return self.round(centi)
        return 100 * self.round(centi / 100, "down" if to == "point_down" else "half_up")

    def by_points(self, rule: PointsRule) -> int:
        earn = rule.earn
        assert earn is not None
        if earn.per == "visit":
            exact = F(1 if self.goods() > 0 else 0)
        else:
            exact = F(0)
            for each in self.of(rule):
                times = [m.times for m in rule.multipliers if self.match(m.products, each.line)]
                if earn.per == "unit":
                    measure = F(each.line.qty_milli, 1000)
                else:
                    measure = F(self.base(each, earn.base), earn.per)
                exact += measure * (times[0] if times else 1)
        return self.rounded(exact * earn.points * self.multiplier(), earn.round_to)

    def cashback_rate(self, rule: CashbackRule, category: str) -> Fraction:
        while category:
            if category in rule.rates:
                return rule.rates[category]
            parent = self.programme.categories.get(category)
            category = parent.parent if parent else ""
        return rule.rate

    def redeeming(self) -> PointsRule | None:
        return next((r for r in self.programme.rules if isinstance(r, PointsRule) and r.redeem), None)

    def point_minor(self) -> Fraction:
        rule = self.redeeming()
        return rule.redeem.value if rule and rule.redeem else F(100)

    def spend(self) -> tuple[int, int]:
        """Spent and spendable."""
        rule = self.redeeming()
        if rule is None or rule.redeem is None or self.state is None or not self.open_to(rule):
            return 0, 0
        redeem = rule.redeem
        per_centi = redeem.value / 100
        step = lcm(redeem.block, per_centi.denominator)
        lines = self.of(rule, redeem.products)
        money = min(sum(each.net for each in lines), floor(self.goods() * redeem.max_share))
        limit = floor(money / per_centi)
        if self.context.points_limit_centi is not None:
            limit = min(limit, self.context.points_limit_centi)
        at_ms = self.context.at_ms
        balance = sum(lot.amount_centi for lot in self.state.lots if lot.spendable_at_ms <= at_ms)
        balance = max(0, balance - self.state.debt_centi)
        most = min(limit, balance + (sum(self.earnings().values()) if redeem.same_sale else 0)) // step * step
        while redeem.same_sale and most > 0:
            self.put(lines, int(most * per_centi))
            if most <= balance + sum(self.earnings().values()):
                break
            most -= step
        most = max(0, most)
        wish = self.context.redeem.points_centi
        spent = most if wish == "max" else min(int(wish), most) // step * step
        self.put(lines, int(spent * per_centi))
        return spent, most

    def put(self, lines: list[Priced], minor: int) -> None:
        for each, part in zip(lines, portions(minor, [e.net for e in lines]), strict=True):
            each.points = part

    # -- levels ------------------------------------------------------------------------------------------

    def figure(self, rule: TierRule) -> int:
        assert self.state is not None
        day = self.context.at_ms // DAY_MS
        first = {"lifetime": 0, "calendar_year": 20_454}.get(str(rule.window), day - 29)  # 2026 begins then
        buckets = [b for b in self.state.counters.get(rule.id, ()) if first <= b.day <= day]
        name = {"spend": "spend_minor", "points": "points_centi", "receipts": "receipts"}[rule.basis]
        return sum(getattr(b, name) for b in buckets)

    def reached(self, rule: TierRule, figure: int) -> int:
        scale = {"spend": 100, "points": 100, "receipts": 1}[rule.basis]
        return sum(figure >= F(level.from_) * scale for level in rule.levels)

    def this_sale(self, rule: TierRule) -> int:
        lines = self.of(rule)
        if not self.open_to(rule):
            return 0
        if rule.basis == "spend":
            return sum(each.net for each in lines)
        return sum(self.earned.values()) if rule.basis == "points" else (1 if lines else 0)

    # -- all of it ---------------------------------------------------------------------------------------

    def run(self) -> None:
        self.steps: dict[str, Benefit] = {}
        rules = self.programme.rules
        for kinds, default, stage in (
            ((PriceRule, BundleRule, StampsRule), "line", self.line_group),
            ((ThresholdRule, TierRule), "receipt", self.receipt_group),
        ):
            groups: dict[str, list[Any]] = {}
            for rule in rules:
                if isinstance(rule, StampsRule):
                    if rule.free is not None and stage == self.line_group:
                        groups.setdefault(rule.group or "stamps", []).append(rule)
                    elif _coupon(rule) and stage == self.receipt_group:
                        groups.setdefault(rule.group or "receipt", [])  # its coupon: not presented here
                elif isinstance(rule, kinds):
                    groups.setdefault(rule.group or default, []).append(rule)
            for group in groups.values():
                stage(group)
        self.cap()
        self.spent, self.spendable = self.spend()
        self.earned = Counter({id: centi for id, centi in self.earnings().items() if centi > 0})

    def stamps(self) -> dict[str, int]:
        """Cards after the sale; full cards' points are earned on the way."""
        after: dict[str, int] = {}
        for rule in self.programme.rules:
            if not isinstance(rule, StampsRule) or self.state is None or not self.open_to(rule):
                continue
            lines = self.of(rule)
            have = self.state.card(rule.id)
            room = (
                F(10**9) if rule.cap_per_day is None else max(0, rule.cap_per_day - self.stamped_today(rule))
            )
            if rule.free is not None:
                free = self.free.get(rule.id, 0)
                earned = min(sum(each.units for each in lines) - free, room)
                if any(each.units for each in lines):
                    after[rule.id] = have + int(earned) - free * (rule.size - 1)
                continue
            if rule.per == "receipt":
                stamps = 1 if lines else 0
            elif rule.per == "unit":
                stamps = sum(each.units for each in lines if each.net > 0)
            else:
                stamps = sum(each.net for each in lines) // rule.per
            stamps = int(min(stamps, room))
            if not stamps:
                continue
            filled = max(0, (have + stamps) // rule.size)
            if filled and not rule.carry_over:
                filled, after[rule.id] = 1, 0
            else:
                after[rule.id] = have + stamps - filled * rule.size
            if rule.reward and rule.reward.points and filled:
                self.earned[rule.id] += rule.reward.points * filled
        return after

    def threshold_points(self) -> None:
        for rule in self.programme.rules:
            give = self.steps.get(rule.id)
            if give is not None and give.points is not None and self.state is not None:
                self.earned[rule.id] += give.points


def _coupon(rule: StampsRule) -> bool:
    """Whether a full card gives a discount for later; such a coupon is in a group like any discount."""
    return rule.reward is not None and (rule.reward.percent or rule.reward.amount) is not None


def _narrow(level: Any) -> bool:
    return level.products != Filter()


def naive(programme: Programme, state: MemberState | None, basket: Basket, context: Context) -> Answer:
    """The whole answer; a tier that counts `now` takes a second pass."""
    tiers = [rule for rule in programme.rules if isinstance(rule, TierRule)]
    one = Naive(programme, state, basket, context)
    if state is not None:
        one.levels = {rule.id: one.reached(rule, one.figure(rule)) for rule in tiers}
    stamps = _pass(one)
    if state is not None:
        risen = dict(one.levels)
        for rule in tiers:
            if rule.counts == "now" and one.open_to(rule):
                risen[rule.id] = max(
                    risen[rule.id], one.reached(rule, one.figure(rule) + one.this_sale(rule))
                )
        if risen != one.levels:
            one = Naive(programme, state, basket, context)
            one.levels = risen
            stamps = _pass(one)
    return Answer(
        {each.line.id: {r: a for r, a in each.off.items() if a} for each in one.lines},
        {each.line.id: each.net for each in one.lines},
        {rule: centi for rule, centi in one.earned.items() if centi},
        one.spent,
        one.spendable,
        stamps,
        {r.id: r.levels[one.levels[r.id] - 1].id if one.levels.get(r.id) else "" for r in tiers}
        if state is not None
        else {},
    )


def _pass(one: Naive) -> dict[str, int]:
    one.run()
    one.threshold_points()
    return one.stamps()
