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

from app.loyalty.benefit import open_net
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
_DAY: Final = attrgetter("day")


class Ladder:
    """The levels with their limits as integers, and which of them a member's figures reach."""

    def __init__(self, rule: TierRule, digits: int) -> None:
        self.rule = rule
        self.limits = [limit(rule.basis, level.from_, digits) for level in rule.levels]
        self.keep_days = self._keep_days()
        self.field = attrgetter(_FIELDS[rule.basis])
        self.by_figures_alone = rule.downgrade == "figures" and not rule.grace_days

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
        if isinstance(window, int):
            return day - window + 1
        return date(_year(day), 1, 1).toordinal() - EPOCH_ORDINAL if window == "calendar_year" else 0

    def last_day(self, day: int) -> int:
        """The last day on which what happened on a day still counts, where that ends."""
        window = self.rule.window
        if isinstance(window, int):
            return day + window - 1
        return date(_year(day), 12, 31).toordinal() - EPOCH_ORDINAL

    def reached(self, figure: int) -> int:
        """How many levels a figure reaches: 0 is below the lowest."""
        return bisect_right(self.limits, figure)

    def sum(self, state: Standing, day: int) -> int:
        """The figure of a day's window."""
        return self.field(state.counted(self.rule.id, self.first_day(day), day))

    def current(self, state: Standing, day: int) -> int:
        """The level in force on a day, with what the rule says of downgrades."""
        now = self.reached(self.sum(state, day))
        if self.by_figures_alone:
            return now
        past = self._highest_ever(state) if self.rule.downgrade == "never" else self._kept(state, day)
        return max(now, past)

    def _kept(self, state: Standing, day: int) -> int:
        """The best level of the past that grace or slow decay has kept, by running sums over the days.

        A window was at its best when something of it counted for the last time, so only those days are asked.
        """
        buckets = sorted([b for b in state.counters.get(self.rule.id, ()) if b.day <= day], key=_DAY)
        days = [bucket.day for bucket in buckets]
        sums = [0, *accumulate([self.figure(bucket) for bucket in buckets])]
        best = 0
        for end in {min(self.last_day(each), day) for each in days}:
            lost = self._lost(end, day)
            if lost < len(self.limits):
                figure = sums[bisect_right(days, end)] - sums[bisect_left(days, self.first_day(end))]
                best = max(best, self.reached(figure) - lost)
        return best

    def _lost(self, then: int, day: int) -> int:
        """How many levels below that of a past day its member may have sunk by now."""
        due, window = day - self.rule.grace_days, self.rule.window
        if due <= then:
            return 0
        if self.rule.downgrade == "figures":
            return len(self.limits)
        return -(-(due - then) // window) if isinstance(window, int) else _year(due) - _year(then)

    def _highest_ever(self, state: Standing) -> int:
        marks = [n for n, level in enumerate(self.rule.levels, 1) if state.counted(self.mark(level)).uses > 0]
        return max(marks, default=0)

    def mark(self, level: Level) -> str:
        """The counter that remembers that a level was once reached."""
        return f"{self.rule.id}#{level.id}"


def _year(day: int) -> int:
    return date.fromordinal(day + EPOCH_ORDINAL).year


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

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        # What lacks to a level not reached is said once for the rule (`TierCount.explain`).
        return None if run.levels[self.id] == self.level.id else self.no("level_passed")

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
        self.remembers = rule.downgrade == "never"

    def enter(self, run: Run, risen: int | None = None) -> int:
        """Set the level for this run; `risen` overrides what the state says, here and after the sale.

        The discount of a level may lower the figure below what has just reached it.
        """
        if risen is not None:
            run.memo[self.index] = risen
        now = self.now(run)
        level = self.settings.levels[now - 1] if now else None
        run.levels[self.id] = level.id if level else ""
        boost = self.boosts[now]
        if boost is not None:
            run.standing.append((self, boost))
        return now

    def now(self, run: Run) -> int:
        """The level by what came before this receipt, or to which it has risen; worked out once a run."""
        now = run.memo.get(self.index)
        if now is None:
            now = run.memo[self.index] = self.ladder.current(run.state, run.now.day)
        return now

    def counted(self, run: Run) -> Counted:
        """This receipt, as the ladder counts it."""
        ladder, here = self.ladder, self.here(run) and self.may(run)
        basis = self.settings.basis
        return Counted(
            self.id,
            0 if ladder.keep_days is None else run.now.day,
            1 if here else 0,
            run.net_of(self.filter) if here and basis == "spend" else 0,
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
        counted = self.counted(run)
        if counted.receipts:
            run.effects.append(counted)
        if run.brief and not self.remembers:
            return
        level, figure = self.after(run, counted)
        levels = self.settings.levels
        if counted.receipts:
            self._remember(run, level)
        following = levels[level] if level < len(levels) else None
        run.tiers.append(
            TierView(
                self.id,
                run.levels[self.id],
                levels[level - 1].id if level else "",
                following.id if following else "",
                self.settings.basis,
                self.ladder.limits[level] - figure if following else 0,
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
        if level.multiplier < 1:
            yield (
                f"levels[{number}].multiplier",
                "a level never earns less than none",
                "write 1 or more, or leave it out",
            )
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
