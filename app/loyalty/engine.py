"""The engine's one entrance: compile a programme once, evaluate baskets against it."""

from __future__ import annotations

from app.loyalty.basket import Basket, Context
from app.loyalty.decision import Decision
from app.loyalty.state import MemberState


class Compiled:
    """A programme made ready for evaluation; build it once with `compile_programme` and share it."""


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
    raise NotImplementedError
