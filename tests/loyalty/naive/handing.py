"""Stage 6: what is handed over at payment, and the stamp cards after it."""

from __future__ import annotations

from app.loyalty.rules.birthday import BirthdayRule
from app.loyalty.rules.challenge import ChallengeRule
from app.loyalty.rules.come_back import ComeBackRule
from app.loyalty.rules.entitlement import EntitlementRule
from app.loyalty.rules.nth_purchase import NthPurchaseRule
from app.loyalty.rules.promo_code import PromoCodeRule
from app.loyalty.rules.referral import ReferralRule
from app.loyalty.rules.stamps import StampsRule
from app.loyalty.rules.tenure import TenureRule
from app.loyalty.rules.threshold import ThresholdRule
from app.loyalty.rules.vip import VipRule
from app.loyalty.rules.welcome import WelcomeRule
from tests.loyalty.naive.goods import F, Priced
from tests.loyalty.naive.points import PointsStage
from tests.loyalty.naive.visits import is_discount


class HandingStage(PointsStage):
    """Coupons, gifts, statuses, uses, badges, and points that no line has earned."""

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
