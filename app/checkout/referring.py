"""Referrers are paid by the till that writes what a friend bought, where it knows them: decision 0102."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from app.checkout.ports import Done, Journal, Members, Sales, Work
from app.ledger.facts import AnyFact, ReferralSettled
from app.ledger.referrals import Due, dues, settled


class ReferringJournal:
    """A journal that writes what is settled for referrers before the fact it follows from, in one work."""

    def __init__(self, journal: Journal, members: Members, sales: Sales) -> None:
        self._journal: Final = journal
        self._members: Final = members
        self._sales: Final = sales

    def write(self, work: Work, done: Done) -> None:
        due = [one for fact in work.facts for one in dues(fact)]
        if due:
            work = replace(work, facts=tuple(self._with_settled(work.facts, due)))
        self._journal.write(work, done)

    def _with_settled(self, facts: tuple[AnyFact, ...], due: list[Due]) -> Iterator[AnyFact]:
        for fact in facts:
            for one in due:
                made = self._settled(one) if one.of == fact.id else None
                if made is not None:
                    yield made
            yield fact

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
