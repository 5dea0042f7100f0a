"""What the customer sees: the basket as it grows, what they save and earn, what is to pay, and thanks.

Follows the cashier's screen, in the customer's own language: the member's, or the shop's. The same state is
put into two lines for a pole display.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from msgspec import Struct

from app.checkout.receipt import Receipt
from app.checkout.till import Till
from app.lanes import World
from app.screens import views
from app.screens.news import earned, news, to_hand_over
from app.screens.showing import Shower
from app.texts import texts
from hardware.ports import DisplayText

THANKS_MS: Final = 45_000
"""How long thanks, change and the code stay while nobody is served: long enough to take out a phone."""
MARKS: Final = 5


class CustomerStage(StrEnum):
    IDLE = "idle"
    BASKET = "basket"
    PAYING = "paying"
    THANKS = "thanks"


class Labels(Struct, frozen=True):
    """Words that stand still, in the customer's language."""

    total: str
    to_pay: str
    balance: str


class Thanks(Struct, frozen=True):
    """A sale is done. `code` is what the QR code holds ("" for none), `marks` the names of one to five.

    `mark` is the one given, 0 before that; `asked` is the question, or thanks for the answer.
    """

    title: str
    paid: str
    change: str = ""
    earned: str = ""
    news: str = ""
    saved: str = ""
    code: str = ""
    code_of: str = ""
    asked: str = ""
    marks: tuple[str, ...] = ()
    mark: int = 0


class CustomerView(Struct, frozen=True):
    """The whole customer screen; `member` carries the name as it may stand before a queue."""

    stage: CustomerStage
    shop: str
    labels: Labels
    greeting: str = ""
    hint: str = ""
    lines: tuple[views.Line, ...] = ()
    near_miss: views.NearMiss | None = None
    total: views.Total = views.Total("", "")
    member: views.Member | None = None
    thanks: Thanks | None = None


class CustomerPresenter:
    """`publish` hears each new state, `pole` the two lines of it. `lang` speaks one language to everybody.

    `receipt_url` is where a purchase can be seen on the web, with `{sale}` in it ("" for nowhere); `rated`
    hears a mark from one to five, once a sale.
    """

    def __init__(
        self,
        till: Till,
        world: World,
        *,
        lang: str = "",
        receipt_url: str = "",
        rated: Callable[[uuid.UUID, int], None] | None = None,
        publish: Callable[[CustomerView], None] | None = None,
        pole: Callable[[DisplayText], None] | None = None,
    ) -> None:
        self.publish, self.pole, self.rated = publish or _unseen, pole or _unread, rated
        self._till, self._world, self._lang, self._receipt_url = till, world, lang, receipt_url
        self._marked: tuple[uuid.UUID | None, int] = (None, 0)
        self._showers: dict[str, Shower] = {}
        self._text: DisplayText | None = None
        self._paying = False
        self.view = self._view()

    def follow(self, view: views.SaleView) -> None:
        """The cashier's screen shows this now."""
        middle = view.middle
        self._paying = isinstance(middle, views.Payment) or (
            isinstance(middle, views.Ask) and middle.pressing
        )
        self._show()

    def show_again(self) -> None:
        """Put on the pole what it should show: something else stood there."""
        self._text = None
        self._show()

    def rate(self, mark: int) -> None:
        """The customer's mark of the sale that is thanked for; a second one is not counted."""
        thanks, last = self.view.thanks, self._till.last
        if thanks is None or last is None or thanks.mark or mark not in range(1, MARKS + 1):
            return
        if self.rated is not None:
            self._marked = (last.sale.id, mark)
            self.rated(last.sale.id, mark)
            self._show()

    # -- within ------------------------------------------------------------------------------------------

    def _show(self) -> None:
        view = self._view()
        if view != self.view:
            self.view = view
            self.publish(view)
        text = pole_text(view)
        if text != self._text:
            self._text = text
            self.pole(text)

    def _view(self) -> CustomerView:
        till, last = self._till, self._thanked()
        member = till.member if last is None else last.member
        lang = self._lang or (member.person.lang if member and member.person else "") or till.shop.lang
        if lang not in self._showers:
            self._showers[lang] = Shower(till, texts(lang))
        show = self._showers[lang]
        get = show.words.get
        labels = Labels(get("customer.total"), get("customer.to_pay"), get("customer.balance"))
        if last is not None:
            thanks = self._thanks(show, last)
            return CustomerView(CustomerStage.THANKS, till.shop.name, labels, thanks=thanks)
        if not till.sale.lines:
            greeting, hint = get("customer.greeting"), get("customer.hint")
            if till.member is None:
                return CustomerView(CustomerStage.IDLE, till.shop.name, labels, greeting, hint)
        basket = show.basket(None, ())
        return CustomerView(
            stage=CustomerStage.PAYING if self._paying else CustomerStage.BASKET,
            shop=till.shop.name,
            labels=labels,
            lines=basket.lines,
            near_miss=basket.near_miss,
            total=show.total(views.Favourites()),
            member=_before_a_queue(show.member()),
        )

    def _thanked(self) -> Receipt | None:
        """The sale to thank for: while nobody else is served, and not for ever."""
        till = self._till
        if till.last is None or not till.sale.untouched:
            return None
        return till.last if self._world.now_ms() - till.last.sale.at_ms <= THANKS_MS else None

    def _thanks(self, show: Shower, last: Receipt) -> Thanks:
        sale, get = last.sale, show.words.get
        hand = get("customer.received", names=names) if (names := to_hand_over(show, last)) else ""
        marked = self._marked[1] if self._marked[0] == sale.id else 0
        asks = self.rated is not None
        code = self._receipt_url.replace("{sale}", sale.id.hex)
        return Thanks(
            title=get("customer.thanks"),
            paid=get("customer.paid", total=show.money(sale.total_minor)),
            change=get("customer.change", change=show.money(sale.change_minor)) if sale.change_minor else "",
            earned=earned(show, last),
            news=" · ".join(filter(None, (hand, news(show, last)))),
            saved=get("screen.saved", money=show.money(sale.discount_minor)) if sale.discount_minor else "",
            code=code,
            code_of=get("customer.code") if code else "",
            asked=get("customer.marked" if marked else "customer.asked") if asks else "",
            marks=tuple(get(f"customer.mark.{n}") for n in range(1, MARKS + 1)) if asks else (),
            mark=marked,
        )


def _before_a_queue(member: views.Member | None) -> views.Member | None:
    """The member with as much of the name as others may read: the first word, and an initial."""
    if member is None:
        return None
    words = member.name.split()
    name = words[0] + (f" {words[1][0]}." if len(words) > 1 else "") if words else ""
    return views.Member(
        key=member.key,
        name=name,
        tier=member.tier,
        balance=member.balance,
        balance_of=member.balance_of,
        earned=member.earned,
        earned_of=member.earned_of,
        stamp_cards=member.stamp_cards,
        spend=member.spend if member.spend and member.spend.chosen else None,
    )


def pole_text(view: CustomerView) -> DisplayText:
    """Two lines that say the most of a state."""
    total = f"{view.total.figure} {view.total.currency}"
    match view.stage:
        case CustomerStage.IDLE:
            return DisplayText(view.shop, view.greeting)
        case CustomerStage.THANKS if view.thanks is not None:
            return DisplayText(view.thanks.title, view.thanks.change or view.thanks.paid)
        case CustomerStage.PAYING:
            return DisplayText(view.labels.to_pay, view.total.saved, total)
        case _ if view.lines:
            # The newest is what was just put on the belt.
            last = view.lines[-1]
            return DisplayText(last.name, view.labels.total, last.price, total)
        case _:
            member = view.member
            return (
                DisplayText(member.name, view.labels.balance, "", member.balance) if member else DisplayText()
            )


def _unseen(_: CustomerView) -> None: ...


def _unread(_: DisplayText) -> None: ...
