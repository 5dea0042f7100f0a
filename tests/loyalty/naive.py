"""The programme's meaning a second time: slow, unit by unit, in fractions, straight from the document.

It shares the settings' structs with the engine and nothing else: no index, no compiled plans, no
integer arithmetic of the engine's. It knows every kind of rule that a sale meets; `activity`, which
takes no part in a sale, has worked examples instead. This file prices and earns, `naive_visits` says
who may and what a visit is worth.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Any

from app.loyalty.basket import Basket, Context, Line
from app.loyalty.model import Benefit, Filter, Programme, Rule
from app.loyalty.rules.birthday import BirthdayRule
from app.loyalty.rules.bundle import BundleRule
from app.loyalty.rules.cashback import CashbackRule
from app.loyalty.rules.challenge import ChallengeRule
from app.loyalty.rules.come_back import ComeBackRule
from app.loyalty.rules.complement import ComplementRule
from app.loyalty.rules.entitlement import EntitlementRule
from app.loyalty.rules.free_delivery import FreeDeliveryRule
from app.loyalty.rules.gift_card import GiftCardRule
from app.loyalty.rules.nth_purchase import NthPurchaseRule
from app.loyalty.rules.partner import PartnerRule
from app.loyalty.rules.points import PointsRule
from app.loyalty.rules.price import PriceRule
from app.loyalty.rules.promo_code import PromoCodeRule
from app.loyalty.rules.referral import ReferralRule
from app.loyalty.rules.reward import RewardRule
from app.loyalty.rules.stamps import StampsRule
from app.loyalty.rules.tenure import TenureRule
from app.loyalty.rules.threshold import ThresholdRule
from app.loyalty.rules.tier import TierRule
from app.loyalty.rules.vip import VipRule
from app.loyalty.rules.welcome import WelcomeRule
from app.loyalty.state import DAY_MS, MemberState
from tests.loyalty.naive_visits import Handed, Visit, is_discount

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
    due: int
    things: dict[tuple[str, str, str], int]
    """What is handed over, by rule, kind and name: coupons, gifts, uses, status, badges."""
    used: dict[str, int]
    """What was held and is used up, by rule."""
    bought: int
    """Points paid for rewards, in hundredths."""


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


class Naive(Visit):
    def __init__(
        self, programme: Programme, state: MemberState | None, basket: Basket, context: Context
    ) -> None:
        super().__init__(programme, state, context)
        self.everything = [Priced(line, self.gross(line), self.gross(line)) for line in basket.lines]
        lines = sorted(
            (line for line in basket.lines if not self.aside(line)),
            key=lambda x: (x.sku, x.unit_price_minor, x.qty_milli, x.category, x.brand, x.tags, x.tax, x.id),
        )
        self.lines = [self.priced(line) for line in lines]
        priced = {each.line.id: each for each in self.lines}
        self.everything = [priced.get(each.line.id, each) for each in self.everything]
        self.aside_lines = [each for each in self.everything if each.line.id not in priced]
        self.hand = Handed()
        self.used: Counter[str] = Counter()
        self.asked: dict[str, tuple[Benefit, int] | None] = {}
        self.bought = 0
        self.stampable: dict[str, bool] = {}
        self.levels: dict[str, int] = {}
        self.free: dict[str, int] = {}
        self.earned: Counter[str] = Counter()

    def round(self, exact: Fraction, how: str = "") -> int:
        return floor(exact) if (how or self.programme.rounding) == "down" else floor(exact + F(1, 2))

    def gross(self, line: Line) -> int:
        return self.round(F(line.unit_price_minor * line.qty_milli, 1000))

    def gift_card(self, line: Line) -> bool:
        cards = [rule for rule in self.programme.rules if isinstance(rule, GiftCardRule)]
        return "gift_card" in line.tags or any(self.match(rule.products, line) for rule in cards)

    def aside(self, line: Line) -> bool:
        """Neither delivery nor a gift card, nor nothing of something, is goods to discount or to earn on."""
        kept_out = {"delivery", "deposit"} & set(line.tags)
        return bool(kept_out) or self.gift_card(line) or line.qty_milli <= 0

    def priced(self, line: Line) -> Priced:
        gross = self.gross(line)
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

    def line_values(self, rule: PriceRule | ComplementRule) -> dict[str, int]:
        """By line id, within the rule's own cap."""
        if isinstance(rule, PriceRule):
            values = {each.line.id: self.line_value(rule, each) for each in self.of(rule) if each.room}
        else:
            values = self.complement_values(rule)
        limit = self.limit(rule)
        if limit is not None and sum(values.values()) > limit:
            values = dict(zip(values, portions(limit, list(values.values())), strict=True))
        return {id: part for id, part in values.items() if part}

    def complement_values(self, rule: ComplementRule) -> dict[str, int]:
        """Of several pairs that offer a line, the better."""
        values: dict[str, int] = {}
        for number, pair in enumerate(rule.pairs):
            days = rule.before_days
            before = days and sum(b.receipts for b in self.buckets(f"{rule.id}#{number}", days)) > 0
            if not before and not self.of(rule, pair.bought):
                continue
            for each in self.of(rule, pair.offer):
                if not each.room or self.match(pair.bought, each.line):
                    continue
                if rule.percent is not None:
                    value = self.round(each.net * rule.percent)
                else:
                    value = min(each.net, self.round(F((rule.amount or 0) * each.line.qty_milli, 1000)))
                values[each.line.id] = max(values.get(each.line.id, 0), min(value, each.room))
        return values

    def limit(self, rule: Rule) -> int | None:
        """What the rule's cap and budget leave it on this receipt."""
        limits = [each for each in (rule.max_discount, self.budget_left(rule)) if each is not None]
        given = sum(each.off[rule.id] for each in self.everything)
        return max(0, min(limits) - given) if limits else None

    def claim(self, rule: Any, units: dict[str, int]) -> tuple[Counter[str], dict[str, int]]:
        """Units claimed and discount by line id, from the units that are left."""
        if isinstance(rule, StampsRule):
            return self.claim_free(rule, units)
        if isinstance(rule, EntitlementRule):
            return self.claim_uses(rule, units)
        if rule.n_for_m is not None:
            n_for_m = rule.n_for_m
            return self.claim_chunks(rule, units, n_for_m.take, n_for_m.pay, n_for_m.percent)
        if rule.get is not None and rule.get.products == rule.products and not rule.beside:
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
            wanted += [(part.products, part.qty, False) for part in rule.beside]
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
            if self.card(rule) + paid >= tried * (rule.size - 1):
                free = tried
        claimed = Counter(each.line.id for each in queue[:free])
        off: Counter[str] = Counter()
        for each in queue[:free]:
            off[each.line.id] += each.unit
        return claimed, dict(off)

    def claim_uses(self, rule: EntitlementRule, units: dict[str, int]) -> tuple[Counter[str], dict[str, int]]:
        wished = self.context.redeem.entitlements.count(rule.id)
        uses = min(wished, sum(grant.uses for grant in self.held(rule.id)))
        queue = self.queue(rule.products, units)[:uses]
        off: Counter[str] = Counter()
        for each in queue:
            off[each.line.id] += each.unit
        return Counter(each.line.id for each in queue), dict(off)

    def stamped_today(self, rule: Rule) -> int:
        day = self.context.at_ms // DAY_MS
        assert self.state is not None
        return sum(b.uses for b in self.state.counters.get(rule.id, ()) if b.day == day)

    def within(self, rule: Rule, off: dict[str, int], rooms: dict[str, int]) -> dict[str, int]:
        parts = {id: min(amount, rooms[id]) for id, amount in off.items()}
        limit = self.limit(rule)
        if limit is not None and sum(parts.values()) > limit:
            spread = portions(limit, list(parts.values()))
            parts = dict(zip(parts, spread, strict=True))
        return {id: amount for id, amount in parts.items() if amount}

    def line_group(self, rules: list[Any]) -> None:
        singles: dict[str, tuple[int, tuple[int, str], Rule]] = {}
        for rule in rules:
            if isinstance(rule, PriceRule | ComplementRule) and self.allowed(rule):
                for id, value in self.line_values(rule).items():
                    entry = (-value, (-rule.priority, rule.id), rule)
                    singles[id] = min(singles.get(id, entry), entry, key=lambda e: e[:2])
        claims = self.claims([r for r in rules if not isinstance(r, PriceRule | ComplementRule)])
        claimed = {id for _, units, _ in claims for id in units}
        bundled = sum(sum(off.values()) for _, _, off in claims)
        beside = {id: entry for id, entry in singles.items() if id not in claimed}
        if bundled - sum(e[0] for e in beside.values()) > -sum(e[0] for e in singles.values()):
            singles = beside
            for rule, units, off in claims:
                if isinstance(rule, StampsRule):
                    self.free[rule.id] = sum(units.values())
                if isinstance(rule, EntitlementRule):
                    self.used[rule.id] += sum(units.values())
                self.give(rule, off)
        for id, (value, _, rule) in singles.items():
            self.give(rule, {id: -value})

    def claims(self, rules: list[Any]) -> list[tuple[Rule, Counter[str], dict[str, int]]]:
        units = {each.line.id: each.units for each in self.lines}
        rooms = {each.line.id: each.room for each in self.lines}
        alone: list[tuple[int, tuple[int, str], Rule, Counter[str], dict[str, int]]] = []
        for rule in rules:
            if not self.allowed(rule) or (self.state is None and not isinstance(rule, BundleRule)):
                continue
            if isinstance(rule, StampsRule):
                self.stampable[rule.id] = self.goods() >= rule.min_receipt
                if not self.stampable[rule.id]:
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
        if not self.allowed(rule):
            return []
        if isinstance(rule, VipRule):
            if self.state is None or not self.held(rule.id) or not rule.percent:
                return []
            return [self.receipt_off(rule, self.of(rule, rule.goods), rule.percent, None)]
        if not isinstance(rule, ThresholdRule | TierRule):
            lines = self.of(rule)
            if not lines:
                return []
            asked = self.asked[rule.id] = self.benefit(rule, sum(each.net for each in lines))
            if asked is None:
                return []
            give, times = asked
            return [self.receipt_off(rule, lines, give.percent, (give.amount or 0) * times)]
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
        limit = self.limit(rule)
        if limit is not None:
            off = min(off, limit)
        if percent is not None:
            parts = portions(off, [0 if each.closed else each.net for each in lines])
        else:
            parts = portions(min(off, sum(each.room for each in lines)), [each.room for each in lines])
        pairs = zip(lines, parts, strict=True)
        return {each.line.id: min(part, each.room) for each, part in pairs if min(part, each.room) > 0}

    def cap(self) -> None:
        caps = self.programme.caps
        entries = [(each, rule) for each in self.lines for rule in each.off]
        amounts = [each.off[rule] for each, rule in entries]
        limit = sum(amounts)
        if caps.receipt is not None:
            limit = min(limit, floor(sum(each.gross for each in self.lines) * caps.receipt))
        if caps.receipt_amount is not None:
            limit = min(limit, caps.receipt_amount)
        for (each, rule), part in zip(entries, portions(limit, amounts), strict=True):
            each.off[rule] = part

    def deliver(self) -> None:
        """Stage 4."""
        for rule in self.programme.rules:
            if not isinstance(rule, FreeDeliveryRule) or not self.allowed(rule):
                continue
            first = rule.first_order and self.state is not None and self.state.receipts <= 0
            if not first and (rule.from_total is None or self.goods() < rule.from_total):
                continue
            lines = [each for each in self.aside_lines if "delivery" in each.line.tags]
            for each in sorted(lines, key=lambda e: (e.line.sku, e.line.unit_price_minor, e.line.qty_milli)):
                limit = self.limit(rule)
                each.off[rule.id] += each.net if limit is None else min(each.net, limit)

    # -- stage 5 and 6 -------------------------------------------------------------------------------

    def goods(self) -> int:
        return sum(each.net for each in self.lines)

    def base(self, each: Priced, base: str) -> int:
        return {"gross": each.gross, "net": each.net, "paid": each.net - each.points}[base]

    def multiplier(self) -> Fraction:
        rules = {rule.id: rule for rule in self.programme.rules if isinstance(rule, TierRule)}
        levels = [
            rules[id].levels[n - 1].multiplier
            for id, n in self.levels.items()
            if n and self.allowed(rules[id])
        ]
        vips = [
            rule.multiplier
            for rule in self.programme.rules
            if isinstance(rule, VipRule) and self.held(rule.id) and self.allowed(rule)
        ]
        return max([F(1), *levels, *vips])

    def earnings(self) -> dict[str, int]:
        """Hundredths of points by rule, for what is paid in points now."""
        earned: dict[str, int] = {}
        for rule in self.programme.rules:
            if self.state is None or not self.allowed(rule):
                continue
            if isinstance(rule, PointsRule) and rule.earn is not None:
                if self.goods() >= rule.earn.min_receipt:
                    earned[rule.id] = self.by_points(rule)
            elif isinstance(rule, PartnerRule) and rule.points is not None and rule.per is not None:
                paid = sum(self.base(each, "paid") for each in self.of(rule))
                earned[rule.id] = self.round(F(paid * rule.points, rule.per))
            elif isinstance(rule, CashbackRule) and self.goods() >= rule.min_receipt:
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
        for rule in self.programme.rules:
            if rule.id in earned:
                earned[rule.id] = min(earned[rule.id], self.most(rule))
        return earned

    def rounded(self, centi: Fraction, to: str) -> int:
        if to == "hundredth":
            return self.round(centi)
        return 100 * self.round(centi / 100, "down" if to == "point_down" else "half_up")

    def by_points(self, rule: PointsRule) -> int:
        earn = rule.earn
        assert earn is not None
        if earn.per == "visit":
            exact = F(1 if self.goods() > 0 and self.of(rule) else 0)
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
        above: list[str] = []
        while category:
            above.append(category)
            parent = self.programme.categories.get(category)
            category = parent.parent if parent else ""
        named = [rule.rates[name] for name in above if name in rule.rates]
        rate = named[0] if named else rule.rate
        if rule.chosen is None:
            return rate
        held = sorted(g.item for g in self.held(rule.id) if g.item in rule.chosen.categories)
        picked = bool(set(held[: rule.chosen.picks]) & set(above))
        return max(rate, rule.chosen.rate) if picked else rate

    def redeeming(self) -> PointsRule | None:
        return next((r for r in self.programme.rules if isinstance(r, PointsRule) and r.redeem), None)

    def point_minor(self) -> Fraction:
        rule = self.redeeming()
        return rule.redeem.value if rule and rule.redeem else F(100)

    def spend(self) -> tuple[int, int]:
        """Spent and spendable."""
        rule = self.redeeming()
        if rule is None or rule.redeem is None or self.state is None or not self.allowed(rule):
            return 0, 0
        redeem = rule.redeem
        per_centi = redeem.value / 100
        step = lcm(redeem.block, per_centi.denominator)
        lines = self.of(rule, redeem.products)
        money = min(sum(each.net for each in lines), floor(self.goods() * redeem.max_share))
        limit = floor(money / per_centi)
        if self.context.points_limit_centi is not None:
            limit = min(limit, self.context.points_limit_centi - self.bought)
        at_ms = self.context.at_ms
        balance = sum(lot.amount_centi for lot in self.lots() if lot.spendable_at_ms <= at_ms)
        balance = balance - self.state.debt_centi - self.bought
        most = limit // step * step
        while most > 0:
            self.put(lines, int(most * per_centi))
            if most <= balance + (self.ready_at_once() if redeem.same_sale else 0):
                break
            most -= step
        least = redeem.min_points or 0
        most = most if most >= max(least, 0) and most > 0 else 0
        wish = self.context.redeem.points_centi
        spent = most if wish == "max" else min(int(wish), most) // step * step
        spent = spent if spent >= least else 0
        self.put(lines, int(spent * per_centi))
        return spent, most

    def ready_at_once(self) -> int:
        waiting = {r.id for r in self.programme.rules if _waits(r)}
        return sum(centi for rule, centi in self.earnings().items() if rule not in waiting)

    def buy(self) -> None:
        """Rewards for points, and gifts that are held, in the order in which they are wished."""
        wishes = self.context.redeem.rewards
        gifts = {g.code: g for g in (self.state.grants if self.state else ()) if g.kind == "reward"}
        for wish, gift in gifts.items():
            begun = gift.starts_at_ms <= self.context.at_ms
            self.used[gift.rule] += min(wishes.count(wish), gift.uses) if begun and gift.uses > 0 else 0
        for rule in self.programme.rules:
            if not isinstance(rule, RewardRule) or self.state is None or not self.allowed(rule):
                continue
            given: Counter[str] = Counter()
            for name in [wish.partition("/")[2] for wish in wishes if wish.partition("/")[0] == rule.id]:
                item = next((item for item in rule.items if item.id == name), None)
                if item is None:
                    continue
                at_ms = self.context.at_ms
                ready = sum(lot.amount_centi for lot in self.lots() if lot.spendable_at_ms <= at_ms)
                stock = self.context.budgets.get(f"{rule.id}/{name}", item.stock)
                had = given[name] + self.uses(f"{rule.id}#{name}")
                if stock is not None and given[name] >= stock:
                    continue
                if item.per_member is not None and had >= item.per_member:
                    continue
                limit = self.context.points_limit_centi
                if limit is not None and limit - self.bought < item.points:
                    continue
                if ready - self.bought >= item.points:
                    given[name] += 1
                    self.bought += item.points

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
        if not self.allowed(rule):
            return 0
        if rule.basis == "spend":
            return sum(each.net for each in lines)
        return (self.all_points() if rule.basis == "points" else 1) if lines else 0

    def all_points(self) -> int:
        return sum(self.earned.values()) + sum(self.hand.points.values())

    # -- all of it ---------------------------------------------------------------------------------------

    def run(self) -> None:
        self.steps: dict[str, Benefit] = {}
        for groups, stage in (
            (self.groups(self.line_rules()), self.line_group),
            (self.groups(self.receipt_rules()), self.receipt_group),
        ):
            for group in groups:
                stage(group)
        self.cap()
        for each in self.lines:
            each.off["manual"] += min(each.line.manual_minor, max(0, each.net - each.floor))
        self.deliver()
        self.buy()
        self.spent, self.spendable = self.spend()
        self.earned = Counter({id: centi for id, centi in self.earnings().items() if centi > 0})
        self.due = self.pay()

    def line_rules(self) -> list[tuple[Any, str]]:
        """Rules over lines, each with its kind's own group."""
        found: list[tuple[Any, str]] = []
        for rule in self.programme.rules:
            if isinstance(rule, PriceRule | BundleRule | ComplementRule):
                found.append((rule, "line"))
            elif isinstance(rule, StampsRule) and rule.free is not None:
                found.append((rule, "stamps"))
            elif isinstance(rule, EntitlementRule):
                found.append((rule, "entitlements"))
        return found

    def receipt_rules(self) -> list[tuple[Any, str]]:
        coupons = [r for r in self.programme.rules if is_discount(_prize(r)) or isinstance(r, ComeBackRule)]
        return [(r, "receipt") for r in self.programme.rules if isinstance(r, RECEIPT) or r in coupons]

    def groups(self, rules: list[tuple[Any, str]]) -> list[list[Any]]:
        found: dict[str, list[Any]] = {}
        for rule, own in rules:
            found.setdefault(rule.group or own, []).append(rule)
        named = [found.pop(name) for name in self.programme.groups if name in found]
        return named + list(found.values())

    def pay(self) -> int:
        """What is left to pay once points and gift cards are spent; cards pay for no card."""
        due = sum(each.net for each in self.everything) - self.put_in_points()
        cards = sum(each.net for each in self.aside_lines if self.gift_card(each.line))
        return due - min(
            due - cards, sum(max(0, card.balance_minor) for card in self.context.redeem.gift_cards)
        )

    def put_in_points(self) -> int:
        return sum(each.points for each in self.lines)

    # -- what is handed over -----------------------------------------------------------------------------

    def hand_over(self) -> None:
        if self.state is None:
            return
        for rule in self.programme.rules:
            lines = self.of(rule)
            gave = sum(each.off[rule.id] for each in self.lines) > 0
            match rule:
                case ThresholdRule() if rule.id in self.steps:
                    self.hand.give(rule.id, self.steps[rule.id], taken=True, most=self.most(rule))
                case NthPurchaseRule() | WelcomeRule() | BirthdayRule() | TenureRule() | PromoCodeRule():
                    give, times = self.asked.get(rule.id) or (None, 0)
                    if give is not None and not is_discount(give):
                        self.hand.give(rule.id, give, times, taken=True, most=self.most(rule))
                case ComeBackRule():
                    goods = self.goods()
                    if self.allowed(rule) and goods > 0 and goods >= rule.min_receipt_to_issue:
                        self.hand.things[rule.id, "coupon", ""] += 1
                    self.used[rule.id] += gave
                case ReferralRule() if lines and self.referred(rule, sum(each.net for each in lines)):
                    self.hand.points[rule.id] += min(rule.friend_points or 0, self.most(rule))
                case EntitlementRule() if rule.sold_by is not None and self.allowed(rule):
                    for each in self.of(rule, rule.sold_by):
                        self.hand.things[rule.id, "uses", each.line.id] += rule.uses * max(1, each.units)
                case VipRule() if rule.sold and self.allowed(rule):
                    for each in lines:
                        self.hand.things[rule.id, "status", each.line.id] += 1
                case ChallengeRule():
                    self.used[rule.id] += gave
                    self.challenge(rule, lines)
                case StampsRule():
                    self.used[rule.id] += gave and rule.reward is not None
                case _:
                    pass

    def most(self, rule: Rule) -> int:
        """Points that the rule's budget still pays for, in hundredths."""
        left = self.budget_left(rule)
        return 10**15 if left is None else floor(left * 100 / self.point_minor())

    def challenge(self, rule: ChallengeRule, lines: list[Priced]) -> None:
        if not lines or not self.allowed(rule) or sum(each.net for each in lines) < rule.min_receipt:
            return
        if rule.wheel:
            drawn = self.drawn(rule)
            if drawn is not None:
                self.hand.give(rule.id, drawn, taken=False)
        elif self.challenge_won(rule, lines):
            if rule.badge:
                self.hand.things[rule.id, "badge", "badge"] += 1
            if rule.give is not None:
                self.hand.give(rule.id, rule.give, taken=False, most=self.most(rule))

    def stamps(self) -> dict[str, int]:
        """Cards after the sale; full cards' points are earned on the way."""
        after: dict[str, int] = {}
        for rule in self.programme.rules:
            if not isinstance(rule, StampsRule) or self.state is None or not self.allowed(rule):
                continue
            if not self.stampable.get(rule.id, self.goods() >= rule.min_receipt):
                continue
            lines = self.of(rule)
            have = self.card(rule)
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
            if rule.reward is not None and filled:
                self.hand.give(rule.id, rule.reward, filled, taken=False, most=self.most(rule))
        return after


RECEIPT = (
    ThresholdRule,
    TierRule,
    VipRule,
    NthPurchaseRule,
    WelcomeRule,
    PromoCodeRule,
    TenureRule,
    BirthdayRule,
)


def _prize(rule: Rule) -> Benefit | None:
    """What comes as a coupon for later, if it is a discount; such a coupon is in a group like any other."""
    if isinstance(rule, StampsRule):
        return rule.reward
    return rule.give if isinstance(rule, ChallengeRule) else None


def _waits(rule: Any) -> bool:
    lots = getattr(rule, "lots", None)
    return lots is not None and lots.spendable_after_days > 0


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
            if rule.counts == "now" and one.allowed(rule):
                risen[rule.id] = max(
                    risen[rule.id], one.reached(rule, one.figure(rule) + one.this_sale(rule))
                )
        if risen != one.levels:
            one = Naive(programme, state, basket, context)
            one.levels = risen
            stamps = _pass(one)
    return Answer(
        {each.line.id: {r: a for r, a in each.off.items() if a} for each in one.everything},
        {each.line.id: each.net for each in one.everything},
        {rule: centi for rule, centi in (one.earned + one.hand.points).items() if centi},
        one.spent,
        one.spendable,
        stamps,
        {r.id: r.levels[one.levels[r.id] - 1].id if one.levels.get(r.id) else "" for r in tiers}
        if state is not None
        else {},
        one.due,
        dict(+one.hand.things),
        dict(+one.used),
        one.bought,
    )


def _pass(one: Naive) -> dict[str, int]:
    one.run()
    one.hand_over()
    return one.stamps()
