"""What rules of many kinds give: a discount, points as a lot, a thing to hand over, a coupon for later."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from app.loyalty.effects import Grant, Lot, PointsEarned
from app.loyalty.model import Benefit, Days, Months, TermDays
from app.loyalty.moment import EPOCH_ORDINAL
from app.loyalty.plan import Plan, ReceiptPlan, Run
from app.loyalty.state import DAY_MS
from app.values import POINT_CENTI, div_round, mul_rate, utc_ms


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """When something earned lapses; several conditions: the first to come true."""

    days: TermDays | None = None
    months: Months | None = None
    to_month_end: bool = False
    """Rounds the date up to the last day of its month."""


class LotExpiry(Expiry, frozen=True, kw_only=True):
    """When points lapse: by date, or because their member buys nothing."""

    idle_days: TermDays | None = None
    """Days without a purchase of the member's, whatever was bought."""


class LotTerms(msgspec.Struct, frozen=True, kw_only=True):
    """When points of a lot may be spent, and until when."""

    spendable_after_days: Days = 0
    expires: LotExpiry | None = None


def add_months(day: date, months: int) -> date:
    """The same day some months on, or that month's last: 31 January + 1 month is 28 February."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, _month_length(year, month + 1)))


def _month_length(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - date(year, month, 1)).days


LAST_DAY: Final = date(9999, 1, 1).toordinal() - EPOCH_ORDINAL
"""What ends later ends then: many pieces of a long term may be sold at once."""


@lru_cache(maxsize=1024)
def day_start_ms(day: int, zone: str) -> int:
    """The first moment of a local day (days since 1970)."""
    local = datetime.fromordinal(min(day, LAST_DAY) + EPOCH_ORDINAL).replace(tzinfo=ZoneInfo(zone))
    return utc_ms(local.astimezone(UTC))


def expiry_ms(expires: Expiry | None, run: Run) -> int | None:
    """The end of the last local day on which something given now is still good."""
    return None if expires is None else _expiry_ms(expires, run.now.day, run.zone)


@lru_cache(maxsize=1024)
def _expiry_ms(expires: Expiry, today: int, zone: str) -> int | None:
    last = _last_day(expires, date.fromordinal(today + EPOCH_ORDINAL))
    return None if last is None else day_start_ms(last.toordinal() - EPOCH_ORDINAL + 1, zone)


def _last_day(expires: Expiry, day: date) -> date | None:
    """The last day on which something given on a day is still good; None where no date ends it."""
    ends: list[date] = []
    if expires.days is not None:
        ends.append(date.fromordinal(day.toordinal() + expires.days))
    if expires.months is not None:
        ends.append(add_months(day, expires.months))
    if not ends:
        return None
    last = min(ends)
    if expires.to_month_end:
        last = last.replace(day=_month_length(last.year, last.month))
    return last


@lru_cache(maxsize=1024)
def longest_days(expires: Expiry) -> int | None:
    """The most days that something may be good for, whichever day of four years it is given on."""
    first = date(2024, 1, 1).toordinal()
    days = [date.fromordinal(first + number) for number in range(1461)]
    ends = [(_last_day(expires, day), day) for day in days]
    return max([(end - day).days for end, day in ends if end is not None], default=None)


def lapses_within(expires: Expiry | None, days: int) -> bool:
    """Whether what is given is always over before so many days have passed."""
    most = None if expires is None or not days else longest_days(expires)
    return most is not None and most < days


def make_lot(plan: Plan, run: Run, amount_centi: int, terms: LotTerms, suffix: str = "") -> Lot:
    """A lot of points earned by this sale under a rule, which remembers for a day when its lots lapse."""
    context, expires = run.context, terms.expires
    at_ms, waits = context.at_ms, terms.spendable_after_days
    end_ms = idle_days = None
    if expires is not None:
        known, idle_days = plan.expiry, expires.idle_days
        if known is not None and known[0] == run.now.day and known[2] is expires and known[1] == run.zone:
            end_ms = known[3]
        else:
            end_ms = expiry_ms(expires, run)
            plan.expiry = (run.now.day, run.zone, expires, end_ms)
    return Lot(
        f"{context.sale_id}:{plan.id}{suffix}",
        plan.id,
        amount_centi,
        at_ms,
        at_ms + waits * DAY_MS if waits else 0,
        end_ms,
        idle_days,
    )


def within_budget(plan: Plan, run: Run, centi: int) -> int:
    """The part of some points that the rule's budget still pays."""
    left = run.budget_left(plan.rule)
    return centi if left is None else min(centi, int(left * POINT_CENTI / run.point_minor))


def worth_minor(run: Run, centi: int) -> int:
    """What points are worth in money."""
    return div_round(centi * run.point_minor.numerator, POINT_CENTI * run.point_minor.denominator)


def earn(plan: Plan, run: Run, amount_centi: int, terms: LotTerms, *, charged: bool = True) -> None:
    """Give the member points, as far as the rule's budget goes, which pays what they are worth."""
    if charged and plan.rule.budget is not None:
        amount_centi = within_budget(plan, run, amount_centi)
        run.spend_budget(plan.rule, worth_minor(run, amount_centi))
    if amount_centi > 0:
        run.effects.append(PointsEarned(make_lot(plan, run, amount_centi, terms)))
        run.points_by_rule[plan.id] = run.points_by_rule.get(plan.id, 0) + amount_centi


def make_grant(
    plan: Plan,
    run: Run,
    kind: str,
    *,
    uses: int = 1,
    item: str = "",
    expires_at_ms: int | None = None,
) -> Grant:
    """A grant of this sale; of several under a rule `item` tells which."""
    return Grant(
        code=f"{run.context.sale_id}:{plan.id}" + (f":{item}" if item else ""),
        rule=plan.id,
        kind=kind,
        issued_at_ms=run.context.at_ms,
        uses=uses,
        expires_at_ms=expires_at_ms,
        item=item,
    )


def open_net(plan: Plan, run: Run) -> int:
    """What the rule's goods cost now that no exclusive rule has closed."""
    if run.any_closed:
        return sum([work.net for work in plan.works(run) if not work.closed])
    return run.net_of(plan.filter)


def benefit_amount(benefit: Benefit, plan: Plan, run: Run) -> int:
    """A discount benefit over the rule's goods, in minor units; 0 where it is points or a gift."""
    if benefit.percent is not None:
        return mul_rate(open_net(plan, run), benefit.percent, plan.rounding)
    return benefit.amount or 0


def hand_over(
    plan: Plan,
    run: Run,
    benefit: Benefit,
    *,
    terms: LotTerms,
    times: int = 1,
    now: bool,
    charged: bool = True,
) -> None:
    """Give a benefit at payment: points and gifts at once; a discount only as a coupon for later.

    `now`: a discount has been taken off this receipt already, so there is no coupon to issue. `charged`:
    points are paid by the rule's budget, if it has one.
    """
    if not run.member or times <= 0:
        return
    if benefit.points is not None:
        earn(plan, run, benefit.points * times, terms, charged=charged)
    elif benefit.gift:
        run.grant(make_grant(plan, run, "reward", uses=times, item=benefit.gift))
    elif not now:
        # Each is a slip of paper with a code of its own, good once.
        for number in range(1, times + 1):
            run.grant(make_grant(plan, run, "coupon", item=str(number) if number > 1 else ""))


def benefit_params(benefit: Benefit) -> dict[str, str | int]:
    """A benefit as parameters of a reason."""
    if benefit.percent is not None:
        return {"percent": percent_text(benefit.percent)}
    if benefit.amount is not None:
        return {"amount_minor": benefit.amount}
    if benefit.points is not None:
        return {"points_centi": benefit.points}
    return {"gift": benefit.gift}


def benefit_word(benefit: Benefit) -> str:
    """What a benefit is, as a part of a reason's code."""
    if benefit.percent is not None:
        return "percent"
    if benefit.amount is not None:
        return "amount"
    return "points" if benefit.points is not None else "gift"


def percent_text(rate: Fraction) -> str:
    """A rate as a plain decimal of percent: 1/10 is "10", 1/40 is "2.5"."""
    whole = div_round(rate.numerator * 1_000_000, rate.denominator)
    return f"{whole // 10_000}.{whole % 10_000:04}".rstrip("0").rstrip(".")


def benefit_problems(benefit: Benefit, field: str) -> list[tuple[str, str, str]]:
    """A benefit is exactly one thing."""
    given = [benefit.percent is not None, benefit.amount is not None, benefit.points is not None]
    if sum(given) + bool(benefit.gift) != 1:
        return [(field, "it must give exactly one thing", "percent, amount, points or gift")]
    return []


class BenefitPlan(ReceiptPlan):
    """A receipt discount that is a `Benefit` under a condition: most kinds that discount a receipt."""

    def benefit(self, run: Run) -> Benefit:
        raise NotImplementedError

    def amount(self, run: Run) -> int:
        return benefit_amount(self.benefit(run), self, run)

    def by_room(self, run: Run) -> bool:
        return self.benefit(run).amount is not None
