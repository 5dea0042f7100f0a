"""Refunds: goods that come back, what goes back for them, and never more than was sold.

First `find` or `latest`, then `preview` what would go back each way, then `refund` or `exchange`. What a
return is worth is the engine's entitlement by value, worked out from the sale's own fact: two halves are one
whole, to the cent.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from app.checkout.dividing import divided
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, refused
from app.checkout.ports import Member
from app.checkout.receipt_code import id_in, is_of, number_of
from app.checkout.returning import Returning
from app.checkout.rights import Approval
from app.ledger.facts import Discount, LineEarned, LineStamped, SaleCompleted, SaleRefunded, SoldLine, Tender
from app.ledger.original import decision_of, is_deposit, moved
from app.loyalty.decision import DecidedLine, Decision
from app.loyalty.effects import AnyEffect, PointsReturned, PointsTakenBack, StampsChanged
from app.loyalty.refund import refund
from app.values import ValueProblem, div_round

Means = Literal["cash", "card"]


class Returnable(msgspec.Struct, frozen=True, kw_only=True):
    """A past sale and what of it can still come back: quantities in thousandths by line number."""

    sale: SaleCompleted
    left: dict[int, int]
    member: uuid.UUID | None = None

    @property
    def whole(self) -> dict[int, int]:
        """All that is left of it, as what to return."""
        return {line: qty_milli for line, qty_milli in self.left.items() if qty_milli > 0}


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """What a return would give back, all amounts positive. `money_minor` is what is left for money: on a card
    to the minor unit, in cash `cash_minor`.

    `gift_cards` are (code, amount). `points_returned_centi` come back to the member, `points_taken_centi` go;
    stamps go by rule (negative: come back). `member` has the state after it.
    """

    of: Returnable
    lines: tuple[SoldLine, ...]
    goods_minor: int
    discount_minor: int
    total_minor: int
    points_minor: int
    gift_cards: tuple[tuple[str, int], ...]
    money_minor: int
    cash_minor: int
    effects: tuple[AnyEffect, ...]
    points_returned_centi: int = 0
    points_taken_centi: int = 0
    stamps_taken: dict[str, int] = {}
    member: Member | None = None


class Refunds:
    """Goods that come back."""

    def __init__(self, heart: Heart, returning: Returning | None = None) -> None:
        self._heart: Final = heart
        self._returning: Final = returning or Returning(heart)

    # -- finding the sale --------------------------------------------------------------------------------

    def find(self, text: str) -> Returnable | None:
        """The sale of a receipt's code or number; None where this till does not hold it."""
        sales, text = self._heart.sales, text.strip()
        if (signed := number_of(text)) is not None:
            sale = sales.sale_by_number(signed)
            return self.returnable(sale) if sale is not None and is_of(text, sale) else None
        sale: SaleCompleted | None = None
        code = id_in(text)
        if len(code) >= 32:
            try:
                sale = sales.sale(uuid.UUID(code))
            except ValueError:
                return None
        elif text.isascii() and text.isdigit() and len(text) < 10:
            sale = sales.sale_by_number(int(text))
        return None if sale is None else self.returnable(sale)

    def latest(self, member: uuid.UUID | None = None, limit: int = 20) -> Sequence[SaleCompleted]:
        """The latest sales, of a member or of all, to choose one from."""
        return self._heart.sales.recent_sales(member, limit)

    def refund_by_number(self, number: int) -> SaleRefunded | None:
        """An earlier refund by the number on its slip."""
        return self._heart.sales.refund_by_number(number)

    def latest_refunds(self, member: uuid.UUID | None = None, limit: int = 20) -> Sequence[SaleRefunded]:
        """The latest refunds, of a member or of all."""
        return self._heart.sales.recent_refunds(member, limit)

    def sale_of(self, refund: SaleRefunded) -> SaleCompleted | None:
        """What a refund was of; None where nobody knew it, or another till sold it."""
        return None if refund.sale is None else self._heart.sales.sale(refund.sale)

    def returnable(self, sale: SaleCompleted) -> Returnable:
        """What of a sale can still come back. An empty bottle that was taken back cannot."""
        returned = self._heart.sales.returned(sale.id)
        left = {
            line.line: max(0, line.qty_milli - returned.get(line.line, 0)) if line.net_minor >= 0 else 0
            for line in sale.lines
        }
        return Returnable(sale=sale, left=left, member=self._heart.sales.owner(sale.id))

    # -- what would go back ------------------------------------------------------------------------------

    def preview(self, sale: uuid.UUID, quantities: Mapping[int, int]) -> Refund | Outcome:
        """What goes back for these quantities (thousandths by line); a refusal where that cannot be."""
        heart = self._heart
        found = heart.sales.sale(sale)
        if found is None:
            return refused("sale_unknown")
        back = {line: qty_milli for line, qty_milli in quantities.items() if qty_milli}
        if not back:
            return refused("nothing_to_return")
        if any(t.means not in ("cash", "card", "gift_card", "exchange") for t in found.tenders):
            return refused("refund_elsewhere")
        if self._spent_gift_card(found, back):
            return refused("gift_card_empty")
        try:
            return self._worth(self.returnable(found), back)
        except ValueProblem:
            return refused("more_than_sold")

    def _spent_gift_card(self, sale: SaleCompleted, back: Mapping[int, int]) -> bool:
        """Whether a gift card comes back with less on it than was paid for it. Only where this till says what
        is left."""
        heart = self._heart
        if heart.shop.gift_cards != "here":
            return False
        paying = {held.code for held in heart.sale.gift_cards}
        return any(
            line.code in paying or (heart.sales.gift_card_minor(line.code) or 0) < line.net_minor
            for line in sale.lines
            if line.apart == "gift_card" and line.code and line.line in back
        )

    def _worth(self, of: Returnable, back: Mapping[int, int]) -> Refund:
        heart, sale = self._heart, of.sale
        for line, qty_milli in back.items():
            if not 0 <= qty_milli <= of.left.get(line, 0):
                raise ValueProblem(f"line {line}: more comes back than is left")
        returned = {line.line: line.qty_milli - of.left[line.line] for line in sale.lines}
        goods = {str(line.line) for line in sale.lines if not is_deposit(line)}
        original = decision_of(sale)
        given = heart.sales.given(sale.id)
        # Another id of theirs is no other member: they may have been merged since.
        if given is not None or (of.member is None and sale.member is not None):
            original = moved(original, given.effects if given else ())
        member = heart.load(of.member)
        decision = refund(
            original,
            {str(line): qty_milli for line, qty_milli in back.items() if str(line) in goods},
            already={str(line): qty_milli for line, qty_milli in returned.items() if str(line) in goods},
            at_ms=heart.world.now_ms(),
            state=member.state if member else None,
        )
        by_key = {line.line: line for line in sale.lines}
        lines = [_taken_back(by_key[int(line.id)], line) for line in decision.lines]
        lines += [
            _deposit_back(line, returned[line.line], back[line.line])
            for line in sale.lines
            if line.line in back and is_deposit(line)
        ]
        return self._refund(of, tuple(sorted(lines, key=lambda line: line.line)), decision, member)

    def _refund(
        self, of: Returnable, lines: tuple[SoldLine, ...], decision: Decision, member: Member | None
    ) -> Refund:
        total_minor = sum(line.net_minor for line in lines)
        points_minor = -decision.points.spent_value_minor
        earlier = self._heart.sales.refunds_of(of.sale.id)
        back = divided(of.sale, lines, earlier, self._heart.shop)
        if member is not None and decision.state_after is not None:
            member = msgspec.structs.replace(member, state=decision.state_after)
        effects = decision.effects
        stamps: dict[str, int] = {}
        for effect in effects:
            if isinstance(effect, StampsChanged):
                stamps[effect.rule] = stamps.get(effect.rule, 0) - effect.delta
        return Refund(
            of=of,
            lines=lines,
            goods_minor=sum(line.gross_minor for line in lines),
            discount_minor=sum(line.gross_minor - line.net_minor for line in lines),
            total_minor=total_minor,
            points_minor=points_minor,
            gift_cards=back.gift_cards,
            money_minor=back.money_minor,
            cash_minor=back.cash_minor,
            effects=effects,
            points_returned_centi=sum(
                lot.amount_centi for e in effects if isinstance(e, PointsReturned) for lot in e.lots
            ),
            points_taken_centi=sum(e.amount_centi for e in effects if isinstance(e, PointsTakenBack)),
            stamps_taken=stamps,
            member=member,
        )

    # -- doing it ----------------------------------------------------------------------------------------

    def refund(
        self,
        sale: uuid.UUID,
        quantities: Mapping[int, int],
        means: Means = "cash",
        *,
        reason: str = "",
        approval: Approval | None = None,
        answer: Answer = ignore,
    ) -> None:
        """Take goods back, and give the money back in cash or on the terminal.

        Where the till asks terminal or fiscal device by itself, `answer` hears that it is on its way.
        """
        if (stopped := self._stopped(sale)) is not None:
            return answer(stopped)
        worth = self.preview(sale, quantities)
        if isinstance(worth, Outcome):
            return answer(worth)
        if (lacking := self.lacking(worth, approval)) is not None:
            return answer(lacking)
        money_minor = worth.cash_minor if means == "cash" else worth.money_minor
        money = (Tender(means=means, amount_minor=money_minor),) if money_minor else ()
        fact = self.fact(worth, money, reason=reason, approved_by=approval.by if approval else "")
        return self._returning.give(fact, worth.of.sale, worth.member, answer)

    def lacking(self, worth: Refund, approval: Approval | None) -> Outcome | None:
        """Why the cashier may not give so much back alone, in money or for other goods; None if they may."""
        heart, limit_minor = self._heart, self._heart.shop.refund_limit_minor
        over = limit_minor is not None and worth.money_minor > limit_minor
        about = {"number": worth.of.sale.number, "amount_minor": worth.money_minor}
        return heart.lacking("refund", approval, above=over, about=about)

    def _stopped(self, sale: uuid.UUID | None) -> Outcome | None:
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.shift is None:
            return refused("no_shift")
        # What is put towards the sale in hand must not be paid out beside it.
        promised = heart.sale.exchange
        return refused("in_exchange") if promised is not None and promised.sale == sale else None

    def fact(
        self,
        worth: Refund,
        money: tuple[Tender, ...],
        *,
        number: int | None = None,
        reason: str = "",
        approved_by: str = "",
        exchange: uuid.UUID | None = None,
    ) -> SaleRefunded:
        """The fact of a refund paid back by `money`, gift cards apart."""
        heart = self._heart
        assert heart.shift is not None
        cards = tuple(Tender(means="gift_card", amount_minor=a, reference=c) for c, a in worth.gift_cards)
        tenders = (*cards, *money)
        return SaleRefunded(
            id=heart.world.new_id(),
            at_ms=heart.world.now_ms(),
            number=heart.next_number if number is None else number,
            shift=heart.shift.id,
            business_day=heart.shift.business_day,
            cashier=heart.cashier,
            currency=heart.shop.currency,
            sale=worth.of.sale.id,
            lines=worth.lines,
            goods_minor=worth.goods_minor,
            discount_minor=worth.discount_minor,
            total_minor=worth.total_minor,
            points_minor=worth.points_minor,
            rounding_minor=worth.total_minor - worth.points_minor - sum(t.amount_minor for t in tenders),
            tenders=tenders,
            reason=reason,
            approved_by=approved_by,
            exchange=exchange,
            member=worth.of.member,
            effects=worth.effects,
        )


def _taken_back(sold: SoldLine, back: DecidedLine) -> SoldLine:
    return msgspec.structs.replace(
        sold,
        qty_milli=-back.qty_milli,
        gross_minor=-back.gross_minor,
        discounts=tuple(Discount(each.rule, -each.amount_minor) for each in back.discounts),
        net_minor=-back.net_minor,
        points_minor=-back.points_minor,
        earned=tuple(LineEarned(each.rule, -each.amount_centi) for each in back.earned if each.amount_centi),
        stamps=tuple(LineStamped(each.rule, -each.delta) for each in back.stamps if each.delta),
    )


def _deposit_back(sold: SoldLine, before_milli: int, qty_milli: int) -> SoldLine:
    """A deposit at its price, rounded on the running total like goods."""
    part = div_round(sold.net_minor * (before_milli + qty_milli), sold.qty_milli)
    part -= div_round(sold.net_minor * before_milli, sold.qty_milli)
    return msgspec.structs.replace(sold, qty_milli=qty_milli, gross_minor=part, net_minor=part)
