"""A past receipt on paper once more: marked as a copy, and that it was printed is kept."""

from __future__ import annotations

import uuid
from typing import Final

from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, refused
from app.checkout.paper.copy import copy_document
from app.checkout.paper.refund import refund_document
from app.checkout.ports import Slip, Work
from app.checkout.rights import Approval
from hardware.receipt import Document, PrintJob


class Copies:
    """Paper of what was sold before."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart

    def print_sale(
        self, sale: uuid.UUID, *, approval: Approval | None = None, answer: Answer = ignore
    ) -> None:
        """A copy of a sale's receipt. It opens no drawer: the money went in with the original."""
        heart = self._heart
        if (stopped := self._stopped(approval)) is not None:
            return answer(stopped)
        found = heart.sales.sale(sale)
        if found is None:
            return answer(refused("sale_unknown"))
        member = heart.load(heart.sales.owner(sale))
        document = copy_document(found, heart.shop, heart.programme, member=member)
        return self._print("sale", document, sale, found.total_minor, approval, answer)

    def print_refund(
        self, refund: uuid.UUID, *, approval: Approval | None = None, answer: Answer = ignore
    ) -> None:
        """A copy of a refund's slip, for whoever lost it or files it."""
        heart = self._heart
        if (stopped := self._stopped(approval)) is not None:
            return answer(stopped)
        found = heart.sales.refund(refund)
        if found is None:
            return answer(refused("sale_unknown"))
        sold = heart.sales.sale(found.sale) if found.sale else None
        document = refund_document(
            found, heart.shop, heart.programme, sold=sold, member=heart.load(found.member), copy=True
        )
        return self._print("refund", document, refund, found.total_minor, approval, answer)

    def _stopped(self, approval: Approval | None) -> Outcome | None:
        if self._heart.busy:
            return refused("busy")
        return refused("locked") if self._heart.locked else self._heart.lacking("reprint", approval)

    def _print(
        self,
        title: str,
        document: Document,
        subject: uuid.UUID,
        amount_minor: int,
        approval: Approval | None,
        answer: Answer,
    ) -> None:
        heart = self._heart
        fact = heart.privileged("reprint", approval, amount_minor=amount_minor, subject=subject)
        slip = Slip(title, PrintJob(document), fact.id)
        work = Work(facts=(fact,), slips=(slip,), keep_basket=True, at_ms=fact.at_ms)
        return heart.write(work, lambda: done("copy_printing"), answer)
