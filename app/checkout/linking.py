"""A card becomes a member's: the act behind issuing one, at the till or from the command line."""

from __future__ import annotations

import uuid

from app.checkout.outcome import Outcome, refused
from app.checkout.ports import Members, Work
from app.lanes import World
from app.ledger.facts import CardLinked


def link_card(members: Members, world: World, member: uuid.UUID, card: str) -> Work | Outcome:
    """What to write so that `card` ("uid:…" or "code:…") finds the member from now on.

    Nothing to write if it does already; refused if it is another's, or if there is no such member.
    """
    if members.member(member) is None:
        return refused("card_of_nobody", card=card.partition(":")[2])
    holder = members.holder(card)
    if holder is not None and holder.member != member:
        return refused("card_taken")
    at_ms = world.now_ms()
    fact = CardLinked(id=world.new_id(), at_ms=at_ms, member=member, card=card)
    return Work(facts=() if holder else (fact,), keep_basket=True, at_ms=at_ms)
