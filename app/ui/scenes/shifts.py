"""The shift and its drawer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.ui.scenes.selling import empty
from app.ui.scenes.stage import LATTE, Stage


def shift_now(stage: Stage) -> None:
    stage.day_of_sales()
    stage.sale.open_tool("shift")


def counting_drawer(stage: Stage) -> None:
    shift_now(stage)
    stage.sale.press("close")
    stage.type("1288,5")


def shift_closed(stage: Stage) -> None:
    counting_drawer(stage)
    stage.sale.take()


def opening_shift(stage: Stage) -> None:
    shift_closed(stage)
    stage.sale.scan(LATTE)
    stage.type("200")


def paying_out(stage: Stage) -> None:
    empty(stage)
    stage.sale.open_tool("cash")
    stage.sale.pick("out")
    stage.type("150")


SCENES: Final[dict[str, Callable[[Stage], None]]] = {
    "shift": shift_now,
    "count": counting_drawer,
    "shift-closed": shift_closed,
    "open-shift": opening_shift,
    "pay-out": paying_out,
}
