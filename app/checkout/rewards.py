"""Rewards on the sale in hand: things for points, gifts that the member holds, uses of a service.

All of them are wishes of the sale, priced by the engine like everything else: they follow the basket, are
undone with it, and happen when it is paid. A reward needs no goods: a customer may come for it alone.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal, NamedTuple

import msgspec

from app.checkout.basket import OpenSale
from app.checkout.heart import Heart
from app.checkout.outcome import Outcome, done, refused
from app.loyalty.decision import Reason
from app.loyalty.effects import Grant, GrantUsed
from app.loyalty.rules.reward import Rewards as Catalogue
from app.loyalty.rules.reward import gifts
from app.loyalty.state import MemberState

What = Literal["reward", "gift", "uses"]


class Choice(NamedTuple):
    """Something the member may have: `key` says it to `take` and `put_back`.

    `name` is an id with a translated name, or the words themselves; `taken` how many are on the sale; `more`
    whether another can be taken, `why_not` the engine's word where it cannot. Of gifts and uses `left` are
    still held; a use that `waits` covers nothing in the basket, and is not taken then.
    """

    key: str
    what: What
    name: str
    taken: int
    more: bool
    points_centi: int = 0
    left: int | None = None
    until_ms: int | None = None
    why_not: Reason | None = None
    waits: bool = False


class Rewards:
    """What the member on the sale may have, and what of it the sale hands over."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart

    @property
    def there(self) -> bool:
        """Whether this programme or this member has anything of the kind."""
        heart, state = self._heart, self._heart.state
        if state is None:
            return False
        held = any(grant.kind in ("coupon", "reward", "uses") for grant in state.grants)
        return held or bool(heart.programme.of(Catalogue))

    def choices(self) -> tuple[Choice, ...]:
        """Gifts first, then uses, then the catalogue; those that cannot be had now say why."""
        state = self._heart.state
        if state is None:
            return ()
        at_ms = self._heart.decision.at_ms
        there = [*self._gifts(state, at_ms), *self._uses(state, at_ms), *self._catalogue()]
        return (*self._gone({choice.key for choice in there}), *there)

    @property
    def held(self) -> tuple[Grant, ...]:
        """Gifts that wait for the member to take them, without those on this sale."""
        state, taken = self._heart.state, Counter(self._heart.sale.rewards)
        found = gifts(state, self._heart.decision.at_ms) if state is not None else []
        left = (msgspec.structs.replace(grant, uses=grant.uses - taken[grant.code]) for grant in found)
        return tuple(grant for grant in left if grant.uses > 0)

    def take(self, key: str) -> Outcome:
        """One more of a choice, if the engine gives it."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.member is None:
            return refused("no_member")
        if heart.sale.redeem_cap_centi == 0:
            return refused("reward_blocked_card")
        choice = next((each for each in self.choices() if each.key == key), None)
        if choice is None or not choice.more:
            return refused("reward_not_now", item=choice.name if choice else _last(key))
        if (refusal := heart.change(_with(heart.sale, choice))) is not None:
            return refusal
        name = choice.name
        if choice.what == "reward":
            return done("reward_taken", item=name, points_centi=choice.points_centi)
        return done("gift_taken", item=name) if choice.what == "gift" else done("use_taken", item=name)

    def put_back(self, key: str) -> Outcome:
        """One less of a choice; it is not used up."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        choice = next((each for each in self.choices() if each.key == key and each.taken), None)
        if choice is None:
            return refused("no_reward")
        return heart.change(_without(heart.sale, choice)) or done("reward_back", item=choice.name)

    # -- what there is -----------------------------------------------------------------------------------

    def _gifts(self, state: MemberState, at_ms: int) -> list[Choice]:
        taken = Counter(self._heart.sale.rewards)
        return [
            Choice(
                key=grant.code,
                what="gift",
                name=grant.thing,
                taken=taken[grant.code],
                more=grant.uses > taken[grant.code],
                left=grant.uses,
                until_ms=grant.expires_at_ms,
            )
            for grant in gifts(state, at_ms)
        ]

    def _gone(self, there: set[str]) -> list[Choice]:
        """What was taken and is not there any more: spent at another till, or no more in the programme."""
        gone = Counter(wish for wish in self._heart.sale.rewards if wish not in there)
        return [
            Choice(wish, "gift", _last(wish), count, more=False, why_not=_unknown(wish))
            for wish, count in gone.items()
        ]

    def _uses(self, state: MemberState, at_ms: int) -> list[Choice]:
        sale, used = self._heart.sale, self._used()
        by_rule: dict[str, list[Grant]] = {}
        for grant in state.grants:
            if grant.kind == "uses" and grant in state.held(grant.rule, at_ms):
                by_rule.setdefault(grant.rule, []).append(grant)
        found: list[Choice] = []
        for rule, grants in by_rule.items():
            left = sum(grant.uses for grant in grants)
            taken = sale.uses.count(rule)
            ends = [grant.expires_at_ms for grant in grants if grant.expires_at_ms is not None]
            until_ms = min(ends, default=None)
            waits = taken > used.get(rule, 0)
            found.append(
                Choice(rule, "uses", rule, taken, left > taken, left=left, until_ms=until_ms, waits=waits)
            )
        return found

    def _used(self) -> dict[str, int]:
        """How many uses the sale takes, by rule."""
        used: dict[str, int] = {}
        for effect in self._heart.decision.effects:
            if isinstance(effect, GrantUsed) and effect.grant.kind == "uses":
                used[effect.grant.rule] = used.get(effect.grant.rule, 0) + effect.grant.uses
        return used

    def _catalogue(self) -> list[Choice]:
        sale = self._heart.sale
        found: list[Choice] = []
        for plan in self._heart.programme.of(Catalogue):
            for item in plan.items.values():
                key = f"{plan.id}/{item.id}"
                why_not = self._refusal(key, plan.id, item.id)
                found.append(
                    Choice(
                        key=key,
                        what="reward",
                        name=item.id,
                        taken=sale.rewards.count(key),
                        more=why_not is None,
                        points_centi=item.points,
                        why_not=why_not,
                    )
                )
        return found

    def _refusal(self, key: str, rule: str, item: str) -> Reason | None:
        """Why one more would not be given: the engine is asked, it knows every limit."""
        one_more = self._heart.decided_with(rewards=(*self._heart.sale.rewards, key))
        had = sum(1 for reason in self._heart.decision.refused if _about(reason, rule, item))
        refusals = [reason for reason in one_more.refused if _about(reason, rule, item)]
        return refusals[-1] if len(refusals) > had else None


def _last(wish: str) -> str:
    """The most telling part of a wish that nothing else is known of: "rule/item", "sale:rule" or longer."""
    return wish.replace("/", ":").rpartition(":")[2]


def _unknown(wish: str) -> Reason:
    return Reason("", applied=False, code="reward_unknown", params={"item": _last(wish)})


def _about(reason: Reason, rule: str, item: str) -> bool:
    return reason.rule == rule and reason.params.get("item", item) == item


def _with(sale: OpenSale, choice: Choice) -> OpenSale:
    if choice.what == "uses":
        return msgspec.structs.replace(sale, uses=(*sale.uses, choice.key))
    return msgspec.structs.replace(sale, rewards=(*sale.rewards, choice.key))


def _without(sale: OpenSale, choice: Choice) -> OpenSale:
    wishes = list(sale.uses if choice.what == "uses" else sale.rewards)
    wishes.remove(choice.key)
    if choice.what == "uses":
        return msgspec.structs.replace(sale, uses=tuple(wishes))
    return msgspec.structs.replace(sale, rewards=tuple(wishes))
