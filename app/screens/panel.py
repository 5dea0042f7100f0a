"""What can fill the middle of the sale screen: a panel, and the screen as a panel sees it.

A panel is opened, shows itself as a view state, takes keys and touches, and closes. It is never modal: a scan
or a card that it does not want for itself goes on to the till, and a product rung up closes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from app.checkout.outcome import Outcome
from app.checkout.ports import Catalogue, Members
from app.checkout.rights import Approval, Role
from app.checkout.till import Till
from app.lanes import World
from app.screens import views
from app.screens.forms import BACK, YES, Press
from app.screens.showing import Shower
from hardware.ports import CardFailed, CardTapped, CardWritten, ScaleEvent


class CardIssuer(Protocol):
    """Gives out card numbers and writes them on blank cards."""

    def new_card_number(self) -> str: ...
    def write_card(
        self, event: int, record: str, done: Callable[[CardWritten | CardFailed], None]
    ) -> None: ...


class Screen(Protocol):
    """The sale screen's presenter, as far as panels need it."""

    till: Till
    world: World
    catalogue: Catalogue
    members: Members
    loose_card: str
    """A card that was shown and is nobody's yet; "" for none."""
    issuer: CardIssuer | None
    """Makes members' cards; None where nothing can write one."""
    blank: CardTapped | None
    """A blank card that lies on the reader and could become a member's."""
    selected: int | None
    """The key of the line that acts on a line are about."""

    panel: Panel
    """What fills the middle now."""

    scale: ScaleEvent | None
    """What the scale says now; None without one."""

    show: Shower

    def tell(self, outcome: Outcome) -> None:
        """Say what came of an act, and show what it changed."""
        ...

    def open(self, panel: Panel) -> None:
        """Fill the middle with another panel."""
        ...

    def open_tool(self, key: str) -> None:
        """Open a panel by its name in the list of tools."""
        ...

    def close(self) -> None:
        """Back to ringing up."""
        ...

    def ring(self, sku: str) -> None:
        """Ring up a product by its article number."""
        ...

    def repaint(self) -> None: ...

    def heard(self, outcome: Outcome) -> None:
        """What came of something that was asked outside: of the terminal, the fiscal device, the cashier."""
        ...


class Panel:
    """One thing the middle is for. Subclasses say what of touch, keys, scans and cards they take."""

    stays = False
    """A product rung up meanwhile does not close it."""

    @property
    def pressing(self) -> bool:
        """Only an answer leads on: Escape, pay and other panels do not."""
        return False

    enrols = False
    """It is where a new member is made: the offer to enrol is not shown beside it."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    @property
    def till(self) -> Till:
        return self.screen.till

    @property
    def show(self) -> Shower:
        return self.screen.show

    def say(self, message: str, **values: object) -> str:
        """A text of the panels' catalogue."""
        return self.show.words.get(f"panel.{message}", **values)

    def view(self) -> views.Middle:
        raise NotImplementedError

    # -- touch and keys ----------------------------------------------------------------------------------

    def key(self, key: str) -> None:
        """A key of the keypad: a digit, "," for the separator, or backspace."""

    def take(self) -> None:
        """Enter."""
        self.press(YES)

    def press(self, key: str) -> None:
        """A button of the panel."""
        if key == BACK:
            self.screen.close()

    def pick(self, key: str) -> None:
        """A row, a tile or a choice."""

    def type(self, field: str, text: str) -> None:
        """What stands in a field now."""

    def step(self, key: str, by: int) -> None:
        """A row's − or +."""

    # -- what lanes tell ---------------------------------------------------------------------------------

    def scanned(self, text: str, aim: str | None) -> bool:
        """Whether a code was meant for this panel; the till rings up every other one."""
        return False

    def unknown(self, code: str) -> bool:
        """Whether it takes a code that the till knows for nothing."""
        return False

    def unclaimed(self, card: str) -> bool:
        """Whether it takes a card or code that is nobody's."""
        return False

    def tapped(self, event: CardTapped) -> bool:
        """Whether a card was meant for this panel."""
        return False

    def goes_on(self) -> bool:
        """False once what it is about is gone from the basket."""
        return True

    # -- somebody else's yes -----------------------------------------------------------------------------

    def approve(self, outcome: Outcome, again: Callable[[Approval], None]) -> bool:
        """Ask for an approval where an act was refused for want of one; `again` does it with that."""
        if outcome.code != "needs_approval":
            return False
        from app.screens.panels.people import Approving

        act, role = str(outcome.values["act"]), Role(str(outcome.values["role"]))
        self.screen.open(Approving(self.screen, act, role, again, self, self._about(outcome)))
        return True

    def _about(self, outcome: Outcome) -> str:
        """What somebody is to agree to: of what, how much."""
        show, said = self.show, outcome.values
        line = None if outcome.line is None else self.till.sale.line(outcome.line)
        item = show.rule(str(said["item"])) if "item" in said else ""
        name = line.name_in(show.words.lang) if line else str(said.get("name", "")) or item
        parts = [f"№ {said['number']}"] if "number" in said else []
        if "after_minor" in said:
            parts.append(f"{show.money(int(said['before_minor']))} → {show.money(int(said['after_minor']))}")
        if "amount_minor" in said:
            parts.append(show.money(int(said["amount_minor"])))
        if points_centi := int(said.get("points_centi", 0)):
            parts.append(show.words.counted_points(points_centi))
        return ", ".join(part for part in (name, *parts) if part)

    # -- parts that many need ----------------------------------------------------------------------------

    def back(self) -> Press:
        return Press(BACK, self.say("back"), "Esc", icon="arrow-left")

    def other(self, key: str, text: str) -> Press:
        """A button beside those two."""
        return Press(key, text)

    def go(self, text: str, *, enabled: bool = True) -> Press:
        return Press(YES, text, "Enter", loud=True, enabled=enabled)
