"""The manager's corner: a day of sales with everything that a manager looks through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from app.checkout.rights import Staff
from app.config import Config
from app.loyalty.engine import compile_programme
from app.loyalty.model import Budget
from app.screens.corner.page import Coming, Setting
from app.screens.corner.presenter import CornerPresenter, CornerView
from app.screens.device_page import DevicesPresenter
from app.settings import settings
from app.ui.scenes import devices
from app.ui.scenes.paying import Cabled
from app.ui.scenes.stage import LATTE, NOW_MS, SHOP, YOGHURT, Stage

_WEEK_MS: Final = 7 * 86_400_000
CROISSANT: Final = "5901234000079"


class Still:
    """Behind a picture nothing is written."""

    staff_from_office = False

    def coming(self) -> Sequence[Coming]:
        return (Coming("demo", 2, NOW_MS + _WEEK_MS),)

    def put_staff(self, people: Sequence[Staff], answer: Callable[[str], None]) -> None: ...

    def settings(self) -> Sequence[Setting]:
        return settings(Config(shop=SHOP))

    def change_setting(self, key: str, value: str, answer: Callable[[str], None]) -> None: ...


class _Scene:
    def __init__(self, stage: Stage, lang: str, listed: DevicesPresenter | None = None) -> None:
        self.stage = stage
        reader = stage.database.reader()
        self.corner = CornerPresenter(
            stage.till, reader, Still(), stage.world, lang=lang, devices=lambda: listed
        )

    def enter(self, name: str) -> None:
        """Somebody takes the till over."""
        self.stage.till.people.sign_in(name, "1234")


def _busy_day(stage: Stage) -> None:
    """Acts by hand, an unknown code, a drawer opened, a wrong PIN."""
    from app.checkout.basket import Manual

    till = stage.till
    stage.day_of_sales()
    stage.sale.scan(LATTE)
    key = till.sale.lines[-1].key
    till.adjusting.discount_line(key, Manual(percent_centi=10_00, reason="damaged"))
    till.adjusting.ring_open("other", 4_50, code="4600000000017")
    till.drawer.no_sale(reason="change_money")
    till.clear()
    stage.hire()
    till.people.approve("bartek", "9999", lambda _: None)


def _day(scene: _Scene) -> None:
    scene.corner.open("day")


def _day_of_refunds(scene: _Scene) -> None:
    """Two lines of a sale came back in cash, a whole one on the card that had paid it."""
    scene.enter("dorota")
    till, sale = scene.stage.till, scene.stage.sale
    terminal = till.outside.terminal = Cabled()
    sale.open_tool("refund")
    scene.stage.pick_first()
    sale.step("1", 1)
    sale.step("2", 1)
    sale.take()
    sale.leave()
    sale.scan(LATTE)
    sale.pay()
    sale.pay_by_card()
    sale.leave()
    sale.open_tool("refund")
    scene.stage.pick_first()
    sale.pick("all")
    sale.take()
    sale.leave()
    assert len(terminal.driver.requests) == 2
    till.outside.terminal = None
    scene.corner.open("day")


def _exceptions(scene: _Scene) -> None:
    scene.enter("dorota")
    scene.corner.open("exceptions")


def _repair(scene: _Scene) -> None:
    scene.corner.open("repair")


def _programme(scene: _Scene) -> None:
    scene.corner.open("programme")


def _staff(scene: _Scene) -> None:
    scene.enter("dorota")
    scene.corner.open("staff")


def _staff_form(scene: _Scene) -> None:
    _staff(scene)
    scene.corner.pick("celina")
    scene.corner.type("pin", "12")
    scene.corner.take()


def _settings(scene: _Scene) -> None:
    scene.enter("dorota")
    scene.corner.open("settings")


def _setting(scene: _Scene) -> None:
    _settings(scene)
    scene.corner.pick("printer.address")


def _choice(scene: _Scene) -> None:
    _settings(scene)
    scene.corner.pick("till.lang")


def _closed(scene: _Scene) -> None:
    scene.enter("anna")
    scene.corner.open("exceptions")


def _devices(scene: _Scene) -> None:
    scene.corner.open("devices")


def _budgets(scene: _Scene) -> None:
    """Some of the demo's offers with budgets, one of them spent."""
    scene.enter("dorota")
    till = scene.stage.till
    programme = till.programme.programme
    budgets = {
        "croissant-with-coffee": Budget(total=12_00),
        "fresh-10": Budget(total=500_00_00, new_members=20_000_00),
        "yoghurt-3-for-2": Budget(total=50_000_00),
    }
    rules = tuple(replace(rule, budget=budgets.get(rule.id)) for rule in programme.rules)
    till.use(compile_programme(replace(programme, rules=rules)))
    for code in (YOGHURT,) * 6 + (CROISSANT,) * 3 + (LATTE,) * 6:
        scene.stage.sale.scan(code)
    till.pay_cash(till.due_minor)
    scene.corner.open("programme")


SCENES: Final[dict[str, Callable[[_Scene], None]]] = {
    "corner-day": _day,
    "corner-exceptions": _exceptions,
    "corner-repair": _repair,
    "corner-programme": _programme,
    "corner-staff": _staff,
    "corner-staff-form": _staff_form,
    "corner-settings": _settings,
    "corner-setting": _setting,
    "corner-setting-choice": _choice,
    "corner-closed": _closed,
    "corner-devices": _devices,
    "corner-devices-trouble": _devices,
    "corner-budgets": _budgets,
    "corner-day-refunds": _day_of_refunds,
}


def play(lang: str, only: str = "") -> dict[str, CornerView]:
    """The view states that the scenes end in, all of one day in one shop."""
    with Stage(lang) as stage:
        _busy_day(stage)
        found: dict[str, CornerView] = {}
        for name, scene in SCENES.items():
            if only in name:
                listed = devices.page(stage, trouble="trouble" in name) if "devices" in name else None
                played = _Scene(stage, lang, listed)
                scene(played)
                found[name] = played.corner.view()
        return found
