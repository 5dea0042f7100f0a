"""The shift: its business day, its drawer, its beginning and its end."""

from __future__ import annotations

from typing import Final

from app.checkout.basket import Stage
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, refused
from app.checkout.ports import Shift, Work
from app.checkout.writing import closed, local_day, opened


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
        at_ms = heart.world.now_ms()
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

        return heart.write(Work(facts=(fact,), keep_basket=True, at_ms=at_ms), written, answer)

    def close_shift(self, expected_minor: int, counted_minor: int | None, answer: Answer = ignore) -> None:
        """End the shift with what was counted (None: nobody counted) against what should be there."""
        heart = self._heart
        if heart.shift is None:
            return answer(refused("no_shift"))
        if heart.sale.lines or heart.sale.stage is Stage.TENDERED:
            return answer(refused("basket_open"))
        at_ms, shift = heart.world.now_ms(), heart.shift
        fact = closed(shift, heart.world.new_id(), at_ms, expected_minor, counted_minor)

        def written() -> Outcome:
            heart.shift = None
            return done("shift_closed", number=shift.number)

        return heart.write(Work(facts=(fact,), keep_basket=True, at_ms=at_ms), written, answer)
