"""`tier`: named levels by spend, points or receipts; each gives a discount, a multiplier, or access."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from itertools import accumulate
from operator import attrgetter
from typing import Final, Literal

import msgspec

from app.loyalty.benefit import open_net, percent_text
from app.loyalty.decision import Reason, TierView
from app.loyalty.effects import Counted
from app.loyalty.model import EVERYTHING, Count, Days, Factor, Filter, Ident, Names, Programme, Rule, Share
from app.loyalty.moment import EPOCH_ORDINAL
from app.loyalty.plan import Kind, Plan, ReceiptPlan, Run, Scene, Scope
from app.loyalty.promise import Said, Term, factor, percent, say, some
from app.loyalty.state import Bucket, Standing
from app.loyalty.unused import unused
from app.values import ValueProblem, minor_digits, mul_rate, parse_scaled

Basis = Literal["spend", "points", "receipts"]


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """A level and what it gives. `from` is in the rule's basis."""

    id: Ident
    name: Names
    from_: str = msgspec.field(name="from")
    percent: Share | None = None
    products: Filter = EVERYTHING
    """Goods that `percent` is for."""
    multiplier: Factor = Fraction(1)
    """Times the points that are earned."""


class TierRule(Rule, frozen=True, kw_only=True):
    basis: Basis
    window: Literal["lifetime", "calendar_year"] | Count = "lifetime"
    """Or a number of days, rolling: today and the days before it."""
    levels: tuple[Level, ...]
    counts: Literal["now", "next_sale"] = "next_sale"
    """Whether the purchase that crosses a limit already has the new level."""
    downgrade: Literal["never", "one_step", "figures"] = "figures"
    grace_days: Days = 0

    def takes_off(self) -> bool:
        return any(level.percent for level in self.levels)


_FIELDS: Final = {"spend": "spend_minor", "points": "points_centi", "receipts": "receipts"}


class Ladder:
    """The levels with their limits as integers, and which of them a member's figures reach."""

    def __init__(self, rule: TierRule, digits: int) -> None:
        self.rule = rule
        self.limits = [limit(rule.basis, level.from_, digits) for level in rule.levels]
        self.keep_days = self._keep_days()
        self.field = attrgetter(_FIELDS[rule.basis])
        self.days = rule.window if isinstance(rule.window, int) else None
        """The length of a rolling window."""
        self.by_figures_alone = rule.window == "lifetime" or (
            rule.downgrade == "figures" and not rule.grace_days
        )

    def _keep_days(self) -> int | None:
        window = self.rule.window
        if window == "lifetime":
            return None
        length = 366 if window == "calendar_year" else window
        steps = len(self.limits) + 1 if self.rule.downgrade == "one_step" else 1
        return length * steps + self.rule.grace_days

    def figure(self, bucket: Bucket | Counted) -> int:
        return self.field(bucket)

    def first_day(self, day: int) -> int:
        """The first day of the window that ends on a day."""
        window = self.rule.window
        if window == "lifetime":
            return 0
        if window == "calendar_year":
            return date(date.fromordinal(day + EPOCH_ORDINAL).year, 1, 1).toordinal() - EPOCH_ORDINAL
        return day - window + 1

    def last_day(self, day: int) -> int:
        """The last day on which what happened on a day still counts."""
        window = self.rule.window
        if window == "lifetime":
            return day
        if window == "calendar_year":
            return date(date.fromordinal(day + EPOCH_ORDINAL).year, 12, 31).toordinal() - EPOCH_ORDINAL
        return day + window - 1

    def reached(self, figure: int) -> int:
        """How many levels a figure reaches: 0 is below the lowest."""
        return bisect_right(self.limits, figure)

    def by_figures(self, state: Standing, day: int) -> int:
        """The level that a day's window gives."""
        first = self.first_day(day) if self.days is None else day - self.days + 1
        return bisect_right(self.limits, self.field(state.counted(self.rule.id, first, day)))

    def sum(self, state: Standing, day: int) -> int:
        """The figure of a day's window."""
        return self.field(state.counted(self.rule.id, self.first_day(day), day))

    def current(self, state: Standing, day: int) -> int:
        """The level in force on a day, with what the rule says of downgrades."""
        rule = self.rule
        if self.by_figures_alone and self.days is not None:
            figures = state.counted(rule.id, day - self.days + 1, day)
            return bisect_right(self.limits, self.field(figures))
        now = self.by_figures(state, day)
        if self.by_figures_alone:
            return now
        if rule.downgrade == "never":
            return max(now, self._highest_ever(state))
        if now == len(self.limits):
            return now
        return max(now, self._kept(state, day))

    def _kept(self, state: Standing, day: int) -> int:
        """The best level of the past that grace or slow decay has kept, by running sums over the days."""
        rule = self.rule
        buckets = sorted([b for b in state.counters.get(rule.id, ()) if b.day <= day], key=lambda b: b.day)
        days = [bucket.day for bucket in buckets]
        sums = [0, *accumulate([self.figure(bucket) for bucket in buckets])]
        best = 0
        for then in {min(self.last_day(d), day) for d in days} | set(days):
            if rule.downgrade == "figures" and then < day - rule.grace_days:
                continue
            figure = sums[bisect_right(days, then)] - sums[bisect_left(days, self.first_day(then))]
            level = self.reached(figure)
            if level > best:
                best = max(best, level - self._steps_down(then, day))
        return best

    def _highest_ever(self, state: Standing) -> int:
        marks = [n for n, level in enumerate(self.rule.levels, 1) if state.counted(self.mark(level)).uses > 0]
        return max(marks, default=0)

    def _steps_down(self, then: int, day: int) -> int:
        """One step for each window (or year) that has gone by since, where the rule says so."""
        late = day - then - self.rule.grace_days
        if late <= 0 or self.rule.downgrade == "figures":
            return 0
        length = 366 if self.rule.window == "calendar_year" else int(self.rule.window)
        return -(-late // length)

    def mark(self, level: Level) -> str:
        """The counter that remembers that a level was once reached."""
        return f"{self.rule.id}#{level.id}"


def limit(basis: Basis, text: str, digits: int) -> int:
    """A level's limit as an integer of the basis' unit."""
    return parse_scaled(text, {"spend": digits, "points": 2, "receipts": 0}[basis])


class LevelDiscount(ReceiptPlan):
    """The discount of one level."""

    conditional = True

    def __init__(self, rule: TierRule, level: Level, share: Share, scope: Scope) -> None:
        super().__init__(rule, scope, level.products if level.products != EVERYTHING else rule.products)
        self.level = level
        self.share = share
        above = rule.levels[rule.levels.index(level) + 1 :]
        self.higher = {each.id for each in above}
        self.needed = self.no("tier_needed", level=level.id, percent=percent_text(share))

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        now = run.levels.get(self.id, "")
        if now in self.higher:
            return self.no("level_passed")
        if now != self.level.id:
            return self.needed
        return None

    def may_discount(self, scene: Scene) -> bool:
        return self.level.id in scene.levels and super().may_discount(scene)

    def amount(self, run: Run) -> int:
        return mul_rate(open_net(self, run), self.share, self.rounding)


class TierCount(Plan):
    """Knows the level, and counts this receipt towards the next one, once all points are known."""

    settle_order = 3

    def __init__(self, rule: TierRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule
        self.ladder = Ladder(rule, scope_digits(scope))
        self.boosts = [None, *(each.multiplier if each.multiplier > 1 else None for each in rule.levels)]
        self.remembers = rule.downgrade == "never" and rule.window != "lifetime"

    def enter(self, run: Run, risen: int | None = None) -> int:
        """Set the level for this run; `risen` overrides what the state says."""
        now = self.now(run) if risen is None else risen
        level = self.settings.levels[now - 1] if now else None
        run.levels[self.id] = level.id if level else ""
        boost = self.boosts[now]
        if boost is not None:
            run.standing.append((self, boost))
        return now

    def now(self, run: Run) -> int:
        """The level by what came before this receipt; worked out once a run."""
        now = run.memo.get(self.index)
        if now is None:
            now = run.memo[self.index] = self.ladder.current(run.state, run.now.day)
        return now

    def counted(self, run: Run) -> Counted:
        """This receipt, as the ladder counts it."""
        ladder, here = self.ladder, self.here(run)
        basis = self.settings.basis
        return Counted(
            self.id,
            0 if ladder.keep_days is None else run.now.day,
            1 if here else 0,
            run.net_of(self.filter) if basis == "spend" else 0,
            sum(run.points_by_rule.values()) if here and basis == "points" else 0,
            keep_days=ladder.keep_days,
        )

    def after(self, run: Run, counted: Counted) -> tuple[int, int]:
        """The level once this receipt is counted, and the window's figure."""
        ladder, day = self.ladder, run.now.day
        figure = ladder.sum(run.state, day)
        figure += ladder.figure(counted)
        return max(ladder.reached(figure), self.now(run)), figure

    def may_settle(self, scene: Scene) -> bool:
        return scene.member

    def settle(self, run: Run) -> None:
        if not run.member:
            return
        may = self.unbound or self.may(run)
        counted = self.counted(run) if may else Counted(self.id, 0)
        if run.brief and not self.remembers:
            if counted.receipts:
                run.effects.append(counted)
            return
        level, figure = self.after(run, counted)
        levels = self.settings.levels
        if counted.receipts:
            run.effects.append(counted)
            self._remember(run, level)
        following = levels[level] if level < len(levels) else None
        run.tiers.append(
            TierView(
                self.id,
                run.levels.get(self.id, ""),
                levels[level - 1].id if level else "",
                following.id if following else "",
                self.settings.basis,
                max(0, self.ladder.limits[level] - figure) if following else 0,
            )
        )

    def _remember(self, run: Run, level: int) -> None:
        """A level once reached is remembered where the figures alone would forget it."""
        if not self.remembers:
            return
        for reached in self.settings.levels[:level]:
            mark = self.ladder.mark(reached)
            if not run.state.counted(mark).uses:
                run.effects.append(Counted(mark, run.now.day, uses=1))

    def explain(self, run: Run) -> Reason | None:
        view = next((view for view in run.tiers if view.rule == self.id), None)
        if view is None or not view.next_level:
            return None
        unit = {"spend": "missing_minor", "points": "missing_centi", "receipts": "n"}[view.basis]
        return self.no(f"missing_{view.basis}_to_level", level=view.next_level, **{unit: view.missing})


def scope_digits(scope: Scope) -> int:
    return minor_digits(scope.programme.currency)


def plans(rule: TierRule, scope: Scope) -> list[Plan]:
    made: list[Plan] = [TierCount(rule, scope)]
    made += [LevelDiscount(rule, level, level.percent, scope) for level in rule.levels if level.percent]
    return made


def check(rule: TierRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    if not rule.levels:
        yield "levels", "it has no level", "add one with id, name and from"
    last = None
    for number, level in enumerate(rule.levels):
        try:
            value = limit(rule.basis, level.from_, minor_digits(programme.currency))
        except ValueProblem as problem:
            yield f"levels[{number}].from", str(problem), f"the basis is {rule.basis}"
            continue
        if value < 0 or (last is not None and value <= last):
            yield (
                f"levels[{number}].from",
                "levels begin higher and higher",
                "raise from above that of the level before",
            )
        last = value
    if len({level.id for level in rule.levels}) != len(rule.levels):
        yield "levels", "two levels have the same id", "rename one: members are remembered by the level's id"
    for number, level in enumerate(rule.levels):
        if not level.percent:
            because = "the level has no percent that these goods could be for"
            yield from unused(level, "products", because=because, path=f"levels[{number}].")
    if rule.window == "lifetime":
        because = "what counts for a lifetime never falls"
        hint = "remove it, or set window: calendar_year or a number of days"
        yield from unused(rule, "downgrade", "grace_days", because=because, hint=hint)
    elif rule.downgrade == "never":
        yield from unused(rule, "grace_days", because="with downgrade: never there is no fall to put off")


def terms(rule: TierRule, programme: Programme) -> Said:
    yield say("window_days", n=rule.window) if isinstance(rule.window, int) else say(f"window_{rule.window}")
    digits = {"spend": minor_digits(programme.currency), "points": 2, "receipts": 0}[rule.basis]
    unit = {"spend": "from_minor", "points": "from_centi", "receipts": "n"}[rule.basis]
    for level in rule.levels:
        start = parse_scaled(level.from_, digits)
        yield Term(f"level_{rule.basis}", {unit: start}, {"level": level.name})
        if level.percent:
            yield say(
                "level_percent",
                percent=percent(level.percent),
                parts={"goods": some(programme, level.products)},
            )
        if level.multiplier != 1:
            yield say("level_multiplier", times=factor(level.multiplier))
    yield say(f"counts_{rule.counts}")
    yield say(f"downgrade_{rule.downgrade}")
    if rule.grace_days and rule.downgrade != "never":
        yield say("grace", n=rule.grace_days)


KIND = Kind(TierRule, plans, check, terms=terms)
