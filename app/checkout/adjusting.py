"""What a cashier changes by hand: prices, discounts, notes, goods without an article, the question of age."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from app.checkout import basket as open_basket
from app.checkout import restricting
from app.checkout.basket import Manual, OpenLine
from app.checkout.heart import Heart
from app.checkout.outcome import Outcome, Value, done, refused
from app.checkout.ports import Product, Work
from app.checkout.rights import Approval
from app.checkout.shop import Shop
from app.values import QTY_MILLI, div_round, line_gross

OPEN_SKU: Final = "open-"
"""What an article number begins with that stands for a department."""
NOTE_MOST: Final = 80
_PHONE: Final = re.compile(r"\d(?:[ ()/-]*\d){6,}")
"""Seven digits in a row, however they are written (ITU-T E.164: no number is shorter)."""


class Adjusting:
    """Prices and lines by hand; each act that not everybody may do leaves its fact with the basket."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart

    # -- prices and discounts ----------------------------------------------------------------------------

    def override_price(
        self, key: int, price_minor: int, *, reason: str, approval: Approval | None = None
    ) -> Outcome:
        """Another price for a line; the programme's rules then apply to that one."""
        heart, line = self._heart, self._heart.sale.line(key)
        if (stopped := self._stopped(line, reason)) is not None:
            return stopped
        assert line is not None
        if price_minor < 0 or line.price_minor < 0:
            return refused("no_such_price")
        list_minor = line.price_minor if line.list_minor is None else line.list_minor
        above = (list_minor - price_minor) * 100_00 > list_minor * heart.shop.discount_limit_centi
        prices = {"before_minor": line.price_minor, "after_minor": price_minor}
        no = heart.lacking("price_override", approval, above=above, line=key, about=prices)
        if no is not None:
            return no
        limit_minor = self._limit_minor(line.sku)
        above = limit_minor is not None and price_minor > max(limit_minor, line.price_minor)
        no = heart.lacking("open_price", approval, above=above, line=key, about=prices)
        if no is not None:
            return no
        changed = msgspec.structs.replace(
            line, price_minor=price_minor, list_minor=None if price_minor == list_minor else list_minor
        )
        off_minor = line_gross(list_minor - price_minor, line.qty_milli)
        return self._put(changed, "price_override", approval, reason, off_minor) or done(
            "price_set", line=key, name=line.name_in(heart.shop.lang)
        )

    def _limit_minor(self, sku: str) -> int | None:
        """The most that goods of a department cost without approval; None for articles."""
        return next((x.limit_minor for x in self._heart.shop.departments if OPEN_SKU + x.id == sku), None)

    def discount_line(self, key: int, discount: Manual, *, approval: Approval | None = None) -> Outcome:
        """Take something off a line after the programme's discounts; nothing takes it away again."""
        heart, line = self._heart, self._heart.sale.line(key)
        if (stopped := self._stopped(line, discount.reason)) is not None:
            return stopped
        assert line is not None
        net = next(each.net_minor for each in heart.without_manual().lines if each.id == str(key))
        given = msgspec.structs.replace(discount, of_minor=open_basket.goods_minor(line))
        if (refusal := self._too_much(given, net, approval, key)) is not None:
            return refusal
        changed = msgspec.structs.replace(line, manual=given if given.gives else None)
        off_minor = given.off(net, given.of_minor)
        return self._put(changed, "discount", approval, discount.reason, off_minor) or done(
            "discounted" if given.gives else "discount_gone", line=key, name=line.name_in(heart.shop.lang)
        )

    def discount_sale(self, discount: Manual, *, approval: Approval | None = None) -> Outcome:
        """Take something off the whole receipt, spread over its goods; nothing takes it away again."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if not heart.sale.lines:
            return refused("nothing_to_pay")
        if not discount.reason.strip():
            return refused("reason_missing")
        _, left = open_basket.manual_on_lines(heart.sale, heart.without_manual())
        net = sum(left.values())
        goods_minor = sum(map(open_basket.goods_minor, heart.sale.lines))
        given = msgspec.structs.replace(discount, of_minor=goods_minor)
        if (refusal := self._too_much(given, net, approval)) is not None:
            return refusal
        fact = heart.privileged(
            "discount",
            approval,
            reason=discount.reason,
            amount_minor=given.off(net, goods_minor),
            subject=heart.sale.id,
        )
        changed = msgspec.structs.replace(heart.sale, manual=given if given.gives else None)
        return heart.change(changed, facts=(fact,)) or done(
            "discounted" if given.gives else "discount_gone", name=""
        )

    def _too_much(
        self, discount: Manual, net_minor: int, approval: Approval | None, line: int | None = None
    ) -> Outcome | None:
        heart = self._heart
        if discount.percent_centi < 0 or discount.amount_minor < 0 or discount.percent_centi > 100_00:
            return refused("no_such_price")
        if discount.gives and not discount.of_minor:
            return refused("no_discount")
        off_minor = discount.off(net_minor, discount.of_minor)
        above = off_minor * 100_00 > net_minor * heart.shop.discount_limit_centi
        return heart.lacking("discount", approval, above=above, line=line, about={"amount_minor": off_minor})

    def _stopped(self, line: OpenLine | None, reason: str) -> Outcome | None:
        if (stopped := self._heart.stopped()) is not None:
            return stopped
        if line is None:
            return refused("no_line")
        return None if reason.strip() else refused("reason_missing")

    def _put(
        self, line: OpenLine, act: str, approval: Approval | None, reason: str, amount_minor: int
    ) -> Outcome | None:
        heart = self._heart
        fact = heart.privileged(
            act, approval, reason=reason, amount_minor=amount_minor, subject=heart.sale.id
        )
        return heart.change(open_basket.put_line(heart.sale, line), facts=(fact,))

    # -- notes -------------------------------------------------------------------------------------------

    def note_line(self, key: int, text: str) -> Outcome:
        """A note under a line, for the receipt; an empty one takes it away."""
        heart, line = self._heart, self._heart.sale.line(key)
        if (stopped := heart.stopped()) is not None:
            return stopped
        if line is None:
            return refused("no_line")
        if looks_personal(text):
            return refused("note_personal")
        changed = msgspec.structs.replace(line, note=_noted(text))
        return heart.change(open_basket.put_line(heart.sale, changed)) or done("noted", line=key)

    def note_sale(self, text: str) -> Outcome:
        """A note on the whole receipt; an empty one takes it away."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if not heart.sale.lines:
            return refused("nothing_to_note")
        if looks_personal(text):
            return refused("note_personal")
        return heart.change(msgspec.structs.replace(heart.sale, note=_noted(text))) or done("noted")

    def number_line(self, key: int, code: str) -> Outcome:
        """The number of the gift card that a line sells: what is paid for it can be spent under that."""
        heart, line = self._heart, self._heart.sale.line(key)
        if (stopped := heart.stopped()) is not None:
            return stopped
        if line is None or "gift_card" not in line.tags:
            return refused("no_line")
        code = code.strip()
        if heart.read(code, None).payment_card:
            return refused("payment_card")
        if not code or line.qty_milli != QTY_MILLI or any(each.code == code for each in heart.sale.lines):
            return refused("gift_card_number", line=key)
        changed = msgspec.structs.replace(line, code=code)
        return heart.change(open_basket.put_line(heart.sale, changed)) or done("gift_card_numbered", line=key)

    # -- goods without an article ------------------------------------------------------------------------

    def ring_open(
        self,
        department: str,
        price_minor: int,
        *,
        code: str = "",
        qty_milli: int = QTY_MILLI,
        approval: Approval | None = None,
    ) -> Outcome:
        """Sell what the catalogue does not know under a department; an unknown code is listed for repair."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.shift is None:
            return refused("no_shift")
        found = next((each for each in heart.shop.departments if each.id == department), None)
        if found is None:
            return refused("no_department")
        if price_minor <= 0 or not 0 < qty_milli <= open_basket.QTY_MAX_MILLI:
            return refused("no_such_price")
        above = found.limit_minor is not None and price_minor > found.limit_minor
        lang = heart.shop.lang
        about: dict[str, Value] = {"name": found.names.get(lang) or found.id, "amount_minor": price_minor}
        if (lacking := heart.lacking("open_price", approval, above=above, about=about)) is not None:
            return lacking
        product = Product(
            sku=OPEN_SKU + found.id,
            name=found.names.get(lang) or found.id,
            names=found.names,
            category=found.category,
            tax=found.tax,
            price_minor=price_minor,
        )
        sale, key = open_basket.add(heart.sale, product, qty_milli, code=code)
        fact = heart.privileged(
            "open_price", approval, reason=code, amount_minor=price_minor, subject=heart.sale.id
        )
        if (refusal := heart.change(sale, facts=(fact,))) is not None:
            return refusal
        if code:
            unknown = ((code, found.id, price_minor),)
            heart.note_down(Work(unknown=unknown, keep_basket=True, at_ms=heart.world.now_ms()))
        return done("rung", line=key, name=product.name_in(lang))

    # -- age ---------------------------------------------------------------------------------------------

    def confirm_age(self) -> Outcome:
        """The customer has shown to be old enough for what is in the basket."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        age = restricting.age_of(heart.sale, heart.shop)
        if age <= heart.sale.age_checked:
            return done("age_confirmed")
        heart.sale = msgspec.structs.replace(heart.sale, age_checked=age)
        heart.keep((heart.privileged("age_checked", subject=heart.sale.id),))
        return done("age_confirmed")

    def refuse_age(self) -> Outcome:
        """They have not: what they may not buy is taken out."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        checked, shop = heart.sale.age_checked, heart.shop
        lines = tuple(x for x in heart.sale.lines if restricting.age_from(x.tags, shop) <= checked)
        left = msgspec.structs.replace(heart.sale, lines=lines)
        return heart.change(left, why="age") or done("age_refused")


def department_name(sku: str, shop: Shop, lang: str) -> str:
    """The name of the department that an article number stands for; "" for that of an article."""
    id = sku.removeprefix(OPEN_SKU) if sku.startswith(OPEN_SKU) else ""
    found = next((each for each in shop.departments if each.id == id), None)
    return found.names.get(lang, "") if found else ""


def looks_personal(text: str) -> bool:
    """Whether a note holds a phone number or an address by its form: facts are never erased."""
    return "@" in text or _PHONE.search(text) is not None


def _noted(text: str) -> str:
    return " ".join(text.split())[:NOTE_MOST]


def percent_off(before_minor: int, after_minor: int) -> int:
    """By how much a price was lowered, in hundredths of a percent, for screens."""
    return div_round((before_minor - after_minor) * 100_00, before_minor) if before_minor else 0
