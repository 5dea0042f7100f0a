"""The one Qt application of the program, and how large it shows everything."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


def enlarge(percent: int) -> None:
    """Show everything so much larger. Qt asks once, before there is an application; who starts the program
    may have said it already."""
    if percent != 100:
        os.environ.setdefault("QT_SCALE_FACTOR", f"{percent / 100:g}")


def application() -> QApplication:
    """The one QApplication, with the program's name."""
    from PySide6.QtWidgets import QApplication

    found = QApplication.instance()
    qt = found if isinstance(found, QApplication) else QApplication(sys.argv[:1])
    qt.setApplicationName("stempel")
    qt.setApplicationDisplayName("Stempel")
    return qt
