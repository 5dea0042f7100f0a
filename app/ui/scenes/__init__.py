"""Every state of the screens, played on a stage by topic: what pictures and layout tests show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.screens import views
from app.screens.customer import THANKS_MS, CustomerPresenter, CustomerView
from app.ui.scenes import members, paying, people, pricing, sales, selling, shifts
from app.ui.scenes.devices import Still as Still
from app.ui.scenes.stage import LATTE as LATTE
from app.ui.scenes.stage import Stage as Stage

SCENES: Final[dict[str, Callable[[Stage], None]]] = {
    **selling.SCENES,
    **paying.SCENES,
    **pricing.SCENES,
    **members.SCENES,
    **people.SCENES,
    **shifts.SCENES,
    **sales.SCENES,
}
"""Every state of the sale screen, by the name of its picture."""


def play(scene: str, lang: str) -> views.SaleView:
    """The view state a scene ends in."""
    with Stage(lang, training=scene == "training") as stage:
        SCENES[scene](stage)
        return stage.sale.view


CUSTOMER_SCENES: Final = ("empty", "selling", "crowded", "paying", "paid", "rewards-paid")
"""The scenes that have a customer's side worth a picture."""


def customer(scene: str, lang: str) -> CustomerView:
    """What the customer sees of a scene, all of it in one language; in "empty" the thanks are over."""
    with Stage(lang, training=scene == "training") as stage:
        SCENES[scene](stage)
        if scene == "empty":
            stage.world.ms += THANKS_MS + 1
        url = "https://poranek.example/p/{sale}"
        presenter = CustomerPresenter(
            stage.till, stage.world, lang=lang, receipt_url=url, rated=lambda sale, mark: None
        )
        presenter.follow(stage.sale.view)
        return presenter.view
