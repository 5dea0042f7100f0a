"""The panels that are opened by name: which there are, their keys, and where each is imported from.

A panel is imported when it is first opened, so that a new one costs the start nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, NamedTuple

from app.checkout.till import Till
from app.screens.panel import Panel, Screen


def _always(_: Till) -> bool:
    return True


def _basket(till: Till) -> bool:
    return bool(till.sale.lines)


def _nobody(till: Till) -> bool:
    return till.member is None


def _departments(till: Till) -> bool:
    return bool(till.shop.departments)


def _shift(till: Till) -> bool:
    return till.shift is not None


def _staffed(till: Till) -> bool:
    return bool(till.people.staff)


def _somebody(till: Till) -> bool:
    return till.member is not None


def _rewards(till: Till) -> bool:
    return till.rewards.there


class ToolSpec(NamedTuple):
    """`shortcut` opens it from anywhere. Without `icon` it has a button of its own and no tile in the menu.

    `there` says whether this shop has it at all, `usable` whether it can be used now.
    """

    key: str
    place: str
    """Module below app.screens.panels, and what in it makes the panel."""
    icon: str = ""
    shortcut: str = ""
    usable: Callable[[Till], bool] = _always
    there: Callable[[Till], bool] = _always


TOOLS: Final = (
    ToolSpec("more", "more:More", shortcut="F5"),
    ToolSpec("why", "why:Why", "circle-question-mark", usable=_basket),
    ToolSpec("enrol", "enrolling:Enrolling", usable=_nobody),
    ToolSpec("park", "parking:park_or_list", shortcut="F7"),
    ToolSpec("refund", "refunding:RefundFinding", shortcut="F8"),
    ToolSpec("history", "history:History", "history"),
    ToolSpec("price", "pricing:Price", "tag", usable=_basket),
    ToolSpec("discount", "pricing:Discount", "percent", usable=_basket),
    ToolSpec("open_price", "pricing:OpenPrice", "package-open", there=_departments),
    ToolSpec("note", "noting:Noting", "file-text", usable=_basket),
    ToolSpec("clear", "acts:clear", "trash-2", usable=_basket),
    ToolSpec("member", "member:MemberMenu", "id-card", usable=_somebody),
    ToolSpec("rewards", "rewards:Rewards", "gift", usable=_rewards),
    ToolSpec("code", "codes:Codes", "ticket-percent"),
    ToolSpec("shift", "shift:shift", "calculator"),
    ToolSpec("cash", "shift:PayInOut", "wallet", usable=_shift),
    ToolSpec("drawer", "shift:OpenDrawer", "inbox", usable=_shift),
    ToolSpec("staff", "people:SigningIn", "users", there=_staffed),
    ToolSpec("lock", "acts:lock", "lock", there=_staffed),
    ToolSpec("gift_card", "gift_card:GiftCardEntry"),
    ToolSpec("help", "help:Help", "keyboard", "F1"),
)
SHORTCUTS: Final = tuple((tool.key, tool.shortcut) for tool in TOOLS if tool.shortcut)
_BY_KEY: Final = {tool.key: tool for tool in TOOLS}


def menu(till: Till) -> tuple[ToolSpec, ...]:
    """The tools with a tile that this shop has, in their places."""
    return tuple(tool for tool in TOOLS if tool.icon and tool.there(till))


def make(key: str, screen: Screen) -> Panel | None:
    """A panel of this name, ready to be opened; None while it cannot be used, or was an act and is done."""
    tool = _BY_KEY[key]
    if not (tool.usable(screen.till) and tool.there(screen.till)):
        return None
    module, _, name = tool.place.partition(":")
    return getattr(import_module(f"app.screens.panels.{module}"), name)(screen)
