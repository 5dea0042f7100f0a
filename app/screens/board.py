"""What stands on the sale screen: the till, the panel in the middle, what was said last; and how it is shown.

`SalePresenter` adds what a cashier and the lanes can want of it.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from app.checkout.basket import Stage
from app.checkout.outcome import Outcome, refused
from app.checkout.ports import Catalogue, Members
from app.checkout.till import Till
from app.lanes import World
from app.ledger.facts import SaleCompleted
from app.screens import views
from app.screens.panel import CardIssuer, Panel
from app.screens.panels.counting import Counting
from app.screens.panels.paying import Charging, PaidUp, Paying, paid_up
from app.screens.panels.ringing import Finder, Ringing, Searching
from app.screens.saying import Said
from app.screens.showing import Shower
from app.screens.status import Status
from app.screens.views import Action, Cue
from app.texts import texts
from hardware.ports import CardTapped, ScaleEvent


class Board:
    """The sale screen without its intents; a `Screen` to its panels. `publish` hears every new view state.

    `last_sale` is the one before the till was started; it is shown until there is a newer one.
    """

    def __init__(
        self,
        till: Till,
        catalogue: Catalogue,
        members: Members,
        world: World,
        *,
        lang: str = "",
        last_sale: SaleCompleted | None = None,
        publish: Callable[[views.SaleView], None] | None = None,
    ) -> None:
        self.till, self.world, self.catalogue, self.members = till, world, catalogue, members
        self.publish = publish or _nobody
        self.show = Shower(till, texts(lang or till.shop.lang), last_sale)
        self.status = Status()
        self.loose_card = ""
        self.issuer: CardIssuer | None = None
        self.blank: CardTapped | None = None
        self.decide_paper: Callable[[int, bool], None] = lambda job, reprint: None
        """What to do with an undecided print job: print it again as a copy, or not."""
        self.later: Callable[[Callable[[], None]], None] | None = None
        """Runs a call once what was published is painted; None where nothing is."""
        self.said, self.cue = Said(), Cue()
        self.scale: ScaleEvent | None = None
        self.selected: int | None = till.sale.lines[-1].key if till.sale.lines else None
        self.finder = Finder(catalogue, members)
        self._favourites = self.tiles()
        self.panel: Panel = Charging(self) if till.sale.stage is Stage.TENDERED else self.ringing()
        till.outside.heard = self.heard
        if till.sale.lines:
            till.explained()
        self.view = self._view()

    @property
    def lang(self) -> str:
        return self.show.words.lang

    def select(self, key: str) -> None:
        """Make a line the one that acts on a line are about."""
        self.selected = int(key)
        self.repaint()

    def ring(self, sku: str) -> None:
        self.till.when_free(lambda: self.rung(self.till.ring_sku(sku)))

    def rung(self, outcome: Outcome) -> None:
        """After a scan: a product takes the screen back to ringing up, wherever it was."""
        if not outcome.refused:
            self.cue = self.cue.next("ok")
        if not outcome.refused and not self.panel.stays and not self.panel.pressing:
            line = None if outcome.line is None else self.till.sale.line(outcome.line)
            # What is sold by weight is worth nothing until it is weighed.
            weighed = line is not None and line.unit == "kg"
            self.panel = Counting(self, line.key) if line is not None and weighed else self.ringing()
        self.tell(outcome)

    # -- for panels --------------------------------------------------------------------------------------

    def open(self, panel: Panel) -> None:
        self.panel = panel
        self.repaint()

    def open_tool(self, key: str) -> None:
        """Open a panel by its name; not over a question that must be answered first."""
        if self.panel.pressing:
            return
        from app.screens.tools import make

        panel = make(key, self)
        if panel is not None:
            self.open(panel)

    def close(self) -> None:
        self.open(self.ringing())

    def tell(self, outcome: Outcome) -> None:
        """Say what came of an act, here or outside the screen, and show what it changed."""
        if outcome.line is not None:
            self.selected = outcome.line
        if outcome.refused:
            self.cue = self.cue.next("refused")
        elif outcome.code == "sold":
            self.cue = self.cue.next("paid")
        if outcome.code == "no_shift" and not self.panel.pressing:
            from app.screens.panels.shift import OpenShift

            self.panel = OpenShift(self)
        if outcome.code == "ask_age" and not self.panel.pressing:
            from app.screens.panels.asking_age import AskingAge

            self.panel = AskingAge(self, int(outcome.values["age"]))
        if outcome.code == "gift_card_number" and outcome.line is not None and not self.panel.pressing:
            from app.screens.panels.gift_card import GiftCardSold

            self.panel = GiftCardSold(self, outcome.line)
        if outcome.code in ("member_here", "member_repriced"):
            self._met()
        self.said = Said.of(self._in_words(outcome))
        self.repaint()

    @property
    def ringing_up(self) -> bool:
        """Whether the middle is for nothing else."""
        return isinstance(self.panel, Ringing | Searching | PaidUp)

    def _met(self) -> None:
        """A member is here who may be another one, too: ask, unless something else is being done."""
        member = self.till.member
        twin = self.members.twin(member.id) if member and self.ringing_up else None
        if twin is not None:
            from app.screens.panels.member_acts import Proposed

            self.panel = Proposed(self, twin)

    def heard(self, outcome: Outcome) -> None:
        """What came of something that was asked outside: of the terminal, the fiscal device, the cashier."""
        if outcome.code == "sold":
            paid_up(self, outcome)
            return
        if outcome.code == "card_of_nobody":
            self.loose_card = str(outcome.values.get("token", ""))
        elif outcome.code in ("member_here", "member_repriced"):
            self.loose_card = ""
            self.panel = self.ringing() if self.panel.enrols else self.panel
        if self.till.sale.stage is Stage.OPEN and isinstance(self.panel, Charging):
            again = self.till.sale.lines and not self.panel.apart
            self.panel = Paying(self) if again else self.ringing()
        self.tell(outcome)

    def weigh(self, event: ScaleEvent) -> None:
        """What lies on the scale now, or why it does not say."""
        self.scale = event
        self.status.scale(event)
        self.repaint()

    def repaint(self) -> None:
        """Show everything anew: prices at once, and what is worth saying about them a moment later."""
        self._settle()
        if self.later is None:
            self.till.explained()
        elif not self.till.is_explained:
            self.later(self._explain)
        self.view = self._view()
        self.publish(self.view)

    def _explain(self) -> None:
        if not self.till.is_explained:
            self.till.explained()
            self.view = self._view()
            self.publish(self.view)

    # -- within ------------------------------------------------------------------------------------------

    def _in_words(self, outcome: Outcome) -> Outcome:
        """The till names products in the shop's language; the cashier reads another one perhaps."""
        line = None if outcome.line is None else self.till.sale.line(outcome.line)
        gone = (each.name for each in self.view.basket.lines if each.key == str(outcome.line))
        name = next(gone, None) if line is None else line.name_in(self.lang)
        return replace(outcome, values={**outcome.values, "name": name}) if name else outcome

    def _settle(self) -> None:
        """Selection and panel follow the basket: what is gone cannot be selected, counted or paid."""
        lines = self.till.sale.lines
        if all(line.key != self.selected for line in lines):
            self.selected = lines[-1].key if lines else None
        if self.till.people.locked:
            self._lock()
        elif self.till.sale.stage is Stage.TENDERED:
            self.panel = self.panel if isinstance(self.panel, Charging) else Charging(self)
        elif not self.panel.goes_on():
            self.panel = self.ringing()

    def _lock(self) -> None:
        from app.screens.panels.people import SigningIn

        if not isinstance(self.panel, SigningIn):
            self.panel = SigningIn(self)

    def staff_card(self, event: CardTapped) -> None:
        """A card on the staff's reader, which is never a member's: it signs in, or agrees to something."""
        if self.panel.tapped(event):
            return self.repaint()
        outcome = self.till.people.present(f"uid:{event.uid}", "card")
        return self.tell(outcome or refused("staff_card_unknown"))

    @property
    def free(self) -> bool:
        """Whether anything but the middle can be used now: not before somebody signs in or answers, nor while
        a terminal or a fiscal device is at it."""
        till = self.till
        return not self.panel.pressing and not till.people.locked and not till.outside.waits_for

    def actions(self) -> tuple[Action, ...]:
        free = self.free and self.till.sale.stage is Stage.OPEN
        lines = free and bool(self.till.sale.lines)
        return (
            *((Action.UNDO,) if self.till.can_undo and self.free else ()),
            *((Action.VOID_LINE,) if lines else ()),
            *((Action.PARK,) if lines or (free and self.till.parking.list) else ()),
            *((Action.REFUND,) if free else ()),
        )

    def ringing(self) -> Panel:
        return Ringing(self, self._favourites)

    def tiles(self) -> views.Favourites:
        return views.Favourites(tuple(self.show.tile(each) for each in self.catalogue.favourites()))

    def retile(self) -> None:
        self._favourites = self.tiles()
        if isinstance(self.panel, Ringing):
            self.panel = self.ringing()

    def _view(self) -> views.SaleView:
        show = self.show
        middle = self.panel.view()
        return views.SaleView(
            state=show.state_line(self.status.devices, self.world.now_ms()),
            basket=show.basket(self.selected, self.actions()),
            middle=middle,
            member=show.member(),
            can_enrol=not self.panel.enrols and self.free,
            free=self.free,
            total=show.total(middle),
            notice=self.said.notice(show.words, show.currency, show.rule),
            cue=self.cue,
        )


def _nobody(_: views.SaleView) -> None: ...
