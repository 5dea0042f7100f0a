"""Stages 1 to 3: line promotions and bundles, whole-receipt discounts, caps and floors."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from operator import itemgetter

from app.loyalty.agenda import Agenda, Ladder, LineGroup, ReceiptGroup
from app.loyalty.basket import Line
from app.loyalty.compiled import Compiled
from app.loyalty.plan import BundlePlan, Claim, GroupRecord, LinePlan, Parts, Plan, ReceiptPlan, Run, Work
from app.values import QTY_MILLI, div_round, line_gross, mul_rate, spread

Limited = dict[LinePlan, dict[Work, int]]
"""What rules with a cap of their own would give, by line."""
_Entry = tuple[str, int, int, str, str, tuple[str, ...], str, str, Work]


def take_lines(compiled: Compiled, run: Run, lines: Sequence[Line]) -> None:
    """Bring the lines into canonical order, by content alone, and sort them under their filters."""
    rounding = run.rounding
    line_cap = compiled.programme.caps.line
    profiles = compiled.profiles
    entries: list[_Entry] = []
    asides: list[_Entry] = []
    for line in lines:
        sku, category, brand, tags = line.sku, line.category, line.brand, line.tags
        profile = profiles.get((sku, category, brand, tags)) or compiled.profile(line)
        qty, price = line.qty_milli, line.unit_price_minor
        units, rest = divmod(qty, QTY_MILLI)
        if rest or profile.weighed:
            units, gross = 0, div_round(price * qty, QTY_MILLI, rounding)
        else:
            gross = price * units
        work = Work(line, profile, gross, units)
        entry = (sku, price, qty, category, brand, tags, line.tax, line.id, work)
        if profile.plain and line_cap is None and qty > 0 and gross >= 0:
            entries.append(entry)
            continue
        # Nothing of something counts for nothing; a returned deposit bottle is no goods to discount.
        aside = profile.aside or qty <= 0 or gross < 0
        run.any_floor = True
        work.floor = gross if profile.no_discount or aside else floor_of(work, line_cap)
        (asides if aside else entries).append(entry)
    entries.sort()  # by what a line is, never by where it stands; the id parts equal lines only
    works = run.works = [entry[8] for entry in entries]
    if asides:
        asides.sort()
        run.aside = [entry[8] for entry in asides]
    by_filter = run.present = run.by_filter
    for work in works:
        for number in work.profile.filters:
            if number in by_filter:
                by_filter[number].append(work)
            else:
                by_filter[number] = [work]


def floor_of(work: Work, line_cap: Fraction | None) -> int:
    """What goods that are no plain ones may not be sold under: their floor price, the cap per line."""
    line = work.line
    floor = 0
    for rule in work.profile.floors:
        if rule.price is not None:
            floor = max(floor, line_gross(rule.price, line.qty_milli))
        if rule.share is not None:
            floor = max(floor, -(-work.gross * rule.share.numerator // rule.share.denominator))
    if line_cap is not None:
        floor = max(floor, work.gross - mul_rate(work.gross, line_cap, "down"))
    return min(floor, work.gross)


def discount_lines(agenda: Agenda, run: Run) -> None:
    """Stage 1: every line group in turn, each on the prices that the one before left."""
    present = run.present
    for group in agenda.line_groups:
        if not group.numbers.isdisjoint(present):
            _run_line_group(group, run)


def _run_line_group(group: LineGroup, run: Run) -> None:
    record = None
    if run.records is not None:
        record = GroupRecord()
        run.records.append(record)
    limited = _limited_values(group, run) if group.limited else {}
    singles = _best_singles(group, run, limited)
    claims = _bundles(group, run, record) if group.bundles else []
    if record is not None:
        _record_singles(group, run, limited, record)
    if claims:
        claimed = {work for _, claim in claims for work in claim.units}
        bundled = sum([claim.value for _, claim in claims])
        # What lines outside the bundles get by single rules, they get either way.
        if bundled > sum([singles[work][0] for work in claimed if work in singles]):
            for plan, claim in claims:
                give(run, plan, claim.parts, record)
            singles = {work: best for work, best in singles.items() if work not in claimed}
        else:
            claims = []
    for plan, claim in claims:
        if claim.free_units:
            run.free_units[plan.id] = claim.units
    given = run.given
    for work, (amount, plan) in singles.items():
        run.take_off(work, amount)
        work.discounts.append((plan, amount))
        given[plan.id] = given.get(plan.id, 0) + amount
        if plan.rule.exclusive:
            work.closed = run.any_closed = True
        if record is not None:
            record.winners[work] = plan


def _best_singles(group: LineGroup, run: Run, limited: Limited) -> dict[Work, tuple[int, LinePlan]]:
    """Each line's best single-line rule, by value after caps, then rank."""
    index = group.index
    half_up = run.rounding == "half_up"
    best: dict[Work, tuple[int, LinePlan]] = {}
    for work in run.works_worth_asking(group.by_filter.keys()) if group.by_filter else ():
        rated, others = work.profile.singles[index]
        net = work.net
        room = net - work.floor
        if not (rated or others) or work.closed or room <= 0:
            continue
        top, winner = 0, None
        for numerator, denominator, plan in rated:
            if not (plan.free or plan.may(run)):
                continue
            exact = net * numerator
            value = (2 * exact + denominator) // (2 * denominator) if half_up else exact // denominator
            if value > room:
                value = room
            if value < top or not value:
                break  # they are sorted by rate: no later one gives more
            if value > top or (winner is not None and plan.rank < winner.rank):
                top, winner = value, plan
        for plan in others:
            if plan.limited:
                value = limited.get(plan, _NONE).get(work, 0)
            elif plan.may(run):
                value = min(plan.value(work), room)
            else:
                continue
            if value > top or (value == top and winner is not None and plan.rank < winner.rank):
                top, winner = value, plan
        if winner is not None:
            best[work] = (top, winner)
    return best


def _record_singles(group: LineGroup, run: Run, limited: Limited, record: GroupRecord) -> None:
    """For the explanation: what each single-line rule would give on all of its lines, after caps."""
    for number, plans in group.by_filter.items():
        works = [work for work in run.works_of(number) if work.room]
        for plan in plans:
            if works and plan.limited:
                record.values[plan] = sum(limited.get(plan, _NONE).values())
            elif works and plan.may(run):
                record.values[plan] = sum(min(plan.value(work), work.room) for work in works)


_NONE: dict[Work, int] = {}


def _limited_values(group: LineGroup, run: Run) -> Limited:
    """What rules with a cap of their own would give each line: the cap is spread over all of theirs."""
    values: Limited = {}
    by_rule: dict[str, dict[Work, tuple[int, LinePlan]]] = {}
    for plan in group.limited:
        if plan.may(run):
            best = by_rule.setdefault(plan.id, {})
            for work in plan.works(run):
                value = min(plan.value(work), work.room)
                if value > 0 and (work not in best or value > best[work][0]):
                    best[work] = (value, plan)  # of a rule's several plans the better one counts
    for best in by_rule.values():
        parts = [value for value, _ in best.values()]
        limit = limit_of(next(plan for _, plan in best.values()), run) if best else None
        if limit is not None and sum(parts) > limit:
            parts = spread(limit, parts)
        for (work, (_, plan)), part in zip(best.items(), parts, strict=True):
            values.setdefault(plan, {})[work] = part
    return values


def limit_of(plan: Plan, run: Run) -> int | None:
    """The most a rule may still take off this receipt: its own cap and what its budget has left."""
    return plan.limit(run)


_Alone = tuple[int, tuple[int, str], BundlePlan, Claim]
"""A claim alone on the receipt: its value below zero, its plan's rank."""
_value_then_rank = itemgetter(0, 1)


def _bundles(group: LineGroup, run: Run, record: GroupRecord | None) -> list[tuple[BundlePlan, Claim]]:
    """Bundles claim units in the order of what each would give alone, then rank."""
    left: dict[Work, int] = {}
    alone: list[_Alone] = []
    bundles = group.distinct if run.records is None else group.bundles_by_filter
    for number in run.present:
        plans = bundles.get(number)
        if plans is None:
            continue
        works = run.works_of(number)
        units = sum([work.units for work in works])
        for plan in plans:
            if units >= plan.least and plan.may(run):
                claim = _capped(plan, run, plan.claim(run, left))
                if claim is not None:
                    alone.append((-claim.value, plan.rank, plan, claim))
    alone.sort(key=_value_then_rank)
    taken: list[tuple[BundlePlan, Claim]] = []
    room: dict[Work, int] = {}
    known = 0  # so many of the claims taken are in `room`, which is asked only where two claims meet
    for value, _, plan, claim in alone:
        if record is not None:
            record.values[plan] = -value
        if not left.keys().isdisjoint(claim.units):
            for _, other in taken[known:]:
                for work, amount in other.parts:
                    room[work] = room.get(work, work.room) - amount
            known = len(taken)
            again = _capped(plan, run, plan.claim(run, left), room)
            if again is None:
                continue
            claim = again
        taken.append((plan, claim))
        for work, count in claim.units.items():
            left[work] = left.get(work, work.units) - count
    return taken


def _capped(
    plan: BundlePlan, run: Run, claim: Claim | None, room: dict[Work, int] | None = None
) -> Claim | None:
    """A claim within the lines' room and the rule's own cap; None where nothing is left of it."""
    if claim is None:
        return None
    if room is None and not (plan.limited or run.any_floor or run.any_closed):
        claim.parts = [part for part in claim.parts if part[1]]
        return claim if claim.parts else None
    parts = [
        (work, min(amount, work.room if room is None else room.get(work, work.room)))
        for work, amount in claim.parts
    ]
    limit = limit_of(plan, run)
    if limit is not None and sum(amount for _, amount in parts) > limit:
        amounts = spread(limit, [amount for _, amount in parts])
        parts = [(work, amount) for (work, _), amount in zip(parts, amounts, strict=True)]
    parts = [(work, amount) for work, amount in parts if amount > 0]
    return Claim(claim.units, parts, claim.free_units) if parts else None


def discount_receipt(group: ReceiptGroup, run: Run) -> None:
    """Stage 2, for each receipt group in turn: the best of its rules is spread over its goods."""
    best: Best | None = None
    if run.records is None and not run.any_closed and not run.any_floor:
        for ladder in group.ladders:
            best = _better(best, _climb(ladder, run))
        plans = group.single
        record = None
    else:
        plans = group.plans
        record = GroupRecord()
    for plan in plans:
        if plan.filter not in run.present or not plan.may(run):
            continue
        if run.any_floor or run.any_closed:
            parts = receipt_parts(plan, run)
            value = sum([amount for _, amount in parts])
        else:
            parts, value = [], _freely(plan, run)
        if record is not None and value:
            record.values[plan] = value
        best = _better(best, (value, plan, parts) if value else None)
    if best is not None:
        value, plan, parts = best
        if run.source is not None and not (parts or plan.rule.exclusive):
            run.source.take_off(run, plan, value)
            run.given[plan.id] = run.given.get(plan.id, 0) + value
        else:
            give(run, plan, parts or receipt_parts(plan, run), record)
    if run.records is not None and record is not None:
        run.records.append(record)


Best = tuple[int, ReceiptPlan, Parts]


def _better(one: Best | None, two: Best | None) -> Best | None:
    """The one that gives more; between equals the better rank."""
    if one is None or two is None:
        return one or two
    if two[0] != one[0]:
        return two if two[0] > one[0] else one
    return two if two[1].rank < one[1].rank else one


def _climb(ladder: Ladder, run: Run) -> Best | None:
    """The best plan of a ladder; its parts are worked out only if it wins."""
    total = run.net_of(ladder.filter)
    place = bisect_right(ladder.starts, total)
    best: Best | None = None
    if not place or not total:
        return None
    for numerator, denominator, plan in ladder.reached[place - 1]:
        value = div_round(total * numerator, denominator, run.rounding)
        if not value or (best is not None and value < best[0]):
            break
        best = _better(best, (value, plan, []))
    return best


def _freely(plan: ReceiptPlan, run: Run) -> int:
    """What a receipt discount gives where no line holds it back: its parts would add up to this."""
    amount = min(plan.amount(run), run.net_of(plan.filter))
    limit = limit_of(plan, run)
    return max(0, amount if limit is None else min(amount, limit))


def receipt_parts(plan: ReceiptPlan, run: Run) -> Parts:
    """A receipt discount by line, within floors and caps."""
    works = plan.works(run)
    if not (run.any_floor or run.any_closed):
        amount = _freely(plan, run)
        parts = spread(amount, [work.net for work in works]) if amount else []
        return [(work, part) for work, part in zip(works, parts, strict=False) if part]
    rooms = [work.room for work in works]
    weights = rooms if plan.by_room(run) else [0 if work.closed else work.net for work in works]
    if not any(weights):
        return []
    whole = spread(min(plan.amount(run), sum(weights)), weights)
    parts = [min(part, room) for part, room in zip(whole, rooms, strict=True)]
    limit = limit_of(plan, run)
    if limit is not None and sum(parts) > limit:
        # What a line at its floor cannot take is no part of what the limit is for.
        parts = spread(limit, weights if parts == whole else parts)
    return [(work, part) for work, part in zip(works, parts, strict=True) if part > 0]


def give(run: Run, plan: Plan, parts: Parts, record: GroupRecord | None = None) -> None:
    """Take a discount off the lines."""
    total = 0
    for work, amount in parts:
        run.take_off(work, amount)
        work.discounts.append((plan, amount))
        total += amount
        if plan.rule.exclusive:
            work.closed = run.any_closed = True
        if record is not None:
            record.winners[work] = plan
    run.given[plan.id] = run.given.get(plan.id, 0) + total


def cap_receipt(compiled: Compiled, run: Run) -> None:
    """Stage 3: where all discounts together pass the receipt's cap, each gives back in proportion."""
    caps = compiled.programme.caps
    if not run.given or (caps.receipt is None and caps.receipt_amount is None):
        return
    whole = limit = sum(run.given.values())
    if caps.receipt is not None:
        limit = min(limit, mul_rate(run.goods_minor() + whole, caps.receipt, "down"))
    if caps.receipt_amount is not None:
        limit = min(limit, caps.receipt_amount)
    if limit == whole:
        return
    run.capped = True
    run.given = {}
    entries = [(work, n) for work in run.works for n in range(len(work.discounts))]
    amounts = [work.discounts[n][1] for work, n in entries]
    for (work, n), amount in zip(entries, spread(limit, amounts), strict=True):
        plan, before = work.discounts[n]
        work.discounts[n] = (plan, amount)
        run.take_off(work, amount - before)
        run.given[plan.id] = run.given.get(plan.id, 0) + amount
    for work in run.works:
        work.discounts = [(plan, amount) for plan, amount in work.discounts if amount]
