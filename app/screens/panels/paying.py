"""Taking money: the sum due, what is given, the card terminal's answer, the change."""

from __future__ import annotations

from app.checkout.outcome import Outcome
from app.checkout.paying import Paid
from app.checkout.receipt import Receipt
from app.screens import cash, views
from app.screens.forms import YES
from app.screens.news import earned, news, to_hand_over
from app.screens.panel import Panel, Screen
from app.values import minor_digits


class Paying(Panel):
    """Cash typed or one of the likely sums, the terminal, a gift card: one after the other, until it is paid.

    A sum below what is due is taken as a part of it. Each part can be taken back.
    """

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.entry = ""

    def goes_on(self) -> bool:
        return self.till.sale.gives

    def key(self, key: str) -> None:
        self.entry = cash.typed(self.entry, key, minor_digits(self.show.currency))

    def take(self) -> None:
        given = self._given
        if given or self.till.cash_due_minor <= 0:
            self.give(given or 0)

    def give(self, amount_minor: int) -> None:
        """Cash as it was handed over: the change follows from it, or what is left to pay."""
        if self.till.cash_due_minor > 0:
            self.till.tender_cash(amount_minor, self._taken)
        else:
            self.till.pay_cash(amount_minor, self._taken)
        self.screen.repaint()

    def by_card(self) -> None:
        """Pay what was typed, or all that is left, by the terminal beside the till."""
        self.till.ask_terminal(self._asked, self._given or None)
        self.screen.repaint()

    def pick(self, key: str) -> None:
        """Take a part of the payment back; money from a card goes back on the terminal first."""
        tender = next((each for each in self.till.tenders if each.key == key), None)
        if tender is not None and self.till.in_doubt(key):
            self.screen.open(GivingBack(self.screen, tender))
        elif self.till.gives_back(key):
            self.till.give_back(key, self.screen.tell)
        elif tender is not None and tender.means == "card":
            self.screen.open(GivingBack(self.screen, tender))
        else:
            self.till.drop_tender(key, self._taken)

    def press(self, key: str) -> None:
        if key == "gift":
            self.screen.open_tool("gift_card")
        else:
            super().press(key)

    def unknown(self, code: str) -> bool:
        """A gift card pays; whatever the till knows was rung up."""
        outcome = self.till.present_gift_card(code)
        if outcome.code in ("gift_card_unknown", "gift_card_offline"):
            return False
        self.screen.tell(outcome)
        return True

    @property
    def _given(self) -> int | None:
        return cash.entered(self.entry, minor_digits(self.show.currency))

    def _taken(self, outcome: Outcome) -> None:
        self.entry = "" if not outcome.refused else self.entry
        paid_up(self.screen, outcome)

    def _asked(self, outcome: Outcome) -> None:
        if not outcome.refused:
            self.screen.panel = Charging(self.screen)
        self.screen.tell(outcome)

    def view(self) -> views.Payment:
        till, show, get = self.till, self.show, self.show.words.get
        due, in_cash, given = till.due_minor, till.cash_due_minor, self._given
        enough = given >= in_cash if given is not None else in_cash <= 0
        by_card = given if given is not None and 0 < given < due else due
        return views.Payment(
            due=show.money(abs(due)),
            owed=due < 0,
            rounded=get("screen.in_cash", money=show.money(abs(in_cash))) if in_cash != due else "",
            entry=show.typed(self.entry),
            change=show.money(given - in_cash) if given is not None and enough and in_cash > 0 else "",
            missing="" if enough or given is None else show.money(in_cash - given),
            quick=self._quick(in_cash),
            tendered=tuple(
                views.Tendered(each.key, self._name(each), show.money(each.amount_minor))
                for each in till.tenders
            ),
            ready=enough or bool(given),
            by_card=get("screen.by_card", money=show.money(by_card)) if due > 0 else "",
            busy=till.busy,
        )

    def _name(self, tender: Paid) -> str:
        words = self.show.words
        return words.get("screen.points_tender" if tender.means == "points" else f"tender.{tender.means}")

    def _quick(self, due_minor: int) -> tuple[views.QuickCash, ...]:
        if due_minor <= 0:
            return ()
        show = self.show
        sums = cash.likely_sums(due_minor, show.currency)
        exact = views.QuickCash(due_minor, show.money(due_minor), exact=True)
        return (exact, *(views.QuickCash(each, show.round_money(each)) for each in sums))


class GivingBack(Panel):
    """A card was charged and its part is taken back: the money has to go back on the terminal first. Or the
    terminal was asked to give it back and cannot say whether it did: its slip can."""

    def __init__(self, screen: Screen, tender: Paid) -> None:
        super().__init__(screen)
        self._tender = tender
        self._doubt = self.till.in_doubt(tender.key)

    def goes_on(self) -> bool:
        return not self._doubt or self.till.in_doubt(self._tender.key)

    def take(self) -> None:
        """Enter is no answer: somebody has to look."""

    def press(self, key: str) -> None:
        self.screen.open(Paying(self.screen))
        if key == YES:
            self.till.drop_tender(self._tender.key, self.screen.tell, reversed=True)
        elif self._doubt:
            self.till.keep_charged(self._tender.key, self.screen.tell)

    def view(self) -> views.Ask:
        get = self.show.words.get
        return views.Ask(
            question=get("screen.refund_question" if self._doubt else "screen.reverse_question"),
            detail=get("screen.refund_detail" if self._doubt else "screen.reverse_detail"),
            yes=get("screen.reverse_yes"),
            no=get("screen.reverse_doubt_no" if self._doubt else "screen.reverse_no"),
            figure=self.show.money(self._tender.amount_minor),
            busy=self.till.busy,
        )


class Charging(Panel):
    """Something outside was asked, and only its word leads on: the terminal, or the fiscal device.

    While it is at it there is nothing to press. What a terminal cannot say, the cashier sees on it; a fiscal
    device is asked again, unless this till has none any more.
    """

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.apart = screen.till.returning or screen.till.correcting.open
        """It is a refund or a past sale's correction that is on its way, and not the sale in hand."""

    @property
    def pressing(self) -> bool:
        return True

    def take(self) -> None:
        """Enter is no answer: whether money was taken is not said by accident."""

    def press(self, key: str) -> None:
        till, yes = self.till, key == YES
        if till.outside.waits_for:
            return
        if till.returning:
            self._press_return(yes)
        elif not till.registering:
            till.settle_terminal(charged=yes, answer=self.screen.heard)
        elif till.outside.fiscal is None:
            till.settle_fiscal(registered=yes, answer=self.screen.heard)
        elif yes:
            till.resume()

    def _press_return(self, yes: bool) -> None:
        """A refund: the cashier says whether the terminal gave the money back, a device is asked again."""
        if not self.till.return_registers or self.till.outside.fiscal is None:
            self.till.settle_return(given=yes, answer=self.screen.heard)
        elif yes:
            self.till.resume()

    def view(self) -> views.Ask:
        till, words, get = self.till, self.show.words, self.show.words.get
        waits, money_back = till.outside.waits_for, till.returning
        about = "refund" if money_back else "charge"
        if till.registering or till.return_registers:
            about = "register"
        if waits:
            about = f"{about}_wait"
        elif about == "register" and till.outside.fiscal is None:
            about = "register_alone"
        yes, no = f"screen.{about}_yes", f"screen.{about}_no"
        of_refund = f"screen.{about}_of_refund"
        question = of_refund if money_back and words.has(of_refund) else f"screen.{about}_question"
        return views.Ask(
            question=get(question),
            detail=get(f"screen.{about}_detail"),
            yes=get(yes) if words.has(yes) else "",
            no=get(no) if words.has(no) else "",
            figure=self.show.money(till.tendered_minor),
            pressing=True,
            busy=till.busy or bool(waits),
        )


class PaidUp(Panel):
    """The change, large, until the next scan."""

    def __init__(self, screen: Screen, receipt: Receipt) -> None:
        super().__init__(screen)
        self._receipt = receipt

    def view(self) -> views.Paid:
        sale, show, words = self._receipt.sale, self.show, self.show.words
        cash_paid = any(tender.means == "cash" for tender in sale.tenders)
        means = show.means(sale)
        received = show.money(self._receipt.received_minor) if cash_paid else ""
        paid = words.get("screen.paid_of", total=show.money(sale.total_minor), means=means, received=received)
        return views.Paid(
            title=words.get("screen.paid"),
            word=words.get("screen.change"),
            change=show.money(sale.change_minor) if cash_paid else "",
            paid=paid.strip(" ·"),
            earned=earned(show, self._receipt),
            hand=self.say("news.hand", names=hand) if (hand := to_hand_over(show, self._receipt)) else "",
            news=news(show, self._receipt),
            receipt=words.get("screen.receipt", number=sale.number),
        )


def paid_up(screen: Screen, outcome: Outcome) -> None:
    """After a tender: what is left to pay, or the change once it was the last."""
    if outcome.code == "sold" and screen.till.last is not None:
        screen.loose_card = ""
        screen.panel = PaidUp(screen, screen.till.last)
    screen.tell(outcome)
