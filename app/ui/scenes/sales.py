"""Earlier sales, and goods that come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.ui.scenes.paying import Cabled
from app.ui.scenes.selling import selling
from app.ui.scenes.stage import APPLES, COFFEE, GOLD, LATTE, MILK, YOGHURT, Stage
from hardware.fiscal.lane import FiscalLane
from hardware.simulated.fiscal import SimulatedFiscal
from hardware.simulated.terminal import Mood


def finding_sales(stage: Stage) -> None:
    for codes in ((LATTE,), (COFFEE, MILK, YOGHURT), (APPLES, LATTE)):
        stage.sell(*codes, cash_minor=100_00)
    stage.sale.leave()
    stage.sale.open_tool("refund")


def refunding(stage: Stage) -> None:
    """Two of three lines of a member's sale come back."""
    selling(stage)
    stage.sale.spend_points(True)
    stage.sale.pay()
    stage.sale.give(100_00)
    stage.sale.leave()
    stage.world.ms += 600_000
    stage.sale.open_tool("refund")
    stage.pick_first()
    stage.sale.step("1", 1)
    stage.sale.step("5", 1)


def without_receipt(stage: Stage) -> None:
    """Goods whose sale nobody can show, of a member: one at today's price, two at a lower one."""
    stage.tap(GOLD)
    stage.sale.open_tool("refund")
    stage.sale.press("without")
    stage.sale.scan(COFFEE)
    stage.sale.take()
    stage.sale.scan(LATTE)
    stage.type("9")
    stage.sale.take()
    stage.sale.step("1", 1)


def given_price(stage: Stage) -> None:
    without_receipt(stage)
    stage.sale.scan(MILK)
    stage.type("5,5")


def finding_goods(stage: Stage) -> None:
    without_receipt(stage)
    stage.sale.press("find")
    stage.sale.type("search", "ka")


def refunded(stage: Stage) -> None:
    refunding(stage)
    stage.sale.take()


def _refunding_card(stage: Stage) -> Cabled:
    """A sale that a card paid, on a terminal with a cable, and all of it comes back."""
    terminal = stage.till.outside.terminal = Cabled()
    stage.sale.scan(COFFEE)
    stage.sale.scan(LATTE)
    stage.sale.pay()
    stage.sale.pay_by_card()
    stage.sale.leave()
    stage.sale.open_tool("refund")
    stage.pick_first()
    stage.sale.pick("all")
    return terminal


def refund_waits(stage: Stage) -> None:
    _refunding_card(stage).silent = True
    stage.sale.take()


def refund_in_doubt(stage: Stage) -> None:
    """The terminal was cut off while it gave the money back, and cannot be asked."""
    terminal = _refunding_card(stage)
    terminal.driver.mood, terminal.driver.answers = Mood.CUT_AFTER, False
    stage.sale.take()


def claimed_late(stage: Stage) -> None:
    """A sale of nobody's, and the member whose it is after all."""
    stage.sell(COFFEE, LATTE, cash_minor=100_00)
    stage.sale.leave()
    stage.sale.open_tool("history")
    stage.tap(GOLD)
    stage.sale.open_tool("history")
    stage.sale.type("search", "1840")
    stage.pick_first()


def late_claim(stage: Stage) -> None:
    claimed_late(stage)
    stage.sale.press("acts")


def sale_acts(stage: Stage) -> None:
    """A sale from before the till had its fiscal device."""
    past_sale(stage)
    stage.till.outside.must_register, stage.till.outside.fiscal = True, FiscalLane(SimulatedFiscal())
    stage.sale.press("acts")


def past_sale(stage: Stage) -> None:
    selling(stage)
    stage.sale.pay()
    stage.sale.give(100_00)
    stage.sale.leave()
    stage.sale.open_tool("history")
    stage.pick_first()


def history(stage: Stage) -> None:
    """Sales, and a refund between them."""
    refunded(stage)
    stage.sale.leave()
    stage.sell(APPLES, LATTE, cash_minor=100_00)
    stage.sale.leave()
    stage.sale.open_tool("history")


def past_refund(stage: Stage) -> None:
    refunded(stage)
    stage.sale.leave()
    stage.sale.open_tool("history")
    stage.pick_first()


SCENES: Final[dict[str, Callable[[Stage], None]]] = {
    "finding-sales": finding_sales,
    "refunding": refunding,
    "refunded": refunded,
    "refund-waits": refund_waits,
    "refund-in-doubt": refund_in_doubt,
    "without-receipt": without_receipt,
    "given-price": given_price,
    "finding-goods": finding_goods,
    "history": history,
    "past-sale": past_sale,
    "past-refund": past_refund,
    "claimed-late": claimed_late,
    "late-claim": late_claim,
    "sale-acts": sale_acts,
}
