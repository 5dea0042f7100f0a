"""One evaluation in progress: what is known of the basket, and what the rules have made of it so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Protocol

from app.loyalty.basket import Code, Context, Line
from app.loyalty.decision import Owed, Reason, StampsView, TierView
from app.loyalty.effects import AnyEffect, BudgetSpent, Grant, Granted
from app.loyalty.model import Rule
from app.loyalty.moment import moment_of
from app.loyalty.state import EMPTY, Standing
from app.values import Rounding

if TYPE_CHECKING:
    from app.loyalty.compiled import Compiled, Profile
    from app.loyalty.plan import GroupRecord, Plan
    from app.loyalty.rules.points import Redemption

ONCE: Final = Fraction(1)


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


class LineSource(Protocol):
    """Lines that are made when a rule asks for them: most rules of most receipts need only sums."""

    def of(self, number: int) -> list[Work]:
        """Those of a filter, in canonical order."""
        ...

    def of_any(self, numbers: AbstractSet[int]) -> list[Work]:
        """Those of any of some filters, in canonical order, each once."""
        ...

    def all(self) -> list[Work]:
        """All goods, in canonical order."""
        ...

    def take_off(self, run: Run, plan: Plan, amount: int) -> None:
        """Take a discount off a rule's goods, spread by what they cost; no line holds it back."""
        ...

    def part_of(self, amount: int, whole: int, part: int) -> int:
        """An amount spread over the goods of one filter: what falls on those of another."""
        ...


class Run:
    """One evaluation in progress. In slots, all filled at once: a replay makes hundreds of thousands."""

    __slots__ = (
        "_works", "any_closed", "any_floor", "aside", "brief", "by_filter", "capped", "charged", "charges",
        "context", "effects", "everything", "free_units", "gift_cards", "given", "goods_bits", "issued",
        "levels", "member", "memo", "multiplier", "nets", "notes", "now", "placed_by", "placed_minor",
        "point_minor", "points_by_rule", "present", "records", "refusals", "refused", "rewards_centi",
        "rounding", "source", "spendable_centi", "spendable_minor", "spent_centi", "spent_minor", "stamps",
        "standing", "state", "tiers", "zone",
    )  # fmt: skip

    def __init__(
        self, compiled: Compiled, state: Standing | None, context: Context, *, brief: bool = False
    ) -> None:
        programme = compiled.programme
        self.brief = brief
        """No decision is wanted, only sums and effects: nothing by line, nothing to show."""
        self.records: list[GroupRecord] | None = None
        self.rounding: Rounding = programme.rounding
        self.member = state is not None
        self.state: Standing = EMPTY if state is None else state
        self.context = context
        self.zone = context.time_zone or programme.time_zone
        self.now = moment_of(context.at_ms // 60_000, self.zone)
        self.everything = compiled.everything
        """The filter that all goods match."""
        self.point_minor = compiled.point_minor
        """What a point is worth, in minor units."""
        self._works: list[Work] | None = None
        self.source: LineSource | None = None
        """Where lines come from that are not there yet; None: all are."""
        self.by_filter: dict[int, list[Work]] = {}
        """Goods by filter, as far as they are there; `works_of` is how to ask."""
        self.nets: dict[int, int] = {}
        """What the goods of a filter cost now, as far as that was asked; `net_of` is how to ask."""
        self.present: Mapping[int, object] = self.nets
        """The filters that have any goods."""
        self.goods_bits = 0
        """The filters in `present` as bits, where whoever laid the goods knows them."""
        self.any_closed = False
        self.any_floor = False
        """Whether some line cannot be discounted freely: then shares are not just shares of sums."""
        self.aside: list[Work] = []
        """Delivery lines and gift cards being sold: no promotion, no points."""
        self.levels: dict[str, str] = {}
        """The member's level by tier rule; "" below the lowest."""
        self.standing: list[tuple[Plan, Fraction]] = []
        """How many times as much the member's levels and statuses earn, while their rules hold; above 1."""
        self.multiplier = ONCE
        self.given: dict[str, int] = {}
        """Discount by rule."""
        self.charged = False
        """Some rule's budget has paid."""
        self.charges: dict[str, int] = {}
        """What budgets have paid beside discounts, by rule."""
        self.capped = False
        """The cap over the whole receipt has cut the discounts."""
        self.free_units: dict[str, dict[Work, int]] = {}
        """Units that a stamp card gave free, by rule and line."""
        self.rewards_centi = 0
        """Points spent on rewards, which come before points as tender."""
        self.spent_centi = 0
        self.spent_minor = 0
        self.spendable_centi = 0
        self.spendable_minor = 0
        self.placed_minor = 0
        """What is paid in points as far as it is known: `place_points` puts it on the lines."""
        self.placed_by: Redemption | None = None
        """Whose lines those are, until they have their parts."""
        self.gift_cards: list[Owed] = []
        self.points_by_rule: dict[str, int] = {}
        self.issued: list[Grant] = []
        self.stamps: list[StampsView] = []
        self.tiers: list[TierView] = []
        self.effects: list[AnyEffect] = []
        self.refused: list[Reason] = []
        self.refusals: dict[int, Reason | None] = {}
        self.notes: dict[str, Reason] = {}
        """A kind's own word on what it did, by rule; wins over the engine's in the explanation."""
        self.memo: dict[int, Any] = {}
        """What a plan has worked out once, by its index."""

    # -- goods -------------------------------------------------------------------------------------------

    @property
    def works(self) -> list[Work]:
        """Goods in canonical order; neither delivery nor gift cards being sold."""
        works = self._works
        if works is None:
            works = self._works = self.source.all() if self.source is not None else []
        return works

    @works.setter
    def works(self, works: list[Work]) -> None:
        self._works = works

    def works_of(self, number: int) -> Sequence[Work]:
        """The goods of a filter, in canonical order."""
        found = self.by_filter.get(number)
        if found is not None:
            return found
        if self.source is None or number not in self.present:
            return ()
        found = self.by_filter[number] = self.source.of(number)
        return found

    def works_worth_asking(self, numbers: AbstractSet[int]) -> Sequence[Work]:
        """At least the goods of some filters, in canonical order."""
        return self.works if self.source is None else self.source.of_any(numbers)

    def goods_minor(self) -> int:
        """The goods' price after discounts."""
        return self.net_of(self.everything)

    def net_of(self, number: int) -> int:
        """What the goods of a filter cost now."""
        net = self.nets.get(number)
        if net is None:
            if number not in self.present:
                return 0
            net = self.nets[number] = sum([work.net for work in self.by_filter[number]])
        return net

    def take_off(self, work: Work, amount: int) -> None:
        """Lower what a line costs."""
        work.net -= amount
        nets = self.nets
        for number in work.profile.filters:
            if number in nets:
                nets[number] -= amount

    def points_on(self, number: int) -> int:
        """The part of the price of a filter's goods that is paid in points."""
        plan = self.placed_by
        if plan is not None and self.source is not None:
            if plan.filter == number:
                return self.placed_minor
            return self.source.part_of(self.placed_minor, plan.filter, number)
        return sum([work.points_minor for work in self.works_of(number)])

    def place_points(self) -> None:
        """Put what is paid in points on the lines, if it is not there yet."""
        plan = self.placed_by
        if plan is not None:
            self.placed_by = None
            plan.put_on_lines(self)

    # -- the member --------------------------------------------------------------------------------------

    def presented(self, rule: str) -> list[Code]:
        """Codes presented that belong to a rule, by the code itself or by what the member holds."""
        if not self.context.codes:
            return []
        held = {grant.code for grant in self.state.held(rule, self.context.at_ms)}
        return [code for code in self.context.codes if code.rule == rule or code.code in held]

    def grant(self, grant: Grant, line: str = "") -> None:
        """Give the member something to hold, at payment; `line` is the line that sold it."""
        self.issued.append(grant)
        self.effects.append(Granted(grant, line))

    def new_member(self) -> bool:
        return self.member and self.state.receipts <= 0

    # -- budgets -----------------------------------------------------------------------------------------

    def budget_left(self, rule: Rule) -> int | None:
        """What a rule may still give in this sale, in minor units; None without a budget."""
        granted = self.budget_granted(rule)
        if granted is None:
            return None
        return max(0, granted - self.given.get(rule.id, 0) - self.charges.get(rule.id, 0))

    def budget_granted(self, rule: Rule) -> int | None:
        """What a rule may give in this sale in all; None without a budget."""
        if rule.budget is None:
            return None
        budgets = self.context.budgets
        if rule.budget.new_members is None:
            return max(0, budgets.get(rule.id, rule.budget.total))
        new = self.new_member()
        whole = rule.budget.new_members if new else rule.budget.total - rule.budget.new_members
        return max(0, budgets.get(f"{rule.id}#{'new' if new else 'existing'}", whole))

    def spend_budget(self, rule: Rule, amount_minor: int) -> None:
        """Charge what is no discount: the rule has so much less to give from now on."""
        self.charges[rule.id] = self.charges.get(rule.id, 0) + amount_minor
        self.charge(rule, amount_minor)

    def charge(self, rule: Rule, amount_minor: int) -> None:
        """Record that a rule's budget pays; discounts, once they are final, are in `given` already."""
        if rule.budget is not None and amount_minor:
            self.charged = True
            self.effects.append(BudgetSpent(rule.id, amount_minor, self.new_member()))
