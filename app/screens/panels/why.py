"""Why this price: what every rule of the programme says of the basket, in words."""

from __future__ import annotations

from collections import Counter

from app.ledger.facts import SoldLine
from app.loyalty.decision import Decision, Reason
from app.loyalty.wording import reason_message
from app.screens import views
from app.screens.forms import Row, Sign
from app.screens.panel import Panel
from app.screens.showing import Shower


class Why(Panel):
    """What applied comes first, then what did not and what it lacks. It follows the basket."""

    stays = True

    def view(self) -> views.Rows:
        decision = self.till.explained()
        rows = reasons(decision, self.show) if self.till.sale.lines else ()
        return views.Rows(
            title=self.say("why.title"),
            rows=rows,
            empty=self.say("why.empty"),
            sums=self._sums(decision) if rows else (),
            presses=(self.back(),),
        )

    def _sums(self, decision: Decision) -> tuple[Row, ...]:
        words = self.show.words
        rows = [
            Row("saved", self.say("why.saved"), figure=self.show.money(decision.discount_minor), loud=True)
        ]
        if decision.points.earned_centi:
            earned = words.points(decision.points.earned_centi, plus=True)
            rows.append(Row("earned", self.say("why.earned"), figure=earned))
        return tuple(rows)


def reasons(decision: Decision, show: Shower) -> tuple[Row, ...]:
    """A row for each rule in scope: those that applied first, each with what it took off."""
    off: Counter[str] = Counter()
    for line in decision.lines:
        for discount in line.discounts:
            off[discount.rule] += discount.amount_minor
    asked = [(reason, Sign.WARN) for reason in decision.refused]
    given = [(reason, Sign.YES) for reason in decision.why if reason.applied]
    others = [(reason, Sign.NO) for reason in decision.why if not reason.applied]
    return tuple(
        _row(reason, sign, off[reason.rule] if sign is Sign.YES else 0, show, place)
        for place, (reason, sign) in enumerate([*given, *asked, *others])
    )


def discounts(line: SoldLine, show: Shower) -> str:
    """Why a line that was sold cost less: each rule with what it took off."""
    return " · ".join(f"{show.rule(each.rule)} {show.amount(-each.amount_minor)}" for each in line.discounts)


def _row(reason: Reason, sign: Sign, off_minor: int, show: Shower, place: int) -> Row:
    said = show.said(reason_message(show.till.programme, reason))
    figure = show.money(-off_minor) if off_minor else ""
    # The sum stands on the right already.
    detail = "" if off_minor and reason.code == "applied" else said
    return Row(f"{place}", show.rule(reason.rule), detail, figure, sign)
