"""Refunds by value: entitlement(returned after) - entitlement(returned before).

Every figure of the sale is scaled by how much of it came back, rounded on the running total, so that
two half refunds are one whole to the cent. What cannot be halved (the receipt itself, a coupon issued
or used, the stamps that a full card took) steps back when everything is returned. Delivery and gift cards
count and earn nothing, so neither do they when they come back or stay. The programme is not asked: the sale
says it all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from app.loyalty.decision import (
    DecidedLine,
    Decision,
    Discount,
    LinePoints,
    LineStamps,
    Owed,
    Points,
    RulePoints,
    TaxTotal,
)
from app.loyalty.effects import (
    AnyEffect,
    BudgetSpent,
    CodeUsed,
    Counted,
    GiftCardSold,
    Grant,
    Granted,
    GrantUsed,
    Lot,
    PartnerSettled,
    PointsEarned,
    PointsReturned,
    PointsSpent,
    PointsTakenBack,
    ReceiptCounted,
    ReferralDue,
    StampsChanged,
)
from app.loyalty.state import MemberState, advance, apply, take_from
from app.values import ValueProblem, div_round


def refund(
    original: Decision,
    returned: Mapping[str, int],
    *,
    already: Mapping[str, int] | None = None,
    at_ms: int,
    state: MemberState | None = None,
) -> Decision:
    """The decision that takes lines of a sale back; every amount in it is negative or zero.

    `returned` is the quantity (thousandths) coming back now by line id, `already` what came back
    before. `state` is the member's now, for the balances and `state_after`; the effects do not depend
    on it. Raises ValueProblem for a line that the sale does not have or more than it has left.
    """
    before = already or {}
    after = {line.id: before.get(line.id, 0) for line in original.lines}
    for id, qty_milli in returned.items():
        if id not in after:
            raise ValueProblem(f"the sale has no line {id!r}")
        if qty_milli < 0:
            raise ValueProblem(f"line {id!r}: a returned quantity is not below zero")
        after[id] += qty_milli
    for line in original.lines:
        if not 0 <= after[line.id] <= line.qty_milli:
            raise ValueProblem(f"line {line.id!r}: more comes back than was sold")
    steps = [_Step(before.get(line.id, 0), after[line.id], line.qty_milli) for line in original.lines]
    return _Refund(original, steps).decision(at_ms, state)


@dataclass(frozen=True, slots=True)
class _Step:
    """From one part of a whole to a larger one: how much of an amount comes back in this step."""

    before: int
    after: int
    whole: int

    def of(self, amount: int) -> int:
        if self.whole <= 0:
            return 0
        return div_round(amount * self.after, self.whole) - div_round(amount * self.before, self.whole)

    def upto(self, amount: int, count: int) -> int:
        return div_round(amount * count, self.whole) if self.whole > 0 else 0

    @property
    def completes(self) -> bool:
        return self.before < self.after == self.whole


class _Refund:
    def __init__(self, original: Decision, steps: list[_Step]) -> None:
        self.original = original
        self.steps = steps
        pairs = list(zip(original.lines, steps, strict=True))
        self.pairs = pairs
        self.counted = self._counted()
        self.value = _total(self.counted, [line.net_minor for line, _ in self.counted])
        if not self.value.whole:
            self.value = _total(self.counted, [line.qty_milli for line, _ in self.counted])
        self.points = _total(pairs, [line.points_minor for line in original.lines])
        paid = [line.net_minor - line.points_minor for line in original.lines]
        self.paid = _total(pairs, paid)

    def decision(self, at_ms: int, state: MemberState | None) -> Decision:
        original = self.original
        lines = tuple(_line(line, step) for line, step in self.pairs)
        total = sum(line.net_minor for line in lines)
        cards = tuple(self._cards())
        effects = tuple(self._effects())
        after = apply(state, effects, at_ms) if state is not None else None
        points = self._points(effects, advance(state, at_ms) if state is not None else None, after)
        delivery = self._delivery()
        gross = sum(line.gross_minor for line in lines)
        return Decision(
            programme=original.programme,
            version=original.version,
            at_ms=at_ms,
            lines=tuple(line for line in lines if line.qty_milli),
            goods_minor=gross - delivery,
            delivery_minor=delivery,
            discount_minor=gross - total,
            total_minor=total,
            gift_cards=tuple(card for card in cards if card.amount_minor),
            due_minor=total - points.spent_value_minor - sum(card.amount_minor for card in cards),
            taxes=_taxes(lines),
            points=points,
            effects=effects,
            state_after=after,
        )

    def _cards(self) -> Iterator[Owed]:
        """What goes back to each card, rounded on their running total: to the cent what they paid in all."""
        before = 0
        for card in self.original.gift_cards:
            after = before + card.amount_minor
            yield Owed(card.code, self.paid.of(before) - self.paid.of(after))
            before = after

    def _counted(self) -> list[tuple[DecidedLine, _Step]]:
        """The lines that count for the member; all of them where a sale has none."""
        apart = set(self.original.delivery_lines)
        apart.update(effect.line for effect in self.original.effects if isinstance(effect, GiftCardSold))
        return [pair for pair in self.pairs if pair[0].id not in apart] or self.pairs

    def _delivery(self) -> int:
        gross = sum(line.gross_minor for line in self.original.lines)
        if gross == self.original.goods_minor:
            return 0
        delivery = set(self.original.delivery_lines)
        return sum(_line(line, step).gross_minor for line, step in self.pairs if line.id in delivery)

    def _points(
        self, effects: tuple[AnyEffect, ...], state: MemberState | None, after: MemberState | None
    ) -> Points:
        earned = {e.rule: -e.amount_centi for e in effects if isinstance(e, PointsTakenBack)}
        spent = -sum(lot.amount_centi for e in effects if isinstance(e, PointsReturned) for lot in e.lots)
        balance = state.balance_centi if state is not None else 0
        return Points(
            earned_centi=sum(earned.values()),
            by_rule=tuple(RulePoints(rule, centi) for rule, centi in earned.items()),
            spent_centi=spent,
            spent_value_minor=sum(-step.of(line.points_minor) for line, step in self.pairs),
            balance_before_centi=balance,
            balance_after_centi=after.balance_centi if after else sum(earned.values()) - spent,
        )

    def _effects(self) -> list[AnyEffect]:
        """Spent points come back before earned ones go, so that neither passes through a debt."""
        made = [undone for effect in self.original.effects for undone in self._undo(effect)]
        return sorted(made, key=lambda effect: not isinstance(effect, PointsReturned))

    def _undo(self, effect: AnyEffect) -> list[AnyEffect]:
        whole = self._completes()
        of = self.value.of
        match effect:
            case PointsSpent():
                if effect.tender:
                    return self._return_points(effect)
                return [PointsReturned(effect.rule, effect.taken)] if whole else []
            case PointsEarned(lot):
                centi = self._taken_back(lot)
                return [PointsTakenBack(lot.rule, lot.id, centi)] if centi else []
            case StampsChanged(rule, delta, idle_days):
                back = self._stamps(rule, delta, whole)
                return [StampsChanged(rule, -back, idle_days)] if back else []
            case Counted():
                return [self._uncount(effect, whole)]
            case ReceiptCounted(receipts, spend_minor):
                return [ReceiptCounted(-receipts if whole else 0, -of(spend_minor))]
            case Granted(grant, line):
                return self._take_away(grant, line, whole)
            case GrantUsed(grant, restore):
                return [Granted(grant)] if whole and restore else []
            case ReferralDue():
                return [msgspec.structs.replace(effect, points_centi=-effect.points_centi)] if whole else []
            case CodeUsed(rule, code, times):
                return [CodeUsed(rule, code, -times)] if whole else []
            case GiftCardSold(rule, line, amount_minor):
                back_minor = self._step_of(line).of(amount_minor)
                return [GiftCardSold(rule, line, -back_minor)] if back_minor else []
            case PartnerSettled(rule, partner, points_centi):
                return [PartnerSettled(rule, partner, -of(points_centi))]
            case BudgetSpent(rule, amount_minor, new_member):
                return [BudgetSpent(rule, -of(amount_minor), new_member)]
            case _:
                return []

    def _completes(self) -> bool:
        """Whether with this step everything that counts has come back."""
        steps = [step for _, step in self.counted]
        return any(step.before < step.after for step in steps) and all(s.after == s.whole for s in steps)

    def _step_of(self, id: str) -> _Step:
        return next((step for line, step in self.pairs if line.id == id), _Step(0, 0, 0))

    def _take_away(self, grant: Grant, line: str, whole: bool) -> list[AnyEffect]:
        """What was handed over: with the sale, or with the line that sold it, uses piece by piece."""
        if not line:
            return [GrantUsed(grant, restore=False)] if whole else []
        step = self._step_of(line)
        if grant.kind != "uses":
            return [GrantUsed(grant, restore=False)] if step.completes else []
        uses = step.of(grant.uses)
        return [GrantUsed(msgspec.structs.replace(grant, uses=uses), restore=False)] if uses else []

    def _taken_back(self, lot: Lot) -> int:
        """Line by line where lines earned it; what belongs to no line goes by value."""
        by_line = [
            (earned.amount_centi, step)
            for line, step in self.pairs
            for earned in line.earned
            if earned.rule == lot.rule
        ]
        attributed = sum(centi for centi, _ in by_line)
        if attributed > lot.amount_centi or (attributed and attributed != self._earned_by(lot.rule)):
            return self.value.of(lot.amount_centi)
        return sum(step.of(centi) for centi, step in by_line) + self.value.of(lot.amount_centi - attributed)

    def _earned_by(self, rule: str) -> int:
        """What a rule earned in all; a rule with several lots goes by value throughout."""
        lots = [e.lot for e in self.original.effects if isinstance(e, PointsEarned) and e.lot.rule == rule]
        return lots[0].amount_centi if len(lots) == 1 else -1

    def _stamps(self, rule: str, delta: int, whole: bool) -> int:
        """Line by line where lines changed the card; of the rest earned ones by value, and those that a full
        card took with all that came of it: the reward is kept until then."""
        by_line = [(s.delta, step) for line, step in self.pairs for s in line.stamps if s.rule == rule]
        rest = delta - sum(part for part, _ in by_line)
        come = self.value.of(rest) if rest > 0 else rest if whole else 0
        return sum(step.of(part) for part, step in by_line) + come

    def _uncount(self, effect: Counted, whole: bool) -> Counted:
        of = self.value.of
        return Counted(
            effect.key,
            effect.day,
            -effect.receipts if whole else 0,
            -of(effect.spend_minor),
            -of(effect.points_centi),
            -of(effect.units_milli),
            -effect.uses if whole else 0,
            effect.keep_days,
        )

    def _return_points(self, effect: PointsSpent) -> list[AnyEffect]:
        """The part of the spent lots between what came back before and what has now."""
        step = self.points
        start, stop = step.upto(effect.amount_centi, step.before), step.upto(effect.amount_centi, step.after)
        first = {lot.id: lot.amount_centi for lot in take_from(effect.taken, start)}
        lots: list[Lot] = []
        for lot in take_from(effect.taken, stop):
            centi = lot.amount_centi - first.get(lot.id, 0)
            if centi > 0:
                lots.append(_with(lot, centi))
        return [PointsReturned(effect.rule, tuple(lots))] if lots else []


def _with(lot: Lot, amount_centi: int) -> Lot:
    return Lot(
        lot.id,
        lot.rule,
        amount_centi,
        lot.earned_at_ms,
        lot.spendable_at_ms,
        lot.expires_at_ms,
        lot.idle_days,
    )


def _total(pairs: list[tuple[DecidedLine, _Step]], amounts: list[int]) -> _Step:
    """How far the whole has come back, as the sum of the lines' own rounded parts."""
    steps = [step for _, step in pairs]
    return _Step(
        sum(step.upto(amount, step.before) for step, amount in zip(steps, amounts, strict=True)),
        sum(step.upto(amount, step.after) for step, amount in zip(steps, amounts, strict=True)),
        sum(amounts),
    )


def _line(line: DecidedLine, step: _Step) -> DecidedLine:
    net = step.of(line.net_minor)
    discounts = tuple(Discount(d.rule, -step.of(d.amount_minor)) for d in line.discounts)
    return DecidedLine(
        line.id,
        step.before - step.after,
        sum(d.amount_minor for d in discounts) - net,
        -net,
        line.tax,
        tuple(d for d in discounts if d.amount_minor),
        -step.of(line.points_minor),
        tuple(LinePoints(e.rule, -step.of(e.amount_centi)) for e in line.earned),
        tuple(LineStamps(s.rule, -step.of(s.delta)) for s in line.stamps),
    )


def _taxes(lines: tuple[DecidedLine, ...]) -> tuple[TaxTotal, ...]:
    labels = sorted({line.tax for line in lines if line.qty_milli})
    return tuple(
        TaxTotal(
            tax,
            sum(line.gross_minor for line in lines if line.tax == tax),
            sum(line.gross_minor - line.net_minor for line in lines if line.tax == tax),
            sum(line.net_minor for line in lines if line.tax == tax),
            sum(line.points_minor for line in lines if line.tax == tax),
        )
        for tax in labels
    )
