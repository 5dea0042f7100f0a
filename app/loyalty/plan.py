"""A rule made ready to run, and one evaluation in progress.

Each kind of rule turns its settings into one or more plans. A plan says at which stage it takes part
(`LinePlan`, `BundlePlan`, `ReceiptPlan`, or only `settle`), and the engine asks it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from app.loyalty.basket import Basket, Code, Context, Line
from app.loyalty.conditions import common_refusal
from app.loyalty.decision import Owed, Reason, StampsView, TierView
from app.loyalty.effects import AnyEffect, BudgetSpent, Grant, Granted
from app.loyalty.model import Audience, Filter, Programme, Rule, When
from app.loyalty.moment import moment_of
from app.loyalty.state import EMPTY, MemberState
from app.values import Rounding

if TYPE_CHECKING:
    from app.loyalty.compiled import Profile
    from app.loyalty.promise import Term

_ALWAYS = When()
_ANYONE = Audience()


class Work:
    """A line while it is being priced. Amounts in minor units."""

    __slots__ = (
        "closed", "discounts", "earned", "floor", "gross", "line", "net", "points_minor", "profile", "stamps",
        "units",
    )  # fmt: skip

    def __init__(self, line: Line, profile: Profile, gross: int, units: int) -> None:
        self.line = line
        self.profile = profile
        self.gross = gross
        self.net = gross
        self.floor = 0
        """The net never falls below it: a floor price, the cap per line, or goods without discounts."""
        self.units = units
        """Whole pieces; 0 for a weighed line, which no bundle and no stamp card can count."""
        self.discounts: list[tuple[Plan, int]] = []
        self.closed = False
        """An exclusive rule has discounted it."""
        self.points_minor = 0
        self.earned: list[tuple[str, int]] = []
        self.stamps: list[tuple[str, int]] = []

    @property
    def room(self) -> int:
        return 0 if self.closed or self.net <= self.floor else self.net - self.floor


Parts = list[tuple[Work, int]]
"""A discount by line; amounts above zero."""


class Scope(Protocol):
    """What a kind may ask while it is compiled."""

    programme: Programme

    def filter(self, goods: Filter) -> int:
        """The number under which a run keeps the lines that match."""
        ...


class Plan:
    """A rule, compiled. Kinds override what they take part in."""

    group: ClassVar[str] = ""
    """The discount group where the rule names none."""
    settle_order: ClassVar[int] = 1
    conditional: ClassVar[bool] = False
    """Whether the kind has a `refusal` of its own."""
    settles: bool = True
    """Whether `settle` has anything to do; a kind may know at compile time that it has not."""
    one_filter: ClassVar[bool] = True
    """Whether without goods of `filter` there is nothing to say but that."""
    needs_goods: ClassVar[bool] = True
    """Whether an offer makes sense only with some of the rule's goods in the basket."""

    def __init__(self, rule: Rule, scope: Scope, products: Filter | None = None) -> None:
        self.rule = rule
        self.id = rule.id
        self.index = -1
        self.rank = (-rule.priority, rule.id)
        self.filter = scope.filter(products or rule.products)
        self.rounding: Rounding = scope.programme.rounding
        self.timed = rule.when != _ALWAYS
        self.personal = rule.audience != _ANYONE
        self.free = not self.timed and not self.personal and rule.budget is None
        """No condition at all: needs no check on the hot path."""
        self.limited = rule.max_discount is not None or rule.budget is not None

    def may(self, run: Run) -> bool:
        """Whether moment, place, person and the kind itself allow this rule now."""
        if self.free and not self.conditional:
            return True
        return self.refused(run) is None

    def refused(self, run: Run) -> Reason | None:
        """Why this rule cannot apply now, or None; worked out once a run."""
        try:
            return run.refusals[self.index]
        except KeyError:
            reason = (None if self.free else common_refusal(self, run)) or self.refusal(run)
            run.refusals[self.index] = reason
            return reason

    def refusal(self, run: Run) -> Reason | None:
        """Why this kind cannot apply now, or None; common conditions are checked before."""
        return None

    def settle(self, run: Run) -> None:
        """Add what is earned, counted and issued once everything is priced."""

    def explain(self, run: Run) -> Reason | None:
        """The kind's own explanation, asked after `refusal`; None for the engine's."""
        return None

    def offer(self, run: Run) -> Reason | None:
        """What lacks to more than now; asked of rules that do apply. By default as the explanation."""
        return self.explain(run)

    def enter(self, run: Run, risen: int | None = None) -> object:
        """Before anything is priced: say what the member's standing is; `risen` overrides it."""

    def deliver(self, run: Run) -> None:
        """Stage 4: change what delivery costs."""

    def buy(self, run: Run) -> None:
        """Stage 5: points spent on things instead of on the receipt."""

    def knows(self, run: Run, code: Code) -> bool:
        """Whether a presented code belongs to this rule."""
        return code.rule == self.id

    def works(self, run: Run) -> Sequence[Work]:
        """The lines that this rule is about."""
        return run.by_filter.get(self.filter, ())

    def limit(self, run: Run) -> int | None:
        """The most this rule may still take off this receipt: its own cap and what its budget has left."""
        if not self.limited:
            return None
        limits = [self.rule.max_discount, run.budget_left(self.rule)]
        limit = min(value for value in limits if value is not None)
        return max(0, limit - run.given.get(self.id, 0))

    def no(self, code: str, **params: str | int) -> Reason:
        return Reason(self.id, False, code, params)

    def yes(self, code: str, **params: str | int) -> Reason:
        return Reason(self.id, True, code, params)


class LinePlan(Plan):
    """Discounts single lines, each for itself."""

    group = "line"
    percent: tuple[int, int] | None = None
    """Numerator and denominator, where the discount is just a share of the line's price."""

    def value(self, run: Run, work: Work) -> int:
        """The discount on a line, before caps; never negative."""
        raise NotImplementedError


class BundlePlan(Plan):
    """Claims units over several lines."""

    group = "line"
    least: int = 1
    """Units of its goods below which it can claim nothing."""

    def signature(self) -> tuple[object, ...] | None:
        """What two plans must share to always claim the same; None where that cannot be told."""
        return None

    def claim(self, run: Run, left: dict[Work, int]) -> Claim | None:
        """What it would take from the units that are left, and the discount it gives for them."""
        raise NotImplementedError


class ReceiptPlan(Plan):
    """Discounts the receipt, spread over the lines it is about."""

    group = "receipt"

    def amount(self, run: Run, works: Sequence[Work]) -> int:
        """The discount before caps."""
        raise NotImplementedError

    def ladder(self) -> list[tuple[int, int, int]]:
        """Steps (from this total, numerator, denominator) of a plan that is just that, with no condition.

        The engine asks plans with a ladder all at once, in the time of a search; empty for all others.
        """
        return []

    def by_room(self, run: Run) -> bool:
        """Whether a line at its floor passes its part on to others (an amount), or loses it (a rate)."""
        return False


@dataclass(slots=True)
class Claim:
    """Units claimed by a bundle and the discount by line."""

    units: dict[Work, int]
    parts: Parts
    free_units: bool = False
    """The units claimed are a stamp card's free ones."""

    @property
    def value(self) -> int:
        return sum([amount for _, amount in self.parts])


@dataclass(slots=True)
class GroupRecord:
    """How a group went, for the explanation: what each plan would have given, and who gave what."""

    given: dict[Plan, int] = field(default_factory=dict["Plan", int])
    winners: dict[Work, Plan] = field(default_factory=dict[Work, "Plan"])
    values: dict[Plan, int] = field(default_factory=dict["Plan", int])


class Run:
    """One evaluation in progress."""

    def __init__(
        self,
        programme: Programme,
        state: MemberState | None,
        basket: Basket,
        context: Context,
    ) -> None:
        self.programme = programme
        self.rounding: Rounding = programme.rounding
        self.member = state is not None
        self.state = state if state is not None else EMPTY
        self.basket = basket
        self.context = context
        self.zone = context.time_zone or programme.time_zone
        self.now = moment_of(context.at_ms // 60_000, self.zone)
        self.works: list[Work] = []
        """Goods in canonical order; neither delivery nor gift cards being sold."""
        self.aside: list[Work] = []
        """Delivery lines and gift cards being sold: no promotion, no points."""
        self.by_filter: dict[int, list[Work]] = {}
        self.nets: dict[int, int] = {}
        self.any_closed = False
        self.any_floor = False
        """Whether some line cannot be discounted freely: then shares are not just shares of sums."""
        self.levels: dict[str, str] = {}
        """The member's level by tier rule; "" below the lowest."""
        self.standing: list[tuple[Plan, Fraction]] = []
        """How many times as much the member's levels and statuses earn, while their rules hold."""
        self.multiplier = Fraction(1)
        self.given: dict[str, int] = {}
        """Discount by rule."""
        self.free_units: dict[str, dict[Work, int]] = {}
        """Units that a stamp card gave free, by rule and line."""
        self.points_by_rule: dict[str, int] = {}
        self.rewards_centi = 0
        """Points spent on rewards, which come before points as tender."""
        self.spent_centi = 0
        self.spent_minor = 0
        self.spendable_centi = 0
        self.spendable_minor = 0
        self.gift_cards: list[Owed] = []
        self.effects: list[AnyEffect] = []
        self.issued: list[Grant] = []
        self.stamps: list[StampsView] = []
        self.tiers: list[TierView] = []
        self.refused: list[Reason] = []
        self.notes: dict[str, Reason] = {}
        """A kind's own word on what it did, by rule; wins over the engine's in the explanation."""
        self.refusals: dict[int, Reason | None] = {}
        self.capped = False
        """The cap over the whole receipt has cut the discounts."""
        self.records: list[GroupRecord] | None = None
        self.memo: dict[int, Any] = {}
        """What a plan has worked out once, by its index."""
        self.point_minor = Fraction(1)
        """What a point is worth, in minor units."""

    def goods_minor(self) -> int:
        """The goods' price after discounts."""
        return sum([work.net for work in self.works])

    def net_of(self, number: int) -> int:
        """What the goods of a filter cost now; remembered until a discount changes it."""
        try:
            return self.nets[number]
        except KeyError:
            net = self.nets[number] = sum([work.net for work in self.by_filter.get(number, ())])
            return net

    def presented(self, rule: str) -> list[Code]:
        """Codes presented that belong to a rule, by the code itself or by what the member holds."""
        held = {grant.code for grant in self.state.held(rule, self.context.at_ms)}
        return [code for code in self.context.codes if code.rule == rule or code.code in held]

    def grant(self, grant: Grant, line: str = "") -> None:
        """Give the member something to hold, at payment; `line` is the line that sold it."""
        self.issued.append(grant)
        self.effects.append(Granted(grant, line))

    def budget_left(self, rule: Rule) -> int | None:
        """What a rule may still give here, in minor units; None without a budget."""
        if rule.budget is None:
            return None
        budgets = self.context.budgets
        if rule.budget.new_members is None:
            return max(0, budgets.get(rule.id, rule.budget.total))
        new = self.new_member()
        whole = rule.budget.new_members if new else rule.budget.total - rule.budget.new_members
        return max(0, budgets.get(f"{rule.id}#{'new' if new else 'existing'}", whole))

    def new_member(self) -> bool:
        return self.member and self.state.receipts <= 0

    def spend_budget(self, rule: Rule, amount_minor: int) -> None:
        if rule.budget is not None and amount_minor:
            self.effects.append(BudgetSpent(rule.id, amount_minor, self.new_member()))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule: the struct its settings are read into, how it is compiled, what it tells customers."""

    settings: type[Rule]
    plans: Callable[..., list[Plan]]
    check: Callable[..., Iterable[tuple[str, str, str]]] | None
    """Problems that types cannot see, as (field, reason, hint); takes the settings and the programme."""
    terms: Callable[..., Iterable[Term]]
    """The sentences of its terms, for customers; takes the settings and the programme."""
