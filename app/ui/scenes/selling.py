"""Ringing up: the basket, the search, what goes wrong, what explains itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.screens import views
from app.ui.scenes.stage import APPLES, COFFEE, EMPTY, GOLD, LATTE, MILK, YOGHURT, Stage
from hardware.ports import PrinterState, ReadersChanged


def empty(stage: Stage) -> None:
    """The moment after a customer: nothing in the basket, the last receipt on the screen."""
    stage.sell(LATTE, APPLES, cash_minor=50_00)
    stage.sale.leave()


def selling(stage: Stage) -> None:
    """A gold member's basket with every kind of discount, offline."""
    stage.sale.network(False, 3)
    stage.tap(GOLD)
    for code in (COFFEE, COFFEE, MILK):
        stage.sale.scan(code)
    stage.sale.scan(APPLES)
    stage.weigh("642")
    for code in (YOGHURT, YOGHURT, YOGHURT, LATTE):
        stage.sale.scan(code)
    stage.world.ms += 60_000
    stage.tap(GOLD)


def searching(stage: Stage) -> None:
    selling(stage)
    stage.sale.search("ka")


def found_nothing(stage: Stage) -> None:
    selling(stage)
    stage.sale.search("xyz")


def spending(stage: Stage) -> None:
    selling(stage)
    stage.sale.spend_points(True)


def counting(stage: Stage) -> None:
    selling(stage)
    stage.sale.select(str(stage.till.sale.lines[2].key))
    stage.sale.ask_quantity()
    for key in "0,75":
        stage.sale.key(key)


def refusing(stage: Stage) -> None:
    """What goes wrong says what to do."""
    selling(stage)
    stage.sale.card(ReadersChanged((), False))
    stage.sale.printer(PrinterState(online=False, code="unreachable"))
    stage.sale.network(False, 12, refused=True)
    stage.sale.scan("5901234123457")


def crowded(stage: Stage) -> None:
    """More lines than fit."""
    for tile in stage.sale.view.middle.tiles if isinstance(stage.sale.view.middle, views.Favourites) else ():
        stage.sale.ring(tile.key)
    selling(stage)


def explaining(stage: Stage) -> None:
    selling(stage)
    stage.sale.open_tool("why")


def more(stage: Stage) -> None:
    selling(stage)
    stage.sale.open_tool("more")


def helping(stage: Stage) -> None:
    selling(stage)
    stage.sale.open_tool("help")


def noting(stage: Stage) -> None:
    """A note being written on the marked line, one on the receipt there already."""
    selling(stage)
    stage.sale.select(str(stage.till.sale.lines[1].key))
    stage.till.adjusting.note_sale("pick-up 16:30")
    stage.till.adjusting.note_line(stage.till.sale.lines[1].key, "XL")
    stage.sale.open_tool("note")


def empties(stage: Stage) -> None:
    """More comes back in empty bottles than the milk costs: the customer gets the rest."""
    stage.sale.scan(MILK)
    for _ in range(15):
        stage.sale.ring(EMPTY)
    stage.sale.pay()


def promo_code(stage: Stage) -> None:
    selling(stage)
    stage.sale.open_tool("code")
    stage.sale.type("code", "LATO26")
    stage.sale.take()


SCENES: Final[dict[str, Callable[[Stage], None]]] = {
    "empty": empty,
    "selling": selling,
    "crowded": crowded,
    "searching": searching,
    "found-nothing": found_nothing,
    "spending": spending,
    "counting": counting,
    "refusing": refusing,
    "promo-code": promo_code,
    "empties": empties,
    "noting": noting,
    "more": more,
    "help": helping,
    "training": selling,
    "why": explaining,
}
