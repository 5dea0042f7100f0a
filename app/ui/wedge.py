"""The event filter that takes a keyboard-wedge scanner's keys out of what the cashier types.

A key is held back for one gap before it reaches the window, so a scanned digit is never in a field, not even
for a moment; a person's key comes 50 ms later than it would, which nobody feels. A plain character is no
shortcut while the filter is on, for a scanner may send any of them: bind function keys or Ctrl and Alt.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent, QWindow
from shiboken6 import isValid

from hardware.ports import ScanEvent
from hardware.scanners.keys import character
from hardware.scanners.wedge import WedgeScanner, WedgeSettings

# By number: Qt has keys (all Cyrillic letters, for one) that its enumeration does not name.
_ENDS: Final = {int(Qt.Key.Key_Return): "\n", int(Qt.Key.Key_Enter): "\n", int(Qt.Key.Key_Tab): "\t"}
_MODIFIERS: Final = frozenset(
    map(
        int,
        (
            Qt.Key.Key_Shift,
            Qt.Key.Key_Control,
            Qt.Key.Key_Alt,
            Qt.Key.Key_AltGr,
            Qt.Key.Key_Meta,
            Qt.Key.Key_CapsLock,
            Qt.Key.Key_NumLock,
        ),
    )
)
_COMMAND: Final = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)
_GROUP_SEPARATOR: Final = "\x1d"


@dataclass(frozen=True, slots=True)
class _Held:
    """A key event on its way to a window."""

    window: QWindow
    event: QKeyEvent

    @property
    def key(self) -> int:
        return self.event.nativeScanCode() or self.event.key()


class WedgeFilter(QObject):
    """Keep it, and call `watch` once. `sink` is called in the window's thread.

    It filters every window that gets the focus, a modal dialog included, and nothing else: a filter of the
    application would be a call for each event of each widget, and PySide6 makes the classes of everything
    there is in Qt to tell what those are (a tenth of a start).
    """

    def __init__(
        self,
        settings: WedgeSettings,
        sink: Callable[[ScanEvent], None],
        parent: QObject | None = None,
        platform: str | None = None,
    ) -> None:
        super().__init__(parent)
        self.scanner: WedgeScanner[_Held] = WedgeScanner(settings)
        self.scanner.start(sink)
        self._platform = platform or _platform()
        self._taken: set[int] = set()
        """Keys whose press was kept from the window so far; their release is kept from it too."""
        self._silence = QTimer(self, singleShot=True, interval=settings.gap_ms + 5)
        self._silence.setTimerType(Qt.TimerType.PreciseTimer)
        self._silence.timeout.connect(self._maybe_silent)
        # After a busy time the timer may be served before the keys that waited; they go first.
        self._sure = QTimer(self, singleShot=True, interval=0)
        self._sure.timeout.connect(self._silent)
        self._windows: list[QWindow] = []
        """Held, so that they are known when their events come."""

    def watch(self) -> None:
        """Take keys from the window that has the focus, and from each that gets it later."""
        application = QCoreApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.focusWindowChanged.connect(self._focused)
        self._focused(application.focusWindow())

    def _focused(self, window: QWindow | None) -> None:
        self._windows = [known for known in self._windows if isValid(known)]
        if window is not None and window not in self._windows:
            self._windows.append(window)
            window.installEventFilter(self)

    def close(self) -> None:
        """Stop taking keys; what is held is typed."""
        self.scanner.stop()
        self._silent()
        application = QCoreApplication.instance()
        if isinstance(application, QGuiApplication):
            application.focusWindowChanged.disconnect(self._focused)
        for window in self._windows:
            if isValid(window):
                window.removeEventFilter(self)
        self._windows.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(watched, QWindow) or not isinstance(event, QKeyEvent):
            return False
        if not self.scanner.active or not event.spontaneous():
            return False  # what this filter replays does not come from the window system
        match event.type():
            case QEvent.Type.ShortcutOverride:
                return self._keep_from_shortcuts(event)
            case QEvent.Type.KeyPress:
                return self._press(_Held(watched, event.clone()))
            case QEvent.Type.KeyRelease:
                return self._release(_Held(watched, event.clone()))
            case _:
                return False

    def _keep_from_shortcuts(self, event: QKeyEvent) -> bool:
        char = self._char(event)
        if not char or (char in _ENDS.values() and not self.scanner.in_burst(_time_ms(event))):
            return False
        event.accept()
        return True

    def _press(self, held: _Held) -> bool:
        event = held.event
        if not self._char(event):
            if event.key() not in _MODIFIERS:
                # Whatever was typed before this key must arrive before it.
                self._replay(self.scanner.idle())
            return False
        self._sure.stop()
        typed = self.scanner.press(_time_ms(event), self._char(event), held)
        self._taken.add(held.key)
        if self.scanner.holding:
            self._silence.start()
        else:
            self._silence.stop()
        self._replay(typed)
        return True

    def _release(self, held: _Held) -> bool:
        if held.key not in self._taken:
            return False
        self._taken.discard(held.key)
        # Behind a press that is held it waits its turn; behind one that was scanned it goes nowhere.
        self.scanner.ride_along(held)
        return True

    def _maybe_silent(self) -> None:
        self._sure.start()

    def _silent(self) -> None:
        self._silence.stop()
        self._replay(self.scanner.idle())

    def _replay(self, typed: list[_Held]) -> None:
        for held in typed:
            window = _window_for(held)
            if window is None:
                continue  # nobody is left to type to
            if held.event.type() == QEvent.Type.KeyPress:
                self._taken.discard(held.key)
            QCoreApplication.sendEvent(window, held.event)

    def _char(self, event: QKeyEvent) -> str:
        """What this key is of a code, "" for a key no scanner sends (or one that a person holds down)."""
        if event.isAutoRepeat():
            return ""
        code = event.nativeVirtualKey() if self._platform == "macos" else event.nativeScanCode()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.modifiers() & _COMMAND:
            bracket = character(self._platform, code, False, "") == "]"
            control = event.modifiers() & _COMMAND == Qt.KeyboardModifier.ControlModifier
            # How a keyboard says GS, the separator inside GS1 codes.
            return _GROUP_SEPARATOR if bracket and control and self.scanner.holding else ""
        return _ENDS.get(event.key(), "") or character(self._platform, code, shift, event.text())


def _platform() -> str:
    return {"win32": "windows", "darwin": "macos"}.get(sys.platform, "x11")


def _time_ms(event: QKeyEvent) -> int:
    """When the key was pressed, by the window system's clock; by ours where it has none."""
    return event.timestamp() or time.monotonic_ns() // 1_000_000


def _window_for(held: _Held) -> QWindow | None:
    """The window the key was pressed in, or the one in front if that is closed by now."""
    if isValid(held.window) and held.window.isVisible():
        return held.window
    return QGuiApplication.focusWindow()
