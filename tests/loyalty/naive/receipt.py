"""Stages 2 to 4: discounts on the receipt, its caps, and delivery."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

from app.loyalty.model import Benefit, Filter, Rule
from app.loyalty.rules.birthday import BirthdayRule
from app.loyalty.rules.challenge import ChallengeRule
from app.loyalty.rules.come_back import ComeBackRule
from app.loyalty.rules.free_delivery import FreeDeliveryRule
from app.loyalty.rules.nth_purchase import NthPurchaseRule
from app.loyalty.rules.promo_code import PromoCodeRule
from app.loyalty.rules.stamps import StampsRule
from app.loyalty.rules.tenure import TenureRule
from app.loyalty.rules.threshold import ThresholdRule
from app.loyalty.rules.tier import TierRule
from app.loyalty.rules.vip import VipRule
from app.loyalty.rules.welcome import WelcomeRule
from tests.loyalty.naive.goods import Priced, portions
from tests.loyalty.naive.lines import LineStage
from tests.loyalty.naive.visits import is_discount

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


class ReceiptStage(LineStage):
    """Group by group: the one rule that gives most."""

    def receipt_rules(self) -> list[tuple[Any, str]]:
        coupons = [r for r in self.programme.rules if is_discount(_prize(r)) or isinstance(r, ComeBackRule)]
        return [(r, "receipt") for r in self.programme.rules if isinstance(r, RECEIPT) or r in coupons]

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
        rooms = [each.room for each in lines]
        shares = rooms if percent is None else [0 if each.closed else each.net for each in lines]
        parts = portions(min(off, sum(shares)), shares)
        if any(part > room for part, room in zip(parts, rooms, strict=True)):
            shares = parts = [min(part, room) for part, room in zip(parts, rooms, strict=True)]
        if limit is not None and sum(parts) > limit:
            parts = portions(limit, shares)
        return {each.line.id: part for each, part in zip(lines, parts, strict=True) if part > 0}

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


def _prize(rule: Rule) -> Benefit | None:
    """What comes as a coupon for later, if it is a discount; such a coupon is in a group like any other."""
    if isinstance(rule, StampsRule):
        return rule.reward
    return rule.give if isinstance(rule, ChallengeRule) else None


def _narrow(level: Any) -> bool:
    return level.products != Filter()
