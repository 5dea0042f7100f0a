"""Who is at the till."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.ui.scenes.selling import selling
from app.ui.scenes.stage import Stage


def locked(stage: Stage) -> None:
    selling(stage)
    stage.hire()
    stage.sale.repaint()


def signing_in(stage: Stage) -> None:
    locked(stage)
    stage.sale.pick("anna")
    stage.type("99")
    stage.sale.take()
    stage.type("123")


def approving(stage: Stage) -> None:
    """A discount above what a cashier may give."""
    locked(stage)
    stage.sale.pick("anna")
    stage.type("1234")
    stage.sale.take()
    stage.sale.open_tool("discount")
    stage.type("30")
    stage.sale.take()
    stage.sale.pick("damaged")


SCENES: Final[dict[str, Callable[[Stage], None]]] = {
    "locked": locked,
    "signing-in": signing_in,
    "approving": approving,
}
