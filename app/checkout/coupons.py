"""Codes and coupons in the sale in hand, and the best mix of them with points."""

from __future__ import annotations

from typing import Final

import msgspec

from app.checkout import signed
from app.checkout.heart import Heart
from app.checkout.outcome import Outcome, done, refused
from app.checkout.reserved import Issued
from app.ledger.alone import single_use
from app.loyalty.choosing import choose
from app.loyalty.effects import Grant
from app.loyalty.rules.promo_code import PromoCode


class Coupons:
    """Codes presented, by scan or typed."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes on this sale, in the order they came."""
        return self._heart.sale.codes

    def held(self) -> tuple[Grant, ...]:
        """Coupons that the member holds and could use now, on this sale or not, by code."""
        state = self._heart.state
        if state is None:
            return ()
        at_ms = self._heart.decision.at_ms
        return tuple(g for g in state.grants if g.kind == "coupon" and g in state.held(g.rule, at_ms))

    def present(self, code: str) -> Outcome | None:
        """Use a code or coupon on this sale; None if neither the programme nor the member knows it.

        One that is known but gives nothing yet stays: the basket may still grow to it.
        """
        heart, code = self._heart, code.strip()
        if not code:
            return None
        if (stopped := heart.stopped()) is not None:
            return stopped
        if signed.is_signed(code):
            return self._signed(code)
        # A shared code is counted as its programme spells it, however it was typed.
        spelled = (plan.spelled(code) for plan in heart.programme.of(PromoCode))
        return self._take(next(filter(None, spelled), code))

    def _signed(self, text: str) -> Outcome | None:
        """A coupon that a till has signed: checked here, whoever issued it, with or without a network."""
        heart = self._heart
        coupon = signed.read(text)
        if coupon is None:
            return refused("coupon_forged")
        named = coupon.named(heart.programme.rules)
        if named is None:
            return refused("coupon_other_programme")
        keys = heart.keys.find(coupon.till)
        key = coupon.signed_by(keys)
        if key is None:
            left = heart.holding.left()
            if keys or left is None or left.unknown_codes == "refuse":
                return refused("coupon_forged" if keys else "coupon_unknown_key")
        elif key.revoked_ms is not None and coupon.issued_at_ms >= key.revoked_ms:
            return refused("coupon_key_withdrawn")
        rule, name = named
        return self._take(name, Issued(name, rule, coupon.issued_at_ms))

    def _take(self, code: str, issued: Issued | None = None) -> Outcome | None:
        heart = self._heart
        if code in heart.sale.codes:
            return refused("code_here")
        used, _ = heart.sales.code_used(code, heart.sale.member)
        if single_use(code) and used > 0:
            return refused("coupon_spent")
        before_minor = heart.decision.due_minor
        said = (*heart.sale.issued, issued) if issued else heart.sale.issued
        with_code = msgspec.structs.replace(heart.sale, codes=(*heart.sale.codes, code), issued=said)
        if (refusal := heart.change(with_code)) is not None:
            return refusal
        reason = next((r for r in heart.decision.refused if r.params.get("code") == code), None)
        if reason is not None and reason.code == "code_unknown":
            heart.put_back(heart.past.pop())
            return None
        if (over := heart.holding.barred()) is not None and not heart.holding.online:
            heart.put_back(heart.past.pop())
            return over
        saved_minor = before_minor - heart.decision.due_minor
        return done("code_taken", saved_minor=saved_minor) if saved_minor > 0 else done("code_waits")

    def drop(self, code: str) -> Outcome:
        """Take a code off the sale; it is not used up."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if code not in heart.sale.codes:
            return refused("no_code")
        left = tuple(each for each in heart.sale.codes if each != code)
        return heart.change(msgspec.structs.replace(heart.sale, codes=left)) or done("code_gone")

    def best_mix(self) -> Outcome:
        """Choose for the customer: the coupons, codes and points with which they pay least."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.member is None:
            return refused("no_member")
        if not heart.sale.lines:
            return refused("nothing_to_pay")
        state = heart.state or heart.member.state
        chosen = choose(heart.programme, state, heart.basket(), heart.context(paying=False))
        codes = tuple(code.code for code in chosen.context.codes)
        redeem = chosen.context.redeem.points_centi
        best = msgspec.structs.replace(heart.sale, codes=codes, redeem=redeem)
        return heart.change(best) or done("best_mix", saved_minor=chosen.saved_minor)
