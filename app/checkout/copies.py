"""A past receipt on paper once more: marked as a copy, and that it was printed is kept."""

from __future__ import annotations

import uuid
from typing import Final

from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import done, refused
from app.checkout.paper.copy import copy_document
from app.checkout.ports import Slip, Work
from app.checkout.rights import Approval
from hardware.receipt import PrintJob


class Copies:
    """Paper of what was sold before."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart

    def print_sale(
        self, sale: uuid.UUID, *, approval: Approval | None = None, answer: Answer = ignore
    ) -> None:
        """A copy of a sale's receipt. It opens no drawer: the money went in with the original."""
        heart = self._heart
        if heart.busy:
            return answer(refused("busy"))
        if heart.locked:
            return answer(refused("locked"))
        found = heart.sales.sale(sale)
        if found is None:
            return answer(refused("sale_unknown"))
        if (lacking := heart.lacking("reprint", approval)) is not None:
            return answer(lacking)
        member = heart.load(heart.sales.owner(sale))
        document = copy_document(found, heart.shop, heart.programme, member=member)
        fact = heart.privileged("reprint", approval, amount_minor=found.total_minor, subject=sale)
        slip = Slip("sale", PrintJob(document), fact.id)
        work = Work(facts=(fact,), slips=(slip,), keep_basket=True, at_ms=fact.at_ms)
        return heart.write(work, lambda: done("copy_printing"), answer)
