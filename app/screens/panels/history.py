"""Earlier sales and refunds: found by their number or receipt, or picked from the latest."""

from __future__ import annotations

from typing import Final

from app.checkout.adjusting import department_name
from app.checkout.outcome import Outcome
from app.checkout.receipt_code import is_receipt, long_code
from app.checkout.rights import Approval
from app.ledger.facts import SaleCompleted
from app.ledger.handed import handed_over
from app.screens import views
from app.screens.forms import BACK, Press, Row, Sign, Tool
from app.screens.panel import Panel, Screen
from app.screens.panels.why import discounts

CORRECT_REASONS = ("not_registered", "device_failed", "ordered")
_ACTS = {
    "give": ("history.claim", "id-card"),
    "copy": ("history.copy", "printer"),
    "correct": ("history.correct", "file-text"),
}
"""A tile's text and icon by what it does with a past sale."""


MOST: Final = 20
"""Rows of a list to pick from."""


class History(Panel):
    """The latest sales and refunds of this till; of the member in hand, if there is one."""

    refunds = True
    """Whether refunds are listed, too."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.query = ""

    def type(self, field: str, text: str) -> None:
        self.query = text

    def scanned(self, text: str, aim: str | None) -> bool:
        return is_receipt(text) and self._show(text)

    def pick(self, key: str) -> None:
        from app.screens.panels.past_refund import REFUND, PastRefund

        if not key.startswith(REFUND):
            self._show(key)
        elif (found := self.till.refunds.refund_by_number(int(key.removeprefix(REFUND)))) is not None:
            self.screen.open(PastRefund(self.screen, found))

    def take(self) -> None:
        if self.query.strip() and not self._show(self.query):
            for row in self._rows()[:1]:
                self.pick(row.key)

    def _show(self, text: str) -> bool:
        found = self.till.refunds.find(text)
        if found is not None:
            self.opened(found.sale)
        return found is not None

    def opened(self, sale: SaleCompleted) -> None:
        """What happens to the sale that was found."""
        self.screen.open(PastSale(self.screen, sale))

    def _rows(self) -> tuple[Row, ...]:
        """The latest first; with a number typed, what has that number."""
        from app.screens.panels.past_refund import refund_row

        refunds, member = self.till.refunds, self.till.sale.member
        if self.query.strip():
            digits = "".join(char for char in self.query if char.isdigit())
            found = refunds.find(digits) if digits else None
            sales = [found.sale] if found else []
            back = refunds.refund_by_number(int(digits)) if digits and len(digits) < 10 else None
            backs = [back] if back else []
        else:
            sales, backs = refunds.latest(member, MOST), refunds.latest_refunds(member, MOST)
        rows = [(sale.number, sale_row(sale, self.screen)) for sale in sales]
        if self.refunds:
            rows += [(back.number, refund_row(back, self.screen)) for back in backs]
        rows.sort(key=lambda each: each[0], reverse=True)
        return tuple(row for _, row in rows[:MOST])

    def view(self) -> views.Rows:
        member = self.till.member
        person = member.person.name if member and member.person else ""
        return views.Rows(
            title=self.title(),
            detail=self.say("history.of", name=person) if person and not self.query else "",
            rows=self._rows(),
            empty=self.say("history.empty"),
            pickable=True,
            search=self.query,
            search_hint=self.say("history.search"),
            presses=(self.back(), *self.others()),
        )

    def others(self) -> tuple[Press, ...]:
        """What else can be done from here."""
        return ()

    def title(self) -> str:
        return self.say("history.title")


class PastSale(Panel):
    """One earlier sale: its lines with why they cost what they cost, and what can be done with it."""

    def __init__(self, screen: Screen, sale: SaleCompleted) -> None:
        super().__init__(screen)
        self.sale = sale

    def press(self, key: str) -> None:
        if key == BACK:
            self.screen.open(History(self.screen))
        elif key == "refund":
            from app.screens.panels.refunding import Refunding

            self.screen.open(Refunding(self.screen, self.sale))
        elif key == "copy":
            self.copy()
        elif key == "acts":
            self.screen.open(SaleActs(self.screen, self))

    def _others(self) -> tuple[Press, ...]:
        """A copy at one touch; where more can be done, all of it on tiles of its own."""
        if len(self.acts) > 1:
            return (Press("acts", self.say("history.acts"), icon="ellipsis"),)
        return (Press("copy", self.say("history.copy"), icon="printer"),)

    @property
    def acts(self) -> tuple[str, ...]:
        """What can be done with this sale now, beside a refund."""
        correctable = self.till.correcting.stopped(self.sale) is None
        return (
            *(("give",) if self._givable else ()),
            "copy",
            *(("correct",) if correctable else ()),
        )

    def copy(self, approval: Approval | None = None) -> None:
        def heard(outcome: Outcome) -> None:
            if not self.approve(outcome, self.copy):
                self.screen.tell(outcome)

        self.till.copies.print_sale(self.sale.id, approval=approval, answer=heard)

    @property
    def _givable(self) -> bool:
        """Whether the member in hand is not whose sale it is."""
        member = self.till.member
        return member is not None and self.till.refunds.returnable(self.sale).member != member.id

    def give(self) -> None:
        """A forgotten card's late claim, or a wrong card mended with a reason."""
        member = self.till.member
        if member is None:
            return None
        if self.till.refunds.returnable(self.sale).member is None:
            return self.till.moving.claim(self.sale.id, member.id, self.screen.tell)
        from app.screens.panels.reasoning import Reasoning

        def move(reason: str, approval: Approval | None = None) -> None:
            def heard(outcome: Outcome) -> None:
                if not self.approve(outcome, lambda given: move(reason, given)):
                    self.screen.tell(outcome)

            self.till.moving.move(self.sale.id, member.id, reason=reason, approval=approval, answer=heard)

        title = self.say("history.sale", number=self.sale.number)
        return self.screen.open(Reasoning(self.screen, title, ("wrong_card", "card_forgotten"), move, self))

    def view(self) -> views.Rows:
        sale, show, words = self.sale, self.show, self.show.words
        moment = words.moment(sale.at_ms, self.till.shop.time_zone)
        means = show.means(sale)
        return views.Rows(
            title=self.say("history.sale", number=sale.number),
            detail=" · ".join(filter(None, (moment, sale.cashier, means, sale.note))),
            rows=tuple(
                Row(
                    str(line.line),
                    line_name(self.screen, line.sku, line.name),
                    " · ".join(filter(None, (show.count(line.qty_milli, line.price_minor), line.note, why))),
                    show.amount(line.net_minor),
                )
                for line, why in ((each, discounts(each, show)) for each in sale.lines)
            ),
            sums=(Row("total", self.say("history.total"), figure=show.money(sale.total_minor), loud=True),),
            presses=(
                self.back(),
                *self._others(),
                Press("refund", self.say("tool.refund"), loud=True),
            ),
        )


class SaleActs(Panel):
    """What is done rarely with a past sale."""

    def __init__(self, screen: Screen, of: PastSale) -> None:
        super().__init__(screen)
        self._of = of

    def press(self, key: str) -> None:
        self.screen.open(self._of)

    def pick(self, key: str) -> None:
        self.screen.open(self._of)
        if key == "copy":
            return self._of.copy()
        if key == "give":
            return self._of.give()
        from app.screens.panels.reasoning import Reasoning

        title = self.say("history.correct_detail", number=self._of.sale.number)
        return self.screen.open(Reasoning(self.screen, title, CORRECT_REASONS, self._correct, self._of))

    def _correct(self, reason: str, approval: Approval | None = None) -> None:
        def heard(outcome: Outcome) -> None:
            if not self._of.approve(outcome, lambda given: self._correct(reason, given)):
                self.screen.tell(outcome)

        self.till.correcting.correct(self._of.sale.id, reason=reason, approval=approval, answer=heard)

    def view(self) -> views.Tools:
        acts = self._of.acts
        return views.Tools(
            title=self.say("history.sale", number=self._of.sale.number),
            detail=self.say("history.unregistered") if "correct" in acts else "",
            tools=tuple(
                Tool(act, self.say(_ACTS[act][0]), _ACTS[act][1], str(place))
                for place, act in enumerate(acts, start=1)
            ),
            presses=(self.back(),),
        )


def sale_row(sale: SaleCompleted, screen: Screen) -> Row:
    """A sale in a list: its number and time over what was bought."""
    words = screen.show.words
    names = [line_name(screen, line.sku, line.name) for line in sale.lines]
    names += [screen.show.rule(each.name) for each in handed_over(sale.effects)]
    rest = f" +{len(names) - 2}" if len(names) > 2 else ""
    moment = words.moment(sale.at_ms, screen.till.shop.time_zone)
    return Row(
        key=long_code(sale.id),
        title=words.get("panel.history.row", number=sale.number, moment=moment),
        detail=", ".join(names[:2]) + rest,
        figure=screen.show.money(sale.total_minor),
        sign=Sign.MEMBER if sale.member else Sign.COPY,
    )


def line_name(screen: Screen, sku: str, name: str) -> str:
    """A sold line's product in the cashier's language, or as it was sold."""
    lang = screen.show.words.lang
    product = screen.catalogue.product(sku) if sku else None
    return product.name_in(lang) if product else department_name(sku, screen.till.shop, lang) or name
