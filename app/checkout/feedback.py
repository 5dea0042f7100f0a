"""What customers think: a mark from one to five for the sale just made."""

from __future__ import annotations

import uuid

from app.checkout.heart import Heart
from app.checkout.ports import Work
from app.ledger.facts import Feedback


def mark_sale(heart: Heart, sale: uuid.UUID, mark: int) -> None:
    """Write a customer's mark down; ValueError for one that is none of five. Nobody waits for it."""
    if mark not in range(1, 6):
        raise ValueError(f"a mark is 1 to 5, not {mark}")
    last, at_ms = heart.last, heart.world.now_ms()
    member = last.sale.member if last is not None and last.sale.id == sale else None
    fact = Feedback(id=heart.world.new_id(), at_ms=at_ms, sale=sale, mark=mark, member=member)
    heart.note_down(Work(facts=(fact,), keep_basket=True, at_ms=at_ms))
