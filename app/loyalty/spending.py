"""Stage 5's second half: gift cards, spent last, as tender."""

from __future__ import annotations

from app.loyalty.decision import Owed
from app.loyalty.plan import Run


def pay_gift_cards(run: Run) -> None:
    """Take what is still to pay from the gift cards presented, in their order.

    A gift card that is itself being sold is never paid by another: that would only move value about.
    """
    sold = sum(work.net for work in run.aside if work.profile.gift_card)
    due = sum(work.net for work in run.works + run.aside) - sold - run.spent_minor
    for card in run.context.redeem.gift_cards:
        amount = min(due, max(0, card.balance_minor))
        if amount > 0:
            run.gift_cards.append(Owed(card.code, amount))
            due -= amount
