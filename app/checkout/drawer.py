"""The drawer between opening and Z: cash in and out, opened without a sale, counted.

The count is blind: what should be in the drawer is said after it, by the Z.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, Value, done, refused
from app.checkout.paper.shift import cash_slip, x_report, z_report
from app.checkout.ports import Slip, Work
from app.checkout.rights import Approval
from app.checkout.shifts import Shifts
from app.ledger.facts import CashMoved, NoSale
from app.stats.shift import ShiftFigures
from hardware.ports import ChargeOutcome, ChargeResult
from hardware.receipt import PrintJob


class Drawer:
    """Cash that is no sale, and the reports about it."""

    def __init__(self, heart: Heart, shifts: Shifts) -> None:
        self._heart: Final = heart
        self._shifts: Final = shifts

    def figures(self) -> ShiftFigures | None:
        """The shift so far; None without one. It holds what a blind count must not show."""
        heart = self._heart
        return None if heart.shift is None else heart.sales.shift_figures(heart.shift.id)

    def pay_in(
        self, amount_minor: int, *, reason: str, approval: Approval | None = None, answer: Answer = ignore
    ) -> None:
        """Put cash into the drawer."""
        return self._move("pay_in", amount_minor, reason, approval, answer)

    def pay_out(
        self, amount_minor: int, *, reason: str, approval: Approval | None = None, answer: Answer = ignore
    ) -> None:
        """Take cash out of the drawer; `amount_minor` is above zero."""
        return self._move("pay_out", amount_minor, reason, approval, answer)

    def _move(
        self, act: str, amount_minor: int, reason: str, approval: Approval | None, answer: Answer
    ) -> None:
        heart = self._heart
        if (no := self._stopped(act, reason, approval, {"amount_minor": amount_minor})) is not None:
            return answer(no)
        assert heart.shift is not None
        if amount_minor <= 0:
            return answer(refused("no_amount"))
        fact = CashMoved(
            id=heart.world.new_id(),
            at_ms=heart.world.now_ms(),
            shift=heart.shift.id,
            cashier=heart.cashier,
            amount_minor=amount_minor if act == "pay_in" else -amount_minor,
            reason=reason,
        )
        agreed = heart.privileged(
            act, approval, reason=reason, amount_minor=amount_minor, subject=heart.shift.id
        )
        paper = cash_slip(fact, heart.shop, heart.programme)
        work = Work(
            facts=(fact, agreed),
            slips=(Slip(act, PrintJob(paper, open_drawer=True), fact.id),),
            keep_basket=True,
            at_ms=fact.at_ms,
        )
        said = done("paid_in" if act == "pay_in" else "paid_out", amount_minor=amount_minor)
        return heart.write(work, lambda: said, answer)

    def no_sale(self, *, reason: str = "", approval: Approval | None = None, answer: Answer = ignore) -> None:
        """Open the drawer; that it was opened is a fact."""
        heart = self._heart
        if (no := self._stopped("no_sale", reason or "-", approval)) is not None:
            return answer(no)
        assert heart.shift is not None
        fact = NoSale(
            id=heart.world.new_id(),
            at_ms=heart.world.now_ms(),
            shift=heart.shift.id,
            cashier=heart.cashier,
            reason=reason,
        )
        kick = Slip("no_sale", PrintJob(open_drawer=True), fact.id)
        work = Work(facts=(fact,), slips=(kick,), keep_basket=True, at_ms=fact.at_ms)
        return heart.write(work, lambda: done("drawer_open"), answer)

    def print_x(self, answer: Answer = ignore) -> None:
        """The report so far, at any time; it changes nothing."""
        heart, figures = self._heart, self.figures()
        if heart.locked:
            return answer(refused("locked"))
        if figures is None:
            return answer(refused("no_shift"))
        at_ms = heart.world.now_ms()
        paper = x_report(figures, heart.shop, heart.programme, at_ms=at_ms, cashier=heart.cashier)
        work = Work(slips=(Slip("x", PrintJob(paper)),), keep_basket=True, at_ms=at_ms)
        return heart.write(work, lambda: done("x_printing"), answer)

    def close(self, counted_minor: int | None, answer: Answer = ignore) -> None:
        """End the shift with what was counted; the Z says what should have been there."""
        if self._heart.locked:
            return answer(refused("locked"))

        def closed(outcome: Outcome) -> None:
            answer(outcome)
            if not outcome.refused:
                self._settle_terminal()

        return self._shifts.close_shift(None, counted_minor, closed, paper=True)

    def _settle_terminal(self) -> None:
        """The terminal's day ends with the shift; one without a cable is settled by hand."""
        outside = self._heart.outside
        if outside.cabled is None:
            return

        def settled(result: ChargeResult) -> None:
            if result.outcome is ChargeOutcome.APPROVED:
                outside.heard(done("terminal_settled", report=result.reference))
            else:
                outside.heard(refused("terminal_not_settled"))

        outside.cabled.settle(settled)

    def print_z(self, answer: Answer = ignore) -> None:
        """The Z of the shift closed last, once more."""
        heart = self._heart
        if heart.locked:
            return answer(refused("locked"))
        last = heart.sales.last_shift()
        if last is None:
            return answer(refused("no_shift_closed"))
        paper = z_report(heart.sales.shift_figures(last.id), heart.shop, heart.programme)
        slip = Slip("z", PrintJob(paper))
        return heart.write(
            Work(slips=(slip,), keep_basket=True, at_ms=heart.world.now_ms()),
            lambda: done("z_printing", number=last.number),
            answer,
        )

    def _stopped(
        self, act: str, reason: str, approval: Approval | None, about: Mapping[str, Value] | None = None
    ) -> Outcome | None:
        heart = self._heart
        if heart.busy:
            return refused("busy")
        if heart.outside.waits_for == "shift":
            return refused("shift_at_device")
        if heart.shift is None:
            return refused("no_shift")
        if heart.locked:
            return refused("locked")
        if not reason.strip():
            return refused("reason_missing")
        return heart.lacking(act, approval, about=about)
