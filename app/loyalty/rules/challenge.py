"""`challenge`: criteria, a count, a window and a prize; or a prize wheel."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Literal

import msgspec

from app.loyalty.benefit import LotTerms, benefit_problems, hand_over, make_grant
from app.loyalty.coupon import CouponPlan
from app.loyalty.decision import Reason
from app.loyalty.effects import Counted
from app.loyalty.model import Benefit, Count, Money, PositiveMoney, Programme, Rule
from app.loyalty.plan import Kind, Plan, Run, Scene, Scope, Work
from app.loyalty.promise import Said, gives, lots, min_receipt, percent, say
from app.loyalty.unused import unused

Goal = Literal["receipts", "units", "categories", "weeks"]


class Prize(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the wheel: the larger its weight, the likelier; nothing to give is a blank."""

    weight: Count
    give: Benefit | None = None
    cost: Money = 0
    """What it costs the shop, charged to the rule's budget; a prize the budget cannot bear is a blank."""


class ChallengeRule(Rule, frozen=True, kw_only=True):
    goal: Goal | None = None
    goal_spend: PositiveMoney | None = None
    target: Count | None = None
    """How many receipts, units, different categories or weeks in a row."""
    window_days: Count | None = None
    min_receipt: Money = 0
    give: Benefit | None = None
    badge: bool = False
    repeat: bool = False
    """Whether it begins anew on the day after it was won."""
    wheel: tuple[Prize, ...] = ()
    """Instead of a goal: every receipt turns the wheel, or with a goal, every win does."""
    lots: LotTerms = LotTerms()

    def spends(self) -> bool:
        wins = self.takes_off() or (self.give is not None and self.give.points is not None)
        return wins or any(prize.cost for prize in self.wheel)

    def grants(self) -> bool:
        return self.badge or self.takes_off() or super().grants()


class Challenge(Plan):
    conditional = True
    settle_order = 2

    def __init__(self, rule: ChallengeRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule
        self.done = f"{rule.id}#done"
        self.has_goal = rule.goal is not None or rule.goal_spend is not None

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        if self.has_goal and not self.settings.repeat and run.state.counted(self.done).uses > 0:
            return self.no("challenge_done")
        missing = self.settings.min_receipt - run.net_of(self.filter)
        return self.no("missing_for_challenge", missing_minor=missing) if missing > 0 else None

    def since(self, run: Run) -> int:
        """The first day that counts: of the window, and after the last win."""
        window = self.settings.window_days
        first = 0 if window is None else run.now.day - window + 1
        wins = [b.day + 1 for b in run.state.counters.get(self.done, ()) if b.uses > 0]
        return max([first, *wins])

    def after(self, run: Run) -> int:
        """Progress with this receipt."""
        goal, works, state, since = self.settings.goal, self.works(run), run.state, self.since(run)
        if run.now.day < since:
            return 0  # won today already: the next round begins tomorrow
        if goal == "categories":
            keys = [key for key in state.counters if key.startswith(self._category(""))]
            seen = {key for key in keys if state.counted(key, since).receipts > 0}
            return len(seen | {self._category(work.line.category) for work in works})
        if goal == "weeks":
            buckets = state.counters.get(self.id, ())
            return _streak({b.day for b in buckets if b.day >= since and b.receipts > 0}, run.now.day)
        so_far = state.counted(self.id, since)
        if goal == "receipts":
            return so_far.receipts + 1
        if goal == "units":
            return (so_far.units_milli + sum(work.line.qty_milli for work in works)) // 1000
        return so_far.spend_minor + sum(work.net for work in works)

    def _category(self, category: str) -> str:
        return f"{self.id}#category:{category}"

    @property
    def target(self) -> int:
        return self.settings.goal_spend or self.settings.target or 1

    def may_settle(self, scene: Scene) -> bool:
        return scene.member and scene.has(self.filter) and not self.ruled_out(scene)

    def settle(self, run: Run) -> None:
        if not self.here(run) or not self.may(run):
            return
        works = self.works(run)
        if not self.has_goal:
            self._spin(run)
            return
        after = self.after(run)
        won = after >= self.target
        self._count(run, works)
        if won:
            run.effects.append(Counted(self.done, run.now.day, uses=1))
            run.notes[self.id] = self.yes("challenge_won")
            self._award(run)
        else:
            run.notes[self.id] = self._progress(after)

    def _progress(self, after: int) -> Reason:
        if self.settings.goal_spend is not None:
            return self.no("challenge_spend", missing_minor=self.target - after)
        return self.no(
            f"challenge_{self.settings.goal}", n=self.target - after, have=after, target=self.target
        )

    def offer(self, run: Run) -> Reason | None:
        return run.notes.get(self.id)

    def _count(self, run: Run, works: Sequence[Work]) -> None:
        keep = self.settings.window_days
        units = sum(w.line.qty_milli for w in works)
        spend = sum(w.net for w in works)
        day = run.now.day
        run.effects.append(
            Counted(self.id, day, receipts=1, spend_minor=spend, units_milli=units, keep_days=keep)
        )
        if self.settings.goal == "categories":
            for category in sorted({w.line.category for w in works}):
                run.effects.append(Counted(self._category(category), day, receipts=1, keep_days=keep))

    def _award(self, run: Run) -> None:
        rule = self.settings
        if rule.badge:
            run.grant(make_grant(self, run, "badge", item="badge"))
        if rule.give is not None:
            hand_over(self, run, rule.give, terms=rule.lots, now=False)
        if rule.wheel:
            self._spin(run)

    def _spin(self, run: Run) -> None:
        """Draw by the sale's id, so that the draw can be checked and never repeated; not in a preview."""
        wheel = self.settings.wheel
        if not wheel or not run.context.paying or not run.context.sale_id:
            return
        seed = f"{run.context.sale_id}\n{self.id}".encode()
        draw = int.from_bytes(hashlib.sha256(seed).digest(), "big") % sum(p.weight for p in wheel)
        for prize in wheel:
            draw -= prize.weight
            if draw < 0:
                self._win(run, prize)
                return

    def _win(self, run: Run, prize: Prize) -> None:
        left = run.budget_left(self.rule)
        if prize.give is None or (left is not None and prize.cost > left):
            run.notes[self.id] = self.no("wheel_blank")
            return
        hand_over(self, run, prize.give, terms=self.settings.lots, now=False, charged=False)
        run.spend_budget(self.rule, prize.cost)
        run.notes[self.id] = self.yes("wheel_won")


def _streak(days: set[int], today: int) -> int:
    """Calendar weeks in a row (Monday first) up to this one, which counts."""
    weeks = {(day + 3) // 7 for day in days}
    this = week = (today + 3) // 7
    while week - 1 in weeks:
        week -= 1
    return this - week + 1


def plans(rule: ChallengeRule, scope: Scope) -> list[Plan]:
    made: list[Plan] = [Challenge(rule, scope)]
    if rule.give is not None and (rule.give.percent is not None or rule.give.amount is not None):
        made.append(CouponPlan(rule, rule.give, scope))
    return made


def check(rule: ChallengeRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    goals = (rule.goal is not None) + (rule.goal_spend is not None)
    if goals > 1 or (not goals and not rule.wheel):
        yield (
            "",
            "it needs a goal, a goal_spend, or a wheel",
            "write goal: receipts and target: 5, for example",
        )
    if (rule.goal is None) != (rule.target is None):
        yield "target", "goal and target belong together", "set both, as goal: receipts and target: 5"
    if goals and rule.give is None and not rule.badge and not rule.wheel:
        yield "", "there is nothing to win", "set give, badge or wheel"
    if rule.give is not None:
        yield from benefit_problems(rule.give, "give")
    if not goals:
        because = "without a goal every receipt turns the wheel, and nothing else is won"
        yield from unused(rule, "window_days", "give", "badge", "repeat", because=because, hint="add a goal")
    for number, prize in enumerate(rule.wheel):
        if prize.give is not None:
            yield from benefit_problems(prize.give, f"wheel[{number}].give")
            if prize.give.percent is not None or prize.give.amount is not None:
                yield f"wheel[{number}].give", "a wheel gives points or gifts", "coupons have no rule here"
        if rule.budget is None or prize.give is None:
            because = "it is charged to the rule's budget, when the prize is won"
            hint = "add budget" if prize.give is not None else "remove it: a blank costs nothing"
            yield from unused(prize, "cost", because=because, hint=hint, path=f"wheel[{number}].")


def terms(rule: ChallengeRule, programme: Programme) -> Said:
    if rule.goal is not None:
        yield say(f"goal_{rule.goal}", n=rule.target or 1)
    if rule.goal_spend is not None:
        yield say("goal_spend", from_minor=rule.goal_spend)
    if rule.window_days is not None:
        yield say("within_days", n=rule.window_days)
    yield from min_receipt(rule.min_receipt)
    if rule.give is not None:
        yield gives(rule.give)
        yield from lots(rule.lots, where=rule.give.points is not None)
    if rule.badge:
        yield say("badge")
    if rule.wheel:
        yield from _wheel(rule)
    elif rule.repeat:
        yield say("again")


def _wheel(rule: ChallengeRule) -> Said:
    """The prizes with their odds: nobody should turn a wheel without knowing them."""
    yield say("wheel" if rule.goal is None and rule.goal_spend is None else "wheel_won")
    whole = sum(prize.weight for prize in rule.wheel)
    for prize in rule.wheel:
        what = gives(prize.give) if prize.give is not None else say("nothing")
        yield say("prize", percent=percent(Fraction(prize.weight, whole)), parts={"prize": [what]})
    yield from lots(rule.lots, where=any(prize.give and prize.give.points for prize in rule.wheel))
    if rule.repeat:
        yield say("again")


KIND = Kind(ChallengeRule, plans, check, terms=terms)
