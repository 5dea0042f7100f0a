"""The customer's window: no word cut in any language and size, a code that scans, and its own screen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.screens.customer import CustomerPresenter, CustomerView
from app.ui import scenes
from app.ui.controls import Label
from app.ui.customer import CustomerWindow, zoom_for
from app.ui.customer_parts import QrCode
from app.ui.look import Look

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
SIZES = [(800, 480), (1024, 768), (1280, 800), (1920, 1080), (768, 1024)]
SCENES = ["empty", "selling", "crowded", "spending", "paying", "paid"]


@pytest.fixture(scope="module", params=["ru", "pl", "en"])
def played(request: pytest.FixtureRequest) -> dict[str, CustomerView]:
    return {name: scenes.customer(name, request.param) for name in SCENES}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_no_word_is_cut(look: Look, played: dict[str, CustomerView], size: tuple[int, int]) -> None:
    window = CustomerWindow(look)
    window.resize(*size)
    window.show()
    for name, view in played.items():
        look.cuts = []
        window.set(view)
        for _ in range(3):
            QApplication.processEvents()
        window.grab()
        labels = [label for label in window.findChildren(Label) if label.isVisible()]
        assert look.cuts == [], name
        assert [label.text() for label in labels if label.is_cut()] == [], name
        assert all(isinstance(label, QLabel) for label in labels)
        assert not window.basket.isVisible() or not window.basket.member.geometry().intersects(
            window.basket.total.geometry()
        ), name
    look.cuts = None
    window.close()


def test_it_grows_with_its_screen(qtbot: QtBot, look: Look, played: dict[str, CustomerView]) -> None:
    """What is read at arm's length on seven inches is read across a counter on fifteen."""
    window = CustomerWindow(look)
    qtbot.addWidget(window)
    window.set(played["paid"])
    heights: list[int] = []
    for size in SIZES[:4]:
        window.resize(*size)
        window.show()
        QApplication.processEvents()
        assert window.thanks.isVisible(), "another screen shows what the one before showed"
        heights.append(window.thanks.marks[0].height())
    assert heights == sorted(set(heights)), "each larger than the one before"
    assert zoom_for(1920, 1080) == zoom_for(1080, 1920) > zoom_for(1280, 800) > 1 == zoom_for(640, 480)


def test_a_press_on_a_mark_reaches_the_till(qtbot: QtBot, look: Look) -> None:
    with scenes.Stage("en") as stage:
        marks: list[int] = []
        presenter = CustomerPresenter(stage.till, stage.world, rated=lambda sale, mark: marks.append(mark))
        window = CustomerWindow(look)
        qtbot.addWidget(window)
        window.serve(presenter)
        stage.sale.publish = presenter.follow
        scenes.paying.paid(stage)
        window.resize(1024, 768)
        window.show()
        window.thanks.marks[3].click()
        window.thanks.marks[0].click()
        assert marks == [4]


def test_the_code_scans(qtbot: QtBot, look: Look, tmp_path: Path) -> None:
    """Read back off the painted pixels: every module is where the standard wants it."""
    import segno

    text = "https://poranek.example/p/019381f0"
    code = QrCode(look)
    qtbot.addWidget(code)
    code.setFixedSize(300, 300)
    code.set(text, "code")
    image = code.grab().toImage()
    matrix = [list(row) for row in segno.make_qr(text, error="m").matrix]
    count = len(matrix) + 8
    dots = 300 // count
    left = (300 - dots * count) // 2
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            at = left + (x + 4) * dots + dots // 2, left + (y + 4) * dots + dots // 2
            assert (image.pixelColor(*at).value() < 128) is bool(dark), (x, y)


SCRIPT = """
import os, sys
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from app.ui.customer import CustomerWindow, zoom_for
from app.ui.look import Look
app = QApplication([])
till = QWidget()
till.show()
window = CustomerWindow(Look())
window.follow_screens(till)
app.processEvents()
names = [screen.name() for screen in QGuiApplication.screens()]
shown = window.screen().name() if window.isVisible() else ""
print(len(names), window.isVisible(), window.isFullScreen(), window.screen() is not till.screen())
"""


@pytest.mark.parametrize(("screens", "said"), [(2, "2 True True True"), (1, "1 False False False")])
def test_it_takes_the_second_screen_and_never_the_tills(tmp_path: Path, screens: int, said: str) -> None:
    # Qt's offscreen platform has as many screens as its file says; Xvfb has one only.
    config = tmp_path / "screens.json"
    listed = [
        {"name": f"S{n}", "x": n * 1366, "y": 0, "width": 1366, "height": 768, "logicalDpi": 96, "dpr": 1}
        for n in range(screens)
    ]
    config.write_text(
        json.dumps({"synchronousWindowSystemEvents": False, "windowFrameMargins": False, "screens": listed})
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": f"offscreen:configfile={config}"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == said, done.stderr
