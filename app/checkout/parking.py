"""Parked sales: put aside under a name, to be taken up again; they survive a restart, and block the Z."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from app.checkout import basket as open_basket
from app.checkout.basket import OpenSale
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, Value, done, refused
from app.checkout.ports import Work
from app.checkout.rights import Approval
from app.checkout.voiding import abandoned
from app.values import line_gross


class Parked(NamedTuple):
    """A sale put aside: `slot` names it."""

    slot: int
    name: str
    at_ms: int
    lines: int


class Parking:
    """Sales that wait for their customers."""

    def __init__(self, heart: Heart, kept: Sequence[tuple[int, bytes]]) -> None:
        self._heart: Final = heart
        self._sales: dict[int, OpenSale] = {}
        self.unreadable = 0
        """Of another version: left in the database, and no reason not to sell."""
        for slot, payload in kept:
            try:
                self._sales[slot] = open_basket.from_bytes(payload)
            except ValueError:
                self.unreadable += 1
        self._next = max((slot for slot, _ in kept), default=0) + 1
        heart.parked = len(self._sales)

    @property
    def list(self) -> tuple[Parked, ...]:
        """What is parked, the oldest first."""
        return tuple(
            Parked(slot, sale.name, sale.priced_ms, len(sale.lines))
            for slot, sale in sorted(self._sales.items(), key=lambda item: (item[1].priced_ms, item[0]))
        )

    def park(self, name: str = "", answer: Answer = ignore) -> None:
        """Put the sale in hand aside; without a name it goes by its number."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        if not heart.sale.lines:
            return answer(refused("nothing_to_park"))
        if heart.sale.tenders or heart.sale.gift_cards or heart.sale.exchange:
            return answer(refused("park_tenders"))
        slot = self._next
        sale = msgspec.structs.replace(heart.sale, name=" ".join(name.split())[:40] or str(slot), holds=())

        def written() -> Outcome:
            self._sales[slot] = sale
            self._next = slot + 1
            heart.parked = len(self._sales)
            heart.begin_anew()
            return done("parked", name=sale.name)

        parked = ((slot, open_basket.to_bytes(sale)),)
        return heart.write(Work(parked=parked, at_ms=heart.world.now_ms()), written, answer)

    def resume(self, slot: int, answer: Answer = ignore) -> None:
        """Take a parked sale up again, at today's prices of the programme."""
        heart, sale = self._heart, self._sales.get(slot)
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        if sale is None:
            return answer(refused("not_parked"))
        if heart.sale.lines or heart.sale.exchange:
            return answer(refused("park_first"))
        sale = msgspec.structs.replace(sale, name="")

        def written() -> Outcome:
            del self._sales[slot]
            heart.parked = len(self._sales)
            heart.begin_anew()
            heart.sale, heart.member = sale, heart.load(sale.member)
            heart.look_at_card()
            heart.reprice()
            heart.holding.look()
            return done("resumed")

        parked: tuple[tuple[int, bytes | None], ...] = ((slot, None),)
        work = Work(parked=parked, basket=open_basket.to_bytes(sale), at_ms=heart.world.now_ms())
        return heart.write(work, written, answer)

    def drop(
        self, slot: int, *, reason: str, approval: Approval | None = None, answer: Answer = ignore
    ) -> None:
        """Give a parked sale up: the customer does not come back."""
        heart, sale = self._heart, self._sales.get(slot)
        if heart.busy:
            return answer(refused("busy"))
        if heart.locked:
            return answer(refused("locked"))
        if sale is None:
            return answer(refused("not_parked"))
        if not reason.strip():
            return answer(refused("reason_missing"))
        sum_minor = sum(line_gross(each.price_minor, each.qty_milli) for each in sale.lines)
        about: dict[str, Value] = {"name": sale.name, "amount_minor": sum_minor}
        if (no := heart.lacking("drop_parked", approval, about=about)) is not None:
            return answer(no)
        agreed = heart.privileged("drop_parked", approval, reason=reason, subject=sale.id)
        gone = abandoned(sale, heart.answering, reason=reason, approved_by=agreed.approved_by)

        def written() -> Outcome:
            del self._sales[slot]
            heart.parked = len(self._sales)
            return done("parked_dropped", name=sale.name)

        work = Work(facts=(*gone, agreed), parked=((slot, None),), keep_basket=True, at_ms=agreed.at_ms)
        return heart.write(work, written, answer)
