"""One earlier refund: what came back and how, its slip once more, and the way to its sale."""

from __future__ import annotations

from app.checkout.outcome import Outcome
from app.checkout.rights import Approval
from app.ledger.facts import SaleRefunded
from app.screens import views
from app.screens.forms import BACK, Press, Row, Sign
from app.screens.panel import Panel, Screen
from app.screens.panels.history import History, PastSale, line_name

REFUND = "refund:"
"""What a refund's row is called, before its number."""


class PastRefund(Panel):
    """The lines that came back, with what was given for each."""

    def __init__(self, screen: Screen, refund: SaleRefunded) -> None:
        super().__init__(screen)
        self.refund = refund
        self.sale = self.till.refunds.sale_of(refund)

    def press(self, key: str) -> None:
        if key == BACK:
            self.screen.open(History(self.screen))
        elif key == "copy":
            self.copy()
        elif key == "sale" and self.sale is not None:
            self.screen.open(PastSale(self.screen, self.sale))

    def copy(self, approval: Approval | None = None) -> None:
        def heard(outcome: Outcome) -> None:
            if not self.approve(outcome, self.copy):
                self.screen.tell(outcome)

        self.till.copies.print_refund(self.refund.id, approval=approval, answer=heard)

    def view(self) -> views.Rows:
        refund, show, words = self.refund, self.show, self.show.words
        moment = words.moment(refund.at_ms, self.till.shop.time_zone)
        reason = f"panel.reason.{refund.reason}"
        why = words.get(reason) if words.has(reason) else refund.reason
        total = show.money(-refund.total_minor)
        return views.Rows(
            title=self.say("history.refund", number=refund.number),
            detail=" · ".join(filter(None, (moment, refund.cashier, why))),
            rows=tuple(
                Row(
                    str(line.line),
                    line_name(self.screen, line.sku, line.name),
                    show.count(line.qty_milli, line.price_minor),
                    show.amount(-line.net_minor),
                )
                for line in refund.lines
            ),
            sums=(*self._ways(), Row("total", self.say("history.total"), figure=total, loud=True)),
            presses=(
                self.back(),
                *((Press("sale", self.say("history.original")),) if self.sale else ()),
                Press("copy", self.say("history.copy"), icon="printer", loud=True),
            ),
        )

    def _ways(self) -> tuple[Row, ...]:
        """How it went back: each tender, and what points had paid for."""
        refund, show = self.refund, self.show
        ways = [
            Row(
                str(place), show.words.get(f"tender.{tender.means}"), figure=show.amount(-tender.amount_minor)
            )
            for place, tender in enumerate(refund.tenders)
        ]
        if refund.points_minor:
            in_points = show.words.get("receipt.refunded_in_points")
            ways.append(Row("points", in_points, figure=show.amount(-refund.points_minor)))
        return tuple(ways)


def refund_row(refund: SaleRefunded, screen: Screen) -> Row:
    """A refund in a list: its number and time over what came back."""
    words = screen.show.words
    names = [line_name(screen, line.sku, line.name) for line in refund.lines]
    rest = f" +{len(names) - 2}" if len(names) > 2 else ""
    moment = words.moment(refund.at_ms, screen.till.shop.time_zone)
    return Row(
        key=f"{REFUND}{refund.number}",
        title=words.get("panel.history.row", number=refund.number, moment=moment),
        detail=words.get("panel.history.refund_row", goods=", ".join(names[:2]) + rest),
        figure=screen.show.money(-refund.total_minor),
        sign=Sign.BACK,
    )
