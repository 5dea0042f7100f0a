"""Where everything stands on the sale screen, as a pure function of the room there is.

Three columns from 1,200 px on. Below, the middle lies over the basket's lower half and opens when it is
needed. TOTAL and PAY are at the right foot in either, and nothing moves them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from PySide6.QtCore import QRect

from app.ui import scale as lk

WIDE_PX: Final = 1200
LEFT, MIDDLE, RIGHT = 576, 380, 346
"""The columns' shares at 1366 px."""
_RIGHT_LEAST: Final = 330
_RIGHT_MOST: Final = 460


class Places(NamedTuple):
    basket: QRect
    actions: QRect
    search: QRect
    middle: QRect
    message: QRect
    member: QRect
    total: QRect
    pay: QRect
    wide: bool
    toggle: QRect = QRect()
    """Opens and shuts the middle; only where it does not stand by itself."""
    more: QRect = QRect()
    """Opens the menu; beside the search, and gone with it."""


def arrange(width_px: int, height_px: int, *, opened: bool, deep: bool = False, touch_px: int = 0) -> Places:
    """Places below the state line. `opened`: the middle is wanted; `deep`: with all the height there is.

    `touch_px` is the least side of anything to press.
    """
    button_px, line_px = max(lk.BUTTON_PX, touch_px), max(lk.LINE_PX, touch_px)
    gap = lk.L
    inside = QRect(gap, gap, width_px - 2 * gap, height_px - 2 * gap)
    wide = width_px >= WIDE_PX
    room = inside.width() - 2 * gap
    right_px = room * RIGHT // (LEFT + MIDDLE + RIGHT) if wide else _RIGHT_LEAST
    right = QRect(0, inside.top(), min(max(right_px, _RIGHT_LEAST), _RIGHT_MOST), inside.height())
    right.moveRight(inside.right())
    pay = QRect(right.left(), right.bottom() - lk.PAY_PX + 1, right.width(), lk.PAY_PX)
    total = QRect(right.left(), pay.top() - lk.M - lk.TOTAL_PX, right.width(), lk.TOTAL_PX)
    member = QRect(right.left(), right.top(), right.width(), total.top() - lk.M - right.top())
    rest = QRect(inside.left(), inside.top(), right.left() - gap - inside.left(), inside.height())
    if wide:
        return _wide(rest, member, total, pay, button_px)
    return _narrow(rest, member, total, pay, opened=opened, deep=deep, button_px=button_px, line_px=line_px)


def _wide(rest: QRect, member: QRect, total: QRect, pay: QRect, button_px: int) -> Places:
    left_px = (rest.width() - lk.L) * LEFT // (LEFT + MIDDLE)
    left = QRect(rest.left(), rest.top(), left_px, rest.height())
    middle = rest.adjusted(left_px + lk.L, 0, 0, 0)
    actions = _foot(left, button_px)
    message = _foot(middle, lk.MESSAGE_PX)
    more_px = button_px + lk.M
    search = QRect(middle.left(), middle.top(), middle.width() - more_px - lk.S, button_px)
    return Places(
        basket=left.adjusted(0, 0, 0, -(actions.height() + lk.M)),
        actions=actions,
        search=search,
        middle=middle.adjusted(0, search.height() + lk.M, 0, -(message.height() + lk.M)),
        message=message,
        member=member,
        total=total,
        pay=pay,
        wide=True,
        more=QRect(middle.right() - more_px + 1, middle.top(), more_px, button_px),
    )


def _narrow(
    rest: QRect,
    member: QRect,
    total: QRect,
    pay: QRect,
    *,
    opened: bool,
    deep: bool,
    button_px: int,
    line_px: int,
) -> Places:
    message = _foot(rest, lk.MESSAGE_PX)
    above = rest.adjusted(0, 0, 0, -(message.height() + lk.S))
    middle = search = actions = QRect()
    if deep:
        # What is typed now is money or a name: search and the basket's buttons give way.
        middle = _foot(above, above.height() - 3 * line_px - lk.S)
        above = above.adjusted(0, 0, 0, -(middle.height() + lk.S))
    else:
        if opened:
            height = above.height() - 5 * line_px - 2 * (button_px + lk.S) - lk.S
            middle = _foot(above, max(height, 0))
            above = above.adjusted(0, 0, 0, -(middle.height() + lk.S))
        search = _foot(above, button_px)
        actions = search.translated(0, -(button_px + lk.S))
        above = above.adjusted(0, 0, 0, -2 * (button_px + lk.S))
    toggle = more = QRect()
    if not deep:
        more_px = button_px + lk.M
        more = QRect(search.right() - more_px + 1, search.top(), more_px, search.height())
        search = search.adjusted(0, 0, -(more_px + lk.S), 0)
        toggle = QRect(search.right() - button_px + 1, search.top(), button_px, search.height())
        search = search.adjusted(0, 0, -(button_px + lk.S), 0)
    return Places(
        above, actions, search, middle, message, member, total, pay, wide=False, toggle=toggle, more=more
    )


def _foot(of: QRect, height_px: int) -> QRect:
    return QRect(of.left(), of.bottom() - height_px + 1, of.width(), height_px)
