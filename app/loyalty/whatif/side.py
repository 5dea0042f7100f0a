"""One programme living through the past: every member's state, every rule's tally."""

from __future__ import annotations

from fractions import Fraction

from app.loyalty.basket import Code, Context, Redeem
from app.loyalty.compiled import Compiled
from app.loyalty.effects import BudgetSpent, ReferralDue
from app.loyalty.engine import carry_out
from app.loyalty.life import Life
from app.loyalty.moment import Moment
from app.loyalty.owed import Effects, settlement
from app.loyalty.plan import Run
from app.loyalty.whatif.figures import Assumptions, Cell, Month, RuleFigures, Side, Totals
from app.loyalty.whatif.sales import Sales
from app.loyalty.whatif.shelf import Shelf
from app.values import POINT_CENTI, div_round, parse_rate

NOTHING = Redeem()
MAXIMUM = Redeem("max")


class Tally:
    """What one rule did: plain integers while it runs."""

    __slots__ = ("cells", "last", "members")

    def __init__(self) -> None:
        self.cells = [[0, 0, 0, 0, 0, 0, 0] for _ in range(3)]
        """By audience: receipts, discount, points earned and spent, their value, stamps, things issued."""
        self.members: set[int] = set()
        self.last = -1
        """The last sale on which it gave something."""

    def touch(self, number: int, audience: int, member: int) -> list[int]:
        """The cell of an audience, for a sale that is counted once."""
        cell = self.cells[audience]
        if self.last != number:
            self.last = number
            cell[RECEIPTS] += 1
            if member >= 0:
                self.members.add(member)
        return cell


RECEIPTS, DISCOUNT, EARNED, SPENT, SPENT_MINOR, STAMPS, ISSUED = range(7)
NEW, EXISTING, NOBODY = range(3)


class Wallets:
    """What customers wish to spend, by the redemption policy."""

    def __init__(self, compiled: Compiled, sales: Sales, assumptions: Assumptions) -> None:
        self.policy = assumptions.redemption
        self.fixed = {"none": NOTHING, "maximum": MAXIMUM}.get(self.policy)
        """The same wish at every sale."""
        self.share = parse_rate(assumptions.share) if assumptions.share else None
        self.points_minor = sales.points_minor
        self.point_minor = compiled.point_minor

    def wish(self, number: int, goods_minor: int) -> Redeem:
        """For one sale, given its goods at their shelf price."""
        if self.fixed is not None:
            return self.fixed
        value = self.points_minor[number] if self.share is None else int(goods_minor * self.share)
        return Redeem(int(Fraction(value * POINT_CENTI) / self.point_minor)) if value else NOTHING


class Past:
    """A programme, and everybody's standing in it as the sales go by."""

    def __init__(self, compiled: Compiled, shelf: Shelf, assumptions: Assumptions) -> None:
        self.compiled = compiled
        self.shelf = shelf
        self.sales = shelf.sales
        self.wallets = Wallets(compiled, self.sales, assumptions)
        self.coupons = assumptions.coupons
        self.lives: dict[int, Life] = {}
        self.budgets: dict[str, int] = {}
        self.tallies = {rule.id: Tally() for rule in compiled.programme.rules}
        self.months: dict[tuple[int, int], Month] = {}
        self._month, self._month_of = Month(month=""), (0, 0)
        self.numbers: dict[str, int] = {}
        """Members by name, where somebody was brought by somebody."""
        if self.sales.referred_by:
            self.numbers = {name: number for number, name in enumerate(self.sales.members)}
        self.members_reached: set[int] = set()
        self.receipts_reached = 0
        self.total_minor = 0
        self.goods_minor = 0

    def life(self, member: int, at_ms: int) -> Life | None:
        """A member's state as of a moment; None is nobody."""
        if member < 0:
            return None
        life = self.lives.get(member)
        if life is None:
            life = self.lives[member] = Life()
            life.enrolled_at_ms = min(at_ms, self.sales.enrolled_ms.get(member, at_ms))
            referrer = self.sales.referred_by.get(member)
            life.referred_by = "" if referrer is None else self.sales.members[referrer]
        if at_ms >= life.due_ms or not life.tidy:
            life.advance(at_ms)
        return life

    def sell(self, number: int, sums: dict[int, int], goods_minor: int) -> Run:
        """Price a sale, given its goods at their shelf price, by kind and in all; nothing is settled."""
        sales = self.sales
        at_ms, member = sales.at_ms[number], sales.member[number]
        life = self.life(member, at_ms)
        codes: tuple[Code, ...] = ()
        wish = NOTHING
        if life is not None:
            wish = self.wallets.fixed or self.wallets.wish(number, goods_minor)
            if self.coupons and life.grants_by_code:
                codes = tuple([Code(grant.code) for grant in life.grants if grant.kind == "coupon"])
        context = Context(
            at_ms=at_ms,
            store=sales.stores[sales.store[number]],
            sale_id=sales.ids[number],
            codes=codes,
            redeem=wish,
            member_id=sales.members[member] if life is not None else "",
            budgets=self.budgets,
        )
        return carry_out(self.compiled, life, context, self.shelf.lay(number, sums))

    def settle(self, run: Run) -> None:
        """Live on: budgets first, for whose part was spent hangs on the state before; then the state."""
        if run.charged:
            for effect in run.effects:
                if isinstance(effect, BudgetSpent):
                    self._spend(run, effect)
        life = run.state
        if isinstance(life, Life):
            for _, referrer, effects in self._owed(run):
                referrer.live(effects, run.context.at_ms)
            life.live(run.effects, run.context.at_ms)

    def _owed(self, run: Run) -> list[tuple[ReferralDue, Life, Effects]]:
        """What a sale brings to whoever brought its member, as far as the month's limit goes."""
        if not self.numbers:
            return []
        found: list[tuple[ReferralDue, Life, Effects]] = []
        for due in run.effects:
            number = self.numbers.get(due.referrer) if isinstance(due, ReferralDue) else None
            referrer = None if number is None else self.life(number, run.context.at_ms)
            if referrer is not None and isinstance(due, ReferralDue):
                effects = settlement(referrer, due)
                if effects:
                    found.append((due, referrer, effects))
        return found

    def _spend(self, run: Run, effect: BudgetSpent) -> None:
        rule = self.compiled.rules[effect.rule]
        left = run.budget_granted(rule) or 0
        parted = rule.budget is not None and rule.budget.new_members is not None
        key = f"{rule.id}#{'new' if effect.new_member else 'existing'}" if parted else rule.id
        self.budgets[key] = max(0, left - effect.amount_minor)

    def count(self, number: int, run: Run, audience: int, goods_minor: int, total_minor: int) -> int:
        """Into the figures; the points earned come back."""
        tallies = self.tallies
        member = self.sales.member[number]
        reached = False
        for rule, amount in run.given.items():
            if amount:
                reached = True
                tallies[rule].touch(number, audience, member)[DISCOUNT] += amount
        earned = 0
        for rule, centi in run.points_by_rule.items():
            reached = True
            tallies[rule].touch(number, audience, member)[EARNED] += centi
            earned += centi
        for due, _, _ in self._owed(run):
            reached = True
            tallies[due.rule].touch(number, audience, member)[EARNED] += due.points_centi
            earned += due.points_centi
        redemption = self.compiled.redemption
        if run.spent_centi and redemption is not None:
            reached = True
            cell = tallies[redemption.id].touch(number, audience, member)
            cell[SPENT] += run.spent_centi
            cell[SPENT_MINOR] += run.spent_minor
        for view in run.stamps:
            if view.earned:
                reached = True
                tallies[view.rule].touch(number, audience, member)[STAMPS] += view.earned
        for grant in run.issued:
            reached = True
            tallies[grant.rule].touch(number, audience, member)[ISSUED] += 1
        if reached:
            self.receipts_reached += 1
            if member >= 0:
                self.members_reached.add(member)
        self.goods_minor += goods_minor
        self.total_minor += total_minor
        month = self._month
        if run.now.month != self._month_of[1] or run.now.year != self._month_of[0]:
            month = self._turn_month(run.now)
        month.receipts += 1
        month.goods_minor += goods_minor
        month.discount_minor += goods_minor - total_minor
        month.earned_minor += earned  # hundredths of a point until the end
        month.spent_minor += run.spent_minor
        return earned

    def _turn_month(self, now: Moment) -> Month:
        key = self._month_of = (now.year, now.month)
        self._month = self.months.setdefault(key, Month(month=f"{key[0]}-{key[1]:02}"))
        return self._month

    # -- at the end --------------------------------------------------------------------------------------

    def worth(self, centi: int) -> int:
        """What points are worth when spent, rounded; 0 where the programme spends none."""
        if self.compiled.redemption is None:
            return 0
        value = self.compiled.point_minor
        return div_round(centi * value.numerator, POINT_CENTI * value.denominator)

    def side(self, receipts: int, until_ms: int) -> Side:
        """The figures."""
        programme = self.compiled.programme
        rules = tuple([self._rule(rule.id) for rule in programme.rules])
        for life in self.lives.values():
            life.advance(until_ms)
        owed = sum([life.balance_centi for life in self.lives.values()])
        whole = merged([figures.all for figures in rules])
        totals = Totals(
            receipts=receipts,
            goods_minor=self.goods_minor,
            discount_minor=self.goods_minor - self.total_minor,
            total_minor=self.total_minor,
            spent_minor=whole.spent_minor,
            due_minor=self.total_minor - whole.spent_minor,
            earned_centi=whole.earned_centi,
            earned_minor=whole.earned_minor,
            spent_centi=whole.spent_centi,
            owed_centi=owed,
            owed_minor=self.worth(owed),
            stamps=whole.stamps,
            issued=whole.issued,
            receipts_reached=self.receipts_reached,
            members_reached=len(self.members_reached),
        )
        months = [self._worth_of(month) for _, month in sorted(self.months.items())]
        return Side(
            programme=programme.id,
            version=programme.version,
            name=programme.name,
            totals=totals,
            rules=rules,
            months=tuple(months),
        )

    def _worth_of(self, month: Month) -> Month:
        month.earned_minor = self.worth(month.earned_minor)
        return month

    def _rule(self, id: str) -> RuleFigures:
        rule, tally = self.compiled.rules[id], self.tallies[id]
        new, existing, nobody = [self._cell(cell) for cell in tally.cells]
        return RuleFigures(
            rule=id,
            kind=rule.kind,
            name=rule.name,
            members=len(tally.members),
            new=new,
            existing=existing,
            nobody=nobody,
            all=merged([new, existing, nobody]),
        )

    def _cell(self, cell: list[int]) -> Cell:
        receipts, discount, earned, spent, spent_minor, stamps, issued = cell
        return Cell(
            receipts=receipts,
            discount_minor=discount,
            earned_centi=earned,
            earned_minor=self.worth(earned),
            spent_centi=spent,
            spent_minor=spent_minor,
            stamps=stamps,
            issued=issued,
        )


def merged(cells: list[Cell]) -> Cell:
    """Their sum."""
    whole = Cell()
    for cell in cells:
        for name in Cell.__struct_fields__:
            setattr(whole, name, getattr(whole, name) + getattr(cell, name))
    return whole
