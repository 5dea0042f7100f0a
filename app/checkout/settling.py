"""What follows from a fact for others, written before it in one work.

Referrers are paid by the till that knows them (decision 0102); a welcome that one person got twice here is
taken back (decision 0104).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from app.checkout.ports import Done, Journal, Members, Sales, Work
from app.ledger.facts import AnyFact, MembersMerged, ReferralSettled, SaleRefunded, WelcomeReversed
from app.ledger.referrals import Due, dues, settled
from app.ledger.welcomes import reversals
from app.loyalty.engine import Compiled
from app.loyalty.rules.welcome import WelcomeRule

FACTS: Final = 1000
"""So many of a member's latest facts are looked through for welcomes."""


class SettlingJournal:
    """A journal that writes what follows from a fact before it: whoever folds the fact knows that already.

    What this till cannot know is left to the server.
    """

    def __init__(
        self, journal: Journal, members: Members, sales: Sales, programme: Callable[[], Compiled]
    ) -> None:
        self._journal: Final = journal
        self._members: Final = members
        self._sales: Final = sales
        self._programme: Final = programme

    def write(self, work: Work, done: Done) -> None:
        facts = tuple(one for fact in work.facts for one in (*self._before(fact), fact))
        self._journal.write(replace(work, facts=facts) if len(facts) > len(work.facts) else work, done)

    def _before(self, fact: AnyFact) -> Iterator[AnyFact]:
        for due in dues(fact):
            made = self._settled(due)
            if made is not None:
                yield made
        if isinstance(fact, MembersMerged):
            yield from self._reversed(fact, (fact.member, fact.other))
        elif isinstance(fact, SaleRefunded) and fact.member is not None:
            yield from self._reversed(fact, (fact.member,))

    # -- referrals ---------------------------------------------------------------------------------------

    def _settled(self, due: Due) -> ReferralSettled | None:
        """None is left to the server: a referrer who is not known here, a payment that was not made here."""
        referrer, friend = self._members.member(due.referrer), self._members.member(due.friend)
        if referrer is None or (friend is not None and friend.id == referrer.id):
            return None
        paid, back = self._known(due.paid_id), self._known(due.back_id)
        if due.back and paid is None:
            return None
        made = settled(due, referrer.id, referrer.state, paid, back)
        return made if made is not None and made.effects else None

    def _known(self, id: uuid.UUID) -> ReferralSettled | None:
        found = self._sales.fact(id)
        return found if isinstance(found, ReferralSettled) else None

    # -- welcomes ----------------------------------------------------------------------------------------

    def _reversed(self, fact: AnyFact, members: tuple[uuid.UUID, ...]) -> Iterator[WelcomeReversed]:
        rules = {r.id for r in self._programme().programme.rules if isinstance(r, WelcomeRule)}
        if not rules:
            return
        known = [one for member in members for one in self._members.history(member, FACTS)]
        if isinstance(fact, MembersMerged) or any(isinstance(one, WelcomeReversed) for one in known):
            yield from reversals([*known, fact], rules)
