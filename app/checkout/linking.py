"""A card becomes a member's: the act behind issuing one, at the till or from the command line."""

from __future__ import annotations

import uuid
from typing import Final

from app.checkout.outcome import Outcome, refused
from app.checkout.ports import Members, Work
from app.lanes import World
from app.ledger.facts import CardLinked

CARD_MAX: Final = 500
"""Characters of a card, its "uid:" or "code:" with it. The server takes no longer one as a key."""


def link_card(members: Members, world: World, member: uuid.UUID, card: str) -> Work | Outcome:
    """What to write so that `card` ("uid:…" or "code:…") finds the member from now on.

    Nothing to write if it does already; refused if it is another's, or if there is no such member.
    """
    if members.member(member) is None:
        return refused("card_of_nobody", card=card.partition(":")[2])
    if (no := cannot_link(members, card, member)) is not None:
        return no
    at_ms = world.now_ms()
    fact = CardLinked(id=world.new_id(), at_ms=at_ms, member=member, card=card)
    there = members.holder(card) is not None
    return Work(facts=() if there else (fact,), keep_basket=True, at_ms=at_ms)


def cannot_link(members: Members, card: str, member: uuid.UUID | None) -> Outcome | None:
    """Why `card` cannot become this member's (None: of one who is being enrolled), if it cannot."""
    if len(card) > CARD_MAX:
        return refused("card_number_long")
    holder = members.holder(card)
    return refused("card_taken") if holder is not None and holder.member != member else None
