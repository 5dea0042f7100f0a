"""Taking money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.ui.scenes.selling import selling
from app.ui.scenes.stage import Stage


def paying(stage: Stage) -> None:
    selling(stage)
    stage.sale.spend_points(True)
    stage.sale.pay()
    for key in "100":
        stage.sale.key(key)


def paying_in_parts(stage: Stage) -> None:
    """Points, a part in cash, a part by card, and the rest being typed."""
    selling(stage)
    stage.sale.spend_points(True)
    stage.sale.pay()
    stage.type("20")
    stage.sale.take()
    stage.type("30,5")
    stage.sale.pay_by_card()
    stage.sale.answer(True)
    stage.type("5")


def charging(stage: Stage) -> None:
    selling(stage)
    stage.sale.pay()
    stage.sale.pay_by_card()


def paid(stage: Stage) -> None:
    paying(stage)
    stage.sale.take()


SCENES: Final[dict[str, Callable[[Stage], None]]] = {
    "paying": paying,
    "paying-in-parts": paying_in_parts,
    "charging": charging,
    "paid": paid,
}
