"""A small window with the wedge filter on, that tells what reaches it. Runs as a program under Xvfb.

Reads commands on standard input, one a line, answers each with one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time

from PySide6.QtCore import QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.ui.wedge import WedgeFilter
from hardware.ports import Scan, ScanEvent
from hardware.scanners.wedge import WedgeSettings

SCANNER_GAP_MS, TYPING_GAP_MS = 500, 80
"""On a busy machine xdotool itself pauses amid a code, for tenths of a second at a load of ten to a core; a
person's keys only come further apart by that. So a test says which of the two it presses."""


class Probe(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.scans: list[list[str | None]] = []
        self.wedge: WedgeFilter | None = None
        self.clicks = 0
        self.shortcuts = 0
        self.most_seen = ""
        self.field = QLineEdit(self)
        self.field.textChanged.connect(self._changed)
        self.button = QPushButton("Pay", self)
        self.button.setAutoDefault(True)
        self.button.clicked.connect(self._clicked)
        self.dialog = QDialog(self)
        self.dialog.setModal(True)
        self.dialog_field = QLineEdit(self.dialog)
        self.dialog_button = QPushButton("OK", self.dialog, default=True)
        self.dialog_button.clicked.connect(self.dialog.accept)
        for parent, children in (
            (self, (self.field, self.button)),
            (self.dialog, (self.dialog_field, self.dialog_button)),
        ):
            layout = QVBoxLayout(parent)
            for child in children:
                layout.addWidget(child)
        for keys in (Qt.Key.Key_Return, Qt.Key.Key_5, Qt.Key.Key_F9):
            QShortcut(QKeySequence(keys), self).activated.connect(self._shortcut)

    def _changed(self, text: str) -> None:
        self.most_seen = max(self.most_seen, text, key=len)

    def _clicked(self) -> None:
        self.clicks += 1

    def _shortcut(self) -> None:
        self.shortcuts += 1

    def watch(self, gap_ms: int) -> None:
        """Tell scans by this pause between keys from now on."""
        if self.wedge is not None:
            self.wedge.close()
        self.wedge = WedgeFilter(WedgeSettings(gap_ms=gap_ms), self.scanned)
        self.wedge.watch()

    def scanned(self, event: ScanEvent) -> None:
        if isinstance(event, Scan):
            self.scans.append([event.text, event.aim])

    def state(self) -> dict[str, object]:
        return {
            "scans": self.scans,
            "text": self.field.text(),
            "dialog_text": self.dialog_field.text(),
            "dialog_open": self.dialog.isVisible(),
            "most_seen": self.most_seen,
            "clicks": self.clicks,
            "shortcuts": self.shortcuts,
            "focused": QApplication.focusWidget() is not None,
        }

    def obey(self, command: str) -> None:
        match command.split():
            case ["reset"]:
                self.dialog.reject()
                self.field.clear()
                self.dialog_field.clear()
                self.scans, self.clicks, self.shortcuts, self.most_seen = [], 0, 0, ""
                self.activateWindow()
                self.field.setFocus()
                self.watch(SCANNER_GAP_MS)
            case ["typing"]:
                self.watch(TYPING_GAP_MS)
            case ["button"]:
                self.button.setFocus()
            case ["dialog"]:
                self.dialog.show()
                self.dialog.activateWindow()
                self.dialog_field.setFocus()
            case ["busy", after_ms, for_ms]:
                QTimer.singleShot(int(after_ms), lambda: time.sleep(int(for_ms) / 1000))
            case _:
                pass


def main() -> None:
    application = QApplication(sys.argv[:1])
    probe = Probe()
    probe.show()
    probe.activateWindow()
    commands = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)

    def read() -> None:
        line = sys.stdin.readline()
        if not line:
            application.quit()
            return
        probe.obey(line.strip())
        print(json.dumps(probe.state()), flush=True)

    commands.activated.connect(read)
    application.exec()
    if probe.wedge is not None:
        probe.wedge.close()


if __name__ == "__main__":
    main()
