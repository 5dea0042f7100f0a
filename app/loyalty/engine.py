"""The engine's one entrance: compile a programme once, evaluate baskets against it."""

from __future__ import annotations

from collections.abc import Callable

from app.loyalty.basket import Basket, Context
from app.loyalty.compiled import Compiled
from app.loyalty.decision import (
    DecidedLine,
    Decision,
    Discount,
    LinePoints,
    LineStamps,
    Points,
    Reason,
    RulePoints,
    TaxTotal,
)
from app.loyalty.effects import PURCHASES, Counted, ReceiptCounted
from app.loyalty.explaining import offers_of, reasons_of
from app.loyalty.manual import take_manual
from app.loyalty.model import Programme
from app.loyalty.pricing import cap_receipt, discount_lines, discount_receipt, take_lines
from app.loyalty.rules.reward import collect
from app.loyalty.run import ONCE, Run, Work
from app.loyalty.spending import pay_gift_cards
from app.loyalty.state import MemberState, Standing, advance, apply

__all__ = ["Compiled", "carry_out", "compile_programme", "evaluate"]


def compile_programme(programme: Programme) -> Compiled:
    """Make a programme ready; the result may be shared by threads and used for ever."""
    return Compiled(programme)


def evaluate(
    compiled: Compiled,
    state: MemberState | None,
    basket: Basket,
    context: Context,
    *,
    explain: bool = False,
) -> Decision:
    """Price a basket. Pure and deterministic; `state` None is a customer without a card.

    `explain` fills `why`, `offers` and `state_after`, which nobody needs on the hot path.
    """
    if state is not None:
        state = advance(state, context.at_ms)

    def lay(run: Run) -> None:
        take_lines(compiled, run, basket.lines)

    run = carry_out(compiled, state, context, lay, explain=explain, brief=False)
    return _decision(compiled, run, basket, state, explain)


def carry_out(
    compiled: Compiled,
    state: Standing | None,
    context: Context,
    lay: Callable[[Run], None],
    *,
    explain: bool = False,
    brief: bool = True,
) -> Run:
    """All stages. `brief`: with sums and effects alone, which is what a replay needs of a sale.

    `lay` puts the goods before the run. `state` is as of the moment of the sale: `evaluate` sees to that.
    """
    run = _pass(Run(compiled, state, context, brief=brief), compiled, lay, {}, explain)
    risen = _risen(compiled, run) if compiled.rising else None
    if risen:
        run = _pass(Run(compiled, state, context, brief=brief), compiled, lay, risen, explain)
    return run


def _pass(
    run: Run,
    compiled: Compiled,
    lay: Callable[[Run], None],
    levels: dict[str, int],
    explain: bool,
) -> Run:
    """One pass over all stages; `levels` overrides tiers that this purchase itself has raised."""
    if explain:
        run.records = []
    context = run.context
    if run.member:
        for plan in compiled.entering:
            plan.enter(run, levels.get(plan.id))
        for plan, factor in run.standing:
            if plan.unbound or plan.may(run):
                run.multiplier = factor if run.multiplier is ONCE else max(run.multiplier, factor)
    lay(run)
    agenda = compiled.agenda(run) if run.brief else compiled.whole
    if agenda.line_groups:
        discount_lines(agenda, run)
    for group in agenda.receipt_groups:
        discount_receipt(group, run)
    if run.given:
        cap_receipt(compiled, run)
    if run.source is None:
        take_manual(run)
    for plan in compiled.delivery:
        plan.deliver(run)
    if context.redeem.rewards:
        collect(run, {plan.id for plan in compiled.buying})
        for plan in compiled.buying:
            plan.buy(run)
    redemption = compiled.redemption
    if redemption is not None:
        redemption.spend(run, compiled.earners)
    if context.redeem.gift_cards:
        pay_gift_cards(run)
    if context.codes and not run.brief:
        _refuse_unknown_codes(compiled, run)
    if run.member and run.present:
        run.effects.append(ReceiptCounted(1, run.goods_minor()))
        keep_days = max(compiled.idle_days, run.state.idle_days)
        if keep_days:
            run.effects.append(Counted(PURCHASES, run.now.day, receipts=1, keep_days=keep_days))
    for plan in agenda.settling:
        plan.settle(run)
    if redemption is not None and run.spent_centi:
        redemption.take_lots(run)
    if compiled.budgeted:
        for rule_id, amount in run.given.items():
            run.charge(compiled.rules[rule_id], amount)
    return run


def _refuse_unknown_codes(compiled: Compiled, run: Run) -> None:
    for code in run.context.codes:
        held = any(grant.code == code.code for grant in run.state.grants)
        if not held and not any(plan.knows(code) for plan in compiled.plans):
            run.refused.append(Reason("", False, "code_unknown", {"code": code.code}))


def _risen(compiled: Compiled, run: Run) -> dict[str, int]:
    """Levels that this purchase reaches and that count `now`: their second pass prices it with them."""
    if not run.member:
        return {}
    risen: dict[str, int] = {}
    for tier in compiled.rising:
        if tier.may(run):
            before = tier.now(run)
            after, _ = tier.after(run, tier.counted(run))
            if after > before:
                risen[tier.id] = after
    return risen


def _decision(
    compiled: Compiled, run: Run, basket: Basket, state: MemberState | None, explain: bool
) -> Decision:
    programme = compiled.programme
    every = run.works + run.aside
    by_id = {work.line.id: work for work in every}
    lines = tuple([_line(by_id[line.id]) for line in basket.lines])
    delivered = [work for work in run.aside if work.profile.delivery]
    delivery = sum([work.gross for work in delivered])
    goods = sum([work.gross for work in every]) - delivery
    total = sum([work.net for work in every])
    effects = tuple(run.effects)
    after = apply(state, effects, run.context.at_ms) if state is not None and explain else None
    cards = sum([card.amount_minor for card in run.gift_cards])
    return Decision(
        programme=programme.id,
        version=programme.version,
        at_ms=run.context.at_ms,
        lines=lines,
        goods_minor=goods,
        delivery_minor=delivery,
        delivery_lines=tuple([work.line.id for work in delivered]),
        discount_minor=goods + delivery - total,
        total_minor=total,
        gift_cards=tuple(run.gift_cards),
        due_minor=total - run.spent_minor - cards,
        taxes=_taxes(every),
        points=_points(run),
        stamps=tuple(run.stamps),
        tiers=tuple(run.tiers),
        issued=tuple(run.issued),
        effects=effects,
        why=reasons_of(compiled, run) if explain else (),
        offers=offers_of(compiled, run) if explain else (),
        refused=tuple(run.refused),
        state_after=after,
    )


def _line(work: Work) -> DecidedLine:
    line = work.line
    return DecidedLine(
        line.id,
        line.qty_milli,
        work.gross,
        work.net,
        line.tax,
        tuple([Discount(plan.id, amount) for plan, amount in work.discounts]) if work.discounts else (),
        work.points_minor,
        tuple([LinePoints(rule, amount) for rule, amount in work.earned]) if work.earned else (),
        tuple([LineStamps(rule, delta) for rule, delta in work.stamps]) if work.stamps else (),
    )


def _taxes(works: list[Work]) -> tuple[TaxTotal, ...]:
    sums: dict[str, list[int]] = {}
    for work in works:
        entry = sums.get(work.line.tax)
        if entry is None:
            entry = sums[work.line.tax] = [0, 0, 0]
        entry[0] += work.gross
        entry[1] += work.net
        entry[2] += work.points_minor
    return tuple(
        TaxTotal(tax, gross, gross - net, net, points) for tax, (gross, net, points) in sorted(sums.items())
    )


def _points(run: Run) -> Points:
    before = run.state.balance_centi
    earned = sum(run.points_by_rule.values())
    return Points(
        earned_centi=earned,
        by_rule=tuple(RulePoints(rule, centi) for rule, centi in run.points_by_rule.items()),
        spent_centi=run.spent_centi,
        spent_value_minor=run.spent_minor,
        spendable_centi=run.spendable_centi,
        spendable_value_minor=run.spendable_minor,
        rewards_centi=run.rewards_centi,
        balance_before_centi=before,
        balance_after_centi=before + earned - run.spent_centi - run.rewards_centi,
    )
