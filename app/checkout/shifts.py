"""The shift: its business day, its drawer, its beginning and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.checkout.basket import Stage
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, note, refused
from app.checkout.outside import Fiscal
from app.checkout.paper.shift import z_report
from app.checkout.ports import Shift, Slip, Work
from app.checkout.registering import refusal
from app.checkout.writing import closed, local_day, opened
from app.stats.shift import add
from hardware.ports import FiscalOutcome, FiscalResult
from hardware.receipt import PrintJob


class Shifts:
    """Opening and closing the day's work."""

    def __init__(self, heart: Heart, next_number: int = 1) -> None:
        self._heart: Final = heart
        self._next_number = next_number

    def open_shift(self, cashier: str, float_minor: int = 0, answer: Answer = ignore) -> None:
        """Begin a shift; its business day is today in the shop's time zone."""
        heart = self._heart
        if heart.shift is not None:
            return answer(refused("shift_is_open", number=heart.shift.number))
        return self._with_device(
            lambda device, heard: device.open_shift(cashier, heard),
            "shift_open",
            lambda: self._open(cashier, float_minor, answer),
            answer,
        )

    def close_shift(
        self,
        expected_minor: int | None,
        counted_minor: int | None,
        answer: Answer = ignore,
        *,
        paper: bool = False,
        leave_parked: bool = False,
    ) -> None:
        """End the shift with what was counted (None: nobody counted) against what should be there (None: by
        what is written when it closes).

        `paper` prints the Z with it. Parked sales are settled first, unless they may wait for the next shift.
        """
        heart = self._heart
        if heart.busy:
            return answer(refused("busy"))
        if heart.shift is None:
            return answer(refused("no_shift"))
        if heart.sale.lines or heart.sale.stage is Stage.TENDERED:
            return answer(refused("basket_open"))
        if heart.parked and not leave_parked:
            return answer(refused("parked_open", n=heart.parked))
        cashier = heart.cashier
        return self._with_device(
            lambda device, heard: device.close_shift(cashier, heard),
            "shift_closed",
            lambda: self._close(expected_minor, counted_minor, answer, paper=paper),
            answer,
        )

    # -- within ------------------------------------------------------------------------------------------

    def _with_device(
        self,
        ask: Callable[[Fiscal, Callable[[FiscalResult], None]], None],
        already: str,
        go_on: Callable[[], None],
        answer: Answer,
    ) -> None:
        """The fiscal device's shift first, where there must be one; `already` is its word for done before.

        A till that died in between finds the device's shift as it wants it, and only writes its own down.
        """
        outside = self._heart.outside
        if not outside.must_register:
            return go_on()
        if outside.fiscal is None or outside.waits_for:
            busy = "shift_at_device" if outside.waits_for == "shift" else "busy"
            return answer(refused(busy if outside.waits_for else "fiscal_missing"))
        outside.waits_for = "shift"

        def free() -> None:
            outside.waits_for = ""
            go_on()

        def heard(result: FiscalResult) -> None:
            if result.outcome is FiscalOutcome.REGISTERED or result.code == already:
                return self._heart.when_free(free)
            outside.waits_for = ""
            unknown = result.outcome is FiscalOutcome.UNKNOWN
            return answer(refused("fiscal_unreachable") if unknown else refusal(result))

        return ask(outside.fiscal, heard)

    def _open(self, cashier: str, float_minor: int, answer: Answer) -> None:
        heart, at_ms = self._heart, self._heart.world.now_ms()
        shift = Shift(
            id=heart.world.new_id(),
            number=self._next_number,
            business_day=local_day(at_ms, heart.shop.time_zone),
            cashier=cashier,
            opened_ms=at_ms,
            float_minor=float_minor,
        )
        fact = opened(shift, heart.world.new_id())

        def written() -> Outcome:
            heart.shift = shift
            self._next_number += 1
            return done("shift_opened", number=shift.number)

        heart.write(Work(facts=(fact,), keep_basket=True, at_ms=at_ms), written, answer)

    def _close(
        self, expected_minor: int | None, counted_minor: int | None, answer: Answer, *, paper: bool
    ) -> None:
        heart, shift = self._heart, self._heart.shift
        if shift is None:
            return answer(refused("no_shift"))
        at_ms = heart.world.now_ms()
        figures = heart.sales.shift_figures(shift.id) if paper or expected_minor is None else None
        if expected_minor is None:
            assert figures is not None
            expected_minor = figures.expected_minor
        fact = closed(shift, heart.world.new_id(), at_ms, heart.cashier, expected_minor, counted_minor)
        slips: tuple[Slip, ...] = ()
        if paper and figures is not None:
            document = z_report(add(figures, fact), heart.shop, heart.programme)
            slips = (Slip("z", PrintJob(document), fact.id),)

        def written() -> Outcome:
            heart.shift = None
            if counted_minor is None or counted_minor == expected_minor:
                return done("shift_closed", number=shift.number)
            difference_minor = counted_minor - expected_minor
            return note("shift_differs", number=shift.number, difference_minor=difference_minor)

        work = Work(facts=(fact,), slips=slips, keep_basket=True, at_ms=at_ms)
        return heart.write(work, written, answer)
