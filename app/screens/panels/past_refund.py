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
        means = ", ".join(words.get(f"tender.{t.means}") for t in refund.tenders)
        reason = f"panel.reason.{refund.reason}"
        why = words.get(reason) if words.has(reason) else refund.reason
        total = show.money(-refund.total_minor)
        return views.Rows(
            title=self.say("history.refund", number=refund.number),
            detail=" · ".join(filter(None, (moment, refund.cashier, means, why))),
            rows=tuple(
                Row(
                    str(line.line),
                    line_name(self.screen, line.sku, line.name),
                    show.count(line.qty_milli, line.price_minor),
                    show.amount(-line.net_minor),
                )
                for line in refund.lines
            ),
            sums=(Row("total", self.say("history.total"), figure=total, loud=True),),
            presses=(
                self.back(),
                *((Press("sale", self.say("history.original")),) if self.sale else ()),
                Press("copy", self.say("history.copy"), icon="printer", loud=True),
            ),
        )


def refund_row(refund: SaleRefunded, screen: Screen) -> Row:
    """A refund in a list: its number and time over what came back."""
    words = screen.show.words
    names = [line_name(screen, line.sku, line.name) for line in refund.lines]
    rest = f" +{len(names) - 2}" if len(names) > 2 else ""
    moment = words.moment(refund.at_ms, screen.till.shop.time_zone)
    return Row(
        key=f"{REFUND}{refund.number}",
        title=words.get("panel.history.refund_row", number=refund.number, moment=moment),
        detail=", ".join(names[:2]) + rest,
        figure=screen.show.money(-refund.total_minor),
        sign=Sign.BACK,
    )
