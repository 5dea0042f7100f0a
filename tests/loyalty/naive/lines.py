"""Stage 1: discounts on lines, and the bundles, stamp cards and services that claim their units."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

from app.loyalty.model import Filter, Rule
from app.loyalty.rules.bundle import BundleRule
from app.loyalty.rules.complement import ComplementRule
from app.loyalty.rules.entitlement import EntitlementRule
from app.loyalty.rules.price import PriceRule
from app.loyalty.rules.stamps import StampsRule
from tests.loyalty.naive.goods import F, Goods, Priced, portions


class LineStage(Goods):
    """Group by group: each line its best rule, or what bundles claim, whichever gives more."""

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

    def line_value(self, rule: PriceRule, each: Priced) -> int:
        qty = F(each.line.qty_milli, 1000)
        if rule.percent is not None:
            value = self.round(each.net * rule.percent)
        elif rule.amount is not None:
            value = min(each.net, self.round(rule.amount * qty))
        else:
            value = max(0, each.net - self.round((rule.price or 0) * qty))
        return min(value, each.room)

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
        shelves: list[list[str]] = []
        chosen: list[list[str]] = []
        for goods, qty, cheapest in wanted:
            ids = list(dict.fromkeys(each.line.id for each in self.queue(goods, left)))
            shelves.append(ids[::-1] if cheapest else ids)
            chosen.append([])
            while len(chosen[-1]) < qty:
                if not self.fill(len(chosen) - 1, shelves, chosen, left):
                    return None
        in_order = [sorted(part, key=shelf.index) for part, shelf in zip(chosen, shelves, strict=True)]
        return [[self.by_id(id) for id in part] for part in in_order]

    def fill(
        self, place: int, shelves: list[list[str]], chosen: list[list[str]], left: dict[str, int]
    ) -> bool:
        """One unit more for a place, if need be from another that can do with another unit."""
        ways: list[list[tuple[int, str]]] = [[]]  # what each place on the way hands to the one before
        asked = [place]
        for number, way in zip(asked, ways, strict=False):
            for id in shelves[number]:
                if left[id] > sum(part.count(id) for part in chosen):
                    chosen[number].append(id)
                    takers = [place, *(giver for giver, _ in way)]
                    for (giver, given), taker in zip(way, takers, strict=False):
                        chosen[giver].remove(given)
                        chosen[taker].append(given)
                    return True
            for id in shelves[number]:
                for other, part in enumerate(chosen):
                    if id in part and other not in asked:
                        asked.append(other)
                        ways.append([*way, (other, id)])
        return False

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

    def within(self, rule: Rule, off: dict[str, int], rooms: dict[str, int]) -> dict[str, int]:
        parts = {id: min(amount, rooms[id]) for id, amount in off.items()}
        limit = self.limit(rule)
        if limit is not None and sum(parts.values()) > limit:
            spread = portions(limit, list(parts.values()))
            parts = dict(zip(parts, spread, strict=True))
        return {id: amount for id, amount in parts.items() if amount}
