"""A programme made ready once: plans by group, and the goods filters indexed by what they name."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Protocol, TypeVar

from app.loyalty.agenda import Agenda, draw_up
from app.loyalty.basket import (
    DELIVERY_TAG,
    DEPOSIT_TAG,
    GIFT_CARD_TAG,
    NO_DISCOUNT_TAG,
    WEIGHED_TAG,
    Line,
)  # fmt: skip
from app.loyalty.benefit import LotTerms
from app.loyalty.model import Filter, Floor, Goods, Programme, Rule
from app.loyalty.plan import BundlePlan, LinePlan, Plan, ReceiptPlan, Run, Scene
from app.loyalty.rules import KINDS
from app.loyalty.rules.gift_card import GiftCards
from app.loyalty.rules.points import EarningPlan, Redemption
from app.loyalty.rules.tier import TierCount
from app.values import minor_digits

P = TypeVar("P", bound=Plan)

PROFILES_MAX = 50_000
"""Different goods whose matches are remembered; then the memory starts anew."""
AGENDAS_MAX = 10_000


class Describable(Protocol):
    """All that goods filters look at."""

    @property
    def sku(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def brand(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...


Rated = tuple[int, int, LinePlan]
"""A share of the price: numerator, denominator, its rule."""


class Profile:
    """What the rules say about one kind of goods (equal SKU, category, brand and tags)."""

    __slots__ = (
        "aside", "delivery", "filters", "floors", "gift_card", "no_discount", "plain", "singles", "weighed",
    )  # fmt: skip

    def __init__(self, line: Describable, compiled: Compiled) -> None:
        self.delivery = DELIVERY_TAG in line.tags
        self.no_discount = NO_DISCOUNT_TAG in line.tags
        self.weighed = WEIGHED_TAG in line.tags
        """Two kilograms are no two pieces."""
        self.filters: tuple[int, ...] = tuple(compiled.filters.matching(line))
        matched = set(self.filters)
        self.gift_card = GIFT_CARD_TAG in line.tags or not matched.isdisjoint(compiled.gift_cards)
        self.aside = self.delivery or self.gift_card or DEPOSIT_TAG in line.tags
        self.floors = [f for f, number in compiled.floors if number in matched]
        self.plain = not (self.aside or self.no_discount or self.floors)
        """Goods that may be discounted down to nothing."""
        self.singles: list[tuple[list[Rated], list[LinePlan]]] = []
        """By line group: shares of the price, the largest first, and other single-line rules."""
        for group in compiled.whole.line_groups:
            plans = [p for n in self.filters for p in group.by_filter.get(n, ())]
            rated = [(*p.percent, p) for p in plans if p.percent is not None and not p.limited]
            rated.sort(key=lambda r: (-Fraction(r[0], r[1]), r[2].rank))
            self.singles.append((rated, [p for p in plans if p.percent is None or p.limited]))


class Filters:
    """Every different goods filter of a programme, numbered, and found by what it names.

    A line looks only at filters that name its SKU, its category or one above it, its brand or one of
    its tags, and at those that name nothing: the cost follows what matches, not what there is.
    """

    def __init__(self, programme: Programme) -> None:
        self.numbers: dict[Filter, int] = {}
        self.all: list[Filter] = []
        self.index: dict[tuple[str, str], list[int]] = {}
        self.open: list[int] = []
        self.skus: set[str] = set()
        """Every article that some filter names, to have it or not."""
        self.ancestors = {name: _ancestors(programme, name) for name in programme.categories}

    def number(self, goods: Filter) -> int:
        found = self.numbers.get(goods)
        if found is not None:
            return found
        number = len(self.all)
        self.numbers[goods] = number
        self.skus.update(goods.skus, goods.not_.skus)
        self.all.append(goods)
        for name, values in (
            ("sku", goods.skus),
            ("category", goods.categories),
            ("brand", goods.brands),
            ("tag", goods.tags),
        ):
            if values:
                for value in set(values):
                    self.index.setdefault((name, value), []).append(number)
                return number
        self.open.append(number)
        return number

    def matching(self, line: Describable) -> list[int]:
        """The numbers of the filters that a line matches, ascending."""
        categories = self.ancestors.get(line.category, (line.category,))
        keys = [("sku", line.sku), ("brand", line.brand)]
        keys += [("category", category) for category in categories]
        keys += [("tag", tag) for tag in line.tags]
        found = set(self.open)
        for key in keys:
            found.update(self.index.get(key, ()))
        return sorted(n for n in found if matches(self.all[n], line, categories))


def matches(goods: Filter, line: Describable, categories: Iterable[str]) -> bool:
    """Whether a line is among the goods a filter means. `categories`: its own and those above it."""
    return _all_named(goods, line, categories) and not _any_named(goods.not_, line, categories)


def _all_named(goods: Goods, line: Describable, categories: Iterable[str]) -> bool:
    return (
        (not goods.skus or line.sku in goods.skus)
        and (not goods.categories or any(c in goods.categories for c in categories))
        and (not goods.brands or line.brand in goods.brands)
        and (not goods.tags or any(t in goods.tags for t in line.tags))
    )


def _any_named(goods: Goods, line: Describable, categories: Iterable[str]) -> bool:
    return (
        line.sku in goods.skus
        or any(c in goods.categories for c in categories)
        or line.brand in goods.brands
        or any(t in goods.tags for t in line.tags)
    )


def _ancestors(programme: Programme, name: str) -> tuple[str, ...]:
    """A category and those above it, nearest first (the loader has refused cycles)."""
    chain: list[str] = []
    while name and name not in chain:
        chain.append(name)
        category = programme.categories.get(name)
        name = category.parent if category else ""
    return tuple(chain)


class Compiled:
    """A programme made ready for evaluation; build it once with `compile_programme` and share it.

    Evaluations on several threads may share it: its only change is a memory of goods seen.
    """

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self.filters = Filters(programme)
        self.everything = self.filter(Filter())
        self.floors: list[tuple[Floor, int]] = [(f, self.filter(f.products)) for f in programme.floors]
        self.plans: list[Plan] = []
        for rule in programme.rules:
            self.plans += KINDS[rule.kind].plans(rule, self)
        for index, plan in enumerate(self.plans):
            plan.index = index
            plan.unbound = plan.free and not plan.conditional
            if (
                plan.unbound
                and plan.needs_goods
                and plan.one_filter
                and isinstance(plan, LinePlan | BundlePlan)
            ):
                plan.absent = plan.no("no_goods")
        self.gift_cards = {plan.filter for plan in self.plans if isinstance(plan, GiftCards)}
        self.whole = draw_up(self.plans, programme.groups)
        """Every rule, at its stage."""
        self._agendas: dict[tuple[object, ...], Agenda] = {}
        self.by_rule: dict[str, list[Plan]] = {}
        for plan in self.plans:
            self.by_rule.setdefault(plan.id, []).append(plan)
        self.rules = {rule.id: rule for rule in programme.rules}
        self.tiers = self.of(TierCount)
        self.rising = [tier for tier in self.tiers if tier.settings.counts == "now"]
        self.idle_days = max([_idle_days(rule) for rule in programme.rules], default=0)
        """How long a purchase keeps what lapses by idleness; 0 where nothing does."""
        self.budgeted = any(rule.budget is not None for rule in programme.rules)
        self.earners = self.of(EarningPlan)
        self.redemption = next(iter(self.of(Redemption)), None)
        self.delivery = [plan for plan in self.plans if type(plan).deliver is not Plan.deliver]
        self.entering = [plan for plan in self.plans if type(plan).enter is not Plan.enter]
        self.buying = [plan for plan in self.plans if type(plan).buy is not Plan.buy]
        self.point_minor = (
            self.redemption.terms.value
            if self.redemption is not None
            else Fraction(10 ** minor_digits(programme.currency))
        )
        """Without a rule that spends points, one of them stands for one unit of the currency."""
        self.profiles: dict[tuple[str, str, str, tuple[str, ...]], Profile] = {}
        self._by_look: dict[tuple[str, str, str, tuple[str, ...]], Profile] = {}
        self._kinds: dict[tuple[tuple[int, ...], bool, bool, bool, bool, bool], Profile] = {}

    def filter(self, goods: Filter) -> int:
        return self.filters.number(goods)

    def profile(self, line: Line) -> Profile:
        """What the rules say about a line's goods."""
        key = (line.sku, line.category, line.brand, line.tags)
        profile = self.profiles.get(key)
        if profile is None:
            if len(self.profiles) >= PROFILES_MAX:
                self.profiles.clear()
            profile = self.profiles[key] = self.alike(line)
        return profile

    def alike(self, line: Describable) -> Profile:
        """One for all goods that the rules cannot tell apart: most articles are named by no rule."""
        named = line.sku if line.sku in self.filters.skus else ""
        key = (named, line.category, line.brand, line.tags)
        profile = self._by_look.get(key)
        if profile is None:
            if len(self._by_look) >= PROFILES_MAX:
                self._by_look.clear()
                self._kinds.clear()
            made = Profile(line, self)
            kind = (
                made.filters, made.delivery, made.no_discount, made.gift_card, made.aside, made.weighed,
            )  # fmt: skip
            profile = self._by_look[key] = self._kinds.setdefault(kind, made)
        return profile

    def agenda(self, run: Run) -> Agenda:
        """The rules worth asking about a receipt: the same for all that look alike from afar."""
        goods = run.goods_bits or sum([1 << number for number in run.present])
        if run.member:
            codes = run.context.codes
            key = (goods, run.state.receipts <= 0, bool(codes), *run.levels.values())
        else:
            key = (goods, bool(run.context.codes))
        agenda = self._agendas.get(key)
        if agenda is None:
            if len(self._agendas) >= AGENDAS_MAX:
                self._agendas.clear()
            agenda = self._agendas[key] = self.whole.within(Scene.of(run, goods))
        return agenda

    def of(self, kind: type[P]) -> list[P]:
        """The plans of a class, in the programme's order."""
        return [plan for plan in self.plans if isinstance(plan, kind)]


def _idle_days(rule: Rule) -> int:
    lots, card_days = getattr(rule, "lots", None), getattr(rule, "expires_after_idle_days", None)
    lot_days = lots.expires.idle_days if isinstance(lots, LotTerms) and lots.expires else None
    return max(lot_days or 0, card_days or 0)


def stages_by_group(programme: Programme) -> dict[str, list[tuple[str, str]]]:
    """The groups in use, each with its rules and the stage at which they discount."""
    stages: dict[str, list[tuple[str, str]]] = {}
    for plan in Compiled(programme).plans:
        if isinstance(plan, LinePlan | BundlePlan | ReceiptPlan):
            stage = "receipt" if isinstance(plan, ReceiptPlan) else "line"
            stages.setdefault(plan.rule.group or plan.group, []).append((plan.id, stage))
    return stages
