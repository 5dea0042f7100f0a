"""Points, coupons and gift cards that other tills could spend at the same moment.

While the server can be asked, what is about to be spent is held there for this sale. Nothing waits for the
answer: until it comes, and where none comes, the till's own allowance for the card decides. A refusal is
final: there the allowance does not count.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from app.checkout.outcome import Outcome, refused
from app.checkout.reserved import Allowances, HoldAnswer, Holds, Left, OpenHold, What
from app.ledger.alone import single_use
from app.ledger.facts import Hold

if TYPE_CHECKING:
    from app.checkout.heart import Heart

LATE_MS: Final = 5_000
"""After so long no answer comes any more: the till was stopped meanwhile."""
Behind = Literal["", "asking", "held", "allowance"]
"""What stands behind the points that are spent: nothing needed, the question is out, a hold, an allowance."""


class Holding:
    """The holds of the sale in hand. `changed` is called when an answer changed what is shown."""

    def __init__(self, heart: Heart, holds: Holds, allowances: Allowances) -> None:
        self._heart: Final = heart
        self._holds: Final = holds
        self._allowances: Final = allowances
        self._mine: set[uuid.UUID] = set()
        self.changed: Callable[[], None] = lambda: None
        self.gift_card_answered: Callable[[OpenHold, int], None] = lambda hold, left: None
        """What becomes of a gift card once the server has answered, and what is left on it: `paying` says."""

    # -- what may be spent -------------------------------------------------------------------------------

    @property
    def online(self) -> bool:
        return self._holds.online

    def left(self) -> Left | None:
        """What this till may still spend on its own word, for whom the sale is."""
        return self._allowances.left(self._heart.sale.member)

    def limit_centi(self) -> int | None:
        """The most points that may be spent in this sale now; None where nobody else could spend them."""
        heart, member = self._heart, self._heart.member
        left = None if member is None else self._allowances.left(member.id)
        if left is None or member is None:
            return None
        at_ms = heart.world.now_ms()
        state = member.state
        free = max(state.spendable_centi(at_ms) - state.debt_centi - left.elsewhere_centi, 0)
        points = [hold for hold in heart.sale.holds if hold.kind == "points"]
        if any(hold.short for hold in points):
            return self._held_centi(at_ms)
        if self.online and not points and not heart.sale.spends_points:
            return free  # what a hold can give
        held = self._held_centi(at_ms)
        return held + min(left.points_centi, max(free - held, 0))

    def _held_centi(self, at_ms: int) -> int:
        return sum(h.amount for h in self._heart.sale.holds if h.kind == "points" and h.good(at_ms))

    @property
    def behind(self) -> Behind:
        """What stands behind the points that this sale spends."""
        heart = self._heart
        points = heart.decision.points
        spent = points.spent_centi + points.rewards_centi
        if (
            not heart.sale.spends_points
            or heart.member is None
            or self._allowances.left(heart.member.id) is None
        ):
            return ""
        if any(hold.kind == "points" and hold.outcome == "asked" for hold in heart.sale.holds):
            return "asking"
        return "held" if spent <= self._held_centi(heart.world.now_ms()) else "allowance"

    def barred(self) -> Outcome | None:
        """Coupons that take off more than this till may give on its own word; None if none do."""
        sale = self._heart.sale
        if not sale.codes:
            return None
        left = self._allowances.left(sale.member)
        if left is None or self._alone_minor() <= left.coupons_minor:
            return None
        return refused("coupon_needs_server", most_minor=left.coupons_minor)

    def _alone_minor(self) -> int:
        """What coupons without a hold take off this sale."""
        heart, at_ms = self._heart, self._heart.world.now_ms()
        held = {hold.of for hold in heart.sale.holds if hold.kind == "coupon" and hold.good(at_ms)}
        rules = {rule for code in heart.sale.codes if code not in held and (rule := self._rule(code))}
        lines = heart.decision.lines
        return sum(off.amount_minor for line in lines for off in line.discounts if off.rule in rules)

    def _rule(self, code: str) -> str:
        """The rule that issued a single-use coupon; empty for any other code."""
        return code.split(":")[1] if single_use(code) else ""

    def named(self, at_ms: int) -> tuple[Hold, ...]:
        """The holds of this sale, for its fact."""
        return tuple(hold.named(at_ms) for hold in self._heart.sale.holds)

    # -- asking ------------------------------------------------------------------------------------------

    def look(self, *, again: bool = False) -> None:
        """After any change of the sale: give back what it needs no more, ask for what it spends.

        `again`: ask even where there was no answer before, if there may be one now.
        """
        heart = self._heart
        self._let_go(silent=again and self.online)
        if not self.online or heart.sale.tenders:
            return
        self._points()
        for code in heart.sale.codes:
            if single_use(code) and not self._of("coupon", code):
                self.ask("coupon", code, 1)

    def _let_go(self, *, silent: bool = False) -> None:
        heart, sale = self._heart, self._heart.sale
        mine = (hold for hold in sale.holds if hold.id in self._mine and self._wanted(hold))
        keep = tuple(hold for hold in mine if not (silent and hold.outcome == "silent"))
        kept = {hold.id for hold in keep}
        gone = self._mine - kept
        self._mine = kept
        if keep != sale.holds:
            heart.sale = msgspec.structs.replace(sale, holds=keep)
        if gone:
            self._holds.give_back(gone)

    def _wanted(self, hold: OpenHold) -> bool:
        sale, at_ms = self._heart.sale, self._heart.world.now_ms()
        if hold.outcome == "held" and not hold.good(at_ms):
            return False
        if hold.outcome == "asked" and not 0 <= at_ms - hold.asked_ms < LATE_MS:
            return False
        if hold.kind == "points":
            return sale.spends_points and sale.member is not None and hold.of == str(sale.member)
        if hold.kind == "coupon":
            return hold.of in sale.codes
        return hold.outcome == "asked" or any(card.code == hold.of for card in sale.gift_cards)

    def _of(self, kind: What, of: str) -> list[OpenHold]:
        return [hold for hold in self._heart.sale.holds if (hold.kind, hold.of) == (kind, of)]

    def _points(self) -> None:
        """Ask for as many points as the receipt would take, beyond those that are held."""
        heart, member = self._heart, self._heart.sale.member
        if not heart.sale.spends_points or member is None or self._allowances.left(member) is None:
            return
        points = self._of("points", str(member))
        if any(hold.outcome == "asked" or hold.short for hold in points):
            return
        wanted = heart.wished_centi() - self._held_centi(heart.world.now_ms())
        if wanted > 0 and not any(hold.outcome == "silent" and hold.wanted >= wanted for hold in points):
            self.ask("points", str(member), wanted, part=True)

    def ask(self, kind: What, of: str, amount: int, *, part: bool = False) -> None:
        """Ask the server to hold something for this sale; the till goes on meanwhile."""
        heart = self._heart
        id, at_ms = heart.world.new_id(), heart.world.now_ms()
        hold = OpenHold(id=id, kind=kind, of=of, wanted=amount, asked_ms=at_ms)
        heart.sale = msgspec.structs.replace(heart.sale, holds=(*heart.sale.holds, hold))
        self._mine.add(id)
        self._holds.ask(
            id, kind, of, amount, sale=heart.sale.id, part=part,
            answer=lambda answer: heart.when_free(lambda: self._answered(id, answer)),
        )  # fmt: skip

    def _answered(self, id: uuid.UUID, answer: HoldAnswer) -> None:
        heart = self._heart
        hold = next((hold for hold in heart.sale.holds if hold.id == id), None)
        if hold is None or id not in self._mine or heart.stopped() is not None:
            # The sale went on: its fact names the hold, or it was given back when it was dropped.
            return
        told = msgspec.structs.replace(
            hold,
            outcome=answer.outcome,
            amount=answer.amount,
            until_ms=hold.asked_ms + answer.good_ms,
            refusal=answer.code,
        )
        others = tuple(told if each.id == id else each for each in heart.sale.holds)
        heart.sale = msgspec.structs.replace(heart.sale, holds=others)
        if hold.kind == "gift_card":
            self.gift_card_answered(told, answer.left)
        elif not heart.sale.tenders:
            self._coupon_answered(told)
            heart.reprice()
            self._points_answered(told)
        self.changed()

    def _points_answered(self, hold: OpenHold) -> None:
        """What cannot be spent is wished no more, and the cashier hears why."""
        heart, sale = self._heart, self._heart.sale
        if hold.kind != "points":
            return
        redeem = sale.redeem if heart.decision.points.spent_centi else 0
        rewards = list(sale.rewards)
        for reason in heart.decision.refused:
            if reason.code == "reward_beyond_limit":
                rewards.remove(f"{reason.rule}/{reason.params['item']}")
        if (redeem, tuple(rewards)) != (sale.redeem, sale.rewards):
            heart.sale = msgspec.structs.replace(sale, redeem=redeem, rewards=tuple(rewards))
            self._let_go()
            heart.reprice()
            heart.outside.heard(refused("points_spent_elsewhere" if hold.short else "points_need_server"))

    def _coupon_answered(self, hold: OpenHold) -> None:
        """One that was spent elsewhere, or that nobody could vouch for, is taken off the sale."""
        heart = self._heart
        if hold.kind != "coupon":
            return
        gone = None
        if hold.outcome == "refused":
            gone = refused("coupon_held_elsewhere" if hold.refusal == "held" else "coupon_spent")
        elif hold.outcome == "silent":
            heart.reprice(keep=False)
            gone = self.barred()
        if gone is not None:
            codes = tuple(code for code in heart.sale.codes if code != hold.of)
            heart.sale = msgspec.structs.replace(heart.sale, codes=codes)
            self._let_go()
            heart.outside.heard(gone)

    # -- the sale's end ----------------------------------------------------------------------------------

    def resumed(self) -> None:
        """The sale was kept over a restart: its holds are this till's still."""
        self._mine = {hold.id for hold in self._heart.sale.holds}

    def spent(self) -> None:
        """The sale is written and names its holds: they end with its fact, and not before."""
        self._mine = set()
