"""`python -m app.ui.screenshots OUT`: every screen in three languages and two themes as PNG, offscreen."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.screens.corner.presenter import CornerView
    from app.screens.customer import CustomerView
    from app.screens.views import SaleView
    from app.ui.look import Look

SIZES = {"": (1366, 768), "-narrow": (1024, 768), "-large": (1920, 1080)}


def take(out: Path, *, langs: tuple[str, ...], themes: tuple[str, ...], only: str = "") -> list[Path]:
    """Write the pictures; answers their paths. Needs a QApplication."""
    from app.ui import scenes
    from app.ui.look import Look
    from app.ui.scenes import corner
    from app.ui.translations import Translations

    made: list[Path] = []
    translations = Translations()
    for lang in langs:
        translations.switch(lang)
        states = {name: scenes.play(name, lang) for name in scenes.SCENES if only in name}
        pages = corner.play(lang, only) if any(only in name for name in corner.SCENES) else {}
        seen = {
            name: scenes.customer(name, lang) for name in scenes.CUSTOMER_SCENES if only in f"customer-{name}"
        }
        for theme in themes:
            made += _theme(out, Look(theme), f"{lang}-{theme}", states, pages)
            made += _customer(out, Look(theme), f"{lang}-{theme}", seen)
    translations.switch("en")
    return made


def _theme(
    out: Path, look: Look, suffix: str, states: dict[str, SaleView], pages: dict[str, CornerView]
) -> list[Path]:
    from app.ui.corner import CornerScreen
    from app.ui.sale import SaleScreen
    from app.ui.window import dress

    dress(look)
    sale, office = SaleScreen(look), CornerScreen(look)
    for screen in (sale, office):
        screen.retranslate()
        screen.show()
    made: list[Path] = []
    for size_name, size in SIZES.items():
        sale.resize(*size)
        office.resize(*size)
        for name, view in states.items():
            sale.set(view)
            made.append(_grab(sale, out / f"{name}{size_name}-{suffix}.png"))
        for name, page in pages.items():
            office.set(page)
            made.append(_grab(office, out / f"{name}{size_name}-{suffix}.png"))
    return made


def _customer(out: Path, look: Look, suffix: str, states: dict[str, CustomerView]) -> list[Path]:
    """The customer's window, on the screens that shops put there."""
    from app.ui.customer import CustomerWindow

    window = CustomerWindow(look)
    window.show()
    made: list[Path] = []
    for size_name, size in {"": (1280, 800), "-small": (800, 480), "-upright": (768, 1024)}.items():
        window.resize(*size)
        for name, view in states.items():
            window.set(view)
            made.append(_grab(window, out / f"customer-{name}{size_name}-{suffix}.png"))
    return made


def _grab(screen: QWidget, file: Path) -> Path:
    from PySide6.QtWidgets import QApplication

    for _ in range(3):  # a layout inside a scrolled layout settles in turns
        QApplication.processEvents()
    if not screen.grab().save(str(file)):
        raise OSError(f"{file} could not be written")
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="", help="only screens whose name contains this")
    parser.add_argument("--lang", action="append", choices=("ru", "pl", "en"))
    parser.add_argument("--theme", action="append", choices=("light", "dark"))
    chosen = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    app = QApplication([])
    chosen.out.mkdir(parents=True, exist_ok=True)
    made = take(
        chosen.out,
        langs=tuple(chosen.lang or ("ru", "pl", "en")),
        themes=tuple(chosen.theme or ("light", "dark")),
        only=chosen.only,
    )
    app.quit()
    print(f"{len(made)} pictures in {chosen.out}")


if __name__ == "__main__":
    main()
