"""View states of panels that are made of the same few parts: a keypad, fields, rows, tiles, quantities.

A panel that can be said with one of these needs a presenter and no widget of its own. All words are in the
cashier's language already; `key` is what a part is called when it comes back as an intent.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct

YES, BACK = "yes", "back"
"""Keys of the button that goes on (Enter presses it) and of the one that leads back (Escape)."""


class Touched(Protocol):
    """Whoever hears what is done with such a panel."""

    def press(self, key: str) -> None: ...
    def pick(self, key: str) -> None: ...
    def type(self, field: str, text: str) -> None: ...
    def take(self) -> None: ...


class Press(Struct, frozen=True):
    """A button at the foot of a panel; `hint` is the key that does the same, shown on it."""

    key: str
    text: str
    hint: str = ""
    loud: bool = False
    enabled: bool = True
    icon: str = ""


class Choice(Struct, frozen=True):
    """One of several to choose, or a box to tick."""

    key: str
    text: str
    chosen: bool = False
    detail: str = ""


class Sign(StrEnum):
    """What a row means, as an icon beside its words; never a colour alone."""

    NONE = ""
    YES = "check"
    NO = "x"
    MEMBER = "user-round"
    COPY = "receipt-text"
    BACK = "corner-up-left"
    WARN = "triangle-alert"
    GIFT = "gift"
    PAUSE = "pause"


class Row(Struct, frozen=True):
    """A row of a list: a title over a detail, a figure on the right."""

    key: str
    title: str
    detail: str = ""
    figure: str = ""
    sign: Sign = Sign.NONE
    loud: bool = False
    """A sum among the rows, or the row that matters."""


class Pad(Struct, frozen=True):
    """A figure typed on a keypad, with a choice beside it: a price, a PIN, a count, a sum with its reason."""

    title: str
    detail: str = ""
    figure: str = ""
    unit: str = ""
    choices: tuple[Choice, ...] = ()
    problem: str = ""
    presses: tuple[Press, ...] = ()
    decimal: bool = True
    """Whether the keypad has a decimal separator."""
    secret: bool = False
    """What was typed is a PIN: `figure` holds dots."""


class Entry(Struct, frozen=True):
    """A field to type into; what is typed into a `secret` one is not shown."""

    key: str
    label: str
    text: str = ""
    icon: str = ""
    hint: str = ""
    secret: bool = False


class Form(Struct, frozen=True):
    """Fields to type into and boxes to tick; `note` says what a card or scan would do here."""

    title: str
    detail: str = ""
    entries: tuple[Entry, ...] = ()
    choices: tuple[Choice, ...] = ()
    """One of several to choose."""
    checks: tuple[Choice, ...] = ()
    """Boxes to tick."""
    note: str = ""
    problem: str = ""
    presses: tuple[Press, ...] = ()


class Rows(Struct, frozen=True):
    """A list to read or to pick from; `empty` is said instead of rows that are not there."""

    title: str
    detail: str = ""
    rows: tuple[Row, ...] = ()
    empty: str = ""
    pickable: bool = False
    sums: tuple[Row, ...] = ()
    """Rows that stay in sight below the list."""
    presses: tuple[Press, ...] = ()
    search: str | None = None
    """What was typed into the panel's own search field; None for a panel without one."""
    search_hint: str = ""


class Tool(Struct, frozen=True):
    """A large tile that opens something; `hint` is the key that does the same."""

    key: str
    text: str
    icon: str
    hint: str = ""
    detail: str = ""
    enabled: bool = True


class Tools(Struct, frozen=True):
    """Everything that is done rarely, on tiles large enough to find."""

    title: str
    detail: str = ""
    tools: tuple[Tool, ...] = ()
    presses: tuple[Press, ...] = ()


class Count(Struct, frozen=True):
    """A row with a quantity between − and +."""

    key: str
    title: str
    quantity: str
    detail: str = ""
    figure: str = ""
    less: bool = False
    more: bool = False


class Counts(Struct, frozen=True):
    """Lines of which some go back: how many of each, and what follows from it before it is done."""

    title: str
    detail: str = ""
    rows: tuple[Count, ...] = ()
    sums: tuple[Row, ...] = ()
    choices: tuple[Choice, ...] = ()
    problem: str = ""
    presses: tuple[Press, ...] = ()


class Side(Struct, frozen=True):
    """One of two that are compared: its name, what becomes of it, and what it has, row by row."""

    name: str
    fate: str = ""
    rows: tuple[Row, ...] = ()


class Compare(Struct, frozen=True):
    """Two beside each other, and the question what becomes of them."""

    title: str
    sides: tuple[Side, Side]
    detail: str = ""
    problem: str = ""
    presses: tuple[Press, ...] = ()


AnyForm = Compare | Pad | Form | Rows | Tools | Counts
