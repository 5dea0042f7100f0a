"""The paper of a sale: what was bought, why it cost less, what was earned, what the balance is now.

In the member's language, or the shop's. The words of a fiscal receipt (its number, the tax id, tax letters)
are not used: the document marks itself as no fiscal receipt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from app.checkout.basket import OpenSale
from app.checkout.paper.member import coupon_blocks, grant_name, summed
from app.checkout.paper.sheet import Sheet, lang_of, unknown
from app.checkout.paper.sold import codes, numbered, rewards, sums
from app.checkout.ports import Member, Product
from app.checkout.shop import Shop
from app.checkout.signed import Mine, printed
from app.checkout.wording import message_text, rule_name
from app.ledger.facts import SaleCompleted, SoldLine
from app.ledger.original import is_weighed
from app.loyalty.decision import Decision, StampsView, TierView
from app.loyalty.engine import Compiled
from app.loyalty.wording import line_messages
from hardware.receipt import Blank, Block, Columns, Cut, Document, Rule, RuleKind, Stamps, Text


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A completed sale with what was decided and for whom: all that paper and screen need of it."""

    sale: SaleCompleted
    basket: OpenSale
    decision: Decision
    member: Member | None = None
    mine: Mine | None = None
    """What the till signs its coupons with."""

    @property
    def received_minor(self) -> int:
        """The cash handed over."""
        cash = sum(tender.amount_minor for tender in self.sale.tenders if tender.means == "cash")
        return cash + self.sale.change_minor


def sale_document(
    receipt: Receipt, shop: Shop, programme: Compiled, product: Callable[[str], Product | None] = unknown
) -> Document:
    """The receipt of a sale. `product` finds goods by their article number: coupons name theirs."""
    person = receipt.member.person if receipt.member else None
    sheet = Sheet(shop, programme, lang_of(person, shop), receipt.sale.currency, product)
    return sheet.document(_Page(receipt, sheet).blocks())


class _Page:
    def __init__(self, receipt: Receipt, sheet: Sheet) -> None:
        self.receipt, self.sheet, self.sale = receipt, sheet, receipt.sale
        self.shop, self.programme, self.words = sheet.shop, sheet.programme, sheet.words

    def blocks(self) -> Iterator[Block]:
        yield from self.sheet.shop_head()
        yield from numbered(self.sheet, self.sale)
        yield Rule()
        for line in self.sale.lines:
            yield from self._line(line)
        yield Rule(RuleKind.DOUBLE)
        yield from sums(self.sheet, self.sale, self.receipt.decision.points.spent_centi)
        if self.receipt.member is not None:
            yield Rule()
            yield from self._loyalty(self.receipt.member)
        yield from codes(self.sale)
        yield self.sheet.thanks()
        for grant in self.receipt.decision.issued:
            if grant.kind == "coupon":
                # A slip of its own, to keep in a purse when the receipt is thrown away.
                yield Cut()
                yield from coupon_blocks(self.sheet, grant, printed(grant, self.receipt.mine))

    def _money(self, minor: int) -> str:
        return self.words.amount(minor, self.sale.currency)

    def _line(self, line: SoldLine) -> Iterator[Block]:
        rung = self.receipt.basket.line(line.line)
        yield Columns(rung.name_in(self.words.lang) if rung else line.name, self._money(line.gross_minor))
        if sold := self.words.sold(line.qty_milli, weighed=is_weighed(line)):
            yield Text(f"  {sold} x {self._money(line.price_minor)}")
        if line.note:
            yield Text(f"  {line.note}")
        decided = self.receipt.decision
        index = next(i for i, each in enumerate(decided.lines) if each.id == str(line.line))
        messages = line_messages(self.programme, decided, index)
        for discount, message in zip(line.discounts, messages, strict=False):
            why = message_text(self.words, self.programme, message, self.sale.currency)
            yield Columns(why, self._money(-discount.amount_minor), indent=2)

    def _loyalty(self, member: Member) -> Iterator[Block]:
        get, points = self.words.get, self.receipt.decision.points
        if member.person:
            yield Text(member.person.name, bold=True)
        yield Columns(get("receipt.earned"), self.words.points(points.earned_centi, plus=True))
        if points.spent_centi:
            yield Columns(get("receipt.spent"), self.words.points(-points.spent_centi))
        yield from rewards(self.sheet, self.sale)
        if member.short:
            # What they have in all is not known here, nor how far they are on cards and levels.
            yield Columns(get("receipt.balance"), get("receipt.balance_later"), bold=True)
        else:
            yield from self._standing()
        for grant in summed(self.receipt.decision.issued):
            if grant.kind != "coupon":
                yield Columns(get("receipt.gained"), grant_name(self.sheet, grant), bold=True)

    def _standing(self) -> Iterator[Block]:
        """What the member has now: points, levels, stamps."""
        balance = self.words.counted_points(self.receipt.decision.points.balance_after_centi)
        yield Columns(self.words.get("receipt.balance"), balance, bold=True)
        for tier in self.receipt.decision.tiers:
            yield from self._tier(tier)
        for card in self.receipt.decision.stamps:
            yield from self._stamps(card)

    def _tier(self, tier: TierView) -> Iterator[Block]:
        level = tier.level_after or tier.level
        if level:
            yield Columns(self.sheet.rule(tier.rule), self.sheet.rule(level))
        if tier.next_level and tier.missing > 0:
            words = self.words
            missing = {
                "spend": words.money(tier.missing, self.sale.currency),
                "points": words.counted_points(tier.missing),
            }.get(tier.basis, str(tier.missing))
            yield Columns(words.get("receipt.to_level", level=self.sheet.rule(tier.next_level)), missing)

    def _stamps(self, card: StampsView) -> Iterator[Block]:
        yield Blank()
        name = rule_name(self.programme, card.rule, self.words.lang)
        yield Columns(name, f"{card.have_after} / {card.size}")
        yield Stamps(have=card.have_after, need=card.size, fresh=min(card.earned, card.have_after))
