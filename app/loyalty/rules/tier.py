"""`tier`: named levels by spend, points or receipts; each gives a discount, a multiplier, or access."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Literal

import msgspec

from app.loyalty.decision import Reason, TierView
from app.loyalty.effects import Counted
from app.loyalty.model import EVERYTHING, Count, Days, Factor, Filter, Ident, Names, Programme, Rule, Share
from app.loyalty.moment import EPOCH_ORDINAL
from app.loyalty.plan import Kind, Plan, ReceiptPlan, Run, Scope, Work
from app.loyalty.promise import Said, Term, factor, percent, say, some
from app.loyalty.rules.benefit import percent_text
from app.loyalty.state import Bucket, MemberState
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


class Ladder:
    """The levels with their limits as integers, and which of them a member's figures reach."""

    def __init__(self, rule: TierRule, digits: int) -> None:
        self.rule = rule
        self.limits = [limit(rule.basis, level.from_, digits) for level in rule.levels]
        self.keep_days = self._keep_days()

    def _keep_days(self) -> int | None:
        window = self.rule.window
        if window == "lifetime":
            return None
        length = 366 if window == "calendar_year" else window
        steps = len(self.limits) + 1 if self.rule.downgrade == "one_step" else 1
        return length * steps + self.rule.grace_days

    def figure(self, bucket: Bucket) -> int:
        match self.rule.basis:
            case "spend":
                return bucket.spend_minor
            case "points":
                return bucket.points_centi
            case "receipts":
                return bucket.receipts

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
        return sum(figure >= limit for limit in self.limits)

    def by_figures(self, state: MemberState, day: int) -> int:
        """The level that a day's window gives."""
        return self.reached(self.figure(state.counted(self.rule.id, self.first_day(day), day)))

    def current(self, state: MemberState, day: int) -> int:
        """The level in force on a day, with what the rule says of downgrades."""
        rule = self.rule
        now = self.by_figures(state, day)
        if rule.window == "lifetime":
            return now
        if rule.downgrade == "never":
            return max(now, self._highest_ever(state))
        days = [b.day for b in state.counters.get(rule.id, ()) if b.day <= day]
        candidates = {min(self.last_day(d), day) for d in days} | set(days)
        if rule.downgrade == "figures":
            recent = [d for d in candidates if d >= day - rule.grace_days]
            return max([now, *(self.by_figures(state, d) for d in recent)])
        return max([now, *(self._decayed(state, d, day) for d in candidates)])

    def _highest_ever(self, state: MemberState) -> int:
        marks = [n for n, level in enumerate(self.rule.levels, 1) if state.counted(self.mark(level)).uses > 0]
        return max(marks, default=0)

    def _decayed(self, state: MemberState, then: int, day: int) -> int:
        """The level of a past day, less one step for each window (or year) that has gone by since."""
        level = self.by_figures(state, then)
        late = day - then - self.rule.grace_days
        if late <= 0:
            return level
        length = 366 if self.rule.window == "calendar_year" else int(self.rule.window)
        return max(0, level - -(-late // length))

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

    def refusal(self, run: Run) -> Reason | None:
        if not run.member:
            return self.no("members_only")
        now = run.levels.get(self.id, "")
        if now in self.higher:
            return self.no("level_passed")
        if now != self.level.id:
            return self.no("tier_needed", level=self.level.id, percent=percent_text(self.share))
        return None

    def amount(self, run: Run, works: Sequence[Work]) -> int:
        base = sum(work.net for work in works if not work.closed)
        return mul_rate(base, self.share, self.rounding)


class TierCount(Plan):
    """Knows the level, and counts this receipt towards the next one, once all points are known."""

    settle_order = 3

    def __init__(self, rule: TierRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule
        self.ladder = Ladder(rule, scope_digits(scope))

    def enter(self, run: Run, risen: int | None = None) -> int:
        """Set the level for this run; `risen` overrides what the state says."""
        now = self.ladder.current(run.state, run.now.day) if risen is None else risen
        level = self.settings.levels[now - 1] if now else None
        run.levels[self.id] = level.id if level else ""
        if level is not None:
            run.standing.append((self, level.multiplier))
        return now

    def counted(self, run: Run) -> Counted:
        """This receipt, as the ladder counts it."""
        ladder = self.ladder
        works = self.works(run)
        return Counted(
            self.id,
            0 if ladder.keep_days is None else run.now.day,
            receipts=1 if works else 0,
            spend_minor=sum(work.net for work in works) if self.settings.basis == "spend" else 0,
            points_centi=sum(run.points_by_rule.values()) if self.settings.basis == "points" else 0,
            keep_days=ladder.keep_days,
        )

    def after(self, run: Run, counted: Counted) -> tuple[int, int]:
        """The level once this receipt is counted, and the window's figure."""
        ladder, day = self.ladder, run.now.day
        figure = ladder.figure(run.state.counted(self.id, ladder.first_day(day), day))
        figure += ladder.figure(
            Bucket(0, counted.receipts, counted.spend_minor, counted.points_centi, counted.units_milli)
        )
        return max(ladder.reached(figure), ladder.current(run.state, day)), figure

    def settle(self, run: Run) -> None:
        if not run.member:
            return
        counted = self.counted(run) if self.may(run) else Counted(self.id, 0)
        level, figure = self.after(run, counted)
        levels = self.settings.levels
        if self.may(run) and counted.receipts:
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
        if self.settings.downgrade != "never" or self.settings.window == "lifetime":
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
