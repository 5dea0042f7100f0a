"""A page of the manager's corner, and the corner as a page sees it.

A page is read when it is looked at. It shows itself by the view states that panels are made of, so it needs
no widget of its own, and nothing on it is modal: a scan leads back to the sale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from app.checkout.rights import Role, Staff
from app.checkout.till import Till
from app.lanes import World
from app.ledger.facts import AnyFact
from app.screens import views
from app.screens.device_page import DevicesPresenter, DevicesView
from app.screens.forms import YES, AnyForm, Press
from app.stats.day import DayFigures
from app.texts import Texts

Body = views.DayView | DevicesView | AnyForm
"""What a page can show."""


class Past(Protocol):
    """The till's own projections."""

    def day(self, business_day: str) -> DayFigures: ...
    def exceptions(self, since_ms: int, limit: int) -> Sequence[AnyFact]: ...
    def unknown_codes(self) -> Sequence[tuple[str, str, int, int, int]]: ...


class Coming(Struct, frozen=True):
    """A programme that begins later."""

    id: str
    version: int
    valid_from_ms: int


class Setting(Struct, frozen=True):
    """A setting as it stands: `key` is its name in the file ("printer.address"), `choices` what it can be."""

    key: str
    value: str
    choices: tuple[str, ...] = ()
    secret: bool = False


class Back(Protocol):
    """What the corner reaches behind the till. What writes answers with a problem, or "" once it is done."""

    def coming(self) -> Sequence[Coming]: ...

    @property
    def staff_from_office(self) -> bool:
        """Whether head office publishes the list of staff: then it is changed there."""
        ...

    def put_staff(self, people: Sequence[Staff], answer: Callable[[str], None]) -> None: ...
    def settings(self) -> Sequence[Setting]: ...
    def change_setting(self, key: str, value: str, answer: Callable[[str], None]) -> None: ...


class Corner(Protocol):
    """What a page needs of the corner."""

    till: Till
    past: Past
    back: Back
    world: World
    words: Texts

    @property
    def devices(self) -> DevicesPresenter | None:
        """Whoever knows the devices; None while nobody does."""
        ...

    def show(self) -> None:
        """Publish the page as it is now."""
        ...


class Page:
    """One page. `needs` is the role of whoever may see it, in a shop that has a list of its staff."""

    needs: Role | None = None

    def __init__(self, corner: Corner) -> None:
        self.corner = corner

    def opened(self) -> None:
        """It is looked at from now on: read anew."""

    def left(self) -> None:
        """It is not looked at any more."""

    def body(self) -> Body:
        raise NotImplementedError

    # -- touch and keys, as a panel hears them -------------------------------------------------------------

    def key(self, key: str) -> None:
        """A key of a keypad."""

    def press(self, key: str) -> None:
        """A button."""

    def pick(self, key: str) -> None:
        """A row or a choice."""

    def type(self, field: str, text: str) -> None:
        """What stands in a field now."""

    @property
    def deep(self) -> bool:
        """Whether Escape leads back within the page."""
        return False

    # -- parts that many need ------------------------------------------------------------------------------

    def say(self, message: str, **values: object) -> str:
        return self.corner.words.get(f"corner.{message}", **values)

    def money(self, minor: int) -> str:
        return self.corner.words.money(minor, self.corner.till.shop.currency)

    def moment(self, at_ms: int) -> str:
        return self.corner.words.moment(at_ms, self.corner.till.shop.time_zone)

    def go(self, text: str, *, enabled: bool = True) -> Press:
        return Press(YES, text, "Enter", loud=True, enabled=enabled)
