"""What a cashier changes by hand, and sales put aside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.ui.scenes.selling import selling
from app.ui.scenes.stage import COFFEE, LATTE, MILK, WINE, Stage


def parking(stage: Stage) -> None:
    selling(stage)
    stage.sale.open_tool("park")


def parked(stage: Stage) -> None:
    for name, codes in (("pani z wózkiem", (COFFEE, MILK)), ("Stolik 4", (LATTE,))):
        for code in codes:
            stage.sale.scan(code)
        stage.sale.open_tool("park")
        stage.sale.type("name", name)
        stage.sale.take()
        stage.world.ms += 180_000
    stage.sale.open_tool("park")


def pricing(stage: Stage) -> None:
    selling(stage)
    stage.sale.open_tool("price")
    stage.type("9,5")


def reasoning(stage: Stage) -> None:
    pricing(stage)
    stage.sale.take()


def discounting(stage: Stage) -> None:
    selling(stage)
    stage.sale.open_tool("discount")
    stage.type("5")


def open_price(stage: Stage) -> None:
    selling(stage)
    stage.sale.scan("4006381333931")
    stage.type("12,5")


def asking_age(stage: Stage) -> None:
    selling(stage)
    stage.sale.ring(WINE)


SCENES: Final[dict[str, Callable[[Stage], None]]] = {
    "parking": parking,
    "parked": parked,
    "price": pricing,
    "reason": reasoning,
    "discount": discounting,
    "open-price": open_price,
    "age": asking_age,
}
