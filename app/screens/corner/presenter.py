"""The manager's corner: which page is looked at, and who may."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, NamedTuple

from msgspec import Struct

from app.checkout.till import Till
from app.lanes import World
from app.screens.corner.page import Back, Body, Page, Past
from app.screens.device_page import DevicesPresenter
from app.screens.forms import BACK, YES, Rows, Tool
from app.texts import Texts, texts


class PageSpec(NamedTuple):
    """A page by its key: its icon, and the class that makes it, imported when it is first looked at."""

    key: str
    icon: str
    place: str


PAGES: Final = (
    PageSpec("day", "chart-column", "day:Day"),
    PageSpec("exceptions", "shield-check", "exceptions:Exceptions"),
    PageSpec("repair", "scan-barcode", "repair:Repair"),
    PageSpec("programme", "ticket-percent", "programme:InForce"),
    PageSpec("staff", "users", "staff:StaffPage"),
    PageSpec("devices", "monitor", "devices:Devices"),
    PageSpec("settings", "settings", "settings:Settings"),
)


class CornerView(Struct, frozen=True):
    """The rail of pages, `current` among them, and what that page shows."""

    tabs: tuple[Tool, ...]
    current: str
    body: Body


class CornerPresenter:
    """`publish` hears each new state while the corner is open."""

    def __init__(
        self,
        till: Till,
        past: Past,
        back: Back,
        world: World,
        *,
        lang: str = "",
        devices: Callable[[], DevicesPresenter | None] | None = None,
        publish: Callable[[CornerView], None] | None = None,
    ) -> None:
        self.till, self.past, self.back, self.world = till, past, back, world
        self.publish = publish or _unseen
        self._devices = devices or _none
        self.words: Texts = texts(lang or till.shop.lang)
        self._pages: dict[str, Page] = {}
        self.current = ""

    @property
    def devices(self) -> DevicesPresenter | None:
        """Whoever knows the devices; while nobody does there is no page of them."""
        return self._devices()

    # -- opening -------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return bool(self.current)

    def open(self, key: str = "day") -> None:
        """Look at a page, read now."""
        if self.current and self.current != key:
            self._page.left()
        self.current = key
        self._page.opened()
        self.show()

    def close(self) -> None:
        if self.current:
            self._page.left()
        self.current = ""

    def show(self) -> None:
        """Publish what the page shows now."""
        if self.current:
            self.publish(self.view())

    def switch_language(self, lang: str) -> None:
        self.words = texts(lang)
        self.show()

    def leave(self) -> bool:
        """Escape: one step back within the page; False if it was at its beginning."""
        if not (self.current and self._allowed and self._page.deep):
            return False
        self.press(BACK)
        return True

    # -- intents, as panels send them ------------------------------------------------------------------------

    def press(self, key: str) -> None:
        self._to(lambda page: page.press(key))

    def pick(self, key: str) -> None:
        self._to(lambda page: page.pick(key))

    def type(self, field: str, text: str) -> None:
        self._to(lambda page: page.type(field, text))

    def key(self, key: str) -> None:
        self._to(lambda page: page.key(key))

    def take(self) -> None:
        """Enter."""
        self.press(YES)

    def _to(self, intent: Callable[[Page], None]) -> None:
        if self.current and self._allowed:
            intent(self._page)
            self.show()

    # -- showing -------------------------------------------------------------------------------------------

    def view(self) -> CornerView:
        keys = [spec for spec in PAGES if spec.key != "devices" or self.devices is not None]
        tabs = tuple(
            Tool(spec.key, self.words.get(f"corner.tab.{spec.key}"), spec.icon, str(place))
            for place, spec in enumerate(keys, start=1)
        )
        return CornerView(tabs, self.current, self._page.body() if self._allowed else self._closed())

    @property
    def _page(self) -> Page:
        page = self._pages.get(self.current)
        if page is None:
            spec = next(spec for spec in PAGES if spec.key == self.current)
            module, _, name = spec.place.partition(":")
            page = getattr(import_module(f"app.screens.corner.{module}"), name)(self)
            self._pages[self.current] = page
        return page

    @property
    def _allowed(self) -> bool:
        needs, people = self._page.needs, self.till.people
        if needs is None or not people.staff:
            return True
        return people.who is not None and people.who.role.rank >= needs.rank

    def _closed(self) -> Rows:
        return Rows(title=self.words.get(f"corner.tab.{self.current}"), empty=self.words.get("corner.closed"))


def _none() -> None:
    """A till that has not listed its devices yet."""


def _unseen(_: CornerView) -> None: ...
