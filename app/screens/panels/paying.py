"""Taking money: the sum due, what is given, the card terminal's answer, the change."""

from __future__ import annotations

from app.checkout.outcome import Outcome
from app.checkout.receipt import Receipt
from app.screens import cash, views
from app.screens.forms import YES
from app.screens.panel import Panel, Screen
from app.values import minor_digits


class Paying(Panel):
    """Cash typed or one of the likely sums; or the terminal."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.entry = ""

    def goes_on(self) -> bool:
        return bool(self.till.sale.lines)

    def key(self, key: str) -> None:
        self.entry = cash.typed(self.entry, key, minor_digits(self.show.currency))

    def take(self) -> None:
        given = cash.entered(self.entry, minor_digits(self.show.currency))
        if given is not None or not self.till.due_minor:
            self.give(given or 0)

    def give(self, amount_minor: int) -> None:
        """Cash as it was handed over: the change follows from it."""
        self.till.pay_cash(amount_minor, self._paid)
        self.screen.repaint()

    def by_card(self) -> None:
        """Pay by the terminal beside the till."""
        self.till.ask_terminal(self._asked)
        self.screen.repaint()

    def _paid(self, outcome: Outcome) -> None:
        paid_up(self.screen, outcome)

    def _asked(self, outcome: Outcome) -> None:
        if not outcome.refused:
            self.screen.open(Charging(self.screen))
        self.screen.tell(outcome)

    def view(self) -> views.Payment:
        till, show, currency = self.till, self.show, self.show.currency
        due = till.due_minor
        given = cash.entered(self.entry, minor_digits(currency))
        enough = given >= due if given is not None else due == 0
        quick = [views.QuickCash(due, show.money(due), exact=True)] if due else []
        quick += [views.QuickCash(each, show.round_money(each)) for each in cash.likely_sums(due, currency)]
        spent = till.decision.points.spent_value_minor
        points = views.Tendered(show.words.get("screen.points_tender"), show.money(-spent))
        return views.Payment(
            due=show.money(due),
            entry=show.typed(self.entry),
            change=show.money(given - due) if given is not None and enough else "",
            missing="" if enough or given is None else show.money(due - given),
            quick=tuple(quick),
            tendered=(points,) if spent else (),
            ready=enough,
            by_card=due > 0,
            busy=till.busy,
        )


class Charging(Panel):
    """The terminal was asked; only its answer leads on."""

    pressing = True

    def take(self) -> None:
        """Enter is no answer: whether money was taken is not said by accident."""

    def press(self, key: str) -> None:
        charged = key == YES
        self.till.settle_terminal(charged=charged, answer=self._paid if charged else self._reopened)

    def _paid(self, outcome: Outcome) -> None:
        paid_up(self.screen, outcome)

    def _reopened(self, outcome: Outcome) -> None:
        self.screen.open(Paying(self.screen))
        self.screen.tell(outcome)

    def view(self) -> views.Ask:
        get = self.show.words.get
        return views.Ask(
            question=get("screen.charge_question"),
            detail=get("screen.charge_detail"),
            yes=get("screen.charge_yes"),
            no=get("screen.charge_no"),
            figure=self.show.money(self.till.tendered_minor),
            pressing=True,
            busy=self.till.busy,
        )


class PaidUp(Panel):
    """The change, large, until the next scan."""

    def __init__(self, screen: Screen, receipt: Receipt) -> None:
        super().__init__(screen)
        self._receipt = receipt

    def view(self) -> views.Paid:
        sale, show, words = self._receipt.sale, self.show, self.show.words
        points = self._receipt.decision.points
        cash_paid = any(tender.means == "cash" for tender in sale.tenders)
        means = ", ".join(words.get(f"tender.{tender.means}") for tender in sale.tenders)
        received = show.money(self._receipt.received_minor) if cash_paid else ""
        earned = ""
        if self._receipt.member is not None:
            earned = words.get(
                "screen.earned",
                points=words.counted_points(points.earned_centi),
                balance=words.points(points.balance_after_centi),
            )
        paid = words.get("screen.paid_of", total=show.money(sale.total_minor), means=means, received=received)
        return views.Paid(
            title=words.get("screen.paid"),
            change=show.money(sale.change_minor) if cash_paid else "",
            paid=paid.strip(" ·"),
            earned=earned,
            receipt=words.get("screen.receipt", number=sale.number),
        )


def paid_up(screen: Screen, outcome: Outcome) -> None:
    """After the last tender: the change, or why it was not taken."""
    if not outcome.refused and screen.till.last is not None:
        screen.loose_card = ""
        screen.open(PaidUp(screen, screen.till.last))
    screen.tell(outcome)
