"""A rule made ready to run.

Each kind of rule turns its settings into one or more plans. A plan says at which stage it takes part
(`LinePlan`, `BundlePlan`, `ReceiptPlan`, or only `settle`), and the engine asks it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, Protocol

from app.loyalty.basket import Code
from app.loyalty.conditions import common_refusal
from app.loyalty.decision import Reason
from app.loyalty.model import Audience, Filter, Programme, Rule, When
from app.loyalty.run import Run, Work
from app.values import Rounding

if TYPE_CHECKING:
    from app.loyalty.promise import Term

__all__ = [
    "BundlePlan",
    "Claim",
    "GroupRecord",
    "Kind",
    "LinePlan",
    "Parts",
    "Plan",
    "ReceiptPlan",
    "Run",
    "Scene",
    "Scope",
    "Work",
]

_ALWAYS = When()
_ANYONE = Audience()
_MEMBERS = Audience(who="members")
_UNASKED: Final = Reason("", False, "")


class Scene(NamedTuple):
    """What a glance at a receipt tells: enough to say of most rules that they have nothing to say."""

    goods_bits: int
    """A bit for every filter that has goods."""
    member: bool = False
    first: bool = False
    """A member without a counted receipt."""
    codes: bool = False
    """Some code is presented."""
    levels: tuple[str, ...] = ()
    """The member's, of all tiers."""

    @classmethod
    def of(cls, run: Run, goods_bits: int) -> Scene:
        first = run.member and run.state.receipts <= 0
        return cls(goods_bits, run.member, first, bool(run.context.codes), tuple(run.levels.values()))

    def has(self, number: int) -> bool:
        """Whether any goods match a filter."""
        return bool(self.goods_bits >> number & 1)


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
    conditional: bool = False
    """Whether the kind has a `refusal` of its own; a kind may know at compile time that it has not."""
    settles: bool = True
    """Whether `settle` has anything to do; a kind may know at compile time that it has not."""
    unbound: bool = False
    """No condition at all, neither common nor of the kind: `may` need not be asked."""
    absent: Reason | None = None
    """All that can be said of it without goods of `filter`, where that is known beforehand."""
    one_filter: ClassVar[bool] = True
    """Whether without goods of `filter` there is nothing to say but that."""
    hand_valuable: ClassVar[bool] = False
    """What is given by hand is worth a manager's look."""
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
        self.members_alone = rule.audience == _MEMBERS
        """The audience is met by any member."""
        self.tiers = frozenset(rule.audience.tiers)
        self.free = not self.timed and not self.personal and rule.budget is None
        """No condition at all: needs no check on the hot path."""
        self.limited = rule.max_discount is not None or rule.budget is not None
        self.noes: dict[str, Reason] = {}
        self.expiry: tuple[int, str, object, int | None] | None = None
        """When what is given today lapses: day, time zone, terms, end. Set whole: threads share it."""

    def may(self, run: Run) -> bool:
        """Whether moment, place, person and the kind itself allow this rule now."""
        if self.unbound:
            return True
        reason = run.refusals.get(self.index, _UNASKED)
        return (self.refused(run) if reason is _UNASKED else reason) is None

    def refused(self, run: Run) -> Reason | None:
        """Why this rule cannot apply now, or None; worked out once a run."""
        reason = run.refusals.get(self.index, _UNASKED)
        if reason is _UNASKED:
            reason = (None if self.free else common_refusal(self, run)) or self.refusal(run)
            run.refusals[self.index] = reason
        return reason

    def refusal(self, run: Run) -> Reason | None:
        """Why this kind cannot apply now, or None; common conditions are checked before."""
        return None

    def ruled_out(self, scene: Scene) -> bool:
        """Whether the audience rules this rule out, as far as a glance tells; then `refused` says so, too."""
        audience = self.rule.audience
        if audience.who == "members" and not scene.member:
            return True
        if audience.who == "guests" and scene.member:
            return True
        return bool(self.tiers) and self.tiers.isdisjoint(scene.levels)

    def may_discount(self, scene: Scene) -> bool:
        """Whether there is any need to ask for a discount; a kind that can tell more at a glance does."""
        return scene.has(self.filter) and not self.ruled_out(scene)

    def may_settle(self, scene: Scene) -> bool:
        """Whether there is any need to ask `settle`; a kind that can tell more at a glance does."""
        return True

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

    def at_hand(self, run: Run) -> Sequence[str]:
        """What a cashier may give by hand under this rule: names of things, "" where there is but one."""
        return ()

    def hand(self, run: Run, item: str) -> None:
        """Give that, outside of any sale; raises nothing, whoever asks has looked at `refused_by_hand`."""

    def refused_by_hand(self, run: Run) -> Reason | None:
        """Why it cannot be given now, or None."""
        return self.refused(run)

    def knows(self, code: Code) -> bool:
        """Whether a presented code belongs to this rule."""
        return code.rule == self.id

    def works(self, run: Run) -> Sequence[Work]:
        """The lines that this rule is about."""
        return run.works_of(self.filter)

    def here(self, run: Run) -> bool:
        """Whether any goods of the basket are the rule's."""
        return self.filter in run.present

    def limit(self, run: Run) -> int | None:
        """The most this rule may still take off this receipt: its own cap and what its budget has left."""
        if not self.limited:
            return None
        most, left = self.rule.max_discount, run.budget_left(self.rule)
        if most is None:
            return left
        most = max(0, most - run.given.get(self.id, 0))
        return most if left is None else min(most, left)

    def no(self, code: str, **params: str | int) -> Reason:
        if params:
            return Reason(self.id, False, code, params)
        reason = self.noes.get(code)
        if reason is None:
            reason = self.noes[code] = Reason(self.id, False, code)
        return reason

    def yes(self, code: str, **params: str | int) -> Reason:
        return Reason(self.id, True, code, params)


class LinePlan(Plan):
    """Discounts single lines, each for itself."""

    group = "line"
    percent: tuple[int, int] | None = None
    """Numerator and denominator, where the discount is just a share of the line's price."""

    def value(self, work: Work) -> int:
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

    def amount(self, run: Run) -> int:
        """The discount on the rule's goods, before caps."""
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
    """How a group went, for the explanation: what each plan would have given, and who won which line."""

    winners: dict[Work, Plan] = field(default_factory=dict[Work, "Plan"])
    values: dict[Plan, int] = field(default_factory=dict["Plan", int])


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule: the struct its settings are read into, how it is compiled, what it tells customers."""

    settings: type[Rule]
    plans: Callable[..., list[Plan]]
    check: Callable[..., Iterable[tuple[str, str, str]]] | None
    """Problems that types cannot see, as (field, reason, hint); takes the settings and the programme."""
    terms: Callable[..., Iterable[Term]]
    """The sentences of its terms, for customers; takes the settings and the programme."""
