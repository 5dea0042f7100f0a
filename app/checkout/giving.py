"""Given to a member by hand, as the programme lets it: an activity, a status, uses, a month of a category."""

from __future__ import annotations

from typing import Final

import msgspec

from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, Value, done, refused
from app.checkout.ports import Work
from app.checkout.rights import Approval
from app.ledger.facts import GivenByHand
from app.loyalty.basket import Context, Redeem
from app.loyalty.by_hand import Chance, chances, give_by_hand
from app.loyalty.decision import Reason
from app.loyalty.effects import PointsEarned


class Giving:
    """For the member on the sale in hand."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart

    def chances(self) -> tuple[Chance, ...]:
        """What may be given, in the programme's order; what cannot be given now says why."""
        state = self._heart.member.state if self._heart.member else None
        return () if state is None else chances(self._heart.programme, state, self._context(""))

    def give(self, chance: Chance, approval: Approval | None = None, answer: Answer = ignore) -> None:
        """Give it, durable before the answer; the basket is priced anew."""
        heart, member = self._heart, self._heart.member
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        if member is None:
            return answer(refused("no_member"))
        item = chance.item or chance.rule
        about: dict[str, Value] = {"item": item, "points_centi": chance.points_centi}
        if (no := heart.lacking("give_by_hand", approval, above=chance.valuable, about=about)) is not None:
            return answer(no)
        context = self._context(str(id := heart.world.new_id()))
        effects = give_by_hand(heart.programme, member.state, context, chance.rule, chance.item)
        if isinstance(effects, Reason):
            return answer(refused("not_given", item=item))
        programme = heart.programme.programme
        fact = GivenByHand(
            id=id,
            at_ms=context.at_ms,
            member=member.id,
            rule=chance.rule,
            item=chance.item,
            cashier=heart.cashier,
            programme=f"{programme.id}@{programme.version}",
            effects=effects,
        )
        points_centi = sum(each.lot.amount_centi for each in effects if isinstance(each, PointsEarned))
        act = heart.privileged("give_by_hand", approval, reason=chance.rule, subject=id)

        def written() -> Outcome:
            heart.refresh_member(member.id)
            if points_centi:
                return done("points_given", points_centi=points_centi)
            return done("given", item=item)

        return heart.write(Work(facts=(fact, act), keep_basket=True, at_ms=fact.at_ms), written, answer)

    def _context(self, fact: str) -> Context:
        """Of now and this member, and of no sale: what is given is named after its fact."""
        context, now_ms = self._heart.context(paying=False), self._heart.world.now_ms()
        return msgspec.structs.replace(context, at_ms=now_ms, sale_id=fact, codes=(), redeem=Redeem())
