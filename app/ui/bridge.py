"""The only way from a lane into the window: a call queued on the window's event loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject


class Bridge(QObject):
    """Carries calls from any thread to the thread it was made in (the window's), in order.

    A call never runs inside the one that posts it. Its error is a bug of the one who posted it: it reaches
    `sys.excepthook` like any error in the window. After `close` calls are dropped: the window they were
    meant for is gone.

    Posted events rather than a queued signal: the connection's type would name `QtCore.Qt`, which costs the
    first frame 46 ms (docs/decisions/0042).
    """

    def __init__(self) -> None:
        super().__init__()
        self._calls: deque[Callable[[], None]] = deque()
        self._open = True

    def post(self, call: Callable[[], None]) -> None:
        """Run `call` in the window's thread, soon. Safe from any thread; returns at once."""
        self._calls.append(call)
        QCoreApplication.postEvent(self, QEvent(QEvent.Type.User))

    def close(self) -> None:
        """Drop everything that is still on its way."""
        self._open = False

    def customEvent(self, event: QEvent) -> None:
        # One event, one call: an error in one does not hold up the next.
        call = self._calls.popleft()
        if self._open:
            call()
