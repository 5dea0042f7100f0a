"""The only way from a lane into the window: a call queued on the window's event loop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6 import QtCore
from PySide6.QtCore import QObject, Signal, Slot


class Bridge(QObject):
    """Carries calls from any thread to the thread it was made in (the window's), in order.

    A call's error is a bug of the one who posted it: it reaches `sys.excepthook` like any error in the
    window. After `close` calls are dropped: the window they were meant for is gone.
    """

    _posted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._open = True
        # Queued also within the window's own thread: nobody is called back inside his own call.
        self._posted.connect(self._run, QtCore.Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], None]) -> None:
        """Run `call` in the window's thread, soon. Safe from any thread; returns at once."""
        self._posted.emit(call)

    def close(self) -> None:
        """Drop everything that is still on its way."""
        self._open = False

    @Slot(object)
    def _run(self, call: Callable[[], None]) -> None:
        if self._open:
            call()
