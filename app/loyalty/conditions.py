"""What rules of every kind may require: a moment, a place, a person, a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.loyalty.decision import Reason
from app.loyalty.model import WEEKDAYS, BirthdayWindow
from app.loyalty.moment import EPOCH_ORDINAL, anniversary, moment_of

if TYPE_CHECKING:
    from app.loyalty.plan import Plan, Run


def common_refusal(plan: Plan, run: Run) -> Reason | None:
    """Whether the moment, the place or the person rule a rule out; None where they do not."""
    rule = plan.rule
    if plan.timed:
        reason = when_refusal(plan, run)
        if reason:
            return reason
    if plan.personal and not (plan.members_alone and run.member):
        reason = audience_refusal(plan, run)
        if reason:
            return reason
    if rule.budget is not None and run.budget_granted(rule) == 0:
        return plan.no("budget_spent")
    return None


def when_refusal(plan: Plan, run: Run) -> Reason | None:
    when, now = plan.rule.when, run.now
    today, weekday, minute = now.day + EPOCH_ORDINAL, now.weekday, now.minute
    start, end = when.hours or (0, 0)
    if minute < end <= start:
        today, weekday = today - 1, (weekday - 1) % 7  # the night belongs to the day it began on
    if when.from_ is not None and today < when.from_.toordinal():
        return plan.no("not_yet", date=when.from_.isoformat())
    if when.until is not None and today > when.until.toordinal():
        return plan.no("ended", date=when.until.isoformat())
    if when.hours is not None:
        inside = start <= minute < end if start < end else minute >= start or minute < end
        if not inside:
            return plan.no("not_at_this_hour", hours=_span(start, end))
    if when.weekdays and WEEKDAYS[weekday] not in when.weekdays:
        return plan.no("not_today", weekdays=",".join(when.weekdays))
    return None


def _span(start: int, end: int) -> str:
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


def audience_refusal(plan: Plan, run: Run) -> Reason | None:
    audience, context = plan.rule.audience, run.context
    if audience.stores and context.store not in audience.stores:
        return plan.no("other_store")
    if audience.channels and context.channel not in audience.channels:
        return plan.no("other_channel")
    if audience.who == "guests" and run.member:
        return plan.no("guests_only")
    personal = audience.tiers or audience.vip or audience.segments or audience.birthday
    if (audience.who == "members" or personal) and not run.member:
        return plan.no("members_only")
    if audience.tiers and plan.tiers.isdisjoint(run.levels.values()):
        return plan.no("tier_needed", level=audience.tiers[0])
    if audience.vip and not any(run.state.held(rule, context.at_ms) for rule in audience.vip):
        return plan.no("vip_needed", needed=audience.vip[0])
    if audience.segments and not any(segment in audience.segments for segment in context.segments):
        return plan.no("other_segment")
    if audience.birthday is not None and birthday_near(run, audience.birthday) is None:
        return plan.no("not_near_birthday")
    return None


def birthday_near(run: Run, window: BirthdayWindow) -> int | None:
    """The day of the member's birthday around which today lies; None where none is, or was known too late.

    Of two whose windows overlap it is the later.
    """
    birthday = run.context.birthday
    if birthday is None:
        return None
    known_day = moment_of(birthday.known_since_ms // 60_000, run.zone).day
    if run.now.day - known_day < window.known_days:
        return None
    years = (run.now.year + 1, run.now.year, run.now.year - 1)
    days = [anniversary(year, birthday.month, birthday.day) for year in years]
    return next((day for day in days if -window.before <= run.now.day - day <= window.after), None)
